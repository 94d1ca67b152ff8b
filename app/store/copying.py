"""A copy of the record in one file, taken while other processes read and write it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from app.domain.errors import DamagedRecord, StoreError, StoreFull, StoreTooNew
from app.store.moving import move
from app.store.postgis import PostgisStore
from app.store.schema import read_statements, schema_steps
from app.store.server import Server
from app.store.sqlite import BUSY_S, FULL, SqliteStore, address_of

PAGES = 4_096
"""Pages of one step: between two steps, Ctrl-C is heard."""

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class RecordCopy(NamedTuple):
    """What a copy of the record holds: its newest revision, and the schema that it has."""

    seq: int
    hash: bytes
    schema: int


def newest_schema() -> int:
    """Return the number of the newest schema that this release knows."""
    return schema_steps()[-1][0]


def schema_number(record: Path) -> int:
    """Return the schema of a record, which stays as it is.

    Raises:
        StoreTooNew: a later release wrote the record.
        StoreError: the record cannot be read.
    """
    address = address_of(record).replace("mode=rwc", "mode=rw")
    with _translated(), contextlib.closing(sqlite3.connect(address, uri=True)) as reader:
        (schema,) = reader.execute(read_statements()["version"]).fetchone()
    _refuse_newer(schema, "open it")
    return int(schema)


def record_schema(url: str, record: Path) -> tuple[int, int]:
    """Return the schema of a record in a database or a file, and the newest for its engine.

    Raises:
        StoreTooNew: a later release wrote the record.
        StoreError: the record cannot be read.
    """
    if url:
        newest = schema_steps("postgis")[-1][0]
        return Server(url).schema(read_statements("postgis")) or newest, newest
    return schema_number(record), newest_schema()


def _refuse_newer(schema: int, what: str) -> None:
    if schema > newest_schema():
        raise StoreTooNew(
            f"The record has schema {schema}, this release knows {newest_schema()}: "
            f"{what} with the release that wrote it, or a later one."
        )


def copy_record(source: Path, target: Path) -> RecordCopy:
    """Copy one state of a record, in the schema that it has; no writer waits for it.

    One read transaction spans the copy, so that a write beside it does not begin it again.

    Raises:
        StoreTooNew: a later release wrote the record.
        StoreFull: the disk has no room for the copy.
        StoreError: the record cannot be read.
    """
    sql = read_statements()
    address = address_of(source).replace("mode=rwc", "mode=rw")  # makes none that is not there
    with _translated(), contextlib.ExitStack() as closing:
        reader = sqlite3.connect(address, uri=True, timeout=BUSY_S, isolation_level=None)
        closing.callback(reader.close)
        writer = sqlite3.connect(target)
        closing.callback(writer.close)
        reader.execute(sql["begin_reading"])
        (schema,) = reader.execute(sql["version"]).fetchone()
        _refuse_newer(schema, "back it up")
        seq, hashed = (reader.execute(sql["head"]).fetchone() or (0, bytes(32), None))[:2]
        writer.execute(sql["no_journal"])
        writer.execute(sql["not_durable"])
        reader.backup(writer, pages=PAGES)
        return RecordCopy(seq, hashed, schema)


def copy_database(url: str, target: Path) -> RecordCopy:
    """Copy one state of a record in a database into a new file; no writer waits for it.

    Raises:
        StoreError: the database cannot be read, or the chain of its record is broken.
    """
    with contextlib.ExitStack() as closing:
        source = closing.enter_context(contextlib.closing(PostgisStore(url)))
        file = closing.enter_context(contextlib.closing(SqliteStore(target)))
        head = move(source, file, lambda _rows: None)
    return RecordCopy(head.seq, head.hash, newest_schema())


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as wrong:
        code = getattr(wrong, "sqlite_errorcode", 0)
        if code in FULL:
            raise StoreFull(f"The disk has no room for a copy of the record: {wrong}.") from wrong
        if code & 0xFF in _DAMAGED:
            raise DamagedRecord(f"The record's file is damaged: {wrong}.") from wrong
        raise StoreError(f"The record could not be copied: {wrong}.") from wrong
