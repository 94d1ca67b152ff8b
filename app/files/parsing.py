"""Parses single values of a file: days, numbers, text, lists and points.

An empty value is no fault; a value that does not fit raises `BadFieldError` with the field's name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar

from app.domain.period import FIRST_DAY, LAST_DAY
from app.domain.place import E7, LonLat
from app.files.source import BadFieldError

Values = Mapping[str, object]

E = TypeVar("E", bound=StrEnum)

DAY_LENGTH = len("YYYY-MM-DD")

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

NO_PLACE = "a place that is known, or nothing where it is not"
FINEST_DEG = 0.5 / E7
THOUSANDS = re.compile(r"\d{1,3}\.000")

GREATEST_WHOLE = 2**31 - 1
"""The greatest whole number that is accepted; no real count or distance is greater."""


@lru_cache(maxsize=65_536)
def iso_day(text: str, name: str) -> date:
    """Read a day as YYYY-MM-DD; other ISO 8601 forms, such as week dates, are refused."""
    try:
        parsed = date.fromisoformat(text) if DAY.fullmatch(text) else _refuse_day(text, name)
    except ValueError:
        return _refuse_day(text, name)
    if not FIRST_DAY <= parsed <= LAST_DAY:
        raise BadFieldError(name, text, f"{FIRST_DAY} to {LAST_DAY}")
    return parsed


def _refuse_day(text: str, name: str) -> date:
    times = ", or a time with its offset" if name in ("start", "end") else ""
    raise BadFieldError(name, text, f"a day as YYYY-MM-DD{times}")


def instant(value: object, name: str) -> datetime | None:
    """Read an RFC 3339 time with its offset, in UTC; None for an empty value."""
    if value is None or value == "":
        return None
    try:
        moment = datetime.fromisoformat(str(value))
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise BadFieldError(name, value, "a time with its offset, such as 2025-10-24T21:00:00Z")


def whole(value: object, name: str) -> int | None:
    """Read a whole number of 0 or more; None for an empty value; "3.0" is 3, "3.5" is refused.

    "1.000" is refused too: one for some, a thousand for others.
    """
    if value is None or value == "":
        return None
    if type(value) is int and 0 <= value <= GREATEST_WHOLE:
        return value
    if isinstance(value, str) and len(value) < len(str(GREATEST_WHOLE)) and value.isdecimal():
        return int(value)
    if isinstance(value, str) and THOUSANDS.fullmatch(value):
        few = value.partition(".")[0]
        raise BadFieldError(name, value, f"{few} or {few}000, without a mark of thousands")
    try:
        number = float(str(value))
    except ValueError:
        number = -1.0
    if not (0 <= number <= GREATEST_WHOLE and number.is_integer()) or isinstance(value, bool):
        raise BadFieldError(name, value, f"a whole number from 0 to {GREATEST_WHOLE:,}, or empty")
    return int(number)


def text(values: Values, name: str) -> str | None:
    """Read text; None for an empty value. A number becomes its digits, a list is refused."""
    value = values.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, (list, dict)):
        raise BadFieldError(name, value, "text")
    return str(value).strip() or None


def flag(values: Values, name: str) -> bool:
    """Read true or false; an absent value is false."""
    value = values.get(name)
    if value is None:
        return False
    value = str(value or "").lower()
    if value in {"true", "1", "yes"}:
        return True
    if value in {"", "false", "0", "no"}:
        return False
    raise BadFieldError(name, value, "true, false, 1, 0, yes, no or empty")


def many(values: Values, name: str, allowed: Mapping[str, int]) -> tuple[str, ...]:
    """Read a list of taxonomy codes, as a list or as text separated by `|`."""
    value = values.get(name)
    if not value:
        return ()
    codes = value.split("|") if isinstance(value, str) else value
    if not isinstance(codes, list):
        raise BadFieldError(name, value, "a list of codes")
    for code in codes:
        if not isinstance(code, str) or code not in allowed:
            raise BadFieldError(name, code, f"any of {', '.join(allowed)}")
    return tuple(dict.fromkeys(codes))


def items(values: Values, name: str) -> list[Values]:
    """Read a list of nested values."""
    value = values.get(name)
    if not value:
        return []
    if isinstance(value, list):
        for item in value:
            if not isinstance(item, dict):
                break
        else:
            return value
    raise BadFieldError(name, value, "a list of objects")


def one_of(choices: type[E], value: object, default: E, name: str) -> E:
    """Read one word of a fixed set; the default for an empty value."""
    if value is None or value == "":
        return default
    try:
        return choices(str(value))
    except ValueError as wrong:
        raise BadFieldError(name, value, f"one of {', '.join(choices)}") from wrong


def point_from(lon: object, lat: object) -> LonLat | None:
    """Read a point; None without coordinates; one coordinate alone is refused, and so is 0, 0."""
    if (lon is None or lon == "") and (lat is None or lat == ""):
        return None
    try:
        return stated_point(float(str(lon)), float(str(lat)))
    except ValueError as wrong:
        got = f"{'' if lon is None else lon}, {'' if lat is None else lat}"
        raise BadFieldError("lon, lat", got, "two numbers in degrees") from wrong


def stated_point(lon: float, lat: float) -> LonLat:
    """Make a point of a source; 0, 0 is refused, since programs write it for an unknown place.

    Raises:
        BadFieldError: 0, 0.
        InvalidPlace: not on the globe.
    """
    point = LonLat.checked(lon=lon, lat=lat)
    if abs(lon) < FINEST_DEG > abs(lat):
        raise BadFieldError("lon, lat", f"{lon:g}, {lat:g}", NO_PLACE)
    return point
