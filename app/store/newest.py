"""The table of the newest revisions, as a write brings it up to date."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

import psycopg

from app.domain.errors import StoreBusy
from app.domain.revision import Action, Change, fingerprint
from app.store.chain import Chain
from app.store.decoding import Row

CHANGED = "The record changed while this was planned; try again."
WRITE_BATCH = 100_000


class NewestTable:
    """The newest revision of each subject that a write touches.

    They are written in large batches in the order of their keys, which is several times faster:
    SQLite then visits a B-tree page once for all of its keys.
    """

    def __init__(self, connection: sqlite3.Connection, sql: Mapping[str, str]) -> None:
        self._connection, self._sql = connection, sql
        self._added: list[tuple[str, str, int, bytes, int]] = []
        self._changed: list[tuple[int, bytes, int, str, str]] = []
        self._touched: set[tuple[str, str]] = set()

    def replaced_by(self, change: Change, seq: int) -> int | None:
        """Collect a change with its number; returns the number of the revision that it replaces."""
        subject, key = str(change.subject), change.key
        if (subject, key) in self._touched or len(self._touched) >= WRITE_BATCH:
            self.write()
        self._touched.add((subject, key))
        mark, gone = fingerprint(change.payload), int(change.action is Action.retract)
        if change.action is Action.add:
            self._added.append((subject, key, seq, mark, gone))
            return None
        prior = self._prior(change)
        self._changed.append((seq, mark, gone, subject, key))
        return prior

    def _prior(self, change: Change) -> int:
        at = {"subject": change.subject, "key": change.key}
        row = self._connection.execute(self._sql["newest"], at).fetchone()
        if row is None or change.replaces not in (None, row[0]):
            raise StoreBusy(CHANGED)
        return int(row[0])

    def write(self) -> None:
        """Write the changes that were collected since the last call."""
        self._added.sort()
        self._connection.executemany(self._sql["add_current"], self._added)
        self._connection.executemany(self._sql["set_current"], self._changed)
        self._added.clear()
        self._changed.clear()
        self._touched.clear()


def batches(changes: Iterable[Change]) -> Iterator[list[Change]]:
    """Cut changes into batches, each of which is written before the next is read."""
    changes = iter(changes)
    while batch := list(islice(changes, WRITE_BATCH)):
        yield batch


class NewestOnServer:
    """The newest revision of each subject that a write touches, in a database on a server.

    Each question to a server takes its time on the way, so a batch asks once for all of its
    subjects.
    """

    def __init__(self, connection: psycopg.Connection[Row], sql: Mapping[str, str]) -> None:
        self._connection, self._sql = connection, sql
        self._added: dict[tuple[str, str], tuple[int, bytes, int]] = {}
        self._changed: dict[tuple[str, str], tuple[int, bytes, int]] = {}

    def linked(self, batch: list[Change], chain: Chain) -> Iterator[tuple[object, ...]]:
        """Link a batch to the chain: the row of each change, with the revision it replaces."""
        stored = self._stored(batch)
        for change in batch:
            identity = (str(change.subject), change.key)
            touched = self._added.get(identity) or self._changed.get(identity)
            prior = touched[0] if touched else stored.get(identity)
            if change.action is Action.add:
                # One that is stored already is refused by the table itself.
                if touched:
                    raise StoreBusy(CHANGED)
                prior = None
            elif prior is None or change.replaces not in (None, prior):
                raise StoreBusy(CHANGED)
            yield chain.row(change, prior)
            mark, gone = fingerprint(change.payload), int(change.action is Action.retract)
            is_new = change.action is Action.add or identity in self._added
            (self._added if is_new else self._changed)[identity] = (chain.seq, mark, gone)

    def _stored(self, batch: list[Change]) -> dict[tuple[str, str], int]:
        """Map the subjects of a batch that were there before to their newest revision."""
        subjects = {(str(one.subject), one.key) for one in batch if one.action is not Action.add}
        if not subjects:
            return {}
        kinds, keys = zip(*subjects, strict=True)
        rows = self._connection.execute(
            self._sql["newest_many"], {"subjects": list(kinds), "keys": list(keys)}
        )
        return {(subject, key): seq for subject, key, seq in rows}

    def write(self) -> None:
        """Write the changes of the last batch."""
        with self._connection.cursor().copy(self._sql["add_current"]) as copy:
            copy.set_types(("text", "text", "int8", "bytea", "int4"))
            for identity, newest in sorted(self._added.items()):
                copy.write_row((*identity, *newest))
        if self._changed:
            rows = [(*newest, *identity) for identity, newest in self._changed.items()]
            self._connection.cursor().executemany(self._sql["set_current"], rows)
        self._added.clear()
        self._changed.clear()
