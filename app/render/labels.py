"""Names and numbers on the map of a figure: important ones first, none over another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.render.canvas import Canvas
from app.render.frame import TILE_PX, Frame
from app.render.name_sides import Name, Naming, name_sides
from app.render.palette import HALO, TEXT, Mark
from app.render.room import Box, Room

PLACE_DOT_PX = 2.3
NEAR_PX = 56.0
"""Names so close to a tile are known to it: numbers at its edge stay free of them."""

STEPS = (
    (0.0, 0.0),
    *(
        (across * ring, down * ring)
        for ring in (0.6, 1.1, 1.7, 2.4)
        for across, down in ((0, -1), (0, 1), (1, 0), (-1, 0), (1, -1), (-1, 1), (1, 1), (-1, -1))
    ),
)
"""Steps from a point to places for a box, in widths and heights of the box: nearest first."""


def choose_labels(
    canvas: Canvas, naming: Naming, room: Room | None = None, plates: Sequence[Box] = ()
) -> tuple[list[Name], list[Box]]:
    """Choose the names of a tile so that no names collide, also with those of other tiles.

    Each stands at the first side of its dot without a mark. It is dropped when it would touch one
    with more weight, in this or another tile: so neighbouring tiles make the same choice. Returns
    the names on the tile and close to it, and the boxes in px of all candidates.

    Args:
        canvas: the tile.
        naming: all places, and how they are named.
        room: what marks leave free in the tile and its neighbours; all where it is None.
        plates: boxes in px that numbers may need.
    """
    frame, near = canvas.frame, NEAR_PX * canvas.frame.scale
    around = np.array([[-near, -near, frame.width + near, frame.height + near]])
    margin = TILE_PX / max(TILE_PX, frame.across, frame.down)  # as wide as a tile
    sides = name_sides(canvas, naming, margin)
    free = np.flatnonzero(_are_free(sides.boxes, plates, room))
    first = free[np.unique(sides.candidate[free], return_index=True)[1]]
    boxes, own = sides.boxes[first], sides.own[first]
    is_late = touching(boxes, boxes) | touching(own, own) | touching(own, boxes)
    is_dropped = np.tril(is_late, -1).any(axis=1)
    placed = first[~is_dropped & touching(boxes, around)[:, 0]]
    return [sides.name(row) for row in placed.tolist()], [_box(box) for box in boxes.tolist()]


def place_names(
    canvas: Canvas, naming: Naming, reserved: Sequence[Box], room: Room | None = None
) -> list[Name]:
    """Place names at the sides of their dots, where they touch nothing, fit and cover no mark.

    A name without such a place is left out.

    Args:
        canvas: the map.
        naming: all places, and how they are named.
        reserved: boxes in px that must stay free, such as numbers and the scale bar.
        room: what marks leave free; all where it is None.
    """
    sides, names = name_sides(canvas, naming, 0.0), list[Name]()
    boxes, own = sides.boxes, sides.own
    is_free = _are_free(boxes, reserved, room) & _are_inside(boxes, canvas.frame)
    while is_free.any():
        row = int(is_free.argmax())  # the most important place that can be named still
        names.append(sides.name(row))
        box, around = boxes[row : row + 1], own[row : row + 1]
        is_taken = touching(boxes, box) | touching(own, around) | touching(own, box)
        is_free &= ~is_taken[:, 0] & (sides.candidate != sides.candidate[row])
    return names


def _are_free(boxes: np.ndarray, reserved: Sequence[Box], room: Room | None) -> np.ndarray:
    """Tell of each box (a row) whether it touches no reserved one and covers no mark."""
    is_free = np.ones(len(boxes), bool) if room is None else room.covered_each(boxes) == 0
    is_free[is_free] = ~touching(boxes[is_free], np.array(reserved).reshape(-1, 4)).any(axis=1)
    return is_free


def draw_places(canvas: Canvas, names: Sequence[Name]) -> None:
    """Draw the dots of named places; they lie under the marks."""
    dotted = [name for name in names if name.has_dot]
    if dotted:
        x, y = (np.array([name[axis] for name in dotted]) for axis in (1, 2))
        canvas.dots(x, y, [Mark(TEXT)] * len(dotted), PLACE_DOT_PX, HALO)


def spread(
    polygons: Sequence[BaseGeometry],
    sizes: Sequence[tuple[float, float]],
    frame: Frame,
    room: Room,
    reserved: Sequence[Box] = (),
) -> list[Box]:
    """Place a box in each polygon (px), in order, so that none covers an earlier or reserved one.

    Of the free places around the middle of a polygon, those that cover no mark have priority, and
    then those inside it. Without any, the box covers as few marks as it can; without a free place
    it is put on the middle.
    """
    if not polygons:
        return []
    shapes, half = np.array(polygons, object), np.array(sizes)[:, None] / 2
    middles = np.array(STEPS) * np.array(sizes)[:, None]
    middles += shapely.get_coordinates(shapely.point_on_surface(shapes))[:, None]
    options = np.concatenate([middles - half, middles + half], axis=2)
    flat = options.reshape(-1, 4)
    is_inside = _are_inside(flat, frame).reshape(options.shape[:2])
    covered = room.covered_each(flat).reshape(options.shape[:2])
    is_outside = ~shapely.contains_xy(shapes[:, None], middles[:, :, 0], middles[:, :, 1])
    edges = np.empty((len(reserved) + len(shapes), 4))  # of reserved boxes, then of placed ones
    edges[: len(reserved)] = np.array(reserved).reshape(-1, 4)
    for place, count in enumerate(range(len(reserved), len(edges))):
        is_free = ~touching(options[place], edges[:count]).any(axis=1) & is_inside[place]
        # The last key is the first: free, without a mark, in the polygon, few marks, near.
        keys = (covered[place], is_outside[place], covered[place] > 0, ~is_free)
        best = int(np.lexsort(keys)[0])
        edges[count] = options[place, best if is_free[best] else 0]
    return [_box(box) for box in edges[len(reserved) :].tolist()]


def _box(edges: Sequence[float]) -> Box:
    x0, y0, x1, y1 = edges
    return x0, y0, x1, y1


def touch(a: Box, b: Box) -> bool:
    """Tell whether two boxes overlap."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def touching(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Tell of each box (a row) which of the others (the columns) it overlaps."""
    ax0, ay0, ax1, ay1 = boxes.T[:, :, None]
    x0, y0, x1, y1 = others.T
    return np.asarray((y0 < ay1) & (ay0 < y1) & (x0 < ax1) & (ax0 < x1))


def _are_inside(boxes: np.ndarray, frame: Frame) -> np.ndarray:
    return np.asarray(
        (boxes[:, :2] >= 0).all(axis=1) & (boxes[:, 2:] <= (frame.width, frame.height)).all(axis=1)
    )
