"""Damaged data is said to be damaged: readiness, problems, `verify` and `index check`."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from app.domain.revision import Action
from app.domain.store import verify
from app.instance.workspace import Workspace
from app.reference.reference import Reference
from tests.making import add, change, dataset, incident, open_workspace, write
from tests.serving import command, serving

ITEMS = "/api/collections/incidents/items"
EXPORTS = ("csv", "gpkg", "xlsx")
"""A format that streams, and those that are made on disk first."""

VIEW = {"dataset": "invented", "theatre": "ukraine"}


@pytest.fixture
def data(tmp_path: Path, reference: Reference) -> Path:
    """A dataset of five incidents in seven revisions, with its index."""
    folder = tmp_path / "data"
    workspace = open_workspace(folder, reference)
    fill(workspace)
    workspace.store.close()
    return folder


def fill(workspace: Workspace) -> None:
    add(workspace.store, dataset(), *(incident(f"n{n}") for n in range(5)))
    workspace.index.after_write()
    write(workspace.store, [change(incident("n1", description="new"), Action.amend)])
    workspace.index.after_write()
    workspace.index.generations.rebuild()


def tamper(data: Path, sql: str, *values: object) -> None:
    connection = sqlite3.connect(data / "record.sqlite", isolation_level=None)
    assert connection.execute(sql, values).rowcount > 0
    connection.close()


def damaged_file(data: Path) -> None:
    folder = data / "index"
    (current,) = folder.glob("*/CURRENT")
    path = current.parent / current.read_text() / "killed_total_best.npy"
    raw = bytearray(path.read_bytes())
    raw[-3] ^= 0x40
    path.write_bytes(raw)


def ready(client: httpx.Client) -> tuple[int, str, str]:
    answer = client.get("/readyz")
    body = answer.json()
    return answer.status_code, body["status"], body.get("detail", "")


def test_a_record_that_checks_is_ready(data: Path) -> None:
    done = command(data, "verify")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("7 revisions check.")
    assert command(data, "index", "check").stdout == "The index checks, up to revision 7.\n"


def test_a_damaged_payload_is_a_problem_of_ours_and_the_rest_still_answers(data: Path) -> None:
    tamper(data, "UPDATE revision SET payload = ? WHERE seq = 4", b'{"id": "no incident"}')
    with serving(data) as service:
        assert service.client.get("/api/summary", params=VIEW).status_code == 200
        answer = service.client.get(ITEMS, params=VIEW)
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/damaged")
        assert "Revision 4" in answer.json()["detail"]
        code, status, detail = ready(service.client)
        assert (code, status) == (200, "degraded")
        assert "Revision 4" in detail
    assert command(data, "verify").returncode == 3


@pytest.mark.parametrize("form", EXPORTS)
def test_an_export_over_a_damaged_revision_is_a_problem_and_one_beside_it_is_whole(
    data: Path, reference: Reference, form: str
) -> None:
    workspace = open_workspace(data, reference)
    add(workspace.store, dataset("sound"), incident("s", dataset="sound"))
    workspace.store.close()
    tamper(data, "UPDATE revision SET payload = ? WHERE seq = 4", b'{"id": "no incident"}')
    with serving(data) as service:
        refused = service.client.get(f"/api/export.{form}", params=VIEW)
        assert (refused.status_code, refused.json()["type"]) == (503, "/problems/damaged")
        beside = service.client.get(f"/api/export.{form}", params={**VIEW, "dataset": "sound"})
        assert (beside.status_code, len(beside.content) > 100) == (200, True)
        assert ready(service.client)[:2] == (200, "degraded")


def test_a_record_that_lost_its_end_is_noticed_by_what_its_index_knew(
    data: Path, reference: Reference
) -> None:
    other = data.with_name("earlier")
    earlier = open_workspace(other, reference)
    add(earlier.store, dataset(), *(incident(f"n{n}") for n in range(5)))
    verify(earlier.store)
    earlier.store.close()
    for name in ("record.sqlite", "record.sqlite-wal", "record.sqlite-shm"):
        (data / name).unlink(missing_ok=True)
    shutil.copyfile(other / "record.sqlite", data / "record.sqlite")
    done = command(data, "verify")
    assert done.returncode == 3
    assert "ends at revision 6, and does not contain revision 7" in done.stderr
    with serving(data) as service:
        assert service.client.get("/api/summary", params=VIEW).status_code == 200
        code, status, detail = ready(service.client)
        assert (code, status) == (200, "degraded")
        assert "strikemap index rebuild" in detail
    assert command(data, "verify").returncode == 3
    assert command(data, "index", "rebuild").returncode == 0
    assert command(data, "verify").returncode == 0


def test_an_emptied_record_is_not_a_record_that_checks(data: Path) -> None:
    (data / "record.sqlite").write_bytes(b"")
    done = command(data, "verify")
    assert done.returncode == 3
    assert "ends at revision 0, and does not contain revision 7" in done.stderr


@pytest.mark.parametrize("words", [["verify"], ["index", "check"]])
def test_a_damaged_index_is_named_and_mended(data: Path, words: list[str]) -> None:
    damaged_file(data)
    done = command(data, *words)
    assert done.returncode == 3
    assert "The index was damaged; it is built anew from the record." in done.stderr
    assert "Traceback" not in done.stderr
    assert command(data, *words).returncode == 0


@pytest.mark.parametrize("damage", ["column", "CURRENT", "HEAD"])
def test_a_service_starts_on_a_damaged_index(data: Path, damage: str) -> None:
    (current,) = (data / "index").glob("*/CURRENT")
    if damage == "column":
        damaged_file(data)
    elif damage == "CURRENT":
        current.write_bytes(b"\xff\x00\xfe")
    else:
        (data / "index" / "HEAD").write_bytes(b"\xff\x00\xfe")
    with serving(data) as service:
        answer = service.client.get("/api/summary", params=VIEW)
        assert answer.json()["totals"]["incidents"] == 5
        assert ready(service.client)[:2] == (200, "ready")


def test_two_records_with_as_many_revisions_have_other_etags(
    tmp_path: Path, data: Path, reference: Reference
) -> None:
    other = open_workspace(tmp_path / "other", reference)
    add(other.store, dataset(), *(incident(f"x{n}") for n in range(6)))
    assert other.store.head().seq == 7
    other.store.close()
    with serving(data) as one, serving(tmp_path / "other") as two:
        first = one.client.get("/api/summary", params=VIEW)
        second = two.client.get("/api/summary", params=VIEW)
        assert first.headers["etag"] != second.headers["etag"]
        headers = {"If-None-Match": first.headers["etag"]}
        assert two.client.get("/api/summary", params=VIEW, headers=headers).status_code == 200


def test_a_record_from_the_future_is_read_but_not_written(
    tmp_path: Path, reference: Reference
) -> None:
    folder = tmp_path / "data"
    workspace = open_workspace(folder, reference)
    future = datetime.now(UTC) + timedelta(days=3_000)
    add(workspace.store, dataset(), incident("a"), at=future)
    workspace.store.close()
    done = command(folder, "datasets", "set", "invented", "--terms", "CC0-1.0")
    assert done.returncode == 2
    assert done.stderr.startswith(
        f"Nothing was written: the newest revision was recorded at {future.year}"
    )
    assert len(done.stderr.splitlines()) == 1
    with serving(folder) as service:
        code, status, detail = ready(service.client)
        assert (code, status) == (200, "degraded")
        assert "in the future" in detail
        assert service.client.get("/api/summary", params=VIEW).status_code == 200
        frame = service.client.get("/oembed", params={"url": f"{service.url}/?dataset=invented"})
        assert frame.status_code == 200
        assert str(future.year) not in frame.text
