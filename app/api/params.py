"""Reads a request's parameters: its View, and what an address has beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from app.domain.crs import REFERENCE_SYSTEMS, box_in_degrees
from app.domain.errors import InputError, InvalidPlace, InvalidView, InvalidWhen, Problem
from app.domain.instants import is_day, parse_day, parse_instant
from app.domain.period import FIRST_DAY, LAST_DAY
from app.domain.place import CRS84
from app.domain.story import Note
from app.domain.view import PARAMETERS, sides_of
from app.instance.workspace import Workspace
from app.maps.embedding import CAPTIONS, CONTROLS
from app.publishing.query import Query

Reader = Callable[[str], Any]
Own = Mapping[str, Any]
"""The values of the parameters that an address has beside its View, by name."""

EMPTY: Mapping[str, Reader] = {}
OPEN_END = ("..", "")


def read_query(workspace: Workspace, pairs: Iterable[tuple[str, str]]) -> Query:
    """Read a View of a request; all problems are reported at once.

    Raises:
        InvalidView: naming every parameter that does not fit.
    """
    return read(workspace, pairs, {})[0]


def read(
    workspace: Workspace, pairs: Iterable[tuple[str, str]], own: Mapping[str, Reader]
) -> tuple[Query, Own]:
    """Read a View and an address's own parameters; all problems are reported at once.

    Args:
        workspace: the data that are loaded decide which names are allowed.
        pairs: query parameters as they came.
        own: parameters that only this address has, with what reads each.

    Raises:
        InvalidView: naming every parameter that does not fit.
    """
    pairs = list(pairs)
    problems: list[Problem] = []
    values: dict[str, object] = {}
    for name, text in pairs:
        if name in own:
            if name in values:
                problems.append(Problem(f"query.{name}", text, "to be given once"))
            values[name] = _own(name, text, own[name], problems)
    query = None
    try:
        of_view = _in_degrees([pair for pair in pairs if pair[0] not in own], values, problems)
        query = Query.parse(workspace, of_view, datetime.now(UTC))
    except InvalidView as wrong:
        problems += [_with_own(problem, own) for problem in wrong.problems]
    if problems or query is None:
        raise InvalidView(tuple(problems))
    return query, values


def read_standard(
    workspace: Workspace,
    pairs: Iterable[tuple[str, str]],
    own: Mapping[str, Reader] = EMPTY,
    form: str = "json",
) -> tuple[Query, Own]:
    """Read a request to an address of OGC: programs may name the one form that it has.

    GDAL 3.6 adds the parameters of its source to links that have them already: the same twice
    counts once.

    Raises:
        InvalidView: naming every parameter that does not fit.
    """
    return read(workspace, dict.fromkeys(pairs), {**own, "f": choice_of(form)})


def _in_degrees(
    of_view: list[tuple[str, str]], own: Own, problems: list[Problem]
) -> list[tuple[str, str]]:
    """Bring a box in the system of `bbox-crs` to degrees, longitude first."""
    crs = own.get("bbox-crs") or CRS84
    if crs == CRS84:
        return of_view
    pairs = []
    for name, text in of_view:
        if name != "bbox":
            pairs.append((name, text))
            continue
        try:
            pairs.append((name, ",".join(map(str, box_in_degrees(crs, sides_of(text))))))
        except InvalidPlace as wrong:
            problems.append(Problem("query.bbox", text, wrong.problem.allowed))
    return pairs


def _own(name: str, text: str, reader: Reader, problems: list[Problem]) -> object:
    try:
        return reader(text)
    except InputError as wrong:
        problems.append(Problem(f"query.{name}", text, wrong.problem.allowed))
        return None


def _with_own(problem: Problem, own: Mapping[str, Reader]) -> Problem:
    """Add the address's own parameters to what a misspelt name could have been."""
    if not own or problem.where.removeprefix("query.") in PARAMETERS:
        return problem
    return problem._replace(allowed=f"{problem.allowed}, {', '.join(own)}")


def choice_of(*choices: str) -> Reader:
    """Make a reader for one word of a list."""

    def reads(text: str) -> str:
        if text not in choices:
            raise InputError("value", text, ", ".join(choices))
        return text

    return reads


EMBED_READERS: Mapping[str, Reader] = {
    "controls": choice_of(*CONTROLS),
    "caption": choice_of(*CAPTIONS),
}
"""What the address of a frame has beside its View (`app.maps.embedding`)."""


def whole_number(low: int, high: int) -> Reader:
    """Make a reader for a whole number between two bounds, both included."""

    def reads(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= 9 and low <= int(text) <= high):  # noqa: PLR2004
            raise InputError("value", text, f"a whole number from {low} to {high}")
        return int(text)

    return reads


def page_size(most: int) -> Reader:
    """Make a reader for a page's size: a number above `most` counts as `most` (OGC 17-069r4)."""

    def reads(text: str) -> int:
        if not (text.isascii() and text.isdigit() and text.strip("0")):
            raise InputError("value", text, f"a whole number from 1 to {most}; more counts as that")
        digits = text.lstrip("0")
        return most if len(digits) > len(str(most)) else min(int(digits), most)

    return reads


def line_of(most: int) -> Reader:
    """Make a reader for a line of text of at most so many characters."""

    def reads(line: str) -> str:
        if len(line) > most or not line.isprintable():
            raise InputError("value", line[:most], f"one line of at most {most} characters")
        return line.strip()

    return reads


def notes_of(most: int) -> Reader:
    """Make a reader for notes on a map, one a line, at most so many."""

    def reads(text: str) -> tuple[Note, ...]:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) > most:
            raise InputError("value", f"{len(lines)} notes", f"at most {most} notes")
        return tuple(map(Note.read, lines))

    return reads


def read_day(text: str) -> date:
    """Read a day, YYYY-MM-DD; a month or a time is refused."""
    return parse_day(text)


class Span(NamedTuple):
    """A time as OGC addresses write it: days or instants; an open end is None."""

    start: date | datetime | None
    end: date | datetime | None

    @property
    def is_interval(self) -> bool:
        """Tell an interval from one day or instant."""
        return self.start is None or self.start != self.end

    def days(self, zone: str) -> tuple[date | None, date | None]:
        """Return the first and the last day in a zone: incidents have days more than hours."""
        return _local(self.start, zone), _local(self.end, zone)


def _local(when: date | datetime | None, zone: str) -> date | None:
    return when.astimezone(ZoneInfo(zone)).date() if isinstance(when, datetime) else when


def read_span(text: str) -> Span:
    """Read a day, an instant with its offset, or an interval of them with `..` for an open end."""
    ends = text.split("/")
    allowed = "a day, an RFC 3339 time, or two with / between them and .. for an open end"
    if len(ends) > 2 or (len(ends) == 1 and ends[0] in OPEN_END):  # noqa: PLR2004  two ends
        raise InputError("datetime", text, allowed)
    start, end = (_moment(one, allowed) for one in (ends[0], ends[-1]))
    if start is None and end is None and len(ends) == 1:
        raise InputError("datetime", text, allowed)
    if start and end and _instant(end, time.max) < _instant(start, time.min):
        raise InputError("datetime", text, f"{allowed}; the end not before the start")
    return Span(start, end)


def _moment(text: str, allowed: str) -> date | datetime | None:
    if text in OPEN_END:
        return None
    try:
        if is_day(text):
            return parse_day(text)
        instant = parse_instant(text.upper())
        when = instant.astimezone(UTC)
        is_whole = instant.tzinfo is not None and "T" in text.upper()
        if not is_whole or not FIRST_DAY <= when.date() <= LAST_DAY:
            raise InputError("datetime", text, allowed)
    except (ValueError, OverflowError, InvalidWhen) as wrong:
        raise InputError("datetime", text, allowed) from wrong
    return when


def _instant(when: date | datetime, time_of_day: time) -> datetime:
    return when if isinstance(when, datetime) else datetime.combine(when, time_of_day, UTC)


def read_crs(text: str) -> str:
    """Read the address of a reference system that is offered."""
    return str(choice_of(*REFERENCE_SYSTEMS)(text))


def choices_of(*words: str) -> Reader:
    """Make a reader for a list of words, separated by commas."""

    def reads(text: str) -> tuple[str, ...]:
        chosen = tuple(text.split(","))
        if unknown := [word for word in chosen if word not in words]:
            raise InputError("value", unknown[0], ", ".join(words))
        return chosen

    return reads


def read_flag(text: str) -> bool:
    """Read true or false."""
    return bool(choice_of("true", "false")(text) == "true")
