"""A file that is not the backup it was is refused in one sentence, and nothing of it is used."""

from __future__ import annotations

import contextlib
import gzip
import sqlite3
import tarfile
import zlib
from pathlib import Path

import pytest

from app.backup.restoring import Destination, restore
from app.backup.unpacking import check_backup
from app.domain.errors import InvalidFile
from app.domain.store import Author
from app.store.copying import newest_schema
from tests.backups import LATER, changed, instance, members, packed, silent, written_as
from tests.making import ROOT


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("backup")
    packed(instance(folder / "data"), folder / "out.tar.gz")
    return folder / "out.tar.gz"


@pytest.fixture(scope="module")
def contents(backup: Path) -> dict[str, bytes]:
    return members(backup)


def refused(path: Path, data: Path) -> str:
    """Restore and check a file that must be refused; return the sentence."""
    with pytest.raises(InvalidFile) as checked:
        check_backup(path, silent)
    with pytest.raises(InvalidFile) as restored:
        restore(path, Destination(data), None, Author("tester", LATER), silent)
    assert str(checked.value) == str(restored.value)
    assert list(data.iterdir()) == []
    return str(checked.value)


def test_a_backup_cut_short_anywhere_is_refused(backup: Path, tmp_path: Path) -> None:
    whole, cut = backup.read_bytes(), tmp_path / "cut.tar.gz"
    sizes = {*range(0, len(whole), len(whole) // 25), *range(len(whole) - 9, len(whole))}
    for size in sorted(sizes):
        cut.write_bytes(whole[:size])
        assert "damaged" in (text := refused(cut, tmp_path / "new")) or "another kind" in text


def test_a_byte_that_changed_anywhere_changes_nothing_or_is_noticed(
    backup: Path, tmp_path: Path
) -> None:
    # Some bytes of gzip say nothing: its own time and name, and from where zeros are repeated.
    whole, path, noticed = backup.read_bytes(), tmp_path / "flipped.tar.gz", 0
    places = sorted({*range(0, len(whole), len(whole) // 90), *range(len(whole) - 8, len(whole))})
    for place in places:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        with contextlib.suppress(OSError, EOFError, zlib.error):
            if gzip.decompress(path.read_bytes()) == gzip.decompress(whole):
                check_backup(path, silent)
                continue
        noticed += bool(refused(path, tmp_path / "new"))
    assert noticed > len(places) * 0.7


def test_what_follows_the_end_of_a_backup_is_no_part_of_it(backup: Path, tmp_path: Path) -> None:
    longer = tmp_path / "longer.tar.gz"
    longer.write_bytes(backup.read_bytes() + b"more")
    assert "changed" in refused(longer, tmp_path / "new")


@pytest.mark.parametrize("kind", ["LICENSE", "static/icon.svg", "empty", "zip", "tar", "gz"])
def test_a_file_of_another_kind_is_no_backup(kind: str, tmp_path: Path) -> None:
    path, archive = tmp_path / kind, tmp_path / "other"
    if (ROOT / kind).is_file():
        path = ROOT / kind
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "zip":
        path.write_bytes(b"PK\3\4" + bytes(400))
    else:
        archive.write_text("text")
        with tarfile.open(path, "w:gz" if kind == "gz" else "w") as other:
            other.add(archive, "other")
    assert "that `strikemap backup` wrote" in refused(path, tmp_path / "new")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"format": 2, "hash": None}, f"format 2 and schema {newest_schema()} of release 0.2.0"),
        ({"schema": 99, "program": "0.9.0"}, "format 1 and schema 99 of release 0.9.0"),
    ],
)
def test_a_backup_of_a_later_release_names_that_release(
    contents: dict[str, bytes], values: dict[str, object], words: str, tmp_path: Path
) -> None:
    path = written_as(tmp_path / "later.tar.gz", changed(contents, **values))
    assert words in refused(path, tmp_path / "new")


@pytest.mark.parametrize(
    "name",
    [
        "../record.sqlite",
        "/etc/cron.d/strikes",
        "archive/../../outside",
        "theatres/..toml",
        "theatres/a\\b.toml",
        "index/HEAD",
        ".restoring/x",
        "regions/example/x/active.json",
        "record.sqlite\n",
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(
    contents: dict[str, bytes], name: str, tmp_path: Path
) -> None:
    path = written_as(tmp_path / "evil.tar.gz", contents | {name: b"evil"})
    assert "which no backup has" in refused(path, tmp_path / "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["evil.tar.gz", "new"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE])
def test_a_link_or_folder_in_a_backup_is_refused(
    contents: dict[str, bytes], kind: bytes, tmp_path: Path
) -> None:
    link = tarfile.TarInfo("theatres/link.toml")
    link.type, link.linkname = kind, "/etc/passwd"
    path = written_as(tmp_path / "link.tar.gz", contents, link)
    assert "which no backup has" in refused(path, tmp_path / "new")


def test_a_member_that_stands_twice_is_refused(contents: dict[str, bytes], tmp_path: Path) -> None:
    path = written_as(tmp_path / "twice.tar.gz", contents, tarfile.TarInfo("basemap.json"))
    assert "holds basemap.json twice" in refused(path, tmp_path / "new")


def test_a_backup_without_its_record_or_manifest_is_refused(
    contents: dict[str, bytes], tmp_path: Path
) -> None:
    rest = {name: text for name, text in contents.items() if name != "record.sqlite"}
    path = written_as(tmp_path / "less.tar.gz", rest)
    assert "record.sqlite is not what" in refused(path, tmp_path / "new")
    with tarfile.open(path, "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("backup.json"))
    assert "that `strikemap backup` wrote" in refused(path, tmp_path / "new")


def test_a_record_of_another_end_than_the_backup_says_is_refused(
    contents: dict[str, bytes], tmp_path: Path
) -> None:
    path = written_as(tmp_path / "other.tar.gz", changed(contents, seq=7))
    assert "it says that it ends with revision 7" in refused(path, tmp_path / "new")


def test_a_changed_record_is_refused_though_all_sums_are_right(
    contents: dict[str, bytes], tmp_path: Path
) -> None:
    record = tmp_path / "record.sqlite"
    record.write_bytes(contents["record.sqlite"])
    with contextlib.closing(sqlite3.connect(record)) as opened, opened:
        opened.execute("UPDATE revision SET payload = x'7b7d' WHERE seq = 2")
        opened.execute("PRAGMA journal_mode = DELETE")
    text = record.read_bytes()
    record.unlink()
    path = written_as(tmp_path / "changed.tar.gz", contents | {"record.sqlite": text})
    assert "does not match its digest" in refused(path, tmp_path / "new")
    path = written_as(tmp_path / "changed.tar.gz", contents | {"record.sqlite": b"no record"})
    assert "its record does not check" in refused(path, tmp_path / "new")


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="No such file"):
        check_backup(tmp_path / "none.tar.gz", silent)
    with pytest.raises(InvalidFile, match="Is a directory"):
        check_backup(tmp_path, silent)
