"""The links of the ledger, as a write computes them for any engine."""

from __future__ import annotations

import os
from datetime import datetime

from app.domain.errors import ClockBehind
from app.domain.instants import rfc3339
from app.domain.revision import Change, Head, link, payload_digest
from app.domain.store import CLOCK_SLACK, Entry

SALT_BYTES = 16
SALT_BATCH = 256


class Chain:
    """The links of one write, each computed from the one before."""

    def __init__(self, head: Head, at: datetime, entry: Entry) -> None:
        self.seq, self.hash = head.seq, head.hash
        self._at, self._entry = rfc3339(at), entry
        self._salts: list[bytes] = []

    def _salt(self) -> bytes:
        """Return a random salt; one system call reads many, since it costs as much as a hash."""
        if not self._salts:
            random = os.urandom(SALT_BYTES * SALT_BATCH)
            self._salts = [random[at : at + SALT_BYTES] for at in range(0, len(random), SALT_BYTES)]
        return self._salts.pop()

    def row(self, change: Change, prior: int | None) -> tuple[object, ...]:
        """Compute the next link and return its row."""
        subject, action = str(change.subject), str(change.action)
        salt = self._salt()
        digest = payload_digest(salt, change.payload)
        previous, self.seq = self.hash, self.seq + 1
        self.hash = link(
            previous,
            seq=self.seq,
            recorded_at=self._at,
            actor=self._entry.actor,
            action=action,
            reason=self._entry.reason,
            subject=subject,
            key=change.key,
            digest=digest,
        )
        identity = (self.seq, action, subject, change.key)
        return (*identity, prior, change.payload, salt, digest, previous, self.hash)


def refuse_behind(now: datetime, newest: datetime | None) -> None:
    """Refuse a write while the newest revision lies in the future.

    Raises:
        ClockBehind: naming both times.
    """
    if newest is not None and newest - now > CLOCK_SLACK:
        raise ClockBehind(
            f"Nothing was written: the newest revision was recorded at {rfc3339(newest)}, but the "
            f"clock of this computer says {rfc3339(now)}. Set the clock right; if the record's "
            "time is the wrong one, put back a backup from before it."
        )
