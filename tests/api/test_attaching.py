"""A picture attached over HTTP: archived with its facts, or refused with one sentence."""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
import zlib
from pathlib import Path

import httpx
import pytest

from tests.photos import CAMERA, photo
from tests.serving import Service, command, serving

OWN = {"X-Strikemap": "1"}
QUERY = "theatre=example&synthetic=1"
ITEMS = "/api/collections/incidents/items"


@pytest.fixture(scope="module")
def address(private: Service) -> str:
    items = private.client.get(f"{ITEMS}?{QUERY}&limit=1").json()["features"]
    return f"/api/incidents/{items[0]['id']}"


def attach(
    service: Service, address: str, name: str, content: bytes, **facts: str
) -> httpx.Response:
    return service.client.post(
        f"{address}/attachments", headers=OWN, files={"file": (name, content)}, data=facts
    )


def test_a_heic_picture_of_a_phone_is_shown_without_what_the_phone_wrote(
    private: Service, address: str
) -> None:
    content = photo("HEIF")
    answer = attach(private, address, "phone.heic", content, licence="CC0-1.0")
    assert answer.json()["is_shown"], answer.text
    sha256 = hashlib.sha256(content).hexdigest()
    image = private.client.get(f"{address}/images/{sha256}/large.jpg?{QUERY}").content
    assert image[:3] == b"\xff\xd8\xff"
    assert CAMERA.encode() in content
    assert CAMERA.encode() not in image


def bomb() -> bytes:
    """Write a PNG of a few hundred bytes that says it has 10,000 million pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + check

    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def test_an_attached_picture_is_archived_shown_and_said_to_be_whose(
    private: Service, address: str, data: Path
) -> None:
    content = photo()
    facts = {"caption": "A school", "publisher": "City", "published": "2024-03-02"}
    answer = attach(private, address, "school.jpg", content, licence="CC0-1.0", **facts)
    assert answer.status_code == 201, answer.text
    document = answer.json()
    sha256 = hashlib.sha256(content).hexdigest()
    assert document["sha256"] == sha256
    assert (document["media_type"], document["may_leave"]) == ("image/jpeg", True)
    assert next(data.rglob(sha256)).read_bytes() == content
    number = address.removeprefix("/api/incidents/")
    page = private.client.get(f"/incidents/{number}?{QUERY}").text
    assert "City" in page
    assert "A school" in page
    image = private.client.get(f"{address}/images/{sha256}/small.jpg?{QUERY}")
    assert image.content[:3] == b"\xff\xd8\xff"
    again = attach(private, address, "school.jpg", content, graphic="true", caption="")
    assert (again.json()["graphic"], again.json()["licence"]) == (True, "CC0-1.0")
    assert command(data, "verify").returncode == 0
    assert not list((data / "spool").iterdir())


@pytest.mark.parametrize(
    "case",
    [
        ("a.png", photo(), {}, 422, "type of a.png: got 'image/jpeg', allowed: image/png"),
        ("a.png", bomb(), {}, 413, "pixels of the image"),
        ("a.jpg", photo()[:400], {}, 422, "image: got 'a damaged file'"),
        ("a.jpg", photo(), {"licence": "mine"}, 422, "terms: got 'mine', allowed: CC0-1.0"),
        ("a.jpg", photo(), {"graphic": "maybe"}, 422, "graphic: got 'maybe', allowed: true"),
        ("a.jpg", photo(), {"published": "1.2.24"}, 422, "day: got '1.2.24', allowed: YYYY"),
        ("a.jpg", photo(), {"url": "javascript:1"}, 422, "url: got 'javascript:1', allowed"),
        ("a.jpg", photo(), {"caption": "x" * 301}, 422, "caption: got"),
        ("a.jpg", photo(), {"colour": "red"}, 422, "a part named 'colour'"),
    ],
)
def test_a_fault_gets_one_sentence_and_nothing_is_kept(
    private: Service, address: str, data: Path, case: tuple[str, bytes, dict[str, str], int, str]
) -> None:
    name, content, facts, status, sentence = case
    before = private.client.get(f"{address}/history?{QUERY}").json()
    answer = attach(private, address, name, content, **facts)
    assert answer.status_code == status, answer.text
    assert sentence in answer.json()["detail"]
    assert not list((data / "spool").iterdir())
    assert private.client.get(f"{address}/history?{QUERY}").json() == before


def test_the_public_attaches_nothing_and_neither_does_a_viewer(data: Path, address: str) -> None:
    made = command(data, "token", "create", "reader", "--role", "viewer", "--json")
    bearer = {"Authorization": f"Bearer {json.loads(made.stdout)['token']}"}
    with serving(data) as public:
        for headers, status in (({}, 401), (bearer, 403)):
            answer = public.client.post(
                f"{address}/attachments", headers=headers, files={"file": ("a.jpg", photo())}
            )
            assert answer.status_code == status, answer.text


def test_an_editor_asks_for_a_file_to_leave_is_answered_that_it_waits_and_takes_it_back(
    tmp_path: Path, demo_data: Path
) -> None:
    folder = tmp_path / "data"
    shutil.copytree(demo_data, folder)
    made = command(folder, "token", "create", "desk", "--role", "editor", "--json")
    with serving(folder) as service:
        service.client.headers["Authorization"] = f"Bearer {json.loads(made.stdout)['token']}"
        items = service.client.get(f"{ITEMS}?{QUERY}&limit=1").json()["features"]
        slug, number = items[0]["properties"]["dataset"], items[0]["id"]
        assert command(folder, "datasets", "set", slug, "--two-persons").returncode == 0
        address = f"/api/incidents/{number}"
        answer = attach(service, address, "school.jpg", photo(), licence="CC0-1.0")
        assert answer.status_code == 202, answer.text
        assert answer.json()["detail"] == "school.jpg: CC0-1.0"
        (waiting,) = service.client.get("/api/approvals").json()["waiting"]
        assert (waiting["id"], waiting["may_approve"]) == (answer.json()["approval"], False)
        own = f"/api/approvals/{waiting['id']}"
        statuses = [
            service.client.post(own, json={"approve": approve, "reason": "mine"}).status_code
            for approve in (True, False)
        ]
        assert statuses == [403, 200]
