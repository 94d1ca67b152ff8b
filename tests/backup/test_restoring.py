"""A restore fills an empty folder whole, or leaves it empty; what was purged stays purged."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
from datetime import timedelta
from pathlib import Path

import pytest

from app.backup.restoring import Destination, Restored, restore
from app.domain.account import Role, Token
from app.domain.errors import InputError, InvalidFile, StoreError
from app.domain.store import Author, verify
from app.editing.purged import Purge, PurgeList, read_purged, write_purged
from app.instance.workspace import RESTORING, Workspace
from app.store.sqlite import SqliteStore
from tests.backups import BESIDE, LATER, instance, packed, silent
from tests.making import GEODATA, NOON, incident

NOW = LATER + timedelta(days=2)
KEY = f"invented/{incident('a').id}"


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    packed(instance(tmp_path / "data"), tmp_path / "out.tar.gz")
    return tmp_path / "out.tar.gz"


def restored(backup: Path, purged: Path | None = None) -> Restored:
    return restore(
        backup, Destination(backup.with_name("new")), purged, Author("restorer", NOW), silent
    )


def test_a_restored_folder_has_what_was_packed_and_no_more(backup: Path) -> None:
    report, new = restored(backup), backup.with_name("new")
    files = {path.relative_to(new).as_posix() for path in new.rglob("*") if path.is_file()}
    assert files == {*BESIDE, "purged.json", "record.sqlite"}
    assert {name: (new / name).read_bytes() for name in BESIDE} == BESIDE
    with contextlib.closing(SqliteStore(new / "record.sqlite")) as store:
        head = verify(store)
    assert (report.seq, report.hash) == (head.seq, head.hash.hex())


@pytest.mark.parametrize("name", ["record.sqlite", "notes.txt", "index"])
def test_a_folder_in_use_is_refused_and_left_as_it_is(backup: Path, name: str) -> None:
    new = backup.with_name("new")
    new.mkdir()
    (new / name).write_text("mine", "utf-8")
    with pytest.raises(InputError, match=f"an empty folder; this one holds {name}"):
        restored(backup)
    assert [path.name for path in new.iterdir()] == [name]


def test_the_root_of_an_empty_disk_is_an_empty_folder(backup: Path) -> None:
    (backup.with_name("new") / "lost+found").mkdir(parents=True)
    assert restored(backup).seq == 3


def test_a_file_in_the_place_of_the_folder_is_refused(backup: Path) -> None:
    backup.with_name("new").write_text("mine", "utf-8")
    with pytest.raises(InputError, match="an empty folder that can be written"):
        restored(backup)


def test_somebody_who_takes_the_folder_meanwhile_keeps_it(
    backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = backup.with_name("new")

    def begin(*_: object) -> tuple[int, PurgeList]:
        (new / "record.sqlite").write_text("theirs", "utf-8")
        return 0, PurgeList(NOON)

    monkeypatch.setattr("app.backup.restoring._purge", begin)
    with pytest.raises(InputError, match="this one holds record"):
        restored(backup)
    assert [path.name for path in new.iterdir()] == ["record.sqlite"]
    assert (new / "record.sqlite").read_text("utf-8") == "theirs"


def test_nothing_opens_a_folder_whose_restore_did_not_finish(backup: Path) -> None:
    new = backup.with_name("new")
    (new / RESTORING).mkdir(parents=True)
    with pytest.raises(StoreError, match="is running, or did not finish"):
        Workspace.open(new, GEODATA)
    with pytest.raises(StoreError, match="is running, or did not finish"):
        restored(backup)
    assert [path.name for path in new.iterdir()] == [RESTORING]


def test_a_full_disk_leaves_the_folder_empty(backup: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = itertools.count()

    def filling(_number: int) -> None:
        if next(calls) > 2:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", filling)
    with pytest.raises(OSError, match="No space left"):
        restored(backup)
    monkeypatch.undo()
    assert list(backup.with_name("new").iterdir()) == []


@pytest.mark.parametrize("done", range(6))
def test_an_error_between_two_steps_takes_back_what_was_done(
    backup: Path, monkeypatch: pytest.MonkeyPatch, done: int
) -> None:
    rename, left = Path.rename, iter(range(done))

    def interrupted(path: Path, target: Path) -> Path:
        if target.parent.name == "new" and next(left, None) is None:
            raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    with contextlib.suppress(KeyboardInterrupt):
        restored(backup)
    assert list(backup.with_name("new").iterdir()) == []


def later_list(folder: Path) -> Path:
    """Write a purge list that names an incident of the backup and one that it does not have."""
    folder.mkdir()
    now = NOW - timedelta(hours=1)
    purges = (
        Purge("p1", "incident", KEY, "a court's order", now),
        Purge("p2", "incident", "invented/another", "a family's wish", now),
    )
    write_purged(folder, PurgeList(now, purges, {"0123456789ab": now}))
    return folder / "purged.json"


def test_what_was_purged_after_the_backup_does_not_come_back(backup: Path) -> None:
    report, new = restored(backup, later_list(backup.with_name("list"))), backup.with_name("new")
    assert (report.erased, report.listed_until) == (1, NOW - timedelta(hours=1))
    assert report.seq == report.origin.seq + 1
    assert not any(b"said here" in path.read_bytes() for path in new.rglob("*") if path.is_file())
    with contextlib.closing(SqliteStore(new / "record.sqlite")) as store:
        assert verify(store).seq == report.seq


def test_the_restored_folder_keeps_the_whole_list(backup: Path) -> None:
    restored(backup, later_list(backup.with_name("list")))
    kept = read_purged(backup.with_name("new") / "purged.json")
    assert sorted(one.id for one in kept.purges) == ["p1", "p2"]


def test_a_token_that_was_revoked_after_the_backup_stays_closed(tmp_path: Path) -> None:
    data = instance(tmp_path / "data")
    with contextlib.closing(SqliteStore(data / "record.sqlite")) as store:
        for number in ("0123456789ab", "0123456789cd"):
            token = Token(id=number, name="desk", role=Role.editor, datasets=(), created_at=NOON)
            store.add_token(token, b"digest")
    packed(data, tmp_path / "out.tar.gz")
    assert restored(tmp_path / "out.tar.gz", later_list(tmp_path / "list")).open_tokens == 1


def test_without_a_newer_list_the_backup_s_own_is_the_newest(backup: Path) -> None:
    report = restored(backup)
    assert (report.erased, report.listed_until) == (0, report.origin.made_at)


def test_a_purge_list_that_cannot_be_used_is_refused_before_anything_is_done(backup: Path) -> None:
    backup.with_name("purged.json").write_text("{}", "utf-8")
    with pytest.raises(InvalidFile, match="purge list"):
        restored(backup, backup.with_name("purged.json"))
    assert not backup.with_name("new").exists()
