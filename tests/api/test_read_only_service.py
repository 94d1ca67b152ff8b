"""A service on a record and a folder that it may not write: reading and exporting go on."""

from __future__ import annotations

import codecs
import tempfile
from asyncio import run as run_async
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.api.app import create_app
from app.exporters.formats import FORMATS
from app.reference.reference import Reference
from app.settings import Settings
from app.store.sqlite import READ_ONLY
from tests.making import add, dataset, incident, open_workspace
from tests.store.test_read_only import by_nobody

VIEW = {"dataset": "invented", "theatre": "ukraine"}
READING = (
    *("/api/summary", "/api/collections/incidents/items", "/figure.png", "/", "/table"),
    *("/tiles/map/6/37/21.png", "/api/head"),
)


@pytest.fixture
def folder(reference: Reference) -> Iterator[Path]:
    """A data folder with an index that everybody may read, and nobody write."""
    with tempfile.TemporaryDirectory() as name:
        data = Path(name) / "data"
        workspace = open_workspace(data, reference)
        add(workspace.store, dataset(), *(incident(f"n{n}") for n in range(5)))
        workspace.index.generations.rebuild()
        workspace.store.close()
        paths = [Path(name), *Path(name).rglob("*")]
        for path in paths:
            path.chmod(0o555 if path.is_dir() else 0o444)
        yield data
        for path in paths:
            path.chmod(0o755 if path.is_dir() else 0o644)


def test_everything_is_read_every_format_exported_and_the_rest_said(folder: Path) -> None:
    async def ask() -> None:
        transport = httpx.ASGITransport(create_app(Settings(data_dir=folder)))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            for path in (*READING, *(f"/api/export.{form}" for form in FORMATS)):
                answer = await client.get(path, params=VIEW)
                assert (path, answer.status_code, answer.content != b"") == (path, 200, True)
            state = (await client.get("/readyz")).json()
            assert (state["status"], state["detail"]) == ("degraded", READ_ONLY)

    codecs.lookup("utf-16-le")  # of GDAL's messages: nobody may not read Python's own files
    before = sorted(folder.rglob("*"))
    by_nobody(lambda: run_async(ask()))
    assert sorted(folder.rglob("*")) == before
