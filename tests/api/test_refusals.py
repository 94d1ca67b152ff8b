"""Bad requests get one clear problem document; a private instance answers nobody else."""

from __future__ import annotations

from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy
from schemathesis.core.result import Ok

from tests.serving import Service, command

WRONG = [
    ("from=2025-13-01", "query.from"),
    ("from=2025-10-25&to=2025-10-24", "query.to"),
    ("from=1527-02-04", "query.from"),
    ("as_of=2999-01-01", "query.as_of"),
    ("as_of=yesterday", "query.as_of"),
    ("bbox=1,2,3", "query.bbox"),
    ("bbox=null", "query.bbox"),
    ("bbox=200,0,210,10", "query.bbox"),
    ("region=UA-99", "query.region"),
    ("level=2", "query.level"),
    ("level=x", "query.level"),
    ("weapon=catapult", "query.weapon"),
    ("sector=castle", "query.sector"),
    ("status=maybe", "query.status"),
    ("dataset=none", "query.dataset"),
    ("min_killed=-1", "query.min_killed"),
    ("metric=glory", "query.metric"),
    ("lang=xx", "query.lang"),
    ("theatre=moon", "query.theatre"),
    ("control=nobody", "query.control"),
    ("synthetic=2", "query.synthetic"),
    ("freeze=tomorrow", "query.freeze"),
    ("line_km=0", "query.line_km"),
    ("line_km=1e3", "query.line_km"),
    ("side=left", "query.side"),
    ("bbox=1_0,2,3_0,4", "query.bbox"),
    ("colour=red", "query.colour"),
    ("lang=en&lang=uk", "query.lang"),
    ("from=", "query.from"),
]


@pytest.mark.parametrize(("query", "where"), WRONG)
@pytest.mark.parametrize("path", ["/api/summary", "/", "/tiles/map/5/18/10.png", "/columns.json"])
def test_a_wrong_parameter_is_named_with_what_is_allowed(
    service: Service, path: str, query: str, where: str
) -> None:
    answer = service.client.get(f"{path}?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == 422
    assert where in [one["where"] for one in problem["errors"]]
    assert all(one["allowed"] for one in problem["errors"])


def test_all_wrong_parameters_are_named_at_once(service: Service) -> None:
    problem = service.client.get("/api/summary?from=x&weapon=y&colour=z&by=w").json()
    places = {one["where"] for one in problem["errors"]}
    assert places == {"query.from", "query.weapon", "query.colour", "query.by"}


def test_a_problem_does_not_grow_with_what_was_sent(service: Service) -> None:
    long = service.client.get("/api/summary?from=" + "x" * 20_000)
    assert len(long.content) < 1_000
    assert len(long.json()["errors"][0]["got"]) <= 80
    many = service.client.get("/api/summary?" + "&".join(f"p{n}=1" for n in range(3_000)))
    assert (many.status_code, len(many.json()["errors"])) == (422, 20)
    assert many.json()["detail"].endswith(" 2,980 more problems are not listed.")
    name = service.client.get("/api/summary?" + "y" * 20_000 + "=1")
    assert len(name.content) < 7_000


def test_a_fault_in_a_path_is_told_in_our_words(service: Service) -> None:
    problem = service.client.get("/api/tiles/WebMercatorQuad/a/0/0").json()
    fault = {"where": "path.z", "got": "a", "allowed": "a whole number"}
    assert problem["errors"] == [fault]
    assert problem["detail"] == "path.z: got 'a', allowed: a whole number."


@pytest.mark.parametrize("name", ["url", "format", "maxwidth"])
def test_a_parameter_of_oembed_stands_once(public_service: Service, name: str) -> None:
    address = f"{public_service.url}/"
    values = {"url": address, "format": "json", "maxwidth": "400"}
    twice = httpx.QueryParams([*values.items(), (name, values[name])])
    answer = public_service.client.get("/oembed", params=twice)
    assert answer.status_code == 422
    fault = {"where": f"query.{name}", "got": f"{values[name]}, {values[name]}"}
    assert answer.json()["errors"] == [{**fault, "allowed": "to be given once"}]


def test_a_missing_level_says_how_to_import_one(service: Service) -> None:
    problem = service.client.get("/api/summary?level=2").json()
    assert "strikemap regions import FILE" in problem["errors"][0]["allowed"]


@pytest.mark.parametrize(
    "path",
    [
        *("/nowhere", "/tiles/none/1/1/1.png", "/tiles/map/1/9/1.png", "/tiles/map/1/1/1.mvt"),
        *("/tiles/map/99/1/1.png", "/incidents/7f", "/incidents/999999999"),
        *("/columns/2025-10-0000000000000000.bin", "/static/../pyproject.toml"),
    ],
)
def test_what_does_not_exist_is_a_plain_404(service: Service, path: str) -> None:
    answer = service.client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_two_gigabyte_upload_is_refused_before_it_is_read(service: Service) -> None:
    # Only the header is sent: the answer comes without a byte of the body.
    connection = HTTPConnection(service.url.removeprefix("http://"), timeout=60)
    connection.putrequest("POST", "/api/summary")
    connection.putheader("Content-Length", str(2 * 1024**3))
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 413
    assert answer.headers["content-type"] == "application/problem+json"
    connection.close()


def test_a_private_instance_answers_no_other_host(service: Service) -> None:
    for host in ("strikemap.example", "127.0.0.1.example", "localhost.example:8000"):
        answer = service.client.get("/", headers={"Host": host})
        assert (host, answer.status_code) == (host, 421)


def test_a_private_instance_opens_itself_to_no_origin(service: Service) -> None:
    answer = service.client.get("/", headers={"Origin": "https://other.example"})
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["x-strikemap-audience"] == "private"


def test_a_public_instance_lets_embeds_read(public_service: Service) -> None:
    answer = public_service.client.get("/api/summary")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["x-strikemap-audience"] == "public"


def test_a_private_instance_listens_on_this_machine_only(demo_data: Path) -> None:
    done = command(demo_data, "serve", "--private", "--host", "0.0.0.0")  # noqa: S104  refused
    assert done.returncode == 2
    assert "host of a private instance" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_answer_carries_the_strict_policy(service: Service, public_service: Service) -> None:
    for path in ("/", "/table", "/api/summary", "/nowhere", "/tiles/map/5/18/10.png"):
        policy = service.client.get(path).headers["content-security-policy"]
        assert "default-src 'none'; script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'self'" in policy
    policy = public_service.client.get("/embed").headers["content-security-policy"]
    assert "frame-ancestors *" in policy


def test_no_page_names_an_outside_address(service: Service) -> None:
    for path in ("/", "/embed", "/table", "/method", "/?lang=uk", "/?theatre=example"):
        # Our own address stands in the head, for programs that read only that (Open Graph).
        page = service.client.get(path).text.replace(service.url, "")
        assert "http://" not in page
        assert "https://" not in page


def test_no_request_however_odd_is_a_server_error(service: Service) -> None:
    schema = schemathesis.openapi.from_url(f"{service.url}/api/openapi.json")
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        _survives(result.ok().as_strategy())


def _survives(strategy: SearchStrategy[Any]) -> None:
    @given(case=strategy)
    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    def run(case: Any) -> None:
        response = case.call()
        assert response.status_code < 500, response.text

    run()


def test_no_shared_cache_keeps_a_private_answer(service: Service, public_service: Service) -> None:
    for path in ("/", "/api/summary", "/tiles/map/5/18/10.png", "/columns.json"):
        assert "private" in service.client.get(path).headers["cache-control"]
        assert "public" in public_service.client.get(path).headers["cache-control"]


def test_half_of_an_ipv6_address_is_no_fault_of_ours(public_service: Service) -> None:
    client = public_service.client
    assert client.get("/oembed", params={"url": "http://[::1"}).status_code == 404
    answer = client.post("/api/imports", headers={"Origin": "http://[x"})
    assert 400 <= answer.status_code < 500
