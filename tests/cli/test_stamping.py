"""A signed head is stamped by an authority, and a stamp that is none is named in one sentence."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.domain.errors import InputError
from app.instance.stamping import ask_for_stamp
from app.queries.check_evidence import problems
from app.store.sqlite import SqliteStore
from tests.authority import Authority, authority_at, openssl
from tests.making import ROOT, add, dataset, incident
from tests.serving import command


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    with authority_at(tmp_path_factory.mktemp("authority") / "own") as running:
        yield running


@pytest.fixture
def data(tmp_path: Path) -> Path:
    store = SqliteStore(tmp_path / "data/record.sqlite")
    add(store, dataset(), incident("a"))
    store.close()
    return tmp_path / "data"


def run(data: Path, authority: Authority, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command on a record whose operator named the authority."""
    return command(
        data,
        *words,
        STRIKEMAP_TIMESTAMP_URL=authority.url,
        STRIKEMAP_TIMESTAMP_ROOTS=str(authority.roots),
    )


def test_a_stamped_head_checks_here_with_openssl_and_in_a_bundle(
    data: Path, tmp_path: Path, authority: Authority
) -> None:
    out, packed = tmp_path / "head.json", tmp_path / "evidence.zip"
    done = run(data, authority, "sign", "--timestamp", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert "by CN=Invented stamps,O=Invented" in done.stdout
    checked = run(data, authority, "verify", "--since", str(out))
    assert "as CN=Invented stamps,O=Invented saw." in checked.stdout, checked.stderr
    words = ("-verify", "-in", f"{out}.tsr", "-data", str(out), "-CAfile", str(authority.roots))
    openssl(tmp_path, "ts", *words)
    assert (
        run(data, authority, "evidence", str(incident("a").id), "--out", str(packed)).stderr == ""
    )
    script = ROOT / "app/queries/check_evidence.py"
    program = (sys.executable, "-I", str(script), str(packed))
    stranger = subprocess.run(program, capture_output=True, text=True, check=False)
    assert (stranger.returncode, "revision 2 was stamped 20" in stranger.stdout) == (0, True)
    with zipfile.ZipFile(packed) as bundle:
        files = {name: bundle.read(name) for name in bundle.namelist()}
    files["stamped-head.json.tsr"], _stamp = ask_for_stamp(
        b"another file", authority.url, str(authority.roots), now()
    )
    with zipfile.ZipFile(packed, "w") as bundle:
        for name, content in files.items():
            bundle.writestr(name, content)
    with zipfile.ZipFile(packed) as bundle:
        assert "the stamp is not one of the stamped head" in problems(bundle)
    out.write_text(out.read_text("utf-8") + "\n", "utf-8")
    moved = run(data, authority, "verify", "--since", str(out))
    assert (moved.returncode, "a time stamp of this file" in moved.stderr) == (2, True)


def test_an_authority_that_is_away_leaves_the_signature(data: Path, tmp_path: Path) -> None:
    out, away = (
        tmp_path / "head.json",
        Authority(tmp_path, "http://127.0.0.1:9", lambda _q: (0, b"")),
    )
    done = run(data, away, "sign", "--timestamp", "--out", str(out))
    assert (done.returncode, len(done.stderr.splitlines()[1:])) == (2, 1), done.stderr
    assert "a time-stamping service (RFC 3161) that answers" in done.stderr
    assert run(data, away, "verify", "--since", str(out)).returncode == 0
    assert not (data / "heads").exists()


def now() -> datetime:
    return datetime.now(UTC)


def test_an_authority_that_lies_is_refused_in_one_sentence(
    tmp_path: Path, authority: Authority
) -> None:
    def refused(where: Authority, roots: Path, at: datetime | None = None) -> str:
        with pytest.raises(InputError) as wrong:
            ask_for_stamp(b"a head", where.url, str(roots), at or now())
        assert len(str(wrong.value).splitlines()) == 1
        return str(wrong.value)

    own, kept = authority.roots, authority.answer
    old = authority.stamp(query_of(b"another head", tmp_path))
    for answer, word in (
        (lambda _query: (200, old), "Mismatch|mismatch"),
        (lambda _query: (200, b"no stamp"), "time stamp: got"),
        (lambda _query: (200, bytes(1 << 20)), "time stamp: got"),
        (lambda _query: (503, b""), "503"),
        (lambda query: (200, kept(query)[1][:-40]), "time stamp: got"),
    ):
        authority.answer = answer
        assert any(part in refused(authority, own) for part in word.split("|"))
    authority.answer = kept
    with authority_at(tmp_path / "stranger") as stranger:
        assert "an authority that STRIKEMAP_TIMESTAMP_ROOTS vouches for" in refused(stranger, own)
    a_year_ago = datetime(2025, 1, 1, tzinfo=UTC)
    assert "within five minutes of this computer's clock" in refused(authority, own, a_year_ago)
    assert "STRIKEMAP_TIMESTAMP_ROOTS: got" in refused(authority, tmp_path / "none.pem")


def query_of(content: bytes, folder: Path) -> bytes:
    """Ask for a stamp as another program does."""
    (folder / "content").write_bytes(content)
    openssl(folder, "ts", "-query", "-data", "content", "-sha256", "-cert", "-out", "query.tsq")
    return (folder / "query.tsq").read_bytes()
