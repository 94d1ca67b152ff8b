"""A backup that is encrypted to a public key is read with its private key, and with no other."""

from __future__ import annotations

from pathlib import Path

import pyrage
import pytest
from typer.testing import CliRunner, Result

from app.backup.packing import back_up
from app.backup.sealing import back_up_sealed, unsealed
from app.backup.unpacking import check_backup
from app.cli.program import program
from app.domain.errors import InputError, InvalidFile
from tests.backups import instance, silent
from tests.making import NOON

KEY = pyrage.x25519.Identity.generate()
PUBLIC = str(KEY.to_public())


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    out = tmp_path / "nightly.tar.gz.age"
    data = instance(tmp_path / "data")
    packed = back_up_sealed([PUBLIC], out, lambda path: back_up(data, path, NOON, silent))
    assert (packed.file, packed.bytes) == (str(out), out.stat().st_size)
    return out


def written_key(folder: Path, key: object = KEY) -> Path:
    path = folder / "backup.key"
    path.write_text(f"# public key: {PUBLIC}\n{key}\n", "utf-8")
    return path


def test_the_private_key_opens_it_and_nothing_plain_is_left(sealed: Path, tmp_path: Path) -> None:
    assert b"record.sqlite" not in sealed.read_bytes()
    with unsealed(sealed, written_key(tmp_path)) as plain:
        assert check_backup(plain, silent).members > 1
    assert not plain.exists()
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_without_a_key_or_with_another_one_it_stays_closed(sealed: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--identity"), unsealed(sealed, None):
        pass
    other = written_key(tmp_path, pyrage.x25519.Identity.generate())
    with pytest.raises(InvalidFile, match="private key"), unsealed(sealed, other):
        pass


@pytest.mark.parametrize("at", [40, 400, -1])
def test_a_changed_or_cut_file_is_refused(sealed: Path, tmp_path: Path, at: int) -> None:
    content = bytearray(sealed.read_bytes())
    content[at] ^= 1
    for spoilt in (bytes(content), sealed.read_bytes()[:at]):
        sealed.write_bytes(spoilt)
        with pytest.raises(InvalidFile), unsealed(sealed, written_key(tmp_path)):
            pass


@pytest.mark.parametrize("text", ["age1nonsense", "AGE-SECRET-KEY-1ABCDEFGH", ""])
def test_what_is_no_public_key_is_refused_before_any_work(tmp_path: Path, text: str) -> None:
    out = tmp_path / "out.age"
    with pytest.raises(InputError, match="a public key of age") as refusal:
        back_up_sealed([text], out, lambda path: back_up(tmp_path, path, NOON, silent))
    assert "SECRET-KEY-1ABC" not in str(refusal.value)
    assert not out.exists()


def test_the_commands_write_check_and_restore_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, key = str(tmp_path / "nightly.tar.gz.age"), str(written_key(tmp_path))

    def run(folder: str, *words: str) -> Result:
        monkeypatch.setenv("STRIKEMAP_DATA_DIR", str(tmp_path / folder))
        return CliRunner().invoke(program, list(words))

    instance(tmp_path / "data")
    assert run("data", "backup", out, "--encrypt-to", PUBLIC).exit_code == 0
    assert run("data", "restore", out, "--check", "--identity", key).exit_code == 0
    assert run("new", "restore", out).exit_code != 0
    assert not (tmp_path / "new").exists()
    assert "the chain checks" in run("new", "restore", out, "--identity", key).stdout
