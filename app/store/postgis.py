"""The record in PostgreSQL with PostGIS: many nodes on one record, and plain tables for SQL."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import psycopg
from psycopg import IsolationLevel
from typing_extensions import override

from app.domain.cache import BoundedCache
from app.domain.errors import BrokenChain, DamagedRecord, StoreAway, StoreBusy, StoreError
from app.domain.revision import Change, Head, Revision, Subject
from app.domain.store import Current, Entry
from app.domain.tracing import REQUEST_ID
from app.store import decoding
from app.store.accounts import AccountTables
from app.store.decoding import Row, keys_from, micros_of
from app.store.following import HeadFollower
from app.store.ledger import LedgerEnd
from app.store.newest import CHANGED
from app.store.schema import read_statements
from app.store.server import WRITER_LOCK, Connection, Server

T = TypeVar("T")

BUSY_S = 60
"""How long a writer waits for another: a large import locks the record for tens of seconds."""

WHOLE = ("check_tables", "current", "edited", "latest", "newest_of")  # may take their time
READ_BATCH = 2_000
"""Rows that a walk fetches at a time, and revisions of one query."""

MOST_ANSWERS, LONGEST_ANSWER = 512, 50
"""Short answers in memory: how many, and of how many revisions each at most."""

STILL_THERE = (
    "It is erased, but the database holds a copy, since somebody reads the record. Wait until "
    "other commands and exports have ended, or stop the service, and purge it again."
)


class PostgisStore(AccountTables):
    """The record in one database; see `app.domain.store.Store` for what each method promises."""

    is_shared = True

    def __init__(self, url: str, clock: Callable[[], datetime] | None = None) -> None:
        """Open or create the record and bring its schema up to date; `clock` as in SQLite.

        Raises:
            InputError: the address is not one of PostgreSQL.
            StoreTooNew: a later release wrote it.
            StoreError: the server, the database or PostGIS cannot be used.
        """
        self._url, self._clock = url, clock
        self.fault: str | None = None
        self._sql = read_statements("postgis")
        self._server = Server(url)
        self._server.open(self._sql)
        self._follower: HeadFollower | None = None
        self._away: str | None = None
        self._answers = BoundedCache(MOST_ANSWERS)

    def __reduce__(  # type: ignore[explicit-override]  # typing has `override` from 3.12 on
        self,
    ) -> tuple[type[PostgisStore], tuple[str]]:
        """Open the same record in another process."""
        return type(self), (self._url,)

    def follow(self) -> None:
        """Keep the newest revision in memory, and short answers about it."""
        self._follower = self._follower or HeadFollower(
            self._server, self._sql, self.head(), self._note_server
        )

    def _note_server(self, sentence: str | None) -> None:
        """Remember whether the server answers; a damage that was met is remembered for good."""
        if not self.fault or self.fault == self._away:
            self.fault = sentence
        self._away = sentence

    def _damaged(self, wrong: StoreError) -> StoreError:
        if isinstance(wrong, DamagedRecord):
            self.fault = str(wrong)
        return wrong

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        if self._away is not None:  # nobody waits for a server that is known to be away
            raise StoreAway(self._away)
        try:
            yield
        except psycopg.Error as wrong:
            raise self._damaged(self._server.translated(wrong)) from wrong

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Be the one writer until the block ends; then all of it is on disk, or nothing."""
        with self._translated(), self._server.transaction() as connection:
            self._begin(connection, BUSY_S)
            connection.execute(self._sql["one_writer"], {"lock": WRITER_LOCK})
            yield connection

    @contextlib.contextmanager
    def reading(self, isolation: IsolationLevel) -> Iterator[Connection]:
        """Read in one transaction, on a connection of its own, for as long as it takes."""
        with self._translated(), self._server.connect() as connection:
            connection.isolation_level = isolation
            with connection.transaction():
                self._begin(connection, 0)
                yield connection

    def _begin(self, connection: Connection, wait_s: float) -> None:
        """Set how long a transaction waits for others, and name it after the request it serves."""
        values = {"ms": int(wait_s * 1000), "name": f"strikemap {REQUEST_ID.get()}".strip()}
        connection.execute(self._sql["wait_at_most"], values)

    @override
    def _rows(self, name: str, **values: object) -> list[Row]:
        no_limit = self._sql["no_limit"] if name in WHOLE else None
        with self._translated():
            return self._server.rows(self._sql[name], values, no_limit)

    @override
    def _change(self, statement: str, **values: object) -> int:
        with self._translated(), self._server.transaction() as connection:
            return connection.execute(self._sql[statement], values).rowcount

    def _remembered(self, name: str, **values: object) -> list[Row]:
        """Read a short answer; while the record is followed, it is read once for each state.

        So maps and sums are still served while the server is away.
        """
        if self._follower is None:
            return self._rows(name, **values)
        key = (self._follower.head.hash, name, repr(values))
        rows: list[Row] = self._answers.get(key, lambda: self._rows(name, **values))
        return rows

    def _checked(self, read: Callable[[Row], T], rows: Iterable[Row]) -> Iterator[T]:
        try:
            yield from map(read, rows)
        except BrokenChain as wrong:
            self.fault = str(wrong)
            raise

    def check_file(self) -> None:
        """Do nothing: the server checks its own pages as it reads them."""

    def check_tables(self) -> None:
        """Compare the plain table of incidents with the ledger."""
        if rows := self._rows("check_tables"):
            text = f"The table of incidents has {rows[0][0]} not as the ledger has it."
            raise self._damaged(DamagedRecord(text))

    def head(self) -> Head:
        """Return the newest link; seq 0 for an empty record."""
        if self._follower is not None:
            return self._follower.head
        rows = self._rows("head")
        return decoding.head_of(rows[0] if rows else None)

    def hash_of(self, seq: int) -> bytes | None:
        """Return the hash of a revision; None when there is none."""
        rows = self._rows("hash_of", seq=seq)
        return bytes(rows[0][0]) if rows else None

    def seq_at(self, instant: datetime) -> int:
        """Return the last sequence recorded at or before an instant."""
        rows = self._remembered("seq_at", instant=micros_of(instant))
        return int(rows[0][0]) if rows else 0

    def write(self, changes: Iterable[Change], entry: Entry, shapes: Mapping[str, bytes]) -> Head:
        """Append changes as revisions in one transaction; returns when it is on disk."""
        changes = iter(changes)
        first = next(changes, None)
        if first is None:
            return self.head()
        with self.transaction() as connection:
            head = LedgerEnd(connection, self._sql, self._clock).append(
                itertools.chain((first,), changes), entry, shapes
            )
        self._note(head)
        return head

    def _note(self, head: Head) -> None:
        if self._follower is not None:
            self._follower.note(head)

    def erase(
        self, seqs: Sequence[int], mark: Change, entry: Entry, beside: Sequence[Change] = ()
    ) -> Head:
        """Erase payloads; `clear_log` removes the copies that the server still holds."""
        numbers = {"seqs": [int(seq) for seq in seqs]}
        with self.transaction() as connection:
            if connection.execute(self._sql["missed"], numbers).fetchone() is not None:
                raise StoreBusy(CHANGED)
            head = LedgerEnd(connection, self._sql, self._clock).append(
                iter([*beside, mark]), entry, {}
            )
            for statement in ("erase", "forget", "forget_rows"):
                connection.execute(self._sql[statement], numbers)
        self._note(head)
        return head

    def clear_log(self) -> None:
        """Write the tables anew, so that no file of the database holds what was erased.

        The server's log of writes, replicas and base backups keep it until they are recycled
        (docs/postgis.md, "What was purged").
        """
        try:
            with self._translated(), self._server.connect() as connection:
                for statement in ("wait_and_work", "rewrite_revisions", "rewrite_incidents"):
                    connection.execute(self._sql[statement])
        except StoreBusy as wrong:
            raise StoreBusy(STILL_THERE) from wrong

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
        """Iterate over revisions on a connection of its own, in one state of the record."""
        bounds = {"after": after, "upto": 2**62 if upto is None else upto}
        with (
            self.reading(IsolationLevel.READ_COMMITTED) as connection,
            connection.cursor("walk", binary=True) as cursor,
        ):
            cursor.itersize = READ_BATCH
            yield from self._checked(
                decoding.revision_of, cursor.execute(self._sql["revisions"], bounds)
            )

    def history(self, subject: Subject, key: str) -> list[Revision]:
        """List all revisions of one subject, oldest first."""
        rows = self._remembered("history", subject=str(subject), key=key)
        return list(self._checked(decoding.revision_of, rows))

    def latest(self, subject: Subject) -> list[Revision]:
        """List the newest revision of every subject of a kind, by key."""
        return list(self._checked(decoding.revision_of, self._rows("latest", subject=str(subject))))

    def by_seq(self, seqs: Sequence[int]) -> list[Revision]:
        """Fetch revisions by number, in the order of `seqs`; missing ones are left out."""
        revisions: dict[int, Revision] = {}
        read = self._remembered if len(seqs) <= LONGEST_ANSWER else self._rows
        for start in range(0, len(seqs), READ_BATCH):
            rows = read("by_seqs", seqs=[int(seq) for seq in seqs[start : start + READ_BATCH]])
            revisions |= {one.seq: one for one in self._checked(decoding.revision_of, rows)}
        return [revisions[seq] for seq in seqs if seq in revisions]

    def payloads(self, seqs: Sequence[int]) -> Iterator[tuple[int, str, bytes]]:
        """Iterate over revisions as (number, key, payload), without erased and missing ones."""
        for start in range(0, len(seqs), READ_BATCH):
            numbers = [int(seq) for seq in seqs[start : start + READ_BATCH]]
            yield from self._checked(decoding.payload_of, self._rows("payloads", seqs=numbers))

    def span(self, seq: int) -> tuple[int, int]:
        """Return the first and the last revision of the write that has `seq`; (0, -1) for none."""
        rows = self._rows("span", seq=seq)
        return (rows[0][0], rows[0][1]) if rows else (0, -1)

    def shapes(self, hashes: Iterable[str]) -> dict[str, bytes]:
        """Fetch WKB by SHA-256; an unknown hash is left out."""
        wanted, shapes = sorted(set(hashes)), dict[str, bytes]()
        for start in range(0, len(wanted), READ_BATCH):
            shapes |= dict(self._rows("shapes", hashes=wanted[start : start + READ_BATCH]))
        return shapes

    def close(self) -> None:
        """Close the record."""
        if self._follower is not None:
            self._follower.stop()
        self._server.close()
