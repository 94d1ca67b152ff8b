"""Arabic and Hebrew on pictures: letters are joined and ordered, and a page is mirrored."""

from __future__ import annotations

import numpy as np
import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app.domain.place import Bounds
from app.render.bidi import visual_pieces
from app.render.canvas import TextRun
from app.render.fonts import UNKERNED, Typeface, covers, legible, load_font, text_width
from app.render.frame import Frame
from app.render.layout import Content, Section, lay_out
from app.render.painter import Painter
from app.render.pdf import PdfCanvas
from app.render.svg import SvgCanvas
from tests.making import ROOT

FONTS = ROOT / "static" / "vendor" / "noto-sans-5.3.0"
WORD, MIXED = "الخرطوم", "قتل 12 (Kyiv)"
FRAME = Frame.fit(Bounds(30, 10, 31, 11), 240, 60, 2)
METADATA = {"Title": "t", "Description": "d", "Copyright": "c"}


def line(text: str, anchor: str = "start", *, is_rtl: bool = False) -> TextRun:
    return TextRun(text, 240.0, 70.0, 20.0, "#000000", anchor=anchor, is_rtl=is_rtl)


def png(run: TextRun) -> np.ndarray:
    painter = Painter(FRAME, "#ffffff", FONTS)
    painter.write(run)
    return np.asarray(painter.image.convert("L"))


def pdf(run: TextRun) -> np.ndarray:
    canvas = PdfCanvas(FRAME, FONTS)
    canvas.write(run)
    page = pypdfium2.PdfDocument(canvas.pdf(METADATA, "ar"))[0]
    wide = FRAME.width / page.get_width()
    picture = page.render(scale=wide).to_pil().convert("L")
    return np.asarray(picture.resize((FRAME.width, FRAME.height)))


def ink_columns(pixels: np.ndarray) -> np.ndarray:
    return np.flatnonzero((pixels < 128).any(axis=0))


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    small = [np.asarray(Image.fromarray(pixels).resize((120, 30))) for pixels in (one, other)]
    return float(np.corrcoef(small[0].ravel(), small[1].ravel())[0, 1])


def test_joined_letters_are_narrower_than_letters_one_by_one() -> None:
    joined = text_width(FONTS, WORD, 20.0, is_bold=False)
    alone = sum(text_width(FONTS, letter, 20.0, is_bold=False) for letter in WORD)
    assert joined < 0.9 * alone


@given(
    words=st.lists(st.sampled_from([WORD, "قتل", "ירושלים", "12", "(Kyiv)", "", "·"]), max_size=9)
)
def test_a_line_is_as_wide_as_it_is_drawn_word_by_word_or_whole(words: list[str]) -> None:
    text = " ".join([WORD, *words])
    drawn = load_font(FONTS, Typeface.regular, 256.0).getlength(text, features=UNKERNED)
    assert text_width(FONTS, text, 256.0, is_bold=False) == drawn


@pytest.mark.parametrize("text", [WORD, MIXED, "ירושלים 3,5", "Kyiv الخرطوم"])
@pytest.mark.parametrize("anchor", ["start", "middle", "end"])
def test_png_and_pdf_write_a_line_alike(text: str, anchor: str) -> None:
    run = line(text, anchor, is_rtl=True)
    pixels, vectors = png(run), pdf(run)
    columns, others = ink_columns(pixels), ink_columns(vectors)
    assert abs(columns[0] - others[0]) <= 3
    assert abs(columns[-1] - others[-1]) <= 3
    backwards = png(line(text[::-1], anchor, is_rtl=True))
    assert likeness(pixels, vectors) > max(0.85, likeness(backwards, vectors) + 0.1)


def test_a_line_is_cut_into_pieces_as_they_are_seen() -> None:
    assert [piece.text for piece in visual_pieces(MIXED, is_rtl=True)] == ["(Kyiv) 12 ", "قتل"]
    assert [piece.text for piece in visual_pieces(MIXED, is_rtl=False)] == ["12 ", "قتل", " (Kyiv)"]


def test_svg_keeps_the_text_and_its_direction_and_embeds_the_forms_of_its_letters() -> None:
    canvas = SvgCanvas(FRAME, FONTS)
    canvas.write(line(WORD, "end", is_rtl=True))
    document = canvas.svg(METADATA, "ar", "#ffffff").decode()
    assert 'direction="rtl"' in document
    assert f">{WORD}</text>" in document
    assert 'text-anchor="end"' not in document  # the right end is where the line starts


def test_a_page_from_right_to_left_is_mirrored_but_for_its_map() -> None:
    section = Section("ضربات", ())
    content = Content(WORD, MIXED, [WORD], [section], [WORD], lambda km, _: f"{km} كم", is_rtl=True)
    layout = lay_out(content, 1000, 600, FONTS)
    left, _top, across, _down = layout.map_box
    assert left + across == 1000 - 14
    assert all(text.anchor == "end" and text.is_rtl for text in layout.texts)
    assert max(text.x for text in layout.texts) == 1000 - 14


def test_a_name_in_a_script_that_the_font_lacks_is_known_before_it_is_drawn() -> None:
    assert covers(FONTS, "Kyiv الخرطوم ירושלים Київ")
    assert not covers(FONTS, "ရန်ကုန်")
    assert legible(FONTS, WORD) == WORD
