"""A folder that a command fills: only what changed is written, and nothing of others is touched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.domain.errors import InputError
from app.files.bucket import Bucket
from app.files.shelf import MANIFEST, Shelf
from app.files.storage import Folder

FILES = {"a.json": b"1", "sub/b.json": b"2"}


def test_a_second_run_writes_only_what_changed_and_removes_what_is_left_out(tmp_path: Path) -> None:
    first = Shelf.open(str(tmp_path), "publish").fill(FILES.items(), {"view": "x"})
    assert (first.written, first.removed, first.unchanged) == (["a.json", "sub/b.json"], [], 0)
    (tmp_path / "CNAME").write_text("of the host")
    again = Shelf.open(str(tmp_path), "publish").fill(FILES.items(), {"view": "x"})
    assert (again.written, again.removed, again.unchanged) == ([], [], 2)
    later = Shelf.open(str(tmp_path), "publish").fill([("a.json", b"3")], {"view": "x"})
    assert (later.written, later.removed) == (["a.json"], ["sub/b.json"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["CNAME", "a.json", MANIFEST]
    assert list(json.loads((tmp_path / MANIFEST).read_bytes())["files"]) == ["a.json"]


def test_a_file_that_somebody_changed_is_written_again(tmp_path: Path) -> None:
    Shelf.open(str(tmp_path), "publish").fill(FILES.items(), {})
    (tmp_path / "a.json").write_bytes(b"spoilt")
    assert Shelf.open(str(tmp_path), "publish").fill(FILES.items(), {}).written == ["a.json"]


def test_a_run_that_broke_off_is_completed_by_the_next_one(tmp_path: Path) -> None:
    def broken() -> object:
        yield "a.json", b"1"
        yield "b.json", b"2"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Shelf.open(str(tmp_path), "publish").fill(broken(), {})  # type: ignore[arg-type]
    changes = Shelf.open(str(tmp_path), "publish").fill([("a.json", b"1")], {})
    assert (changes.unchanged, changes.removed) == (1, ["b.json"])


@pytest.mark.parametrize(
    "manifest",
    [
        None,
        b"not json",
        b'{"written_by":"lake","files":{}}',
        b'{"written_by":"publish","files":{"../secret":"0"}}',
    ],
)
def test_a_folder_of_others_is_refused_in_a_sentence(
    tmp_path: Path, manifest: bytes | None
) -> None:
    (tmp_path / "thesis.doc").write_text("mine")
    if manifest is not None:
        (tmp_path / MANIFEST).write_bytes(manifest)
    with pytest.raises(InputError, match="an empty or new folder, or one that `strikemap publish`"):
        Shelf.open(str(tmp_path), "publish")
    assert (tmp_path / "thesis.doc").read_text() == "mine"


def test_a_file_of_others_with_the_name_of_ours_is_not_overwritten(tmp_path: Path) -> None:
    Shelf.open(str(tmp_path), "publish").fill([("a.json", b"1")], {})
    (tmp_path / "index.html").write_text("mine")
    with pytest.raises(InputError, match=r"index\.html"):
        Shelf.open(str(tmp_path), "publish").fill([("index.html", b"2")], {})
    assert (tmp_path / "index.html").read_text() == "mine"


def test_an_unknown_scheme_and_a_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for where in ("ftp://host/a", str(tmp_path / "file")):
        with pytest.raises(InputError, match="OUT: got"):
            Shelf.open(where, "publish")


def test_object_storage_is_filled_as_a_folder_is() -> None:
    stores = pytest.importorskip("obstore.store")
    place = Bucket(stores.MemoryStore(), "memory://")
    assert place.is_empty()
    place.write("a/b.json", b"1")
    assert (place.read("a/b.json"), place.read("none"), place.is_empty()) == (b"1", None, False)
    place.remove("a/b.json")
    place.remove("a/b.json")
    assert place.is_empty()


def test_removing_a_file_removes_the_folders_that_it_leaves_empty(tmp_path: Path) -> None:
    place = Folder(tmp_path)
    place.write("a/b/c.json", b"1")
    place.write("a/d.json", b"2")
    place.remove("a/b/c.json")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["d.json"]
