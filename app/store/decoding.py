"""Rows of the record as values of the domain; a payload is checked against its digest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from app.domain.account import Role, Session, Token
from app.domain.errors import BrokenChain
from app.domain.revision import GENESIS, Action, Head, Revision, Subject, payload_digest

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ACTIONS = {action.value: action for action in Action}
_SUBJECTS = {subject.value: subject for subject in Subject}

Row = tuple[Any, ...]
"""A row of a result; the types of its columns follow from the statement."""


def micros_of(instant: datetime) -> int:
    """Return an instant as the record stores it, in microseconds since 1970."""
    return (instant - _EPOCH) // timedelta(microseconds=1)


@lru_cache(maxsize=1024)
def _instant_of(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def keys_from(subject: Subject, prefix: str) -> dict[str, str]:
    """Return the bounds of the keys that start with a prefix, as the statements name them."""
    return {"subject": str(subject), "first": prefix, "last": prefix + "\U0010ffff"}


def head_of(row: Row | None) -> Head:
    """Read the newest link; an empty record has no row, and the link 0."""
    if row is None:
        return Head(0, GENESIS, None)
    seq, hashed, micros = row
    return Head(seq, hashed, _instant_of(micros))


def token_of(row: Row) -> Token:
    """Read a token; the digest of its secret is last in the row."""
    number, name, role, datasets, created, expires, revoked, made_by, revoked_by, claim, _ = row
    return Token(
        id=number,
        name=name,
        role=Role(role),
        datasets=tuple(datasets.split(",")) if datasets else (),
        created_at=_instant_of(created),
        expires_at=None if expires is None else _instant_of(expires),
        revoked_at=None if revoked is None else _instant_of(revoked),
        made_by=made_by,
        revoked_by=revoked_by,
        claim=claim,
    )


def session_of(row: Row) -> Session:
    """Read a session."""
    number, token, person, name, created, expires, ended = row
    return Session(
        id=number,
        token=token,
        person=person,
        name=name,
        created_at=_instant_of(created),
        expires_at=_instant_of(expires),
        ended_at=None if ended is None else _instant_of(ended),
    )


def revision_of(row: Row) -> Revision:
    """Read a revision.

    Raises:
        BrokenChain: its payload is not the one of its digest, or it is of an unknown kind.
    """
    seq, micros, actor, action, reason, subject, *rest = row
    try:
        # A look-up is faster than a call of the enum: an index reads millions of these.
        kind, about = _ACTIONS[action], _SUBJECTS[subject]
    except KeyError as wrong:
        raise BrokenChain(f"Revision {seq}: {wrong} is no action or subject.") from wrong
    revision = Revision(seq, _instant_of(micros), actor, kind, reason, about, *rest)
    payload = revision.payload
    if payload is not None and payload_digest(revision.salt, payload) != revision.digest:
        raise _changed(seq, subject, revision.key)
    return revision


def payload_of(row: Row) -> tuple[int, str, bytes]:
    """Read a revision's number, key and payload.

    Raises:
        BrokenChain: the payload is not the one of its digest.
    """
    seq, subject, key, payload, salt, digest = row
    if payload_digest(salt, payload) != digest:
        raise _changed(seq, subject, key)
    return seq, key, payload


def _changed(seq: int, subject: str, key: str) -> BrokenChain:
    return BrokenChain(f"Revision {seq} ({subject} {key}): its payload does not match its digest.")
