"""A purged record is gone for every `as_of`, from the record, the index and their files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from app.domain.account import Holder, Role
from app.domain.errors import InputError, NotFound, StoreBusy
from app.domain.place import LonLat, Place, Precision
from app.domain.revision import Action, Revision, Subject
from app.domain.store import Author, verify
from app.domain.terms import Face
from app.domain.view import View
from app.editing.edits import Editor
from app.editing.erasure import purge
from app.instance.workspace import Workspace
from app.intake.importing import ImportedFile, Observers, import_file
from app.intake.options import ImportOptions
from app.publishing.publish import publish
from app.publishing.query import Query
from app.queries.incidents import find_incident
from app.store import sqlite
from tests.making import NOON, change, dataset, incident, write
from tests.support import table

TOLD = "a sentence that must not survive anywhere"
PLACE = Place.at(LonLat(31.1234567, 49.7654321), Precision.exact)
LATER = NOON + timedelta(days=2)


@pytest.fixture
def held(private_workspace: Workspace) -> Workspace:
    """A record with two revisions of one incident, and another beside it, all in a generation."""
    store = private_workspace.store
    write(store, [change(dataset()), change(incident("a", description=TOLD, place=PLACE))])
    amended = incident("a", description=f"{TOLD}, corrected", place=PLACE)
    write(store, [change(amended, Action.amend), change(incident("b"))], NOON + timedelta(days=1))
    private_workspace.index.generations.rebuild()
    return private_workspace


def holding(folder: Path, needle: bytes) -> list[str]:
    """List the files in which some bytes stand."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if needle in path.read_bytes()]


def test_a_purged_incident_is_found_at_no_time(held: Workspace) -> None:
    purge(held, str(incident("a").id), "at the request of the family", Author("admin", LATER))
    state = held.index.state()
    for as_of in (None, NOON, NOON + timedelta(days=1)):
        view = View(theatre="ukraine", as_of=as_of)
        published = publish(Query(held, state, view, LATER), Face.points)
        with pytest.raises(NotFound):
            find_incident(published, str(incident("a").id))
        expected = 0 if as_of == NOON else 1
        assert len(published.select()) == expected


def test_an_edit_that_read_a_record_before_its_purge_does_not_write_its_text_back(
    held: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = str(incident("a").id)

    def purged_meanwhile(*_statuses: object) -> None:
        purge(held, number, "at the request of the family", Author("admin", LATER))

    monkeypatch.setattr(Editor, "_check_status", purged_meanwhile)
    editor = Editor(held, Holder("reviewer", Role.reviewer), LATER)
    standing, patch = editor.read(number).revision, {"status": "verified"}
    with pytest.raises(StoreBusy, match="purged while this was read"):
        editor.amend(number, patch, standing, "more is known")
    assert holding(tmp_path, TOLD.encode()) == []


def test_an_import_that_began_before_a_purge_writes_nothing(
    held: Workspace, tmp_path: Path
) -> None:
    number, files = str(incident("a").id), tmp_path / "files"
    files.mkdir()
    rows = table(files, {"source_key": "c", "start": "2025-10-25", "lon": 31, "lat": 49})

    def purged_meanwhile(_planned: object) -> None:
        purge(held, number, "at the request of the family", Author("admin", LATER))

    options = ImportOptions(dataset="invented", theatre="ukraine")
    author, before = Author("tester", LATER), held.store.head().seq
    with pytest.raises(StoreBusy, match="purged while this was read"):
        import_file(held, ImportedFile(rows), options, author, Observers(watch=purged_meanwhile))
    assert held.store.head().seq == before + 1  # the mark of the purge
    assert holding(tmp_path, TOLD.encode()) == []


def test_nothing_of_it_is_left_in_any_file(held: Workspace, tmp_path: Path) -> None:
    lon = int(31.1234567e7).to_bytes(4, "little", signed=True)
    assert holding(tmp_path, TOLD.encode())
    assert holding(tmp_path, lon)
    purge(held, str(incident("a").id), "at the request of the family", Author("admin", LATER))
    assert holding(tmp_path, TOLD.encode()) == []
    assert holding(tmp_path, lon) == []


def test_a_purge_beside_a_reader_says_that_a_copy_is_left_and_a_second_one_removes_it(
    held: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, author = str(incident("a").id), Author("admin", LATER)
    monkeypatch.setattr(sqlite, "BUSY_S", 0.1)
    monkeypatch.setattr(sqlite, "READ_BATCH", 1)  # a longer list is read while it is used
    reader = held.store.revisions()
    next(reader)
    with pytest.raises(StoreBusy, match=r"still holds a copy, .* purge it again"):
        purge(held, number, "at the request of the family", author)
    assert holding(tmp_path, TOLD.encode())
    assert [one for one in holding(tmp_path, TOLD.encode()) if "record" not in one] == []
    reader.close()  # type: ignore[attr-defined]
    with pytest.raises(InputError, match="not erased before"):
        purge(held, number, "at the request of the family", author)
    assert holding(tmp_path, TOLD.encode()) == []


def test_the_chain_still_checks_and_says_why(held: Workspace) -> None:
    before = held.store.head()
    head = purge(held, str(incident("a").id), "at the request of the family", Author("x", LATER))
    assert verify(held.store, before) == head
    (mark,) = held.store.by_seq([head.seq])
    assert b"at the request of the family" in (mark.payload or b"")


def test_a_purge_misses_no_revision_that_is_written_while_it_is_planned(
    held: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, author = str(incident("a").id), Author("admin", LATER)
    read = held.store.history

    def overtaken(subject: Subject, key: str) -> Sequence[Revision]:
        past = read(subject, key)
        later = incident("a", description=f"{TOLD}, once more", place=PLACE)
        write(held.store, [change(later, Action.amend)], LATER)
        return past

    monkeypatch.setattr(held.store, "history", overtaken)
    with pytest.raises(StoreBusy, match="try again"):
        purge(held, number, "at the request of the family", author)
    monkeypatch.undo()
    key = change(incident("a")).key
    assert all(one.payload is not None for one in read(Subject.incident, key))
    purge(held, number, "at the request of the family", author)
    assert [one.payload for one in read(Subject.incident, key)] == [None] * 3
    verify(held.store)


def test_a_purge_needs_a_reason_and_something_to_erase(held: Workspace) -> None:
    number = str(incident("a").id)
    with pytest.raises(InputError, match="without its content"):
        purge(held, number, " x ", Author("admin", LATER))
    with pytest.raises(InputError, match="a UUID"):
        purge(held, "7", "a good reason", Author("admin", LATER))
    purge(held, number, "a good reason", Author("admin", LATER))
    with pytest.raises(InputError, match="not erased before"):
        purge(held, number, "a good reason", Author("admin", LATER))
