"""Finds which field each column of a table is, by its name and its values.

What can mean two things is left open, with the reason and an example: a person decides.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from app.domain.count import TOLLS
from app.domain.damage import Grade
from app.domain.mapping import DAYS, IN_ONE_CELL, NUMBERED, Notation
from app.domain.place import Bounds, LonLat, Precision
from app.files.sheets import squeezed
from app.files.source import BadFieldError
from app.importers.coordinates import degrees, position, states_order
from app.importers.counts import count_of
from app.importers.notation import CERTAIN, PATTERNS, clock_of, day_of
from app.importers.words import Words
from app.intake.column_words import codes_of
from app.intake.survey_columns import narrowed, survey_of

SHARE = 0.9
"""Share of a column's values that must fit; the rest may be faults of the file."""

NO_KEY = "its values repeat, so it is no key"
NO_PEOPLE = "not mapped: names of people have no field here"
EMPTY_COLUMN = "but every cell is empty"
MOSTLY = 0.5
"""Share for a column that is called a date: a day that cannot be read is a rejection."""

NUMBER_AT_END = re.compile(r"[ _]?[1-9]$")
"""The number of one of several places: lat1, "Latitude 2"."""

DECIMAL = re.compile(r"-?\d{1,3}[.]\d+")
DECIMAL_COMMA = re.compile(r"-?\d{1,3},\d+")
LINK = re.compile(r"https?://\S+", re.IGNORECASE)
WORDS_OF_OURS = {"precision": frozenset(Precision), "grade": frozenset(Grade)}
FIELDS_OF_CROSSWALKS = ("precision", "status", "grade")
TIMES = ("start_time", "end_time")
NEEDED = (*DAYS[:2], *TIMES, "lon", "lat", *IN_ONE_CELL, "precision")
"""Fields in doubt of which a person decides; a wrong precision draws a region as a point."""

WRITINGS = (*PATTERNS, Notation.serial, Notation.edtf)
DAY_FIRST, MONTH_FIRST = Notation.dmy, Notation.mdy


@dataclass
class Draft:
    """What is found so far: fields, reasons, notations of days, and what only a person can say.

    `called` has the names of columns without the groups of a form.
    """

    called: Mapping[str, str] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    notations: dict[str, Notation] = field(default_factory=dict)
    doubts: dict[str, str] = field(default_factory=dict)
    decimal_comma: bool = False

    def take(self, column: str, to: str, why: str) -> None:
        """Map a column, unless the field has one."""
        is_next = to in NUMBERED and NUMBER_AT_END.search(column)
        if to in self.columns.values() and not is_next:
            self.leave(column, to, f"not mapped: {to} is read from another column")
        else:
            self.columns[column], self.why[column] = to, f"{to}: {why}"

    def field_of(self, column: str, words: Words) -> str | None:
        """Return the field that the column's name stands for."""
        return field_of(column, words) or field_of(self.called.get(column, column), words)

    def keep_only(self, fields: Collection[str]) -> None:
        """Leave out the columns of fields that the format of the file does not read."""
        for column, to in list(self.columns.items()):
            if to not in fields:
                del self.columns[column]
                self.why[column] = f"not mapped: called like {to}, but not read in this format"
                self.doubts.pop(column, None)

    def leave(self, column: str, to: str, why: str) -> None:
        """Leave a column out; of a needed field or a number of people, that is a doubt."""
        self.why[column] = why
        if to in NEEDED or to.startswith(TOLLS):
            self.doubts[column] = why


class Readings(NamedTuple):
    """How many values of a column of days fit: in only one notation, or day and month either way.

    `examples` has a value of each notation, and under None one that has two readings.
    """

    by_notation: Counter[Notation]
    either: int
    unread: int
    examples: dict[Notation | None, str]

    @property
    def share(self) -> float:
        """The share of values that some notation reads."""
        readable = self.by_notation.total() + self.either
        return readable / (readable + self.unread) if readable else 0.0


def draft_of(
    columns: Mapping[str, Sequence[str]], words: Words, bounds: Bounds, *, has_points: bool
) -> Draft:
    """Find the field of each column; `columns` has the values of each, without empty cells."""
    survey = survey_of(columns.keys())
    draft = Draft(survey.called, why=dict(survey.left_out))
    for column, values in columns.items():
        if column not in draft.why:
            _by_name(draft, column, values, words, bounds)
    _by_values(draft, columns, bounds, words, has_points=has_points)
    if {"lat", "lon"} <= set(draft.columns.values()):  # the place needs no other column
        for column in [one for one in draft.doubts if draft.field_of(one, words) in IN_ONE_CELL]:
            del draft.doubts[column]
        for column in [one for one, to in draft.columns.items() if to in IN_ONE_CELL]:
            del draft.columns[column]
            draft.why[column] = "not mapped: the place is read from latitude and longitude"
    _ask_of_victims(draft)
    return draft


def _ask_of_victims(draft: Draft) -> None:
    """Ask whether each row is a victim, where people are named and keys of events repeat."""
    keys = [name for name, why in draft.why.items() if why.endswith(NO_KEY)]
    if keys and NO_PEOPLE in draft.why.values():
        draft.doubts[keys[0]] = (
            f"the table names people, and values of {keys[0]!r} repeat: if each row is a victim, "
            f"state it under [victims], event = {keys[0]!r}; if not, import with this mapping"
        )


def column_words(name: str) -> str:
    """Bring a column's name to words: "Event_Date*" is "event date"."""
    return " ".join(re.findall(r"[^\W_]+", name.lower()))


def field_of(name: str, words: Words) -> str | None:
    """Return the field that a column's name stands for; under a merged header, by its last part."""
    fields = words.context.taxonomy.columns.field_of
    whole, last = column_words(name), column_words(name.rsplit(" / ", 1)[-1])
    plain = NUMBER_AT_END.sub("", whole)
    to = fields.get(plain)
    return fields.get(whole) or fields.get(last) or (to if to in NUMBERED else None)


def _by_name(draft: Draft, name: str, values: Sequence[str], words: Words, bounds: Bounds) -> None:
    """Map a column whose name is known, when its values fit."""
    if column_words(draft.called.get(name, name)) in words.context.taxonomy.columns.people:
        draft.why[name] = NO_PEOPLE
        return
    field_by_name = draft.field_of(name, words)
    if field_by_name is None:
        return
    to = _by_kind(field_by_name, values)
    if not values:
        draft.why[name] = f"not mapped: called like {to}, {EMPTY_COLUMN}"
    elif to in DAYS:
        _take_day(draft, name, to, values, f"called {name!r}")
    elif to in IN_ONE_CELL:
        _take_pair(draft, name, values, bounds, f"called {name!r}")
    elif misfit := _narrowed(draft, name, to, words) or _misfit(draft, to, values, words, bounds):
        draft.leave(name, to, f"not mapped: called like {to}, but {misfit}")
    else:
        draft.take(name, to, f"called {name!r}")


def _by_kind(to: str, values: Sequence[str]) -> str:
    """Correct the field of a name that stands for two: "time" is often a day with its time."""
    if to in TIMES and _are_days(values):
        return DAYS[TIMES.index(to)]
    return "lat_lon" if to == "place" and values and _are_points(values) else to


def _narrowed(draft: Draft, name: str, to: str, words: Words) -> str | None:
    """Say why a number may be of some people only; None where the whole name is known."""
    is_known = name not in draft.called or field_of(name, words) is not None
    return None if is_known else narrowed(name, to)


def _misfit(
    draft: Draft, to: str, values: Sequence[str], words: Words, bounds: Bounds
) -> str | None:
    """Return why the values do not fit the field of the column's name; None when they do."""
    if to in ("lon", "lat"):
        return _no_degrees(draft, to, values, bounds)
    if set(values) <= WORDS_OF_OURS.get(to, frozenset()):
        return None
    if to in FIELDS_OF_CROSSWALKS:
        is_known = to == "grade" and _are_grades(values, words)
        return (
            None
            if is_known
            else f"its words need a crosswalk under [words.{to}] first: {_sample(values)}"
        )
    if to == "source_key":
        return NO_KEY if len(set(values)) < len(values) else None
    fits = _fitting(to, words)
    if fits is _is_count and not any(map(_is_number, values)):
        return f"no value is a number: {_sample(values)}"
    return None if _share(values, fits) >= SHARE else f"its values do not fit: {_sample(values)}"


def _are_grades(values: Sequence[str], words: Words) -> bool:
    """Tell whether every word of damage is known: a word that is not would reject its rows."""
    counts = {squeezed(text): 1 for text in values}
    return len(codes_of("grade", counts, words.context.taxonomy)) == len(counts)


def _fitting(to: str, words: Words) -> Callable[[str], object]:
    """Return the test of a field's values; most fields take any text."""
    if to.startswith(TOLLS):
        return _is_count
    by_field: dict[str, Callable[[str], object]] = {
        **dict.fromkeys(TIMES, _is_clock),
        "source_url": LINK.search,
        "admin1": words.region,
    }
    return by_field.get(to, bool)


def _is_count(text: str) -> bool:
    with suppress(BadFieldError):
        count_of(text, "killed")
        return True
    return False


def _is_number(text: str) -> bool:
    return _is_count(text) and count_of(text, "killed") is not None


def _is_clock(text: str) -> bool:
    with suppress(BadFieldError):
        return bool(clock_of(text, "start_time"))
    return False


def _no_degrees(draft: Draft, to: str, values: Sequence[str], bounds: Bounds) -> str | None:
    low, high = (bounds.south, bounds.north) if to == "lat" else (bounds.west, bounds.east)
    angles = [_degrees(text, to) for text in values]
    inside = sum(angle is not None and low <= angle <= high for angle in angles)
    if inside < SHARE / 2 * len(values):
        return f"most of it is not within {low}..{high}, as {_sample(values)}"
    draft.decimal_comma |= _share(values, DECIMAL_COMMA.fullmatch) >= SHARE
    return None


def _degrees(text: str, axis: str) -> float | None:
    number = _number(text)
    if number is not None:
        return number
    with suppress(BadFieldError):
        return degrees(text, axis)
    return None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _take_pair(draft: Draft, name: str, values: Sequence[str], bounds: Bounds, why: str) -> None:
    """Map a column of points in one cell when only one order puts them into the theatre."""
    firsts = {to: [_position(text, to) for text in values] for to in IN_ONE_CELL}
    readable = sum(
        point is not None or other is not None
        for point, other in zip(*firsts.values(), strict=True)
    )
    if readable < SHARE * len(values):
        draft.leave(name, "lat_lon", f"not mapped: {why}, but no points, as {_sample(values)}")
        return
    if all(states_order(text) for text in values):
        draft.take(name, "lon_lat", f"{why}, and each cell says which number is which")
        return
    inside = {to: [_lies_in(point, bounds) for point in points] for to, points in firsts.items()}
    lat_only, lon_only = (
        [
            text
            for text, fits, other in zip(values, inside[to], inside[back], strict=True)
            if fits and not other
        ]
        for to, back in (IN_ONE_CELL, IN_ONE_CELL[::-1])
    )
    if lat_only and not lon_only:
        draft.take(name, "lat_lon", f"{why}, and only latitude first lies in the theatre")
    elif lon_only and not lat_only:
        draft.take(name, "lon_lat", f"{why}, and only longitude first lies in the theatre")
    elif lat_only:
        draft.leave(
            name,
            "lat_lon",
            f"not mapped: {why}; say lat_lon or lon_lat: {lat_only[0]!r} lies in the theatre with "
            f"latitude first, {lon_only[0]!r} with longitude first",
        )
    else:
        draft.leave(
            name,
            "lat_lon",
            f"not mapped: {why}; say lat_lon or lon_lat: {values[0]!r} can be read either way",
        )


def _are_points(values: Sequence[str]) -> bool:
    return all(states_order(text) and _position(text, "lon_lat") for text in values)


def _position(text: str, to: str) -> LonLat | None:
    with suppress(BadFieldError):
        return position(text, lon_first=to == "lon_lat")
    return None


def _lies_in(point: LonLat | None, bounds: Bounds) -> bool:
    if point is None:
        return False
    is_north = bounds.south <= point.lat <= bounds.north
    return is_north and bounds.west <= point.lon <= bounds.east


def _take_day(draft: Draft, name: str, to: str, values: Sequence[str], why: str) -> None:
    """Map a column of days when its values have one reading; else a person must choose."""
    days = _readings(values)
    if days.share < MOSTLY:
        draft.leave(name, to, f"not mapped: no notation reads its days, as {_sample(values)}")
        return
    draft.take(name, to, f"{why}, and its values are days written as {_writings(days)}")
    if name not in draft.columns:
        return
    if doubt := _doubt(days):
        draft.why[name] = f"{to}: {why}; set `dates`: {doubt}"
        draft.doubts[name] = f"`dates` is to be set for {name!r}: {doubt}"
    else:
        draft.notations[name] = _main_notation(days)


def _readings(values: Sequence[str]) -> Readings:
    by_notation, either, unread = Counter[Notation](), 0, 0
    examples: dict[Notation | None, str] = {}
    for text, rows in Counter(values).items():
        days = {one: day for one in WRITINGS if (day := _day(text, one))}
        if not days:
            unread += rows
        elif len(set(days.values())) > 1:
            either += rows
            examples.setdefault(None, text)
        else:
            # Of 03/03/2024 both notations say the same, and it decides nothing.
            notation = None if len(days) > 1 else next(iter(days))
            either += rows if notation is None else 0
            if notation is not None:
                by_notation[notation] += rows
                examples.setdefault(notation, text)
    return Readings(by_notation, either, unread, examples)


def _day(text: str, notation: Notation) -> str | None:
    try:
        return day_of(text, notation, "start")
    except BadFieldError:
        return None


def _doubt(days: Readings) -> str | None:
    """Say why day and month of a column cannot be told apart; None when they can."""
    has_dmy, has_mdy = DAY_FIRST in days.by_notation, MONTH_FIRST in days.by_notation
    if has_dmy and has_mdy:
        return (
            f"its values can be dmy or mdy: {days.examples[DAY_FIRST]!r} has the day first, "
            f"{days.examples[MONTH_FIRST]!r} the month"
        )
    if None in days.examples and not (has_dmy or has_mdy):
        text = days.examples[None]
        return (
            f"its values can be dmy or mdy: {text!r} is {_day(text, DAY_FIRST)} or "
            f"{_day(text, MONTH_FIRST)}"
        )
    return None


def _main_notation(days: Readings) -> Notation:
    """Return the notation to state: the one that cannot be told from the text comes first."""
    for notation in (DAY_FIRST, MONTH_FIRST, Notation.compact):
        if notation in days.by_notation:
            return notation
    return days.by_notation.most_common(1)[0][0] if days.by_notation else DAY_FIRST


def _writings(days: Readings) -> str:
    main = _main_notation(days)
    others = [one for one in days.by_notation if one is not main and one in CERTAIN]
    return " and ".join([main, *others])


def _by_values(
    draft: Draft,
    columns: Mapping[str, Sequence[str]],
    bounds: Bounds,
    words: Words,
    *,
    has_points: bool,
) -> None:
    """Map the columns whose values are clear though their names are not, when only one fits."""
    open_columns = {
        name: values for name, values in columns.items() if name not in draft.why and values
    }
    if "start" not in draft.columns.values():
        _only(draft, "start", [n for n, v in open_columns.items() if _are_days(v)], open_columns)
    if not has_points and not {"lat", "lon", *IN_ONE_CELL} & set(draft.columns.values()):
        ranges = {"lat": (bounds.south, bounds.north), "lon": (bounds.west, bounds.east)}
        for to, (low, high) in ranges.items():
            fitting = [n for n, v in open_columns.items() if _all_within(v, low, high)]
            _only(draft, to, fitting, open_columns)
        for name, values in open_columns.items():
            if name not in draft.why and _are_points(values):
                _take_pair(draft, name, values, bounds, "its values are points")
    if "admin1" not in draft.columns.values():
        codes = words.context.iso_by_pcode
        fitting = [n for n, v in open_columns.items() if set(v) <= codes.keys()]
        _only(draft, "admin1", fitting, open_columns)
    for name in columns:
        draft.why.setdefault(name, "not mapped: neither its name nor its values tell what it is")


def _are_days(values: Sequence[str]) -> bool:
    return any(_share(values, partial(_day, notation=one)) >= SHARE for one in PATTERNS)


def _only(
    draft: Draft, to: str, names: Sequence[str], columns: Mapping[str, Sequence[str]]
) -> None:
    for name in names:
        if len(names) > 1:
            draft.why[name] = f"not mapped: could be {to}, and so could {len(names) - 1} more"
        elif to in DAYS:
            _take_day(draft, name, to, columns[name], "its values are days")
        elif name not in draft.columns:
            draft.take(name, to, f"its values are like {_sample(columns[name])}")


def _all_within(values: Sequence[str], low: float, high: float) -> bool:
    numbers = (_number(one) if DECIMAL.fullmatch(one) else None for one in values)
    return all(number is not None and low <= number <= high for number in numbers)


def _share(values: Sequence[str], fits: Callable[[str], object]) -> float:
    rows = Counter(values)
    return sum(n for one, n in rows.items() if fits(one)) / len(values) if values else 0.0


def _sample(values: Sequence[str]) -> str:
    return ", ".join(repr(one[:40]) for one in dict.fromkeys(values[:50]))[:120]
