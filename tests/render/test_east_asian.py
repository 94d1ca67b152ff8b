"""Chinese, Japanese and Korean on pictures: real letters in every form, never boxes."""

from __future__ import annotations

import base64
import io
import logging
import re

import numpy as np
import pypdfium2
import pytest
from fontTools.ttLib import TTFont
from PIL import Image

from app.domain.place import Bounds
from app.render.canvas import TextRun
from app.render.fonts import Typeface, covers, legible, load_font, text_width, writable
from app.render.frame import Frame
from app.render.painter import Painter
from app.render.pdf import PdfCanvas
from app.render.svg import SvgCanvas
from tests.making import ROOT

FONTS = ROOT / "static" / "vendor" / "noto-sans-5.3.0"
FRAME = Frame.fit(Bounds(30, 10, 31, 11), 240, 60, 2)
METADATA = {"Title": "t", "Description": "d", "Copyright": "c"}
NAMES = ("北京", "泸州 (Luzhou)", "臺灣", "大阪府", "ひらがな", "서울", "الخرطوم 喀土穆 2")


def line(text: str, anchor: str = "middle") -> TextRun:
    return TextRun(text, 240.0, 70.0, 20.0, "#000000", anchor=anchor)


def png(run: TextRun) -> np.ndarray:
    painter = Painter(FRAME, "#ffffff", FONTS)
    painter.write(run)
    return np.asarray(painter.image.convert("L"))


def pdf_bytes(run: TextRun) -> bytes:
    canvas = PdfCanvas(FRAME, FONTS)
    canvas.write(run)
    return canvas.pdf(METADATA, "en")


def pdf(run: TextRun) -> np.ndarray:
    page = pypdfium2.PdfDocument(pdf_bytes(run))[0]
    picture = page.render(scale=FRAME.width / page.get_width()).to_pil().convert("L")
    return np.asarray(picture.resize((FRAME.width, FRAME.height)))


def ink(pixels: np.ndarray) -> np.ndarray:
    return np.flatnonzero((pixels < 128).any(axis=0))


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    small = [np.asarray(Image.fromarray(pixels).resize((120, 30))) for pixels in (one, other)]
    return float(np.corrcoef(small[0].ravel(), small[1].ravel())[0, 1])


@pytest.mark.parametrize("text", NAMES)
def test_png_and_pdf_write_a_name_alike_and_at_its_length(text: str) -> None:
    assert covers(FONTS, text)
    run = line(text)
    pixels, vectors = png(run), pdf(run)
    assert likeness(pixels, vectors) > 0.85
    wide = text_width(FONTS, text, 40.0, is_bold=False)
    assert abs(wide - (ink(pixels)[-1] - ink(pixels)[0])) < 10


def test_no_letter_of_a_name_is_the_box_for_a_missing_one() -> None:
    font = load_font(FONTS, Typeface.east_asian, 32)
    box = bytes(font.getmask("\ue000"))
    letters = {letter for name in NAMES for letter in name if ord(letter) > 0x2FFF}
    drawn = {letter: bytes(font.getmask(letter)) for letter in letters}
    assert box not in drawn.values()
    assert len(set(drawn.values())) == len(letters)  # each has a form of its own


def test_svg_embeds_the_letters_and_keeps_the_text() -> None:
    canvas = SvgCanvas(FRAME, FONTS)
    canvas.write(line("Kyiv 基輔"))
    document = canvas.svg(METADATA, "en", "#ffffff").decode()
    assert ">Kyiv 基輔</text>" in document
    fonts = re.findall(r"base64,([^)]+)\)", document)
    cmaps = [TTFont(io.BytesIO(base64.b64decode(font))).getBestCmap() for font in fonts]
    assert [sorted(map(chr, cmap)) for cmap in cmaps] == [
        sorted("Kyiv "),
        sorted("基輔"),
    ]


def test_pdf_text_can_be_searched() -> None:
    text = pypdfium2.PdfDocument(pdf_bytes(line("Kyiv 基輔 2")))[0].get_textpage()
    assert "基輔" in text.get_text_range()


def test_a_script_that_no_font_has_is_in_english_or_left_out_with_a_line_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert writable(FONTS, "ျမန္မာ", "Myanmar") == "Myanmar"
    with caplog.at_level(logging.WARNING, "strikemap.fonts"):
        assert writable(FONTS, "ရန်ကုန်", "") == ""
        assert writable(FONTS, "ရန်ကုန်", "") == ""
    assert [record.getMessage() for record in caplog.records] == [
        "no font has all letters of 'ရန်ကုန်': it is left out"
    ]
    assert legible(FONTS, "基輔") == "基輔"
