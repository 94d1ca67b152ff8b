"""Finds the first-level regions of the world for a million places; prints the processor time.

`python -m benchmarks.attribution [PLACES]`: the best of three, with the load of the machine.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np

from app.domain.place import E7, Bounds, LocalPlane, Precision
from app.domain.region import Region
from app.index.columns import PRECISIONS
from app.index.locate import locate
from app.reference.countries import Countries
from app.reference.regions import read_region_set
from app.rows import COLUMNS, NO_REGION, Rows

REGIONS = Path(__file__).resolve().parent.parent / "geodata" / "regions"
ERRORS_M = (100, 500, 5_000)


def places(regions: tuple[Region, ...], count: int) -> Rows:
    """Spread places over the boxes of the regions, as many in each, with the usual radii."""
    dice = np.random.default_rng(1)
    boxes = np.array([region.shape.bounds for region in regions])
    box = boxes[dice.integers(0, len(boxes), count)]
    lon = box[:, 0] + dice.random(count) * (box[:, 2] - box[:, 0])
    lat = box[:, 1] + dice.random(count) * (box[:, 3] - box[:, 1])
    columns = {name: np.zeros(count, kind) for name, kind in COLUMNS.items()}
    columns["lon_e7"], columns["lat_e7"] = (
        np.round(one * E7).astype(np.int32) for one in (lon, lat)
    )
    columns["error_m"] = dice.choice(ERRORS_M, count).astype(np.int32)
    columns["precision"][:] = PRECISIONS.index(Precision.exact)
    columns["region1"][:] = NO_REGION
    return Rows(columns)


def main() -> None:
    """Measure three times."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    countries = Countries(REGIONS / "admin0.parquet").codes
    regions = read_region_set(REGIONS / "admin1.parquet", "world", countries).regions
    of_country: dict[str, list[tuple[float, float, float, float]]] = {}
    for region in regions:
        of_country.setdefault(region.country, []).append(region.shape.bounds)
    plane_of = {}
    for country, bounds in of_country.items():
        sides = np.array(bounds)
        plane_of[country] = LocalPlane(Bounds(*sides.min(axis=0)[:2], *sides.max(axis=0)[2:]))
    planes = [plane_of[region.country] for region in regions]
    rows, seconds = places(regions, count), list[tuple[float, float]]()
    located = rows
    for _ in range(3):
        cpu, wall = time.process_time(), time.perf_counter()
        located = locate(rows, 1, regions, planes)
        seconds.append((time.process_time() - cpu, time.perf_counter() - wall))
    cpu_s, wall_s = min(seconds)
    share = (located["region1"] != NO_REGION).mean()
    print(f"{count:,} places in {len(regions):,} regions, {share:.0%} of them in one")
    print(f"processor {cpu_s:.2f} s, wall {wall_s:.2f} s, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
