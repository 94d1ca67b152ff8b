"""Names and numbers on the map of a figure: important ones first, none over another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.reference.basemap import QUARTER, Places
from app.render.canvas import Canvas, TextRun
from app.render.fonts import legible, text_width
from app.render.frame import Frame
from app.render.palette import HALO, STREET_TEXT, TEXT, Mark

LABEL_PX, LABEL_PAD, MOST_CANDIDATES = 11.0, 3.0, 400
LABEL_ZOOM = (
    (3, 3_000_000),
    (4, 1_000_000),
    (5, 500_000),
    (6, 250_000),
    (7, 90_000),
    (8, 30_000),
    (9, 12_000),
    (10, 4_000),
    (11, 0),
)
STEPS = (
    (0.0, 0.0),
    *(
        (across * ring, down * ring)
        for ring in (0.6, 1.1, 1.7, 2.4)
        for across, down in ((0, -1), (0, 1), (1, 0), (-1, 0), (1, -1), (-1, 1), (1, 1), (-1, -1))
    ),
)
"""Steps from a point to places for a box, in widths and heights of the box: nearest first."""

Box = tuple[float, float, float, float]


class Name(NamedTuple):
    """The name of a place; `x` and `y` are its dot, in px of the picture, and `box` its room.

    A part of a settlement has no dot.
    """

    text: TextRun
    x: float
    y: float
    box: Box
    has_dot: bool = True


def label_candidates(
    frame: Frame, places: Places, countries: Sequence[str], margin: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Choose the places to name at a zoom, most important first: their numbers, x and y in px.

    The weight is the population, times 8 for a capital and 3 for a regional capital, and twice as
    much in the theatre's own countries.
    """
    least = next((people for zoom, people in LABEL_ZOOM if frame.z <= zoom), 0)
    west, south, east, north = frame.bounds(margin=margin)
    near = (places.lon > west) & (places.lon < east) & (places.lat > south) & (places.lat < north)
    numbers = np.flatnonzero(near & (frame.z > 2))  # noqa: PLR2004
    rank = places.rank[numbers]
    weight = places.population[numbers] * np.where(rank == 0, 8, np.where(rank == 1, 3, 1))
    weight = weight * np.where(np.isin(places.country[numbers], countries), 2, 1)
    order = np.argsort(-weight, kind="stable")
    numbers = numbers[order[weight[order] >= least]][:MOST_CANDIDATES]
    x, y = frame.pixels(places.lon[numbers], places.lat[numbers])
    return numbers, x, y


def place_names(
    canvas: Canvas,
    places: Places,
    language: str,
    countries: Sequence[str],
    reserved: Sequence[Box],
) -> list[Name]:
    """Place names to the right or left of their dots, where they touch nothing and fit.

    Args:
        canvas: the map.
        places: all places, with their population.
        language: of the names.
        countries: the theatre's countries, whose places have priority.
        reserved: boxes in px that must stay free, such as numbers and the scale bar.
    """
    frame, scale, boxes, names = canvas.frame, canvas.frame.scale, list(reserved), []
    numbers, xs, ys = label_candidates(frame, places, countries, 0.0)
    for place, x, y in zip(numbers.tolist(), xs.tolist(), ys.tolist(), strict=True):
        name = legible(canvas.fonts, places.name(place, language))
        is_bold = bool(places.rank[place] == 0)
        wide = text_width(canvas.fonts, name, LABEL_PX * scale, is_bold=is_bold)
        base = y + 0.36 * LABEL_PX * scale
        if places.rank[place] == QUARTER:
            text = TextRun(name, x, base, LABEL_PX, STREET_TEXT, anchor="middle", halo=HALO)
            half = wide / 2 + LABEL_PAD * scale
            box = (x - half, y - 8 * scale, x + half, y + 8 * scale)
            options = [Name(text, x, y, box, has_dot=False)]
        else:
            options = []
            for anchor, step in (("start", 1), ("end", -1)):
                start = x + 5 * scale * step
                end = start + (wide + LABEL_PAD * scale) * step
                low, high = sorted((x - 3 * scale * step, end))
                text = TextRun(name, start, base, LABEL_PX, TEXT, is_bold, anchor, HALO)
                options.append(Name(text, x, y, (low, y - 8 * scale, high, y + 8 * scale)))
        for option in options:
            is_free = not any(touch(option.box, other) for other in boxes)
            if _is_inside(option.box, frame) and is_free:
                names.append(option)
                boxes.append(option.box)
                break
    return names


def write_names(canvas: Canvas, names: Sequence[Name]) -> None:
    """Draw each name with its dot."""
    dotted = [name for name in names if name.has_dot]
    if dotted:
        x, y = (np.array([name[axis] for name in dotted]) for axis in (1, 2))
        canvas.dots(x, y, [Mark(TEXT)] * len(dotted), 2.4, HALO)
    for name in names:
        canvas.write(name.text)


def spread(
    polygons: Sequence[BaseGeometry],
    sizes: Sequence[tuple[float, float]],
    frame: Frame,
    marks: tuple[np.ndarray, np.ndarray],
    reserved: Sequence[Box] = (),
) -> list[Box]:
    """Place a box in each polygon (px), in order, so that none covers an earlier or reserved one.

    Of the free places around the middle of a polygon, those inside it have priority, and then the
    one that covers the fewest marks (x and y in px). A box without a free place is put on the
    middle.
    """
    boxes: list[Box] = []
    for polygon, (wide, high) in zip(polygons, sizes, strict=True):
        (x, y) = shapely.get_coordinates(polygon.point_on_surface())[0].tolist()
        options = [_box(x + dx * wide, y + dy * high, wide, high) for dx, dy in STEPS]
        middles = np.array(STEPS) * (wide, high) + (x, y)
        is_inside = dict(zip(options, shapely.contains_xy(polygon, middles).tolist(), strict=True))
        free = [
            box
            for box in options
            if _is_inside(box, frame)
            and not any(touch(box, other) for other in (*reserved, *boxes))
        ]
        covered = _covered(free, marks)
        order = [(not is_inside[box], covered[place], place) for place, box in enumerate(free)]
        boxes.append(free[min(order)[2]] if free else options[0])
    return boxes


def _box(x: float, y: float, wide: float, high: float) -> Box:
    return x - wide / 2, y - high / 2, x + wide / 2, y + high / 2


def _covered(boxes: Sequence[Box], marks: tuple[np.ndarray, np.ndarray]) -> list[int]:
    """Count the marks under each box and close to it."""
    if not boxes:
        return []
    x0, y0, x1, y1 = np.array(boxes).T[:, :, None]
    pad = (y1 - y0) / 4
    x0, y0, x1, y1 = x0 - pad, y0 - pad, x1 + pad, y1 + pad
    x, y = marks
    near = (x > x0.min()) & (x < x1.max()) & (y > y0.min()) & (y < y1.max())
    x, y = x[near], y[near]
    inside = (x > x0) & (x < x1) & (y > y0) & (y < y1)
    return [int(count) for count in np.count_nonzero(inside, axis=1)]


def touch(a: Box, b: Box) -> bool:
    """Tell whether two boxes overlap."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _is_inside(box: Box, frame: Frame) -> bool:
    return box[0] >= 0 and box[1] >= 0 and box[2] <= frame.width and box[3] <= frame.height
