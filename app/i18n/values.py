"""Numbers, days and lengths as a reader of a language expects them, in pages, texts and pictures.

The scripts of the page have the same in `static/js/format.js`, from the browser's own tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from app.i18n import strings

METRES_PER_KM = 1000
NARROW_SPACE = "\u202f"


def number(language: str, value: float, digits: int = 2) -> str:
    r"""Write a number with at most so many digits after the point.

    >>> number("en", 32788.4), number("uk", 32788.4), number("en", 0.004)
    ('32,788.4', '32\xa0788,4', '0')
    """
    text = f"{value:,.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    text = text.removeprefix("-") if text == "-0" else text
    if language == "uk":
        text = text.replace(",", "\u00a0").replace(".", ",")
    return text


def day_text(language: str, day: date | str) -> str:
    r"""Write a day, given as one or as ISO text, of which anything after the day is left out.

    >>> day_text("en", "2025-10-24T18:00:00Z")
    'Oct 24, 2025'
    """
    told = date.fromisoformat(day[:10]) if isinstance(day, str) else day
    month = strings(language)[f"month_short_{told.month}"]
    if language == "uk":
        return f"{told.day} {month} {told.year}{NARROW_SPACE}р."
    return f"{month} {told.day}, {told.year}"


def days_text(language: str, first: str, last: str) -> str:
    """Write a day, or the first and the last of several."""
    told = [day_text(language, day) for day in dict.fromkeys((first[:10], last[:10]))]
    return " – ".join(told)


def instant_text(language: str, instant: datetime | str) -> str:
    """Write an instant to the minute, in UTC.

    >>> instant_text("en", "2025-10-24T18:05:59Z")
    'Oct 24, 2025, 18:05 UTC'
    """
    given = datetime.fromisoformat(instant) if isinstance(instant, str) else instant
    told = given.astimezone(UTC)
    return f"{day_text(language, told.date())}, {told:%H:%M} UTC"


def length_text(language: str, metres: float) -> str:
    """Write a length: metres up to a kilometre, then kilometres to a tenth.

    >>> length_text("en", 500), length_text("uk", 1500)
    ('500 m', '1,5 км')
    """
    words = strings(language)
    if metres < METRES_PER_KM:
        return f"{number(language, metres, 0)} {words['unit_m']}"
    return f"{number(language, metres / METRES_PER_KM, 1)} {words['unit_km']}"


def count_text(language: str, count: Mapping[str, Any] | None) -> str:
    """Write a count: unknown is never 0, an open upper end is "at least"."""
    words = strings(language)
    if count is None or all(count[bound] is None for bound in ("low", "best", "high")):
        return words["unknown"]
    low = count["low"] if count["low"] is not None else count["best"]
    least = number(language, low or 0)
    if count["high"] is None:
        return words["at_least"].format(n=least)
    if low == count["high"]:
        return least
    return words["range"].format(low=least, high=number(language, count["high"]))
