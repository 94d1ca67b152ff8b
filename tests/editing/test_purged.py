"""The purge list names what was erased, holds nothing of it, and erases it again elsewhere."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from pathlib import Path

import pytest

from app.domain.account import Role, Token
from app.domain.errors import InvalidFile
from app.domain.revision import Action, Subject
from app.domain.store import Author, verify
from app.editing.erasure import purge, purge_again
from app.editing.purged import PurgeList, purges_of, read_purged, write_purged
from app.instance.workspace import Workspace
from app.store.copying import copy_record
from app.store.sqlite import SqliteStore
from tests.making import NOON, change, dataset, incident, write

SAID = "a sentence that must not come back"
LATER = NOON + timedelta(days=1)
AGAIN = Author("restorer", NOON + timedelta(days=2))
TOKEN = Token(id="0123456789ab", name="newsroom", role=Role.editor, datasets=(), created_at=NOON)


@pytest.fixture
def purged(private_workspace: Workspace, tmp_path: Path) -> Workspace:
    """A record whose copy `before.sqlite` is older than its purge and its revoked token."""
    store = private_workspace.store
    write(store, [change(dataset()), change(incident("a", description=SAID))])
    write(store, [change(incident("a", description=f"{SAID}, or so"), Action.amend)])
    store.add_token(TOKEN, b"digest")
    copy_record(tmp_path / "data" / "record.sqlite", tmp_path / "before.sqlite")
    purge(private_workspace, str(incident("a").id), "a court's order", Author("admin", LATER))
    store.revoke_token(TOKEN.id, LATER, "alice")
    return private_workspace


def test_the_list_names_what_was_purged_and_holds_nothing_of_it(
    purged: Workspace, tmp_path: Path
) -> None:
    write_purged(tmp_path, purges_of(purged.store, LATER))
    (one,) = read_purged(tmp_path / "purged.json").purges
    assert (one.subject, one.key) == ("incident", f"invented/{incident('a').id}")
    assert (one.reason, one.at) == ("a court's order", LATER)
    assert SAID not in (tmp_path / "purged.json").read_text("utf-8")


def test_a_record_from_before_loses_it_again_with_the_same_mark(
    purged: Workspace, tmp_path: Path
) -> None:
    listed = purges_of(purged.store, LATER)
    with contextlib.closing(SqliteStore(tmp_path / "before.sqlite")) as store:
        before = store.head()
        assert purge_again(store, listed, AGAIN) == 1
        assert verify(store, before).seq == before.seq + 1
        (mark,) = store.latest(Subject.erasure)
        assert (mark.key, mark.actor) == (listed.purges[0].id, "restorer")
        assert mark.reason == "purge: a court's order"
        assert [one.revoked_at for one in store.tokens()] == [LATER]
        assert purge_again(store, listed, AGAIN) == 0
    files = [path.read_bytes() for path in tmp_path.glob("before.sqlite*")]
    assert not any(SAID.encode() in content for content in files)


def test_what_was_written_after_a_purge_stays(purged: Workspace) -> None:
    write(purged.store, [change(incident("a", description="cleared"), Action.amend)], LATER)
    assert purge_again(purged.store, purges_of(purged.store, LATER), AGAIN) == 0
    newest = purged.store.latest(Subject.incident)[0]
    assert b"cleared" in (newest.payload or b"")


def test_a_list_never_forgets_what_an_older_record_does_not_know(
    purged: Workspace, tmp_path: Path
) -> None:
    whole = write_purged(tmp_path, purges_of(purged.store, LATER))
    with contextlib.closing(SqliteStore(tmp_path / "before.sqlite")) as store:
        joined = write_purged(tmp_path, purges_of(store, AGAIN.at))
    assert joined == PurgeList(AGAIN.at, whole.purges, whole.revoked)
    assert read_purged(tmp_path / "purged.json") == joined


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"purges": []}',
        '{"made_at": "today"}',
        '{"made_at": "2026-01-01T12:00:00Z", "purges": [{"id": "1", "subject": "dataset"}]}',
    ],
)
def test_a_file_that_is_no_purge_list_is_refused_and_left(text: str, tmp_path: Path) -> None:
    path = tmp_path / "purged.json"
    path.write_text(text, "utf-8")
    with pytest.raises(InvalidFile, match="as `strikemap purge` and"):
        write_purged(tmp_path, PurgeList(NOON))
    assert path.read_text("utf-8") == text


def test_a_purge_list_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="No such file"):
        read_purged(tmp_path / "none.json")
