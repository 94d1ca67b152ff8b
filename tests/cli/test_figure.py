"""Figures from the command line: one, or a set with one of each region."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.drawing import pdf_words
from tests.serving import cold_command, command


def test_a_figure_is_drawn_into_the_file_named(tmp_path: Path, demo_data: Path) -> None:
    out = tmp_path / "night.png"
    done = command(demo_data, "figure", str(out), "lang=uk", "--width", "900", "--scale", "2")
    assert (done.returncode, done.stdout.strip()) == (0, str(out))
    with Image.open(out) as image:
        assert image.size == (1800, 1260)


def test_a_size_has_a_name(tmp_path: Path, demo_data: Path) -> None:
    out = tmp_path / "night.png"
    assert command(demo_data, "figure", str(out), "--size", "slide").returncode == 0
    with Image.open(out) as image:
        assert image.size == (1920, 1080)


def test_a_pdf_has_the_title_of_the_command(tmp_path: Path, demo_data: Path) -> None:
    out = tmp_path / "night.pdf"
    done = command(demo_data, "figure", str(out), "--title", "Тиждень", "--subtitle", "ґ")
    assert done.returncode == 0
    assert "Тиждень ґ" in pdf_words(out.read_bytes())


def test_a_set_has_a_figure_of_each_region_named_by_its_code(
    tmp_path: Path, demo_data: Path
) -> None:
    words = ("figure", str(tmp_path / "set"), "theatre=example", "--all-regions", "--format", "svg")
    assert command(demo_data, *words).returncode == 0
    first = {path.name: path.read_bytes() for path in (tmp_path / "set").iterdir()}
    assert sorted(first) == [f"XE-0{n}.svg" for n in range(1, 9)]
    assert cold_command(demo_data, *words).returncode == 0
    assert {path.name: path.read_bytes() for path in (tmp_path / "set").iterdir()} == first


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("out.gif",), "form of the figure: got 'gif', allowed: png, svg, pdf."),
        (("no/such/folder/a.png",), "allowed: a file in a folder that exists"),
        (("a.png", "lang=xx"), "query.lang: got 'xx'"),
        (("a.png", "--width", "240", "--height", "200"), "width, height: got '240 x 200'"),
        (("a.png", "--width", "5000"), "4000"),
        (("a.png", "--size", "poster"), "size: got 'poster', allowed: card, column, a4, slide."),
        (("a.png", "--size", "a4", "--width", "700"), "allowed: size, or width and height."),
    ],
)
def test_what_cannot_be_drawn_ends_in_2_with_a_sentence(
    tmp_path: Path, demo_data: Path, words: tuple[str, ...], sentence: str
) -> None:
    out, *rest = words
    done = command(demo_data, "figure", str(tmp_path / out), *rest)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert list(tmp_path.iterdir()) == []
