"""The ledger in a database: how a write appends to it, inside a transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from app.domain.revision import Change, Head
from app.domain.store import Entry
from app.store.chain import Chain, refuse_behind
from app.store.decoding import head_of, micros_of
from app.store.newest import NewestOnServer, batches
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
        self._append(changes, chain, number)
        connection.execute(sql["close_entry"], {"last": chain.seq, "id": number})
        if shapes:
            connection.cursor().executemany(sql["add_shape"], list(shapes.items()))
        connection.execute(sql["derive"], {"first": first, "last": chain.seq})
        connection.execute(sql["notify"], {"seq": chain.seq})
        return Head(chain.seq, chain.hash, at)

    def _append(self, changes: Iterator[Change], chain: Chain, number: int) -> None:
        newest = NewestOnServer(self._connection, self._sql)
        for batch in batches(changes):
            rows = list(newest.linked(batch, chain))
            with self._connection.cursor().copy(self._sql["add_revisions"]) as copy:
                copy.set_types(REVISION_TYPES)
                for row in rows:
                    copy.write_row((number, *row))
            newest.write()
