"""The marks and hatches of the palette as one picture (a sprite) for styles of vector tiles."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from app.i18n import WATERMARK
from app.render.frame import Frame
from app.render.hatches import HATCH, hatch_mask
from app.render.painter import Painter
from app.render.palette import (
    CITED,
    CLAIMED,
    FAMILIES,
    GROUND,
    NO_FIGURE_PATTERN,
    NOT_STATED_MARK,
    RING,
    Mark,
    Pattern,
    rgb,
)
from app.render.png import write_png
from app.tiles.raster import DOT_PX

MARK_CELL = 16
"""The side of a mark's cell in px at 1x: every shape of `DOT_PX` has room in it."""

WATERMARK_CELL = 256
MARKS = (*FAMILIES.values(), NOT_STATED_MARK)
PATTERNS = (*GROUND, CLAIMED, CITED, NO_FIGURE_PATTERN)
Cell = dict[str, int]


def mark_name(mark: Mark) -> str:
    """Name the picture of a mark.

    >>> mark_name(Mark("#D55E00", "up"))
    'up-d55e00'
    """
    return f"{mark.shape}-{mark.colour[1:].lower()}"


def pattern_name(pattern: Pattern) -> str:
    """Name the picture of a hatch."""
    return f"{pattern.kind}-{pattern.colour[1:].lower()}"


def watermark_name(language: str) -> str:
    """Name the picture that says in a language that data are invented."""
    return f"invented-{language}"


@cache
def sprite(scale: int, fonts: Path) -> tuple[dict[str, Cell], bytes]:
    """Draw the sprite at a scale: where each picture lies in it, and the PNG."""
    pictures = [
        *((mark_name(mark), _mark(mark, scale, fonts)) for mark in MARKS),
        *((pattern_name(pattern), _hatch(pattern, scale)) for pattern in PATTERNS),
        *((watermark_name(language), _watermark(language, scale, fonts)) for language in WATERMARK),
    ]
    cells: dict[str, Cell] = {}
    left = 0
    for name, pixels in pictures:
        high, wide = pixels.shape[:2]
        cells[name] = {"x": left, "y": 0, "width": wide, "height": high, "pixelRatio": scale}
        left += wide
    sheet = np.zeros((WATERMARK_CELL * scale, left, 4), np.uint8)
    for (name, pixels), cell in zip(pictures, cells.values(), strict=True):
        assert name in cells  # noqa: S101  one picture for each name
        sheet[: cell["height"], cell["x"] : cell["x"] + cell["width"]] = pixels
    return cells, write_png(sheet)


def _mark(mark: Mark, scale: int, fonts: Path) -> np.ndarray:
    painter = Painter(Frame(0, 0, 0, scale, MARK_CELL, MARK_CELL), None, fonts)
    middle = np.array([MARK_CELL * scale / 2])
    painter.dots(middle, middle, [mark], DOT_PX, RING)
    return np.asarray(painter.image)


def _hatch(pattern: Pattern, scale: int) -> np.ndarray:
    side = HATCH * scale
    pixels = np.zeros((side, side, 4), np.uint8)
    pixels[hatch_mask((side, side), scale, pattern.kind)] = (*rgb(pattern.colour), 255)
    return pixels


def _watermark(language: str, scale: int, fonts: Path) -> np.ndarray:
    cell = Frame(0, 0, 0, scale, WATERMARK_CELL, WATERMARK_CELL)
    painter = Painter(cell, None, fonts)
    painter.watermark(WATERMARK[language])
    return np.asarray(painter.image)
