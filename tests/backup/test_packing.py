"""A backup holds the record and what belongs to it, whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import json
import sqlite3
import tarfile
from pathlib import Path

import pytest
from typing_extensions import override

from app.backup.packing import half_made
from app.backup.unpacking import check_backup
from app.domain.errors import DamagedRecord, InputError, StoreError, StoreFull, StoreTooNew
from app.store.copying import copy_record
from app.store.sqlite import SqliteStore
from tests.backups import BESIDE, LATER, instance, members, packed, silent
from tests.making import add, incident


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return instance(tmp_path / "data")


def test_a_backup_has_the_record_and_what_belongs_to_it_and_no_more(
    data: Path, tmp_path: Path
) -> None:
    report, contents = packed(data, tmp_path / "out.tar.gz"), members(tmp_path / "out.tar.gz")
    assert list(contents)[:3] == ["backup.json", "record.sqlite", "purged.json"]
    assert list(contents)[-1] == "manifest.json"
    assert {name: contents[name] for name in BESIDE} == BESIDE
    assert len(contents) == len(BESIDE) + 4 == report.members + 1
    manifest = json.loads(contents.pop("manifest.json"))["members"]
    assert manifest == {
        name: {"size": len(text), "sha256": hashlib.sha256(text).hexdigest()}
        for name, text in contents.items()
    }
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "out.tar.gz"]


def test_a_backup_says_which_release_made_it_and_where_its_record_ends(
    data: Path, tmp_path: Path
) -> None:
    report = packed(data, tmp_path / "out.tar.gz")
    head = SqliteStore(data / "record.sqlite").head()
    assert (report.origin.seq, report.origin.hash) == (head.seq, head.hash.hex())
    assert (report.origin.format, report.origin.made_at) == (1, LATER)
    assert check_backup(tmp_path / "out.tar.gz", silent).origin == report.origin


def test_what_is_still_in_the_log_of_the_record_is_in_the_backup(
    data: Path, tmp_path: Path
) -> None:
    store = SqliteStore(data / "record.sqlite")
    head = add(store, incident("c"))
    assert (data / "record.sqlite-wal").stat().st_size > 0
    assert packed(data, tmp_path / "out.tar.gz").origin.seq == head.seq
    store.close()


def test_a_copy_is_one_state_though_others_write_beside_it(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SqliteStore(data / "record.sqlite")
    add(store, *(incident(f"n{n}", description="said " * 900) for n in range(40)))
    before = store.head()
    read = sqlite3.connect

    class Meddling(sqlite3.Connection):
        @override
        def backup(self, target: sqlite3.Connection, **_: object) -> None:
            def write(_status: int, left: int, _pages: int) -> None:
                if left:
                    add(store, incident(f"beside-{left}"))

            super().backup(target, pages=2, progress=write)

    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: read(*a, **k, factory=Meddling))
    state = copy_record(data / "record.sqlite", tmp_path / "copy.sqlite")
    monkeypatch.undo()
    assert (state.seq, state.hash) == (before.seq, before.hash)
    assert SqliteStore(tmp_path / "copy.sqlite").head() == before
    assert store.head().seq > before.seq + 3
    store.close()


def test_the_boundaries_in_use_are_named_before_the_sets_are_listed(
    data: Path, tmp_path: Path
) -> None:
    # A set that is imported meanwhile is stored before active.json names it.
    packed(data, tmp_path / "out.tar.gz")
    names = list(members(tmp_path / "out.tar.gz"))
    assert names.index("regions/example/active.json") < names.index(
        "regions/example/0123abcd.parquet"
    )


def test_an_archived_file_that_changed_on_its_disk_is_named(data: Path, tmp_path: Path) -> None:
    name = next(name for name in BESIDE if name.startswith("archive/"))
    (data / name).write_bytes(b"another picture")
    assert packed(data, tmp_path / "out.tar.gz").damaged == [name]


def test_a_folder_without_a_record_is_no_instance(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a data folder that holds a record"):
        packed(tmp_path, tmp_path / "out.tar.gz")
    assert list(tmp_path.iterdir()) == []


def test_a_record_of_a_later_release_is_left_to_it(data: Path, tmp_path: Path) -> None:
    with sqlite3.connect(data / "record.sqlite") as record:
        record.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreTooNew, match="has schema 99"):
        packed(data, tmp_path / "out.tar.gz")


def test_a_file_that_is_no_record_is_not_packed(data: Path, tmp_path: Path) -> None:
    for path in data.glob("record.sqlite*"):
        path.write_bytes(b"no record " * 2_000)
    with pytest.raises(DamagedRecord, match="damaged"):
        packed(data, tmp_path / "out.tar.gz")


def test_a_full_disk_leaves_the_older_backup_and_no_half_one(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed(data, tmp_path / "out.tar.gz")
    before = (tmp_path / "out.tar.gz").read_bytes()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tarfile.TarFile, "addfile", full)
    with pytest.raises(OSError, match="No space left"):
        packed(data, tmp_path / "out.tar.gz")
    assert (tmp_path / "out.tar.gz").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "out.tar.gz"]


def test_a_copy_of_the_record_without_room_names_the_disk(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorcode = sqlite3.SQLITE_FULL

    def refuse(*_: object) -> None:
        raise full

    monkeypatch.setattr("app.store.copying.newest_schema", refuse)
    with pytest.raises(StoreFull, match="no room for a copy"):
        packed(data, tmp_path / "out.tar.gz")


def test_a_file_that_vanishes_while_it_is_packed_is_one_sentence(
    data: Path, tmp_path: Path
) -> None:
    (data / "theatres/lost.toml").symlink_to(tmp_path / "nowhere")
    with pytest.raises(StoreError, match=r"Nothing was written: .*lost\.toml"):
        packed(data, tmp_path / "out.tar.gz")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]


def test_a_backup_removes_what_a_killed_one_left_and_nothing_of_one_that_runs(
    tmp_path: Path,
) -> None:
    out = tmp_path / "out.tar.gz"
    left = tmp_path / ".out.tar.gz.killed.part"
    left.mkdir()
    (left / "backup").write_bytes(b"half")
    (tmp_path / ".other.tar.gz.killed.part").mkdir()
    with half_made(out) as running, half_made(out) as beside:
        assert (running.exists(), beside.exists(), left.exists()) == (True, True, False)
    assert [path.name for path in tmp_path.iterdir()] == [".other.tar.gz.killed.part"]
