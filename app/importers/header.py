"""A check of a file's columns, for every format whose columns are known by name.

It warns of columns that are unknown and of columns that are missing. Similar names are not
matched: `Latitude` is not `latitude`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from app.domain.errors import InvalidFile
from app.files.delimited import header_of
from app.files.kml import unread_documents
from app.files.sheets import faulty_cells, is_workbook, visible_sheets
from app.files.source import SourceFile
from app.importers.base import Warned

UNREAD = frozenset({"(kept in no field)", "(checked, kept in no field)", "(never kept)"})
MOST_LISTED = 10
MOST_NAMED = 40
"""Names in one warning; a file of another kind may have thousands of columns."""


@dataclass(frozen=True)
class Header:
    """The columns of a format.

    `mapping` gives the field that each column is read into. A file without a `needed` column is
    refused. A warning names any other missing column that is read, except those that only some
    releases have (`may_lack`). `older` columns are known and not read.
    """

    mapping: Mapping[str, str]
    needed: tuple[str, ...]
    older: frozenset[str] = frozenset()
    may_lack: frozenset[str] = frozenset()
    what: str = "columns"

    def mapped(self, source: SourceFile, names: Iterable[str] | None = None) -> dict[str, str]:
        """Map the columns that the file has."""
        columns = header_of(source)[0] if names is None else names
        return {name: self.mapping[name] for name in columns if name in self.mapping}

    def guard(self, source: SourceFile, names: Collection[str] | None = None) -> Iterator[Warned]:
        """Refuse a file without a needed column; warn of the new columns and the missing ones.

        Raises:
            InvalidFile: naming the columns that are missing.
        """
        columns = header_of(source)[0] if names is None else names
        if names is not None and not columns:
            return  # a list without any record: the importer reports it
        if missing := [name for name in self.needed if name not in columns]:
            raise InvalidFile(
                f"header of {source.name}",
                f"no {', '.join(missing)}",
                f"the {self.what} {', '.join(self.needed)}",
            )
        new = [name for name in columns if name not in self.mapping and name not in self.older]
        lacking = [name for name in self.mapping if self._is_read(name) and name not in columns]
        yield from drift(new, lacking, self.what)

    def _is_read(self, name: str) -> bool:
        return self.mapping[name] not in UNREAD and name not in self.may_lack


def member_names(objects: Iterable[object]) -> list[str]:
    """List the member names of JSON objects, each once, in order of appearance."""
    return list(dict.fromkeys(name for item in objects if isinstance(item, dict) for name in item))


def drift(
    new: Collection[str], lacking: Collection[str], what: str = "columns"
) -> Iterator[Warned]:
    """Warn of unknown columns and of missing ones."""
    if new:
        yield Warned(f"New {what} that this importer does not know: {joined_names(new)}.")
    if lacking:
        yield Warned(
            f"Missing {what} that this importer would read: {joined_names(lacking)}. "
            "What they say stays unstated."
        )


def faulty_cells_note(source: SourceFile) -> Iterator[Warned]:
    """Warn of cells of a workbook that are read as empty although they are not."""
    if is_workbook(source) and (count := faulty_cells(source)):
        yield Warned(
            "Cells with an error such as #DIV/0!, or with a formula whose value was not saved, are "
            f"read as empty: {count:,}."
        )


def unread_sheets_note(
    source: SourceFile, sheet: str | None = None, groups: Collection[str] = ()
) -> Iterator[Warned]:
    """Warn of the visible sheets beside the one that is read (None: the first) and its groups."""
    names = visible_sheets(source) if is_workbook(source) else []
    if others := [name for name in names if name not in {sheet or names[0], *groups}]:
        yield Warned(f"Sheets of the workbook that nobody reads: {joined_names(others)}.")


def unread_documents_note(source: SourceFile) -> Iterator[Warned]:
    """Warn of the documents of a KMZ that are not read."""
    if names := unread_documents(source):
        yield Warned(f"Documents of the KMZ that nobody reads: {joined_names(names)}.")


def joined_names(names: Collection[str]) -> str:
    """Join names with commas: at most the first forty."""
    first = [name or "(a column without a name)" for name in names][:MOST_NAMED]
    more = len(names) - len(first)
    return ", ".join(first) + (f" and {more:,} more" if more > 0 else "")


def listing(words: Counter[str]) -> str:
    """Write words with their numbers of rows, the most frequent first."""
    most = ", ".join(f"{word!r} ({n:,})" for word, n in words.most_common(MOST_LISTED))
    more = f" and {len(words) - MOST_LISTED:,} more" if len(words) > MOST_LISTED else ""
    return most + more
