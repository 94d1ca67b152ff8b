"""What fuzzing begins with: a small invented file of every format, and a mapping where needed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

from app.domain.mapping import Notation, TableMapping
from app.importers.choices import NO_CHOICES, ControlChoices
from app.importers.formats import FORMATS
from tests.importers import test_control_formats as control
from tests.importers import test_tables_points as points
from tests.importers.test_header_drift import OBJECTS, TEXTY
from tests.making import ROOT
from tests.support import FILES, collection, feature, incident, point, square
from tests.tables import sheet, workbook

DOC = (ROOT / "docs" / "formats.md").read_text("utf-8")
EXAMPLES = re.findall(r"```(csv|json) (\w+)\n(.*?)```", DOC, re.DOTALL)
OF_EXAMPLE = {"incidents": "native_", "control": "native_", "deepstatemap_data_20240310": ""}
OF_FILE = {
    "acled": "acled",
    "gtd": "gtd",
    "airwars": "airwars",
    "yemen_data": "yemen_data",
    "imsma": "imsma",
    "mnemonic": "mnemonic",
    "acled_monadic": "acled",
    "bellingcat_export": "timemap",
    "timemap_events": "timemap",
    "cir_arcgis_query": "cir",
    "cir_events_old": "cir",
    "geoconfirmed_ukraine": "geoconfirmed",
    "missile_attacks": "missile_attacks",
    "ucdp_ged": "ucdp",
    "viina_event_1pd": "viina",
    "viina_event_info": "viina",
}
MAPPING = TableMapping(
    version=1,
    dates=Notation.ymd,
    columns={"when": "start", "dead": "killed", "lat": "lat", "lon": "lon", "what": "weapons"},
    constants={"precision": "settlement"},
    words={"weapons": {"дрон": "drone"}},
)
POINTS = TableMapping(
    version=1,
    format="vector_points",
    dates=Notation.ymd,
    has_points=True,
    columns={"when": "start", "dead": "killed"},
    constants={"precision": "settlement"},
)
TABLE = "when,dead,lat,lon,what\n2024-03-10,2,50.4,30.5,дрон\n2024-03-11,,49.9,36.2,\n"
TIMED = "<TimeStamp><when>2024-03-10T12:00:00Z</when></TimeStamp>"


DAY = ControlChoices(valid_on=date(2024, 3, 10), controller="ru")
"""What some control files leave open."""


class Seed(NamedTuple):
    """A file's name and content, the format that reads it, and a mapping where it needs one."""

    format: str
    name: str
    content: bytes
    mapping: TableMapping | None = None
    choices: ControlChoices = NO_CHOICES


def seeds(folder: Path) -> dict[str, list[Seed]]:
    """Make the seeds of every format; the folder is for files that other programs write."""
    by_format: dict[str, list[Seed]] = {name: [] for name in FORMATS}
    for seed in (*_texts(), *_packed(folder)):
        is_open = seed.format in ("vector_control", "isw", "kml_control", "copernicus_ems")
        by_format[seed.format].append(seed._replace(choices=DAY) if is_open else seed)
    return by_format


def _texts() -> Iterator[Seed]:
    for kind, name, content in EXAMPLES:
        format_name = OF_EXAMPLE.get(name, name)
        format_name = (
            f"native_{'csv' if kind == 'csv' else 'geojson'}"
            if format_name == "native_"
            else format_name
        )
        yield Seed(format_name or "deepstate_daily", f"{name}.{kind}", content.encode())
    for path in sorted((FILES / "events").iterdir()):
        if format_name := OF_FILE.get(path.stem):
            yield Seed(format_name, path.name, path.read_bytes())
    yield Seed("cir", "cir.csv", (FILES / "cir.csv").read_bytes())
    yield Seed("hxl", "hxl_attacks.csv", (FILES / "hxl_attacks.csv").read_bytes())
    yield Seed("texty", "texty.csv", TEXTY.encode())
    yield Seed("native_csv", "bad_rows.csv", (FILES / "bad_rows.csv").read_bytes())
    yield Seed("native_geojson", "bad.geojson", (FILES / "bad_control.geojson").read_bytes())
    yield Seed("deepstate_raw", "1754077960.geojson", (FILES / "1754077960.geojson").read_bytes())
    for name in ("geoconfirmed", "geoconfirmed_old"):
        yield Seed("geoconfirmed", f"{name}.json", json.dumps(OBJECTS[name].document).encode())
    areas = [feature({"type": kind, "_dateto": "2024-03-10"}, square(34, 47, 1)) for kind in KINDS]
    yield Seed("nzz", "day.json", f'{{"value":{collection(areas)}}}'.encode())
    site = [feature(points.PASSES, point(30.5, 50.4))]
    graded = [feature({"damage_gra": "Destroyed", "det_method": "Photo"}, point(30.5, 50.4))]
    yield Seed("copernicus_ems", "graded.geojson", collection(graded).encode())
    yield Seed("unosat", "site.geojson", collection(site).encode())
    mixed = [incident("a", point(30.5, 50.4), precision="exact", killed={"low": 1}), incident("b")]
    yield Seed("native_geojson", "own.geojson", collection(mixed).encode())
    yield Seed("mapped", "table.csv", TABLE.encode(), MAPPING)
    places = collection([feature({"when": "2024-03-10", "dead": 2}, point(30.5, 50.4))])
    yield Seed("vector_points", "points.geojson", places.encode(), POINTS)


KINDS = ("nochange", "gains", "losses")


def _packed(folder: Path) -> Iterator[Seed]:
    """Make what GDAL, pyarrow and zip write."""

    def seed_of(
        name: str, format_name: str, path: Path, mapping: TableMapping | None = None
    ) -> Seed:
        return Seed(format_name, name, path.read_bytes(), mapping)

    for number, write in enumerate(points.WRITERS):
        subfolder = folder / f"points-{number}"
        subfolder.mkdir()
        path = write(subfolder)
        yield seed_of(path.name, "vector_points", path, POINTS)
    path = control.shapefile(folder, "UkraineControlMapAO01JAN2025")
    yield seed_of(path.name, "isw", path)
    yield seed_of("areas.zip", "vector_control", path)
    path = control.arcgis(folder)
    yield seed_of(path.name, "isw", path)
    areas = [feature({"what": "occupied"}, square(36, 47, 1))]
    yield Seed("vector_control", "areas.geojson", collection(areas).encode())
    path = control.kml(folder, control.ZONE.format(style="ru"))
    yield seed_of(path.name, "kml_control", path)
    placemark = points.PLACEMARK.format(id="1", name="Kyiv", time=TIMED)
    for name in ("doc.kml", "doc.kmz"):
        yield seed_of(name, "kml_points", points._kml(folder, placemark, name=name))
    rows: list[list[object]] = [["when", "dead", "lat", "lon", "what"]]
    rows += [["2024-03-10", 2, 50.4, 30.5, "дрон"], ["2024-03-11", "", 49.9, 36.2, "=1+1"]]
    yield seed_of("table.xlsx", "mapped", workbook(folder, sheet(rows)), MAPPING)
    tagged: list[list[object]] = [["Day", "Lat", "Lon"], ["#date", "#geo+lat", "#geo+lon"]]
    tagged += [["2024-03-10", 50.4, 30.5]]
    yield seed_of("tagged.xlsx", "hxl", workbook(folder, sheet(tagged), name="tagged.xlsx"))
