"""What a record has since an earlier revision, as a small record; and a copy that it brings on."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec

from app.domain.control import ControlSnapshot
from app.domain.errors import InputError, StoreError
from app.domain.revision import Erasure, Head, Subject
from app.store.copying import RecordCopy, newest_schema, schema_number
from app.store.decoding import Row
from app.store.moving import AnyStore, tables_of, tables_to_fill
from app.store.opening import RECORD
from app.store.postgis import PostgisStore
from app.store.schema import read_statements
from app.store.sqlite import SqliteStore

SHAPES_AT_ONCE = 200
_CONTROL = msgspec.json.Decoder(ControlSnapshot)
_ERASURE = msgspec.json.Decoder(Erasure)


def copy_since(url: str, data_dir: Path, after: Head, target: Path) -> RecordCopy:
    """Write what came after a revision into a new file: one state, and no writer waits for it.

    Raises:
        InputError: the record does not hold that revision, or has an older schema.
        StoreError: the record cannot be read.
    """
    record = data_dir / RECORD
    if not url and schema_number(record) < newest_schema():
        allowed = "the schema of this release: run `strikemap upgrade`, or write a whole backup"
        raise InputError("record", f"schema {schema_number(record)}", allowed)
    source: AnyStore = PostgisStore(url) if url else SqliteStore(record)
    with contextlib.closing(source), contextlib.closing(SqliteStore(target)) as file:
        if after.seq and source.hash_of(after.seq) != after.hash:
            allowed = (
                "an empty place, or one with backups of this record: this one's newest, revision "
                f"{after.seq:,}, is of another installation, or of what an older copy replaced"
            )
            raise InputError("OUT", "backups of another record", allowed)
        end = after
        with tables_of(source) as read, tables_to_fill(file) as written:
            for table in ("entry", "revision", "current"):
                written.fill(table, read.rows_since(table, after.seq))
            written.fill("token", read.rows("token"))
            for row in written.rows("revision"):
                end = Head(row[0], row[-1], None)
            hashes = _shapes_named_by(written.rows("revision"))
            for batch in _batches(hashes):
                written.fill("shape", source.shapes(batch).items())
    return RecordCopy(end.seq, end.hash, newest_schema())


def _shapes_named_by(rows: Iterator[Row]) -> list[str]:
    """List the polygons that new days of control have; older ones may be among them."""
    hashes = set[str]()
    for row in rows:
        if row[3] == Subject.control and isinstance(row[6], bytes):
            hashes.update(area.shape for area in _CONTROL.decode(row[6]).areas if area.shape)
    return sorted(hashes)


def _batches(hashes: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(hashes), SHAPES_AT_ONCE):
        yield hashes[start : start + SHAPES_AT_ONCE]


def bring_on(record: Path, step: Path) -> None:
    """Add what a step holds to a copy of the record, and erase in it what was purged since.

    Raises:
        StoreError: the step does not follow the record.
    """
    for path in (record, step):
        SqliteStore(path).close()  # both have the newest schema from now on
    sql = read_statements()
    try:
        with contextlib.closing(sqlite3.connect(record, isolation_level=None)) as connection:
            connection.execute(sql["overwrite"])
            connection.execute(sql["attach_step"], {"path": str(step)})
            connection.execute(sql["begin"])
            for name in ("entry", "revision", "current", "shape", "no_token", "token"):
                connection.execute(sql[f"step_{name}"])
            for (payload,) in connection.execute(sql["step_erasures"]).fetchall():
                numbers = [(seq,) for seq in _ERASURE.decode(payload).seqs]
                connection.executemany(sql["erase"], numbers)
                connection.executemany(sql["forget"], numbers)
            connection.execute(sql["commit"])
            connection.execute(sql["truncate"])
    except sqlite3.IntegrityError as wrong:
        raise StoreError(
            f"A step of the backup does not follow the one before: {wrong}."
        ) from wrong
