"""Who covers a part of a picture does it at once; showing it again is for others to agree to."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from app.domain.account import Holder, Role
from app.domain.approval import Approval
from app.domain.attachment import Attachment, Cover
from app.domain.errors import NotAllowed, NotFound
from app.domain.revision import Subject
from app.domain.store import Author, verify
from app.editing.attaching import attach_file
from app.editing.covering import PictureEditor
from app.editing.deciding import Decider
from app.editing.terms import set_persons
from app.instance.workspace import Workspace
from tests.making import NOON, change, dataset, incident, write
from tests.photos import photo

ID, OTHER = str(incident("a").id), str(incident("b", dataset="second").id)
NOW = NOON + timedelta(days=1)
AUTHOR = Author("one", NOW)
FACE, SIGN = Cover(1000, 1000, 2000, 3000), Cover(6000, 0, 9000, 500)


@pytest.fixture
def recorded(private_workspace: Workspace) -> Workspace:
    records = [incident("a"), incident("b", dataset="second")]
    sets = [dataset(), dataset("second")]
    write(private_workspace.store, [*map(change, sets), *map(change, records)])
    return private_workspace


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(photo(size=(400, 300)))
    return path


def attached(workspace: Workspace, path: Path, record: str = ID) -> str:
    done = attach_file(workspace, record, path, AUTHOR, {})
    assert isinstance(done, Attachment)
    return done.sha256


def by(
    workspace: Workspace, name: str, role: Role, datasets: frozenset[str] = frozenset()
) -> PictureEditor:
    return PictureEditor(workspace, Holder(name, role, datasets), NOW)


def covers(workspace: Workspace, record: str = ID) -> tuple[Cover, ...]:
    ((attachment, _revision),) = by(workspace, "reader", Role.admin).pictures(record)
    return attachment.covers


def test_a_cover_is_a_revision_with_its_reason_and_the_original_stays(
    recorded: Workspace, picture: Path
) -> None:
    sha256 = attached(recorded, picture)
    done = by(recorded, "ann", Role.editor).cover(ID, sha256, [FACE], "a child's face")
    assert isinstance(done, Attachment)
    assert (recorded.archive / sha256).read_bytes() == picture.read_bytes()
    assert done.copy is not None
    assert (done.shown, (recorded.archive / done.shown).is_file()) == (done.copy, True)
    last = recorded.store.history(Subject.attachment, done.key)[-1]
    assert (last.actor, last.reason) == ("ann", "covers of photo.jpg: a child's face")
    again = attach_file(recorded, ID, picture, AUTHOR, {"graphic": True})
    assert isinstance(again, Attachment)
    assert (again.covers, again.copy, again.graphic) == ((FACE,), done.copy, True)
    verify(recorded.store)


def test_an_editor_covers_and_only_a_reviewer_uncovers(recorded: Workspace, picture: Path) -> None:
    sha256, editor = attached(recorded, picture), by(recorded, "ann", Role.editor)
    editor.cover(ID, sha256, [FACE, SIGN], "faces")
    for fewer in ([FACE], [], [SIGN, Cover(1000, 1000, 2000, 2999)]):
        with pytest.raises(NotAllowed, match="reviewer"):
            editor.cover(ID, sha256, fewer, "no need")
    with pytest.raises(NotAllowed):
        by(recorded, "vic", Role.viewer).cover(ID, sha256, [SIGN], "a look")
    assert covers(recorded) == (FACE, SIGN)
    whole = Cover(0, 0, 10_000, 10_000)
    editor.cover(ID, sha256, [whole], "all of it")  # covers what was covered, and more
    by(recorded, "rob", Role.reviewer).cover(ID, sha256, [], "the family agrees")
    assert covers(recorded) == ()


def test_where_two_persons_are_wanted_the_new_is_covered_at_once_and_the_old_stays_until_then(
    recorded: Workspace, picture: Path
) -> None:
    sha256 = attached(recorded, picture)
    set_persons(recorded, "invented", AUTHOR, two=True)
    first = by(recorded, "ann", Role.editor)
    assert isinstance(first.cover(ID, sha256, [FACE], "a face"), Attachment)
    asked = first.cover(ID, sha256, [SIGN], "the face was a poster, the sign is a name")
    assert isinstance(asked, Approval)
    assert (asked.summary, covers(recorded)) == ("photo.jpg, uncover", (FACE, SIGN))
    own = Decider(recorded, Holder("ann", Role.admin), NOW, recorded.archive.parent)
    with pytest.raises(NotAllowed, match="another person"):
        own.decide(asked.id, "I say so", approve=True)
    second = Decider(recorded, Holder("ben", Role.reviewer), NOW, recorded.archive.parent)
    second.decide(asked.id, "a poster indeed", approve=True)
    assert covers(recorded) == (SIGN,)
    verify(recorded.store)


def test_the_same_file_is_covered_beside_every_record_of_the_scope(
    recorded: Workspace, picture: Path
) -> None:
    sha256 = attached(recorded, picture)
    attached(recorded, picture, OTHER)
    scoped = by(recorded, "ann", Role.editor, frozenset({"invented"}))
    scoped.cover(ID, sha256, [FACE], "a face")
    assert (covers(recorded), covers(recorded, OTHER)) == ((FACE,), ())
    by(recorded, "ben", Role.editor).cover(ID, sha256, [FACE, SIGN], "a sign")
    assert covers(recorded, OTHER) == (FACE, SIGN)
    with pytest.raises(NotFound):
        scoped.cover(OTHER, sha256, [], "not mine")


def test_a_file_that_is_covered_beside_one_record_comes_covered_to_another(
    recorded: Workspace, picture: Path
) -> None:
    sha256 = attached(recorded, picture)
    by(recorded, "ann", Role.editor).cover(ID, sha256, [FACE], "a face")
    attached(recorded, picture, OTHER)
    assert covers(recorded, OTHER) == (FACE,)
