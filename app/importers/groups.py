"""The repeated groups of a form: sheets or files whose rows belong to rows of the main table.

Rows of persons are counted. Rows of places, damaged objects or links say more of the incident: a
row of the main table with three places in a group is read as one that names three places itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from app.domain.errors import InvalidFile
from app.domain.mapping import OF_DAMAGE, TOLL_BOUNDS, TOLL_PARTS, Group, Precedence, TableMapping
from app.files.sheets import Cells, TextTable, is_workbook, table, visible_sheets
from app.files.source import BadFieldError, Rejection, SourceFile
from app.importers.base import Warned
from app.importers.counts import Range, count_of, says_unknown
from app.importers.header import joined_names
from app.importers.victims import Fates

TextsByField = dict[str, list[str]]
"""What a row says of each field."""

SIDE_BY_SIDE = (("lon", "lat"), OF_DAMAGE)
"""Fields whose texts belong together by their places: the second longitude and latitude."""


class GroupTables:
    """The groups that a mapping reads beside the main table."""

    def __init__(self, mapping: TableMapping, source: SourceFile, fates: Mapping[str, str]) -> None:
        self.groups = [
            _GroupRows(name, group, group_table(source, name), fates)
            for name, group in mapping.groups.items()
        ]

    def add_to(self, texts: TextsByField, cells: Cells) -> None:
        """Add what the rows of the groups say to what their row of the main table says.

        Raises:
            BadFieldError: two rows of the main table have the same key, or its row and a list of
                persons say different numbers.
        """
        for group in self.groups:
            group.add_to(texts, cells)

    def outcomes(self) -> Iterator[Rejection | Warned]:
        """Reject what belongs to no row, and say how much was joined; to be read at the end."""
        for group in self.groups:
            yield from group.outcomes()


def group_table(source: SourceFile, name: str) -> TextTable:
    """Open the table of a group: a sheet of the workbook, or a file beside the main one.

    Raises:
        InvalidFile: there is none of this name.
    """
    files = dict(source.companions)
    if name in files:
        return table(SourceFile.open(files[name], Path(name).name))
    names = visible_sheets(source) if is_workbook(source) else list(files)
    if name not in names:
        allowed = f"one of {', '.join(names)}" if names else "a workbook, or the files of one form"
        raise InvalidFile(f"group of {source.name}", name, allowed)
    return table(source, sheet=name)


class _GroupRows:
    """The rows of one group, by their row of the main table."""

    def __init__(self, name: str, group: Group, body: TextTable, fates: Mapping[str, str]) -> None:
        self.name, self.group = name, group
        self.fields = {to: column for column, to in group.columns.items()}
        self.fates = None if group.victims is None else Fates(group.victims, fates)
        self.left_out = self._check(body.names)
        self.faults = list[Rejection]()
        self.waiting: dict[str, list[tuple[int, Cells]]] = {}
        self.used = set[str]()
        self.joined = 0
        for row in body.rows:
            if isinstance(row, Rejection):
                self.faults.append(row)
            else:
                # A group within a group has the key of its row as uuid:…/places[1].
                key = row[1].get(group.parent, "").partition("/")[0]
                self.waiting.setdefault(key, []).append(row)

    def _check(self, names: list[str]) -> list[str]:
        """Refuse a group without its columns; return those that nobody reads."""
        group = self.group
        needed = [group.parent, *group.columns, *([group.fate] if group.fate else [])]
        if missing := [name for name in needed if name not in names]:
            got, allowed = f"no {', '.join(missing)}", ", ".join(names)
            raise InvalidFile(f"columns of the group {self.name}", got, allowed)
        return [name for name in names if name not in needed]

    def add_to(self, texts: TextsByField, cells: Cells) -> None:
        key = cells.get(self.group.key, "")
        if key and key in self.used:
            allowed = f"a key of one row: rows of the group {self.name!r} belong to it"
            raise BadFieldError(self.group.key, key, allowed)
        self.used.add(key)
        rows = [row for _number, row in self.waiting.pop(key, [])] if key else []
        self.joined += len(rows)
        for fields in SIDE_BY_SIDE:
            if rows and not self.fields.keys().isdisjoint(fields):
                _even(texts, fields)
                self._add(texts, rows, fields)
        others = [to for to in self.fields if not any(to in fields for fields in SIDE_BY_SIDE)]
        for to in others:
            if more := [text for row in rows if (text := row.get(self.fields[to]))]:
                texts.setdefault(to, []).extend(more)
        if self.fates is not None:
            for toll, number in self.fates.numbers(rows).items():
                self._count(texts, toll, number)

    def _add(self, texts: TextsByField, rows: Sequence[Cells], fields: Sequence[str]) -> None:
        for row in rows:
            if any(row.get(self.fields.get(to, "")) for to in fields):
                for to in fields:
                    texts[to].append(row.get(self.fields.get(to, ""), ""))

    def _count(self, texts: TextsByField, toll: str, listed: str) -> None:
        """Take the number of the list, where the row states none or the mapping says so."""
        parts = [f"{toll}{part}" for part in (*TOLL_PARTS, *TOLL_BOUNDS) if part != "_child"]
        stated = {to: text for to in parts for text in texts.get(to, ()) if not says_unknown(text)}
        if not stated or self.group.numbers is Precedence.listed:
            for to in parts:
                texts.pop(to, None)
            texts[toll] = [listed]
        elif self.group.numbers is Precedence.agree and not _agree(stated, toll, listed):
            to, text = next(iter(stated.items()))
            allowed = (
                f"the number that {self.name!r} lists, {listed}; or `numbers` under "
                f"[groups.{self.name}] says which counts, stated or listed"
            )
            raise BadFieldError(to, text, allowed)

    def outcomes(self) -> Iterator[Rejection | Warned]:
        for fault in self.faults:
            yield Rejection(fault.row, fault.field, fault.got, fault.why, self.name, fault.rows)
        allowed = f"the {self.group.key!r} of a row of the main table"
        for key, rows in self.waiting.items():
            for number, _cells in rows:
                yield Rejection(number, self.group.parent, key, allowed, self.name)
        what = "counted as persons" if self.fates else "read with the rows they belong to"
        yield Warned(f"Rows of the group {self.name!r}, {what}: {self.joined:,}.")
        if self.left_out:
            names = joined_names(self.left_out)
            yield Warned(f"Columns of the group {self.name!r} that nobody reads: {names}.")
        yield from () if self.fates is None else self.fates.warnings()


def _even(texts: TextsByField, fields: Sequence[str]) -> None:
    """Fill up what belongs together, so that the next texts stand side by side."""
    most = max(len(texts.get(to, ())) for to in fields)
    for to in fields:
        stated = texts.setdefault(to, [])
        stated.extend([""] * (most - len(stated)))


def _agree(stated: Mapping[str, str], toll: str, listed: str) -> bool:
    """Tell whether a stated number is that of the list; "2+" agrees with 2 and more."""
    if stated.keys() != {toll}:
        return False
    number = count_of(stated[toll], toll)
    low, high = _bounds(count_of(listed, toll) or {})
    if number is None:
        return False
    stated_low, stated_high = _bounds(number)
    return stated_high >= low and stated_low <= high


def _bounds(number: Range) -> tuple[float, float]:
    best = number.get("best")
    low = number.get("low", best or 0)
    unbounded = float("inf") if best is None else best
    return low, number.get("high", unbounded)
