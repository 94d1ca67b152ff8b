"""Small pieces of a picture that occur often: drawn once, cached, and pasted where needed."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import shapely
from PIL import Image, ImageDraw, ImageFont

from app.domain.cache import BoundedCache
from app.render.bidi import has_rtl, is_rtl_line, visual_pieces
from app.render.canvas import TextRun, outline
from app.render.fonts import (
    CAN_SHAPE,
    EAST_ASIAN,
    UNKERNED,
    Typeface,
    cut_by_face,
    load_font,
    text_width,
    typeface_of,
)
from app.render.palette import SHAPES, WATERMARK, Mark, rgb

OVERSAMPLE = 2
HALO_PX = 2
ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}


class DrawnText(NamedTuple):
    """A small picture, and its left and top edge beside its place, in px."""

    image: Image.Image
    x: int
    y: int

    @property
    def nbytes(self) -> int:
        """Its size in bytes."""
        return 4 * self.image.width * self.image.height


LETTERS = BoundedCache(1024)
"""Lines of text: the title of a large figure has a megabyte, the name of a village a kilobyte."""


def letters(folder: Path, text: TextRun, scale: int, phase: tuple[int, int]) -> DrawnText:
    """Draw a line of text, whose `x` and `y` are ignored.

    It is drawn at twice the size, so that letters may begin between px as in SVG and PDF; `phase`
    is the start of the line within a px, in halves.
    """
    key = (folder, text, scale, phase)
    return LETTERS.get(key, lambda: _letters(folder, text, scale, phase))


def _letters(folder: Path, text: TextRun, scale: int, phase: tuple[int, int]) -> DrawnText:
    halo = HALO_PX * scale * OVERSAMPLE
    pieces = _pieces(folder, text, text.size * scale * OVERSAMPLE)
    boxes = np.array([piece.box() for piece in pieces])
    box = (*boxes[:, :2].min(axis=0).tolist(), *boxes[:, 2:].max(axis=0).tolist())
    x0, y0 = (int((box[n] + phase[n] - halo) // OVERSAMPLE) for n in (0, 1))
    x1, y1 = (int((box[n + 2] + phase[n] + halo) // OVERSAMPLE) + 1 for n in (0, 1))
    size = (x1 - x0, y1 - y0)
    at = (phase[0] - x0 * OVERSAMPLE, phase[1] - y0 * OVERSAMPLE)
    whole = Image.new("RGBA", size, (0, 0, 0, 0))
    for colour, wide in ((text.halo, halo), (text.colour, 0)):
        if colour is not None:
            mask = Image.new("L", (size[0] * OVERSAMPLE, size[1] * OVERSAMPLE), 0)
            draw = ImageDraw.Draw(mask)
            for piece in pieces:
                piece.draw(draw, at, wide)
            layer = Image.new("RGBA", size, (*rgb(colour), 255))
            layer.putalpha(mask.reduce(OVERSAMPLE))
            whole.alpha_composite(layer)
    stamp = DrawnText(whole, x0, y0)
    return stamp if not text.angle else _turned(stamp, text.angle)


class _Piece(NamedTuple):
    """A part of a line in one face, and where it begins beside the line's place, in px."""

    text: str
    font: ImageFont.FreeTypeFont
    x: float
    anchor: str
    direction: str | None

    def box(self) -> tuple[float, float, float, float]:
        """Return the box around its letters."""
        left, top, right, bottom = self.font.getbbox(
            self.text, direction=self.direction, anchor=self.anchor, features=UNKERNED
        )
        return left + self.x, top, right + self.x, bottom

    def draw(self, draw: ImageDraw.ImageDraw, at: tuple[float, float], wide: float) -> None:
        """Draw its letters on a mask, for a line at a place; wider for a halo."""
        draw.text(
            (at[0] + self.x, at[1]),
            self.text,
            255,
            self.font,
            anchor=self.anchor,
            direction=self.direction,
            features=UNKERNED,
            stroke_width=wide,
        )


def _pieces(folder: Path, text: TextRun, size_px: float) -> list[_Piece]:
    """Cut a line into pieces of one face, from left to right as they are seen.

    A line of one face is a single piece: Pillow places and orders its letters.
    """
    way = _direction(text)
    if not EAST_ASIAN.search(text.text):
        font = load_font(folder, typeface_of(text.text, is_bold=text.is_bold), size_px)
        return [_Piece(text.text, font, 0.0, ANCHORS[text.anchor], way)]
    parts = [(text.text, False)]
    if way is not None:
        parts = [*visual_pieces(text.text, is_rtl=way == "rtl")]
    wide = text_width(folder, text.text, size_px, is_bold=text.is_bold)
    x = -{"start": 0.0, "middle": 0.5, "end": 1.0}[text.anchor] * wide
    pieces = []
    for part, is_rtl in parts:
        for one in cut_by_face(part):
            font = load_font(folder, typeface_of(one, is_bold=text.is_bold), size_px)
            pieces.append(_Piece(one, font, x, "ls", "rtl" if is_rtl else None))
            x += text_width(folder, one, size_px, is_bold=text.is_bold)
    return pieces


def _direction(text: TextRun) -> str | None:
    """Return the direction of a line with letters from right to left; None for all others."""
    if not CAN_SHAPE or not (text.is_rtl or has_rtl(text.text)):
        return None
    return "rtl" if text.is_rtl or is_rtl_line(text.text) else "ltr"


def _turned(stamp: DrawnText, angle: float) -> DrawnText:
    """Turn a stamp around the place that it is drawn at."""
    # A square around that place turns without moving it.
    image, x0, y0 = stamp
    reach = int(np.ceil(np.hypot(max(-x0, image.width + x0), max(-y0, image.height + y0))))
    square = Image.new("RGBA", (2 * reach, 2 * reach), (0, 0, 0, 0))
    square.paste(image, (reach + x0, reach + y0))
    turned = square.rotate(-angle, Image.Resampling.BICUBIC)
    box = turned.getbbox() or (0, 0, 1, 1)
    return DrawnText(turned.crop(box), box[0] - reach, box[1] - reach)


@cache
def reach_of(shape: str) -> float:
    """Return the size of a shape from its middle, along an axis, at radius 1."""
    return max(abs(axis) for point in SHAPES[shape] for axis in point)


@lru_cache(512)  # a figure has marks of any size
def footprint(shape: str, radius: float, ring: float) -> tuple[np.ndarray, np.ndarray]:
    """Return masks of the px that a mark covers, and of its ring, around the middle px."""
    half = int(np.ceil(radius * reach_of(shape)))
    down, across = np.mgrid[-half : half + 1, -half : half + 1]
    whole = outline(shape, radius)
    covered = shapely.intersects_xy(whole, across, down)
    edge = shapely.distance(whole.exterior, shapely.points(across, down)) < ring
    return covered, covered & edge


@lru_cache(512)
def dot(
    mark: Mark, radius: float, ring: tuple[str, int], phase: tuple[int, int]
) -> tuple[Image.Image, int]:
    """Draw a mark with its ring (colour and width) in the middle of a square, in px of the picture.

    Returns the square and the distance of its middle from its edges; `phase` as in `letters`.
    """
    covered, edge = footprint(mark.shape, radius * OVERSAMPLE, ring[1] * OVERSAMPLE)
    middle = len(covered) // 2
    half = -(-middle // OVERSAMPLE) + 1
    pixels = np.zeros((2 * half * OVERSAMPLE, 2 * half * OVERSAMPLE, 4), np.uint8)
    x0, y0 = (half * OVERSAMPLE + part - middle for part in phase)
    part = pixels[y0 : y0 + len(covered), x0 : x0 + len(covered)]
    part[covered] = (*rgb(mark.colour), 255)
    part[edge] = (*rgb(ring[0]), 255)
    return Image.fromarray(pixels).reduce(OVERSAMPLE), half


@lru_cache(1024)
def soft_disc(half: int, box: tuple[int, int, int, int], opacity: float) -> Image.Image:
    """Draw a disc as the mask of a square of twice `half` px; `box` is in quarters of a px."""
    mask = Image.new("L", (8 * half, 8 * half), 0)
    ImageDraw.Draw(mask).ellipse(box, fill=255)
    return mask.reduce(4).point(faded(opacity))


@cache
def faded(opacity: float) -> list[int]:
    """List what becomes of each value of a mask under an opacity."""
    return [round(n * opacity) for n in range(256)]


@lru_cache(16)
def slanted(fonts: Path, text: str, size: tuple[int, int], letters: int, alpha: int) -> Image.Image:
    """Draw a text across a picture of this size."""
    layer = Image.new("RGBA", size, (0, 0, 0, 0))
    font = load_font(fonts, Typeface.bold, letters)
    centre = (size[0] / 2, size[1] / 2)
    ImageDraw.Draw(layer).text(centre, text, (*rgb(WATERMARK), alpha), font, anchor="mm")
    return layer.rotate(24, resample=Image.Resampling.BICUBIC)
