"""Who may do what: roles, and the tokens that prove them.

A role widens what its holder sees and may do, never what the public sees. A token is a number of
its own and a secret; only a digest of the secret is kept, so a copy of the record opens nothing.
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

    def reaches(self, wanted: Role) -> bool:
        """Tell whether this role may do what another may.

        >>> Role.reviewer.reaches(Role.editor), Role.viewer.reaches(Role.editor)
        (True, False)
        """
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(wanted)


class Holder(msgspec.Struct, frozen=True):
    """Somebody who was recognised: how the ledger names them, and what they may.

    `datasets` is the scope; empty means all.
    """

    actor: str
    role: Role
    datasets: frozenset[str] = frozenset()

    def covers(self, dataset: str) -> bool:
        """Tell whether a dataset lies in the holder's scope."""
        return not self.datasets or dataset in self.datasets


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a token: everything but its secret."""

    id: str
    name: str
    role: Role
    datasets: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def is_valid_at(self, now: datetime) -> bool:
        """Tell whether the token opens anything at an instant."""
        if self.revoked_at is not None and self.revoked_at <= now:
            return False
        return self.expires_at is None or now < self.expires_at

    @property
    def holder(self) -> Holder:
        """Whom the token stands for; two tokens of one name are told apart in the ledger."""
        return Holder(f"{self.name} (token {self.id})", self.role, frozenset(self.datasets))


class TokenBook(Protocol):
    """Where tokens are kept, beside the ledger: they open doors and are no part of the record."""

    def add_token(self, token: Token, digest: bytes) -> None:
        """Keep a new token with the SHA-256 of its secret."""

    def find_token(self, number: str) -> tuple[Token, bytes] | None:
        """Find a token and the digest of its secret; None when there is none."""

    def tokens(self) -> list[Token]:
        """List all tokens, oldest first, revoked and expired ones included."""

    def revoke_token(self, number: str, at: datetime) -> None:
        """Close a token; one that is closed stays closed since its first time."""
