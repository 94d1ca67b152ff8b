"""Who may do what: roles, and the tokens that prove them.

A role widens what its holder sees and may do, never what the public sees. A token is a number of
its own and a secret; only a digest of the secret is stored: a copy of the record gives no access.
A session stands for a token in a browser that is signed in.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec


class Role(StrEnum):
    """What somebody may do; each may do what the ones before it may."""

    viewer = "viewer"
    editor = "editor"
    reviewer = "reviewer"
    admin = "admin"

    def reaches(self, other: Role) -> bool:
        """Tell whether this role may do what another may.

        >>> Role.reviewer.reaches(Role.editor), Role.viewer.reaches(Role.editor)
        (True, False)
        """
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(other)


class Holder(msgspec.Struct, frozen=True):
    """Somebody who showed a valid token: how the ledger names them, and what they may do.

    `datasets` is the scope; empty means all. `person` stays the same when somebody is renamed, and
    tells apart who has to agree where two must.
    """

    actor: str
    role: Role
    datasets: frozenset[str] = frozenset()
    person: str = ""
    token: str = ""
    session: Session | None = None

    @property
    def identity(self) -> str:
        """Who it is, however they are named."""
        return self.person or self.actor

    def covers(self, dataset: str) -> bool:
        """Tell whether a dataset lies in the holder's scope."""
        return not self.datasets or dataset in self.datasets


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A token as it is stored: everything except its secret.

    A token with a `claim`, such as `groups=editors`, has no secret: it is for whoever signs in at
    the identity provider with this claim.
    """

    id: str
    name: str
    role: Role
    datasets: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    made_by: str | None = None
    """Who made it; None for one of a release that did not note it."""

    revoked_by: str | None = None
    claim: str | None = None

    def is_valid_at(self, now: datetime) -> bool:
        """Tell whether the token gives access at an instant: not revoked, not expired."""
        if self.revoked_at is not None and self.revoked_at <= now:
            return False
        return self.expires_at is None or now < self.expires_at

    @property
    def holder(self) -> Holder:
        """Who uses the token; the ledger can distinguish two tokens of the same name."""
        return self._holder(self.name, f"token {self.id}", None)

    def holder_in(self, session: Session) -> Holder:
        """Who uses the token in a session; a person of the identity provider is named as such."""
        if not session.person:
            return self._holder(self.name, f"token {self.id}", session)
        return self._holder(session.name, f"person {session.person}", session)

    def _holder(self, name: str, person: str, session: Session | None) -> Holder:
        scope, actor = frozenset(self.datasets), f"{name} ({person})"
        return Holder(actor, self.role, scope, person, self.id, session)


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that is signed in, for one token, until a time; all but what its cookie holds.

    `person` and `name` are of somebody whom the identity provider knows; empty for a session that
    began with a token's text.
    """

    id: str
    token: str
    person: str = ""
    name: str = ""
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None

    def is_open_at(self, now: datetime) -> bool:
        """Tell whether the session gives access at an instant: not ended, not expired."""
        return self.ended_at is None and now < self.expires_at


class TokenBook(Protocol):
    """Where tokens and sessions are stored, beside the ledger: they give access to the record."""

    def add_token(self, token: Token, digest: bytes) -> None:
        """Store a new token with the SHA-256 of its secret."""

    def find_token(self, number: str) -> tuple[Token, bytes] | None:
        """Find a token and the digest of its secret; None when there is none."""

    def tokens(self) -> list[Token]:
        """List all tokens, oldest first, revoked and expired ones included."""

    def revoke_token(self, number: str, at: datetime, by: str) -> None:
        """Revoke a token; one that was revoked before keeps the instant of the first time."""

    def add_session(self, session: Session, digest: bytes, attempt: bytes | None = None) -> bool:
        """Store a new session with the SHA-256 of what its cookie holds.

        `attempt` names the sign-in; False when it began a session before, and nothing is stored.
        """

    def find_session(self, digest: bytes) -> Session | None:
        """Find a session by the SHA-256 of what its cookie holds."""

    def sessions(self) -> list[Session]:
        """List the sessions, oldest first, ended and expired ones included."""

    def end_session(self, number: str, at: datetime) -> None:
        """End a session; one that ended before keeps the instant of the first time."""

    def end_sessions(self, at: datetime) -> None:
        """End all sessions."""

    def forget_sessions(self, before: datetime) -> None:
        """Remove the sessions that had expired before an instant."""

    def keep_sessions(self, token: str, person: str, most: int) -> None:
        """Remove all but the newest sessions of a person with a token, open ones included."""
