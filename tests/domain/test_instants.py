"""Days and instants as text: one notation, read back as it was written."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import InvalidWhen
from app.domain.instants import is_day, parse_day, parse_instant, rfc3339
from tests.strategies import days

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@given(days)
def test_a_day_is_read_back_as_written(day: date) -> None:
    assert is_day(str(day))
    assert parse_day(str(day)) == day


def test_an_instant_is_written_in_utc_with_a_z() -> None:
    assert rfc3339(NOON) == "2026-01-01T12:00:00Z"
    assert rfc3339(NOON + timedelta(microseconds=5)) == "2026-01-01T12:00:00.000005Z"


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_is_read_back_as_written(instant: datetime) -> None:
    assert parse_instant(rfc3339(instant)) == instant


def test_a_plus_sign_that_became_a_space_is_read() -> None:
    assert parse_instant("2026-01-01T14:00:00 02:00") == NOON


@pytest.mark.parametrize("text", ["", "noon", "2026-13-01T00:00:00Z", "2026-01-01T25:00:00Z"])
def test_another_notation_is_no_instant(text: str) -> None:
    with pytest.raises(InvalidWhen, match="instant"):
        parse_instant(text)
