"""Numbers at places with several marks, on tiles and figures, as `static/js/spots.js` does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import shapely

from app.render.canvas import Canvas, TextRun
from app.render.fonts import text_width
from app.render.labels import Box, touch
from app.render.palette import PAPER, RING
from app.rows import Table

BADGE_PX, BADGE_HIGH_PX, ROUND_PX = 9.5, 14.0, 4.0
MOST_BADGES = 400
"""More numbers than these would cover the map: those of the fullest places are drawn."""

CORNERS = ((-1, -1), (1, -1), (-1, 1), (1, 1))
"""The corners of a mark where its number may stand, the usual first: names stand to the right."""


class Badge(NamedTuple):
    """A number beside the mark of a place, and its box in px."""

    text: str
    box: Box


def place_badges(
    canvas: Canvas,
    marks: Table,
    write: Callable[[float], str],
    radius_px: float,
    names: Sequence[Box] = (),
) -> list[Badge]:
    """Place the number of each place with several marks, the fullest first.

    A number stands at the first corner of its mark where it touches no name. It is left out where
    there is none, and where it would touch the number of a fuller place, also of one that is left
    out itself: so neighbouring tiles make the same choice.

    Args:
        canvas: the picture.
        marks: those in the picture and around it.
        write: writes a number in the reader's language.
        radius_px: the radius of a mark at 1x.
        names: boxes in px that stay free.
    """
    frame, scale = canvas.frame, canvas.frame.scale
    lon, lat, counts = crowded(marks)
    xs, ys = frame.pixels(lon, lat)
    reach = 4 * BADGE_HIGH_PX * scale
    near = (xs > -reach) & (xs < frame.width + reach) & (ys > -reach) & (ys < frame.height + reach)
    around = (-reach, -reach, frame.width + reach, frame.height + reach)
    names = [name for name in names if touch(name, around)]
    high, step = BADGE_HIGH_PX * scale, radius_px * 0.5 * scale
    boxes: list[Box] = []
    badges = []
    spots = np.column_stack([xs, ys, counts])[near][:MOST_BADGES]
    for x, y, count in spots.tolist():
        text = write(int(count))
        wide = text_width(canvas.fonts, text, BADGE_PX, is_bold=True) + 2 * ROUND_PX
        half = max(wide * scale, high) / 2
        middles = [(x + dx * (step + half), y + dy * (step + high / 2)) for dx, dy in CORNERS]
        corners = [(mx - half, my - high / 2, mx + half, my + high / 2) for mx, my in middles]
        free = (box for box in corners if not any(touch(box, name) for name in names))
        box = next(free, None)
        if box is not None and not any(touch(box, other) for other in boxes):
            badges.append(Badge(text, box))
        boxes.append(box or corners[0])
    return badges


def crowded(marks: Table) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the degrees of each place with several marks and how many, the fullest first."""
    lon, lat = (marks[axis].astype(np.int64) for axis in ("lon_e7", "lat_e7"))
    places, counts = np.unique((lon << 32) + lat, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    order = order[counts[order] > 1]
    low = ((places[order] + 2**31) & 0xFFFF_FFFF) - 2**31
    return (places[order] - low >> 32) / 1e7, low / 1e7, counts[order]


def draw_badges(canvas: Canvas, badges: Sequence[Badge]) -> None:
    """Draw each number on a dark plate with a light edge."""
    scale = canvas.frame.scale
    plates = [_plate(box, 0.0) for _text, box in badges]
    canvas.paint(plates, PAPER)
    canvas.paint([_plate(box, scale) for _text, box in badges], RING)
    for text, (x0, y0, x1, y1) in badges:
        base = (y0 + y1) / 2 + 0.36 * BADGE_PX * scale
        canvas.write(TextRun(text, (x0 + x1) / 2, base, BADGE_PX, PAPER, True, "middle"))


def _plate(box: Box, inset: float) -> shapely.Polygon:
    x0, y0, x1, y1 = box
    radius = (y1 - y0) / 2
    middle = shapely.LineString([(x0 + radius, y0 + radius), (x1 - radius, y0 + radius)])
    return middle.buffer(radius - inset, quad_segs=6)
