"""Tokens: created and shown once, recognised, and revoked."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta
from typing import Required

import msgspec
from typing_extensions import TypedDict, Unpack

from app.domain.account import Holder, Role, Token, TokenBook
from app.domain.errors import InputError, NotAllowed, NotFound, NotKnown
from app.instance.operator import operator_name

PREFIX = "strikemap"
SECRET_BYTES = 32
SHAPE = re.compile(rf"{PREFIX}_([0-9a-f]{{12}})_([A-Za-z0-9_-]{{43}})")
MOST_DAYS = 3650
LONGEST_NAME = 60
SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
CLAIM = re.compile(r"([A-Za-z0-9_.:/-]{1,80})=([^\x00-\x1f\x7f]{1,200})")
NO_SECRET = b""
"""The digest of a token that nobody can show: no SHA-256 is empty."""

NOBODY = hashlib.sha256(b"").digest()
"""The digest for a token without a row: the comparison takes as long as for a wrong secret."""


class _Facts(TypedDict, total=False):
    """What a token says of its holder."""

    now: Required[datetime]
    days: int | None
    datasets: tuple[str, ...]
    made_by: str | None


def create_token(
    book: TokenBook, name: str, role: Role, **facts: Unpack[_Facts]
) -> tuple[Token, str]:
    """Create a token and return it with its text, which is not stored and cannot be shown again.

    Raises:
        InputError: a name or a number of days that does not fit.
    """
    secret, token = secrets.token_urlsafe(SECRET_BYTES), _token(name, role, facts)
    book.add_token(token, digest_of(secret))
    return token, f"{PREFIX}_{token.id}_{secret}"


def grant(book: TokenBook, claim: str, role: Role, **facts: Unpack[_Facts]) -> Token:
    """Create a token without a secret, for whoever signs in with a claim such as `groups=editors`.

    Raises:
        InputError: a claim or a number of days that does not fit.
    """
    fits = CLAIM.fullmatch(claim)
    if fits is None:
        raise InputError("claim", claim, "a claim and its content, such as groups=editors")
    token = msgspec.structs.replace(_token(fits[1][:LONGEST_NAME], role, facts), claim=claim)
    book.add_token(token, NO_SECRET)
    return token


def _token(name: str, role: Role, facts: _Facts) -> Token:
    now, days, datasets = facts["now"], facts.get("days"), facts.get("datasets", ())
    _check(name, days, datasets)
    return Token(
        id=secrets.token_hex(6),
        name=name.strip(),
        role=role,
        datasets=datasets,
        created_at=now,
        expires_at=None if days is None else now + timedelta(days=days),
        made_by=facts.get("made_by"),
    )


def _check(name: str, days: int | None, datasets: tuple[str, ...]) -> None:
    if not (name.strip() and len(name) <= LONGEST_NAME and name.isprintable()):
        allowed = f"1 to {LONGEST_NAME} characters: whom the ledger shall name"
        raise InputError("name", name, allowed)
    if days is not None and not 0 < days <= MOST_DAYS:
        raise InputError("days", days, f"1 to {MOST_DAYS}")
    for slug in datasets:
        if not SLUG.fullmatch(slug):
            allowed = "a slug: lower-case letters, digits and hyphens"
            raise InputError("dataset", slug, allowed)


def digest_of(secret: str) -> bytes:
    """Hash a secret; 256 random bits need no slow hash and no salt."""
    return hashlib.sha256(secret.encode()).digest()


def holder_of(book: TokenBook, text: str, now: datetime) -> Holder:
    """Recognise whom a token stands for.

    The token's public number finds the row, and the secret is compared in constant time. A number
    that nobody has takes the same steps, so the time of an answer gives nothing away.

    Raises:
        NotKnown: the token is wrong, expired or revoked.
    """
    shaped = SHAPE.fullmatch(text)
    number, secret = shaped.groups() if shaped else ("", "")
    token, digest = book.find_token(number) or (None, NOBODY)
    is_right = hmac.compare_digest(digest_of(secret or "-"), digest)
    if token is None or not is_right:
        raise NotKnown("The token is not known here: check that it was copied whole.")
    if not token.is_valid_at(now):
        ended = "revoked" if token.revoked_at is not None else "valid until then only"
        at = token.revoked_at or token.expires_at
        raise NotKnown(f"The token {token.id} opens nothing any more: {ended} ({at:%Y-%m-%d}).")
    return token.holder


def local_holder() -> Holder:
    """Name the person at this machine, who may do everything on a private instance."""
    return Holder(operator_name(), Role.admin)


def revoke_token(book: TokenBook, number: str, now: datetime, by: str) -> Token:
    """Revoke a token, from the next request on.

    Raises:
        NotFound: no token has the number.
    """
    if book.find_token(number) is None:
        raise NotFound(f"There is no token {number!r}: `strikemap token list` names them.")
    book.revoke_token(number, now, by)
    row = book.find_token(number)
    assert row is not None  # noqa: S101  tokens are never deleted
    return row[0]


def allow_everything(holder: Holder, why: str) -> None:
    """Check that a holder is an admin of all datasets; `why` is the reason that they read.

    Raises:
        NotAllowed: the role is too small, or its scope.
    """
    allow(holder, Role.admin)
    if holder.datasets:
        raise NotAllowed(f"This needs an admin of all datasets: {why}.")


def allow(holder: Holder, role: Role, dataset: str | None = None) -> None:
    """Check that a holder has the role, and that their scope covers the dataset.

    Raises:
        NotAllowed: with the role or the scope that is needed.
    """
    if not holder.role.reaches(role):
        raise NotAllowed(
            f"This needs the role {role.value}; {holder.actor} is {holder.role.value}."
        )
    if dataset is not None and not holder.covers(dataset):
        scope = ", ".join(sorted(holder.datasets))
        raise NotAllowed(f"{holder.actor} is for the datasets {scope}, not for {dataset!r}.")
