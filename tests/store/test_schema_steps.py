"""A record of every schema that was ever written opens, keeps what it has, and takes new writes."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from app.domain.errors import StoreTooNew
from app.domain.store import verify
from app.store.copying import newest_schema, schema_number
from app.store.schema import run_steps, schema_steps
from app.store.sqlite import SqliteStore
from tests.making import add, dataset, incident

NEWEST = newest_schema()


def tables(path: Path) -> list[tuple[str, str]]:
    with sqlite3.connect(path) as record:
        query = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
        rows = record.execute(query).fetchall()
    record.close()
    return rows


@pytest.fixture
def newest(tmp_path: Path) -> Path:
    path = tmp_path / "newest.sqlite"
    store = SqliteStore(path)
    add(store, dataset(), incident("a"))
    store.close()
    return path


def of_schema(number: int, newest: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write the same ledger in an earlier schema."""
    with monkeypatch.context() as earlier:
        steps = [step for step in schema_steps() if step[0] <= number]
        earlier.setattr("app.store.schema.schema_steps", lambda _engine="sqlite": steps)
        with sqlite3.connect(path) as record:
            run_steps(record, 0)
            record.execute("ATTACH ? AS newest", (str(newest),))
            for name in ("entry", "revision", "current"):
                record.execute(f"INSERT INTO {name} SELECT * FROM newest.{name}")  # noqa: S608
        record.close()
    return path


@pytest.mark.parametrize("number", range(1, NEWEST + 1))
def test_each_schema_is_brought_to_the_newest_one(
    number: int, newest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = of_schema(number, newest, tmp_path / "record.sqlite", monkeypatch)
    assert schema_number(path) == number
    store = SqliteStore(path)
    head = verify(store)
    assert head.seq == 2
    add(store, incident("b"))
    assert verify(store, head).seq == 3
    store.close()
    assert (schema_number(path), tables(path)) == (NEWEST, tables(newest))


def test_a_record_of_a_later_release_is_refused_and_left_as_it_is(newest: Path) -> None:
    with sqlite3.connect(newest) as record:
        record.execute(f"PRAGMA user_version = {NEWEST + 1}")
    record.close()
    before = tables(newest)
    for open_record in (SqliteStore, schema_number):
        with pytest.raises(StoreTooNew, match="this release knows"):
            open_record(newest)
    assert tables(newest) == before
