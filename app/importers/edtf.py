"""Reads days that are known roughly, as EDTF writes them (ISO 8601-2, level 1).

Of 2024-03-XX the month is known, of 2024-03-01/2024-03-05 the first and the last day.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date
from typing import NamedTuple

from app.domain.period import WhenPrecision

ROUGH = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d|XX))(?:-(?P<day>\d\d|XX))?(?P<mark>[?~%]?)", re.IGNORECASE
)
PLAIN_DAY = re.compile(r"\d{4}-\d\d-\d\d")
UNSTATED = "XX"


class RoughDay(NamedTuple):
    """The first and the last day that are meant, and how finely they are known."""

    first: date
    last: date
    precision: WhenPrecision


def span_of(text: str) -> RoughDay | None:
    """Read a rough day or a span of days; None for a plain day and for anything else."""
    parts = text.strip().split("/")
    matches = [ROUGH.fullmatch(part) for part in parts]
    if len(parts) > 2 or (len(parts) == 1 and PLAIN_DAY.fullmatch(parts[0])):  # noqa: PLR2004
        return None
    try:
        spans = [_span(match) for match in matches if match]
    except ValueError:
        return None
    if len(spans) != len(parts) or spans[0].first > spans[-1].last:
        return None
    coarsest = max((span.precision for span in spans), key=list(WhenPrecision).index)
    return RoughDay(spans[0].first, spans[-1].last, coarsest)


def of_parts(year: str, month: str, day: str) -> str:
    """Write a day of three columns as EDTF; an empty part, or 0, is not stated."""
    stated = [part.zfill(2) if part.strip("0. ") else UNSTATED for part in (month, day)]
    if stated[0] == UNSTATED:
        stated[1] = UNSTATED
    return "-".join((year, *stated))


def _span(match: re.Match[str]) -> RoughDay:
    """Return the span of one rough day.

    Raises:
        ValueError: there is no such day.
    """
    year, month, day = (match[name] or UNSTATED for name in ("year", "month", "day"))
    if month.upper() == UNSTATED:
        if day.upper() != UNSTATED:
            raise ValueError(match[0])
        return RoughDay(date(int(year), 1, 1), date(int(year), 12, 31), WhenPrecision.year)
    if day.upper() == UNSTATED:
        first = date(int(year), int(month), 1)
        last = first.replace(day=monthrange(first.year, first.month)[1])
        return RoughDay(first, last, WhenPrecision.month)
    exact = date(int(year), int(month), int(day))
    return RoughDay(exact, exact, WhenPrecision.day)
