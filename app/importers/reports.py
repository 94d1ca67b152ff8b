"""Tables with a row for each report, such as a video: rows of one incident become one record.

The record has the sources of all its rows. Rows that say another day or place than the first one
stay records of their own, and a warning counts them: nobody says which of them is right.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from app.domain.mapping import DAYS, TableMapping
from app.files.sheets import Cells, squeezed
from app.files.source import Rejection
from app.importers.base import Dropped, Warned
from app.importers.header import listing
from app.importers.victims import FROM_ANY, SAME_IN_ALL, EventRow

OF_ALL = ("weapons", "kind")
"""Fields of words of which an incident has those of all its rows."""

TRUE = frozenset(("true", "1", "yes"))
TIME_OF_DAY = re.compile(r"[ T]\d{1,2}:.*")


def with_key(mapping: TableMapping) -> TableMapping:
    """Add the column of the incident as the key, where the mapping has no other."""
    if not mapping.same_incident or mapping.column("source_key"):
        return mapping
    columns = {**mapping.columns, mapping.same_incident: "source_key"}
    return msgspec.structs.replace(mapping, columns=columns)


class ReportRows:
    """Puts the rows of each incident together, and counts those that stay apart."""

    def __init__(self, mapping: TableMapping) -> None:
        self.column, self.key = mapping.same_incident, mapping.column("source_key") or ""
        by_field = {to: name for name, to in mapping.columns.items()}
        self.days = [by_field[to] for to in DAYS[:2] if to in by_field]
        self.places = [by_field[to] for to in SAME_IN_ALL[2:] if to in by_field]
        self.lines = [name for name, to in mapping.columns.items() if to in FROM_ANY]
        self.words = [name for name, to in mapping.columns.items() if to in OF_ALL]
        self.graphic = by_field.get("graphic")
        self.joined = 0
        self.apart = Counter[str]()

    def incidents(
        self, rows: Iterator[tuple[int, Cells] | Rejection | Dropped]
    ) -> Iterator[EventRow | Rejection | Dropped]:
        """Yield one row for each incident; a row that names none is one of its own."""
        by_incident: dict[str, list[tuple[int, Cells]]] = {}
        for row in rows:
            if isinstance(row, (Rejection, Dropped)):
                yield row
            elif incident := row[1].get(self.column):
                by_incident.setdefault(incident, []).append(row)
            else:
                yield EventRow(*row)
        for incident, group in by_incident.items():
            yield from self._incident(incident, group)

    def warnings(self) -> Iterator[Warned]:
        """Say how many rows became records together, and which stay apart."""
        if self.joined:
            yield Warned(
                f"Rows that report an incident of another row, as {self.column!r} says, and are "
                f"sources of it: {self.joined:,}."
            )
        if self.apart:
            yield Warned(
                "Rows that say another day or place than the first one of their incident, and "
                f"stay apart: {listing(self.apart)}."
            )

    def _incident(self, incident: str, group: Sequence[tuple[int, Cells]]) -> Iterator[EventRow]:
        number, first = group[0]
        together, cells = [first], dict(first)
        for row, other in group[1:]:
            if self._is_same(cells, other):
                together.append(other)
                cells = {**other, **cells}
            else:
                self.apart[incident] += 1
                yield EventRow(row, other)
        self.joined += len(together) - 1
        for name in self.lines:
            cells[name] = "\n".join(_each(together, name))
        for name in self.words:
            cells[name] = ", ".join(_each(together, name))
        if self.graphic:
            stated = [*_each(together, self.graphic), ""]
            cells[self.graphic] = next(filter(_is_true, stated), stated[0])
        cells[self.key] = incident
        yield EventRow(number, {name: text for name, text in cells.items() if text}, len(together))

    def _is_same(self, cells: Cells, other: Cells) -> bool:
        """Tell whether no row says another day or place than the other; one may say nothing."""
        pairs = [(cells.get(name), other.get(name)) for name in self.places]
        pairs += [(_day(cells.get(name)), _day(other.get(name))) for name in self.days]
        return all(one == another for one, another in pairs if one and another)


def _each(rows: Sequence[Cells], name: str) -> list[str]:
    """List the texts of a column, each once."""
    return list(dict.fromkeys(text for cells in rows if (text := cells.get(name))))


def _is_true(text: str) -> bool:
    return squeezed(text) in TRUE


def _day(text: str | None) -> str:
    return TIME_OF_DAY.sub("", text or "")
