"""The guard against drifted headers, one for every format whose columns are known by name.

What a file has beyond the known columns is named, and so is what it lacks of those that are read.
Nothing is guessed from a likeness: `Latitude` is not `latitude` until a person says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from app.domain.errors import InvalidFile
from app.importers.base import SourceFile, Warned, header_of

UNREAD = frozenset({"(kept in no field)", "(checked, kept in no field)", "(never kept)"})
MOST_NAMED = 40
"""Names that one sentence lists; a file of another sort may have thousands."""


@dataclass(frozen=True)
class Header:
    """The columns of a format.

    `mapping` says what each is read as. Without a needed one a file is refused; any other one that
    is read is missed by name, except those that not every release has (`may_lack`). `older` ones
    are known and say nothing.
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
        """Refuse a file without a needed column; name the new ones and the missing ones.

        Raises:
            InvalidFile: naming the columns that are missing.
        """
        columns = header_of(source)[0] if names is None else names
        if names is not None and not columns:
            return  # a list without a single record: said elsewhere
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
    """Name the members that any of some JSON objects has, in the order in which they are met."""
    return list(dict.fromkeys(name for item in objects if isinstance(item, dict) for name in item))


def drift(
    new: Collection[str], lacking: Collection[str], what: str = "columns"
) -> Iterator[Warned]:
    """Name what a header has too much and too little of."""
    if new:
        yield Warned(f"New {what} that this importer does not know: {joined_names(new)}.")
    if lacking:
        yield Warned(
            f"Missing {what} that this importer would read: {joined_names(lacking)}. "
            "What they say stays unstated."
        )


def joined_names(names: Collection[str]) -> str:
    """Write names in a row, the first forty of many."""
    first = [name or "(a column without a name)" for name in names][:MOST_NAMED]
    more = len(names) - len(first)
    return ", ".join(first) + (f" and {more:,} more" if more > 0 else "")
