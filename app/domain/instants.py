"""Days and instants as text: RFC 3339, read and written in one way everywhere."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache

from app.domain.errors import InvalidWhen
from app.domain.period import FIRST_DAY, LAST_DAY


@lru_cache(maxsize=4096)  # the records of an import share an instant
def rfc3339(instant: datetime) -> str:
    """Write an instant in UTC with a Z; microseconds only when there are any."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def is_day(text: str) -> bool:
    """Tell whether a text has the length of a day, so that it is not an instant."""
    return len(text) == len("YYYY-MM-DD")


def parse_day(text: str) -> date:
    """Read YYYY-MM-DD and nothing else.

    Raises:
        InvalidWhen: another notation, no such day, or outside 1900..2100.
    """
    try:
        day = date.fromisoformat(text) if is_day(text) else None
    except ValueError:
        day = None
    # Week dates such as 2025-W01-1 have the same length.
    if day is None or str(day) != text or not FIRST_DAY <= day <= LAST_DAY:
        raise InvalidWhen("day", text, f"YYYY-MM-DD, {FIRST_DAY} to {LAST_DAY}")
    return day


def parse_instant(text: str) -> datetime:
    """Read an instant as it is written: without an offset it has no zone.

    Raises:
        InvalidWhen: another notation, or no such instant.
    """
    try:
        # A plus sign in a query string arrives as a space when it was not escaped.
        return datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError as wrong:
        raise InvalidWhen("instant", text, "an instant such as 2025-10-24T12:00:00Z") from wrong
