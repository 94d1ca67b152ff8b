"""The vendored Noto Sans: its faces, the widths of its letters, and the letters it lacks.

Chinese, Japanese and Korean letters have a face of their own, in one weight: a text is written in
pieces of one face each.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Iterator
from enum import StrEnum
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


HEBREW = re.compile("[\u0590-\u05ff\ufb1d-\ufb4f]")
"""A space beside Hebrew letters has another width than alone."""

_EAST_ASIAN = "\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef"
EAST_ASIAN = re.compile(f"[{_EAST_ASIAN}]")
_PIECE = re.compile(f"[{_EAST_ASIAN}]+|[^{_EAST_ASIAN}]+")


class Typeface(StrEnum):
    """A face by its file in the folder of fonts."""

    regular = "NotoSans-Regular.ttf"
    bold = "NotoSans-Bold.ttf"
    east_asian = "NotoSansCJK-Regular.ttf"


def typeface_of(text: str, *, is_bold: bool) -> Typeface:
    """Return the face of a piece of text that has one only."""
    if EAST_ASIAN.match(text):
        return Typeface.east_asian
    return Typeface.bold if is_bold else Typeface.regular


def cut_by_face(text: str) -> Iterator[str]:
    """Cut a text into pieces of one face each.

    >>> list(cut_by_face("Kyiv 基輔 2"))
    ['Kyiv ', '基輔', ' 2']
    """
    return (match.group() for match in _PIECE.finditer(text))


@lru_cache(64)  # a figure has any size of letters
def load_font(folder: Path, face: Typeface, size_px: float) -> ImageFont.FreeTypeFont:
    """Load a face in a size in px."""
    return ImageFont.truetype(folder / face, size_px)


@cache
def _advances(folder: Path, face: Typeface) -> dict[str, float]:
    """Read the width of each character, as a share of the font's size."""
    with TTFont(folder / face, lazy=True) as font:
        # Numbers instead of names: to read the names takes longer than all the rest.
        font.setGlyphOrder([str(number) for number in range(font["maxp"].numGlyphs)])
        units, widths = font["head"].unitsPerEm, font["hmtx"]
        return {chr(code): widths[name][0] / units for code, name in font.getBestCmap().items()}


def text_width(folder: Path, text: str, size: float, *, is_bold: bool) -> float:
    """Measure a line in px, as all canvases write it: advances without kerning."""
    if EAST_ASIAN.search(text):
        return sum(_piece_width(folder, one, size, is_bold=is_bold) for one in cut_by_face(text))
    return _piece_width(folder, text, size, is_bold=is_bold)


def _piece_width(folder: Path, text: str, size: float, *, is_bold: bool) -> float:
    return size * _share(folder, text, typeface_of(text, is_bold=is_bold))


@lru_cache(16_384)
def _share(folder: Path, text: str, face: Typeface) -> float:
    """Measure a piece as a share of the font's size; letters from right to left are joined."""
    if CAN_SHAPE and has_rtl(text):
        if HEBREW.search(text):
            return _shaped_share(folder, text, face)
        # No letter joins over a space. So a line that grows by a word is not shaped anew.
        words = text.split(" ")
        spaces = (len(words) - 1) * _shaped_share(folder, " ", face)
        return spaces + sum(_shaped_share(folder, word, face) for word in words if word)
    advances = _advances(folder, face)
    return sum(advances.get(character, 0.6) for character in text)


@lru_cache(16_384)
def _shaped_share(folder: Path, text: str, face: Typeface) -> float:
    font = load_font(folder, face, 256.0)
    return float(font.getlength(text, features=UNKERNED)) / 256.0


@lru_cache(65_536)
def writable(folder: Path, *names: str) -> str:
    """Choose the first name of a place that the fonts have all letters of; empty if it has none.

    The log has a line for each place that stays without a name.
    """
    chosen = next((legible(folder, name) for name in names if name and covers(folder, name)), "")
    if not chosen and any(names):
        LOG.warning("no font has all letters of %r: it is left out", next(filter(None, names)))
    return chosen


def _has(folder: Path, letter: str) -> bool:
    if letter in _advances(folder, Typeface.regular):
        return True
    return bool(EAST_ASIAN.match(letter)) and letter in _advances(folder, Typeface.east_asian)


def covers(folder: Path, text: str) -> bool:
    """Tell whether the fonts can write a text."""
    is_shaped = CAN_SHAPE or not has_rtl(text)
    return is_shaped and all(
        one in LIKE or _has(folder, one) for one in unicodedata.normalize("NFC", text)
    )


def legible(folder: Path, text: str) -> str:
    """Write a text in characters that the fonts have; others become a visible substitute.

    Letters with marks are composed first, so that й typed as и and breve is the letter й. Control
    characters, such as those for the direction of writing, are removed.
    """
    composed = unicodedata.normalize("NFC", text)
    letters = _letters(folder)
    written = composed.translate(letters)
    missing = ""
    if SUBSTITUTE in written:
        missing = "".join(one for one in composed if letters[ord(one)] == SUBSTITUTE != one)
    if missing:
        names = ", ".join(f"U+{ord(one):04X}" for one in dict.fromkeys(missing))
        LOG.warning("the font lacks %s; drawn as %s", names, SUBSTITUTE)
    return written


class _Letters(dict[int, str]):
    """What is written for a character, by its code; the characters of the fonts are kept."""

    def __init__(self, folder: Path) -> None:
        super().__init__({ord(one): same for one, same in LIKE.items()})
        self._folder = folder

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp"):
            return " " if character.isspace() else ""
        if not _has(self._folder, character):
            return SUBSTITUTE
        self[code] = character
        return character


@cache
def _letters(folder: Path) -> _Letters:
    return _Letters(folder)
