"""What a record can do, whichever engine keeps it; and how a ledger is checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from app.domain.errors import BrokenChain
from app.domain.revision import (
    GENESIS,
    Change,
    Head,
    Revision,
    Subject,
    link,
    payload_digest,
)
from app.domain.view import rfc3339


class Entry(NamedTuple):
    """The stamp that all changes of one write share."""

    at: datetime
    actor: str
    reason: str


class Current(NamedTuple):
    """The newest revision of a subject: its number, its content's fingerprint, if it stands."""

    seq: int
    fingerprint: bytes
    is_retracted: bool


class Store(Protocol):
    """The record. Every method sees a consistent state; `write` is all or nothing and durable."""

    def head(self) -> Head:
        """Return the newest link; seq 0 for an empty record."""

    def seq_at(self, instant: datetime) -> int:
        """Return the last sequence recorded at or before an instant; 0 when there is none."""

    def write(
        self, changes: Sequence[Change], entry: Entry, shapes: Mapping[str, bytes]
    ) -> Head:
        """Append changes as revisions, with the WKB of new shapes by SHA-256.

        `recorded_at` is never backdated: it is the later of the entry's time and the head's.

        Raises:
            StoreBusy: another writer did not finish in time; nothing was written.
        """

    def current(self, subject: Subject, prefix: str = "") -> dict[str, Current]:
        """Map the keys that start with a prefix to their newest revision."""

    def revisions(self, after: int = 0, upto: int | None = None) -> Iterator[Revision]:
        """Walk revisions in order, those in (after, upto]."""

    def history(self, subject: Subject, key: str) -> list[Revision]:
        """List all revisions of one subject, oldest first."""

    def latest(self, subject: Subject) -> list[Revision]:
        """List the newest revision of every subject of a sort, by key."""

    def shapes(self, hashes: Iterable[str]) -> dict[str, bytes]:
        """Fetch WKB by SHA-256; a hash that is not kept is left out."""

    def close(self) -> None:
        """Let go of the record; a later use is an error."""


def verify(store: Store, expected: Head | None = None) -> Head:
    """Walk the ledger from its start and check every link, payload and shape.

    Args:
        store: the record.
        expected: a head printed earlier; the ledger must still contain it (detects a cut tail).

    Raises:
        BrokenChain: naming the first revision that does not check.
    """
    previous, last = GENESIS, Head(0, GENESIS, None)
    for revision in store.revisions():
        _check(revision, previous, last.seq + 1)
        previous, last = revision.hash, Head(revision.seq, revision.hash, revision.recorded_at)
        if expected and revision.seq == expected.seq and revision.hash != expected.hash:
            raise BrokenChain(
                f"Revision {revision.seq} has hash {revision.hash.hex()}, "
                f"but {expected.hash.hex()} was printed for it earlier."
            )
    if expected and last.seq < expected.seq:
        raise BrokenChain(
            f"The ledger ends at revision {last.seq}, but revision {expected.seq} existed: "
            "its tail was cut."
        )
    return last


def _check(revision: Revision, previous: bytes, seq: int) -> None:
    name = f"Revision {revision.seq} ({revision.subject} {revision.key})"
    if revision.seq != seq:
        raise BrokenChain(f"{name} follows {seq - 1}: revisions between them are missing.")
    if revision.previous != previous:
        raise BrokenChain(f"{name} does not continue the revision before it.")
    if revision.payload is not None and revision.digest != payload_digest(
        revision.salt, revision.payload
    ):
        raise BrokenChain(f"{name}: its payload does not match its digest.")
    expected = link(
        previous,
        seq=revision.seq,
        recorded_at=rfc3339(revision.recorded_at),
        actor=revision.actor,
        action=revision.action,
        reason=revision.reason,
        subject=revision.subject,
        key=revision.key,
        digest=revision.digest,
    )
    if revision.hash != expected:
        raise BrokenChain(f"{name}: its hash does not match its content.")
