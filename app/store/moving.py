"""Copies a record from one engine to the other, row for row, so that its chain stays the same."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from itertools import zip_longest
from typing import Protocol, TypeAlias

from psycopg import IsolationLevel

from app.domain.errors import BrokenChain, InputError
from app.domain.revision import Head
from app.domain.store import verify
from app.store.decoding import Row
from app.store.ledger import REVISION_TYPES
from app.store.postgis import PostgisStore
from app.store.schema import read_statements
from app.store.server import Connection
from app.store.sqlite import SqliteStore

AnyStore: TypeAlias = SqliteStore | PostgisStore

TABLES: Mapping[str, tuple[str, ...]] = {
    "entry": ("int8", "int8", "text", "text", "int8", "int8"),
    "revision": REVISION_TYPES,
    "current": ("text", "text", "int8", "bytea", "int4"),
    "shape": ("text", "bytea"),
    "token": (*["text"] * 4, "bytea", *["int8"] * 3, *["text"] * 3),
    "session": (*["text"] * 4, *["bytea"] * 2, *["int8"] * 3),
}
"""The tables of a record, and the types of their columns on a server."""

Progress: TypeAlias = Callable[[int], None]
"""Told how many rows are copied."""


class _Tables(Protocol):
    """The tables of one record, inside a transaction."""

    def is_empty(self) -> bool:
        """Tell whether nothing was ever written."""

    def rows(self, table: str) -> Generator[Row]:
        """Read a table in the order of its key."""

    def rows_since(self, table: str, seq: int) -> Generator[Row]:
        """Read what a table has of the revisions after one, in the order of its key."""

    def fill(self, table: str, rows: Iterable[Row]) -> None:
        """Write the rows of an empty table."""

    def finish(self, head: Head) -> None:
        """Derive what the engine derives from the ledger."""


class _InFile:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection, self._sql = connection, read_statements()

    def is_empty(self) -> bool:
        return bool(self._connection.execute(self._sql["is_empty"]).fetchone()[0])

    def rows(self, table: str) -> Generator[Row]:
        yield from self._connection.execute(self._sql[f"read_{table}"])

    def rows_since(self, table: str, seq: int) -> Generator[Row]:
        yield from self._connection.execute(self._sql[f"since_{table}"], {"after": seq})

    def fill(self, table: str, rows: Iterable[Row]) -> None:
        self._connection.executemany(self._sql[f"fill_{table}"], rows)

    def finish(self, head: Head) -> None:
        pass


class _OnServer:
    def __init__(self, connection: Connection) -> None:
        self._connection, self._sql = connection, read_statements("postgis")

    def is_empty(self) -> bool:
        row = self._connection.execute(self._sql["is_empty"]).fetchone()
        return row is not None and bool(row[0])

    def rows(self, table: str) -> Generator[Row]:
        with self._connection.cursor(f"read_{table}", binary=True) as cursor:
            yield from cursor.execute(self._sql[f"read_{table}"])

    def rows_since(self, table: str, seq: int) -> Generator[Row]:
        with self._connection.cursor(f"since_{table}", binary=True) as cursor:
            yield from cursor.execute(self._sql[f"since_{table}"], {"after": seq})

    def fill(self, table: str, rows: Iterable[Row]) -> None:
        with self._connection.cursor().copy(self._sql[f"fill_{table}"]) as copy:
            copy.set_types(TABLES[table])
            for row in rows:
                copy.write_row(row)

    def finish(self, head: Head) -> None:
        self._connection.execute(self._sql["derive"], {"first": 1, "last": head.seq})
        self._connection.execute(self._sql["notify"], {"seq": head.seq})


@contextlib.contextmanager
def tables_of(store: AnyStore) -> Iterator[_Tables]:
    """Read one state of a record, whatever others write meanwhile."""
    if isinstance(store, SqliteStore):
        with store.reading() as file:
            yield _InFile(file)
        return
    with store.reading(IsolationLevel.REPEATABLE_READ) as server:
        yield _OnServer(server)


@contextlib.contextmanager
def tables_to_fill(store: AnyStore) -> Iterator[_Tables]:
    """Write in one transaction, which is undone when anything goes wrong."""
    if isinstance(store, SqliteStore):
        with store.transaction() as file:
            yield _InFile(file)
        return
    with store.transaction() as server:
        yield _OnServer(server)


def move(source: AnyStore, target: AnyStore, progress: Progress) -> Head:
    """Copy a record into an empty one: whole, or not at all.

    The source is verified first; then each row that was written is read back and compared, so the
    target verifies as well.

    Raises:
        InputError: the target is not empty.
        BrokenChain: the source does not verify; nothing was written.
    """
    verify(source)
    with tables_of(source) as read, tables_to_fill(target) as written:
        if not written.is_empty():
            raise InputError("TO", "a record that holds something", "an empty one, or a new one")
        done = 0

        def counted(rows: Iterator[Row]) -> Iterator[Row]:
            nonlocal done
            for row in rows:
                done += 1
                if done % 10_000 == 0:
                    progress(done)
                yield row

        for table in TABLES:
            with contextlib.closing(read.rows(table)) as rows:
                written.fill(table, counted(rows))
        head = _end(written)
        written.finish(head)
        for table in TABLES:
            _compare(table, read, written)
    return head


def _end(tables: _Tables) -> Head:
    """Return the last link of a record."""
    head = Head(0, bytes(32), None)
    for row in tables.rows("revision"):
        head = Head(row[0], row[-1], None)
    return head


def _compare(table: str, read: _Tables, written: _Tables) -> None:
    with (
        contextlib.closing(read.rows(table)) as source,
        contextlib.closing(written.rows(table)) as target,
    ):
        for number, (there, here) in enumerate(zip_longest(source, target), start=1):
            if there != here:
                what = f"Row {number:,} of {table}"
                raise BrokenChain(f"{what} was not copied as it is; nothing was kept.")
