"""The operator's identity provider, by OpenID Connect: the authorization code flow with PKCE.

No request leaves for another host than those that the operator named. What the provider says is
believed only when it is signed, and for this sign-in (OpenID Connect Core 3.1.3.7).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import httpx
import msgspec
from joserfc import jwt
from joserfc.errors import ClaimError, JoseError
from joserfc.jwk import KeySet

from app.domain.account import Role, Token
from app.domain.errors import NotAllowed, NotKnown, ProviderAway
from app.instance.attempts import Attempt, base64url
from app.instance.sessions import SignIn

Kind = TypeVar("Kind")
Claims: TypeAlias = Mapping[str, object]
DISCOVERY = "/.well-known/openid-configuration"
ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"]
"""Signatures with the provider's own key: none, and a secret that we know too, prove nothing."""

REMEMBERED = timedelta(minutes=10)
"""How long the provider's description is not read anew."""

CLOCK_SLACK_S, ANSWER_S = 60, 10
MOST_BYTES = 1 << 20
LONGEST_NAME = 40
LOOPBACK = ("127.0.0.1", "localhost", "::1")
NAMES = ("preferred_username", "email", "sub")
"""The claims from which the ledger's name of a person is taken, the first that is there."""


class _Description(msgspec.Struct, frozen=True):
    """What we need of a provider's description (OpenID Connect Discovery 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class _Answer(msgspec.Struct, frozen=True):
    """What the provider gives for a code."""

    id_token: str
    access_token: str | None = None


@dataclass(frozen=True)
class Provider:
    """One provider, as the operator named it; `hosts` are further hosts of it."""

    issuer: str
    client_id: str
    client_secret: str
    scope: str
    hosts: frozenset[str] = frozenset()
    _descriptions: dict[str, tuple[datetime, _Description]] = field(
        default_factory=dict, init=False, repr=False
    )

    @property
    def name(self) -> str:
        """What the sign-in page calls it."""
        return urlsplit(self.issuer).hostname or self.issuer

    async def address(self, attempt: Attempt, return_url: str, now: datetime) -> str:
        """Return the address at the provider to which the browser goes.

        Raises:
            ProviderAway: the provider does not answer.
            NotKnown: it is not the one that the operator named.
        """
        async with _client() as client:
            description = await self._description(client, now)
        verifier = attempt.part("verifier").encode()
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": return_url,
            "scope": self.scope,
            "state": attempt.part("state"),
            "nonce": attempt.part("nonce"),
            "code_challenge": base64url(hashlib.sha256(verifier).digest()),
            "code_challenge_method": "S256",
        }
        address = description.authorization_endpoint
        return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"

    async def person(
        self, attempt: Attempt, returned: Mapping[str, str], return_url: str, now: datetime
    ) -> tuple[SignIn, Claims]:
        """Read who came back, and what the provider says of them.

        Raises:
            ProviderAway: the provider does not answer.
            NotKnown: what came back does not belong to this sign-in, or is not the provider's.
        """
        state, said = attempt.part("state"), returned.get("state", "")
        if not (attempt.is_fresh(now) and hmac.compare_digest(said.encode(), state.encode())):
            raise NotKnown(
                "This sign-in did not begin in this browser, or too long ago: begin anew."
            )
        if returned.get("iss", self.issuer) != self.issuer:  # RFC 9207
            raise NotKnown("Another provider answered than the one that was asked.")
        if "code" not in returned:
            raise NotKnown("The identity provider did not let you in.")
        async with _client() as client:
            description = await self._description(client, now)
            answer = await self._redeem(client, description, attempt, returned["code"], return_url)
            keys = await self._fetch(client, "GET", description.jwks_uri)
            claims = self._checked(answer.id_token, keys, attempt.part("nonce"), now)
            if answer.access_token and description.userinfo_endpoint:
                bearer = {"Authorization": f"Bearer {answer.access_token}"}
                more = await self._fetch(
                    client, "GET", description.userinfo_endpoint, headers=bearer
                )
                claims = _joined(_decoded(more, dict[str, object]), claims)
        name = next(str(claims[one]) for one in NAMES if claims.get(one))
        readable = "".join(letter for letter in name if letter.isprintable())[:LONGEST_NAME]
        number = hashlib.sha256(f"{self.issuer} {claims['sub']}".encode()).hexdigest()
        return SignIn(number[:12], readable, attempt.text), claims

    async def _description(self, client: httpx.AsyncClient, now: datetime) -> _Description:
        known = self._descriptions.get(self.issuer)
        if known is not None and timedelta(0) <= now - known[0] < REMEMBERED:
            return known[1]
        body = await self._fetch(client, "GET", self.issuer.rstrip("/") + DISCOVERY)
        description = _decoded(body, _Description)
        if description.issuer != self.issuer:
            raise NotKnown("The provider calls itself otherwise than the operator named it.")
        self._own(description.authorization_endpoint)
        self._descriptions[self.issuer] = (now, description)
        return description

    async def _redeem(
        self,
        client: httpx.AsyncClient,
        description: _Description,
        attempt: Attempt,
        code: str,
        return_url: str,
    ) -> _Answer:
        """Exchange a code for what the provider signed."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": return_url,
            "code_verifier": attempt.part("verifier"),
        }
        headers = dict[str, str]()
        methods = description.token_endpoint_auth_methods_supported
        if self.client_secret and "client_secret_basic" in methods:
            pair = f"{quote(self.client_id, safe='')}:{quote(self.client_secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form["client_id"] = self.client_id
            form |= {"client_secret": self.client_secret} if self.client_secret else {}
        address = description.token_endpoint
        body = await self._fetch(client, "POST", address, data=form, headers=headers)
        return _decoded(body, _Answer)

    def _checked(self, id_token: str, keys: bytes, nonce: str, now: datetime) -> Claims:
        """Read what the provider signed, for this client and this sign-in (Core 3.1.3.7)."""
        rules = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=CLOCK_SLACK_S,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self.client_id},
            nonce={"essential": True, "value": nonce},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        )
        try:
            key_set = KeySet.import_key_set(json.loads(keys))
            claims = jwt.decode(id_token, key_set, algorithms=ALGORITHMS).claims
            rules.validate(claims)
        except ClaimError as wrong:
            raise NotKnown(
                f"The provider's answer is not for this sign-in: {wrong.claim}."
            ) from wrong
        except (JoseError, ValueError, KeyError, TypeError) as wrong:
            raise NotKnown("The provider's answer is not signed with its key as needed.") from wrong
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", None if several else self.client_id) != self.client_id:
            raise NotKnown("The provider's answer is not for this sign-in: azp.")
        return claims

    def _own(self, address: str) -> str:
        """Return an address of the provider itself.

        Raises:
            NotKnown: it is on another host, or without TLS on another machine.
        """
        try:
            url = urlsplit(address)
        except ValueError as wrong:
            raise NotKnown("The provider names an address that cannot be read.") from wrong
        is_safe = url.scheme == "https" or (url.scheme == "http" and url.hostname in LOOPBACK)
        if is_safe and url.netloc in {urlsplit(self.issuer).netloc, *self.hosts}:
            return address
        raise NotKnown(f"The provider names a host that the operator did not: {url.netloc[:80]!r}.")

    async def _fetch(
        self,
        client: httpx.AsyncClient,
        method: str,
        address: str,
        *,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """Send a request to the provider; no redirect is followed, and no long answer read."""
        body = bytearray()
        try:
            async with client.stream(
                method, self._own(address), data=data, headers=headers
            ) as response:
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > MOST_BYTES:
                        raise NotKnown("The provider's answer is longer than any has to be.")
        except httpx.HTTPError as wrong:
            raise ProviderAway("The identity provider does not answer; try again.") from wrong
        if response.is_server_error:
            raise ProviderAway("The identity provider has a fault of its own; try again.")
        if not response.is_success:
            raise NotKnown(f"The identity provider refused this sign-in ({response.status_code}).")
        return bytes(body)


def granted(tokens: Iterable[Token], claims: Claims, now: datetime) -> Token:
    """Return the token that stands for somebody: of several the highest role, then all datasets.

    Raises:
        NotAllowed: nobody gave them a role.
    """
    fitting = [one for one in tokens if one.is_valid_at(now) and _has(claims, one.claim)]
    if not fitting:
        raise NotAllowed(
            "You are signed in there, but nobody gave you a role here: ask an operator."
        )
    ranks = list(Role)
    return max(fitting, key=lambda one: (ranks.index(one.role), not one.datasets))


def _has(claims: Claims, claim: str | None) -> bool:
    """Tell whether somebody has a claim such as `groups=editors` or `realm_access.roles=desk`."""
    name, _, content = (claim or "").partition("=")
    if not name or (name == "email" and claims.get("email_verified") is not True):
        return False
    value = claims.get(name)
    if value is None:
        value = claims
        for part in name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
    return content in value if isinstance(value, list) else value == content


def _joined(more: Claims, claims: Claims) -> Claims:
    """Add what the provider tells on request; what it signed stands.

    Raises:
        NotKnown: it speaks of somebody else (Core 5.3.2).
    """
    if more.get("sub") != claims["sub"]:
        raise NotKnown("The provider speaks of two different people.")
    return {**more, **claims}


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=ANSWER_S)


def _decoded(body: bytes, kind: type[Kind]) -> Kind:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as wrong:
        raise NotKnown("The identity provider's answer cannot be read.") from wrong
