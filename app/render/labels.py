"""Names and numbers on a figure's map: weighty ones first, none over another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.reference.basemap import Places
from app.render.canvas import Canvas, Text
from app.render.fonts import legible, text_width
from app.render.frame import Frame
from app.render.palette import HALO, TEXT, Mark

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
"""Where a box is tried, in its own widths and heights from its point: nearest first."""

Box = tuple[float, float, float, float]


class Name(NamedTuple):
    """A place's name with its dot, both in px of the picture; `text.x` is where it is set."""

    text: Text
    x: float
    y: float


def candidates(
    frame: Frame, places: Places, countries: Sequence[str], margin: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Choose the places that a zoom has room for, weightiest first: numbers and px.

    Capitals weigh most, then seats, then people; those of the theatre's own countries twice.
    """
    least = next((people for zoom, people in LABEL_ZOOM if frame.z <= zoom), 0)
    west, south, east, north = frame.bounds(margin=margin)
    weight = places.population * np.where(places.rank == 0, 8, np.where(places.rank == 1, 3, 1))
    at_home = np.isin(places.country, countries)
    weight = weight * np.where(at_home, 2, 1)
    near = (places.lon > west) & (places.lon < east) & (places.lat > south) & (places.lat < north)
    found = np.flatnonzero(near & (weight >= least) & (frame.z > 2))  # noqa: PLR2004
    found = found[np.argsort(-weight[found], kind="stable")][:MOST_CANDIDATES]
    x, y = frame.pixels(places.lon[found], places.lat[found])
    return found, x, y


def place_names(
    canvas: Canvas,
    places: Places,
    language: str,
    countries: Sequence[str],
    taken: Sequence[Box],
) -> list[Name]:
    """Set names right or left of their dots where they touch nothing and are not cut.

    Args:
        canvas: the map.
        places: with their people.
        language: of the names.
        countries: whose places come first.
        taken: boxes in px that stay free, such as numbers and the scale bar.
    """
    frame, scale, kept, names = canvas.frame, canvas.frame.scale, list(taken), []
    found, xs, ys = candidates(frame, places, countries, 0.0)
    for place, x, y in zip(found.tolist(), xs.tolist(), ys.tolist(), strict=True):
        said = legible(canvas.fonts, places.name(place, language))
        is_bold = bool(places.rank[place] == 0)
        wide = text_width(canvas.fonts, said, LABEL_PX * scale, is_bold=is_bold)
        for anchor, step in (("start", 1), ("end", -1)):
            start = x + 5 * scale * step
            low, high = sorted((x - 3 * scale * step, start + (wide + LABEL_PAD * scale) * step))
            box = (low, y - 8 * scale, high, y + 8 * scale)
            if _is_inside(box, frame) and not any(touch(box, other) for other in kept):
                text = Text(
                    said, start, y + 0.36 * LABEL_PX * scale, LABEL_PX, TEXT, is_bold, anchor, HALO
                )
                names.append(Name(text, x, y))
                kept.append(box)
                break
    return names


def write_names(canvas: Canvas, names: Sequence[Name]) -> None:
    """Draw each name with its dot."""
    if not names:
        return
    x, y = (np.array([name[axis] for name in names]) for axis in (1, 2))
    canvas.dots(x, y, [Mark(TEXT)] * len(names), 2.4, HALO)
    for name in names:
        canvas.write(name.text)


def spread(
    homes: Sequence[BaseGeometry],
    sizes: Sequence[tuple[float, float]],
    frame: Frame,
    marks: tuple[np.ndarray, np.ndarray],
) -> list[Box]:
    """Put a box into each polygon (px), in the order given, so that none covers an earlier one.

    Of the free places around a polygon's middle, one inside it comes first, and then the one that
    covers the fewest marks (x and y in px). Nothing is left out: a box that finds no free place
    stands on the middle.
    """
    boxes: list[Box] = []
    for home, (wide, high) in zip(homes, sizes, strict=True):
        (x, y) = shapely.get_coordinates(home.point_on_surface())[0].tolist()
        tried = [_box(x + dx * wide, y + dy * high, wide, high) for dx, dy in STEPS]
        middles = np.array(STEPS) * (wide, high) + (x, y)
        at_home = dict(zip(tried, shapely.contains_xy(home, middles).tolist(), strict=True))
        free = [
            box
            for box in tried
            if _is_inside(box, frame) and not any(touch(box, other) for other in boxes)
        ]
        covered = _covered(free, marks)
        order = [(not at_home[box], covered[place], place) for place, box in enumerate(free)]
        boxes.append(free[min(order)[2]] if free else tried[0])
    return boxes


def _box(x: float, y: float, wide: float, high: float) -> Box:
    return x - wide / 2, y - high / 2, x + wide / 2, y + high / 2


def _covered(boxes: Sequence[Box], marks: tuple[np.ndarray, np.ndarray]) -> list[int]:
    """Count the marks under each box, or just beside it."""
    if not boxes:
        return []
    left, top, right, bottom = np.array(boxes).T[:, :, None]
    pad = (bottom - top) / 4
    left, top, right, bottom = left - pad, top - pad, right + pad, bottom + pad
    x, y = marks
    near = (x > left.min()) & (x < right.max()) & (y > top.min()) & (y < bottom.max())
    x, y = x[near], y[near]
    inside = (x > left) & (x < right) & (y > top) & (y < bottom)
    return [int(count) for count in np.count_nonzero(inside, axis=1)]


def touch(a: Box, b: Box) -> bool:
    """Tell whether two boxes overlap."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _is_inside(box: Box, frame: Frame) -> bool:
    return box[0] >= 0 and box[1] >= 0 and box[2] <= frame.width and box[3] <= frame.height
