"""A new node begins with a pushed index, which fits its record or is refused in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.domain.errors import InputError, StorageAway
from app.domain.revision import Action, Change, Erasure, Subject, canonical
from app.domain.store import Author
from app.editing.erasure import purge
from app.files.shelf import MANIFEST, Shelf
from app.index.build import Builder
from app.index.copies import COMMAND
from app.index.live import Index
from app.instance.workspace import Workspace
from app.reference.reference import Reference
from app.rows import COLUMNS
from tests.buckets import BUCKET, ObjectStorage, object_storage, reached
from tests.making import NOON, add, change, dataset, incident, open_workspace, write


@pytest.fixture(scope="module")
def storage() -> Iterator[ObjectStorage]:
    with object_storage() as running, reached(running):
        yield running


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty folder, or an empty place in object storage."""
    if request.param == "folder":
        return str(tmp_path / "shelf")
    request.getfixturevalue("storage").empty()
    return f"s3://{BUCKET}/nodes/index"


@pytest.fixture
def node(tmp_path: Path, reference: Reference) -> Iterator[Workspace]:
    """A node with 50 incidents in a built generation."""
    workspace = open_workspace(tmp_path / "data", reference)
    add(workspace.store, dataset(), *(incident(f"n{number}") for number in range(50)))
    workspace.index.generations.rebuild()
    yield workspace
    workspace.store.close()


def refuse(_builder: Builder) -> int:
    raise AssertionError("the record was replayed")


def shelf(place: str) -> Shelf:
    return Shelf.open(place, COMMAND, "TARGET")


def beside(node: Workspace, folder: Path) -> Index:
    """The index of another node on the same record, which has nothing yet."""
    return Index(folder / "other", node.store, node.reference, 20_000)


def rows(index: Index) -> dict[str, list[Any]]:
    state = index.state()
    parts = [segment.rows for segment in state.segments]
    return {name: [one for part in parts for one in part[name][:].tolist()] for name in COLUMNS}


def test_a_new_node_begins_with_a_pushed_index_and_follows_the_record_from_there(
    node: Workspace, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Builder, "build", refuse)
    pushed = node.index.generations.push(shelf(place))
    assert len(pushed.written) > len(COLUMNS)
    add(node.store, incident("later"))
    other = beside(node, tmp_path)
    assert other.generations.pull(shelf(place)) == 51
    assert not beside(node, tmp_path).generations.needs_building
    assert rows(other) == rows(node.index)
    assert other.state().seq == 52
    assert other.generations.current.fault() is None


def test_a_second_push_sends_only_what_changed_and_removes_the_rest(
    node: Workspace, place: str
) -> None:
    first = node.index.generations.push(shelf(place))
    again = node.index.generations.push(shelf(place))
    assert (again.written, again.removed) == ([], [])
    write(node.store, [change(incident("n1", description="new"), Action.amend)])
    node.index.generations.rebuild()
    later = node.index.generations.push(shelf(place))
    written, removed = (
        {name.split("/")[1].split(".")[0] for name in names}
        for names in (later.written, later.removed)
    )
    assert written >= {"seq", "meta"} | removed
    assert len(later.written) < len(first.written)
    kept = len(first.written) - len(later.removed)
    assert later.unchanged in {0, kept}


def test_storage_that_goes_away_in_the_middle_of_a_push_leaves_the_earlier_one_valid(
    node: Workspace, storage: ObjectStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.empty()
    place = f"s3://{BUCKET}/index"
    node.index.generations.push(shelf(place))
    add(node.store, *(incident(f"m{number}") for number in range(9)))
    node.index.generations.rebuild()
    half, left = shelf(place), 3
    write_file = type(half.place).write

    def cut_off(self: Any, name: str, content: bytes) -> None:
        nonlocal left
        left -= name != MANIFEST
        if left == 0:
            storage.stop()
        write_file(self, name, content)

    monkeypatch.setattr(type(half.place), "write", cut_off)
    with pytest.raises(StorageAway, match=f"The storage of {place} does not answer"):
        node.index.generations.push(half)
    monkeypatch.undo()
    storage.start()
    with reached(storage):
        assert beside(node, tmp_path / "a").generations.pull(shelf(place)) == 51
        completed = node.index.generations.push(shelf(place))
        assert completed.removed
        other = beside(node, tmp_path / "b")
        assert other.generations.pull(shelf(place)) == 60
    assert rows(other) == rows(node.index)


def of_another_record(node: Workspace, folder: Path) -> Workspace:
    other = open_workspace(folder / "foreign", node.reference)
    add(other.store, dataset(), *(incident(f"x{number}") for number in range(60)))
    return other


def of_an_older_copy(node: Workspace, folder: Path) -> Workspace:
    other = open_workspace(folder / "older", node.reference)
    add(other.store, dataset(), *(incident(f"n{number}") for number in range(7)))
    return other


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (of_another_record, "an index of this record; revision 51 is another one there"),
        (of_an_older_copy, "ends at revision 8; that one is at 51, so it is of another or a newer"),
    ],
)
def test_an_index_of_another_or_a_newer_record_is_refused(
    node: Workspace, tmp_path: Path, make: Callable[[Workspace, Path], Workspace], sentence: str
) -> None:
    place = str(tmp_path / "shelf")
    node.index.generations.push(shelf(place))
    other = make(node, tmp_path)
    with pytest.raises(InputError, match=sentence):
        other.index.generations.pull(shelf(place))
    assert len(rows(other.index)["seq"]) == other.state().seq - 1  # built from its own record
    other.store.close()


def newer(folder: Path) -> None:
    rewritten(folder, "format", "9000")


def nameless(folder: Path) -> None:
    rewritten(folder, "generation", "../../etc")


def rewritten(folder: Path, name: str, text: str) -> None:
    manifest = msgspec.json.decode((folder / MANIFEST).read_bytes())
    manifest["about"][name] = text
    (folder / MANIFEST).write_bytes(msgspec.json.encode(manifest))


def damaged(folder: Path) -> None:
    (path,) = folder.glob("generation/day_first.npy.*")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def incomplete(folder: Path) -> None:
    (path,) = folder.glob("generation/day_first.npy.*")
    path.unlink()


def described_otherwise(folder: Path) -> None:
    """A description that fits its own sum, but not the generation's name."""
    (path,) = folder.glob("generation/meta.json.*")
    path.unlink()
    manifest = msgspec.json.decode((folder / MANIFEST).read_bytes())
    del manifest["files"][f"generation/{path.name}"]
    forged = "generation/meta.json.44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    manifest["files"][forged] = forged.rpartition(".")[2]
    (folder / forged).write_bytes(b"{}")
    (folder / MANIFEST).write_bytes(msgspec.json.encode(manifest))


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (newer, "an index of format [0-9]+, as this release writes it; that one has 9000"),
        (nameless, "a place that `strikemap index push` filled"),
        (damaged, r"an undamaged copy: generation/day_first\.npy has another sum"),
        (incomplete, "a whole copy: a file of it is missing; push again"),
        (described_otherwise, r"an undamaged copy: meta\.json is not what it was"),
    ],
)
def test_a_spoilt_copy_is_refused_and_leaves_no_file(
    node: Workspace, tmp_path: Path, spoil: Callable[[Path], None], sentence: str
) -> None:
    folder, other = tmp_path / "shelf", beside(node, tmp_path)
    node.index.generations.push(shelf(str(folder)))
    spoil(folder)
    with pytest.raises(InputError, match=sentence):
        other.generations.pull(shelf(str(folder)))
    assert [path.name for path in (tmp_path / "other").rglob("*") if path.is_file()] == ["LOCK"]


def test_an_empty_place_has_no_index_to_pull(node: Workspace, place: str) -> None:
    with pytest.raises(InputError, match="a place that `strikemap index push` filled"):
        node.index.generations.pull(shelf(place))


def test_a_copy_that_is_replaced_while_it_is_read_is_read_anew(
    node: Workspace, tmp_path: Path
) -> None:
    place = str(tmp_path / "shelf")
    node.index.generations.push(shelf(place))
    earlier = shelf(place)
    add(node.store, incident("later"))
    node.index.generations.rebuild()
    node.index.generations.push(shelf(place))
    assert beside(node, tmp_path).generations.pull(earlier) == 52


def test_an_index_from_before_a_purge_is_refused_and_the_next_push_removes_it(
    node: Workspace, tmp_path: Path
) -> None:
    folder = tmp_path / "shelf"
    node.index.generations.push(shelf(str(folder)))
    before = {path.name for path in folder.rglob("*.npy.*")}
    author = Author("admin", NOON + timedelta(days=1))
    purge(node, str(incident("n1").id), "at the request of the family", author)
    with pytest.raises(InputError, match="from after the last purge, revision 52; push one again"):
        beside(node, tmp_path).generations.pull(shelf(str(folder)))
    node.index.generations.push(shelf(str(folder)))
    assert not before & {path.name for path in folder.glob("generation/seq.npy.*")}
    assert beside(node, tmp_path).generations.pull(shelf(str(folder))) == 52


def test_an_index_that_slept_through_a_purge_is_built_anew_without_its_older_files(
    node: Workspace, tmp_path: Path
) -> None:
    other = beside(node, tmp_path)
    other.generations.rebuild()
    older = {path.name for path in (tmp_path / "other").glob("*/gen-*")}
    erasure = Erasure(Subject.incident, f"invented/{incident('n1').id}", (3,), "a test")
    mark = Change(Subject.erasure, "mark", Action.add, canonical(erasure))
    node.store.erase([3], mark, Author("admin", NOON + timedelta(days=1)).entry("purge"))
    woken = beside(node, tmp_path)
    assert len(rows(woken)["seq"]) == 49
    assert not older & {path.name for path in (tmp_path / "other").glob("*/gen-*")}


def test_a_node_that_slept_through_a_purge_and_pulls_keeps_none_of_its_older_files(
    node: Workspace, tmp_path: Path
) -> None:
    other = beside(node, tmp_path)
    other.generations.rebuild()
    older = {path.name for path in (tmp_path / "other").glob("*/gen-*")}
    purge(node, str(incident("n1").id), "at the request of the family", Author("admin", NOON))
    place = shelf(str(tmp_path / "shelf"))
    node.index.generations.push(place)
    assert beside(node, tmp_path).generations.pull(place) == 52
    left = {path.name for path in (tmp_path / "other").glob("*/gen-*")}
    assert len(left) == 1
    assert not older & left
