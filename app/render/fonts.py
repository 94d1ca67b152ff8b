"""The vendored Noto Sans: its faces, the widths of its letters, and the letters it lacks."""

from __future__ import annotations

import logging
import unicodedata
from functools import cache, lru_cache
from pathlib import Path

from fontTools.ttLib import TTFont
from PIL import ImageFont, features

from app.render.bidi import has_rtl

CAN_SHAPE = features.check("raqm")
"""Pillow joins Arabic letters with libraqm, which needs the system's libfribidi."""

UNKERNED = ["-kern"] if CAN_SHAPE else None
"""No kerning, so that lines are as long as they were measured, in every form of a figure."""

LOG = logging.getLogger("strikemap.fonts")
SUBSTITUTE = "\ufffd"
"""It replaces a character that the font lacks: the reader sees that one is missing."""

LIKE = {"\u2011": "-", "\u202f": "\u00a0", "\u2009": "\u00a0", "\u200b": "", "\u00ad": ""}
"""Characters that the font lacks, and those that look the same."""


def font_file(folder: Path, *, is_bold: bool) -> Path:
    """Return the font file of a weight."""
    return folder / ("NotoSans-Bold.ttf" if is_bold else "NotoSans-Regular.ttf")


@cache
def load_font(folder: Path, is_bold: bool, size_px: float) -> ImageFont.FreeTypeFont:
    """Load the vendored Noto Sans, which has Cyrillic letters, in a size in px."""
    return ImageFont.truetype(font_file(folder, is_bold=is_bold), size_px)


@cache
def _advances(folder: Path, is_bold: bool) -> dict[str, float]:
    """Read the width of each character, as a share of the font's size."""
    with TTFont(font_file(folder, is_bold=is_bold), lazy=True) as font:
        units, widths = font["head"].unitsPerEm, font["hmtx"]
        return {chr(code): widths[name][0] / units for code, name in font.getBestCmap().items()}


def text_width(folder: Path, text: str, size: float, *, is_bold: bool) -> float:
    """Measure a line in px, as all canvases write it: advances without kerning."""
    if CAN_SHAPE and has_rtl(text):
        return _shaped_width(folder, text, is_bold) * size
    advances = _advances(folder, is_bold)
    return size * sum(advances.get(character, 0.6) for character in text)


@lru_cache(16_384)
def _shaped_width(folder: Path, text: str, is_bold: bool) -> float:
    """Measure a line of joined letters, as a share of the font's size."""
    font = load_font(folder, is_bold, 256.0)
    return float(font.getlength(text, features=UNKERNED)) / 256.0


def writable(folder: Path, *names: str) -> str:
    """Choose the first name of a place that the font has all letters of; empty if it has none."""
    return next((legible(folder, name) for name in names if name and covers(folder, name)), "")


def covers(folder: Path, text: str) -> bool:
    """Tell whether the font can write a text."""
    has = _advances(folder, False)
    is_shaped = CAN_SHAPE or not has_rtl(text)
    return is_shaped and all(
        one in has or one in LIKE for one in unicodedata.normalize("NFC", text)
    )


def legible(folder: Path, text: str) -> str:
    """Write a text in characters that the font has; others become a visible substitute.

    Letters with marks are composed first, so that й typed as и and breve is the letter й. Control
    characters, such as those for the direction of writing, are removed.
    """
    composed = unicodedata.normalize("NFC", text)
    has = _advances(folder, False)
    written, missing = [], []
    for character in composed:
        if character in LIKE:
            written.append(LIKE[character])
        elif unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp"):
            written.append(" " if character.isspace() else "")
        elif character in has:
            written.append(character)
        else:
            missing.append(character)
            written.append(SUBSTITUTE)
    if missing:
        names = ", ".join(f"U+{ord(one):04X}" for one in dict.fromkeys(missing))
        LOG.warning("the font lacks %s; drawn as %s", names, SUBSTITUTE)
    return "".join(written)
