"""Draws an operator's basemap under the marks: land use, water, roads, rails, and their names."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import shapely
from PIL import Image, UnidentifiedImageError
from shapely.geometry.base import BaseGeometry

from app.render.canvas import Canvas, Dashes, strokes_of
from app.render.frame import TILE_PX, Frame
from app.render.palette import (
    BUILDING,
    BUILT,
    LAND,
    MAIN_ROAD,
    PARK,
    PATH,
    RAIL,
    RIVER,
    ROAD,
    ROAD_EDGE,
    UNKNOWN_GROUND,
    WATER,
    WOOD,
    WORKS,
)
from app.streets.decoding import Parts, tile_lines, tile_polygons
from app.streets.ground import GroundTile, StreetMap, TilePlace
from app.streets.schema import WAYS

STREETS_FROM = 8.5
"""The zoom from which an operator's basemap is drawn: the shipped one is made for smaller ones."""

MOST_PICTURE_PX, MOST_ENLARGED = 4_096, 5
AREA_LOOKS = {
    "wood": (WOOD, 9),
    "park": (PARK, 10),
    "built": (BUILT, 9),
    "works": (WORKS, 11),
    "water": (WATER, 0),
    "building": (BUILDING, 13),
}
"""The colour of each kind of area, and the zoom from which it is drawn."""


class WayLook(NamedTuple):
    """How a kind of way looks: colour, colour of its edge, widths in px by zoom, dashes."""

    colour: str
    edge: str | None
    widths: Mapping[float, float]
    dashes: Dashes | None = None

    def width(self, zoom: float) -> float:
        """The width at a zoom, in px at 1x; 0 where it is not drawn."""
        zooms = list(self.widths)
        if zoom < zooms[0]:
            return 0.0
        return float(np.interp(zoom, zooms, list(self.widths.values())))


WAY_LOOKS = {
    "stream": WayLook(RIVER, None, {8: 0.8, 12: 1.2, 15: 2.2, 18: 5}),
    "rail": WayLook(RAIL, None, {11: 0.8, 14: 1.2, 17: 2}, (6, 3)),
    "path": WayLook(PATH, None, {15: 0.8, 17: 1.4}, (3, 2)),
    "service": WayLook(ROAD, ROAD_EDGE, {14: 0.8, 15: 1.6, 16: 3, 18: 8}),
    "street": WayLook(ROAD, ROAD_EDGE, {12: 0.6, 13: 1, 14: 2, 15: 4, 16: 6.5, 18: 16}),
    "main": WayLook(MAIN_ROAD, ROAD_EDGE, {9: 0.7, 11: 1.2, 13: 2.6, 14: 4, 16: 9, 18: 20}),
    "motorway": WayLook(MAIN_ROAD, ROAD_EDGE, {8: 1, 11: 1.8, 13: 3.4, 14: 5, 16: 10, 18: 22}),
    "line": WayLook(UNKNOWN_GROUND, None, {8: 0.8, 16: 1.2}),
}
EDGED_FROM_PX = 1.5
"""A way of this width has an edge of half a px on each side; a thinner one has its colour."""


class Cell(NamedTuple):
    """A tile of the basemap on a picture: shares of the tile times `side` px, plus the corner."""

    ground: GroundTile | bytes
    side: float
    x: float
    y: float

    def px(self, shares: np.ndarray) -> np.ndarray:
        """Place shares of the tile on the picture."""
        return np.asarray(shares * self.side + (self.x, self.y))


def cells_on(frame: Frame, streets: StreetMap) -> list[Cell]:
    """List the basemap's tiles that a picture shows.

    A vector tile has 512 px, as usual: it is of the zoom above. Where the file has nothing of that
    zoom (zooms are missing, or end), the nearest smaller zoom is enlarged.
    """
    facts = streets.tileset.facts
    zoom = min(round(frame.z) - (1 if facts.is_vector else 0), facts.max_zoom)
    for smaller in range(zoom, max(zoom - MOST_ENLARGED, facts.min_zoom) - 1, -1):
        if cells := list(_cells_of_zoom(frame, streets, smaller)):
            return cells
    return []


def _cells_of_zoom(frame: Frame, streets: StreetMap, zoom: int) -> Iterator[Cell]:
    side = TILE_PX * frame.scale * 2.0 ** (frame.z - zoom)
    left, top = frame.x * TILE_PX * frame.scale, frame.y * TILE_PX * frame.scale
    n = 1 << zoom
    first_row, last_row = int(top // side), int(-(-(top + frame.height) // side))
    for column in range(int(left // side), int(-(-(left + frame.width) // side))):
        for row in range(max(first_row, 0), min(last_row, n)):
            ground = streets.tile(TilePlace(zoom, column % n, row))
            if ground is not None:
                yield Cell(ground, side, column * side - left, row * side - top)


def draw_streets(canvas: Canvas, streets: StreetMap) -> None:
    """Draw areas and ways in one quiet style; pictures as they are.

    State borders are never taken from the file: it would take a side where they are disputed.
    """
    frame = canvas.frame
    if frame.z < STREETS_FROM:
        return
    cells = cells_on(frame, streets)
    if not streets.tileset.facts.is_vector:
        _draw_pictures(canvas, cells)
        return
    grounds = [cell for cell in cells if isinstance(cell.ground, GroundTile)]
    if streets.has_ocean:
        canvas.paint([_box(cell, frame) for cell in grounds], LAND)
    for kind, (colour, least_zoom) in AREA_LOOKS.items():
        if frame.z >= least_zoom:
            canvas.paint(_areas(grounds, kind, frame), colour)
    canvas.stroke(strokes_of(_areas(grounds, "area", frame)), UNKNOWN_GROUND, 0.6)
    _draw_ways(canvas, grounds)


def _draw_ways(canvas: Canvas, grounds: Sequence[Cell]) -> None:
    """Draw the edges of all ways, then the ways: so that crossings are open."""
    frame = canvas.frame
    ways = {kind: _ways(grounds, kind, frame) for kind in WAYS if WAY_LOOKS[kind].width(frame.z)}
    for kind, shapes in ways.items():
        look, width = WAY_LOOKS[kind], WAY_LOOKS[kind].width(frame.z)
        if look.edge is not None and width >= EDGED_FROM_PX:
            canvas.stroke(shapes, look.edge, width + 1)
    for kind, shapes in ways.items():
        look, width = WAY_LOOKS[kind], WAY_LOOKS[kind].width(frame.z)
        is_thin = look.edge is not None and width < EDGED_FROM_PX
        canvas.stroke(
            shapes, look.edge if is_thin and look.edge else look.colour, width, look.dashes
        )


def _box(cell: Cell, frame: Frame) -> BaseGeometry:
    """The square of a tile, as far as it is on the picture, on whole px."""
    return shapely.box(
        max(round(cell.x), 0),
        max(round(cell.y), 0),
        min(round(cell.x + cell.side), frame.width),
        min(round(cell.y + cell.side), frame.height),
    )


def _draw_pictures(canvas: Canvas, cells: Sequence[Cell]) -> None:
    """Paste tiles that are pictures, enlarged or reduced as the picture needs."""
    if not cells:
        return
    frame = canvas.frame
    whole = Image.new("RGBA", (frame.width, frame.height), (0, 0, 0, 0))
    for cell in cells:
        try:
            with Image.open(io.BytesIO(bytes(cell.ground))) as picture:  # type: ignore[arg-type]
                if max(picture.size) > MOST_PICTURE_PX:
                    continue
                tile = picture.convert("RGBA")
        except (UnidentifiedImageError, OSError, ValueError):
            continue
        x0, y0 = round(cell.x), round(cell.y)
        x1, y1 = round(cell.x + cell.side), round(cell.y + cell.side)
        part = (max(x0, 0), max(y0, 0), min(x1, frame.width), min(y1, frame.height))
        if part[0] >= part[2] or part[1] >= part[3]:
            continue
        across, down = tile.width / (x1 - x0), tile.height / (y1 - y0)
        source = (
            (part[0] - x0) * across,
            (part[1] - y0) * down,
            (part[2] - x0) * across,
            (part[3] - y0) * down,
        )
        size = (part[2] - part[0], part[3] - part[1])
        reduced = tile.resize(size, Image.Resampling.BILINEAR, source)
        whole.alpha_composite(reduced, (part[0], part[1]))
    canvas.paste(np.asarray(whole))


def _areas(cells: Sequence[Cell], kind: str, frame: Frame) -> list[BaseGeometry]:
    return _shapes(cells, [_of(cell).areas.get(kind) for cell in cells], tile_polygons, frame)


def _ways(cells: Sequence[Cell], kind: str, frame: Frame) -> list[BaseGeometry]:
    return _shapes(cells, [_of(cell).ways.get(kind) for cell in cells], tile_lines, frame)


def _shapes(
    cells: Sequence[Cell],
    parts: Sequence[Parts | None],
    make: Callable[[Parts, np.ndarray], np.ndarray],
    frame: Frame,
) -> list[BaseGeometry]:
    """Make the shapes of one kind, as far as they are on the picture, from their parts by tile."""
    return [
        shape
        for cell, many in zip(cells, parts, strict=True)
        if (seen := _seen(cell, many, frame)) is not None
        for shape in make(seen, cell.px(seen.points))
    ]


def _of(cell: Cell) -> GroundTile:
    assert isinstance(cell.ground, GroundTile)  # noqa: S101  callers have chosen such cells
    return cell.ground


def _seen(cell: Cell, parts: Parts | None, frame: Frame) -> Parts | None:
    """Choose the features whose box touches the picture."""
    if parts is None or not len(parts.starts):
        return None
    reach = 24 * frame.scale
    low = np.array((-reach - cell.x, -reach - cell.y)) / cell.side
    high = np.array((frame.width + reach - cell.x, frame.height + reach - cell.y)) / cell.side
    least = np.minimum.reduceat(parts.points, parts.starts)
    most = np.maximum.reduceat(parts.points, parts.starts)
    is_near = ((most >= low) & (least <= high)).all(axis=1)
    if is_near.all():
        return parts
    kept = np.isin(parts.owners, parts.owners[is_near])
    lengths = parts.lengths
    if not kept.any():
        return None
    starts = np.cumsum(lengths[kept]) - lengths[kept]
    return Parts(parts.points[np.repeat(kept, lengths)], starts, parts.owners[kept])
