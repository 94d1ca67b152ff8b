"""The record in one SQLite file: what is particular to a file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from app.domain.errors import (
    DamagedRecord,
    StoreError,
    StoreTooNew,
)
from app.domain.revision import Action, Head, Revision
from app.domain.store import verify
from app.store.schema import read_statements, schema_steps
from app.store.sqlite import SqliteStore
from tests.making import NOON, ROOT, add, change, dataset, incident, write

SECOND = timedelta(seconds=1)


def raw(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)


def test_a_record_of_a_later_release_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "record.sqlite"
    SqliteStore(path).close()
    connection = raw(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreTooNew, match="schema 99"):
        SqliteStore(path)
    connection = raw(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (99,)
    connection.close()


def test_a_record_of_an_earlier_release_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "record.sqlite"
    connection = raw(path)
    number, script = schema_steps()[0]
    connection.executescript(script)
    connection.execute(f"PRAGMA user_version = {number:d}")
    connection.close()
    store = SqliteStore(path)
    assert add(store, incident("a")).seq == 1
    assert store.seq_at(NOON) == 1
    store.close()


def test_a_file_that_is_no_record_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "record.sqlite"
    path.write_bytes(b"this is not a database, but it is long enough to look at" * 20)
    with pytest.raises(StoreError, match="cannot be opened"):
        SqliteStore(path)


def test_a_damaged_file_is_an_error_of_the_record_and_not_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "record.sqlite"
    store = SqliteStore(path)
    add(store, *(incident(str(number), description="x" * 500) for number in range(200)))
    store.close()
    for extra in path.parent.glob("record.sqlite-*"):
        extra.unlink()
    body = bytearray(path.read_bytes())
    body[32_768:-16_384] = b"\xff" * (len(body) - 32_768 - 16_384)
    path.write_bytes(body)
    with pytest.raises(StoreError):
        damaged_use(path)


def test_a_writer_who_meets_damage_says_so_and_the_record_remembers_it(tmp_path: Path) -> None:
    path = tmp_path / "record.sqlite"
    store = SqliteStore(path)
    add(store, *(incident(str(number), description="x" * 500) for number in range(200)))
    store.close()
    page = 16_384
    path.write_bytes(path.read_bytes()[:page] + b"\xff" * (path.stat().st_size - page))
    store = SqliteStore(path)
    with pytest.raises(DamagedRecord, match="file is damaged"):
        add(store, incident("new"))
    assert store.fault is not None
    store.close()


@pytest.mark.parametrize("version", ["none", "later"])
def test_a_record_that_is_refused_is_not_held_open(tmp_path: Path, version: str) -> None:
    path = tmp_path / "record.sqlite"
    if version == "later":
        SqliteStore(path).close()
        with closing(raw(path)) as connection:
            connection.execute("PRAGMA user_version = 99")
    else:
        path.write_bytes(b"this is not a database, but it is long enough to look at" * 20)
    with pytest.raises(StoreError) as refused:
        SqliteStore(path)
    opened = [one.resolve() for one in Path("/proc/self/fd").iterdir()]
    assert path.resolve() not in opened, refused.value


def damaged_use(path: Path) -> tuple[Head, list[Revision]]:
    store = SqliteStore(path)
    try:
        head = add(store, *(incident(f"n{number}") for number in range(300)))
        return head, list(store.revisions())
    finally:
        store.close()


ENGINES = ("sqlite", "postgis")


@pytest.mark.parametrize("engine", ENGINES)
def test_every_statement_has_a_name_and_one_only(engine: str) -> None:
    text = (ROOT / f"app/store/sql/{engine}/statements.sql").read_text("utf-8")
    assert text.count("-- name: ") == len(read_statements(engine))


@pytest.mark.parametrize("engine", ENGINES)
def test_schema_steps_are_numbered_without_a_gap(engine: str) -> None:
    steps = schema_steps(engine)
    assert [number for number, _ in steps] == list(range(1, len(steps) + 1))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of four writes."""
    path = tmp_path / "kept.sqlite"
    with closing(SqliteStore(path)) as store:
        add(store, dataset(), incident("a"), incident("b"))
        for hour in (1, 2, 3):
            changed = change(incident("a", description=str(hour)), Action.amend)
            write(store, [changed], NOON + timedelta(hours=hour))
    return path


def check(path: Path) -> Head:
    with closing(SqliteStore(path)) as store:
        return verify(store)


@pytest.mark.parametrize("page", range(1, 7))
def test_a_damaged_file_is_no_traceback(path: Path, page: int) -> None:
    raw = bytearray(path.read_bytes())
    size = 16_384
    raw[page * size : (page + 1) * size] = b"\xa5" * size
    path.write_bytes(raw)
    with pytest.raises(StoreError, match=r"damaged|Revision|cannot be opened"):
        check(path)


def test_a_file_that_was_cut_is_named(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: -16_384 - 8_192])
    with pytest.raises(StoreError, match=r"damaged|cannot be opened"):
        check(path)
