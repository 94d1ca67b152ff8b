"""Every country of the world: its regions load, and a point inside each lands in it."""

from __future__ import annotations

import pyarrow.parquet as pq
import shapely

from app.reference.regions import read_region_set
from tests.making import GEODATA

WORLD = GEODATA / "regions" / "admin1.parquet"
LEAST_COUNTRIES = 200


def test_a_point_inside_each_region_of_each_country_lands_in_it() -> None:
    countries = tuple(sorted(set(pq.read_table(WORLD, columns=["country"])["country"].to_pylist())))
    assert len(countries) > LEAST_COUNTRIES
    regions = read_region_set(WORLD, "world", countries).regions
    assert {region.country for region in regions} == set(countries)
    shapes = [region.shape for region in regions]
    points = [shape.representative_point() for shape in shapes]
    point, region = shapely.STRtree(shapes).query(points, predicate="within")
    landed: dict[int, list[int]] = {number: [] for number in range(len(regions))}
    for one, other in zip(point.tolist(), region.tolist(), strict=True):
        landed[one].append(other)
    astray = [regions[n].code for n, found in landed.items() if n not in found]
    assert astray == []
    assert [region.code for region in regions if not region.name("en")] == []
