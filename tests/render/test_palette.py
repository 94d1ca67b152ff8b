"""Classes and colours: limits that rise, the same for the same values, and one class per value."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.view import PALETTES
from app.render.palette import (
    CLAIMED,
    CLASSES,
    FAMILIES,
    GROUND,
    MOST_CLASSES,
    RAMPS,
    breaks,
    class_of,
    family_of,
    ground_pattern,
    rgb,
)

COUNTS = st.lists(st.integers(1, 10**7), max_size=40)
RATES = st.lists(st.floats(1e-4, 1e5), max_size=40)


@given(COUNTS | RATES)
def test_limits_rise_and_are_no_more_than_the_classes(values: list[float]) -> None:
    limits = breaks(values)
    assert 1 <= len(limits) <= MOST_CLASSES
    assert all(low < high for low, high in pairwise(limits))


@given(COUNTS)
def test_limits_do_not_depend_on_the_order_of_values(values: list[int]) -> None:
    assert breaks(values) == breaks(sorted(values)) == breaks(values[::-1])


@given(st.lists(st.integers(1, 10**7), min_size=1, max_size=40))
def test_every_value_has_a_class_and_the_greatest_class_is_used(values: list[int]) -> None:
    limits = breaks(values)
    classes = [class_of(value, limits) for value in values]
    assert all(0 <= number < len(limits) for number in classes)
    assert class_of(max(values), limits) == len(limits) - 1


@pytest.mark.parametrize(
    ("value", "number"), [(0, -1), (1, 0), (4, 0), (5, 1), (19, 1), (20, 2), (240, 4)]
)
def test_a_limit_is_the_least_of_its_class(value: float, number: int) -> None:
    assert class_of(value, [1, 5, 20, 50, 100]) == number


@pytest.mark.parametrize("palette", PALETTES)
def test_a_darker_class_of_a_palette_is_a_greater_one_for_every_eye(palette: str) -> None:
    assert set(CLASSES) == set(PALETTES)
    for ramp in RAMPS[palette]:
        light = [
            0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in map(rgb, ramp)
        ]
        assert all(pale - dark > 15 for pale, dark in pairwise(light))


def test_each_party_has_a_hatch_of_its_own() -> None:
    others = ["tarn", "mirel", "third"]
    patterns = [ground_pattern(party, others) for party in others]
    assert len(set(patterns)) == len(others)
    assert CLAIMED not in GROUND


def test_what_is_known_coarsely_is_not_drawn_as_unknown() -> None:
    names = ("missile.cruise", "unknown", "air_strike")
    assert [family_of(mask, names) for mask in (0, 1, 2, 4, 6, 7)] == [
        *("unknown", "missile", "unknown", "air_strike", "air_strike", "missile"),
    ]


def test_colours_are_whole_and_no_family_shares_one() -> None:
    assert len({mark.colour for mark in FAMILIES.values()}) == len(FAMILIES)
    assert rgb("#0072B2") == (0, 114, 178)
