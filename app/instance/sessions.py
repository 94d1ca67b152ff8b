"""Sessions: a browser that is signed in for a token, until it signs out or its time is over."""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from app.domain.account import Holder, Session, TokenBook
from app.domain.errors import DoneBefore, NotKnown
from app.instance.tokens import SECRET_BYTES, digest_of

SHAPE = re.compile(r"[A-Za-z0-9_-]{43}")
REMEMBERED = timedelta(days=30)
"""How long a session is listed after its time is over."""

MOST_SESSIONS = 50
"""Sessions of one person with one token that are kept: a loop of sign-ins fills no record."""

ENDED = "This session has ended: sign in again."


class SignIn(NamedTuple):
    """Somebody who came from the identity provider.

    `person` is a number that stays, `name` one for people, `attempt` what began this sign-in.
    """

    person: str
    name: str
    attempt: str


def open_session(
    book: TokenBook, token: str, now: datetime, hours: float, sign_in: SignIn | None = None
) -> tuple[Session, str]:
    """Open a session for a token and return it with what its cookie holds, which is not stored.

    Raises:
        DoneBefore: the sign-in opened a session before.
    """
    secret = secrets.token_urlsafe(SECRET_BYTES)
    session = Session(
        id=secrets.token_hex(6),
        token=token,
        person=sign_in.person if sign_in else "",
        name=sign_in.name if sign_in else "",
        created_at=now,
        expires_at=now + timedelta(hours=hours),
    )
    book.forget_sessions(now - REMEMBERED)
    attempt = digest_of(sign_in.attempt) if sign_in else None
    if not book.add_session(session, digest_of(secret), attempt):
        raise DoneBefore("This sign-in was used already: sign in again.")
    book.keep_sessions(token, session.person, MOST_SESSIONS)
    return session, secret


def holder_in_session(book: TokenBook, secret: str, now: datetime) -> Holder:
    """Recognise who is signed in; the token is read anew, so a revoked one ends its sessions.

    Raises:
        NotKnown: there is no such session, or it has ended.
    """
    session = book.find_session(digest_of(secret)) if SHAPE.fullmatch(secret) else None
    row = None if session is None else book.find_token(session.token)
    if session is None or row is None:
        raise NotKnown(ENDED)
    token, _digest = row
    if not (session.is_open_at(now) and token.is_valid_at(now)):
        raise NotKnown(ENDED)
    return token.holder_in(session)
