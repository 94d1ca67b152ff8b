"""Images are pinned by what they hold, not by a name that can move."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.making import ROOT
from tools.images import FILES, digest_of, main, pinned, unpinned

ONE, OTHER = (f"sha256:{letter * 64}" for letter in "ab")


@pytest.mark.parametrize("file", FILES)
def test_every_image_gets_its_digest_and_a_newer_one_takes_its_place(file: str) -> None:
    text = (ROOT / file).read_text("utf-8")
    names = [line.split()[1] for line in text.splitlines() if line.startswith("FROM ")]
    names += [line.split()[1] for line in text.splitlines() if line.strip().startswith("image:")]
    names = [name.partition("@")[0] for name in names]
    first = pinned(text, lambda _name: ONE)
    assert [f"{name}@{ONE}" in first for name in names] == [True] * len(names)
    assert len(names) == first.count(ONE) > 1
    assert list(unpinned(first)) == []
    again = pinned(first, lambda _name: OTHER)
    assert (again.count(ONE), again.count(OTHER)) == (0, len(names))
    assert again.count("\n") == text.count("\n")


def test_the_check_names_an_image_without_a_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Dockerfile").write_text(f"FROM a:1@{ONE} AS build\nFROM --platform=linux/a b:2\n")
    (tmp_path / "compose.yaml").write_text(f"services:\n  c:\n    image: c:3@{ONE}\n")
    assert main(["check"]) == 1
    assert capsys.readouterr().out == "Dockerfile: b:2 has no digest: `make pin-images` writes it\n"
    (tmp_path / "Dockerfile").write_text(f"FROM a:1@{ONE}\n")
    assert main(["check"]) == 0


def test_without_docker_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match="a:1: no digest; `docker buildx imagetools inspect`"):
        digest_of("a:1")
