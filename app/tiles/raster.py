"""The layers of a picture: each function draws one layer on a canvas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.reference.basemap import Basemap
from app.render.canvas import Canvas, strokes_of
from app.render.frame import TILE_PX, Frame
from app.render.palette import (
    BAND_PX,
    BORDER,
    CLASS_OPACITY,
    DENSITY,
    DENSITY_MOST,
    DENSITY_PX,
    DISC_OPACITY,
    LAND,
    NO_FIGURE_PATTERN,
    REGION_EDGE,
    RING,
    RIVER,
    SETTLEMENT_PX,
    STALE_OPACITY,
    WATER,
    Mark,
    Pattern,
    band_share,
    pattern_opacity,
)
from app.rows import CodeNames, Table
from app.tiles.grid import EDGE_M

DOT_PX, OUTLINE_PX = 4.2, 2.0
EARTH_PX_M = 2 * EDGE_M / TILE_PX
"""Metres per px at zoom 0 on the equator, for tiles of 256 px."""


class Shade(NamedTuple):
    """A region and its fill: the number of a class, or None for "no figure" (hatched)."""

    shape: BaseGeometry
    class_number: int | None
    is_outlined: bool = False
    """The one region of a View: a strong edge says where, since there is nothing to compare."""


class HatchedArea(NamedTuple):
    """An area of control and its hatch."""

    shape: BaseGeometry
    pattern: Pattern


class Looks(NamedTuple):
    """The look of each mark: its place in `kinds`, and its radius as a factor of the usual one."""

    kinds: Sequence[Mark]
    kind: np.ndarray
    size: np.ndarray


def draw_basemap(painter: Canvas, basemap: Basemap) -> None:
    """Draw land, water, rivers and borders."""
    bounds = painter.frame.bounds(margin=0.05)
    zoom = painter.frame.z
    painter.fill(basemap.land.within(*bounds), LAND)
    painter.fill(basemap.lakes.within(*bounds), WATER)
    if zoom >= 4:  # noqa: PLR2004
        painter.lines(basemap.rivers.within(*bounds), RIVER, 0.8 if zoom < 7 else 1.4)  # noqa: PLR2004
    painter.lines(basemap.borders.within(*bounds), BORDER, 1.1)


def draw_regions(painter: Canvas, shades: Sequence[Shade], colours: Sequence[str]) -> None:
    """Colour regions by class, hatch those with incidents and no figure, and draw all edges.

    In a city the colour is only a band inside the edge.
    """
    flat = painter.visible([shade.shape for shade in shades])
    share = band_share(painter.frame.z)
    if share < 1:
        _shade(painter, flat, shades, colours, 1 - share)
    if share > 0:  # to find the bands takes longer than to draw them
        _shade(painter, _bands(flat, painter.frame.scale), shades, colours, share)
    painter.stroke(strokes_of(flat), REGION_EDGE, 0.6)
    outlined = [one for one, shade in zip(flat, shades, strict=True) if shade.is_outlined]
    painter.stroke(strokes_of(outlined), REGION_EDGE, OUTLINE_PX)


def _shade(
    painter: Canvas,
    parts: Sequence[BaseGeometry],
    shades: Sequence[Shade],
    colours: Sequence[str],
    strength: float,
) -> None:
    of: dict[int | None, list[BaseGeometry]] = {}
    for part, shade in zip(parts, shades, strict=True):
        of.setdefault(shade.class_number, []).append(part)
    for number, colour in enumerate(colours):
        painter.paint(of.get(number, []), colour, CLASS_OPACITY * strength)
    painter.paint_hatch(of.get(None, []), NO_FIGURE_PATTERN, 0.9 * strength)


def _bands(flat: Sequence[BaseGeometry], scale: int) -> list[BaseGeometry]:
    """Return the inside of each region along its edge, in px."""
    whole = shapely.buffer(np.array(flat, object), 0)  # simplified shapes may cross themselves
    return list(shapely.difference(whole, shapely.buffer(whole, -BAND_PX * scale)))


def draw_control(
    painter: Canvas, grounds: Sequence[HatchedArea], line: BaseGeometry | None, *, is_stale: bool
) -> None:
    """Hatch the ground of each party and draw the line between them; fainter when they are old."""
    strength = STALE_OPACITY if is_stale else 1.0
    for pattern in dict.fromkeys(ground.pattern for ground in grounds):
        shapes = [ground.shape for ground in grounds if ground.pattern == pattern]
        painter.hatch(shapes, pattern, pattern_opacity(pattern) * strength)
    if line is not None and not line.is_empty:
        painter.front_line(line, is_stale=is_stale)


def draw_density(painter: Canvas, marks: Table) -> None:
    """Draw the density of marks, where a View has too many of them for this zoom."""
    frame = painter.frame
    x, y = frame.square_pixels(marks["mercator_x"], marks["mercator_y"])
    painter.paste(density(x, y, frame))


def draw_incidents(
    painter: Canvas, marks: Table, looks: Looks, names: CodeNames, dot_px: float = DOT_PX
) -> None:
    """Draw dots, with soft discs for settlements; large dots lie below small ones.

    Args:
        painter: the picture.
        marks: those in the picture and around it, so that none is cut off at the edge.
        looks: the look of each mark.
        names: the words of the codes in the columns.
        dot_px: the usual radius of a dot at 1x.
    """
    frame = painter.frame
    x, y = frame.pixels(marks["lon_e7"] / 1e7, marks["lat_e7"] / 1e7)
    reach = (SETTLEMENT_PX[1] + dot_px) * frame.scale
    near = (x > -reach) & (x < frame.width + reach) & (y > -reach) & (y < frame.height + reach)
    x, y, size = x[near], y[near], looks.size[near]
    kinds = [looks.kinds[number] for number in looks.kind[near].tolist()]
    soft = np.flatnonzero(marks["precision"][near] == names.precisions.index("settlement"))
    radius = _error_px(marks["error_m"][near][soft], marks["lat_e7"][near][soft] / 1e7, frame)
    # The reports of a town share its middle: a disc for each would be opaque. The largest stays.
    order = np.argsort(-radius, kind="stable")
    spots = (x[soft] + 1j * y[soft])[order]  # as single numbers they are compared fastest
    first = np.sort(order[np.unique(spots, return_index=True)[1]])
    soft, radius = soft[first], radius[first]
    colours = [kinds[place].colour for place in soft.tolist()]
    painter.discs(x[soft], y[soft], radius, colours, opacity=DISC_OPACITY)
    for factor in np.unique(size)[::-1].tolist():
        of_size = np.flatnonzero(size == factor)
        same = [kinds[place] for place in of_size.tolist()]
        painter.dots(x[of_size], y[of_size], same, dot_px * factor, RING)


def _error_px(error_m: np.ndarray, lat: np.ndarray, frame: Frame) -> np.ndarray:
    metres_per_px = EARTH_PX_M * np.cos(np.radians(lat)) / 2.0**frame.z / frame.scale
    low, high = SETTLEMENT_PX
    return np.asarray(
        np.clip(np.maximum(error_m, 0) / metres_per_px, low * frame.scale, high * frame.scale)
    )


def density(x: np.ndarray, y: np.ndarray, frame: Frame) -> np.ndarray:
    """Return counts per cell as RGBA pixels, on a logarithmic cividis scale."""
    cell = DENSITY_PX * frame.scale
    across, down = -(-frame.width // cell), -(-frame.height // cell)
    inside = (x >= 0) & (x < frame.width) & (y >= 0) & (y < frame.height)
    place = (y[inside] / cell).astype(int) * across + (x[inside] / cell).astype(int)
    counts = np.bincount(place, minlength=across * down)
    level = np.minimum(np.log1p(counts) / np.log1p(DENSITY_MOST), 1.0)
    stops = np.linspace(0, 1, len(DENSITY))
    channels = [np.interp(level, stops, [stop[i] for stop in DENSITY]) for i in range(3)]
    alpha = np.where(counts > 0, 170 + 85 * level, 0)
    pixels = np.stack([*channels, alpha], axis=-1).astype(np.uint8).reshape(down, across, 4)
    whole = pixels.repeat(cell, axis=0).repeat(cell, axis=1)
    return np.ascontiguousarray(whole[: frame.height, : frame.width])
