"""Draws on a part of the Web Mercator plane with Pillow: polygons, hatches, lines, dots, labels.

Everything is drawn at twice the size and then reduced, which makes edges smooth.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import shapely
from PIL import Image, ImageDraw
from shapely.geometry.base import BaseGeometry
from typing_extensions import override

from app.render.canvas import Canvas, Dashes, TextRun
from app.render.frame import Frame
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

FEW, CORNERS = 200, 5
"""Up to this number, dots are drawn one by one: a layer of the picture's size costs more."""

HATCH = 16
"""Hatches repeat every 16 px at 1x, a divisor of 256, so that they continue from tile to tile."""


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
        parts = shapely.get_parts(shapely.get_parts(list(shapes))).tolist()
        solid = [part for part in parts if part.geom_type == "Polygon" and not part.is_empty]
        box = self._inside(solid)
        if box is None:
            return None
        x0, y0, x1, y1 = box
        mask = Image.new("L", ((x1 - x0) * OVERSAMPLE, (y1 - y0) * OVERSAMPLE), 0)
        draw = ImageDraw.Draw(mask)
        for part in sorted(solid, key=lambda part: -part.area):
            _ring(draw, part.exterior, 255, (x0, y0))
            for hole in part.interiors:
                _ring(draw, hole, 0, (x0, y0))
        return mask.reduce(OVERSAMPLE), (x0, y0)

    def _inside(self, parts: Sequence[BaseGeometry]) -> tuple[int, int, int, int] | None:
        """Return the box of shapes in whole px: a small mask is fast; None when outside."""
        if not parts:
            return None
        min_x, min_y, max_x, max_y = shapely.total_bounds(np.array(parts, object))
        x0, y0 = max(int(min_x) - 1, 0), max(int(min_y) - 1, 0)
        x1 = min(int(max_x) + 2, self.frame.width)
        y1 = min(int(max_y) + 2, self.frame.height)
        return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None

    def _tint(self, mask: Image.Image, at: tuple[int, int], colour: str, opacity: float) -> None:
        alpha = mask if opacity == 1 else mask.point(faded(opacity))
        if self.image.mode == "RGB":
            self.image.paste(rgb(colour), at, alpha)
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
        # A disc is drawn at each step along the strokes: the time depends only on their length.
        scale = self.frame.scale * OVERSAMPLE
        radius = width * scale / 2
        x, y, along = _sampled(strokes, OVERSAMPLE, max(1.0, 0.6 * radius))
        if dashes is not None:
            is_dash = along % (sum(dashes) * scale) < dashes[0] * scale
            x, y = x[is_dash], y[is_dash]
        across, down = _disc(radius)
        columns = np.rint(x).astype(np.int64)[:, None] + across
        rows = np.rint(y).astype(np.int64)[:, None] + down
        wide, high = self.frame.width * OVERSAMPLE, self.frame.height * OVERSAMPLE
        inside = (columns >= 0) & (columns < wide) & (rows >= 0) & (rows < high)
        columns, rows = columns[inside], rows[inside]
        if not len(columns):
            return
        x0, y0 = (int(axis.min()) // OVERSAMPLE for axis in (columns, rows))
        x1, y1 = (int(axis.max()) // OVERSAMPLE + 1 for axis in (columns, rows))
        mask = np.zeros(((y1 - y0) * OVERSAMPLE, (x1 - x0) * OVERSAMPLE), np.uint8)
        mask[rows - y0 * OVERSAMPLE, columns - x0 * OVERSAMPLE] = 255
        self._tint(Image.fromarray(mask).reduce(OVERSAMPLE), (x0, y0), colour, 1.0)

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
        for place in np.flatnonzero(near).tolist():
            cx, cy, r = float(x[place]), float(y[place]), float(radius[place])
            half = int(reach[place])
            # Places are rounded to a quarter of a px, so that few different discs are drawn.
            x0, x1 = (int((half + cx % 1 + side) * 4) for side in (-r, r))
            y0, y1 = (int((half + cy % 1 + side) * 4) for side in (-r, r))
            mask = soft_disc(half, (x0, y0, x1, y1), opacity)
            self._tint(mask, (int(cx // 1) - half, int(cy // 1) - half), colours[place], 1.0)

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
        for start in range(0, len(at), 4096):
            batch, kind = at[start : start + 4096], which[start : start + 4096]
            layer[(batch[:, None] + offsets[kind]).ravel()] = values[kind].ravel()
        whole = Image.fromarray(layer.view(np.uint8).reshape(high, wide, 4))
        self._stamp(whole.reduce(over), x0 // over, y0 // over)

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


def _ring(
    draw: ImageDraw.ImageDraw, ring: BaseGeometry, value: int, corner: tuple[int, int]
) -> None:
    points = ((shapely.get_coordinates(ring) - corner) * OVERSAMPLE).tolist()
    if len(points) > 2:  # noqa: PLR2004  a ring
        draw.polygon([tuple(point) for point in points], value)


def hatch_mask(
    size: tuple[int, int], scale: int, kind: str, at: tuple[int, int] = (0, 0)
) -> np.ndarray:
    """Return a mask of the px that a hatch covers, for a part of the picture.

    Args:
        size: width and height of the part, in px.
        scale: px of the picture to one px at 1x.
        kind: of the hatch.
        at: the upper left px of the part; a hatch continues from part to part.
    """
    period = _hatch_period(scale, kind)
    side = len(period)
    across, down = (
        np.arange(start, start + length) % side for start, length in zip(at, size, strict=True)
    )
    return np.asarray(period[down[:, None], across[None, :]])


@cache
def _hatch_period(scale: int, kind: str) -> np.ndarray:
    """Draw the square of a hatch that repeats."""
    step, thick, side = HATCH * scale // 2, max(scale * 3 // 2, 1), HATCH * scale
    across, down = np.arange(side)[None, :], np.arange(side)[:, None]
    rising, falling = (across + down) % step < thick, (across - down) % step < thick
    kinds = {
        "rising": rising,
        "falling": falling,
        "cross": rising | falling,
        "level": np.broadcast_to(down % step < thick, (side, side)),
        "wide": (across + down) % (2 * step) < thick,
        "stipple": rising & falling,
        "dots": (across % step < 2 * thick) & (down % step < 2 * thick),
    }
    return kinds[kind]


def _sampled(
    strokes: Sequence[BaseGeometry], scale: float, step: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return points along strokes, a step apart: x, y and the distance from the stroke's start."""
    points, stroke = shapely.get_coordinates(strokes, return_index=True)
    if not len(points):
        return np.empty(0), np.empty(0), np.empty(0)
    x, y = points.T * scale
    begins = np.flatnonzero(np.diff(stroke, prepend=-1))
    gaps = np.hypot(np.diff(x, prepend=x[0]), np.diff(y, prepend=y[0]))
    gaps[begins] = 1.0  # strokes lie one after another, a step of 1 apart
    reached = np.cumsum(gaps)
    starts, ends = reached[begins], reached[np.append(begins[1:], len(x)) - 1]
    counts = np.ceil((ends - starts) / step).astype(np.int64) + 1
    along = (np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)) * step
    along = np.minimum(along, np.repeat(ends - starts, counts))
    at = np.repeat(starts, counts) + along
    return np.interp(at, reached, x), np.interp(at, reached, y), along


@cache
def _disc(radius: float) -> tuple[np.ndarray, np.ndarray]:
    """List the px of a disc around 0, 0; at least the middle one."""
    reach = int(np.ceil(radius))
    down, across = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    inside = np.hypot(across, down) <= max(radius - 0.3, 0.0)
    return across[inside], down[inside]
