"""Counts what people typed in a way that the report of an import should say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.domain.count import TOLLS
from app.domain.errors import LONGEST_GOT
from app.domain.mapping import DAYS, TOLL_PARTS, TableMapping
from app.files import parsing
from app.files.source import Rejection
from app.importers.base import Warned
from app.importers.header import listing

TIMES = {"start": "start_time", "end": "end_time"}
COUNTED = frozenset(
    f"{toll}{part}"
    for toll in TOLLS
    for part in TOLL_PARTS
    if part not in ("_low", "_best", "_high")
)
"""Fields of a number of people that may be a range."""

CHECKED = COUNTED | {*DAYS, *TIMES.values(), "lon", "lat", "lon_lat", "lat_lon"}
"""Fields whose values either can be read or not; other fields take any text."""

UNREAD = 0.4
"""A file of which this share of a mapped column cannot be read is refused."""


@dataclass
class Typed:
    """Counts what was typed in a way that a person should know of."""

    serial: Counter[str] = field(default_factory=Counter)
    vague: dict[str, Counter[str]] = field(default_factory=dict)
    without_zone: int = 0
    without_last_day: int = 0
    filled: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)

    def refuse(self, fault: Rejection) -> None:
        """Count a row whose day, coordinate or number of people cannot be read."""
        to = re.split("[.,]", fault.field)[0]
        if fault.got and to in CHECKED and fault.why != parsing.NO_PLACE:
            self.unread[to] += 1
            self.examples.setdefault(to, fault.got)

    def refusals(self, mapping: TableMapping) -> Iterator[Warned]:
        """Refuse the file for each column of which too much cannot be read."""
        for to, unread in self.unread.items():
            column, filled = mapping.column(to), self.filled[to]
            if column and filled and unread >= UNREAD * filled:
                example = self.examples[to][:LONGEST_GOT]
                yield Warned(
                    f"{unread:,} of {filled:,} values of the column {column!r} ({to}) cannot be "
                    f"read, such as {example!r}",
                    is_refusal=True,
                )

    def warnings(self) -> Iterator[Warned]:
        """Warn of days as numbers, times without a zone and numbers that are none."""
        for name, rows in self.serial.items():
            yield Warned(
                f"Days of {name} that are a spreadsheet's numbers, such as 45370: {rows:,}."
            )
        if self.without_zone:
            yield Warned(
                f"Times of day without a time zone, kept as text: {self.without_zone:,}; the "
                "constant `zone` of a mapping says whose time it is."
            )
        if self.without_last_day:
            yield Warned(
                f"Times of an end whose day is not stated, kept as text: {self.without_last_day:,}."
            )
        if self.errors:
            yield Warned(
                f"Cells with an error of a spreadsheet, read as not known: {listing(self.errors)}."
            )
        for name, texts in self.vague.items():
            yield Warned(f"Texts of {name} that state no number, left unknown: {listing(texts)}.")
