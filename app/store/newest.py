"""The table of the newest revisions, as a write brings it up to date."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from app.domain.errors import StoreBusy
from app.domain.revision import Action, Change, fingerprint

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
