"""Tokens and sessions in the tables of the record: the same in either engine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime

from app.domain.account import Session, Token
from app.store.decoding import Row, micros_of, session_of, token_of


class AccountTables(ABC):
    """The part of a store that `app.domain.account.TokenBook` describes."""

    @abstractmethod
    def _rows(self, name: str, **values: object) -> list[Row]:
        """Read the rows of a named statement."""

    @abstractmethod
    def _change(self, statement: str, **values: object) -> int:
        """Run a named statement in a transaction of its own; return how many rows it changed."""

    def add_token(self, token: Token, digest: bytes) -> None:
        """Store a new token with the SHA-256 of its secret."""
        self._change(
            "add_token",
            id=token.id,
            name=token.name,
            role=str(token.role),
            datasets=",".join(token.datasets),
            digest=digest,
            created_at=micros_of(token.created_at),
            expires_at=None if token.expires_at is None else micros_of(token.expires_at),
            made_by=token.made_by,
            claim=token.claim,
        )

    def find_token(self, number: str) -> tuple[Token, bytes] | None:
        """Find a token and the digest of its secret."""
        rows = self._rows("find_token", id=number)
        return (token_of(rows[0]), rows[0][-1]) if rows else None

    def tokens(self) -> list[Token]:
        """List all tokens, oldest first."""
        return [token_of(row) for row in self._rows("tokens")]

    def revoke_token(self, number: str, at: datetime, by: str) -> None:
        """Revoke a token."""
        self._change("revoke_token", id=number, at=micros_of(at), by=by)

    def add_session(self, session: Session, digest: bytes, attempt: bytes | None = None) -> bool:
        """Store a new session with the SHA-256 of what its cookie holds."""
        added = self._change(
            "add_session",
            id=session.id,
            token=session.token,
            person=session.person,
            name=session.name,
            digest=digest,
            attempt=attempt,
            created_at=micros_of(session.created_at),
            expires_at=micros_of(session.expires_at),
        )
        return added == 1

    def find_session(self, digest: bytes) -> Session | None:
        """Find a session by the SHA-256 of what its cookie holds."""
        rows = self._rows("find_session", digest=digest)
        return session_of(rows[0]) if rows else None

    def sessions(self) -> list[Session]:
        """List the sessions, oldest first."""
        return [session_of(row) for row in self._rows("sessions")]

    def end_session(self, number: str, at: datetime) -> None:
        """End a session."""
        self._change("end_session", id=number, at=micros_of(at))

    def end_sessions(self, at: datetime) -> None:
        """End all sessions."""
        self._change("end_sessions", at=micros_of(at))

    def forget_sessions(self, before: datetime) -> None:
        """Remove the sessions that had expired before an instant."""
        self._change("forget_sessions", before=micros_of(before))

    def keep_sessions(self, token: str, person: str, most: int) -> None:
        """Remove all but the newest sessions of a person with a token."""
        self._change("keep_sessions", token=token, person=person, most=most)
