"""Numbers, days and lengths in the notation of a language, in pages, texts and pictures.

The scripts of the page have the same in `static/js/format.js`, from the browser's own tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

from app.i18n import strings

METRES_PER_KM = 1000
NARROW_SPACE = "\u202f"
SEPARATORS = {"uk": ("\u00a0", ","), "es": (".", ","), "fr": (NARROW_SPACE, ",")}
"""Marks of thousands and of the fraction (CLDR), where they are not those of English."""


def number(language: str, value: float, digits: int = 2) -> str:
    r"""Write a number with at most `digits` digits after the point.

    >>> number("en", 32788.4), number("uk", 32788.4), number("en", 0.004)
    ('32,788.4', '32\xa0788,4', '0')
    """
    text = f"{value:,.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    text = text.removeprefix("-") if text == "-0" else text
    if language not in SEPARATORS:
        return text
    thousands, point = SEPARATORS[language]
    whole, _, part = text.partition(".")
    return point.join(filter(None, [whole.replace(",", thousands), part]))


def plural(language: str, n: int) -> str:
    """Return which form of a noun follows a whole number: one, few or many.

    These are the categories of CLDR, of which we need three: its "other" of whole numbers is our
    many. Arabic sentences are built so that a noun needs no form (docs/translating.md).

    >>> [plural("uk", n) for n in (1, 3, 5, 11, 13, 21, 24)]
    ['one', 'few', 'many', 'many', 'many', 'one', 'few']
    >>> plural("fr", 0), plural("es", 0)
    ('one', 'many')
    """
    if language == "fr":
        return "one" if n in (0, 1) else "many"
    if language != "uk":
        return "one" if n == 1 else "many"
    if n % 10 == 1 and n % 100 != 11:  # noqa: PLR2004  CLDR's rule for Ukrainian
        return "one"
    return "few" if n % 10 in (2, 3, 4) and n % 100 not in (12, 13, 14) else "many"


def day_text(language: str, day: date | str) -> str:
    r"""Write a day; of ISO text only the day is read.

    English is written as in Britain and most of the world: "10 Dec 2025", as headlines are.

    >>> day_text("en", "2025-10-24T18:00:00Z")
    '24 Oct 2025'
    """
    day = date.fromisoformat(day[:10]) if isinstance(day, str) else day
    month = strings(language)[f"month_short_{day.month}"]
    year = f"{day.year}{NARROW_SPACE}р." if language == "uk" else str(day.year)
    return f"{day.day} {month} {year}"


def day_words(words: Mapping[str, str], day: date) -> str:
    r"""Write a day with the whole name of its month, from the strings of a language.

    >>> day_words(strings("en"), date(2025, 10, 24))
    '24\xa0October\xa02025'
    """
    return f"{day.day}\u00a0{words[f'month_{day.month}']}\u00a0{day.year}"


def days_text(language: str, first: str, last: str) -> str:
    """Write a first and a last day, or one day when they are equal; both are ISO text."""
    days = [day_text(language, day) for day in dict.fromkeys((first[:10], last[:10]))]
    return " – ".join(days)


def instant_text(language: str, instant: datetime | str) -> str:
    """Write an instant to the minute, in UTC.

    >>> instant_text("en", "2025-10-24T18:05:59Z")
    '24 Oct 2025, 18:05 UTC'
    """
    moment = datetime.fromisoformat(instant) if isinstance(instant, str) else instant
    utc = moment.astimezone(UTC)
    return f"{day_text(language, utc.date())}, {utc:%H:%M} UTC"


def length_text(language: str, metres: float) -> str:
    """Write a length: metres up to a kilometre, then kilometres to a tenth.

    >>> length_text("en", 500), length_text("uk", 1500)
    ('500 m', '1,5 км')
    """
    words = strings(language)
    if metres < METRES_PER_KM:
        return f"{number(language, metres, 0)} {words['unit_m']}"
    return f"{number(language, metres / METRES_PER_KM, 1)} {words['unit_km']}"


def count_text(language: str, count: Mapping[str, int | None] | None) -> str:
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
