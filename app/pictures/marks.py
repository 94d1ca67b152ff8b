"""Which marks of a View a picture needs: those inside it, or also those that reach into it."""

from __future__ import annotations

import numpy as np

from app.domain.mercator import BITS
from app.index.select import Segment, Selection
from app.publishing.publish import Published
from app.render.frame import Frame
from app.render.palette import DENSE_FROM

ROWS_A_STEP = 50_000


def has_many_marks(published: Published) -> bool:
    """Tell whether a View has more marks than can be told apart at a small scale.

    A View with many is known to have them after a part of its rows.
    """
    marks, criteria = 0, published.filter
    for segment in published.segments:
        for low in range(0, segment.marks, ROWS_A_STEP):
            places = segment.match(criteria, low, min(low + ROWS_A_STEP, segment.marks))
            marks += len(Selection([(segment, places)]).drawable(criteria))
            if marks > DENSE_FROM:
                return True
    return False


def marks_inside(published: Published, frame: Frame) -> Selection:
    """Select the marks of a tile; for a picture that is no tile, all marks of the View."""
    tile = (int(frame.z), int(frame.x), int(frame.y)) if _is_tile(frame) else None
    return published.select(tile).drawable(published.filter)


def marks_around(published: Published, frame: Frame, parts_a_tile: int) -> Selection:
    """Select the marks of a tile and of a part of its neighbours.

    The discs and numbers of a quarter around reach into it, the names of a half around. For a
    picture that is no tile, all marks of the View are selected.
    """
    if not _is_tile(frame):
        return published.select().drawable(published.filter)
    z, x, y = int(frame.z), int(frame.x), int(frame.y)
    n = 1 << z
    tiles = {(z, (x + dx) % n, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1) if 0 <= y + dy < n}
    parts = [
        (segment, places[_is_near(segment, places, (x, y, z), parts_a_tile)])
        for tile in sorted(tiles)
        for segment, places in published.select(tile).drawable(published.filter).parts
    ]
    return Selection(parts, is_ordered=True)


def _is_tile(frame: Frame) -> bool:
    return frame == Frame(int(frame.z), int(frame.x), int(frame.y), frame.scale)


def _is_near(
    segment: Segment, places: np.ndarray, tile: tuple[int, int, int], parts: int
) -> np.ndarray:
    x, y, z = tile
    side = 1 << BITS - z
    near: np.ndarray = np.ones(len(places), bool)
    for axis, at in (("mercator_x", x), ("mercator_y", y)):
        column = segment.rows[axis][places].astype(np.int64)
        near &= column >= at * side - side // parts
        near &= column < (at + 1) * side + side // parts
    return near
