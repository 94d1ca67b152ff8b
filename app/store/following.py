"""The newest revision of a record on a server, kept in memory: no reader asks the server for it.

A notification only wakes: what is new is always read from the record, so that none is missed when
a connection was lost.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping

import psycopg

from app.domain.revision import Head
from app.store.decoding import head_of
from app.store.server import Connection, Server

LOG = logging.getLogger("strikemap.store")
LOOK_S = 1.0
"""The head is read at least this often, whatever was notified."""

RETRY_S = 0.25
"""How long to wait before a lost connection is made anew."""


class HeadFollower:
    """A thread that listens for writes of any node; `head` is the newest revision that it knows.

    `on_change` gets a sentence when the server no longer answers, and None when it does again.
    """

    def __init__(
        self,
        server: Server,
        sql: Mapping[str, str],
        head: Head,
        on_change: Callable[[str | None], None],
    ) -> None:
        self.head = head
        self._server, self._sql, self._on_change = server, sql, on_change
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._notes, self._is_away = 0, False
        threading.Thread(target=self._run, name="strikemap-head", daemon=True).start()

    def note(self, head: Head) -> None:
        """Know of a write of this process at once."""
        with self._lock:
            self._notes += 1
            if head.seq > self.head.seq:
                self.head = head

    def stop(self) -> None:
        """End the thread, within about a second."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with self._server.connect() as connection:
                    connection.execute(self._sql["listen"])
                    self._follow(connection)
            except psycopg.Error as wrong:
                if not self._is_away and not self._stop.is_set():
                    self._is_away, sentence = True, str(self._server.translated(wrong))
                    LOG.warning("%s", sentence)
                    self._on_change(sentence)
                self._stop.wait(RETRY_S)

    def _follow(self, connection: Connection) -> None:
        """Read the head at each wake-up, until the connection is lost."""
        while not self._stop.is_set():
            notes = self._notes
            head = head_of(connection.execute(self._sql["head"]).fetchone())
            with self._lock:
                # A write of this process may have ended after the head was read.
                if self._notes == notes or head.seq > self.head.seq:
                    self.head = head
            if self._is_away:
                self._is_away = False
                self._on_change(None)
            for _notification in connection.notifies(timeout=LOOK_S, stop_after=1):
                pass
