"""Vector tiles are decoded as they were encoded, and damaged ones are refused."""

from __future__ import annotations

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, MultiLineString, Polygon, box
from shapely.geometry.base import BaseGeometry

from app.domain.errors import InvalidFile
from app.streets.decoding import layers_of, parts_of, tile_lines, tile_polygons
from tests.basemaps import vector_tile

places = st.integers(-100, 4196)
polylines = st.lists(st.tuples(places, places), min_size=2, max_size=9, unique=True)
squares = st.builds(
    lambda x, y, side: (x, y, side),
    st.integers(0, 3000),
    st.integers(0, 3000),
    st.integers(30, 900),
)


def decoded(shapes: list[BaseGeometry], *, is_area: bool) -> list[BaseGeometry]:
    (layer,) = layers_of(vector_tile([("a", shape, {}) for shape in shapes]))
    parts = parts_of([feature for feature, _ in layer.features()])
    return list((tile_polygons if is_area else tile_lines)(parts, parts.points))


@given(st.lists(polylines, min_size=1, max_size=6))
def test_lines_come_back(many: list[list[tuple[int, int]]]) -> None:
    shapes: list[BaseGeometry] = [LineString(points) for points in many]
    back = decoded(shapes, is_area=False)
    assert [list(line.coords) for line in back] == [list(line.coords) for line in shapes]


@given(st.lists(squares, min_size=1, max_size=6))
def test_areas_come_back_with_their_holes(many: list[tuple[int, int, int]]) -> None:
    shapes: list[BaseGeometry] = [
        Polygon(
            box(x, y, x + side, y + side).exterior,
            [box(x + 5, y + 5, x + side - 5, y + side - 5).exterior],
        )
        for x, y, side in many
    ]
    back = decoded(shapes, is_area=True)
    assert len(back) == len(shapes)
    for one, other in zip(back, shapes, strict=True):
        assert shapely.equals(one, other)


def test_a_line_of_many_parts_is_many_lines() -> None:
    whole = MultiLineString([[(0, 0), (10, 0)], [(5, 5), (9, 9), (20, 9)]])
    assert [len(line.coords) for line in decoded([whole], is_area=False)] == [2, 3]


@given(st.binary(max_size=200))
def test_what_is_no_vector_tile_is_refused(content: bytes) -> None:
    try:
        for layer in layers_of(content):
            features = [feature for feature, _ in layer.features()]
            parts_of(features)
    except InvalidFile:
        pass


def test_a_geometry_that_was_cut_is_refused() -> None:
    (layer,) = layers_of(vector_tile([("a", LineString([(0, 0), (9, 9)]), {})]))
    (feature,) = (feature for feature, _ in layer.features())
    del feature.geometry[-1]
    with pytest.raises(InvalidFile, match="cut"):
        parts_of([feature])
