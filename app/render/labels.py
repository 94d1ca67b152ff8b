"""Names and numbers on the map of a figure: important ones first, none over another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.reference.basemap import QUARTER, Places
from app.render.canvas import Canvas, TextRun
from app.render.fonts import text_width, writable
from app.render.frame import TILE_PX, Frame
from app.render.palette import HALO, STREET_TEXT, TEXT, Mark
from app.render.room import Box, Room

LABEL_PX, LABEL_HIGH_PX, LABEL_PAD, MOST_CANDIDATES = 11.0, 8.0, 3.0, 400
PLACE_DOT_PX, BESIDE_PX, ABOVE_PX, ASLANT_PX = 2.3, 7.0, 14.0, 11.0
"""A place's dot, and the distance of its name: a usual mark on the dot stays whole."""

FAR_PX, REGIONAL_CAPITAL = (10.0, 20.0), 1
"""Further steps for the name of a capital, also of a region: marks crowd around these."""

OWN_PX = 9.0
"""So much around its dot is a place's own: no other place is named there."""

NEAR_PX = 56.0
"""Names so close to a tile are known to it: numbers at its edge stay free of them."""
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


class Name(NamedTuple):
    """The name of a place; `x` and `y` are its dot, in px of the picture, and `box` its room.

    A part of a settlement has no dot.
    """

    text: TextRun
    x: float
    y: float
    box: Box
    own: Box
    """What is around its place."""

    has_dot: bool = True


class Naming(NamedTuple):
    """The places that a map may name, and how: their language, and whose come first."""

    places: Places
    language: str
    countries: Sequence[str]


def label_candidates(frame: Frame, naming: Naming, margin: float) -> tuple[np.ndarray, np.ndarray]:
    """Choose the places to name at a zoom: their numbers and weights, most important first.

    The weight is the population, times 8 for a capital and 3 for a regional capital, and twice as
    much in the theatre's own countries.
    """
    places = naming.places
    least = next((people for zoom, people in LABEL_ZOOM if frame.z <= zoom), 0)
    west, south, east, north = frame.bounds(margin=margin)
    near = (places.lon > west) & (places.lon < east) & (places.lat > south) & (places.lat < north)
    numbers = np.flatnonzero(near & (frame.z > 2))  # noqa: PLR2004
    rank = places.rank[numbers]
    weight = places.population[numbers] * np.where(rank == 0, 8, np.where(rank == 1, 3, 1))
    weight = weight * np.where(np.isin(places.country[numbers], naming.countries), 2, 1)
    order = np.argsort(-weight, kind="stable")
    order = order[weight[order] >= least][:MOST_CANDIDATES]
    return numbers[order], weight[order]


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
    around = (-near, -near, frame.width + near, frame.height + near)
    margin = TILE_PX / max(TILE_PX, frame.across, frame.down)  # as wide as a tile
    boxes = list[Box]()
    edges, dots = np.empty((2, 4, 2 * MOST_CANDIDATES))  # those of `boxes`, and of places' own room
    names = []
    for name in _first_names(canvas, naming, margin, room, plates):
        count = len(boxes)
        is_free = not _touches_any(name.box, edges[:, :count])
        is_alone = not _touches_any(name.own, dots[:, : 2 * count])
        if touch(name.box, around) and is_free and is_alone:
            names.append(name)
        edges[:, count], dots[:, 2 * count], dots[:, 2 * count + 1] = name.box, name.own, name.box
        boxes.append(name.box)
    return names, boxes


def _first_names(
    canvas: Canvas, naming: Naming, margin: float, room: Room | None, plates: Sequence[Box]
) -> Iterator[Name]:
    """Yield each candidate at its first side that covers no mark."""
    for options in _candidates(canvas, naming, margin):
        free = (
            name
            for name in options
            if room is None
            or not (room.covered(name.box) or any(touch(name.box, plate) for plate in plates))
        )
        name = next(free, None)
        if name is not None:
            yield name


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
    boxes, dots, names = list(reserved), list[Box](), list[Name]()
    for options in _candidates(canvas, naming, 0.0):
        free = (
            name
            for name in options
            if _is_inside(name.box, canvas.frame)
            and not any(touch(name.box, other) for other in boxes)
            and not any(touch(name.own, dot) for dot in dots)
            and (room is None or not room.covered(name.box))
        )
        name = next(free, None)
        if name is not None:
            names.append(name)
            boxes.append(name.box)
            dots += [name.own, name.box]
    return names


def _candidates(canvas: Canvas, naming: Naming, margin: float) -> Iterator[Iterator[Name]]:
    """Yield the places to name, most important first, each as where its name may stand."""
    places = naming.places
    numbers, _weights = label_candidates(canvas.frame, naming, margin)
    xs, ys = canvas.frame.pixels(places.lon[numbers], places.lat[numbers])
    for place, x, y in zip(numbers.tolist(), xs.tolist(), ys.tolist(), strict=True):
        yield _names_at(canvas, naming, place, (x, y))


def _names_at(
    canvas: Canvas, naming: Naming, place: int, at: tuple[float, float]
) -> Iterator[Name]:
    """Yield where the name of a place may stand around its dot, to the right first.

    A mark on the dot stays in sight. The name of a part of a settlement stands on its place. A
    name that the font cannot write is in English instead, or left out.
    """
    (x, y), scale, rank = at, canvas.frame.scale, naming.places.rank[place]
    places = naming.places
    text = writable(canvas.fonts, places.name(place, naming.language), places.name(place, "en"))
    if not text:
        return
    is_bold = bool(rank == 0)
    half = text_width(canvas.fonts, text, LABEL_PX, is_bold=is_bold) * scale / 2
    high, pad = LABEL_HIGH_PX * scale, LABEL_PAD * scale
    base = 0.36 * LABEL_PX * scale

    def name(middle: float, down: float, *, has_dot: bool = True) -> Name:
        colour = TEXT if has_dot else STREET_TEXT
        run = TextRun(text, middle, y + down + base, LABEL_PX, colour, is_bold, "middle", HALO)
        box = (middle - half - pad, y + down - high, middle + half + pad, y + down + high)
        return Name(run, x, y, box, _box(x, y, OWN_PX * scale, OWN_PX * scale), has_dot)

    if rank == QUARTER:
        yield name(x, 0.0, has_dot=False)
        return
    for far in (0.0, *(FAR_PX if rank <= REGIONAL_CAPITAL else ())):
        aside, above = half + (BESIDE_PX + far) * scale, (ABOVE_PX + far) * scale
        aslant = (ASLANT_PX + far) * scale
        sides = ((aside, 0.0), (-aside, 0.0), (0.0, -above), (0.0, above))
        corners = ((aside, -aslant), (aside, aslant), (-aside, -aslant), (-aside, aslant))
        for across, down in (*sides, *corners):
            yield name(x + across, down)


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
    edges = np.empty((4, len(reserved) + len(polygons)))  # of reserved boxes, then of placed ones
    for count, box in enumerate(reserved):
        edges[:, count] = box
    boxes: list[Box] = []
    for polygon, (wide, high) in zip(polygons, sizes, strict=True):
        middles = np.array(STEPS) * (wide, high)
        middles += shapely.get_coordinates(polygon.point_on_surface())[0]
        half = np.array([wide, high]) / 2
        options = np.hstack([middles - half, middles + half])
        taken = edges[:, : len(reserved) + len(boxes)]
        is_free = ~_touch_each(options, taken) & _are_inside(options, frame)
        covered = room.covered_each(options)
        is_outside = ~shapely.contains_xy(polygon, middles)
        # The last key is the first: free, without a mark, in the polygon, few marks, near.
        best = int(np.lexsort([covered, is_outside, covered > 0, ~is_free])[0])
        chosen = options[best if is_free[best] else 0]
        edges[:, len(reserved) + len(boxes)] = chosen
        x0, y0, x1, y1 = chosen.tolist()
        boxes.append((x0, y0, x1, y1))
    return boxes


def _box(x: float, y: float, wide: float, high: float) -> Box:
    return x - wide / 2, y - high / 2, x + wide / 2, y + high / 2


def touch(a: Box, b: Box) -> bool:
    """Tell whether two boxes overlap."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _touches_any(box: Box, edges: np.ndarray) -> bool:
    """Tell whether a box overlaps one of many, whose edges are rows."""
    return bool(_touch_each(np.array([box]), edges)[0])


def _touch_each(boxes: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Tell of each box (a row) whether it overlaps one of many, whose edges are rows."""
    ax0, ay0, ax1, ay1 = boxes.T[:, :, None]
    x0, y0, x1, y1 = edges
    return np.asarray(((x0 < ax1) & (ax0 < x1) & (y0 < ay1) & (ay0 < y1)).any(axis=1))


def _is_inside(box: Box, frame: Frame) -> bool:
    return box[0] >= 0 and box[1] >= 0 and box[2] <= frame.width and box[3] <= frame.height


def _are_inside(boxes: np.ndarray, frame: Frame) -> np.ndarray:
    return np.asarray(
        (boxes[:, :2] >= 0).all(axis=1) & (boxes[:, 2:] <= (frame.width, frame.height)).all(axis=1)
    )
