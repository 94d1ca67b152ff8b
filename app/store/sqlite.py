"""The record in one SQLite file: WAL, so that readers never wait for a writer; synchronous FULL."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from typing_extensions import override

from app.domain.errors import BrokenChain, DamagedRecord, StoreBusy, StoreError, StoreFull
from app.domain.revision import Change, Head, Revision, Subject
from app.domain.store import Current, Entry
from app.store.accounts import AccountTables
from app.store.chain import Chain, refuse_behind
from app.store.decoding import (
    Row,
    head_of,
    keys_from,
    micros_of,
    payload_of,
    revision_of,
)
from app.store.newest import CHANGED, NewestTable
from app.store.schema import read_statements, run_steps, schema_steps

T = TypeVar("T")

BUSY_S = 60
"""How long a writer waits for another: a large import locks the record for tens of seconds."""

PRIMARY = 0xFF
"""The bits of a result code that name its kind (sqlite.org/rescode.html, "Primary")."""

_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

LOG_HELD = (
    "It is erased, but the record's log still holds a copy, since somebody reads the record. Wait "
    "until other commands and exports have ended, or stop the service, and purge it again."
)
READ_BATCH = 2_000
"""Revisions of one query: other readers wait for one query at most."""

PAYLOAD_BATCH = 1_000

FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE)
"""What SQLite says of a disk that is full: for its file, and for the files beside it."""


READ_ONLY = (
    "This user may not write the record's file: all can be read, and nothing can be changed."
)


TO_WRITE = "?mode=rwc"


def is_writable(path: Path) -> bool:
    """Tell whether this user may write a record, or make it."""
    return not path.exists() or all(os.access(one, os.W_OK) for one in (path, path.parent))


def address_of(path: Path) -> str:
    """Write the address of a record as SQLite opens it: for reading alone if it must.

    Without a log of recent writes nobody has it open, and SQLite needs no file beside it.
    """
    address, log = path.absolute().as_uri(), path.with_name(f"{path.name}-wal")
    if is_writable(path):
        return f"{address}{TO_WRITE}"
    has_log = log.exists() and log.stat().st_size > 0
    return f"{address}?mode=ro" + ("" if has_log else "&immutable=1")


class SqliteStore(AccountTables):
    """The record in one file; see `app.domain.store.Store` for what each method promises."""

    is_shared = False

    def __init__(self, path: Path, clock: Callable[[], datetime] | None = None) -> None:
        """Open or create the record and bring its schema up to date.

        `clock` tells the time of a write, whose entry may be older: a large import is stamped with
        the time at which it began. Without it, no write is refused for its time.

        Raises:
            StoreTooNew: a later release wrote it.
            StoreError: the file is not a record, or the folder cannot be written.
        """
        self._path, self._clock = path, clock
        self._sql = read_statements()
        self.fault: str | None = None if is_writable(path) else READ_ONLY
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._reader = self._open()
            try:
                for name in ("page", "journal") if self.fault is None else ():
                    self._reader.execute(self._sql[name])
                self._reader.execute(self._sql["small_cache"])
                self._upgrade()
            except BaseException:
                self._reader.close()
                raise
        except (sqlite3.Error, OSError) as wrong:
            raise StoreError(f"The record at {path} cannot be opened: {wrong}.") from wrong

    def _open(self) -> sqlite3.Connection:
        """Open a connection, with few calls of the system: after each the interpreter may be busy.

        The file itself says how large its pages are, and that it has a log.
        """
        address = address_of(self._path)
        connection = sqlite3.connect(
            address,
            timeout=BUSY_S,
            isolation_level=None,
            check_same_thread=False,
            uri=True,
        )
        try:
            names = ("durable", "cache") if address.endswith(TO_WRITE) else ("cache",)
            for name in names:
                connection.execute(self._sql[name])
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def __reduce__(  # type: ignore[explicit-override]  # typing has `override` from 3.12 on
        self,
    ) -> tuple[type[SqliteStore], tuple[Path]]:
        """Open the same record in another process."""
        return type(self), (self._path,)

    def _upgrade(self) -> None:
        newest, _script = schema_steps()[-1]
        if self._reader.execute(self._sql["version"]).fetchone() == (newest,):
            return  # without a lock: another process must be able to start during a large import
        with self.transaction() as connection:
            (version,) = connection.execute(self._sql["version"]).fetchone()
            run_steps(connection, version)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Be the one writer until the block ends; then all of it is on disk, or nothing."""
        try:
            # An unfinished transaction is rolled back by closing its connection.
            with contextlib.closing(self._open()) as connection:
                connection.execute(self._sql["begin"])
                yield connection
                connection.execute(self._sql["commit"])
        except sqlite3.Error as wrong:
            raise self._unwritten(wrong) from wrong

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Read one state on a connection of its own."""
        try:
            with contextlib.closing(self._open()) as connection:
                connection.execute(self._sql["begin_reading"])
                yield connection
        except sqlite3.Error as wrong:
            raise self._unread(wrong) from wrong

    def _unwritten(self, wrong: sqlite3.Error) -> StoreError:
        """Name what kept us from writing, and remember that the file is damaged."""
        if isinstance(wrong, sqlite3.IntegrityError):
            return StoreBusy(CHANGED)
        code = _code(wrong)
        if code & PRIMARY in _BUSY:
            return StoreBusy("Another writer holds the record; try again shortly.")
        if code in FULL:
            return StoreFull(f"The disk has no room for this change: {wrong}.")
        if code & PRIMARY in _DAMAGED:
            return self._damaged(f"The record's file is damaged: {wrong}.")
        return StoreError(f"The record could not be written: {wrong}.")

    @override
    def _rows(self, name: str, **values: object) -> list[Row]:
        with self._lock:
            try:
                return self._reader.execute(self._sql[name], values).fetchall()
            except sqlite3.Error as wrong:
                raise self._unread(wrong) from wrong

    @override
    def _change(self, statement: str, **values: object) -> int:
        with self.transaction() as connection:
            return connection.execute(self._sql[statement], values).rowcount

    def _unread(self, wrong: sqlite3.Error) -> StoreError:
        """Name what kept us from reading, and remember that the file is damaged."""
        if _code(wrong) & PRIMARY in _DAMAGED:
            return self._damaged(f"The record's file is damaged: {wrong}.")
        return StoreError(f"The record could not be read: {wrong}.")

    def _damaged(self, sentence: str) -> DamagedRecord:
        self.fault = sentence
        return DamagedRecord(sentence)

    def _revisions(self, rows: Iterable[Row]) -> Iterator[Revision]:
        return self._checked(revision_of, rows)

    def _checked(self, read: Callable[[Row], T], rows: Iterable[Row]) -> Iterator[T]:
        """Read rows by a function that refuses a payload which is not the one of its digest."""
        try:
            yield from map(read, rows)
        except BrokenChain as wrong:
            self.fault = str(wrong)
            raise

    def follow(self) -> None:
        """Do nothing: the head of a file is read in microseconds."""

    def check_file(self) -> None:
        """Let SQLite check its own file; see `app.domain.store.Store`."""
        try:
            with contextlib.closing(self._open()) as connection:
                faults = connection.execute(self._sql["check_file"]).fetchall()
        except sqlite3.Error as wrong:
            raise self._unread(wrong) from wrong
        if faults != [("ok",)]:
            text = " ".join(str(faults[0][0]).split())[:200]
            raise self._damaged(f"The record's file is damaged: {text}.")

    def check_tables(self) -> None:
        """Do nothing: no table is for other programs."""

    def head(self) -> Head:
        """Return the newest link; seq 0 for an empty record."""
        rows = self._rows("head")
        return head_of(rows[0] if rows else None)

    def hash_of(self, seq: int) -> bytes | None:
        """Return the hash of a revision; None when there is none."""
        rows = self._rows("hash_of", seq=seq)
        return bytes(rows[0][0]) if rows else None

    def seq_at(self, instant: datetime) -> int:
        """Return the last sequence recorded at or before an instant."""
        rows = self._rows("seq_at", instant=micros_of(instant))
        return int(rows[0][0]) if rows else 0

    def write(self, changes: Iterable[Change], entry: Entry, shapes: Mapping[str, bytes]) -> Head:
        """Append changes as revisions in one transaction; returns when it is on disk."""
        changes = iter(changes)
        first = next(changes, None)
        if first is None:
            return self.head()
        with self.transaction() as connection:
            head = self._append(connection, itertools.chain((first,), changes), entry)
            connection.executemany(self._sql["add_shape"], shapes.items())
            return head

    def _append(
        self, connection: sqlite3.Connection, changes: Iterator[Change], entry: Entry
    ) -> Head:
        """Append revisions inside a transaction."""
        head = head_of(connection.execute(self._sql["head"]).fetchone())
        if self._clock is not None:
            refuse_behind(max(entry.at, self._clock()), head.recorded_at)
        at = entry.at if head.recorded_at is None else max(entry.at, head.recorded_at)
        stamp = (micros_of(at), entry.actor, entry.reason, head.seq + 1, head.seq + 1)
        number = connection.execute(self._sql["add_entry"], stamp).lastrowid
        chain, newest = Chain(head, at, entry), NewestTable(connection, self._sql)
        connection.executemany(
            self._sql["add_revision"],
            (
                (number, *chain.row(change, newest.replaced_by(change, chain.seq + 1)))
                for change in changes
            ),
        )
        newest.write()
        connection.execute(self._sql["close_entry"], (chain.seq, number))
        return Head(chain.seq, chain.hash, at)

    def erase(
        self, seqs: Sequence[int], mark: Change, entry: Entry, beside: Sequence[Change] = ()
    ) -> Head:
        """Erase payloads in place; their pages are overwritten, not only freed."""
        numbers = [(seq,) for seq in seqs]
        with self.transaction() as connection:
            missed = connection.execute(self._sql["missed"], {"seqs": json.dumps(list(seqs))})
            if missed.fetchone() is not None:
                raise StoreBusy(CHANGED)
            connection.execute(self._sql["overwrite"])
            head = self._append(connection, iter([*beside, mark]), entry)
            connection.executemany(self._sql["erase"], numbers)
            connection.executemany(self._sql["forget"], numbers)
        return head

    def clear_log(self) -> None:
        """Move the log into the file and cut it to nothing, on a connection of its own."""
        try:
            with contextlib.closing(self._open()) as connection:
                is_held, *_pages = connection.execute(self._sql["truncate"]).fetchone()
        except sqlite3.Error as wrong:
            raise self._unwritten(wrong) from wrong
        if is_held:
            raise StoreBusy(LOG_HELD)

    def current(self, subject: Subject, prefix: str = "") -> dict[str, Current]:
        """Map the keys that start with a prefix to their newest revision."""
        rows = self._rows("current", **keys_from(subject, prefix))
        return {key: Current(seq, mark, bool(gone)) for key, seq, mark, gone in rows}

    def newest(self, subject: Subject, prefix: str = "") -> int:
        """Return the newest revision among the keys that start with a prefix; 0 for none."""
        return int(self._rows("newest_of", **keys_from(subject, prefix))[0][0])

    def edited(self, subject: Subject, prefix: str = "") -> set[str]:
        """List the keys that were written in another way than by an import or its undo."""
        return {key for (key,) in self._rows("edited", **keys_from(subject, prefix))}

    def revisions(self, after: int = 0, upto: int | None = None) -> Iterator[Revision]:
        """Iterate over revisions; many are read on a connection of their own: no reader waits."""
        upto = self.head().seq if upto is None else upto
        bounds = {"after": after, "upto": upto}
        if upto - after <= READ_BATCH:
            yield from self._revisions(self._rows("revisions", **bounds))
            return
        try:
            with contextlib.closing(self._open()) as connection:
                yield from self._revisions(connection.execute(self._sql["revisions"], bounds))
        except sqlite3.Error as wrong:
            raise self._unread(wrong) from wrong

    def history(self, subject: Subject, key: str) -> list[Revision]:
        """List all revisions of one subject, oldest first."""
        return list(self._revisions(self._rows("history", subject=subject, key=key)))

    def latest(self, subject: Subject) -> list[Revision]:
        """List the newest revision of every subject of a kind, by key."""
        return list(self._revisions(self._rows("latest", subject=subject)))

    def by_seq(self, seqs: Sequence[int]) -> list[Revision]:
        """Fetch revisions by number, in the order of `seqs`; missing ones are left out."""
        revisions: dict[int, Revision] = {}
        for start in range(0, len(seqs), READ_BATCH):
            batch = json.dumps([int(seq) for seq in seqs[start : start + READ_BATCH]])
            rows = self._rows("by_seqs", seqs=batch)
            revisions |= {revision.seq: revision for revision in self._revisions(rows)}
        return [revisions[seq] for seq in seqs if seq in revisions]

    def payloads(self, seqs: Sequence[int]) -> Iterator[tuple[int, str, bytes]]:
        """Iterate over revisions as (number, key, payload), without erased and missing ones."""
        for first in range(0, len(seqs), PAYLOAD_BATCH):
            rows = self._rows("payloads", seqs=json.dumps(seqs[first : first + PAYLOAD_BATCH]))
            yield from self._checked(payload_of, rows)

    def span(self, seq: int) -> tuple[int, int]:
        """Return the first and the last revision of the write that has `seq`; (0, -1) for none."""
        rows = self._rows("span", seq=seq)
        return (rows[0][0], rows[0][1]) if rows else (0, -1)

    def shapes(self, hashes: Iterable[str]) -> dict[str, bytes]:
        """Fetch WKB by SHA-256; an unknown hash is left out."""
        shapes: dict[str, bytes] = {}
        for sha256 in sorted(set(hashes)):
            for (wkb,) in self._rows("shape", sha256=sha256):
                shapes[sha256] = wkb
        return shapes

    def close(self) -> None:
        """Close the record."""
        with self._lock:
            self._reader.close()


def _code(wrong: sqlite3.Error) -> int:
    """Return SQLite's result code; 0 for an error of Python's module, as of a closed record."""
    return int(getattr(wrong, "sqlite_errorcode", 0))
