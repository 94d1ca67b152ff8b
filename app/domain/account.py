"""Who may do what: roles, and the tokens that prove them.

A role widens what its holder sees and may do, never what the public sees. A token is a number of
its own and a secret; only a digest of the secret is stored: a copy of the record gives no access.
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

    `datasets` is the scope; empty means all.
    """

    actor: str
    role: Role
    datasets: frozenset[str] = frozenset()

    def covers(self, dataset: str) -> bool:
        """Tell whether a dataset lies in the holder's scope."""
        return not self.datasets or dataset in self.datasets


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A token as it is stored: everything except its secret."""

    id: str
    name: str
    role: Role
    datasets: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def is_valid_at(self, now: datetime) -> bool:
        """Tell whether the token gives access at an instant: not revoked, not expired."""
        if self.revoked_at is not None and self.revoked_at <= now:
            return False
        return self.expires_at is None or now < self.expires_at

    @property
    def holder(self) -> Holder:
        """Who uses the token; the ledger can distinguish two tokens of the same name."""
        return Holder(f"{self.name} (token {self.id})", self.role, frozenset(self.datasets))


class TokenBook(Protocol):
    """Where tokens are stored, beside the ledger: they give access and are not in the record."""

    def add_token(self, token: Token, digest: bytes) -> None:
        """Store a new token with the SHA-256 of its secret."""

    def find_token(self, number: str) -> tuple[Token, bytes] | None:
        """Find a token and the digest of its secret; None when there is none."""

    def tokens(self) -> list[Token]:
        """List all tokens, oldest first, revoked and expired ones included."""

    def revoke_token(self, number: str, at: datetime) -> None:
        """Revoke a token; one that was revoked before keeps the instant of the first time."""
