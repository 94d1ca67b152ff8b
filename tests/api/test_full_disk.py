"""A full disk is said as such, and nothing is half written."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from app.api import problems
from app.domain.errors import StoreFull
from app.reference.reference import Reference
from app.store.sqlite import SqliteStore
from tests.making import add, dataset, incident, open_workspace
from tests.running import run_async


def test_a_record_without_room_names_the_disk_and_writes_nothing(
    tmp_path: Path, reference: Reference, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_workspace(tmp_path, reference).store
    assert isinstance(store, SqliteStore)
    add(store, dataset(), incident("first"))
    head = store.head()
    opened = SqliteStore._open

    def small(self: SqliteStore) -> sqlite3.Connection:
        connection = opened(self)
        connection.execute("PRAGMA max_page_count = 1")  # SQLite raises it to the present size
        return connection

    monkeypatch.setattr(SqliteStore, "_open", small)
    with pytest.raises(StoreFull, match="no room for this change"):
        add(store, *(incident(f"more-{n}", description="words " * 900) for n in range(40)))
    assert store.head() == head
    monkeypatch.undo()
    add(store, incident("second"))
    assert store.head() != head


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_507_over_http(number: int) -> None:
    app = FastAPI()
    problems.install(app)

    @app.get("/full")
    def full() -> None:
        raise OSError(number, "No space left on device")

    @app.get("/broken")
    def broken() -> None:
        raise OSError(errno.EIO, "Input/output error")

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    async def ask() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return [await client.get(path) for path in ("/full", "/broken")]

    full_answer, broken_answer = run_async(ask)
    assert (full_answer.status_code, full_answer.json()["type"]) == (507, "/problems/disk-full")
    assert "No space left on device" in full_answer.json()["detail"]
    assert (broken_answer.status_code, broken_answer.json()["type"]) == (
        500,
        "/problems/unexpected",
    )
