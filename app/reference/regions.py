"""Reads region boundaries: GeoParquet in degrees, longitude first."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pyarrow.parquet as pq
import shapely
from shapely import MultiPolygon

from app.domain.region import Region, RegionSet


def read_region_set(path: Path, set_id: str, countries: tuple[str, ...]) -> RegionSet:
    """Read the regions of some countries; the hash covers codes and shapes, in order."""
    table = pq.read_table(path, filters=[("country", "in", list(countries))])
    digest = hashlib.sha256()
    levels: dict[int, list[Region]] = {}
    for row in sorted(table.to_pylist(), key=lambda row: (row["level"], row["code"])):
        shape = shapely.from_wkb(row.pop("geometry"))
        digest.update(row["code"].encode() + shape.wkb)
        shape = shape if isinstance(shape, MultiPolygon) else MultiPolygon([shape])
        levels.setdefault(row["level"], []).append(Region(shape=shape, **row))
    found = {level: tuple(regions) for level, regions in levels.items()}
    return RegionSet(set_id, digest.hexdigest()[:16], found)
