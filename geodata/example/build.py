"""Invents the `example` land: regions, places, 60 days of strikes and of three parties' control.

Everything follows from one seed, so a rebuild gives the same files:
`python -m geodata.example.build`. Coordinates: degrees, longitude first, on open ocean.
"""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geodata.example.names import PLACES, REGIONS

HERE = Path(__file__).parent
SEED = 20240301
CENTRE = (-125.0, -42.0)
FIRST, DAYS = date(2024, 3, 1), 60
MISSING_DAYS = {17, 18, 19, 44}
STILL_DAYS = {8, 9, 30, 31}
WEAPONS = (
    *("missile.ballistic", "missile.cruise", "drone.one_way", "drone.fpv", "bomb.glide"),
    *("artillery.tube", "artillery.mlrs", "mine"),
)
SECTORS = (
    *("residential", "residential", "residential", "energy", "water", "health", "education"),
    *("port", "food", "agriculture", "culture", "government"),
)
GRADES = ("destroyed", "severe", "moderate", "possible", "unknown")
STATUSES = ("reported", "corroborated", "geolocated", "verified", "disputed")


def island(rng: np.random.Generator) -> BaseGeometry:
    """Draw a coast: a wobbling ellipse with small bays."""
    turn = np.linspace(0, 2 * np.pi, 721)[:-1]
    radius = np.ones_like(turn)
    for wave in range(2, 40):
        radius += rng.normal(0, 0.28 / wave**1.25) * np.sin(wave * turn + rng.uniform(0, 6.3))
    lon = CENTRE[0] + 2.75 * radius * np.cos(turn)
    lat = CENTRE[1] + 1.55 * radius * np.sin(turn)
    ring = np.round(np.column_stack([lon, lat]), 4)
    return shapely.make_valid(Polygon(ring))


def cells(land: BaseGeometry, rng: np.random.Generator) -> list[BaseGeometry]:
    """Cut the land into as many regions as there are names, west to east."""
    seeds = [
        (
            CENTRE[0] - 2.0 + 1.33 * column + rng.uniform(-0.25, 0.25),
            CENTRE[1] + row * 0.65 + rng.uniform(-0.2, 0.2),
        )
        for column in range(4)
        for row in (-1, 1)
    ]
    diagram = shapely.voronoi_polygons(shapely.MultiPoint(seeds), extend_to=land.buffer(3))
    found = [shapely.set_precision(part.intersection(land), 1e-4) for part in diagram.geoms]
    return sorted(found, key=lambda part: (round(part.centroid.x, 1), part.centroid.y))


def control(land: BaseGeometry, day: int) -> dict[str, BaseGeometry]:
    """Give each party its ground on a day; edges between parties are shared exactly."""
    while day in STILL_DAYS:
        day -= 1
    lat = np.linspace(CENTRE[1] - 3, CENTRE[1] + 3, 121)
    drift = -0.010 * day + 0.12 * np.sin(day / 9)
    line = CENTRE[0] + 0.75 + drift + 0.22 * np.sin(3 * lat) + 0.07 * np.sin(17 * lat + day / 7)
    east = np.array([CENTRE[0] + 6, CENTRE[0] + 6])
    front = Polygon(
        np.column_stack([np.concatenate([line, east]), np.concatenate([lat, [lat[-1], lat[0]]])])
    )
    turn = np.linspace(0, 2 * np.pi, 120)[:-1]
    reach = 0.85 + 0.004 * day + 0.06 * np.sin(5 * turn + day / 11)
    enclave = Polygon(
        np.column_stack(
            [CENTRE[0] + 1.15 + 1.1 * reach * np.cos(turn), CENTRE[1] + 1.5 + reach * np.sin(turn)]
        )
    )
    grid = 1e-4
    mirel = shapely.intersection(land, enclave, grid_size=grid)
    tarn = shapely.difference(
        shapely.intersection(land, front, grid_size=grid), mirel, grid_size=grid
    )
    orra = shapely.difference(land, shapely.union_all([mirel, tarn]), grid_size=grid)
    return {"orra": orra, "tarn": tarn, "mirel": mirel}


def claimed(grounds: dict[str, BaseGeometry], land: BaseGeometry, day: int) -> BaseGeometry:
    """Draw ground that tarn claims beyond what is assessed, on the state's side."""
    spot = shapely.Point(CENTRE[0] + 0.15 - 0.01 * day, CENTRE[1] - 0.6).buffer(0.32)
    return shapely.intersection(spot, grounds["orra"], grid_size=1e-4).intersection(land)


def control_features(land: BaseGeometry) -> list[dict[str, Any]]:
    """Write one feature per party and day; some days are missing, some repeat the day before."""
    features = []
    for day in range(DAYS):
        if day in MISSING_DAYS:
            continue
        grounds = control(land, day)
        areas = [(who, "assessed", shape) for who, shape in grounds.items()]
        if day >= 20:
            areas.append(("tarn", "claimed", claimed(grounds, land, day)))
        for who, status, shape in areas:
            properties = {
                "valid_on": str(FIRST + timedelta(days=day)),
                "controller": who,
                "status": status,
                "word": f"{status} (invented)",
            }
            features.append(feature(shape, properties))
    return features


def feature(shape: BaseGeometry | None, properties: dict[str, Any]) -> dict[str, Any]:
    """Write a GeoJSON feature; polygons only, outer rings counter-clockwise (RFC 7946 3.1.6)."""
    geometry = None
    if shape is not None:
        if shape.geom_type != "Point":
            parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
            shape = shapely.orient_polygons(MultiPolygon(parts))
        geometry = json.loads(shapely.to_geojson(shape))
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def towns(regions: list[BaseGeometry], rng: np.random.Generator) -> list[tuple[float, float]]:
    """Put three places into each region: a seat near its middle and two others."""
    spots: list[list[tuple[float, float]]] = []
    for shape in regions:
        inner = shape.buffer(-0.08)
        west, south, east, north = inner.bounds
        here = [(shape.representative_point().x, shape.representative_point().y)]
        while len(here) < 3:
            spot = (rng.uniform(west, east), rng.uniform(south, north))
            far = all(np.hypot(spot[0] - x, spot[1] - y) > 0.25 for x, y in here)
            if far and inner.contains(shapely.Point(spot)):
                here.append(spot)
        spots.append(here)
    seats = [here[0] for here in spots]
    return seats + [spot for here in spots for spot in here[1:]]


def toll(rng: np.random.Generator, scale: float) -> dict[str, Any] | None:
    """Invent a range, or nothing for about half of all strikes."""
    if rng.random() < 0.5:
        return None
    low = int(rng.poisson(scale))
    style = rng.integers(3)
    if style == 0:
        return {"low": low, "best": low, "high": low}
    if style == 1:
        return {"low": max(low, 1)}
    best = low + int(rng.integers(0, 3))
    return {"low": low, "best": best, "high": best + int(rng.integers(0, 4))}


def incident(
    number: int,
    day: int,
    spots: list[tuple[float, float]],
    land: BaseGeometry,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Invent one strike: in a town, near a line, or known only to its region."""
    start = FIRST + timedelta(days=day)
    which = int(rng.integers(len(spots)))
    lon, lat = spots[which]
    kind = rng.random()
    properties: dict[str, Any] = {
        "source_key": f"EX-{number:04d}",
        "start": str(start),
        "end": str(start + timedelta(days=1)) if rng.random() < 0.3 else str(start),
        "when_precision": "day",
        "precision": "settlement",
        "error_m": 3000,
        "place": PLACES[which][0],
        "country": "XE",
        "weapons": [str(rng.choice(WEAPONS))],
        "status": str(rng.choice(STATUSES)),
        "attributed_to": {"party": str(rng.choice(["orra", "tarn", "mirel"]))},
        "damage": [{"sector": str(rng.choice(SECTORS)), "grade": str(rng.choice(GRADES))}],
        "sources": [
            {"publisher": "Example Observer (invented)", "published": str(start)},
            {"publisher": "Example Monitor (invented)", "published": str(start)},
        ][: int(rng.integers(1, 3))],
        "description": "An invented strike; nothing like it happened.",
    }
    for name, scale in (("killed", 1.2), ("injured", 4.0)):
        if (people := toll(rng, scale)) is not None:
            properties[name] = people
    if kind < 0.45:
        properties |= {"precision": "exact", "error_m": 100}
        lon, lat = lon + rng.normal(0, 0.07), lat + rng.normal(0, 0.05)
    elif kind < 0.6:
        properties |= {"precision": "street", "error_m": 500}
        lon, lat = lon + rng.normal(0, 0.03), lat + rng.normal(0, 0.02)
    elif kind < 0.7:
        region = REGIONS[which if which < len(REGIONS) else (which - len(REGIONS)) // 2]
        code = f"XE-{REGIONS.index(region) + 1:02d}"
        properties |= {"precision": "admin1", "region": code, "place": region[0]}
        del properties["error_m"]
        return feature(None, properties)
    point = shapely.Point(round(float(lon), 5), round(float(lat), 5))
    point = point if land.contains(point) else shapely.Point(spots[which])
    return feature(shapely.set_precision(point, 1e-5), properties)


def main() -> None:
    """Write every file of this folder."""
    rng = np.random.default_rng(SEED)
    land = island(rng)
    regions = cells(land, rng)
    spots = towns(regions, rng)
    frame = gpd.GeoDataFrame(
        {
            "code": [f"XE-{n:02d}" for n in range(1, len(REGIONS) + 1)],
            "country": "XE",
            "level": np.ones(len(REGIONS), np.int8),
            "parent": "XE",
            "pcode": [f"XE{n:02d}" for n in range(1, len(REGIONS) + 1)],
            "name_en": [name for name, _ in REGIONS],
            "name_uk": [name for _, name in REGIONS],
        },
        geometry=[
            MultiPolygon([shape]) if isinstance(shape, Polygon) else shape for shape in regions
        ],
        crs="EPSG:4326",
    )
    frame.to_parquet(HERE / "admin1.parquet", compression="zstd")
    whole = shapely.union_all(frame.geometry.to_numpy())
    gpd.GeoDataFrame(geometry=[whole], crs="EPSG:4326").to_parquet(HERE / "land.parquet")
    extra = np.where(np.arange(len(spots)) < 8, 90_000, 0)
    people = rng.integers(2_000, 60_000, len(spots)) + extra
    table = {
        "name_en": [name for name, _ in PLACES],
        "name_uk": [name for _, name in PLACES],
        "country": ["XE"] * len(PLACES),
        "lon": [round(float(lon), 5) for lon, _ in spots],
        "lat": [round(float(lat), 5) for _, lat in spots],
        "population": people,
        "rank": np.array([0] + [1] * 7 + [3] * 16, np.int8),
    }
    pq.write_table(pa.table(table), HERE / "places.parquet")
    write("control.geojson", control_features(land))
    strikes = [day for day in range(DAYS) for _ in range(int(rng.poisson(6)))]
    features = [incident(n, day, spots, land, rng) for n, day in enumerate(strikes, 1)]
    write("incidents.geojson", features)


def write(name: str, features: list[dict[str, Any]]) -> None:
    """Write a feature collection, one feature per line."""
    lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in features)
    text = '{"type": "FeatureCollection", "features": [\n' + lines + "\n]}\n"
    (HERE / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
