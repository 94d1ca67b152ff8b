"""Draws on a part of the Web Mercator plane with Pillow: polygons, hatches, lines, dots, labels.

Everything is drawn at twice the size and then reduced, which makes edges smooth.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import shapely
from PIL import Image, ImageDraw
from shapely.geometry.base import BaseGeometry
from typing_extensions import override

from app.render.canvas import Canvas, Dashes, TextRun, solid_parts
from app.render.frame import Frame
from app.render.hatches import hatch_mask
from app.render.palette import PAPER, Mark, Pattern, rgb
from app.render.png import write_png
from app.render.stamps import (
    OVERSAMPLE,
    dot,
    faded,
    footprint,
    letters,
    reach_of,
    slanted,
    soft_disc,
)
from app.render.strokes import stroke_mask

FEW, CORNERS = 200, 5
"""Up to this number, dots are drawn one by one: a layer of the picture's size costs more."""

BATCH = 256
"""So many dots are drawn at once: the px of more do not fit the cache of a core."""

LARGE_PX = 1000
"""Through a mask of more px, a picture of a colour is pasted in half the time of the colour."""


class Painter(Canvas):
    """A picture drawn as pixels: RGB on a background, else RGBA."""

    def __init__(self, frame: Frame, background: str | None, fonts: Path) -> None:
        super().__init__(frame, fonts)
        mode, colour = ("RGB", rgb(background)) if background else ("RGBA", (0, 0, 0, 0))
        self.image = Image.new(mode, (frame.width, frame.height), colour)

    @override
    def paint(self, shapes: Sequence[BaseGeometry], colour: str, opacity: float = 1.0) -> None:
        if opacity == 1 and (boxes := _whole_boxes(shapes)) is not None:
            for box in boxes:  # its edges need no smoothing: this is the fastest way
                self.image.paste(colour, box)
            return
        masked = self._mask(shapes)
        if masked is not None:
            self._tint(*masked, colour, opacity)

    @override
    def paint_hatch(
        self, shapes: Sequence[BaseGeometry], pattern: Pattern, opacity: float = 0.75
    ) -> None:
        if opacity == 1 and (boxes := _whole_boxes(shapes)) is not None:
            for x0, y0, x1, y1 in boxes:
                size, at = (x1 - x0, y1 - y0), (x0, y0)
                hatch = hatch_mask(size, self.frame.scale, pattern.kind, at)
                self._tint(Image.fromarray(hatch).convert("L"), at, pattern.colour, opacity)
            return
        masked = self._mask(shapes)
        if masked is None:
            return
        mask, at = masked
        hatch = hatch_mask(mask.size, self.frame.scale, pattern.kind, at)
        cut = Image.fromarray(np.where(hatch, np.asarray(mask), np.uint8(0)))
        self._tint(cut, at, pattern.colour, opacity)

    def _mask(self, shapes: Sequence[BaseGeometry]) -> tuple[Image.Image, tuple[int, int]] | None:
        """Draw polygons as a mask of their part of the picture, large ones first.

        So an enclave fills the hole of its neighbour. None when they are outside the picture.
        """
        polygons = solid_parts(shapes)
        rings, owner = shapely.get_rings(
            polygons[np.argsort(-shapely.area(polygons), kind="stable")], return_index=True
        )
        points, ring = shapely.get_coordinates(rings, return_index=True)
        box = self._inside(points)
        if box is None:
            return None
        x0, y0, x1, y1 = box
        mask = Image.new("L", ((x1 - x0) * OVERSAMPLE, (y1 - y0) * OVERSAMPLE), 0)
        draw = ImageDraw.Draw(mask)
        corners = (points - (x0, y0)) * OVERSAMPLE
        is_outer = np.diff(owner, prepend=-1) != 0
        lines = np.split(corners, np.flatnonzero(np.diff(ring)) + 1)
        for line, value in zip(lines, np.where(is_outer, 255, 0).tolist(), strict=True):
            draw.polygon(line.ravel().tolist(), value)
        return mask.reduce(OVERSAMPLE), (x0, y0)

    def _inside(self, points: np.ndarray) -> tuple[int, int, int, int] | None:
        """Return the box of points in whole px: a small mask is fast; None when outside."""
        if not len(points):
            return None
        (min_x, min_y), (max_x, max_y) = points.min(axis=0), points.max(axis=0)
        x0, y0 = max(int(min_x) - 1, 0), max(int(min_y) - 1, 0)
        x1 = min(int(max_x) + 2, self.frame.width)
        y1 = min(int(max_y) + 2, self.frame.height)
        return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None

    def _tint(self, mask: Image.Image, at: tuple[int, int], colour: str, opacity: float) -> None:
        alpha = mask if opacity == 1 else mask.point(faded(opacity))
        if self.image.mode == "RGB":
            ink = rgb(colour)
            is_large = mask.width * mask.height > LARGE_PX
            self.image.paste(Image.new("RGB", mask.size, ink) if is_large else ink, at, alpha)
            return
        layer = Image.new("RGBA", mask.size, (*rgb(colour), 255))
        layer.putalpha(alpha)
        self._stamp(layer, *at)

    @override
    def stroke(
        self,
        strokes: Sequence[BaseGeometry],
        colour: str,
        width: float,
        dashes: Dashes | None = None,
    ) -> None:
        masked = stroke_mask(strokes, self.frame, width, dashes)
        if masked is not None:
            self._tint(*masked, colour, 1.0)

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
        wide, high = self.frame.width, self.frame.height
        reach = np.ceil(radius + 2)
        near = (x > -reach) & (y > -reach) & (x < wide + reach) & (y < high + reach)
        places = np.flatnonzero(near)
        half, r = reach[places].astype(int), radius[places]
        left, top = (np.floor(axis[places]).astype(int) - half for axis in (x, y))
        # Places are rounded to a quarter of a px, so that few different discs are drawn.
        middles = [half + axis[places] % 1 for axis in (x, y)]
        sides = [((middle + side) * 4).astype(int) for side in (-r, r) for middle in middles]
        masks = zip(
            half.tolist(), zip(*(side.tolist() for side in sides), strict=True), strict=True
        )
        corners = zip(left.tolist(), top.tolist(), strict=True)
        for place, mask, corner in zip(places.tolist(), masks, corners, strict=True):
            self._tint(soft_disc(*mask, opacity), corner, colours[place], 1.0)

    @override
    def dots(
        self, x: np.ndarray, y: np.ndarray, marks: Sequence[Mark], radius: float, ring: str
    ) -> None:
        kinds = sorted(set(marks))
        over, scale = OVERSAMPLE, self.frame.scale
        reach = radius * scale * over * max((reach_of(kind.shape) for kind in kinds), default=0)
        half = int(np.ceil(reach))
        px, py = np.floor(x * over).astype(int), np.floor(y * over).astype(int)
        near = (px > -half) & (px < self.frame.width * over + half)
        near &= (py > -half) & (py < self.frame.height * over + half)
        places = np.flatnonzero(near).tolist()
        if len(places) > FEW:
            self._layer(px[near], py[near], [marks[place] for place in places], radius, ring)
            return
        for place in places:
            (x0, phase_x), (y0, phase_y) = (divmod(int(axis[place]), over) for axis in (px, py))
            stamp, middle = dot(marks[place], radius * scale, (ring, scale), (phase_x, phase_y))
            self._stamp(stamp, x0 - middle, y0 - middle)

    def _layer(
        self, px: np.ndarray, py: np.ndarray, marks: Sequence[Mark], radius: float, ring: str
    ) -> None:
        """Draw many marks as one layer; their middles are px of the enlarged picture."""
        over, scale = OVERSAMPLE, self.frame.scale
        kinds = {kind: number for number, kind in enumerate(sorted(set(marks)))}
        prints = [footprint(kind.shape, radius * scale * over, scale * over) for kind in kinds]
        half = max(len(covered) for covered, _edge in prints) // 2
        # The part of the picture with dots, in whole px, with a margin for the size of a dot.
        x0, y0 = (int(axis.min() - half) // over * over for axis in (px, py))
        wide, high = (int(px.max()) + half + over - x0), (int(py.max()) + half + over - y0)
        wide, high = wide + wide % over, high + high % over
        layer = np.zeros(high * wide, np.uint32)  # the four bytes of a px as one number
        at = (py - y0) * wide + (px - x0)
        which = np.array([kinds[mark] for mark in marks])
        offsets, values = _offsets(list(kinds), prints, ring, wide)
        # Ring and filling of a dot are written together, so that a later dot covers an earlier one.
        for start in range(0, len(at), BATCH):
            batch, kind = at[start : start + BATCH], which[start : start + BATCH]
            layer[(batch[:, None] + offsets[kind]).ravel()] = values[kind].ravel()
        # No px is half transparent, so that colours multiplied by their alpha are the same.
        whole = Image.frombuffer("RGBa", (wide, high), layer, "raw", "RGBa", 0, 1).reduce(over)
        self._stamp(whole.convert("RGBA"), x0 // over, y0 // over)

    def _stamp(self, stamp: Image.Image, x0: int, y0: int) -> None:
        if self.image.mode == "RGB":  # three times as fast, and it clips by itself
            self.image.paste(stamp, (x0, y0), stamp)
            return
        x1, y1 = x0 + stamp.width, y0 + stamp.height
        if x0 >= 0 and y0 >= 0 and x1 <= self.frame.width and y1 <= self.frame.height:
            self.image.alpha_composite(stamp, (x0, y0))
            return
        crop = (max(-x0, 0), max(-y0, 0), stamp.width, stamp.height)
        if crop[0] >= crop[2] or crop[1] >= crop[3]:
            return
        if x0 < self.frame.width and y0 < self.frame.height:
            self.image.alpha_composite(stamp.crop(crop), (max(x0, 0), max(y0, 0)))

    @override
    def paste(self, pixels: np.ndarray) -> None:
        layer = Image.fromarray(pixels)
        if layer.mode == "RGB":
            self.image.paste(layer)
        else:
            self._stamp(layer, 0, 0)

    @override
    def write(self, text: TextRun) -> None:
        x, y = (divmod(round(axis * OVERSAMPLE), OVERSAMPLE) for axis in (text.x, text.y))
        look = text._replace(x=0, y=0)
        stamp, dx, dy = letters(self.fonts, look, self.frame.scale, (x[1], y[1]))
        self._stamp(stamp, x[0] + dx, y[0] + dy)

    @override
    @contextmanager
    def inset(self, frame: Frame, x: int, y: int) -> Iterator[Painter]:
        part = Painter(frame, PAPER, self.fonts)
        yield part
        self.image.paste(part.image, (x * frame.scale, y * frame.scale))

    @override
    def watermark(self, text: str) -> None:
        size = (self.frame.width, self.frame.height)
        letters = self.watermark_px * self.frame.scale
        alpha = round(255 * self.watermark_opacity)
        self._stamp(slanted(self.fonts, text, size, letters, alpha), 0, 0)

    def png(self, metadata: Mapping[str, str] | None = None) -> bytes:
        """Return the picture as PNG; `metadata` is text by keyword (see `write_png`)."""
        return write_png(np.asarray(self.image), metadata)


def _offsets(
    kinds: Sequence[Mark], prints: Sequence[tuple[np.ndarray, np.ndarray]], ring: str, wide: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the px of each kind of mark, as offsets from its middle, and their values.

    Every kind has the same number of them: a smaller one repeats its first px.
    """
    most = max(int(covered.sum()) for covered, _edge in prints)
    offsets, values = (np.empty((len(kinds), most), kind) for kind in (np.int64, np.uint32))
    for row, (kind, (covered, edge)) in enumerate(zip(kinds, prints, strict=True)):
        down, across = np.nonzero(covered)
        half = len(covered) // 2
        places = (down - half) * wide + across - half
        colours = np.where(edge[covered], _packed(ring), _packed(kind.colour))
        offsets[row] = np.append(places, [places[0]] * (most - len(places)))
        values[row] = np.append(colours, [colours[0]] * (most - len(colours)))
    return offsets, values


def _packed(colour: str) -> np.uint32:
    """Return a colour as the four bytes of an opaque px, in one number."""
    return np.uint32(np.array([*rgb(colour), 255], np.uint8).view(np.uint32)[0])


def _whole_boxes(shapes: Sequence[BaseGeometry]) -> list[tuple[int, int, int, int]] | None:
    """Return rectangles that lie on whole px; None when any shape is something else."""
    polygons = np.array(shapes, object)
    if not len(polygons) or (shapely.get_num_coordinates(polygons) != CORNERS).any():
        return None
    bounds = shapely.bounds(polygons)
    wide, high = bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1]
    # Four corners that enclose as much as their bounds are a rectangle.
    is_box = shapely.area(polygons) == wide * high
    if not (is_box & (bounds == np.rint(bounds)).all(axis=1)).all():
        return None
    return [(x0, y0, x1, y1) for x0, y0, x1, y1 in bounds.astype(int).tolist()]
