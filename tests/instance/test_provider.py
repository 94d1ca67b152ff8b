"""An identity provider that lies, and answers in its name, open nothing; each is one sentence."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from typing_extensions import override

from app.domain.account import Role
from app.domain.errors import DoneBefore, NotAllowed, NotKnown, ProviderAway
from app.instance.attempts import Attempt, base64url
from app.instance.provider import Provider, granted
from app.instance.sessions import open_session
from app.instance.tokens import create_token, grant, holder_of
from app.store.sqlite import SqliteStore
from tests.making import NOON

Result = TypeVar("Result")
BACK = "https://maps.example.org/sign-in/return"
CLIENT, SECRET = "strikemap", "a secret that both know, of more than thirty-two bytes"
KEY, OTHER_KEY = RSAKey.generate_key(2048), RSAKey.generate_key(2048)
ATTEMPT = Attempt.begun(NOON, "/review")
LATER = NOON + timedelta(minutes=1)


def finished(work: Coroutine[Any, Any, Result]) -> Result:
    """Run to the end in a thread of its own: a browser of another test has a loop in this one."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, work).result()


@dataclass
class Liar:
    """A provider that says what a test wants; nobody here speaks to any other host."""

    url: str = ""
    described: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    signing: tuple[str, Any] = ("RS256", KEY)
    userinfo: dict[str, Any] | None = None
    status: int = 200
    forms: list[str] = field(default_factory=list)

    def answer(self, path: str) -> object:
        """Answer one address."""
        if path.startswith("/.well-known"):
            names = {"authorization": "auth", "token": "token", "userinfo": "me"}
            ends = {f"{name}_endpoint": f"{self.url}/{end}" for name, end in names.items()}
            if self.userinfo is None:
                ends.pop("userinfo_endpoint")
            return {"issuer": self.url, "jwks_uri": f"{self.url}/keys", **ends, **self.described}
        if path == "/keys":
            return {"keys": [KEY.as_dict(private=False)]}
        if path == "/me":
            return self.userinfo
        now, algorithm = int(LATER.timestamp()), self.signing[0]
        claims = {"iss": self.url, "aud": CLIENT, "sub": "ann", "iat": now, "exp": now + 300}
        claims = {**claims, "nonce": ATTEMPT.part("nonce"), **self.claims}
        given = {name: value for name, value in claims.items() if value is not None}
        if algorithm == "none":
            parts = [json.dumps(one).encode() for one in ({"alg": "none"}, given)]
            text = ".".join((*map(base64url, parts), ""))
        else:
            text = jwt.encode({"alg": algorithm}, given, self.signing[1], [algorithm])
        return {"id_token": text, "access_token": "of no use", "token_type": "Bearer"}

    def provider(self, **more: Any) -> Provider:
        """What the operator set."""
        return Provider(self.url, CLIENT, SECRET, "openid", **more)

    def person(self, returned: Mapping[str, str] | None = None, at: Any = LATER) -> Any:
        """Come back from this provider; returns who it is, and the claims."""
        usual = {"code": "once", "state": ATTEMPT.part("state")}
        provider = self.provider()
        return finished(provider.person(ATTEMPT, {**usual, **(returned or {})}, BACK, at))


@pytest.fixture
def liar() -> Iterator[Liar]:
    it = Liar()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(it.answer(self.path)).encode()
            self.send_response(it.status)
            self.send_header("Location", "http://127.0.0.1:9/")
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            it.forms.append(self.rfile.read(int(self.headers["content-length"])).decode())
            self.do_GET()

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    it.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield it
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_honest_answer_names_the_person_by_a_number_that_stays(liar: Liar) -> None:
    liar.userinfo = {"sub": "ann", "groups": ["editors"], "preferred_username": "Ann"}
    sign_in, claims = liar.person()
    liar.userinfo = {**liar.userinfo, "preferred_username": "Anna"}
    renamed, _claims = liar.person()
    assert (sign_in.name, renamed.name, claims["groups"]) == ("Ann", "Anna", ["editors"])
    assert sign_in.person == renamed.person
    assert f"code_verifier={ATTEMPT.part('verifier')}" in liar.forms[0]
    assert SECRET not in liar.forms[0]


@pytest.mark.parametrize(
    ("described", "claims", "signing", "sentence"),
    [
        ({"issuer": "https://elsewhere.example"}, {}, ("RS256", KEY), "calls itself otherwise"),
        ({"token_endpoint": "http://127.0.0.1:9/t"}, {}, ("RS256", KEY), "operator did not"),
        ({"jwks_uri": "https://elsewhere.example/k"}, {}, ("RS256", KEY), "operator did not"),
        ({"authorization_endpoint": "javascript:1"}, {}, ("RS256", KEY), "operator did not"),
        ({"token_endpoint": None}, {}, ("RS256", KEY), "cannot be read"),
        ({}, {"iss": "https://elsewhere.example"}, ("RS256", KEY), "not for this sign-in: iss"),
        ({}, {"nonce": "of another"}, ("RS256", KEY), "not for this sign-in: nonce"),
        ({}, {"nonce": None}, ("RS256", KEY), "not for this sign-in: nonce"),
        ({}, {"aud": "another client"}, ("RS256", KEY), "not for this sign-in: aud"),
        ({}, {"aud": [CLIENT, "another"]}, ("RS256", KEY), "not for this sign-in: azp"),
        ({}, {"azp": "another"}, ("RS256", KEY), "not for this sign-in: azp"),
        ({}, {"sub": None}, ("RS256", KEY), "not for this sign-in: sub"),
        ({}, {"exp": int(NOON.timestamp()) - 90}, ("RS256", KEY), "not for this sign-in: exp"),
        ({}, {"exp": None}, ("RS256", KEY), "not for this sign-in: exp"),
        ({}, {"iat": int(NOON.timestamp()) + 900}, ("RS256", KEY), "not for this sign-in: iat"),
        ({}, {}, ("RS256", OTHER_KEY), "not signed with its key"),
        ({}, {}, ("HS256", OctKey.import_key(SECRET)), "not signed with its key"),
        ({}, {}, ("none", KEY), "not signed with its key"),
    ],
)
def test_a_lie_is_refused(
    liar: Liar, described: Any, claims: Any, signing: Any, sentence: str
) -> None:
    liar.described, liar.claims, liar.signing = described, claims, signing
    with pytest.raises(NotKnown, match=sentence):
        liar.person()


def test_what_it_tells_on_request_must_be_of_the_same_person(liar: Liar) -> None:
    liar.userinfo = {"sub": "ben", "groups": ["admins"]}
    with pytest.raises(NotKnown, match="two different people"):
        liar.person()
    liar.userinfo = {"sub": "ann", "iss": "other", "email_verified": True}
    assert liar.person()[1]["iss"] == liar.url  # what it signed stands


@pytest.mark.parametrize(
    ("returned", "minutes", "sentence"),
    [
        ({"state": "of another"}, 1, "did not begin in this browser"),
        ({"state": ""}, 1, "did not begin in this browser"),
        ({"state": "é"}, 1, "did not begin in this browser"),
        ({}, 11, "too long ago"),
        ({}, -1, "too long ago"),
        ({"iss": "https://elsewhere.example"}, 1, "Another provider answered"),
    ],
)
def test_an_answer_of_another_sign_in_is_refused(
    liar: Liar, returned: dict[str, str], minutes: int, sentence: str
) -> None:
    with pytest.raises(NotKnown, match=sentence):
        liar.person(returned, NOON + timedelta(minutes=minutes))
    assert liar.forms == []  # nothing was sent


def test_no_redirect_is_followed_and_a_fault_of_the_provider_is_said(liar: Liar) -> None:
    for status, error in ((302, NotKnown), (400, NotKnown), (500, ProviderAway)):
        liar.status = status
        with pytest.raises(error):
            liar.person()
    silent = Provider("http://127.0.0.1:9", CLIENT, SECRET, "openid")
    with pytest.raises(ProviderAway):
        finished(silent.address(ATTEMPT, BACK, NOON))


def test_the_page_to_go_back_to_is_one_of_ours() -> None:
    for goal in ("//elsewhere.example", "/\\elsewhere.example", "https://elsewhere.example", "x"):
        assert Attempt.begun(NOON, goal).goal == "/"
    assert Attempt.begun(NOON, "/edit/1?lang=uk#a.b").goal == "/edit/1?lang=uk#a.b"


def test_a_sign_in_opens_one_session_even_where_the_provider_takes_a_code_twice(
    liar: Liar, store: SqliteStore
) -> None:
    token = grant(store, "sub=ann", Role.editor, now=NOON)
    for opens in (True, False):
        sign_in, claims = liar.person()
        row = granted(store.tokens(), claims, LATER)
        assert row.id == token.id
        if opens:
            open_session(store, row.id, LATER, 1, sign_in)
        else:
            with pytest.raises(DoneBefore, match="used already"):
                open_session(store, row.id, LATER, 1, sign_in)


def test_grants_are_by_claim_and_the_highest_role_counts(store: SqliteStore) -> None:
    create_token(store, "desk", Role.admin, now=NOON)
    for claim, role in (
        ("groups=editors", Role.editor),
        ("realm_access.roles=desk", Role.reviewer),
        ("email=ann@example.org", Role.admin),
    ):
        grant(store, claim, role, now=NOON)
    tokens = store.tokens()
    assert granted(tokens, {"groups": ["editors"]}, LATER).role is Role.editor
    nested = {"groups": ["editors"], "realm_access": {"roles": ["desk"]}}
    assert granted(tokens, nested, LATER).role is Role.reviewer
    verified = {"email": "ann@example.org", "email_verified": True}
    assert granted(tokens, verified, LATER).role is Role.admin
    for claims in ({}, {**verified, "email_verified": "true"}, {"groups": "editors-of-others"}):
        with pytest.raises(NotAllowed, match="nobody gave you a role"):
            granted(tokens, claims, LATER)


def test_nobody_shows_a_grant_as_a_token(store: SqliteStore) -> None:
    token = grant(store, "groups=admins", Role.admin, now=NOON)
    for secret in ("A" * 43, ""):
        with pytest.raises(NotKnown):
            holder_of(store, f"strikemap_{token.id}_{secret}", NOON)
