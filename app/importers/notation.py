"""Reads days in one known notation, since 03/04/2024 means two days in two notations."""

from __future__ import annotations

import re
from calendar import month_abbr, month_name
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from app.domain.mapping import Notation
from app.files import parsing
from app.files.source import BadFieldError

CLOCK = r"(?:[ T]+(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.\d+)?)?)?"
OFFSET = r"(?: ?(?P<offset>Z|[+-]\d\d:?\d\d))?"
YMD = r"(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})"
DMY = r"(?P<day>\d{1,2})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<year>\d{4})"
MDY = r"(?P<month>\d{1,2})(?P<mark>[-/.])(?P<day>\d{1,2})(?P=mark)(?P<year>\d{4})"
COMPACT = r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)"
NAMED = (
    r"(?:(?P<day>\d{1,2})(?:st|nd|rd|th)?[ .-]+(?P<word>[^\W\d_]+)\.?|"
    r"(?P<word_first>[^\W\d_]+)\.? (?P<day_second>\d{1,2})(?:st|nd|rd|th)?)"
    r"[ ,.-]+(?P<year>\d{4})(?: ?р\.?)?"
)
PATTERNS = {
    notation: re.compile(pattern + CLOCK + OFFSET, re.IGNORECASE)
    for notation, pattern in (
        (Notation.ymd, YMD),
        (Notation.dmy, DMY),
        (Notation.mdy, MDY),
        (Notation.compact, COMPACT),
        (Notation.month_name, NAMED),
    )
}
MONTHS = {
    **{name.lower(): number for number, name in enumerate(month_name) if name},
    **{name.lower(): number for number, name in enumerate(month_abbr) if name},
    "sept": 9,
    **{
        name: number
        for number, names in enumerate(
            (
                "січня січень",
                "лютого лютий",
                "березня березень",
                "квітня квітень",
                "травня травень",
                "червня червень",
                "липня липень",
                "серпня серпень",
                "вересня вересень",
                "жовтня жовтень",
                "листопада листопад",
                "грудня грудень",
            ),
            1,
        )
        for name in names.split()
    },
}
WRITTEN = {
    Notation.ymd: "a day as YYYY-MM-DD",
    Notation.dmy: "a day as DD/MM/YYYY",
    Notation.mdy: "a day as MM/DD/YYYY",
    Notation.compact: "a day as YYYYMMDD",
    Notation.month_name: "a day as 17 March 2024",
    Notation.epoch_s: "seconds since 1970",
    Notation.epoch_ms: "milliseconds since 1970",
}
DAY_S = 86_400


@lru_cache(maxsize=65_536)
def day_of(text: str, notation: Notation, name: str, zone: str | None = None) -> str:
    """Read a day in one notation; return it as our own format writes it.

    A time with an offset, or in the zone that the mapping names, gives an instant; any other time
    gives its day. Midnight gives a day: spreadsheets write days as midnight.

    Raises:
        BadFieldError: the text is in another notation.
    """
    if notation in (Notation.epoch_s, Notation.epoch_ms):
        return _from_epoch(text, 1000 if notation is Notation.epoch_ms else 1, name)
    match = PATTERNS[notation].fullmatch(text.strip())
    parts = match.groupdict() if match else {}
    try:
        word = parts.get("word") or parts.get("word_first")
        month = MONTHS[word.lower()] if word else int(parts["month"] or 0)
        day = int(parts.get("day") or parts["day_second"] or 0)
        iso_text = date(int(parts["year"] or 0), month, day).isoformat()
        return _with_clock(str(parsing.iso_day(iso_text, name)), parts, zone)
    except (KeyError, ValueError, TypeError) as wrong:
        raise BadFieldError(name, text, WRITTEN[notation]) from wrong


def _with_clock(day: str, parts: Mapping[str, str | None], zone: str | None) -> str:
    hour, minute, second = (int(parts.get(part) or 0) for part in ("hour", "minute", "second"))
    clock = time(hour, minute, second)
    offset = (parts.get("offset") or "").upper()
    if clock == time() or not (offset or zone):
        return day
    moment = datetime.fromisoformat(f"{day}T{clock}{offset}")
    if offset:
        return moment.isoformat()
    return moment.replace(tzinfo=ZoneInfo(zone or "UTC")).astimezone(UTC).isoformat()


def _from_epoch(text: str, per_second: int, name: str) -> str:
    try:
        seconds = float(text) / per_second
        moment = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as wrong:
        allowed = WRITTEN[Notation.epoch_ms if per_second > 1 else Notation.epoch_s]
        raise BadFieldError(name, text, allowed) from wrong
    return moment.date().isoformat() if seconds % DAY_S == 0 else moment.isoformat()
