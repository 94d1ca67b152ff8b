"""The vector tile writer, read back with mapbox-vector-tile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mapbox_vector_tile
import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.tiles.grid import EXTENT
from app.tiles.vector import (
    POLYGON,
    Property,
    _geometry,
    encode_points,
    encode_shapes,
    varint,
    varint_lengths,
    zigzag,
)

UNITS = st.integers(-64, EXTENT + 64)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
VALUES = TEXTS | st.integers(-(2**31), 2**31 - 1) | st.floats(allow_nan=False, allow_infinity=False)


def decoded(tile: bytes) -> dict[str, Any]:
    """Read a tile with y downwards, as it is written."""
    options = {"y_coord_down": True}
    return dict(mapbox_vector_tile.decode(tile, default_options=options))


@st.composite
def _marks(draw: st.DrawFn) -> tuple[list[dict[str, Any]], dict[str, Property]]:
    size = draw(st.integers(0, 12))
    marks: list[dict[str, Any]] = [
        {
            "x": draw(UNITS),
            "y": draw(UNITS),
            "id": draw(st.integers(0, 2**31 - 1)),
            "properties": {},
        }
        for _ in range(size)
    ]
    properties = {}
    for name in draw(st.lists(st.text("abc", min_size=1, max_size=3), unique=True, max_size=4)):
        table = draw(st.lists(VALUES, min_size=1, max_size=5))
        codes = draw(st.lists(st.integers(0, len(table) - 1), min_size=size, max_size=size))
        mask = draw(st.lists(st.booleans(), min_size=size, max_size=size))
        for mark, code, is_known in zip(marks, codes, mask, strict=True):
            if is_known:
                mark["properties"][name] = table[code]
        properties[name] = Property(np.array(codes, np.int64), table, np.array(mask, bool))
    return marks, properties


@given(_marks())
def test_points_come_out_as_they_went_in(
    points: tuple[list[dict[str, Any]], dict[str, Property]],
) -> None:
    marks, properties = points
    x, y, ids = (np.array([mark[key] for mark in marks], np.int64) for key in ("x", "y", "id"))
    layer = decoded(encode_points("points", x, y, ids, properties))["points"]
    features = [
        {
            "x": one["geometry"]["coordinates"][0],
            "y": one["geometry"]["coordinates"][1],
            "id": one.get("id", 0),
            "properties": one["properties"],
        }
        for one in layer["features"]
    ]
    assert features == marks
    assert (layer["version"], layer["extent"]) == (2, EXTENT)


def test_an_unknown_value_carries_no_tag_at_all() -> None:
    mask = np.array([True, False])
    killed = Property.numbers(np.array([0, 0]), mask)
    places = np.array([1, 2])
    layer = decoded(encode_points("p", places, places, places, {"killed_low": killed}))["p"]
    assert [one["properties"] for one in layer["features"]] == [{"killed_low": 0}, {}]


@pytest.mark.parametrize(
    "number",
    [0, 1, 127, 128, 16_383, 16_384, 2**21, 2**28, 2**31, 2**35 - 1, 2**63, 2**64 - 1],
)
def test_varints_at_their_edges(number: int) -> None:
    written = varint(number)
    assert sum((byte & 127) << 7 * place for place, byte in enumerate(written)) == number
    assert [byte >> 7 for byte in written] == [1] * (len(written) - 1) + [0]
    assert varint_lengths(np.array([number], np.uint64)).tolist() == [len(written)]


@given(st.lists(st.integers(-(2**62), 2**62), min_size=1))
def test_zigzag_keeps_small_numbers_small(numbers: list[int]) -> None:
    folded = zigzag(np.array(numbers, np.int64)).tolist()
    assert folded == [2 * n if n >= 0 else -2 * n - 1 for n in numbers]


def _rings(shape: Mapping[str, Any]) -> list[list[list[tuple[int, int]]]]:
    coordinates = shape["coordinates"]
    return coordinates if shape["type"] == "MultiPolygon" else [coordinates]


def _turns_clockwise_on_screen(ring: list[tuple[int, int]]) -> bool:
    """Apply the surveyor's formula of MVT 2.1, 4.3.4.4: positive with y down is an outer ring."""
    return _double_area(ring) > 0


def _double_area(ring: list[tuple[int, int]]) -> int:
    pairs = zip(ring, [*ring[1:], ring[0]], strict=True)
    return sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairs)


BOXES = st.tuples(
    st.integers(0, 1000), st.integers(0, 1000), st.integers(4, 1000), st.integers(4, 1000)
).map(lambda box: shapely.box(box[0], box[1], box[0] + box[2], box[1] + box[3]))


@given(BOXES, st.booleans(), st.booleans())
def test_polygons_keep_shape_hole_and_winding(
    box: shapely.Polygon, is_reversed: bool, with_hole: bool
) -> None:
    shape = box
    if with_hole:
        west, south, east, north = box.bounds
        shape = shapely.Polygon(
            box.exterior, [shapely.box(west + 1, south + 1, east - 1, north - 1).exterior]
        )
    given_shape = shape.reverse() if is_reversed else shape
    tile = encode_shapes("s", [given_shape], [7], [{"key": "XE-01"}])
    (feature,) = decoded(tile)["s"]["features"]
    assert feature["properties"] == {"key": "XE-01"}
    assert feature["id"] == 7
    assert shapely.geometry.shape(feature["geometry"]).equals(shape)
    (rings,) = _rings(feature["geometry"])
    assert [_turns_clockwise_on_screen(ring) for ring in rings] == [True] + [False] * with_hole


def test_several_polygons_make_one_feature() -> None:
    shape = shapely.MultiPolygon([shapely.box(0, 0, 10, 10), shapely.box(20, 20, 30, 30)])
    (feature,) = decoded(encode_shapes("s", [shape], [1], [{}]))["s"]["features"]
    assert feature["geometry"]["type"] == "MultiPolygon"
    assert shapely.geometry.shape(feature["geometry"]).equals(shape)


@given(st.lists(st.tuples(UNITS, UNITS), min_size=2, max_size=8))
def test_lines_come_out_as_they_went_in(points: list[tuple[int, int]]) -> None:
    distinct = [
        point for place, point in enumerate(points) if place == 0 or points[place - 1] != point
    ]
    features = decoded(encode_shapes("s", [shapely.LineString(points)], [1], [{}]))["s"]["features"]
    if len(distinct) < 2:
        assert features == []
    else:
        assert [tuple(point) for point in features[0]["geometry"]["coordinates"]] == distinct


def test_shapes_that_vanish_are_left_out() -> None:
    speck = shapely.box(0.1, 0.1, 0.2, 0.2)
    shapes = [shapely.Polygon(), speck, shapely.box(0, 0, 8, 8)]
    (feature,) = decoded(encode_shapes("s", shapes, [1, 2, 3], [{}, {}, {}]))["s"]["features"]
    assert feature["id"] == 3


def test_values_of_each_sort_are_told_apart() -> None:
    fields: dict[str, str | float] = {"text": "1", "whole": 1, "below": -1, "half": 0.5, "zero": 0}
    tile = encode_shapes("s", [shapely.box(0, 0, 8, 8)], [1], [fields])
    (feature,) = decoded(tile)["s"]["features"]
    assert feature["properties"] == fields
    assert {name: type(value) for name, value in feature["properties"].items()} == {
        name: type(value) for name, value in fields.items()
    }


def test_nothing_makes_an_empty_layer() -> None:
    assert decoded(encode_shapes("s", [], [], [])) == {
        "s": {"extent": EXTENT, "version": 2, "features": [], "type": "FeatureCollection"}
    }
    none = np.empty(0, np.int64)
    assert decoded(encode_points("p", none, none, none, {}))["p"]["features"] == []


TENTHS = st.integers(0, 80).map(lambda tenths: tenths / 10)
CORNERS = st.lists(st.tuples(TENTHS, TENTHS), min_size=3, max_size=5)


@settings(max_examples=300)
@given(st.lists(CORNERS, min_size=1, max_size=3))
@example([[(0.0, 0.0), (4.0, 0.4), (8.0, 0.6)]])
@example([[(0.0, 0.0), (8.0, 0.4), (0.0, 0.4)]])
def test_no_ring_turns_over_or_becomes_flat_by_rounding(
    corners: list[list[tuple[float, float]]],
) -> None:
    shape = shapely.make_valid(shapely.MultiPolygon([shapely.Polygon(ring) for ring in corners]))
    kind, commands = _geometry(shape)
    paths = _read(commands)
    if kind == POLYGON and paths:
        assert _turns_clockwise_on_screen(paths[0])
        assert all(_double_area(path) != 0 for path in paths)


def test_lines_beside_polygons_are_not_written() -> None:
    line = shapely.LineString([(0, 0), (9, 9)])
    mixed = shapely.GeometryCollection([line, shapely.box(0, 0, 4, 4)])
    (feature,) = decoded(encode_shapes("s", [mixed], [1], [{}]))["s"]["features"]
    assert shapely.geometry.shape(feature["geometry"]).equals(shapely.box(0, 0, 4, 4))


def _read(commands: list[int]) -> list[list[tuple[int, int]]]:
    """Follow the commands by hand: a decoder would put right what was written wrong."""
    paths: list[list[tuple[int, int]]] = []
    x = y = place = 0
    while place < len(commands):
        kind, times = commands[place] & 7, commands[place] >> 3
        place += 1
        if kind == 1:
            paths.append([])
        for _ in range(times if kind != 7 else 0):
            dx, dy = ((step >> 1) ^ -(step & 1) for step in commands[place : place + 2])
            x, y, place = x + dx, y + dy, place + 2
            paths[-1].append((x, y))
    return paths
