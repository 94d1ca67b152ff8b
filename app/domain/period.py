"""When things happened: days with a precision, instants in UTC, half-open periods."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec

from app.domain.errors import InvalidWhen

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2100, 12, 31)
"""Days outside are taken for typing errors (the year 1527 and 2927 occur in real files)."""

SHORT_SPAN = timedelta(hours=48)
"""An incident of at most this span belongs to every period that it overlaps.

The reason: docs/counting.md, "Which period an incident belongs to".
"""


class WhenPrecision(StrEnum):
    """How finely the time is known."""

    minute = "minute"
    day = "day"
    week = "week"
    month = "month"
    year = "year"
    unknown = "unknown"


class When(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The first and last local day, both included; `start` and `end` only when an hour is known.

    An incident without a day is undated: both days are None and it belongs to no period.
    """

    first: date | None = None
    last: date | None = None
    start: datetime | None = None
    end: datetime | None = None
    precision: WhenPrecision = WhenPrecision.unknown
    text: str | None = None
    zone: str | None = None

    @classmethod
    def days(
        cls,
        first: date | None,
        last: date | None = None,
        *,
        precision: WhenPrecision = WhenPrecision.day,
        text: str | None = None,
        zone: str | None = None,
    ) -> When:
        """Build from days without hours; one day when `last` is not given.

        Raises:
            InvalidWhen: outside 1900..2100, or the last day lies before the first.
        """
        if first is None:
            return cls(precision=WhenPrecision.unknown, text=text, zone=zone)
        last = first if last is None else last
        for day in (first, last):
            if not FIRST_DAY <= day <= LAST_DAY:
                raise InvalidWhen("day", day, f"{FIRST_DAY} to {LAST_DAY}")
        if last < first:
            raise InvalidWhen("last day", last, f"{first} (the first day) or later")
        return cls(first, last, None, None, precision, text, zone)

    @classmethod
    def instants(
        cls, start: datetime, end: datetime | None, zone: str, *, text: str | None = None
    ) -> When:
        """Build from aware instants; the local days follow from the zone.

        Raises:
            InvalidWhen: naive, out of order, or outside 1900..2100.
        """
        end = start if end is None else end
        if start.tzinfo is None or end.tzinfo is None:
            raise InvalidWhen("instant", start.isoformat(), "a time with its offset")
        if end < start:
            raise InvalidWhen("end", end.isoformat(), f"{start.isoformat()} (the start) or later")
        local = ZoneInfo(zone)
        try:
            first, last = (instant.astimezone(local).date() for instant in (start, end))
        except OverflowError as wrong:  # in the first or last hours that a datetime can hold
            raise InvalidWhen("instant", start, f"{FIRST_DAY} to {LAST_DAY}") from wrong
        days = cls.days(first, last)
        return cls(
            days.first,
            days.last,
            start.astimezone(UTC),
            end.astimezone(UTC),
            WhenPrecision.minute,
            text,
            zone,
        )

    @property
    def is_long(self) -> bool:
        """Tell whether the span is over 48 hours, so that it counts only in a period containing it.

        >>> When.days(date(2025, 10, 24), date(2025, 10, 25)).is_long
        False
        >>> When.days(date(2025, 10, 1), date(2025, 10, 31)).is_long
        True
        """
        if self.start is not None and self.end is not None:
            return self.end - self.start > SHORT_SPAN
        if self.first is None or self.last is None:
            return False
        return self.last - self.first + timedelta(days=1) > SHORT_SPAN


class Period(msgspec.Struct, frozen=True):
    """A half-open span of instants, [start, end)."""

    start: datetime
    end: datetime

    @classmethod
    def of_days(cls, first: date, last: date, zone: str) -> Period:
        """Cover whole local days, both included; a day may have 23 or 25 hours."""
        local = ZoneInfo(zone)
        return cls(
            datetime.combine(first, time(), local).astimezone(UTC),
            datetime.combine(last + timedelta(days=1), time(), local).astimezone(UTC),
        )

    def __contains__(self, instant: datetime) -> bool:
        """Tell whether the instant falls inside; the end does not."""
        return self.start <= instant < self.end

    def overlaps(self, other: Period) -> bool:
        """Tell whether the two share an instant; touching ends do not."""
        return self.start < other.end and other.start < self.end


def end_of_day(day: date, zone: str) -> datetime:
    """Return the last microsecond of a local day, in UTC: what `as_of` means by a date."""
    return Period.of_days(day, day, zone).end - timedelta(microseconds=1)


def epoch_day(day: date) -> int:
    """Count days since 1970-01-01, as the columns of the index do."""
    return day.toordinal() - _EPOCH


def from_epoch_day(number: int) -> date:
    """Turn days since 1970-01-01 back into a date."""
    return date.fromordinal(number + _EPOCH)


_EPOCH = date(1970, 1, 1).toordinal()
