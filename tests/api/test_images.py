"""Archived images leave where every rule lets them, written anew; else nobody gets them."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from markupsafe import escape
from PIL import Image

from app.domain.account import Holder, Role
from app.domain.attachment import Attachment
from app.domain.damage import Damage
from app.domain.incident import Incident, Status
from app.domain.period import When
from app.domain.place import Place, Precision
from app.domain.revision import Action
from app.domain.store import Author
from app.domain.terms import Terms
from app.editing.attaching import Fact, attach_file
from app.editing.redaction import Redactor
from app.editing.terms import set_terms
from app.instance.workspace import Workspace
from app.reference.reference import Reference
from tests.making import change, dataset, incident, open_workspace, write
from tests.photos import CAMERA, photo
from tests.serving import Service, serving

NOW = datetime.now(UTC)
REVIEWER = Holder("reviewer", Role.reviewer)
FREE: dict[str, Fact] = {
    "licence": "CC-BY-4.0",
    "publisher": "City council",
    "published": date(2026, 3, 2),
    "url": "https://example.org/photo",
}
RECENT = When.days(NOW.date() - timedelta(days=3))
POINTS_ONLY = Terms(points=True, tiles=True, embeds=True)
WITHHELD: dict[str, Incident] = {
    "plant": incident("plant", when=RECENT, damage=(Damage("energy"),)),
    "soon": incident("soon", public_after=NOW + timedelta(days=2)),
    "region": incident("region", place=Place(precision=Precision.admin1, admin1="UA-71")),
    "closed": incident("closed", dataset="closed"),
    "gone": incident("gone"),
}
"""Records that have a free image, each kept back by another rule."""


@dataclass(frozen=True)
class Archive:
    """A public service, the same data for its operator, and the data themselves."""

    public: Service
    private: Service
    workspace: Workspace
    folder: Path

    def attach(self, record: Incident, facts: dict[str, Fact], width: int = 1600) -> str:
        """Attach a photo of this width; returns its hash."""
        path = self.folder / f"{record.source_key}-{width}.jpg"
        path.write_bytes(photo(size=(width, 900), turned=True))
        author = Author("tester", datetime.now(UTC))
        done = attach_file(self.workspace, str(record.id), path, author, facts)
        assert isinstance(done, Attachment)
        return done.sha256

    def image(self, record: Incident, sha256: str, form: str = "small") -> httpx.Response:
        return self.public.client.get(address(record, sha256, form))


def address(record: Incident, sha256: str, form: str = "small") -> str:
    return f"/api/incidents/{record.id}/images/{sha256}/{form}.jpg"


def images(service: Service, record: Incident) -> Sequence[dict[str, Any]]:
    """List the images that the record's answer names."""
    answer = service.client.get(f"/api/collections/incidents/items/{record.id}")
    if answer.status_code != 200:
        return []
    fields = answer.json()["lines"]
    return [image for field in fields for image in field.get("images", [])]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, reference: Reference) -> Iterator[Archive]:
    folder = tmp_path_factory.mktemp("images")
    workspace = open_workspace(folder / "data", reference)
    records = [incident("open"), *WITHHELD.values()]
    sets = [dataset(), dataset("closed", terms=POINTS_ONLY, licence="internal")]
    write(workspace.store, [*map(change, sets), *map(change, records)], NOW - timedelta(days=1))
    gone = incident("gone", status=Status.retracted)
    write(workspace.store, [change(gone, Action.amend)], NOW - timedelta(hours=1))
    with serving(folder / "data") as public, serving(folder / "data", "--private") as private:
        yield Archive(public, private, workspace, folder)
    workspace.store.close()


def test_an_image_leaves_as_pixels_alone_in_two_sizes(archive: Archive) -> None:
    record = incident("open")
    sha256 = archive.attach(record, FREE)
    original = (archive.workspace.archive / sha256).read_bytes()
    assert CAMERA.encode() in original
    for form, longest in (("small", 320), ("large", 1280)):
        answer = archive.image(record, sha256, form)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
        picture = Image.open(io.BytesIO(answer.content))
        assert (max(picture.size), dict(picture.getexif())) == (longest, {})
        assert b"Exif" not in answer.content
        assert CAMERA.encode() not in answer.content
        assert answer.headers["cache-control"] == "public, max-age=0, must-revalidate"


def test_record_and_page_name_publisher_day_and_hash(archive: Archive) -> None:
    record = incident("open")
    sha256 = archive.attach(record, FREE)
    (image,) = (one for one in images(archive.public, record) if one["sha256"] == sha256)
    assert image["credit"]["text"] == "City council, 2 Mar 2026"
    assert image["credit"]["href"] == "https://example.org/photo"
    assert sha256 in image["archived"]
    assert image["fold"] is None
    html = archive.public.client.get(f"/incidents/{record.id}").text
    assert all(text in html for text in ("City council, 2 Mar 2026", sha256, "small.jpg"))
    assert archive.public.client.get(image["large"]).status_code == 200


def test_what_a_picture_shows_is_read_and_is_its_alternative_text(archive: Archive) -> None:
    record, caption = incident("open"), 'A burnt roof & <b>two</b> "windows"'
    sha256 = archive.attach(record, {**FREE, "caption": caption}, width=700)
    (image,) = (one for one in images(archive.public, record) if one["sha256"] == sha256)
    assert (image["alt"], image["caption"]) == (caption, caption)
    html = archive.public.client.get(f"/incidents/{record.id}").text
    assert html.count(str(escape(caption))) == 2
    assert caption not in html


@pytest.mark.parametrize("key", WITHHELD)
def test_a_record_that_is_withheld_or_shown_by_region_gives_no_image(
    archive: Archive, key: str
) -> None:
    record = WITHHELD[key]
    sha256 = archive.attach(record, FREE)
    assert archive.private.client.get(address(record, sha256)).status_code == 200
    assert images(archive.public, record) == []
    for form in ("small", "large", "blurred"):
        assert archive.image(record, sha256, form).status_code == 404
    html = archive.public.client.get(f"/incidents/{record.id}")
    assert sha256 not in html.text
    before = (NOW - timedelta(minutes=90)).strftime("%Y-%m-%dT%H:%M:%SZ")
    answer = archive.public.client.get(f"{address(record, sha256)}?as_of={before}")
    assert answer.status_code == 404


def test_an_image_without_a_licence_of_its_own_stays_with_the_operator(archive: Archive) -> None:
    record = incident("open")
    sha256 = archive.attach(record, {"publisher": "An agency"}, width=1500)
    assert archive.image(record, sha256).status_code == 404
    assert sha256 not in [one["sha256"] for one in images(archive.public, record)]
    assert sha256 in [one["sha256"] for one in images(archive.private, record)]
    archive.attach(record, {"licence": "CC0-1.0"}, width=1500)
    assert archive.image(record, sha256).status_code == 200
    archive.attach(record, {"licence": "internal"}, width=1500)
    assert archive.image(record, sha256).status_code == 404


@pytest.mark.parametrize("part", ["images", "place"])
def test_a_redaction_reaches_every_copy_and_lifting_it_gives_a_new_one(
    archive: Archive, part: str
) -> None:
    record = incident("open")
    sha256 = archive.attach(record, FREE)
    first = archive.image(record, sha256)
    known = {"If-None-Match": first.headers["etag"]}
    assert archive.public.client.get(address(record, sha256), headers=known).status_code == 304
    redactor = Redactor(archive.workspace, REVIEWER, datetime.now(UTC))
    redactor.redact(str(record.id), [part], "privacy_of_victim", "the family asked")
    answer = archive.public.client.get(address(record, sha256), headers=known)
    assert (answer.status_code, images(archive.public, record)) == (404, [])
    html = archive.public.client.get(f"/incidents/{record.id}").text
    assert bool(re.search("Pictures.*redacted: privacy of a victim", html)) is (part == "images")
    redactor.lift(str(record.id), "the family agrees")
    again = archive.public.client.get(address(record, sha256), headers=known)
    assert again.status_code == 200
    assert again.headers["etag"] != first.headers["etag"]


def test_terms_that_forbid_raw_records_forbid_images(archive: Archive) -> None:
    record = incident("open")
    sha256 = archive.attach(record, FREE)
    author = Author("tester", datetime.now(UTC))
    set_terms(archive.workspace, "invented", "ACLED", author)
    try:
        assert archive.image(record, sha256).status_code == 404
    finally:
        set_terms(archive.workspace, "invented", "CC0-1.0", author)
    assert archive.image(record, sha256).status_code == 200


def test_an_image_that_was_marked_graphic_is_folded_for_every_as_of(archive: Archive) -> None:
    record = incident("open")
    sha256 = archive.attach(record, FREE, width=1400)
    then = datetime.now(UTC)
    archive.attach(record, {"graphic": True}, width=1400)
    for query in ("", f"?as_of={then.strftime('%Y-%m-%dT%H:%M:%S.%fZ')}"):
        path = f"/api/collections/incidents/items/{record.id}{query}"
        fields = archive.public.client.get(path).json()["lines"]
        shown = [one for field in fields for one in field.get("images", [])]
        assert [one["fold"] for one in shown if one["sha256"] == sha256] == [
            "Graphic picture: show or hide"
        ]


def test_an_image_of_before_it_was_archived_is_not_known(archive: Archive) -> None:
    record = incident("open")
    before = (datetime.now(UTC) - timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    sha256 = archive.attach(record, FREE, width=1300)
    assert archive.image(record, sha256).status_code == 200
    answer = archive.public.client.get(f"{address(record, sha256)}?as_of={before}")
    assert answer.status_code == 404


def test_a_changed_file_of_the_archive_is_not_given_out(archive: Archive) -> None:
    record = incident("open")
    sha256 = archive.attach(record, FREE, width=1200)
    (archive.workspace.archive / sha256).write_bytes(photo(size=(30, 30)))
    assert archive.image(record, sha256).status_code == 404


def test_wrong_addresses_of_images_are_one_sentence(archive: Archive) -> None:
    record = incident("open")
    sha256 = archive.attach(record, FREE)
    answer = archive.image(record, sha256, "huge")
    assert answer.status_code == 422
    assert answer.json()["detail"] == "form: got 'huge', allowed: small, large, blurred, copy."
    for other in (hashlib.sha256(b"").hexdigest(), "..", "%2e%2e%2frecord.sqlite"):
        assert archive.image(record, other).status_code == 404
