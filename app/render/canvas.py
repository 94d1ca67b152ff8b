"""The canvas on which layers draw, whether it becomes pixels, SVG or PDF.

Layers draw shapes in degrees; a canvas projects them to px of its frame, clips them and removes
needless vertices. Places are px of the picture; widths, radii and sizes of letters are px at 1x.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from app.render.frame import Frame
from app.render.palette import DASHES, LINE, LINE_CASING, SHAPES, STALE_WIDTH, Mark, Pattern

CASING_PX, LINE_PX, AREA_PX = 4.6, 2.4, 1.4
Dashes = tuple[int, int]
POLYGON = 3
"""The value of shapely.get_type_id for a polygon."""


class TextRun(NamedTuple):
    """One line of text with its baseline at y; `anchor` is the part of the line at x.

    `angle` turns it around that place, in degrees, clockwise. `is_rtl` says that the line belongs
    to a text from right to left; otherwise its first letter decides.
    """

    text: str
    x: float
    y: float
    size: float
    colour: str
    is_bold: bool = False
    anchor: str = "start"
    halo: str | None = None
    angle: float = 0.0
    is_rtl: bool = False

    def mirrored(self, width: float) -> TextRun:
        """Move the line to the other side of a page that is read from right to left."""
        anchor = {"start": "end", "end": "start"}.get(self.anchor, self.anchor)
        return self._replace(x=width - self.x, anchor=anchor, is_rtl=True)


class Canvas(ABC):
    """A picture while it is drawn: the same layers draw on every kind of canvas."""

    def __init__(self, frame: Frame, fonts: Path) -> None:
        self.frame, self.fonts = frame, fonts

    def visible(self, shapes: Iterable[BaseGeometry]) -> list[BaseGeometry]:
        """Clip each shape to the frame with a margin, in px, without needless vertices."""
        whole = np.array(list(shapes), object)
        if not len(whole):
            return []
        clipped = shapely.clip_by_rect(whole, *self.frame.bounds(margin=0.05))
        flat = shapely.transform(
            clipped, lambda points: np.column_stack(self.frame.pixels(points[:, 0], points[:, 1]))
        )
        # Shapes are only drawn, so they need not stay valid, which is several times faster.
        thin = shapely.simplify(flat, 0.3, preserve_topology=False)
        return list(thin)

    def fill(self, shapes: Iterable[BaseGeometry], colour: str, opacity: float = 1.0) -> None:
        """Fill polygons in degrees."""
        self.paint(self.visible(shapes), colour, opacity)

    def hatch(
        self, shapes: Iterable[BaseGeometry], pattern: Pattern, opacity: float = 0.75
    ) -> None:
        """Hatch polygons in degrees; the pattern continues from tile to tile."""
        self.paint_hatch(self.visible(shapes), pattern, opacity)

    def lines(
        self,
        shapes: Iterable[BaseGeometry],
        colour: str,
        width: float,
        dashes: Dashes | None = None,
    ) -> None:
        """Stroke lines (or the edges of polygons) in degrees, whole or in dashes."""
        self.stroke(strokes_of(self.visible(shapes)), colour, width, dashes)

    def front_line(self, line: BaseGeometry, *, is_stale: bool = False) -> None:
        """Draw a front line: dark with a light casing, so that it is visible on any hatch.

        A line older than the theatre's limit is thin and dashed.
        """
        strokes, factor = strokes_of(self.visible([line])), STALE_WIDTH if is_stale else 1.0
        self.stroke(strokes, LINE_CASING, CASING_PX * factor)
        self.stroke(strokes, LINE, LINE_PX * factor, DASHES["stale"] if is_stale else None)

    def is_near(self, x: float, y: float, reach: float) -> bool:
        """Tell whether something around a point, up to `reach` px away, is in the picture."""
        frame = self.frame
        return -reach < x < frame.width + reach and -reach < y < frame.height + reach

    @abstractmethod
    def paint(self, shapes: Sequence[BaseGeometry], colour: str, opacity: float = 1.0) -> None:
        """Fill polygons in px."""

    @abstractmethod
    def paint_hatch(
        self, shapes: Sequence[BaseGeometry], pattern: Pattern, opacity: float = 0.75
    ) -> None:
        """Hatch polygons in px."""

    @abstractmethod
    def stroke(
        self,
        strokes: Sequence[BaseGeometry],
        colour: str,
        width: float,
        dashes: Dashes | None = None,
    ) -> None:
        """Stroke lines in px."""

    @abstractmethod
    def discs(
        self,
        x: np.ndarray,
        y: np.ndarray,
        radius: np.ndarray,
        colours: Sequence[str],
        *,
        opacity: float,
    ) -> None:
        """Draw soft circles; the radius is in px of the picture."""

    @abstractmethod
    def dots(
        self, x: np.ndarray, y: np.ndarray, marks: Sequence[Mark], radius: float, ring: str
    ) -> None:
        """Draw each mark in its shape with a ring of 1 px, later ones over earlier ones.

        Each shape is about as large as a circle of the radius, in px at 1x.
        """

    @abstractmethod
    def paste(self, pixels: np.ndarray) -> None:
        """Draw RGB or RGBA pixels over the whole picture."""

    @abstractmethod
    def write(self, text: TextRun) -> None:
        """Write a line of text."""

    @property
    def watermark_px(self) -> int:
        """Size of a watermark's letters at 1x: 15 on a tile, more on a figure."""
        return min(self.frame.across // 17, 44)

    @property
    def watermark_opacity(self) -> float:
        """The opacity of a watermark: the larger letters on a figure need less."""
        return 0.47 if self.watermark_px < 20 else 0.3  # noqa: PLR2004

    @abstractmethod
    def watermark(self, text: str) -> None:
        """Write a text across the picture, so that nobody takes invented data for real ones."""

    @abstractmethod
    def inset(self, frame: Frame, x: int, y: int) -> AbstractContextManager[Canvas]:
        """Draw into a rectangle of this picture and clip to it; `x` and `y` are px at 1x."""


@cache
def outline(shape: str, radius: float, inset: float = 0.0) -> Polygon:
    """Return the shape of a mark in a size, with its edge moved inwards by `inset` px."""
    whole = Polygon(np.array(SHAPES[shape]) * radius)
    return whole.buffer(-inset, join_style="mitre") if inset else whole


def strokes_of(shapes: Iterable[BaseGeometry]) -> list[BaseGeometry]:
    """Split shapes into single lines; polygons into their rings."""
    parts = shapely.get_parts(shapely.get_parts(list(shapes)))
    is_polygon = shapely.get_type_id(parts) == POLYGON
    parts[is_polygon] = shapely.boundary(parts[is_polygon])
    lines = shapely.get_parts(parts)
    return list(lines[~shapely.is_empty(lines)])


def solid_parts(shapes: Iterable[BaseGeometry]) -> np.ndarray:
    """Split shapes into their polygons, without lines, points and empty parts."""
    parts = shapely.get_parts(shapely.get_parts(list(shapes)))
    return np.asarray(parts[(shapely.get_type_id(parts) == POLYGON) & ~shapely.is_empty(parts)])


def polygons_of(shapes: Iterable[BaseGeometry]) -> list[Polygon]:
    """Split shapes into single polygons, all wound in the same direction.

    In one path with the non-zero rule, neighbours then touch without a gap, an enclave fills the
    hole of its neighbour, and overlapping areas are filled once.
    """
    return cast("list[Polygon]", list(shapely.orient_polygons(solid_parts(shapes))))
