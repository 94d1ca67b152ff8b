"""Small pieces of a picture that occur again and again: drawn once, kept, and laid where needed."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path

import numpy as np
import shapely
from PIL import Image, ImageDraw, features

from app.render.canvas import Text, outline
from app.render.fonts import load_font
from app.render.palette import SHAPES, WATERMARK, Mark, rgb

OVERSAMPLE = 2
HALO_PX = 2
ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}
UNKERNED = ["-kern"] if features.check("raqm") else None
"""Lines are as long as they were measured, in every form of a figure."""


@lru_cache(1024)
def letters(
    folder: Path, text: Text, scale: int, phase: tuple[int, int]
) -> tuple[Image.Image, int, int]:
    """Draw a line of text (its place is not looked at); return it with its left and top edge.

    At twice the size, so that letters stand between px as they do in the vector forms; `phase` is
    where the line begins within a px, in halves.
    """
    font = load_font(folder, text.is_bold, text.size * scale * OVERSAMPLE)
    anchor, halo = ANCHORS[text.anchor], HALO_PX * scale * OVERSAMPLE
    box = font.getbbox(text.text, anchor=anchor, features=UNKERNED)
    left, top = (int((box[n] + phase[n] - halo) // OVERSAMPLE) for n in (0, 1))
    right, bottom = (int((box[n + 2] + phase[n] + halo) // OVERSAMPLE) + 1 for n in (0, 1))
    size = (right - left, bottom - top)
    at = (phase[0] - left * OVERSAMPLE, phase[1] - top * OVERSAMPLE)
    whole = Image.new("RGBA", size, (0, 0, 0, 0))
    for colour, wide in ((text.halo, halo), (text.colour, 0)):
        if colour is not None:
            mask = Image.new("L", (size[0] * OVERSAMPLE, size[1] * OVERSAMPLE), 0)
            ImageDraw.Draw(mask).text(
                at, text.text, 255, font, anchor=anchor, features=UNKERNED, stroke_width=wide
            )
            layer = Image.new("RGBA", size, (*rgb(colour), 255))
            layer.putalpha(mask.reduce(OVERSAMPLE))
            whole.alpha_composite(layer)
    return whole, left, top


@cache
def reach_of(shape: str) -> float:
    """Say how far a shape goes from its middle, along an axis, at radius 1."""
    return max(abs(axis) for point in SHAPES[shape] for axis in point)


@cache
def footprint(shape: str, radius: float, ring: float) -> tuple[np.ndarray, np.ndarray]:
    """Tell which px around the one in the middle a mark covers, and which of them its ring."""
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
    """Draw a mark in a ring of a colour and px round the middle of a square, px of the picture.

    Returned with the middle's distance from the square's edges; `phase` as above.
    """
    covered, edge = footprint(mark.shape, radius * OVERSAMPLE, ring[1] * OVERSAMPLE)
    middle = len(covered) // 2
    half = -(-middle // OVERSAMPLE) + 1
    pixels = np.zeros((2 * half * OVERSAMPLE, 2 * half * OVERSAMPLE, 4), np.uint8)
    left, top = (half * OVERSAMPLE + part - middle for part in phase)
    part = pixels[top : top + len(covered), left : left + len(covered)]
    part[covered] = (*rgb(mark.colour), 255)
    part[edge] = (*rgb(ring[0]), 255)
    return Image.fromarray(pixels).reduce(OVERSAMPLE), half


@lru_cache(2048)
def soft_disc(
    half: int, box: tuple[int, int, int, int], colour: str, opacity: float
) -> Image.Image:
    """Draw a disc in a square of twice `half` px; the box is in quarters of a px."""
    mask = Image.new("L", (8 * half, 8 * half), 0)
    ImageDraw.Draw(mask).ellipse(box, fill=255)
    layer = Image.new("RGBA", (2 * half, 2 * half), (*rgb(colour), 255))
    layer.putalpha(mask.reduce(4).point([round(n * opacity) for n in range(256)]))
    return layer


@lru_cache(16)
def slanted(fonts: Path, text: str, size: tuple[int, int], letters: int, alpha: int) -> Image.Image:
    """Set a text across a picture of a size, once."""
    layer = Image.new("RGBA", size, (0, 0, 0, 0))
    font = load_font(fonts, True, letters)
    centre = (size[0] / 2, size[1] / 2)
    ImageDraw.Draw(layer).text(centre, text, (*rgb(WATERMARK), alpha), font, anchor="mm")
    return layer.rotate(24, resample=Image.Resampling.BICUBIC)
