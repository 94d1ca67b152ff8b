"""A drawn area is read in one way, or refused in one sentence."""

from __future__ import annotations

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from app.domain.drawn_area import DRAWN_EVERY, DrawnArea
from app.domain.errors import InvalidPlace
from tests.strategies import areas

TRIANGLE = [30.0, 50.0, 31.0, 50.0, 30.0, 51.0]


@given(areas(), st.integers(0, 20), st.booleans(), st.booleans())
def test_the_same_area_is_the_same_value_wherever_it_begins_and_whichever_way_it_runs(
    area: DrawnArea, start: int, is_reversed: bool, is_closed: bool
) -> None:
    corners = list(area.corners[:: -1 if is_reversed else 1])
    turned = [*corners[start % len(corners) :], *corners[: start % len(corners)]]
    written = [*turned, turned[0], turned[0]] if is_closed else turned
    assert DrawnArea.of([degrees for corner in written for degrees in corner]) == area
    assert DrawnArea.of(area.numbers) == area


@pytest.mark.parametrize(
    ("numbers", "got"),
    [
        ([], "no pairs of numbers"),
        (TRIANGLE[:5], "no pairs of numbers"),
        ([float("nan"), *TRIANGLE[1:]], "no pairs of numbers"),
        (TRIANGLE[:4], "too few corners (2)"),
        ([30.0, 50.0] * 4, "too few corners (1)"),
        ([30.0, 50.0, 31.0, 51.0, 32.0, 52.0], "corners on one line"),
        ([30.0, 50.0, 30.00000001, 50.0, 30.0, 50.00000001], "too few corners (1)"),
        ([0.0, 0.0, 2.0, 2.0, 2.0, 0.0, 0.0, 2.0], "sides that cross or touch at 1, 1"),
        ([30.0, 50.0, 31.0, 95.0, 30.0, 51.0], "31, 95 as a corner"),
        ([179.0, 0.0, 181.0, 0.0, 180.0, 1.0], "181, 0 as a corner"),
        ([179.0, 0.0, -179.0, 0.0, -179.0, 1.0], "an area 358 degrees wide"),
        ([k for n in range(101) for k in (n / 10, n * n / 200)], "too many corners (101)"),
    ],
)
def test_what_is_no_area_is_refused_with_what_is_wrong(numbers: list[float], got: str) -> None:
    with pytest.raises(InvalidPlace) as refused:
        DrawnArea.of(numbers)
    assert refused.value.problem.got == got
    assert "3 to 100 corners" in refused.value.problem.allowed


@given(areas())
def test_an_outline_is_the_area_in_short_sides(area: DrawnArea) -> None:
    ring = shapely.get_coordinates(area.outline.exterior)
    lengths = ((ring[1:] - ring[:-1]) ** 2).sum(axis=1) ** 0.5
    assert lengths.max() <= DRAWN_EVERY + 1e-9
    assert area.outline.symmetric_difference(area.shape).area < 1e-9
