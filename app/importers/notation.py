"""Reads days in one known notation, since 03/04/2024 means two days in two notations."""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from app.domain.mapping import Notation
from app.files import parsing
from app.files.source import BadFieldError
from app.importers.edtf import span_of

CLOCK = r"(?:[ T]+(?P<clock>\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?(?: ?[ap]\.?m\.?)?))?"
OFFSET = r"(?: ?(?P<offset>Z|[+-]\d\d:?\d\d))?"
YMD = r"(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})"
DMY = r"(?P<day>\d{1,2})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<year>\d{4})"
MDY = r"(?P<month>\d{1,2})(?P<mark>[-/.])(?P<day>\d{1,2})(?P=mark)(?P<year>\d{4})"
COMPACT = r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)"
LETTERS = r"[^\W\d_]+"
MONTH = rf"{LETTERS}(?: {LETTERS})??"
"""The name of a month: one or two words."""

NAMED = (
    rf"(?:(?P<day>\d{{1,2}})(?:st|nd|rd|th|er)?[ .-]+(?:de )?(?P<word>{MONTH})\.?|"
    rf"(?P<word_first>{MONTH})\.? (?P<day_second>\d{{1,2}})(?:st|nd|rd|th)?)"
    r"[ ,.-]+(?:del? )?(?P<year>\d{4})(?: ?(?:р|г|року|года)\.?)?"
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
    name.replace("_", " "): number
    for number, names in enumerate(
        (
            (
                "january jan січня січ січень января янв январь enero ene janvier janv يناير "
                "كانون_الثاني جانفي"
            ),
            (
                "february feb лютого лют лютий февраля февр февраль febrero février févr فبراير "
                "شباط فيفري"
            ),
            "march mar березня бер березень марта мар март marzo mars مارس آذار",
            (
                "april apr квітня квіт квітень апреля апр апрель abril abr avril avr أبريل نيسان "
                "أفريل"
            ),
            "may травня трав травень мая май mayo mai مايو أيار ماي",
            "june jun червня черв червень июня июн июнь junio juin يونيو حزيران جوان",
            "july jul липня лип липень июля июл июль julio juillet juil يوليو تموز جويلية يوليوز",
            "august aug серпня серп серпень августа авг август agosto ago août أغسطس آب أوت غشت",
            (
                "september sep вересня вер вересень сентября сент сентябрь septiembre sept "
                "septembre سبتمبر أيلول شتنبر"
            ),
            (
                "october oct жовтня жовт жовтень октября окт октябрь octubre octobre أكتوبر "
                "تشرين_الأول"
            ),
            (
                "november nov листопада лист листопад ноября нояб ноябрь noviembre novembre نوفمبر "
                "تشرين_الثاني نونبر"
            ),
            (
                "december dec грудня груд грудень декабря дек декабрь diciembre dic décembre déc "
                "ديسمبر كانون_الأول دجنبر"
            ),
        ),
        1,
    )
    for name in names.split()
}
"""Months in English, Ukrainian, Russian, Spanish, French, and the four ways of Arabic; an
underscore is a space."""

WRITTEN = {
    Notation.ymd: "a day as YYYY-MM-DD",
    Notation.dmy: "a day as DD/MM/YYYY",
    Notation.mdy: "a day as MM/DD/YYYY",
    Notation.compact: "a day as YYYYMMDD",
    Notation.month_name: "a day as 17 March 2024",
    Notation.epoch_s: "seconds since 1970",
    Notation.epoch_ms: "milliseconds since 1970",
    Notation.edtf: "a day, a month or a span as 2024-03-XX or 2024-03-01/2024-03-05",
    Notation.serial: "a day as a spreadsheet's number, such as 45370",
}
DAY_S = 86_400
SERIAL = re.compile(r"(?P<days>\d{5})(?:[.,](?P<part>\d+))?")
SERIAL_ZERO = date(1899, 12, 30)
"""Day 0 of spreadsheets (ECMA-376 part 1, 18.17.4.1), right from 1 March 1900 on."""

SERIAL_YEARS = range(1990, 2050)
"""A number of five digits is a day only within these years; else it is some other number."""

CLOCK_ALONE = re.compile(
    r"(?P<hour>\d{1,2})[:.](?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.\d+)?)?"
    r"(?: ?(?P<half>[ap])\.?m\.?)?",
    re.IGNORECASE,
)
CERTAIN = (Notation.ymd, Notation.month_name, Notation.serial, Notation.edtf)
"""Notations that no other can be taken for: they are read beside the one that a mapping names."""


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
    if notation is Notation.serial:
        return _from_serial(text, name, zone)
    if notation is Notation.edtf:
        if span := span_of(text):
            return str(parsing.iso_day(span.first.isoformat(), name))
        raise BadFieldError(name, text, WRITTEN[notation])
    match = PATTERNS[notation].fullmatch(text.strip())
    parts = match.groupdict() if match else {}
    try:
        word = parts.get("word") or parts.get("word_first")
        month = MONTHS[word.lower()] if word else int(parts["month"] or 0)
        day = int(parts.get("day") or parts["day_second"] or 0)
        iso_text = date(int(parts["year"] or 0), month, day).isoformat()
        clock = _clock(parts["clock"]) if parts["clock"] else time()
        iso_day = str(parsing.iso_day(iso_text, name))
        return _with_clock(iso_day, clock, zone, (parts["offset"] or "").upper())
    except (KeyError, ValueError, TypeError) as wrong:
        raise BadFieldError(name, text, WRITTEN[notation]) from wrong


def any_day_of(text: str, notation: Notation, name: str, zone: str | None = None) -> str:
    """Read a day in a notation, or in one of those that cannot be taken for it.

    Raises:
        BadFieldError: the text is in none of them.
    """
    try:
        return day_of(text, notation, name, zone)
    except BadFieldError:
        for other in CERTAIN:
            with contextlib.suppress(BadFieldError):
                return day_of(text, other, name, zone)
        raise


@lru_cache(maxsize=65_536)
def clock_of(text: str, name: str) -> str:
    """Read a time of day as HH:MM:SS: 23:40, 9:05 pm, or a spreadsheet's part of a day (0.5).

    Raises:
        BadFieldError: none of these.
    """
    try:
        return _clock(text.strip()).isoformat()
    except ValueError as wrong:
        raise BadFieldError(name, text, "a time of day as 23:40") from wrong


def _clock(text: str) -> time:
    """Read a time of day.

    Raises:
        ValueError: it is none.
    """
    match = CLOCK_ALONE.fullmatch(text)
    if match is None:
        part = float(text.replace(",", "."))
        return _clock_of_part(part if 0 < part < 1 else -1)
    hour, half = int(match["hour"]), (match["half"] or "").lower()
    if half:
        hour = time(hour - 1).hour + 1  # 1 to 12 only
        hour = hour % 12 + (12 if half == "p" else 0)
    return time(hour, int(match["minute"]), int(match["second"] or 0))


def _clock_of_part(part: float) -> time:
    """Turn a part of a day into its time, to the second.

    Raises:
        ValueError: less than 0.
    """
    if part < 0:
        raise ValueError(part)
    seconds = min(round(part * DAY_S), DAY_S - 1)
    return (datetime(1900, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).time()


def _from_serial(text: str, name: str, zone: str | None) -> str:
    match = SERIAL.fullmatch(text.strip())
    day = SERIAL_ZERO + timedelta(days=int(match["days"])) if match else None
    if match is None or day is None or day.year not in SERIAL_YEARS:
        raise BadFieldError(name, text, WRITTEN[Notation.serial])
    return _with_clock(day.isoformat(), _clock_of_part(float(f"0.{match['part'] or 0}")), zone)


def _with_clock(day: str, clock: time, zone: str | None, offset: str = "") -> str:
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
