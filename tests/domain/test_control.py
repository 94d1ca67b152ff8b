"""The front line is the edge between controllers, inside the country and away from its border."""

from __future__ import annotations

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from app.domain.control import (
    ControlArea,
    ControlStatus,
    Extent,
    Homeland,
    by_controller,
    front_line,
    lines_only,
)
from app.domain.errors import InvalidControl
from app.domain.place import Bounds, LocalPlane, area_km2, length_km

LAND = shapely.box(30, 48, 34, 50)
PLANE = LocalPlane(Bounds(30, 48, 34, 50))
WHOLE = Homeland.of(LAND, PLANE, 0)
WEST, EAST = shapely.box(30, 48, 32, 50), shapely.box(32, 48, 34, 50)
MERIDIAN = LineString([(32, 48), (32, 50)])


def homeland(tolerance_km: float) -> Homeland:
    return Homeland.of(LAND, PLANE, tolerance_km)


@given(st.floats(30.1, 33.9), st.floats(0.05, 0.5))
def test_two_parties_that_share_an_edge_give_it_once(lon: float, step: float) -> None:
    # A staircase, so that both sides carry the same vertices.
    stair = [(lon, 48), (lon, 49), (min(lon + step, 33.95), 49), (min(lon + step, 33.95), 50)]
    western = Polygon([(30, 48), *stair, (30, 50)])
    eastern = Polygon([(34, 48), *stair, (34, 50)])
    line = front_line({"a": western, "b": eastern}, homeland(1))
    alone = front_line({"a": western}, homeland(1))
    assert line.length_km == pytest.approx(alone.length_km, rel=1e-9)
    assert line.length_km == pytest.approx(length_km(LineString(stair)) - 2, abs=0.1)


@given(st.floats(0.5, 20))
def test_the_line_is_cut_where_it_comes_as_near_to_the_border_as_the_tolerance(
    tolerance_km: float,
) -> None:
    line = front_line({"a": WEST, "b": EAST}, homeland(tolerance_km))
    assert line.tolerance_km == tolerance_km
    assert line.length_km == pytest.approx(length_km(MERIDIAN) - 2 * tolerance_km, rel=5e-3)
    border = PLANE.flat(shapely.segmentize(LAND.boundary, 0.01))
    assert PLANE.flat(line.shape).distance(border) == pytest.approx(tolerance_km * 1e3, rel=0.02)


def test_the_border_itself_is_no_front_line() -> None:
    line = front_line({"a": LAND}, homeland(1))
    assert line.shape.is_empty
    assert line.length_km == 0


def test_an_edge_outside_the_country_is_no_front_line() -> None:
    abroad = shapely.box(40, 48, 41, 49)
    assert front_line({"a": abroad}, homeland(1)).shape.is_empty


def test_nobodys_ground_has_no_line() -> None:
    line = front_line({}, homeland(1))
    assert (line.shape.is_empty, line.length_km, line.tolerance_km) == (True, 0, 1)


def test_an_island_of_ground_has_its_whole_rim_as_its_line() -> None:
    island = shapely.box(31, 48.5, 31.5, 49)
    line = front_line({"a": island}, homeland(1))
    assert line.length_km == pytest.approx(length_km(island.boundary), rel=1e-9)


@given(st.lists(st.tuples(st.floats(30, 33), st.floats(48, 49)), min_size=1, max_size=4))
def test_no_part_of_a_line_lies_outside_the_country_or_in_its_edge_strip(
    corners: list[tuple[float, float]],
) -> None:
    grounds: dict[str, BaseGeometry] = {
        f"p{number}": shapely.box(lon, lat, lon + 1, lat + 1)
        for number, (lon, lat) in enumerate(corners)
    }
    line = front_line(grounds, homeland(2)).shape
    assert line.difference(LAND.buffer(1e-9)).length < 1e-9
    border = PLANE.flat(shapely.segmentize(LAND.boundary, 0.05))
    assert line.is_empty or PLANE.flat(line).distance(border) > 2_000 * 0.97


def test_only_assessed_polygons_are_united_by_controller() -> None:
    areas = [
        ControlArea("b", shape="west"),
        ControlArea("a", shape="east"),
        ControlArea("b", shape="east", part=ControlArea("b", shape="x").part),
        ControlArea("a", ControlStatus.claimed, shape="west"),
        ControlArea("a", extent=Extent.whole_region, region="UA-12"),
    ]
    grounds = by_controller(areas, {"west": WEST, "east": EAST})
    assert list(grounds) == ["a", "b"]
    assert grounds["a"].equals(EAST)
    assert area_km2(grounds["b"]) == pytest.approx(area_km2(LAND), rel=1e-3)


@pytest.mark.parametrize(("shape", "region"), [(None, None), ("ab", "UA-12")])
def test_an_area_is_either_a_polygon_or_a_cited_unit(shape: str | None, region: str | None) -> None:
    with pytest.raises(InvalidControl, match="a polygon or a region code"):
        ControlArea("a", shape=shape, region=region)


def test_only_lines_are_kept_of_what_an_overlay_returns() -> None:
    mixed = shapely.GeometryCollection(
        [LineString([(0, 0), (1, 0)]), LineString([(1, 0), (2, 0)]), WEST, shapely.Point(0, 0)]
    )
    assert lines_only(mixed).equals(shapely.MultiLineString([[(0, 0), (2, 0)]]))
    assert lines_only(MultiPolygon()).is_empty
