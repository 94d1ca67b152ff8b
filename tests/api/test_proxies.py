"""Behind a proxy: whose headers count, what links say, and what a private instance refuses."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from app.api.app import create_app
from app.domain.errors import InputError
from app.settings import Settings, read_settings
from tests.running import run_async
from tests.serving import serving

NO_HEADERS: Mapping[str, str] = {}


def ask(
    settings: Settings,
    path: str = "/api",
    peer: str = "127.0.0.1",
    headers: Mapping[str, str] = NO_HEADERS,
    method: str = "GET",
) -> httpx.Response:
    """Send one request from a peer, without a network."""
    transport = httpx.ASGITransport(create_app(settings), client=(peer, 1))

    async def send() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.request(method, path, headers=headers)

    return run_async(send)


def own_link(answer: httpx.Response) -> str:
    """Take the link of an answer to itself, without its View."""
    links = answer.json()["links"]
    return next(str(link["href"]) for link in links if link["rel"] == "self").partition("?")[0]


@pytest.mark.parametrize(
    ("trusted", "peer", "scheme"),
    [
        ("127.0.0.1", "127.0.0.1", "https"),
        ("127.0.0.1", "10.1.2.3", "http"),
        ("10.0.0.0/8, 192.0.2.7", "10.1.2.3", "https"),
        ("10.0.0.0/8, 192.0.2.7", "192.0.2.7", "https"),
        ("10.0.0.0/8, 192.0.2.7", "192.0.2.8", "http"),
        ("fd00::/8", "fd00::1", "https"),
        ("", "127.0.0.1", "http"),
    ],
)
def test_links_have_the_scheme_that_a_trusted_proxy_names(
    tmp_path: Path, trusted: str, peer: str, scheme: str
) -> None:
    settings = Settings(data_dir=tmp_path, trusted_proxies=trusted)
    headers = {"Host": "maps.example.org", "X-Forwarded-Proto": "https"}
    assert own_link(ask(settings, peer=peer, headers=headers)) == f"{scheme}://maps.example.org/api"


@pytest.mark.parametrize("is_private", [False, True])
@pytest.mark.parametrize("junk", ["junk", "", ",,,", "1.2.3.4:port", "[::1"])
def test_junk_in_a_forwarding_header_is_no_fault_of_ours(
    tmp_path: Path, junk: str, is_private: bool
) -> None:
    settings = Settings(data_dir=tmp_path, private=is_private)
    answer = ask(settings, headers={"X-Forwarded-For": junk})
    assert answer.status_code == (421 if is_private else 200)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "203.0.113.5"},
        {"X-Forwarded-For": "127.0.0.1"},
        {"X-Forwarded-Proto": "https"},
        {"X-Forwarded-Host": "maps.example.org"},
        {"Forwarded": "for=203.0.113.5"},
        {"X-Real-IP": "203.0.113.5"},
    ],
)
def test_a_private_instance_takes_nothing_from_a_proxy(
    tmp_path: Path, headers: dict[str, str]
) -> None:
    answer = ask(Settings(data_dir=tmp_path, private=True), headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (421, "/problems/private")


def test_links_begin_with_the_public_address_whatever_host_is_named(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, public_url="https://maps.example.org/")
    hostile = {"Host": "evil.example"}
    assert own_link(ask(settings, headers=hostile)) == "https://maps.example.org/api"
    page = ask(settings, "/", headers=hostile)
    assert "evil.example" not in page.text
    assert "https://maps.example.org/" in page.text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRUSTED_PROXIES", "proxy.example"),
        ("TRUSTED_PROXIES", "10.0.0.1/8"),
        ("PUBLIC_URL", "maps.example.org"),
        ("PUBLIC_URL", "https://maps.example.org/map"),
        ("PUBLIC_URL", "ftp://maps.example.org"),
    ],
)
def test_a_setting_that_does_not_fit_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"STRIKEMAP_{name}", value)
    with pytest.raises(InputError, match=f"STRIKEMAP_{name}: got '{value}'"):
        read_settings()


@pytest.mark.parametrize(
    ("host", "path", "status"),
    [
        ("maps.example.org", "/api", 200),
        ("MAPS.example.org:443", "/api", 200),
        ("127.0.0.1:8000", "/api", 421),
        ("other.example", "/api", 421),
        ("127.0.0.1:8000", "/healthz", 200),
        ("atlas.example.org", "/api", 200),
    ],
)
def test_a_public_instance_answers_to_the_hosts_that_were_named(
    tmp_path: Path, host: str, path: str, status: int
) -> None:
    settings = Settings(
        data_dir=tmp_path, hosts="maps.example.org", public_url="https://atlas.example.org"
    )
    answer = ask(settings, path, headers={"Host": host})
    assert answer.status_code == status
    assert status == 200 or "answers to atlas.example.org, maps.example.org" in answer.text


def test_a_private_instance_takes_no_http_1_0_which_old_proxies_speak(demo_data: Path) -> None:
    with serving(demo_data, "--private") as service:
        place = urlsplit(service.url)
        with socket.create_connection((str(place.hostname), place.port or 0), 30) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
            assert b" 421 " in connection.recv(200).partition(b"\r\n")[0]


@pytest.mark.parametrize(("url", "is_sent"), [("https://a.example", True), ("", False)])
def test_a_service_behind_https_asks_browsers_to_stay_there(
    tmp_path: Path, url: str, is_sent: bool
) -> None:
    answer = ask(Settings(data_dir=tmp_path, public_url=url))
    assert ("strict-transport-security" in answer.headers) is is_sent


NAMING = (
    *("/", "/embed", "/oembed?url=http%3A%2F%2Fevil.example%2F", "/sitemap.xml", "/robots.txt"),
    *("/catalog.jsonld", "/changes?f=atom", "/api/changes", "/api/changes.atom", "/api"),
    *("/api/collections", "/api/collections/incidents", "/api/collections/incidents/items"),
    *("/api/collections/incidents/schema", "/tiles/incidents.json", "/wms?request=GetCapabilities"),
    *("/wmts?request=GetCapabilities", "/styles", "/styles/map.json", "/story/a", "/table/"),
    *("/api/tileMatrixSets", "/api/map/tiles", "/api/collections/incidents/tiles", "/api/docs"),
)
"""Every kind of answer that may hold a whole address of this service."""


def test_no_cache_keeps_a_host_that_only_the_request_names(demo_data: Path) -> None:
    transport = httpx.ASGITransport(create_app(Settings(data_dir=demo_data)))

    async def ask_all() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return [await client.get(path, headers={"Host": "evil.example"}) for path in NAMING]

    naming = 0
    for answer in run_async(ask_all):
        if "evil.example" in answer.text or "evil.example" in str(answer.headers):
            naming += 1
            kept = answer.headers.get("cache-control")
            assert (answer.request.url.path, kept) == (answer.request.url.path, "private, no-store")
    assert naming > 10


def test_a_page_for_an_unknown_host_is_kept_and_names_no_host(demo_data: Path) -> None:
    page = ask(Settings(data_dir=demo_data), "/", headers={"Host": "evil.example"})
    assert ("evil.example" in page.text, "og:url" in page.text) == (False, False)
    assert page.headers["cache-control"].startswith("public")


@pytest.mark.parametrize(
    ("hosts", "host"), [("maps.example.org", "maps.example.org"), ("", "127.0.0.1")]
)
def test_a_host_that_a_setting_or_the_connection_names_may_be_kept(
    demo_data: Path, hosts: str, host: str
) -> None:
    ready = Settings(data_dir=demo_data, hosts=hosts)
    named = {"Host": host}
    for path in ("/tiles/incidents.json", "/api/collections"):
        answer = ask(ready, path, headers=named)
        assert host in answer.text
        assert answer.headers["cache-control"].startswith("public")
    assert f'"og:url" content="http://{host}/' in ask(ready, "/", headers=named).text


@pytest.mark.parametrize("host", ['a"b', "a/b", "a b", "http://a", "[::1", "a:80:80"])
def test_a_host_that_is_none_is_refused(tmp_path: Path, host: str) -> None:
    answer = ask(Settings(data_dir=tmp_path), headers={"Host": host})
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/host")
