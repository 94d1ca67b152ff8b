"""Days have a precision, instants are in UTC, periods are half-open."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import InvalidWhen
from app.domain.period import (
    Period,
    When,
    WhenPrecision,
    end_of_day,
    epoch_day,
    from_epoch_day,
)
from tests.strategies import days

ZONES = ("Europe/Kyiv", "Etc/GMT+8", "Asia/Kathmandu", "UTC")
MICROSECOND = timedelta(microseconds=1)
MIDNIGHT = datetime(2025, 10, 24, tzinfo=UTC)


@given(days, st.integers(0, 400), st.sampled_from(ZONES))
def test_days_in_a_row_cover_every_instant_once(first: date, more: int, zone: str) -> None:
    last = min(first + timedelta(days=more), date(2100, 12, 31))
    whole = Period.of_days(first, last, zone)
    middle = first + (last - first) // 2
    earlier = Period.of_days(first, middle, zone)
    later = Period.of_days(middle + timedelta(days=1), last + timedelta(days=1), zone)
    assert whole.start in earlier
    assert earlier.end == later.start
    assert earlier.end not in earlier
    assert not earlier.overlaps(later)


def test_a_day_of_23_hours_and_one_of_25_are_taken_as_they_are() -> None:
    spring, autumn = date(2025, 3, 30), date(2025, 10, 26)
    lengths = [
        period.end - period.start
        for period in (Period.of_days(day, day, "Europe/Kyiv") for day in (spring, autumn))
    ]
    assert lengths == [timedelta(hours=23), timedelta(hours=25)]


@given(days, st.sampled_from(ZONES))
def test_the_end_of_a_day_is_its_last_microsecond(day: date, zone: str) -> None:
    period = Period.of_days(day, day, zone)
    assert end_of_day(day, zone) in period
    assert end_of_day(day, zone) + MICROSECOND == period.end


@given(days)
def test_a_day_survives_being_packed_as_a_number(day: date) -> None:
    assert from_epoch_day(epoch_day(day)) == day
    assert epoch_day(day) == (day - date(1970, 1, 1)).days


@pytest.mark.parametrize(("span_days", "is_long"), [(1, False), (2, False), (3, True), (31, True)])
def test_an_incident_of_up_to_two_days_is_short(span_days: int, *, is_long: bool) -> None:
    first = date(2025, 10, 24)
    assert When.days(first, first + timedelta(days=span_days - 1)).is_long is is_long


def test_exactly_48_hours_are_short_and_a_microsecond_more_is_long() -> None:
    two_days = MIDNIGHT + timedelta(hours=48)
    assert not When.instants(MIDNIGHT, two_days, "Europe/Kyiv").is_long
    assert When.instants(MIDNIGHT, two_days + MICROSECOND, "Europe/Kyiv").is_long


def test_an_undated_incident_has_no_day_and_is_not_long() -> None:
    undated = When.days(None, text="in autumn")
    assert undated == When(precision=WhenPrecision.unknown, text="in autumn")
    assert not undated.is_long


def test_instants_keep_their_zone_and_give_the_days_that_stood_on_the_wall() -> None:
    start = datetime(2025, 10, 24, 23, 30, tzinfo=timezone(timedelta(hours=1)))
    when = When.instants(start, None, "Europe/Kyiv")
    assert when == When(
        date(2025, 10, 25),
        date(2025, 10, 25),
        datetime(2025, 10, 24, 22, 30, tzinfo=UTC),
        datetime(2025, 10, 24, 22, 30, tzinfo=UTC),
        WhenPrecision.minute,
        None,
        "Europe/Kyiv",
    )
    assert when.start is not None
    assert when.start.tzinfo is UTC


@pytest.mark.parametrize("day", [date(1527, 1, 1), date(1899, 12, 31), date(2927, 1, 1)])
def test_a_year_that_must_be_a_typing_error_is_refused(day: date) -> None:
    with pytest.raises(InvalidWhen, match="1900-01-01 to 2100-12-31"):
        When.days(day)


def test_a_last_day_before_the_first_is_refused() -> None:
    with pytest.raises(InvalidWhen, match="last day"):
        When.days(date(2025, 10, 24), date(2025, 10, 23))


def test_an_end_before_the_start_is_refused() -> None:
    with pytest.raises(InvalidWhen, match="or later"):
        When.instants(MIDNIGHT, MIDNIGHT - MICROSECOND, "Europe/Kyiv")


def test_a_time_without_its_offset_is_refused() -> None:
    with pytest.raises(InvalidWhen, match="offset"):
        When.instants(MIDNIGHT.replace(tzinfo=None), None, "Europe/Kyiv")


@pytest.mark.parametrize("edge", [datetime.min, datetime.max])  # noqa: DTZ901  made aware below
def test_an_instant_at_the_edge_of_time_is_refused_and_not_a_crash(edge: datetime) -> None:
    with pytest.raises(InvalidWhen):
        When.instants(edge.replace(tzinfo=UTC), None, "Europe/Kyiv")
    with pytest.raises(InvalidWhen):
        When.instants(edge.replace(tzinfo=UTC), None, "Etc/GMT+8")
