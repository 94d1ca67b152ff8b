"""The numbers for operators: what they say, what they never say, and who may read them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.api.faces import AddressFace, face_of
from app.domain.errors import InputError
from app.settings import read_settings
from tests.serving import Service, command, serving
from tests.waiting import until

TILE = "/tiles/map/6/37/21.png"
LISTED = "/api/collections/incidents/items?theatre=ukraine&limit=1"
LABELS = ("kind", "outcome", "lane", "result")
Numbers = dict[tuple[str, ...], float]


def numbers(answer: httpx.Response) -> Numbers:
    """Read the samples by name and labels, without the process."""
    assert answer.status_code == httpx.codes.OK, answer.text
    return {
        (sample.name, *(value for name, value in sample.labels.items() if name != "process")): (
            sample.value
        )
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


@pytest.fixture(scope="module")
def watched(demo_data: Path) -> Iterator[Service]:
    """The demos, served to the public, with numbers for this machine."""
    with serving(demo_data, STRIKEMAP_METRICS_FROM="127.0.0.0/8, ::1") as running:
        yield running


def read(service: Service) -> Numbers:
    """Read the numbers of a service."""
    return numbers(service.client.get("/metrics"))


def grown(service: Service, *requests: tuple[str, str]) -> Numbers:
    """Send requests, and return by how much each number grew."""
    before = read(service)
    for method, path in requests:
        service.client.request(method, path)
    return {key: value - before.get(key, 0) for key, value in read(service).items()}


def test_the_answers_of_each_face_are_timed_and_counted_by_status(watched: Service) -> None:
    requests = [("GET", TILE), ("GET", TILE), ("GET", "/api/summary?from=x"), ("HEAD", "/method")]
    more, name = grown(watched, *requests), "strikemap_request_seconds_count"
    assert more[name, "tile", "2xx"] == 2
    assert more[name, "summary", "4xx"] == 1
    assert more[name, "page", "2xx"] == 1
    assert more[name, "other", "2xx"] == 1  # the numbers themselves
    assert more["strikemap_request_seconds_bucket", "tile", "+Inf", "2xx"] == 2


def test_refusals_are_counted_by_the_type_of_their_problem(watched: Service) -> None:
    requests = [("GET", "/api/nothing"), ("GET", "/api/summary?from=x"), ("POST", "/api/imports")]
    more = grown(watched, *requests, ("HEAD", "/api/nothing"))
    counts = {key[1]: value for key, value in more.items() if key[0] == "strikemap_refusals_total"}
    assert counts == {"not-found": 1, "invalid-parameters": 1, "not-known": 1, "other": 1}
    assert more["strikemap_imports_total", "refused"] == 1


def test_answers_from_memory_are_told_from_those_that_were_made(watched: Service) -> None:
    address = "/tiles/incidents/6/37/21.png"
    more = grown(watched, *(("GET", address) for _ in range(4)))
    assert more["strikemap_kept_requests_total", "hit"] == 3
    assert more["strikemap_kept_requests_total", "miss"] == 2  # one are the numbers themselves
    assert more[("strikemap_kept_bytes",)] > 0


def test_lanes_index_uptime_and_version_are_told(watched: Service) -> None:
    now = read(watched)
    assert now["strikemap_lane_waiting", "figures"] == 0
    assert now["strikemap_lane_running", "imports"] == 0
    assert now[("strikemap_index_lag_revisions",)] == 0
    assert now[("strikemap_uptime_seconds",)] > 0
    assert [key[1] for key in now if key[0] == "strikemap_info"] == ["0.2.0"]


def test_the_numbers_name_no_record_no_dataset_no_address_and_no_query(watched: Service) -> None:
    client = watched.client
    (first,) = client.get(LISTED).json()["features"]
    slug = first["properties"]["dataset"]
    client.get(f"/api/collections/incidents/items/{first['id']}")
    client.get(f"/incidents/{first['id']}?utm_source=letter")
    client.get(f"/api/summary?theatre=ukraine&dataset={slug}")
    client.get(f"/{slug}/secret?q=secret", headers={"X-Forwarded-For": "203.0.113.9"})
    text = client.get("/metrics").text
    for secret in (first["id"], slug, "letter", "secret", "203.0.113", "127.0.0.1", "items?"):
        assert secret not in text
    labels = set(re.findall(r'[{,](\w+)="', text))
    assert labels <= {"process", "version", *("face", "status", "le"), *LABELS}


@pytest.mark.parametrize(
    ("method", "path", "face"),
    [
        ("GET", "/", AddressFace.page),
        ("GET", "/incidents/in-1", AddressFace.page),
        ("GET", "/story/march", AddressFace.page),
        ("GET", "/story/march/file", AddressFace.export),
        ("PUT", "/api/stories/march", AddressFace.edit),
        ("GET", "/tiles/map.json", AddressFace.tile),
        ("GET", "/api/collections/control/tiles/WebMercatorQuad/1/0/0", AddressFace.tile),
        ("GET", "/api/map/tiles", AddressFace.tile),
        ("GET", "/api/facets", AddressFace.summary),
        ("GET", "/api/collections/incidents/items/in-1", AddressFace.items),
        ("GET", "/api/incidents/in-1", AddressFace.items),
        ("POST", "/api/incidents/in-1/redact", AddressFace.edit),
        ("POST", "/api/reviews/1", AddressFace.edit),
        ("GET", "/figure.svg", AddressFace.figure),
        ("GET", "/api/export.csv-metadata.json", AddressFace.export),
        ("GET", "/api/evidence/in-1.zip", AddressFace.export),
        ("DELETE", "/api/imports/1", AddressFace.imports),
        ("POST", "/api/mappings", AddressFace.imports),
        ("GET", "/static/js/map.js", AddressFace.other),
        ("OPTIONS", "*", AddressFace.other),
        ("GET", "/api", AddressFace.other),
        ("GET", "//", AddressFace.page),
    ],
)
def test_an_address_has_the_face_of_its_first_words(
    method: str, path: str, face: AddressFace
) -> None:
    assert face_of(method, path) is face


def test_the_owner_of_a_private_instance_reads_the_numbers(service: Service) -> None:
    now = read(service)
    assert now[("strikemap_index_lag_revisions",)] == 0
    assert not any(key[0].startswith("strikemap_kept") for key in now)  # it keeps nothing


def test_imports_are_counted_by_what_became_of_them(tmp_path: Path) -> None:
    row = b"source_key,start,precision,lon,lat\na,2024-03-10,exact,36.2,49.9\n"
    with serving(tmp_path, "--private") as running:
        client = running.client
        client.headers["X-Strikemap"] = "1"

        def sent(file: bytes, **options: str) -> httpx.Response:
            return client.post("/api/imports", files={"file": ("a.csv", file)}, params=options)

        assert sent(row, dataset="mine", dry_run="true").status_code == httpx.codes.OK
        done = sent(row, dataset="mine")
        assert done.status_code == httpx.codes.OK, done.text
        assert client.delete(f"/api/imports/{done.json()['id']}").json()["state"] == "undone"
        assert sent(b"\x00\x01", dataset="mine").is_client_error
        counts = read(running)
    names = ("planned", "imported", "undone", "refused")
    assert [counts["strikemap_imports_total", name] for name in names] == [1, 1, 1, 1]


def test_the_public_reads_no_numbers_and_the_token_of_an_admin_opens_them(tmp_path: Path) -> None:
    def token(role: str) -> dict[str, str]:
        made = command(tmp_path, "token", "create", "Ada", "--role", role).stdout
        (text,) = re.findall(r"strikemap_[0-9a-f]{12}_\S+", made)
        return {"Authorization": f"Bearer {text}"}

    admin, viewer = token("admin"), token("viewer")
    with serving(tmp_path, STRIKEMAP_METRICS_FROM="192.0.2.0/24") as running:
        client = running.client
        for headers in ({}, viewer, {"X-Forwarded-For": "198.51.100.7"}):
            refused = client.get("/metrics", headers=headers)
            detail = "The numbers of this service need the token of an admin."
            assert (refused.status_code, refused.json()["detail"]) == (401, detail)
        assert numbers(client.get("/metrics", headers=admin))
        # The proxy on this machine is trusted, so the address that it passes on counts.
        assert numbers(client.get("/metrics", headers={"X-Forwarded-For": "192.0.2.9"}))
        assert numbers(client.get("/metrics", headers={"X-Forwarded-For": "::ffff:192.0.2.9"}))
        assert client.get("/metrics", headers={"X-Forwarded-For": "junk"}).status_code == 401


def test_every_worker_gives_the_numbers_of_all_each_under_its_own_id(demo_data: Path) -> None:
    with serving(demo_data, "--workers", "2", STRIKEMAP_METRICS_FROM="127.0.0.1") as running:

        def workers() -> set[str]:
            return set(re.findall(r'process="(\d+)"', httpx.get(f"{running.url}/metrics").text))

        until(lambda: len(workers()) == 2)
        for _ in range(20):  # each on a connection of its own, for which the workers take turns
            httpx.get(f"{running.url}/api/summary?from=x")
        time.sleep(1.5)  # the workers write their numbers every second
        for _ in range(4):
            text = httpx.get(f"{running.url}/metrics").text
            families = list(text_string_to_metric_families(text))
            assert len({family.name for family in families}) == len(families)
            refused = {
                sample.labels["process"]: sample.value
                for family in families
                for sample in family.samples
                if sample.name == "strikemap_refusals_total"
                and sample.labels["kind"] == "invalid-parameters"
            }
            assert sum(refused.values()) == 20
            assert min(refused.values()) >= 9


def test_a_network_that_does_not_fit_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIKEMAP_METRICS_FROM", "prometheus.example")
    with pytest.raises(InputError, match=r"STRIKEMAP_METRICS_FROM: got 'prometheus\.example'"):
        read_settings()
