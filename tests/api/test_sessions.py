"""A browser signs in for a token; its session is for our own pages, and ends everywhere at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from app.domain.account import Role
from app.instance.sessions import holder_in_session, open_session
from app.instance.tokens import create_token
from app.store.sqlite import SqliteStore
from tests.making import add, dataset
from tests.serving import Service, command, serving

OWN = {"X-Strikemap": "1"}
NOW = datetime.now(UTC)
NEW = {"dataset": "invented", "reason": "typed in", "start": "2024-03-10", "admin1": "UA-30"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sessions") / "data"
    with closing(SqliteStore(folder / "record.sqlite")) as store:
        add(store, dataset())
    return folder


@pytest.fixture(scope="module")
def service(data: Path) -> Iterator[Service]:
    with serving(data, STRIKEMAP_HEAVY_PROCESSES="0") as running:
        yield running


def made(data: Path, role: Role = Role.admin) -> tuple[str, str]:
    """Make a token; returns its number and its text."""
    with closing(SqliteStore(data / "record.sqlite")) as store:
        token, text = create_token(store, "desk", role, now=NOW)
    return token.id, text


@contextmanager
def signed_in(service: Service, text: str) -> Iterator[httpx.Client]:
    """Open a session as the sign-in page does; gives a browser of its own with the cookie."""
    with httpx.Client(base_url=service.url, timeout=60) as browser:
        answer = browser.post("/api/session", headers={**OWN, "Authorization": f"Bearer {text}"})
        assert answer.status_code == 201, answer.text
        yield browser


def test_a_session_does_what_its_token_may_and_no_script_reads_its_cookie(
    service: Service, data: Path
) -> None:
    number, text = made(data)
    with signed_in(service, text) as browser:
        cookie = browser.post(
            "/api/session", headers={**OWN, "Authorization": f"Bearer {text}"}
        ).headers["set-cookie"]
        assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
        assert "Secure" not in cookie  # this service is reached without TLS
        assert text not in cookie
        who = browser.get("/api/session", headers=OWN)
        assert (who.json()["actor"], who.json()["role"]) == (f"desk (token {number})", "admin")
        assert who.headers["cache-control"] == "private, no-store"
        assert "Cookie" in who.headers["vary"]
        created = browser.post("/api/incidents", headers=OWN, json=NEW)
        assert created.status_code == 201, created.text
        path = f"/api/incidents/{created.json()['id']}"
        assert browser.get(path, headers=OWN).status_code == 200


def test_behind_tls_the_cookie_is_for_this_host_alone(service: Service, data: Path) -> None:
    _number, text = made(data)
    tls = {**OWN, "Authorization": f"Bearer {text}", "X-Forwarded-Proto": "https"}
    answer = service.client.post("/api/session", headers=tls)
    name, _, rest = answer.headers["set-cookie"].partition("=")
    assert name == "__Host-strikemap"
    assert {"Secure", "Path=/"} <= set(rest.split("; "))
    assert "Domain" not in rest
    service.client.cookies.clear()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),  # a form, a picture, a link
        ({**OWN, "Origin": "https://elsewhere.example"}, 403),
        ({**OWN, "Origin": "null"}, 403),
        ({**OWN, "Sec-Fetch-Site": "cross-site"}, 403),
        ({**OWN, "Sec-Fetch-Site": "same-site"}, 403),  # another host of the same domain
        ({"Sec-Fetch-Site": "same-origin"}, 401),  # a page of ours that did not mean to
    ],
)
def test_a_page_of_another_site_changes_nothing_with_the_cookie(
    service: Service, data: Path, headers: dict[str, str], status: int
) -> None:
    before = service.client.get("/readyz").json()["version"]
    with signed_in(service, made(data)[1]) as browser:
        assert browser.post("/api/incidents", headers=headers, json=NEW).status_code == status
        assert browser.delete("/api/session", headers=headers).status_code == status
        assert browser.get("/api/audit", headers=headers).status_code == status
        assert browser.get("/api/session", headers=OWN).status_code == 200
    assert service.client.get("/readyz").json()["version"] == before


def test_a_preflight_of_another_site_never_grants_our_header(service: Service) -> None:
    asked = {
        "Origin": "https://elsewhere.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-strikemap",
    }
    answer = service.client.options("/api/session", headers=asked)
    assert "x-strikemap" not in answer.headers["access-control-allow-headers"].lower()
    assert "access-control-allow-credentials" not in answer.headers


def test_pages_and_pictures_are_those_of_the_public_whoever_is_signed_in(
    service: Service, data: Path
) -> None:
    with signed_in(service, made(data)[1]) as browser:
        for path in ("/api/summary?theatre=ukraine", "/table", "/tiles/map/5/18/10.png"):
            seen, public = browser.get(path), service.client.get(path)
            assert seen.headers["x-strikemap-audience"] == "public"
            assert seen.headers["etag"] == public.headers["etag"]


def test_a_session_that_somebody_planted_is_not_taken_over(service: Service, data: Path) -> None:
    _number, text = made(data)
    with httpx.Client(base_url=service.url, timeout=60) as browser:
        browser.cookies.set("strikemap", "A" * 43, domain="127.0.0.1")
        answer = browser.post("/api/session", headers={**OWN, "Authorization": f"Bearer {text}"})
        assert answer.cookies["strikemap"] != "A" * 43
    with httpx.Client(base_url=service.url, timeout=60) as planted:
        planted.cookies.set("strikemap", "A" * 43, domain="127.0.0.1")
        refused = planted.get("/api/session", headers=OWN)
    assert (refused.status_code, refused.json()["detail"]) == (
        401,
        "This session has ended: sign in again.",
    )


def test_a_session_opens_no_other_session(service: Service, data: Path) -> None:
    with signed_in(service, made(data)[1]) as browser:
        again = browser.post("/api/session", headers=OWN)
        assert (again.status_code, "set-cookie" in again.headers) == (422, False)


def test_sign_out_and_a_revoked_token_end_a_session_at_once_in_every_process(
    service: Service, data: Path
) -> None:
    first, second = made(data), made(data)
    with (
        serving(data, STRIKEMAP_HEAVY_PROCESSES="0") as other,
        signed_in(service, first[1]) as leaving,
        signed_in(service, second[1]) as revoked,
    ):
        for browser, end in (
            (leaving, lambda: leaving.delete("/api/session", headers=OWN)),
            (revoked, lambda: command(data, "token", "revoke", second[0])),
        ):
            cookie = {**OWN, "Cookie": f"strikemap={browser.cookies['strikemap']}"}
            clients = (service.client, other.client)
            answers = [client.get("/api/session", headers=cookie) for client in clients]
            assert [answer.status_code for answer in answers] == [200, 200]
            end()
            answers = [client.get("/api/session", headers=cookie) for client in clients]
            assert [answer.status_code for answer in answers] == [401, 401]
            sentences = {answer.json()["detail"] for answer in answers}
            assert sentences == {"This session has ended: sign in again."}


def test_an_operator_lists_sessions_and_ends_one(service: Service, data: Path) -> None:
    number, text = made(data)
    with signed_in(service, text) as browser:
        rows = json.loads(command(data, "token", "sessions", "--json").stdout)
        (session,) = [row["id"] for row in rows if row["token"] == number]
        assert "desk (token" in command(data, "token", "sessions").stdout
        assert command(data, "token", "sign-out", session).returncode == 0
        assert browser.get("/api/session", headers=OWN).status_code == 401
        again = service.client.get("/api/session", headers={"Authorization": f"Bearer {text}"})
        assert again.status_code == 200  # the token itself stays
    assert command(data, "token", "sign-out", "nobody").returncode != 0


def test_a_session_ends_at_its_time_and_the_record_keeps_no_cookie(tmp_path: Path) -> None:
    with closing(SqliteStore(tmp_path / "record.sqlite")) as store:
        token, _text = create_token(store, "desk", Role.editor, now=NOW)
        _session, secret = open_session(store, token.id, NOW, 2)
        last = NOW + timedelta(hours=2) - timedelta(microseconds=1)
        assert holder_in_session(store, secret, last).role is Role.editor
        with pytest.raises(Exception, match="has ended"):
            holder_in_session(store, secret, NOW + timedelta(hours=2))
        open_session(store, token.id, NOW + timedelta(days=40), 2)
        assert len(store.sessions()) == 1  # the old one is forgotten
    files = [path for path in tmp_path.iterdir() if path.is_file()]
    assert not any(secret.encode() in path.read_bytes() for path in files)
