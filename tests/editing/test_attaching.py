"""A source file is archived as it is, once; what is said about it can be corrected."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from pathlib import Path

import pytest

from app.domain.account import Holder, Role
from app.domain.approval import Approval
from app.domain.attachment import Attachment
from app.domain.errors import InputError, InvalidFile, Outdated
from app.domain.store import Author, verify
from app.domain.terms import Face
from app.domain.view import View
from app.editing.attaching import attach_file
from app.editing.deciding import Decider
from app.editing.erasure import purge
from app.editing.purged import purges_of
from app.editing.terms import set_persons
from app.instance.workspace import Workspace
from app.publishing.publish import publish
from app.publishing.query import Query
from app.queries.images import attachments_of
from tests.making import NOON, change, dataset, incident, write
from tests.photos import photo

ID = str(incident("a").id)
FIRST, SECOND = (Author(name, NOON + timedelta(days=n)) for n, name in ((1, "one"), (2, "two")))


@pytest.fixture
def recorded(private_workspace: Workspace) -> Workspace:
    write(private_workspace.store, [change(dataset()), change(incident("a"))])
    return private_workspace


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(photo())
    return path


def test_the_archive_holds_the_original_and_the_record_its_facts(
    recorded: Workspace, picture: Path
) -> None:
    day = date(2025, 10, 25)
    done = attach_file(recorded, ID, picture, FIRST, {"publisher": "City", "published": day})
    assert isinstance(done, Attachment)
    assert (recorded.archive / done.sha256).read_bytes() == picture.read_bytes()
    assert done.sha256 == hashlib.sha256(picture.read_bytes()).hexdigest()
    assert (done.media_type, done.licence, done.may_leave) == ("image/jpeg", "internal", False)
    verify(recorded.store)


def test_the_same_file_again_corrects_what_is_said_and_keeps_when_it_was_taken(
    recorded: Workspace, picture: Path
) -> None:
    first = attach_file(recorded, ID, picture, FIRST, {"publisher": "City", "method": "by a robot"})
    second = attach_file(recorded, ID, picture, SECOND, {"graphic": True})
    assert isinstance(first, Attachment)
    assert isinstance(second, Attachment)
    assert (second.publisher, second.method, second.graphic) == ("City", "by a robot", True)
    assert (second.captured_at, second.operator) == (first.captured_at, "one")
    now = Query.of(recorded, View(theatre="ukraine"), SECOND.at + timedelta(days=1))
    assert attachments_of(publish(now, Face.raw, in_all=True), ID) == [second]


def test_two_persons_let_an_archived_file_leave_where_the_dataset_wants_two(
    recorded: Workspace, picture: Path
) -> None:
    attach_file(recorded, ID, picture, FIRST, {})
    set_persons(recorded, "invented", FIRST, two=True)
    asked = attach_file(recorded, ID, picture, SECOND, {"licence": "CC-BY-4.0"})
    assert isinstance(asked, Approval)
    now = Query.of(recorded, View(theatre="ukraine"), SECOND.at + timedelta(days=1))
    (standing,) = attachments_of(publish(now, Face.raw, in_all=True), ID)
    assert not standing.may_leave
    third = Holder("three", Role.admin)
    decider = Decider(recorded, third, SECOND.at, recorded.archive.parent)
    decider.decide(asked.id, "the photographer agrees", approve=True)
    (standing,) = attachments_of(publish(now, Face.raw, in_all=True), ID)
    assert standing.may_leave


def test_a_new_file_is_archived_at_once_and_leaves_when_a_second_person_agrees(
    recorded: Workspace, picture: Path
) -> None:
    set_persons(recorded, "invented", FIRST, two=True)
    facts = {"licence": "CC-BY-4.0", "publisher": "City"}
    asked = attach_file(recorded, ID, picture, SECOND, {**facts})
    assert isinstance(asked, Approval)
    now = Query.of(recorded, View(theatre="ukraine"), SECOND.at + timedelta(days=1))
    (held,) = attachments_of(publish(now, Face.raw, in_all=True), ID)
    assert (held.publisher, held.licence, held.may_leave) == ("City", "internal", False)
    decider = Decider(recorded, Holder("three", Role.admin), SECOND.at, recorded.archive.parent)
    decider.decide(asked.id, "the photographer agrees", approve=True)
    (standing,) = attachments_of(publish(now, Face.raw, in_all=True), ID)
    assert (standing.publisher, standing.may_leave) == ("City", True)


def test_what_is_said_of_a_file_while_it_waits_is_not_undone_by_the_approval(
    recorded: Workspace, picture: Path
) -> None:
    attach_file(recorded, ID, picture, FIRST, {})
    set_persons(recorded, "invented", FIRST, two=True)
    asked = attach_file(recorded, ID, picture, SECOND, {"licence": "CC-BY-4.0"})
    assert isinstance(asked, Approval)
    attach_file(recorded, ID, picture, SECOND, {"graphic": True})
    decider = Decider(recorded, Holder("three", Role.admin), SECOND.at, recorded.archive.parent)
    with pytest.raises(Outdated, match="ask anew"):
        decider.decide(asked.id, "the photographer agrees", approve=True)
    now = Query.of(recorded, View(theatre="ukraine"), SECOND.at + timedelta(days=1))
    (standing,) = attachments_of(publish(now, Face.raw, in_all=True), ID)
    assert (standing.graphic, standing.may_leave) == (True, False)


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"licence": "free"}, "terms: got 'free', allowed: CC0-1.0"),
        ({"caption": "two\nlines"}, "caption: got 'two.*lines', allowed: one line of at most 300"),
        ({"url": "javascript:alert(1)"}, "url: got 'javascript:alert.1.', allowed: an address"),
    ],
)
def test_facts_that_do_not_fit_are_refused_and_nothing_is_archived(
    recorded: Workspace, picture: Path, facts: dict[str, str], sentence: str
) -> None:
    head = recorded.store.head()
    with pytest.raises(InputError, match=sentence):
        attach_file(recorded, ID, picture, FIRST, {**facts})
    assert (recorded.store.head(), recorded.archive.exists()) == (head, False)


def test_an_image_that_is_none_or_is_cut_is_refused_and_nothing_is_archived(
    recorded: Workspace, picture: Path
) -> None:
    page = picture.with_name("page.jpg")
    page.write_bytes(b"<!DOCTYPE html>")
    picture.write_bytes(photo()[:2_000])
    for path in (page, picture):
        with pytest.raises(InvalidFile, match="allowed: "):
            attach_file(recorded, ID, path, FIRST, {})
    assert not recorded.archive.exists()


def test_a_damaged_file_of_the_archive_is_written_anew_when_it_is_attached_again(
    recorded: Workspace, picture: Path
) -> None:
    first = attach_file(recorded, ID, picture, FIRST, {})
    assert isinstance(first, Attachment)
    (recorded.archive / first.sha256).write_bytes(b"cut")
    attach_file(recorded, ID, picture, SECOND, {"graphic": True})
    assert (recorded.archive / first.sha256).read_bytes() == picture.read_bytes()
    assert [path.name for path in recorded.archive.iterdir()] == [first.sha256]


def test_a_purge_takes_what_was_attached_and_leaves_the_files_of_others(
    recorded: Workspace, picture: Path, tmp_path: Path
) -> None:
    write(recorded.store, [change(incident("b"))], FIRST.at)
    set_persons(recorded, "invented", FIRST, two=True)
    shared = tmp_path / "shared.txt"
    shared.write_text("of two records", "utf-8")
    words = "a caption of a person"
    asked = attach_file(recorded, ID, picture, SECOND, {"licence": "CC-BY-4.0", "caption": words})
    assert isinstance(asked, Approval)
    for number in (ID, str(incident("b").id)):
        attach_file(recorded, number, shared, SECOND, {})
    assert len(list(recorded.archive.iterdir())) == 2
    purge(recorded, ID, "at the request of the family", SECOND)
    (left,) = recorded.archive.iterdir()
    assert left.read_bytes() == shared.read_bytes()
    payloads = [one.payload or b"" for one in recorded.store.revisions()]
    assert not [payload for payload in payloads if words.encode() in payload]
    verify(recorded.store)
    purged = purges_of(recorded.store, SECOND.at)
    assert sorted(one.subject for one in purged.purges) == [
        *("approval", "attachment", "attachment", "incident")
    ]
