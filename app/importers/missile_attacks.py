"""The CSV "Massive missile attacks": launches and interceptions by attack.

A row is one weapon model of one report; all rows with the same report, time window and target make
one wave. Launch places are not recorded, and reconnaissance drones are out of scope. See
`docs/formats.md`, section missile_attacks.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from app.domain.count import UNKNOWN, Count
from app.domain.errors import InputError
from app.domain.period import When
from app.domain.source import SourceRef
from app.domain.wave import Scope, Volley, Wave
from app.files import parsing
from app.files.delimited import header_of, table_rows
from app.files.source import BadFieldError, Rejection, SourceFile, rejection
from app.importers import events
from app.importers.base import Context, Dropped, Outcome, ParsedRecord, Warned
from app.importers.header import Header

COLUMNS = {
    "time_start": "start, key",
    "time_end": "end, key",
    "model": "volleys.model, weapons",
    "launch_place": "(tells rows apart, never kept)",
    "target": "target, scope, key",
    "target_main": "(kept in no field)",
    "launched": "volleys.launched",
    "destroyed": "volleys.intercepted",
    "not_reach_goal": "volleys.lost",
    "still_attacking": "volleys.flying",
    "border_crossing": "(kept in no field)",
    "is_shahed": "(kept in no field)",
    "num_hit_location": "volleys.hits",
    "num_fall_fragment_location": "volleys.debris",
    "carrier": "(never kept)",
    "turbojet": "(kept in no field)",
    "turbojet_destroyed": "(kept in no field)",
    "affected region": "(checked, kept in no field)",
    "destroyed_details": "(checked, kept in no field)",
    "launched_details": "(checked, kept in no field)",
    "launch_place_details": "(never kept)",
    "source": "sources, key",
}
HEADER = Header(
    COLUMNS,
    needed=("time_start", "time_end", "model", "target", "launched", "destroyed", "source"),
    may_lack=frozenset(
        {"num_hit_location", "num_fall_fragment_location"}
    ),  # older copies have none
)
LITERALS = ("affected region", "destroyed_details", "launched_details")
FIGURES = {
    "launched": "launched",
    "destroyed": "intercepted",
    "not_reach_goal": "lost",
    "still_attacking": "flying",
    "num_hit_location": "hits",
    "num_fall_fragment_location": "debris",
}
TIME = re.compile(r"(\d{4}-\d\d-\d\d)(?:\s+(\d{1,2}):(\d\d))?")
BARE_NAN = re.compile(r"\bnan\b", re.IGNORECASE)
JOINED = re.compile(r"\s+and\s+")
TIMES = "YYYY-MM-DD or YYYY-MM-DD HH:MM"


class MissileAttacks:
    """Reads one copy of the table into waves."""

    name = "missile_attacks"
    dataset = "missile-attacks"
    publisher = "Massive Missile Attacks on Ukraine (P. Ivaniuk)"
    licence = "internal"

    def recognises(self, source: SourceFile) -> str | None:
        """Recognise the columns that no other table has together."""
        if {"time_start", "model", "launched", "destroyed"} <= set(header_of(source)[0]):
            return "columns time_start, model, launched and destroyed of the missile attacks"
        return None

    def mapping(self, source: SourceFile) -> dict[str, str]:
        """Map the columns that the file has."""
        return HEADER.mapped(source)

    def read(self, source: SourceFile, context: Context) -> Iterator[Outcome]:
        """Yield the rows that are dropped or rejected, then the waves.

        Raises:
            InvalidFile: a needed column is missing; new ones only warn.
        """
        yield from HEADER.guard(source)
        collector = _WaveCollector(context, events.Crosswalk(context, "missile_attacks"))
        for row in table_rows(source):
            if isinstance(row, Rejection):
                yield row
            elif outcome := collector.add(*row):
                yield outcome
        yield from collector.outcomes()


class _Report(NamedTuple):
    """What identifies a wave: its time window, target and source, as written."""

    start: str
    end: str
    target: str
    source: str

    @property
    def key(self) -> str:
        """The wave's key in the source's own words; launch places are no part of it."""
        return f"{self.start}/{self.end}|{self.target}|{self.source}"


@dataclass
class _Rows:
    """The row numbers and volleys of one wave, and the numbers of repeated rows."""

    when: When
    numbers: list[int] = field(default_factory=list)
    volleys: list[Volley] = field(default_factory=list)
    repeats: list[int] = field(default_factory=list)


@dataclass
class _WaveCollector:
    """Collects rows into waves; `seen` shows whether a row repeats an earlier one."""

    context: Context
    crosswalk: events.Crosswalk
    waves: dict[_Report, _Rows] = field(default_factory=dict)
    seen: dict[tuple[str, ...], tuple[int, Volley]] = field(default_factory=dict)
    odd_cells: int = 0

    def add(self, row: int, cells: dict[str, str]) -> Outcome | None:
        """Add a row to its wave; return an outcome if it belongs to none."""
        try:
            return self._add(row, cells)
        except (BadFieldError, InputError) as wrong:
            return rejection(row, wrong)

    def _add(self, row: int, cells: dict[str, str]) -> Outcome | None:
        model = cells.get("model", "")
        weapons = _weapons(model, self.crosswalk)
        if weapons is None:
            return Dropped(row, "reconnaissance")
        report = _Report(*(_single_spaced(cells.get(name, "")) for name in _NAMES))
        when = _when(report, self.context.theatre.zone)
        self.odd_cells += sum(not _is_literal(cells.get(name)) for name in LITERALS)
        figures = {ours: _count(cells, name) for name, ours in FIGURES.items()}
        volley = Volley(model=model, weapons=weapons, **figures)
        key = (*report, model, cells.get("launch_place", ""))
        if key in self.seen:
            return self._repeated(row, report, volley, self.seen[key])
        self.seen[key] = row, volley
        wave = self.waves.setdefault(report, _Rows(when))
        wave.numbers.append(row)
        wave.volleys.append(volley)
        return None

    def _repeated(
        self, row: int, report: _Report, volley: Volley, first: tuple[int, Volley]
    ) -> Outcome | None:
        number, same = first
        if same == volley:
            self.waves[report].repeats.append(row)
            return None
        why = f"the key stands for another record already, in row {number}"
        return Rejection(row, "source_key", report.key[:200], why)

    def outcomes(self) -> Iterator[Outcome]:
        """Yield each wave with its number of rows, and once more for each repeated row."""
        for report, rows in self.waves.items():
            wave = self._wave(report, rows)
            yield ParsedRecord(rows.numbers[0], wave, rows=len(rows.numbers))
            yield from (ParsedRecord(row, wave) for row in rows.repeats)
        if self.odd_cells:
            yield Warned(
                f"{self.odd_cells:,} cells of {', '.join(LITERALS)} are no list or dictionary; "
                "they were passed over."
            )

    def _wave(self, report: _Report, rows: _Rows) -> Wave:
        whole = report.target.lower() in self.crosswalk.tables["national"]
        return Wave(
            key=report.key,
            dataset=self.context.dataset,
            when=rows.when,
            scope=Scope.national if whole else Scope.regional,
            target=report.target or None,
            volleys=tuple(rows.volleys),
            sources=_sources(report.source),
            synthetic=self.context.synthetic,
        )


_NAMES = ("time_start", "time_end", "target", "source")


def _single_spaced(text: str) -> str:
    return " ".join(text.split())


def _weapons(model: str, crosswalk: events.Crosswalk) -> tuple[str, ...] | None:
    """Return the weapon codes of models joined by "and"; None if all are reconnaissance drones.

    Raises:
        BadFieldError: no model is stated.
    """
    if not model:
        raise BadFieldError("model", "", "the weapon's model, in the source's word")
    names = [name.lower() for name in JOINED.split(model)]
    codes = {name.lower(): code for name, code in crosswalk.tables["weapons"].items()}
    reconnaissance = {name.lower() for name in crosswalk.tables["reconnaissance"]}
    if all(name in reconnaissance for name in names):
        return None
    return tuple(dict.fromkeys(codes[name] for name in names if name in codes))


def _count(cells: dict[str, str], name: str) -> Count:
    number = parsing.whole(cells.get(name), name)
    return UNKNOWN if number is None else Count.exactly(number)


def _when(report: _Report, zone: str) -> When:
    """Read a time window: instants if both ends have an hour, else days."""
    first, start = _day_and_instant(report.start, "time_start", zone)
    last, end = _day_and_instant(report.end, "time_end", zone)
    text = f"{report.start} - {report.end}"
    if start is not None and end is not None:
        return When.instants(start, end, zone, text=text)
    return When.days(first, last, text=text, zone=zone)


def _day_and_instant(text: str, name: str, zone: str) -> tuple[date, datetime | None]:
    match = TIME.fullmatch(text)
    if not match:
        raise BadFieldError(name, text, TIMES)
    day, hour, minute = match.groups()
    on = events.day(day, name, (events.ISO,))
    if hour is None:
        return on, None
    try:
        at = datetime(on.year, on.month, on.day, int(hour), int(minute), tzinfo=ZoneInfo(zone))
    except ValueError as wrong:
        raise BadFieldError(name, text, TIMES) from wrong
    return on, at


def _is_literal(cell: str | None) -> bool:
    """Tell whether a cell is a Python literal, also with a bare NaN; no code is run."""
    if not cell:
        return True
    try:
        ast.literal_eval(BARE_NAN.sub("None", cell))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def _sources(post: str) -> tuple[SourceRef, ...]:
    """Return the post as a source: by its link, else by its text as the publisher."""
    if not post:
        return ()
    if post.startswith(("http://", "https://")):
        return (SourceRef(url=post),)
    return (SourceRef(publisher=post),)
