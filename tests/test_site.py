"""The documentation as a site: every link leads somewhere, nothing is fetched, commands work."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from app.settings import ROOT
from tests.serving import command
from tools.pictures import gallery_commands

FETCHING = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src"}


class Fetched(HTMLParser):
    """Collects what a page loads by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # type: ignore[explicit-override]  # typing has `override` from 3.12 on
        """Note an address."""
        address = dict(attrs).get(FETCHING.get(tag, ""))
        if address:
            self.addresses.append(address)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site as `make docs` does."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    return folder


def test_every_page_is_in_the_site_and_loads_nothing_from_elsewhere(site: Path) -> None:
    for page in (ROOT / "docs").glob("*.md"):
        parser = Fetched()
        parser.feed((site / f"{page.stem}.html").read_text("utf-8"))
        assert parser.addresses
        assert [one for one in parser.addresses if re.match(r"(\w+:)?//", one)] == []


def test_the_reference_has_the_docstrings_of_the_package(site: Path) -> None:
    text = (site / "reference.html").read_text("utf-8")
    for name in ("strikemap.open", "Notebook.incidents", "Notebook.summary", "Notebook.figure"):
        assert re.search(rf'id="[\w.]*{re.escape(name)}"', text), name


def blocks(page: str, language: str) -> list[str]:
    """List the code blocks of a document in a language."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_commands_of_the_tutorial_work_one_after_another(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text(blocks("tutorial.md", "csv")[0], "utf-8")
    printed = ""
    for line in "".join(blocks("tutorial.md", "sh")).splitlines():
        done = command(tmp_path / "data", *shlex.split(line)[1:], folder=tmp_path)
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        printed += done.stdout
    for name in ("killed.png", "march.pdf", "marks.csv", "marks.gpkg"):
        assert (tmp_path / name).stat().st_size > 1_000
    assert "added 2" in printed


def test_every_figure_of_the_gallery_has_its_command_beneath_it() -> None:
    text = (ROOT / "docs" / "gallery.md").read_text("utf-8")
    shown = re.findall(r"\(pictures/([\w-]+\.png)\)", text)
    assert shown == [words[2] for words in gallery_commands()]
    assert all((ROOT / "docs" / "pictures" / name).exists() for name in shown)
