"""The ledger in a database: how a write appends to it, inside a transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from itertools import islice

from app.domain.revision import Change, Head
from app.domain.store import Entry
from app.store.chain import Chain, refuse_behind
from app.store.decoding import head_of, micros_of
from app.store.newest import WRITE_BATCH, NewestOnServer, batches
from app.store.server import Connection

REVISION_TYPES = ("int8", "int8", *["text"] * 3, "int8", *["bytea"] * 5)


class LedgerEnd:
    """The end of a ledger, for the one writer that has it; `clock` as in `SqliteStore`."""

    def __init__(
        self,
        connection: Connection,
        sql: Mapping[str, str],
        clock: Callable[[], datetime] | None,
    ) -> None:
        self._connection, self._sql, self._clock = connection, sql, clock

    def append(self, changes: Iterator[Change], entry: Entry, shapes: Mapping[str, bytes]) -> Head:
        """Append revisions, bring the plain tables up to date, and wake the other nodes."""
        connection, sql = self._connection, self._sql
        head = head_of(connection.execute(sql["head"]).fetchone())
        if self._clock is not None:
            refuse_behind(max(entry.at, self._clock()), head.recorded_at)
        at = entry.at if head.recorded_at is None else max(entry.at, head.recorded_at)
        stamp = {"at": micros_of(at), "actor": entry.actor, "reason": entry.reason}
        first = head.seq + 1
        (number,) = connection.execute(sql["add_entry"], {**stamp, "first": first}).fetchone() or ()
        chain = Chain(head, at, entry)
        self._append(changes, chain, number, shapes)
        connection.execute(sql["close_entry"], {"last": chain.seq, "id": number})
        connection.execute(sql["notify"], {"seq": chain.seq})
        return Head(chain.seq, chain.hash, at)

    def _append(
        self, changes: Iterator[Change], chain: Chain, number: int, shapes: Mapping[str, bytes]
    ) -> None:
        """Append batch by batch; from a large one the server derives while the next is read."""
        newest, stored = NewestOnServer(self._connection, self._sql), 0
        with ThreadPoolExecutor(1) as beside:
            derived: Future[None] | None = None
            for batch in batches(changes):
                first = chain.seq + 1
                rows = list(newest.linked(batch, chain))
                if derived is not None:
                    derived.result()
                self._copy(rows, number)
                newest.write()
                self._add_shapes(islice(shapes.items(), stored, None))
                stored = len(shapes)
                if len(batch) == WRITE_BATCH:
                    derived = beside.submit(self._derive, first, chain.seq)
                else:
                    self._derive(first, chain.seq)

    def _copy(self, rows: Sequence[tuple[object, ...]], number: int) -> None:
        with self._connection.cursor().copy(self._sql["add_revisions"]) as copy:
            copy.set_types(REVISION_TYPES)
            for row in rows:
                copy.write_row((number, *row))

    def _add_shapes(self, shapes: Iterable[tuple[str, bytes]]) -> None:
        if rows := list(shapes):
            self._connection.cursor().executemany(self._sql["add_shape"], rows)

    def _derive(self, first: int, last: int) -> None:
        """Bring the plain tables up to date with some revisions."""
        self._connection.execute(self._sql["derive"], {"first": first, "last": last})
