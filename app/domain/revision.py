"""How the ledger is hashed: canonical JSON, salted digests, and a chain of SHA-256 links.

A link covers the previous link, the metadata and a *salted digest* of the payload, so a payload
can be erased, or shown alone, and the chain can still be verified.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from enum import StrEnum

import msgspec

from app.domain.errors import InputError

GENESIS = bytes(32)
_CANONICAL = msgspec.json.Encoder(order="sorted")


class Subject(StrEnum):
    """What a revision is about."""

    incident = "incident"
    control = "control"
    wave = "wave"
    dataset = "dataset"
    report = "report"
    merge = "merge"
    matching = "matching"
    erasure = "erasure"
    attachment = "attachment"
    redaction = "redaction"
    story = "story"
    approval = "approval"
    theatre = "theatre"


class Action(StrEnum):
    """What was done to the subject."""

    add = "add"
    amend = "amend"
    retract = "retract"


class Change(msgspec.Struct, frozen=True, gc=False):
    """A change to write: the subject's key and its whole new payload.

    `replaces` is the revision that the change was made from; when another one is the newest at the
    time of writing, the whole write is refused. None replaces any revision.
    """

    subject: Subject
    key: str
    action: Action
    payload: bytes
    replaces: int | None = None


class Revision(msgspec.Struct, frozen=True, gc=False):
    """One entry of the ledger. `payload` is None after it was erased."""

    seq: int
    recorded_at: datetime
    actor: str
    action: Action
    reason: str
    subject: Subject
    key: str
    prior: int | None
    payload: bytes | None
    salt: bytes
    digest: bytes
    previous: bytes
    hash: bytes

    @property
    def head(self) -> Head:
        """The revision as the head that it was when nothing followed it."""
        return Head(self.seq, self.hash, self.recorded_at)


class Erasure(msgspec.Struct, frozen=True):
    """What a purge writes: whose payloads were erased, by revision number, and why."""

    subject: Subject
    key: str
    seqs: tuple[int, ...]
    reason: str


class Head(msgspec.Struct, frozen=True):
    """The newest link: a comparison with an earlier one shows whether later links are missing."""

    seq: int
    hash: bytes
    recorded_at: datetime | None


def canonical(value: object) -> bytes:
    """Write a payload as RFC 8785 canonical JSON.

    Payloads hold no floats and only ASCII keys by design (coordinates are whole 1e-7 degrees):
    only those would make canonical numbers and the order of keys difficult. Tests compare the
    result with a full implementation.
    """
    return _CANONICAL.encode(value)


def payload_digest(salt: bytes, payload: bytes) -> bytes:
    """Hash a payload with its salt: without the salt a short payload could be guessed."""
    return hashlib.sha256(salt + payload).digest()


def fingerprint(payload: bytes) -> bytes:
    """Hash a payload to 16 bytes: a new import compares them to find what changed."""
    return hashlib.blake2b(payload, digest_size=16).digest()


def link(  # noqa: PLR0913  the metadata that a link covers, each by name
    previous: bytes,
    *,
    seq: int,
    recorded_at: str,
    actor: str,
    action: str,
    reason: str,
    subject: str,
    key: str,
    digest: bytes,
) -> bytes:
    """Compute a link's hash; any changed field breaks this link and every later one."""
    metadata = canonical([seq, recorded_at, actor, action, reason, subject, key])
    return hashlib.sha256(previous + metadata + digest).digest()


LONGEST_REASON = 500


def checked_reason(value: object) -> str:
    """Return a reason without spaces around it: one line of text, in any language.

    Raises:
        InputError: it is missing, too long, or no line of text.
    """
    reason = value.strip() if isinstance(value, str) else ""
    if not reason or len(reason) > LONGEST_REASON or not reason.isprintable():
        allowed = f"why, in one line of at most {LONGEST_REASON} characters"
        raise InputError("reason", "" if value is None else value, allowed)
    return reason
