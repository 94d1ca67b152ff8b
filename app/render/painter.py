"""Drawing on a Web Mercator square with Pillow: polygons, hatches, lines, dots and labels.

Everything is drawn at twice the size and reduced, which smooths edges.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import shapely
from PIL import Image, ImageDraw
from shapely.geometry.base import BaseGeometry
from typing_extensions import override

from app.render.canvas import Canvas, Dashes, Text
from app.render.fonts import load_font
from app.render.frame import Frame
from app.render.palette import HALO, TEXT, Pattern, rgb
from app.render.png import write_png

OVERSAMPLE = 2
HATCH = 16
"""Hatches repeat every 16 px at 1x: a divisor of 256, so that they run on across tiles."""


class Label(NamedTuple):
    """A place's name with its dot's place in px; the text stands to the right of it."""

    text: str
    x: float
    y: float
    is_bold: bool


class Painter(Canvas):
    """One picture being drawn as pixels."""

    def __init__(self, frame: Frame, background: str | None, fonts: Path) -> None:
        super().__init__(frame, fonts)
        colour = (*rgb(background), 255) if background else (0, 0, 0, 0)
        self.image = Image.new("RGBA", (frame.width, frame.height), colour)

    @override
    def paint(self, shapes: Sequence[BaseGeometry], colour: str, opacity: float = 1.0) -> None:
        drawn = self._mask(shapes)
        if drawn is not None:
            self._tint(*drawn, colour, opacity)

    @override
    def paint_hatch(
        self, shapes: Sequence[BaseGeometry], pattern: Pattern, opacity: float = 0.75
    ) -> None:
        drawn = self._mask(shapes)
        if drawn is None:
            return
        mask, (left, top) = drawn
        size = (self.frame.width, self.frame.height)
        hatch = hatch_mask(size, self.frame.scale, pattern.kind)
        part = hatch[top : top + mask.height, left : left + mask.width]
        cut = Image.fromarray(np.where(part, np.asarray(mask), np.uint8(0)))
        self._tint(cut, (left, top), pattern.colour, opacity)

    def _mask(self, shapes: Sequence[BaseGeometry]) -> tuple[Image.Image, tuple[int, int]] | None:
        """Draw polygons as a mask of the part they lie in, large ones first.

        An enclave fills its neighbour's hole. None when nothing of them is in the picture.
        """
        parts = shapely.get_parts(shapely.get_parts(list(shapes))).tolist()
        solid = [part for part in parts if part.geom_type == "Polygon" and not part.is_empty]
        box = self._inside(solid)
        if box is None:
            return None
        left, top, right, bottom = box
        mask = Image.new("L", ((right - left) * OVERSAMPLE, (bottom - top) * OVERSAMPLE), 0)
        draw = ImageDraw.Draw(mask)
        for part in sorted(solid, key=lambda part: -part.area):
            _ring(draw, part.exterior, 255, (left, top))
            for hole in part.interiors:
                _ring(draw, hole, 0, (left, top))
        return mask.reduce(OVERSAMPLE), (left, top)

    def _inside(self, parts: Sequence[BaseGeometry]) -> tuple[int, int, int, int] | None:
        """Find the px that shapes reach: drawing no more than these is what makes it fast."""
        if not parts:
            return None
        west, north, east, south = shapely.total_bounds(np.array(parts, object))
        left, top = max(int(west) - 1, 0), max(int(north) - 1, 0)
        right = min(int(east) + 2, self.frame.width)
        bottom = min(int(south) + 2, self.frame.height)
        return (left, top, right, bottom) if left < right and top < bottom else None

    def _tint(self, mask: Image.Image, at: tuple[int, int], colour: str, opacity: float) -> None:
        alpha = mask if opacity == 1 else mask.point([round(n * opacity) for n in range(256)])
        layer = Image.new("RGBA", mask.size, (*rgb(colour), 255))
        layer.putalpha(alpha)
        self.image.alpha_composite(layer, at)

    @override
    def stroke(
        self,
        strokes: Sequence[BaseGeometry],
        colour: str,
        width: float,
        dashes: Dashes | None = None,
    ) -> None:
        # Stamps a disc along the strokes: however ragged a line is, this takes its length only.
        scale = self.frame.scale * OVERSAMPLE
        radius = width * scale / 2
        x, y, along = _sampled(strokes, OVERSAMPLE, max(1.0, 0.6 * radius))
        if dashes is not None:
            drawn = along % (sum(dashes) * scale) < dashes[0] * scale
            x, y = x[drawn], y[drawn]
        across, down = _disc(radius)
        wide, high = self.frame.width * OVERSAMPLE, self.frame.height * OVERSAMPLE
        columns = np.rint(x).astype(np.int64)[:, None] + across
        rows = np.rint(y).astype(np.int64)[:, None] + down
        inside = (columns >= 0) & (columns < wide) & (rows >= 0) & (rows < high)
        mask = np.zeros((high, wide), np.uint8)
        mask[rows[inside], columns[inside]] = 255
        self._tint(Image.fromarray(mask).reduce(OVERSAMPLE), (0, 0), colour, 1.0)

    @override
    def discs(
        self,
        x: np.ndarray,
        y: np.ndarray,
        radius: np.ndarray,
        colours: Sequence[str],
        *,
        opacity: float,
    ) -> None:
        over = 4
        for cx, cy, r, colour in zip(x.tolist(), y.tolist(), radius.tolist(), colours, strict=True):
            half = int(np.ceil(r + 2))
            box = Image.new("L", (2 * half * over, 2 * half * over), 0)
            centre_x, centre_y, reach = (half + cx % 1) * over, (half + cy % 1) * over, r * over
            ImageDraw.Draw(box).ellipse(
                [centre_x - reach, centre_y - reach, centre_x + reach, centre_y + reach], fill=255
            )
            self._stamp(box.reduce(over), cx, cy, half, colour, opacity)

    @override
    def dots(
        self, x: np.ndarray, y: np.ndarray, colours: Sequence[str], radius: float, ring: str
    ) -> None:
        over = 2
        wide, high = self.frame.width * over, self.frame.height * over
        reach = radius * self.frame.scale * over
        span = np.arange(-int(np.ceil(reach)), int(np.ceil(reach)) + 1)
        down, across = (axis.ravel() for axis in np.meshgrid(span, span, indexing="ij"))
        far = np.hypot(down, across)
        margin = len(span)
        width, height = wide + 2 * margin, high + 2 * margin
        layer = np.zeros((height * width, 4), np.uint8)
        px, py = np.floor(x * over).astype(int) + margin, np.floor(y * over).astype(int) + margin
        near = (px >= margin // 2) & (px < width - margin // 2)
        near &= (py >= margin // 2) & (py < height - margin // 2)
        at = (py * width + px)[near]
        filled = np.array([(*rgb(colour), 255) for colour in colours], np.uint8).reshape(-1, 4)[
            near
        ]
        edge = (far <= reach) & (far > reach - self.frame.scale * over)
        inner = far <= reach - self.frame.scale * over
        # Ring and filling of a dot are laid together, so that a later dot covers an earlier one.
        offsets = np.concatenate(
            [down[edge] * width + across[edge], down[inner] * width + across[inner]]
        )
        is_ring = np.arange(len(offsets)) < edge.sum()
        for start in range(0, len(at), 4096):
            some = at[start : start + 4096]
            pixels = np.where(
                is_ring[None, :, None],
                np.array((*rgb(ring), 255), np.uint8),
                filled[start : start + 4096, None, :],
            )
            layer[(some[:, None] + offsets[None, :]).ravel()] = pixels.reshape(-1, 4)
        whole = Image.fromarray(layer.reshape(height, width, 4))
        crop = whole.crop((margin, margin, margin + wide, margin + high))
        self.image.alpha_composite(crop.reduce(over))

    def _stamp(  # noqa: PLR0913, PLR0917  a mark's place and look
        self, mask: Image.Image, x: float, y: float, half: int, colour: str, opacity: float
    ) -> None:
        layer = Image.new("RGBA", mask.size, (*rgb(colour), 255))
        layer.putalpha(mask.point(lambda value: round(value * opacity)))
        left, top = int(np.floor(x)) - half, int(np.floor(y)) - half
        crop = (max(-left, 0), max(-top, 0), mask.size[0], mask.size[1])
        if crop[0] >= crop[2] or crop[1] >= crop[3]:
            return
        if left < self.frame.width and top < self.frame.height:
            self.image.alpha_composite(layer.crop(crop), (max(left, 0), max(top, 0)))

    @override
    def paste(self, pixels: np.ndarray) -> None:
        self.image.alpha_composite(Image.fromarray(pixels))

    @override
    def write(self, text: Text) -> None:
        scale = self.frame.scale
        font = load_font(self.fonts, text.is_bold, text.size * scale)
        anchor = {"start": "ls", "middle": "ms", "end": "rs"}[text.anchor]
        wide = {} if text.halo is None else {"stroke_width": 2 * scale, "stroke_fill": text.halo}
        ImageDraw.Draw(self.image).text(
            (text.x, text.y), text.text, text.colour, font, anchor=anchor, **wide
        )

    def labels(self, labels: Iterable[Label]) -> None:
        """Write names with a light halo beside their dots."""
        draw = ImageDraw.Draw(self.image)
        scale = self.frame.scale
        for label in labels:
            font = load_font(self.fonts, label.is_bold, 11 * scale)
            dot = 1.8 * scale
            draw.ellipse(
                [label.x - dot, label.y - dot, label.x + dot, label.y + dot], TEXT, HALO, scale
            )
            draw.text(
                (label.x + 4 * scale, label.y),
                label.text,
                TEXT,
                font,
                anchor="lm",
                stroke_width=2 * scale,
                stroke_fill=HALO,
            )

    def watermark(self, text: str) -> None:
        """Write a text across the picture: an invented tile is never taken for a real one."""
        size = (self.frame.width, self.frame.height)
        self.image.alpha_composite(_slanted(self.fonts, text, size, self.frame.scale))

    def png(self, told: Mapping[str, str] | None = None) -> bytes:
        """Write the picture, with text that says what it shows."""
        return write_png(np.asarray(self.image), told)


@cache
def _slanted(fonts: Path, text: str, size: tuple[int, int], scale: int) -> Image.Image:
    """Set a text across a picture of a size, once."""
    layer = Image.new("RGBA", size, (0, 0, 0, 0))
    font = load_font(fonts, True, 15 * scale)
    centre = (size[0] / 2, size[1] / 2)
    ImageDraw.Draw(layer).text(centre, text, (90, 60, 110, 120), font, anchor="mm")
    return layer.rotate(24, resample=Image.Resampling.BICUBIC)


def _ring(
    draw: ImageDraw.ImageDraw, ring: BaseGeometry, value: int, corner: tuple[int, int]
) -> None:
    points = ((shapely.get_coordinates(ring) - corner) * OVERSAMPLE).tolist()
    if len(points) > 2:  # noqa: PLR2004  a ring
        draw.polygon([tuple(point) for point in points], value)


@lru_cache(64)
def hatch_mask(size: tuple[int, int], scale: int, kind: str) -> np.ndarray:
    """Tell which px of a width and height a hatch covers.

    A tile is a whole number of steps, so that a hatch runs on across tiles.
    """
    step, thick = HATCH * scale // 2, max(scale * 3 // 2, 1)
    across, down = np.arange(size[0])[None, :], np.arange(size[1])[:, None]
    rising, falling = (across + down) % step < thick, (across - down) % step < thick
    kinds = {
        "rising": rising,
        "falling": falling,
        "cross": rising | falling,
        "level": np.broadcast_to(down % step < thick, size[::-1]),
        "wide": (across + down) % (2 * step) < thick,
        "stipple": rising & falling,
        "dots": (across % step < 2 * thick) & (down % step < 2 * thick),
    }
    return kinds[kind]


def _sampled(
    strokes: Sequence[BaseGeometry], scale: float, step: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Walk along strokes step by step: places, and how far along its stroke each is, in px."""
    empty = np.empty(0)
    parts = [(empty, empty, empty)]
    for stroke in strokes:
        x, y = shapely.get_coordinates(stroke).T * scale
        reached = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
        along = np.append(np.arange(0.0, reached[-1], step), reached[-1])
        parts.append((np.interp(along, reached, x), np.interp(along, reached, y), along))
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))  # type: ignore[return-value]


@cache
def _disc(radius: float) -> tuple[np.ndarray, np.ndarray]:
    """List the px of a disc around 0, 0; at least the one in its middle."""
    reach = int(np.ceil(radius))
    down, across = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    inside = np.hypot(across, down) <= max(radius - 0.3, 0.0)
    return across[inside], down[inside]
