"""Parts of a picture that are covered leave on no face; the original stays with who may see it."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.photos import photo, scene
from tests.serving import Service, command, token

OWN = {"X-Strikemap": "1"}
QUERY = "theatre=example&synthetic=1"
ITEMS = "/api/collections/incidents/items"
RIGHT_HALF = {"x": 0.5, "y": 0, "width": 0.5, "height": 1}
ADDRESS = re.compile(r"/api/incidents/[^\"' ]+\.jpg[^\"' ]*")


@dataclass(frozen=True)
class Picture:
    """A photo that is red on the left and blue on the right, beside a record of the demo."""

    service: Service
    record: str
    sha256: str

    @property
    def address(self) -> str:
        return f"/api/incidents/{self.record}/attachments"

    def cover(self, *covers: object, **more: object) -> httpx.Response:
        body = {"covers": list(covers), "reason": "a face", **more}
        return self.service.client.put(
            f"{self.address}/{self.sha256}/covers", headers=OWN, json=body
        )

    def facts(self) -> dict[str, Any]:
        pictures = self.service.client.get(self.address).json()["pictures"]
        (facts,) = (one for one in pictures if one["sha256"] == self.sha256)
        return dict(facts)


def attached(service: Service, number: int, width: int) -> Picture:
    items = service.client.get(f"{ITEMS}?{QUERY}&limit=9").json()["features"]
    record, content = items[number]["id"], photo(size=(width, 300))
    answer = service.client.post(
        f"/api/incidents/{record}/attachments",
        headers=OWN,
        files={"file": ("people.jpg", content)},
        data={"licence": "CC0-1.0"},
    )
    assert answer.json()["may_leave"], answer.text
    return Picture(service, record, hashlib.sha256(content).hexdigest())


@pytest.fixture
def picture(private: Service, request: pytest.FixtureRequest) -> Picture:
    width = 400 + int(hashlib.sha256(request.node.name.encode()).hexdigest()[:3], 16)
    return attached(private, 0, width)


def shows_blue(content: bytes) -> bool:
    colours = Image.open(io.BytesIO(content)).convert("RGB").getcolors(1 << 24) or []
    return any(b > 150 > r for _count, (r, _g, b) in colours)  # type: ignore[misc]


def faces(service: Service, record: str) -> set[str]:
    """Gather the addresses of images on all faces of a record."""
    pages = (f"/incidents/{record}?{QUERY}", f"{ITEMS}/{record}?{QUERY}")
    texts = [service.client.get(page) for page in pages]
    assert [one.status_code for one in texts] == [200, 200]
    return {unescape(one) for text in texts for one in ADDRESS.findall(text.text)}


def test_from_the_next_request_on_every_face_has_the_covered_copy_alone(
    picture: Picture, public: Service, private: Service
) -> None:
    before = faces(public, picture.record)
    before = {one for one in before if picture.sha256 in one}
    sharp = {one: public.client.get(one) for one in before}
    assert any(shows_blue(one.content) for one in sharp.values())
    day = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    answer = picture.cover(RIGHT_HALF)
    assert (answer.status_code, answer.json()["covers"]) == (200, [RIGHT_HALF]), answer.text
    copy = answer.json()["copy"]
    for service in (public, private):
        for address, old in sharp.items():
            known = {"If-None-Match": old.headers["etag"]}
            assert service.client.get(address, headers=known).status_code == 404
        after = {one for one in faces(service, picture.record) if copy in one}
        assert {one.partition("?")[0].rpartition("/")[2] for one in after} >= {
            *("small.jpg", "large.jpg", "copy.jpg"),
        }
        for address in (*after, *(f"{one}&as_of={day}" for one in after)):
            shown = service.client.get(address)
            assert (shown.status_code, shows_blue(shown.content)) == (200, False), address
        html = service.client.get(f"/incidents/{picture.record}?{QUERY}").text
        assert all(sha256 in html for sha256 in (picture.sha256, copy))
        assert "this picture differs from the archived original" in html
    given = public.client.get(f"/api/incidents/{picture.record}/images/{copy}/copy.jpg?{QUERY}")
    assert hashlib.sha256(given.content).hexdigest() == copy


def test_an_evidence_bundle_holds_the_copy_and_names_both_hashes(
    picture: Picture, private: Service, data: Path
) -> None:
    copy = picture.cover(RIGHT_HALF).json()["copy"]
    answer = private.client.get(f"/api/evidence/{picture.record}.zip?{QUERY}")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as bundle:
        names = bundle.namelist()
        assert f"attachments/{copy}" in names
        assert f"attachments/{picture.sha256}" not in names
        assert not shows_blue(bundle.read(f"attachments/{copy}"))
        lines = map(json.loads, bundle.read("attachments.jsonl").splitlines())
        assert (picture.sha256, copy) in [(one["sha256"], one["copy"]) for one in lines]
    original = next(data.rglob(picture.sha256))
    assert hashlib.sha256(original.read_bytes()).hexdigest() == picture.sha256
    assert command(data, "verify").returncode == 0


def test_who_covers_sees_the_original_and_nobody_else_does(
    picture: Picture, public: Service, data: Path
) -> None:
    picture.cover(RIGHT_HALF)
    address = picture.facts()["original"]
    viewer, editor = token(data, "viewer"), token(data, "editor")
    for headers, status in (({}, 401), (viewer, 403)):
        for path in (address, picture.address):
            assert public.client.get(path, headers=headers).status_code == status
        path, body = f"{picture.address}/{picture.sha256}/covers", {"covers": [], "reason": "x"}
        assert public.client.put(path, headers=headers, json=body).status_code == status
    answer = public.client.get(address, headers=editor)
    assert (answer.status_code, shows_blue(answer.content)) == (200, True), answer.text
    assert answer.headers["cache-control"] == "private, no-store"


@pytest.mark.parametrize(
    ("covers", "sentence"),
    [
        ([{"x": 0.6, "y": 0, "width": 0.5, "height": 1}], "cover: got '0.6, 0.0, 0.5, 1.0'"),
        ([{"x": 0.5, "y": 0, "width": 0, "height": 1}], "as shares of the image, 0 to 1"),
        ([{"x": -0.1, "y": 0, "width": 0.5, "height": 1}], "cover: got '-0.1'"),
        ([{"x": 0.5, "y": 0, "width": 0.5}], "covers: got 'Object missing required field"),
        ([{**RIGHT_HALF, "who": "a name"}], "covers: got 'Object contains unknown field"),
        ("all", "covers: got 'Expected `array`, got `str`"),
        ([], "covers: got 'no change'"),
        ([{"x": n / 101, "y": 0, "width": 0.001, "height": 1} for n in range(101)], "at most 100"),
    ],
)
def test_parts_that_do_not_fit_are_one_sentence_and_nothing_is_written(
    picture: Picture, covers: object, sentence: str
) -> None:
    before = picture.facts()
    body = {"covers": covers, "reason": "a face"}
    path = f"{picture.address}/{picture.sha256}/covers"
    answer = picture.service.client.put(path, headers=OWN, json=body)
    assert answer.status_code == 422, answer.text
    assert sentence in answer.json()["detail"]
    assert picture.facts() == before


def test_who_is_second_reads_that_somebody_was_faster(picture: Picture) -> None:
    first = picture.facts()
    assert picture.cover(RIGHT_HALF).json()["revision"] > first["revision"]
    match = {**OWN, "If-Match": f'"{first["revision"]}"'}
    path = f"{picture.address}/{picture.sha256}/covers"
    body = {"covers": [], "reason": "x"}
    answer = picture.service.client.put(path, headers=match, json=body)
    assert (answer.status_code, "read it anew" in answer.json()["detail"]) == (412, True)


def test_a_drawn_face_is_suggested_and_nothing_is_stored(private: Service, data: Path) -> None:
    content = scene((300, 200, 200))
    items = private.client.get(f"{ITEMS}?{QUERY}&limit=9").json()["features"]
    picture = Picture(private, items[3]["id"], hashlib.sha256(content).hexdigest())
    private.client.post(picture.address, headers=OWN, files={"file": ("one.jpg", content)})
    before = picture.facts()
    answer = private.client.get(f"{picture.address}/{picture.sha256}/faces")
    (part,) = answer.json()["suggestions"]
    assert 0.25 < part["x"] < 0.44  # between the eyes and a little more than the hair
    assert 0.56 < part["x"] + part["width"] < 0.75
    assert (picture.facts(), before["covers"]) == (before, [])
    done = command(data, "faces", picture.record, picture.sha256[:12])
    numbers = ",".join(f"{part[name]:g}" for name in ("x", "y", "width", "height"))
    assert f"--part {numbers}" in done.stdout, done.stderr


def test_a_command_covers_a_picture_lists_it_and_uncovers_it(picture: Picture, data: Path) -> None:
    start, why = picture.sha256[:12], ("--reason", "a face")
    done = command(data, "cover", picture.record, start, "--part", "0.5,0,0.5,1", *why)
    assert (done.returncode, "covered: 0.5,0,0.5,1" in done.stdout) == (0, True), done.stderr
    assert picture.facts()["covers"] == [RIGHT_HALF]
    wrong = command(data, "cover", picture.record, start, "--part", "0.5,0", *why)
    assert (wrong.returncode, "--part: got '0.5,0'" in wrong.stderr) == (2, True), wrong.stderr
    bare = command(data, "cover", picture.record, start, "--uncover", *why)
    assert (bare.returncode, picture.facts()["covers"]) == (0, []), bare.stderr
