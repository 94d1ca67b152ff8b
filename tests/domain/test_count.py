"""Casualties are ranges: doubt adds up, order does not matter, unknown is never zero."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.count import UNKNOWN, Count, Tally, Toll
from app.domain.errors import InvalidCount
from tests.strategies import counts


@given(counts, counts, counts)
def test_adding_reports_does_not_depend_on_order(a: Count, b: Count, c: Count) -> None:
    assert (a + b) + c == c + (b + a)


@given(counts)
def test_an_unknown_toll_keeps_the_sum_open_and_adds_nothing(count: Count) -> None:
    assert count + Count.unknown() == Count.unknown() + count
    assert (count + UNKNOWN).low == count.low
    assert (count + UNKNOWN).best == count.best
    assert (count + UNKNOWN).high is None


@given(st.integers(0, 40))
def test_any_number_of_unknown_tolls_is_unknown_and_never_zero(number: int) -> None:
    tally = Tally.total([UNKNOWN] * number)
    assert (tally.low, tally.best, tally.high_known, tally.known, tally.of) == (
        *(None, None, None),
        *(0, number),
    )
    assert sum([UNKNOWN] * number, UNKNOWN) == UNKNOWN


def test_a_known_zero_is_not_unknown() -> None:
    assert Count.exactly(0).is_known
    assert Count.exactly(0) != UNKNOWN
    assert Tally.total([Count.exactly(0)]).answer() == {
        "low": 0,
        "best": 0,
        "high": 0,
        "high_known": 0,
        "known": 1,
        "of": 1,
    }


@pytest.mark.parametrize(
    "bounds", [(-1, None, None), (None, None, -1), (3, 2, None), (3, None, 2), (None, 3, 2)]
)
def test_a_range_that_is_negative_or_out_of_order_is_refused(
    bounds: tuple[int | None, int | None, int | None],
) -> None:
    with pytest.raises(InvalidCount, match="low <= best <= high"):
        Count(*bounds)


def test_the_refusal_of_a_range_shows_all_three_bounds() -> None:
    with pytest.raises(InvalidCount, match="got 'low 5, best 3, high None'"):
        Count(5, 3, None)


def test_lows_and_bests_of_different_sources_add_up_although_they_cross() -> None:
    total = Count(5, None, None) + Count(None, 3, None)
    assert (total.low, total.best, total.high) == (5, 3, None)


def test_a_toll_drops_a_best_that_only_some_kinds_have_and_that_their_lows_contradict() -> None:
    toll = Toll.of(civilian=Count(5, None, None), military=Count(None, 3, None))
    assert toll.total == Count(5, None, None)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (Count(2, None, None), "at least 2"),
        (Count(2, 3, None), "at least 2"),
        (Count(2, 3, 5), "2-5"),
        (Count.exactly(4), "4"),
        (Count.exactly(0), "0"),
        (Count(None, None, 5), "at most 5"),
        (Count(None, 3, None), "about 3"),
        (UNKNOWN, "unknown"),
    ],
)
def test_a_range_is_written_without_claiming_what_is_not_known(count: Count, text: str) -> None:
    assert count.text() == text


@given(st.lists(counts, max_size=5))
def test_a_tally_follows_the_counting_rules_of_the_method(parts: list[Count]) -> None:
    lows = [part.low for part in parts if part.low is not None]
    bests = [part.best for part in parts if part.best is not None]
    highs = [part.high for part in parts if part.high is not None]
    assert Tally.total(parts).answer() == {
        "low": sum(lows) if lows else None,
        "best": sum(bests) if bests else None,
        "high": sum(highs) if highs and len(highs) == len(parts) else None,
        "high_known": sum(highs) if highs else None,
        "known": sum(part.is_known for part in parts),
        "of": len(parts),
    }


@given(st.lists(counts, max_size=4))
def test_a_tally_is_the_same_in_any_order(parts: list[Count]) -> None:
    assert {Tally.total(order) for order in permutations(parts)} == {Tally.total(parts)}


@given(st.lists(counts, max_size=6), st.integers(0, 6))
def test_tallies_of_two_halves_add_up_to_the_whole(parts: list[Count], cut: int) -> None:
    assert Tally.total(parts[:cut]) + Tally.total(parts[cut:]) == Tally.total(parts)


@given(counts.filter(lambda count: count.is_known))
def test_a_total_without_kinds_is_of_unknown_kind(total: Count) -> None:
    assert Toll.of(total) == Toll(total, UNKNOWN, UNKNOWN, total, UNKNOWN)


@given(counts, counts, counts)
def test_kinds_without_a_total_add_up_and_children_are_a_part_of_it(
    civilian: Count, military: Count, child: Count
) -> None:
    toll = Toll.of(civilian=civilian, military=military, child=child)
    kinds = [kind for kind in (civilian, military) if kind.is_known]
    expected = sum(kinds[1:], kinds[0]) if kinds else UNKNOWN
    assert (toll.total.low, toll.total.high) == (expected.low, expected.high)
    assert toll.child == child


@given(counts, counts)
def test_a_stated_total_is_kept_whatever_the_kinds_say(total: Count, civilian: Count) -> None:
    toll = Toll.of(total, civilian=civilian)
    assert toll.total == (total if total.is_known else civilian)
