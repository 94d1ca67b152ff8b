"""Tables with a row for each victim: the rows of one event become one incident.

The people are counted and nothing of them is kept, unless the mapping maps a column to a field. A
fate that is not stated is no survivor: the number is then a lower bound.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from app.domain.count import TOLLS
from app.domain.mapping import DAYS, FATES, IN_ONE_CELL, PLACES, TableMapping, Victims
from app.files.sheets import Cells, squeezed
from app.files.source import Rejection
from app.importers.base import Dropped, Warned
from app.importers.header import listing

NUMBERS = {toll: f"\0{toll}" for toll in TOLLS}
"""The columns, of no file, in which the rows of an event have their numbers."""

SAME_IN_ALL = (*DAYS[:2], *PLACES, "lon", "lat", *IN_ONE_CELL)
"""Fields that must be the same in all rows of an event."""

FROM_ANY = ("description", "source_url")
"""Fields of which an event has what any of its rows says."""


class EventRow(NamedTuple):
    """The rows of one event as one row: the number of the first, its cells, and their number."""

    row: int
    cells: Cells
    rows: int = 1


def with_numbers(mapping: TableMapping) -> TableMapping:
    """Add to a mapping the columns of the numbers, and the event as the key."""
    if mapping.victims is None:
        return mapping
    numbers = {column: toll for toll, column in NUMBERS.items()}
    columns = {mapping.victims.event: "source_key", **mapping.columns, **numbers}
    return msgspec.structs.replace(mapping, columns=columns)


class Fates:
    """Counts persons by what became of them, and the words of fates that no list has."""

    def __init__(self, victims: Victims, words: Mapping[str, str]) -> None:
        self.victims, self.words = victims, {**words, **victims.words}
        self.unknown = Counter[str]()

    def numbers(self, persons: Iterable[Cells]) -> dict[str, str]:
        """Write the number of each toll, as "2", or as "2+" where the fate of somebody is unknown.

        Nobody in the list is not nobody at all: a toll of none is not among them.
        """
        counts = Counter(self._fate(cells) for cells in persons)
        return {
            toll: f"{counts[toll]}{'+' if counts[None] else ''}" for toll in TOLLS if counts[toll]
        }

    def warnings(self) -> Iterator[Warned]:
        """Warn of the words of fates that no list has."""
        if self.unknown:
            yield Warned(
                "Fates that no list has, so that numbers are lower bounds: "
                f"{listing(self.unknown)}."
            )

    def _fate(self, cells: Cells) -> str | None:
        """Return "killed", "injured", "" for neither, or None where nobody knows."""
        if self.victims.every:
            return self.victims.every
        text = cells.get(self.victims.fate, "")
        fate = self.words.get(squeezed(text)) if text else None
        if text and fate not in FATES:
            self.unknown[text] += 1
        return fate


class VictimRows:
    """Puts the rows of each event together."""

    def __init__(self, mapping: TableMapping, victims: Victims, words: Mapping[str, str]) -> None:
        self.victims, self.fates = victims, Fates(victims, words)
        self.fields = {to: name for name, to in mapping.columns.items() if to in SAME_IN_ALL}
        self.joined = [name for name, to in mapping.columns.items() if to in FROM_ANY]

    def events(
        self, rows: Iterator[tuple[int, Cells] | Rejection | Dropped]
    ) -> Iterator[EventRow | Rejection | Dropped]:
        """Yield one row for each event, in the order of their first rows."""
        by_event: dict[str, list[tuple[int, Cells]]] = {}
        for row in rows:
            if isinstance(row, (Rejection, Dropped)):
                yield row
            elif event := row[1].get(self.victims.event):
                by_event.setdefault(event, []).append(row)
            else:
                allowed = "the key of the event: rows with the same one are one incident"
                yield Rejection(row[0], self.victims.event, "", allowed)
        for group in by_event.values():
            yield self._event(group)

    def _event(self, group: list[tuple[int, Cells]]) -> EventRow | Rejection:
        first_row, first = group[0]
        cells = dict(first)
        for row, other in group[1:]:
            for name in self.fields.values():
                stated = cells.setdefault(name, other.get(name, ""))
                if other.get(name, stated) != stated:
                    why = (
                        f"{stated!r}, as in another row of the event {first[self.victims.event]!r}"
                    )
                    return Rejection(row, name, other[name], why, rows=len(group))
        for name in self.joined:
            texts = dict.fromkeys(text for _row, other in group if (text := other.get(name)))
            cells[name] = "\n".join(texts)
        numbers = self.fates.numbers(other for _row, other in group)
        cells.update({NUMBERS[toll]: number for toll, number in numbers.items()})
        return EventRow(first_row, {name: text for name, text in cells.items() if text}, len(group))
