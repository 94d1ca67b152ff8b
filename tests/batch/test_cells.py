"""A grid over shapes gives every point the shape that the exact test gives it."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from app.batch.cells import IN_NONE, ShapeCells

HOLED = shapely.box(0, 0, 10, 6).difference(shapely.box(2, 2, 4, 4))
SHAPES = np.array([HOLED, shapely.Point(9, 3).buffer(3), shapely.box(-3, 1, 0, 5)], object)
"""The second lies over the first, the third has an edge with it in common."""


def expected(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Test every shape, the last one that contains a point counts."""
    numbers = np.full(len(lon), IN_NONE)
    for number, shape in enumerate(SHAPES):
        numbers[shapely.contains_xy(shape, lon, lat)] = number
    return numbers


@pytest.fixture(scope="module")
def cells() -> ShapeCells:
    return ShapeCells(SHAPES)


sides = st.one_of(st.floats(-20, 20), st.sampled_from([-3.0, 0.0, 2.0, 4.0, 6.0, 10.0, 12.0]))


@given(lon=sides, lat=sides)
def test_any_point_has_its_shape(cells: ShapeCells, lon: float, lat: float) -> None:
    point = np.array([lon]), np.array([lat])
    assert cells.numbers(*point).tolist() == expected(*point).tolist()


def test_many_points_and_all_corners_have_their_shapes(cells: ShapeCells) -> None:
    random = np.random.default_rng(1)
    corners = shapely.get_coordinates(SHAPES)
    beside = np.concatenate([np.nextafter(corners, end) for end in (-np.inf, np.inf)])
    points = np.concatenate([random.uniform((-5, -2), (14, 8), (50_000, 2)), corners, beside])
    numbers = expected(*points.T)
    assert cells.numbers(*points.T).tolist() == numbers.tolist()
    assert set(numbers.tolist()) == {IN_NONE, 0, 1, 2}
