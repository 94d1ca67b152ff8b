"""Backups in steps: each holds what is new, and all together give back the instance."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from datetime import timedelta
from pathlib import Path

import pyrage
import pytest

from app.backup.packing import Packed
from app.backup.restoring import Destination, Restored, restore, restore_from
from app.backup.steps import StepChain, back_up_step, check_steps, purged_since, unpack_steps
from app.domain.account import Role, Token
from app.domain.errors import InputError, InvalidFile, StoreBusy
from app.domain.store import Author, verify
from app.editing.erasure import purge_again
from app.editing.purged import Purge, PurgeList
from app.files.bucket import Bucket
from app.store.moving import move
from app.store.postgis import PostgisStore
from app.store.sqlite import SqliteStore
from tests.backups import LATER, instance, members, silent
from tests.clusters import Cluster
from tests.making import NOON, add, change, incident, snapshot, write

NOW = LATER + timedelta(days=2)
SECRET = "said here"  # noqa: S105  the description of a record
TOKEN = Token(id="0123456789ab", name="desk", role=Role.editor, datasets=(), created_at=NOON)
OTHER = b"another picture"
OTHER_NAME = hashlib.sha256(OTHER).hexdigest()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return instance(tmp_path / "data")


@pytest.fixture
def steps(tmp_path: Path) -> str:
    return str(tmp_path / "steps")


def step(data: Path, where: str, *keys: str, url: str = "") -> Packed:
    return back_up_step(data, StepChain.open(where), keys, LATER, (url, silent))


def restored(where: str, new: Path, identity: Path | None = None, url: str = "") -> Restored:
    chain = StepChain.open(where)
    return restore_from(
        where,
        lambda folder: unpack_steps(chain, folder, identity, silent),
        Destination(new, url),
        None,
        Author("restorer", NOW),
    )


def rows(record: Path) -> list[object]:
    """Read all that a record holds: revisions, newest ones, polygons and tokens."""
    with contextlib.closing(SqliteStore(record)) as store, store.reading() as connection:
        verify(store)
        return [
            connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()  # noqa: S608
            for table in ("entry", "revision", "current", "shape", "token")
        ]


def change_much(data: Path) -> None:
    """Add, correct and purge records, make a token, and change the files beside the record."""
    shape = b"\x01" * 21
    digest = hashlib.sha256(shape).hexdigest()
    with contextlib.closing(SqliteStore(data / "record.sqlite")) as store:
        add(store, incident("c"), incident("d", description="new"))
        write(store, [change(snapshot(digest))], NOON, {digest: shape})
        purge = Purge("p1", "incident", f"invented/{incident('a').id}", "a court's order", NOON)
        purge_again(store, PurgeList(NOON, (purge,)), Author("x", NOON))
        store.add_token(TOKEN, b"digest")
    (data / "archive" / OTHER_NAME).write_bytes(OTHER)
    (data / "theatres/sudan.toml").write_text("zone = 'UTC'", "utf-8")
    (data / "basemap.json").unlink()


def beside(folder: Path) -> dict[str, bytes]:
    names = ("archive/*", "theatres/*", "regions/*/*", "basemap.json")
    paths = (path for name in names for path in folder.glob(name))
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in paths
        if path.suffix != ".part" and path.name != "LOCK"
    }


def test_the_steps_together_are_the_instance_and_what_was_purged_is_gone(
    data: Path, steps: str, tmp_path: Path
) -> None:
    first = step(data, steps)
    change_much(data)
    second, third = step(data, steps), step(data, steps)
    assert third.bytes < min(first.bytes, second.bytes)
    held = members(Path(second.file))
    assert {name for name in held if "/" in name} == {
        f"archive/{OTHER_NAME}",
        "theatres/sudan.toml",
    }
    report, new = restored(steps, tmp_path / "new"), tmp_path / "new"
    assert rows(new / "record.sqlite") == rows(data / "record.sqlite")
    assert beside(new) == beside(data)
    assert report.seq == third.origin.seq
    assert not any(SECRET.encode() in path.read_bytes() for path in new.rglob("*.sqlite*"))
    assert check_steps(StepChain.open(steps), None, silent).origin == third.origin


def test_a_record_in_a_database_is_backed_up_in_the_same_steps(
    data: Path, steps: str, tmp_path: Path, postgis_cluster: Cluster
) -> None:
    url = postgis_cluster.url(postgis_cluster.emptied())
    with (
        contextlib.closing(PostgisStore(url)) as server,
        contextlib.closing(SqliteStore(data / "record.sqlite")) as file,
    ):
        move(file, server, silent)
        step(data, steps, url=url)
        add(server, incident("c"), incident("d"))
        purge = Purge("p1", "incident", f"invented/{incident('a').id}", "a court's order", NOON)
        purge_again(server, PurgeList(NOON, (purge,)), Author("x", NOON))
        step(data, steps, url=url)
        head = server.head()
    report = restored(steps, tmp_path / "new")
    assert (report.seq, report.hash) == (head.seq, head.hash.hex())
    assert SECRET not in str(rows(tmp_path / "new/record.sqlite"))
    other = postgis_cluster.url(postgis_cluster.emptied())
    restored(steps, tmp_path / "files", url=other)
    with contextlib.closing(PostgisStore(other)) as server:
        assert verify(server) == head
    assert not (tmp_path / "files/record.sqlite").exists()
    assert (tmp_path / "files/theatres/sudan.toml").exists()
    with pytest.raises(InputError, match="an empty one"):
        restored(steps, tmp_path / "again", url=other)
    assert list((tmp_path / "again").iterdir()) == []


def test_object_storage_holds_the_same_steps(data: Path, tmp_path: Path) -> None:
    stores = pytest.importorskip("obstore.store")
    chain = StepChain("memory", Bucket(stores.MemoryStore(), "memory://"), [])
    back_up_step(data, chain, (), LATER, ("", silent))
    change_much(data)
    back_up_step(data, chain, (), LATER, ("", silent))
    assert chain.place.names() == sorted(
        [*(s.file for s in chain.steps), "00001.json", "00002.json"]
    )
    (tmp_path / "new").mkdir()
    unpack_steps(chain, tmp_path / "new", None, silent)
    assert rows(tmp_path / "new/record.sqlite") == rows(data / "record.sqlite")


def test_steps_that_are_encrypted_open_with_their_key_alone(
    data: Path, steps: str, tmp_path: Path
) -> None:
    key, other = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    for name, one in (("right", key), ("wrong", other)):
        (tmp_path / name).write_text(str(one), "utf-8")
    step(data, steps, str(key.to_public()))
    change_much(data)
    second = step(data, steps, str(key.to_public()))
    assert second.file.endswith(".tar.gz.age")
    with pytest.raises(InvalidFile, match="private key"):
        restored(steps, tmp_path / "new", tmp_path / "wrong")
    with pytest.raises(InputError, match="the backup is encrypted"):
        restored(steps, tmp_path / "new")
    restored(steps, tmp_path / "new", tmp_path / "right")
    assert rows(tmp_path / "new/record.sqlite") == rows(data / "record.sqlite")
    plain = b"".join(path.read_bytes() for path in Path(steps).glob("*.json"))
    for name in beside(data):
        assert name.encode() not in plain


def test_whatever_is_wrong_with_the_steps_is_one_sentence_and_restores_nothing(
    data: Path, steps: str, tmp_path: Path
) -> None:
    step(data, steps)
    change_much(data)
    second = Path(step(data, steps).file)
    about = second.with_name("00002.json")
    whole, described = second.read_bytes(), about.read_text("utf-8")
    first = second.with_name("00001.json").read_text("utf-8")

    def refused(match: str) -> None:
        with pytest.raises(InvalidFile, match=match) as wrong:
            restored(steps, tmp_path / "new")
        assert len(str(wrong.value).splitlines()) == 1
        assert not any((tmp_path / "new").iterdir() if (tmp_path / "new").exists() else ())

    for content in (whole[:-9], b"", whole[:50] + b"x" + whole[51:]):
        second.write_bytes(content)
        refused("cut short or changed")
    second.unlink()
    refused("no such file")
    second.write_bytes(whole)
    for change_of, match in (
        ({"after": {"seq": 1, "hash": "00"}}, "a step of another chain"),
        ({"program": "0.1.9"}, "another step than"),
    ):
        origin = {**json.loads(described)["origin"], **change_of}
        about.write_text(json.dumps({**json.loads(described), "origin": origin}), "utf-8")
        refused(match)
    about.write_text("{}", "utf-8")
    refused("the description of a step")
    about.write_text(first, "utf-8")
    refused("a step of another chain")
    about.write_text(described, "utf-8")
    second.with_name("00001.json").unlink()
    refused("no 00001.json")
    second.with_name("00001.json").write_text(first, "utf-8")
    with pytest.raises(InvalidFile, match="one step of a chain"):
        restore(second, Destination(tmp_path / "new"), None, Author("restorer", NOW), silent)
    (tmp_path / "new/mine").mkdir(parents=True)
    with pytest.raises(InputError, match="an empty folder"):
        restored(steps, tmp_path / "new")


def test_another_record_adds_no_step(data: Path, steps: str, tmp_path: Path) -> None:
    step(data, steps)
    other = instance(tmp_path / "other")
    with pytest.raises(InputError, match="backups of another record"):
        step(other, steps)
    assert len(StepChain.open(steps).steps) == 1
    assert sorted(path.suffix for path in Path(steps).iterdir()) == [".gz", ".json"]


def test_of_two_backups_at_a_time_the_slower_one_adds_nothing(data: Path, steps: str) -> None:
    slow = StepChain.open(steps)
    step(data, steps)
    with pytest.raises(StoreBusy, match="was faster"):
        back_up_step(data, slow, (), LATER, ("", silent))
    assert len(StepChain.open(steps).steps) == 1


def test_a_data_folder_that_forgot_what_was_packed_packs_it_again(
    data: Path, steps: str, tmp_path: Path
) -> None:
    step(data, steps)
    (data / "backed-up.json").unlink()
    assert "basemap.json" in members(Path(step(data, steps).file))
    restored(steps, tmp_path / "new")
    assert beside(tmp_path / "new") == beside(data)


def test_a_step_of_another_node_in_between_takes_no_file_away(
    data: Path, steps: str, tmp_path: Path
) -> None:
    step(data, steps)
    other = Path(shutil.copytree(data, tmp_path / "other"))
    (other / "basemap.json").write_bytes(b"of the other node")
    for path in (other / "archive").iterdir():
        path.unlink()
    step(other, steps)
    step(data, steps)
    restored(steps, tmp_path / "new")
    assert beside(tmp_path / "new") == beside(data)


def test_purges_after_the_first_step_are_counted(data: Path, steps: str) -> None:
    step(data, steps)
    assert purged_since(data, StepChain.open(steps)) == 0
    with contextlib.closing(SqliteStore(data / "record.sqlite")) as store:
        purge = Purge("p1", "incident", f"invented/{incident('a').id}", "a court's order", NOON)
        purge_again(store, PurgeList(NOON, (purge,)), Author("x", NOW))
    step(data, steps)
    assert purged_since(data, StepChain.open(steps)) == 1
