"""A head that was published earlier shows whether the record still holds all that it held then."""

from __future__ import annotations

import json
import sqlite3
import stat
from pathlib import Path

import pytest

from app.store.sqlite import SqliteStore
from tests.making import add, dataset, incident
from tests.serving import command, serving


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A record with two revisions."""
    store = SqliteStore(tmp_path / "data/record.sqlite")
    add(store, dataset(), incident("a"))
    store.close()
    return tmp_path / "data"


def add_another(data_dir: Path) -> None:
    store = SqliteStore(data_dir / "record.sqlite")
    add(store, incident("b"))
    store.close()


def test_a_published_head_checks_after_more_was_written(data_dir: Path, tmp_path: Path) -> None:
    out = tmp_path / "head.json"
    signed = command(data_dir, "sign", "--out", str(out))
    assert signed.returncode == 0, signed.stderr
    add_another(data_dir)
    done = command(data_dir, "verify", "--since", str(out))
    assert done.returncode == 0, done.stderr
    assert "Revision 2 is as it was published; 1 came since." in done.stdout
    assert f"signed by key {json.loads(out.read_text())['key']}" in done.stdout


def test_a_record_that_was_written_anew_does_not_hold_the_published_head(
    data_dir: Path, tmp_path: Path
) -> None:
    out = tmp_path / "head.json"
    command(data_dir, "sign", "--out", str(out))
    for path in data_dir.glob("record.sqlite*"):
        path.unlink()
    store = SqliteStore(data_dir / "record.sqlite")
    add(store, dataset(), incident("a", description="as somebody else would have it"))
    store.close()
    done = command(data_dir, "verify", "--since", str(out))
    assert (done.returncode, "was printed for it earlier" in done.stderr) == (3, True), done.stderr


def test_a_forged_head_is_refused_before_the_record_is_read(data_dir: Path, tmp_path: Path) -> None:
    out = tmp_path / "head.json"
    command(data_dir, "sign", "--out", str(out))
    signed = json.loads(out.read_text())
    out.write_text(json.dumps({**signed, "seq": 1}))
    done = command(data_dir, "verify", "--since", str(out))
    assert (done.returncode, "a head that the key in it signed" in done.stderr) == (2, True)


def test_only_the_owner_reads_the_key_and_a_new_one_leaves_old_signatures_good(
    data_dir: Path, tmp_path: Path
) -> None:
    out = tmp_path / "head.json"
    command(data_dir, "sign", "--out", str(out))
    assert stat.S_IMODE((data_dir / "head.key").stat().st_mode) == 0o600
    renewed = json.loads(command(data_dir, "sign", "--new-key").stdout)
    assert renewed["key"] != json.loads(out.read_text())["key"]
    assert command(data_dir, "verify", "--since", str(out)).returncode == 0


def test_no_backup_holds_the_private_key(data_dir: Path, tmp_path: Path) -> None:
    command(data_dir, "sign")
    packed, restored = tmp_path / "backup.tar.gz", tmp_path / "restored"
    assert command(data_dir, "backup", str(packed)).returncode == 0
    assert command(restored, "restore", str(packed)).returncode == 0
    assert not (restored / "head.key").exists()


def test_head_export_and_figure_carry_one_signature(data_dir: Path) -> None:
    with serving(data_dir) as service:
        assert "signature" not in service.client.get("/api/head").json()
        signed = json.loads(command(data_dir, "sign").stdout)
        assert service.client.get("/api/head").json() == signed
        exported = service.client.get("/api/export.geojson?theatre=ukraine").json()
        assert exported["strikemap"]["signed_head"] == signed
        assert signed["signature"].encode() in service.client.get("/figure.png").content
        assert signed["signature"].encode() in service.client.get("/figure.svg").content
    with sqlite3.connect(data_dir / "record.sqlite") as record:
        (digest,) = record.execute("SELECT hash FROM revision WHERE seq = 2").fetchone()
    assert signed["hash"] == digest.hex()
