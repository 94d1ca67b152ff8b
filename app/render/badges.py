"""Numbers at places with several marks, on tiles and figures, as `static/js/spots.js` does it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.render.canvas import Canvas, TextRun
from app.render.fonts import text_width
from app.render.labels import touch
from app.render.palette import PAPER, RING
from app.render.room import Box, Room
from app.rows import Table

BADGE_PX, BADGE_HIGH_PX, ROUND_PX, DOT_HIGH_PX = 9.5, 14.0, 4.0, 10.0
MOST_BADGES = 400
"""More numbers than these would cover the map: those of the fullest places are drawn."""

CORNERS = ((-1, -1), (1, -1), (-1, 1), (1, 1))
"""The corners of a mark where its number may stand, the usual first: names stand to the right."""

CLEAR = 0.8
"""The distance of a number from its mark's middle, as a share of the radius on each axis."""


class Spot(NamedTuple):
    """A place with several marks: its number, its place in px, and the box on the mark itself."""

    text: str
    x: float
    y: float
    plate: Box


class Badge(NamedTuple):
    """A number at the mark of a place, and its box in px; without a text it is a dark dot."""

    text: str
    box: Box


def spots_of(canvas: Canvas, marks: Table, write: Callable[[float], str]) -> list[Spot]:
    """List the places with several marks on a picture and close to it, the fullest first.

    Args:
        canvas: the picture.
        marks: those in the picture and around it.
        write: writes a number in the reader's language.
    """
    frame = canvas.frame
    lon, lat, counts = crowded(marks)
    xs, ys = frame.pixels(lon, lat)
    reach = 4 * BADGE_HIGH_PX * frame.scale
    near = (xs > -reach) & (xs < frame.width + reach) & (ys > -reach) & (ys < frame.height + reach)
    high = BADGE_HIGH_PX * frame.scale
    spots = []
    for x, y, count in np.column_stack([xs, ys, counts])[near][:MOST_BADGES].tolist():
        text = write(int(count))
        wide = text_width(canvas.fonts, text, BADGE_PX, is_bold=True) + 2 * ROUND_PX
        half = max(wide * frame.scale, high) / 2
        spots.append(Spot(text, x, y, (x - half, y - high / 2, x + half, y + high / 2)))
    return spots


def place_badges(
    canvas: Canvas, spots: Sequence[Spot], radius_px: float, room: Room, names: Sequence[Box]
) -> list[Badge]:
    """Place the number of each spot, the fullest first, where it covers no name and no mark.

    A number stands at the first free corner of its mark. Without one, or where it could touch the
    number of a fuller place, it stands on the mark itself, and where that could touch one too, a
    dark dot says that there are several. Each choice depends on marks, names and fuller places
    alone: so neighbouring tiles make the same one.

    Args:
        canvas: the picture.
        spots: as `spots_of` lists them; names leave their plates free.
        radius_px: the radius of a mark at 1x.
        room: what marks leave free.
        names: boxes in px that stay free.
    """
    frame, scale = canvas.frame, canvas.frame.scale
    reach = 8 * BADGE_HIGH_PX * scale
    picture = (-reach, -reach, frame.width + reach, frame.height + reach)
    names = [name for name in names if touch(name, picture)]
    step, dot = radius_px * CLEAR * scale, DOT_HIGH_PX * scale / 2
    taken: list[Box] = []
    badges = []
    for spot in spots:
        free = (
            box
            for box in _corners(spot, step)
            if not room.covered(box) and not any(touch(box, name) for name in names)
        )
        options = [box for box in (next(free, None), spot.plate) if box is not None]
        place = next((one for one in options if not any(touch(one, t) for t in taken)), None)
        small = (spot.x - dot, spot.y - dot, spot.x + dot, spot.y + dot)
        badges.append(Badge("", small) if place is None else Badge(spot.text, place))
        taken += options
    return badges


def _corners(spot: Spot, step: float) -> Iterator[Box]:
    x0, y0, x1, y1 = spot.plate
    wide, high = (x1 - x0) / 2 + step, (y1 - y0) / 2 + step
    for dx, dy in CORNERS:
        yield x0 + dx * wide, y0 + dy * high, x1 + dx * wide, y1 + dy * high


def crowded(marks: Table) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the degrees of each place with several marks and how many, the fullest first."""
    lon, lat = (marks[axis].astype(np.int64) for axis in ("lon_e7", "lat_e7"))
    places, counts = np.unique((lon << 32) + lat, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    order = order[counts[order] > 1]
    low = ((places[order] + 2**31) & 0xFFFF_FFFF) - 2**31
    return (places[order] - low >> 32) / 1e7, low / 1e7, counts[order]


def draw_badges(canvas: Canvas, badges: Sequence[Badge]) -> None:
    """Draw each number on a dark plate with a light edge; dots lie below them."""
    scale = canvas.frame.scale
    for group in (
        [badge for badge in badges if not badge.text],
        [badge for badge in badges if badge.text],
    ):
        boxes = np.array([box for _text, box in group]).reshape(-1, 4)
        canvas.paint(_plates(boxes, 0.0), PAPER)
        canvas.paint(_plates(boxes, scale), RING)
    for text, (x0, y0, x1, y1) in badges:
        if text:
            base = (y0 + y1) / 2 + 0.36 * BADGE_PX * scale
            canvas.write(TextRun(text, (x0 + x1) / 2, base, BADGE_PX, PAPER, True, "middle"))


def _plates(boxes: np.ndarray, inset: float) -> list[BaseGeometry]:
    """Return the outline of each plate, whose rows are boxes in px, moved inwards by `inset` px."""
    x0, y0, x1, y1 = boxes.T
    radius = (y1 - y0) / 2
    ends = np.stack([x0 + radius, y0 + radius, x1 - radius, y0 + radius], axis=1)
    middles = shapely.linestrings(ends.reshape(-1, 2, 2))
    return list(shapely.buffer(middles, radius - inset, quad_segs=6))
