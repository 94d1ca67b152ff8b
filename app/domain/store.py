"""What a record can do, in any storage engine; and how a ledger is verified."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

import msgspec

from app.domain.account import TokenBook
from app.domain.control import ControlSnapshot
from app.domain.errors import BrokenChain
from app.domain.instants import rfc3339
from app.domain.revision import (
    GENESIS,
    Action,
    Change,
    Erasure,
    Head,
    Revision,
    Subject,
    fingerprint,
    link,
)

CLOCK_SLACK = timedelta(minutes=1)
"""By how much the clocks of several writers may differ: a write may have the last one's time."""

_CONTROL = msgspec.json.Decoder(ControlSnapshot)
_ERASURE = msgspec.json.Decoder(Erasure)


class Entry(NamedTuple):
    """The stamp that all changes of one write share."""

    at: datetime
    actor: str
    reason: str


class Author(NamedTuple):
    """Who writes, and when; `identity` tells people apart where two must agree."""

    actor: str
    at: datetime
    identity: str = ""

    def entry(self, reason: str) -> Entry:
        """Stamp a write with a reason."""
        return Entry(self.at, self.actor, reason)


class Current(NamedTuple):
    """The newest revision of a subject: its number, its content's fingerprint, its retraction."""

    seq: int
    fingerprint: bytes
    is_retracted: bool


class Store(TokenBook, Protocol):
    """The record. Every method sees a consistent state; `write` is all or nothing and durable.

    A revision whose payload does not match its digest is never returned: each method raises
    `DamagedRecord` instead, and so it does for a file that the engine cannot read.
    """

    fault: str | None
    """A sentence about the last damage that was met; None without any."""

    is_shared: bool
    """Whether nodes with folders of their own read and write this record."""

    def follow(self) -> None:
        """Keep the head in memory from now on, where reading it costs a journey to a server.

        `head` then never waits and never fails; it knows what others wrote within a second.
        """

    def check_file(self) -> None:
        """Let the engine check its own file, without the chain.

        Raises:
            DamagedRecord: the file is cut or changed.
        """

    def check_tables(self) -> None:
        """Compare tables that the engine derives for other programs with the ledger, if any.

        Raises:
            DamagedRecord: somebody changed one.
        """

    def head(self) -> Head:
        """Return the newest link; seq 0 for an empty record."""

    def hash_of(self, seq: int) -> bytes | None:
        """Return the hash of a revision, which its link covers; None when there is none."""

    def seq_at(self, instant: datetime) -> int:
        """Return the last sequence recorded at or before an instant; 0 when there is none."""

    def write(self, changes: Iterable[Change], entry: Entry, shapes: Mapping[str, bytes]) -> Head:
        """Append changes as revisions, with the WKB of new shapes by SHA-256.

        Changes are read one by one, so a large import is never in memory as a whole; when their
        iterator raises, nothing is written. Several may be about one subject: each replaces the one
        before it. Shapes are written after the last change.
        `recorded_at` never goes back: it is the later of the entry's time and the head's.

        Returns the last revision of the write, whatever others write after it.

        Raises:
            ClockBehind: by the clock that the record was opened with, the head was recorded more
                than a minute from now. A write with its time would be unknown to every `as_of`
                until then.
            StoreBusy: another writer did not finish in time, or a change replaces a revision that
                is not the newest; nothing was written.
        """

    def erase(
        self, seqs: Sequence[int], mark: Change, entry: Entry, beside: Sequence[Change] = ()
    ) -> Head:
        """Erase payloads and their salts for ever, and append the change that records it.

        Changes `beside` it are appended before the mark.

        The chain can still be verified, since it covers digests; without its salt nobody can guess
        a payload from its digest. Copies go with `clear_log`.

        Raises:
            StoreBusy: as `write`, or one of the subjects has a newer revision that is not in
                `seqs`; nothing was erased.
        """

    def clear_log(self) -> None:
        """Remove what was erased from the engine's log of recent writes, too.

        Raises:
            StoreBusy: somebody read the record for too long; the copy is still there.
        """

    def current(self, subject: Subject, prefix: str = "") -> dict[str, Current]:
        """Map the keys that start with a prefix to their newest revision."""

    def newest(self, subject: Subject, prefix: str = "") -> int:
        """Return the newest revision among the keys that start with a prefix; 0 for none."""

    def edited(self, subject: Subject, prefix: str = "") -> set[str]:
        """List the keys that were written in another way than by an import or its undo.

        The writes of imports and undos end with a report.
        """

    def revisions(self, after: int = 0, upto: int | None = None) -> Iterator[Revision]:
        """Iterate over the revisions in (after, upto], in order."""

    def history(self, subject: Subject, key: str) -> list[Revision]:
        """List all revisions of one subject, oldest first."""

    def latest(self, subject: Subject) -> list[Revision]:
        """List the newest revision of every subject of a kind, by key."""

    def by_seq(self, seqs: Sequence[int]) -> list[Revision]:
        """Fetch revisions by number, in the order of `seqs`; missing ones are left out."""

    def payloads(self, seqs: Sequence[int]) -> Iterator[tuple[int, str, bytes]]:
        """Iterate over revisions as (number, key, payload), without erased and missing ones."""

    def span(self, seq: int) -> tuple[int, int]:
        """Return the first and the last revision of the write that has `seq`; (0, -1) for none."""

    def shapes(self, hashes: Iterable[str]) -> dict[str, bytes]:
        """Fetch WKB by SHA-256; an unknown hash is left out."""

    def close(self) -> None:
        """Close the record; a later use is an error."""


def verify(store: Store, expected: Head | None = None) -> Head:
    """Read the ledger from its start and check every link, payload and shape.

    The tables that the engine derives from the ledger must agree with it as well: each revision's
    prior, the newest revision of each subject, and the times that `as_of` uses.

    Args:
        store: the record.
        expected: an earlier head; the ledger must still contain it (else its end was cut off).

    Raises:
        BrokenChain: names the first revision that is wrong.
        DamagedRecord: the file itself is damaged.
    """
    store.check_file()
    previous, last = GENESIS, Head(0, GENESIS, None)
    newest: dict[Subject, dict[str, Current]] = {subject: {} for subject in Subject}
    shapes: set[str] = set()
    erased, marked = set[int](), set[int]()
    for revision in store.revisions():
        _check(revision, previous, last.seq + 1)
        _check_clock(store, last, revision.recorded_at)
        _check_prior(revision, newest[revision.subject])
        shapes |= _check_shapes(revision, store, shapes)
        erased |= {revision.seq} if revision.payload is None else set()
        marked |= _marked_as_erased(revision)
        previous, last = revision.hash, Head(revision.seq, revision.hash, revision.recorded_at)
        if expected and revision.seq == expected.seq and revision.hash != expected.hash:
            raise BrokenChain(
                f"Revision {revision.seq} has hash {revision.hash.hex()}, "
                f"but {expected.hash.hex()} was printed for it earlier."
            )
    if erased - marked:
        raise BrokenChain(
            f"Revision {min(erased - marked)} has no payload, and no purge says that it was erased."
        )
    if expected and last.seq < expected.seq:
        raise BrokenChain(
            f"The ledger ends at revision {last.seq}, but revision {expected.seq} existed: "
            "its tail was cut."
        )
    _check_newest(store, newest, last.seq)
    _check_clock(store, last, None)
    _check_end(store, last.seq)
    store.check_tables()
    return last


def _check_end(store: Store, last: int) -> None:
    """Check that no table of the engine knows a later revision than the ledger."""
    noted = store.seq_at(datetime.max.replace(tzinfo=UTC))
    for subject in Subject:
        noted = max(noted, *(one.seq for one in store.current(subject).values()), 0)
    if noted > max(last, store.head().seq):
        raise BrokenChain(
            f"The ledger ends at revision {last}, but revision {noted} is noted: its tail was cut."
        )


def _name(revision: Revision) -> str:
    return f"Revision {revision.seq} ({revision.subject} {revision.key})"


def _check(revision: Revision, previous: bytes, seq: int) -> None:
    """Check a link; the record itself checks that a payload is the one of its digest."""
    name = _name(revision)
    if revision.seq != seq:
        raise BrokenChain(f"{name} follows {seq - 1}: revisions between them are missing.")
    if revision.previous != previous:
        raise BrokenChain(f"{name} does not continue the revision before it.")
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


def _marked_as_erased(revision: Revision) -> set[int]:
    if revision.subject is not Subject.erasure or revision.payload is None:
        return set()
    return set(_ERASURE.decode(revision.payload).seqs)


def _check_clock(store: Store, last: Head, following: datetime | None) -> None:
    """Check that `as_of` finds the end of a write, once the next one has another time."""
    if last.recorded_at is None or last.recorded_at == following:
        return
    noted = store.seq_at(last.recorded_at)
    is_over = following is not None or store.head().seq == last.seq  # else it may have more by now
    if noted != last.seq and is_over:
        raise BrokenChain(f"Revision {last.seq} is not the last one known at its own time.")


def _check_prior(revision: Revision, newest: dict[str, Current]) -> None:
    current = newest.get(revision.key)
    if revision.prior != (None if current is None else current.seq):
        raise BrokenChain(f"{_name(revision)} does not point at the revision that it replaces.")
    mark = b"" if revision.payload is None else fingerprint(revision.payload)
    newest[revision.key] = Current(revision.seq, mark, revision.action is Action.retract)


def _check_shapes(revision: Revision, store: Store, checked: set[str]) -> set[str]:
    if revision.subject is not Subject.control or revision.payload is None:
        return set()
    areas = _CONTROL.decode(revision.payload).areas
    hashes = {area.shape for area in areas if area.shape} - checked
    stored = store.shapes(hashes)
    for sha256 in sorted(hashes):
        if hashlib.sha256(stored.get(sha256, b"")).hexdigest() != sha256:
            raise BrokenChain(f"{_name(revision)}: its polygon {sha256[:12]}… is gone or changed.")
    return hashes


def _check_newest(store: Store, newest: Mapping[Subject, Mapping[str, Current]], upto: int) -> None:
    """Check the engine's tables of newest revisions against the ledger up to a revision.

    What was written or erased after it came while the ledger was read: the next check covers it.
    """
    engine = {subject: store.current(subject) for subject in newest}
    erased_since = {seq for later in store.revisions(upto) for seq in _marked_as_erased(later)}
    for subject, walked in newest.items():
        _check_current(subject, walked, engine[subject], upto, erased_since)


def _check_current(
    subject: Subject,
    ledger: Mapping[str, Current],
    engine: Mapping[str, Current],
    upto: int,
    erased_since: AbstractSet[int],
) -> None:
    """Check the engine's table of newest revisions; an erased payload has no fingerprint."""
    for key in sorted(ledger.keys() | engine.keys()):
        expected, stored = ledger.get(key), engine.get(key)
        if stored and stored.seq > upto:
            continue
        if expected and stored and (not expected.fingerprint or stored.seq in erased_since):
            expected = expected._replace(fingerprint=stored.fingerprint)
        if expected != stored:
            seq = expected.seq if expected else "none"
            raise BrokenChain(
                f"The newest revision of {subject} {key} is {seq}, which the record has otherwise."
            )
