"""The doctor says what is wrong with an installation, how to mend it, and changes nothing."""

from __future__ import annotations

import json
import os
import re
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import psycopg
import pytest
from typer.testing import CliRunner

from app.cli.base import open_workspace
from app.cli.program import program
from app.domain.account import Role
from app.domain.errors import StoreTooNew
from app.instance.signing import SIGNING_KEY, HeadSigner
from app.instance.tokens import create_token
from app.store.sqlite import SqliteStore
from tests.clusters import Cluster
from tests.making import NOON, add, dataset, incident
from tests.serving import free_port


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A healthy instance with a key."""
    folder = tmp_path / "data"
    store = SqliteStore(folder / "record.sqlite")
    add(store, dataset(), incident("a"))
    store.close()
    (folder / "record.sqlite").chmod(0o600)
    HeadSigner(folder / SIGNING_KEY).make_key()
    monkeypatch.setenv("STRIKEMAP_DATA_DIR", str(folder))
    return folder


def examined(*words: str) -> tuple[int, list[dict[str, object]]]:
    port = [] if words else ["--port", str(free_port())]
    done = CliRunner().invoke(program, ["doctor", "--json", *port, *words])
    return done.exit_code, json.loads(done.stdout)


def test_nothing_is_wrong_with_a_healthy_instance(data: Path) -> None:
    def files() -> list[str]:
        return [path.name for path in data.rglob("*") if "-" not in path.suffix]

    before = files()
    assert examined() == (0, [])
    assert files() == before


def damaged_record(data: Path) -> None:
    content = bytearray((data / "record.sqlite").read_bytes())
    for page in range(1, len(content) // 16384):
        content[page * 16384 : page * 16384 + 64] = b"\xff" * 64
    (data / "record.sqlite").write_bytes(content)


def record_in_the_future(data: Path) -> None:
    store = SqliteStore(data / "record.sqlite")
    add(store, incident("late"), at=datetime.now(UTC) + timedelta(days=3))
    store.close()


def open_key(data: Path) -> None:
    (data / SIGNING_KEY).chmod(0o644)


def half_file(data: Path) -> None:
    (data / "basemap.abc.part").write_bytes(b"half")
    os.utime(data / "basemap.abc.part", (time.time() - 9999,) * 2)


def killed_backup(data: Path) -> None:
    (data / ".nightly.tar.gz.abc.part").mkdir()


def broken_theatre(data: Path) -> None:
    (data / "theatres").mkdir()
    (data / "theatres/nowhere.toml").write_text("slug = 5\n", "utf-8")


def unfinished_restore(data: Path) -> None:
    (data / ".restoring").mkdir()


def shared_id(data: Path) -> None:
    store = SqliteStore(data / "record.sqlite")
    other = msgspec.structs.replace(incident("a"), dataset="other", source_key=None)
    add(store, dataset("other"), other)
    store.close()


@pytest.mark.parametrize(
    ("spoil", "sentence", "mend"),
    [
        (damaged_record, "damaged", "strikemap restore"),
        (record_in_the_future, "in the future of this computer's clock", "strikemap verify"),
        (shared_id, f"{incident('a').id} stands in invented and other (1 such", "strikemap undo"),
        (open_key, "Others can read the key", "strikemap sign --new-key"),
        (half_file, "was left by a command that was killed", "rm -r"),
        (killed_backup, ".nightly.tar.gz.abc.part was left", "rm -r"),
        (broken_theatre, "A theatre is not open", "strikemap theatre check"),
        (unfinished_restore, "did not finish", "strikemap restore"),
    ],
)
def test_a_fault_is_one_sentence_with_what_mends_it(
    data: Path, spoil: Callable[[Path], None], sentence: str, mend: str
) -> None:
    spoil(data)
    code, findings = examined()
    faults = [finding for finding in findings if finding["is_fault"]]
    assert code == 3
    assert any(sentence in str(one["sentence"]) and mend in str(one["mend"]) for one in faults), (
        findings
    )


def test_a_setting_that_nobody_knows_is_named(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert data.is_dir()
    monkeypatch.setenv("STRIKEMAP_RTAE", "5")
    code, findings = examined()
    assert (code, "STRIKEMAP_RTAE" in str(findings[0]["sentence"])) == (3, True)


def test_advice_is_no_fault(data: Path) -> None:
    store = SqliteStore(data / "record.sqlite")
    create_token(store, "newsroom", Role.editor, now=NOON)
    store.close()
    (data / "record.sqlite").chmod(0o644)
    (data / SIGNING_KEY).unlink()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        code, findings = examined("--port", str(other.getsockname()[1]))
    sentences = " ".join(str(one["sentence"]) for one in findings)
    assert code == 0
    for part in ("never expires", "can read", "are not signed", "listens on port"):
        assert part in sentences


def test_a_damaged_index_is_named(data: Path) -> None:
    workspace = open_workspace()
    workspace.index.generations.rebuild()
    workspace.store.close()
    (column,) = data.glob("index/*/gen-*/lon_e7*")
    column.write_bytes(column.read_bytes()[:-1])
    _code, findings = examined()
    assert any("The index is damaged" in str(one["sentence"]) for one in findings), findings


@pytest.mark.usefixtures("data")
def test_doctor_and_upgrade_read_the_schema_of_a_database_and_leave_it(
    monkeypatch: pytest.MonkeyPatch, postgis_cluster: Cluster
) -> None:
    with postgis_cluster.database() as name:
        address = postgis_cluster.url(name)
        monkeypatch.setenv("STRIKEMAP_STORE_URL", address)
        checked = CliRunner().invoke(program, ["upgrade", "--check"])
        assert (checked.exit_code, "stays at schema" in checked.output) == (0, True)
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute("UPDATE strikemap.version SET number = number - 1")
            checked = CliRunner().invoke(program, ["upgrade", "--check"])
            assert "Nothing was changed" in checked.output
            assert re.search(r"from schema (\d) to \d", checked.output)
            _code, findings = examined()
            assert any("this release brings it to" in str(one["sentence"]) for one in findings)
            (left,) = connection.execute("SELECT number FROM strikemap.version").fetchone() or ()
            assert f"from schema {left} to {left + 1}" in checked.output
            connection.execute("UPDATE strikemap.version SET number = 99")
        refused = CliRunner().invoke(program, ["upgrade", "--check"])
        assert isinstance(refused.exception, StoreTooNew)
