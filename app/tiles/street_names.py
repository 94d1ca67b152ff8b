"""Names of an operator's basemap: roads and waters along them, settlements and their parts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.domain.languages import LANGUAGES
from app.reference.basemap import QUARTER, Places
from app.render.canvas import Canvas, TextRun
from app.render.fonts import text_width, writable
from app.render.frame import TILE_PX, Frame
from app.render.labels import touch
from app.render.palette import HALO, STREET_TEXT, WATER_TEXT
from app.render.room import Box, Room
from app.streets.ground import GroundName, GroundTile, StreetMap
from app.streets.schema import ROAD_NAMES, WATER_NAMES, name_in
from app.tiles.streets import STREETS_FROM, cells_on

PARTS = ("suburb", "quarter")
SETTLEMENT_WEIGHTS = {
    "city": 200_000,
    "town": 15_000,
    "suburb": 3_500,
    "village": 1_500,
    "quarter": 900,
    "hamlet": 300,
}
"""Weights of settlements whose population a basemap does not say, as if it were their people."""

NAMES_FROM = {"motorway": 14, "main": 14, "street": 15, "service": 16, "stream": 13, "lake": 12}
STREET_NAME_PX, STEEPEST_BEND, BASE = 9.5, 0.12, 0.34
SAME_NAME_PX = 260
"""A name is written again only so far from where it stands."""


def street_names(
    canvas: Canvas,
    streets: StreetMap,
    language: str,
    taken: Sequence[Box],
    room: Room | None = None,
) -> list[TextRun]:
    """Place the names of roads and waters, along them, where they touch nothing and fit whole.

    `taken` are boxes in px that stay free, and `room` is what marks leave free. A name stands
    wholly inside the picture, so that it is never cut at the edge of a tile.
    """
    frame, boxes, placed = canvas.frame, list(taken), list[TextRun]()
    for name, points in _by_weight(streets, frame):
        text = writable(
            canvas.fonts, name_in(language, name.tags), name_in(LANGUAGES[0], name.tags)
        )
        if not text:
            continue
        is_water = name.kind in WATER_NAMES
        wide = text_width(canvas.fonts, text, STREET_NAME_PX * frame.scale, is_bold=False)
        spot = _spot(points, wide)
        if spot is None or _is_written(placed, text, spot, frame):
            continue
        x, y, angle = spot
        high = STREET_NAME_PX * frame.scale
        squares = _squares(x, y, angle, wide, high)
        is_inside = all(
            box[0] >= 0 and box[1] >= 0 and box[2] <= frame.width and box[3] <= frame.height
            for box in squares
        )
        if not is_inside or any(touch(box, other) for box in squares for other in boxes):
            continue
        if room is not None and any(room.covered(box) for box in squares):
            continue
        colour = WATER_TEXT if is_water else STREET_TEXT
        turn = np.radians(angle)
        base_x, base_y = x - np.sin(turn) * BASE * high, y + np.cos(turn) * BASE * high
        placed.append(
            TextRun(text, base_x, base_y, STREET_NAME_PX, colour, False, "middle", HALO, angle)
        )
        boxes += squares
    return placed


def middle_of(run: TextRun, frame: Frame) -> tuple[float, float]:
    """Return the middle of a street's name in px of the picture, from its baseline."""
    turn, down = np.radians(run.angle), BASE * STREET_NAME_PX * frame.scale
    return float(run.x + np.sin(turn) * down), float(run.y - np.cos(turn) * down)


def _by_weight(streets: StreetMap, frame: Frame) -> list[tuple[GroundName, np.ndarray]]:
    """List the names of roads and waters on a picture: large roads first, then long ones."""
    order = {kind: place for place, kind in enumerate((*WATER_NAMES, *ROAD_NAMES))}
    found = [
        (name, cell.px(name.points))
        for cell in cells_on(frame, streets)
        if isinstance(cell.ground, GroundTile)
        for name in cell.ground.names
        if name.kind in order and frame.z >= NAMES_FROM[name.kind]
    ]
    found = [
        (name, points)
        for name, points in found
        if points[:, 0].max() > 0
        and points[:, 1].max() > 0
        and points[:, 0].min() < frame.width
        and points[:, 1].min() < frame.height
    ]
    found.sort(key=lambda pair: (order[pair[0].kind], -_length(pair[1])))
    return found


def _length(points: np.ndarray) -> float:
    return float(np.hypot(*np.diff(points, axis=0).T).sum())


def _spot(points: np.ndarray, wide: float) -> tuple[float, float, float] | None:
    """Find where a text of this width fits along a line: its middle, and its angle in degrees.

    None where the line is too short or bends too much; a point takes a level text.
    """
    if len(points) == 1:
        return float(points[0, 0]), float(points[0, 1]), 0.0
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    if along[-1] < wide * 1.1:
        return None
    for share in (0.5, 0.35, 0.65, 0.2, 0.8):
        middle = along[-1] * share
        at = np.array([middle - wide / 2, middle, middle + wide / 2])
        if at[0] < 0 or at[2] > along[-1]:
            continue
        x, y = np.interp(at, along, points[:, 0]), np.interp(at, along, points[:, 1])
        chord = np.hypot(x[2] - x[0], y[2] - y[0])
        if chord < wide * (1 - STEEPEST_BEND):
            continue
        angle = float(np.degrees(np.arctan2(y[2] - y[0], x[2] - x[0])))
        upright = (angle + 90) % 180 - 90
        return float((x[0] + x[2]) / 2), float((y[0] + y[2]) / 2), upright
    return None


def _is_written(
    placed: Sequence[TextRun], text: str, spot: tuple[float, float, float], frame: Frame
) -> bool:
    near = SAME_NAME_PX * frame.scale
    return any(
        run.text == text and abs(run.x - spot[0]) < near and abs(run.y - spot[1]) < near
        for run in placed
    )


def _squares(x: float, y: float, angle: float, wide: float, high: float) -> list[Box]:
    """Cover a slanted text with upright squares."""
    turn, half = np.radians(angle), high * 0.75
    steps = np.linspace(-wide / 2 + half, wide / 2 - half, max(int(wide / high), 2))
    return [
        (
            float(x + step * np.cos(turn) - half),
            float(y + step * np.sin(turn) - half),
            float(x + step * np.cos(turn) + half),
            float(y + step * np.sin(turn) + half),
        )
        for step in steps.tolist()
    ]


def with_settlements(places: Places, streets: StreetMap, frame: Frame) -> Places:
    """Add the basemap's settlements and their parts in and around a picture to the shipped places.

    A settlement that the shipped places have under the same name is not added.
    """
    if frame.z < STREETS_FROM or not streets.tileset.facts.is_vector:
        return places
    wide = frame._replace(
        x=frame.x - frame.across / TILE_PX,
        y=frame.y - frame.down / TILE_PX,
        across=frame.across * 3,
        down=frame.down * 3,
    )
    found = {
        (name.kind, _names_of(name)): cell.px(name.points)[0]
        for cell in cells_on(wide, streets)
        if isinstance(cell.ground, GroundTile)
        for name in cell.ground.names
        if name.kind in SETTLEMENT_WEIGHTS
    }
    lon, lat = wide.degrees(*np.array(list(found.values())).reshape(-1, 2).T)
    known = {names.casefold() for names in (*_near(places, wide), "")}
    rows = [
        (number, kind, names)
        for number, (kind, names) in enumerate(found)
        if known.isdisjoint(name.casefold() for name in names)
    ]
    numbers = [row[0] for row in rows]
    kinds = [row[1] for row in rows]
    return places.joined(
        Places(
            lon[numbers],
            lat[numbers],
            np.array([QUARTER if kind in PARTS else 3 for kind in kinds], np.int8),
            np.array([SETTLEMENT_WEIGHTS[kind] for kind in kinds], np.int64),
            np.array([""] * len(rows), "U2"),
            [dict(zip(LANGUAGES, row[2], strict=True)) for row in rows],
        )
    )


def _names_of(name: GroundName) -> tuple[str, ...]:
    return tuple(name_in(language, name.tags) for language in LANGUAGES)


def _near(places: Places, frame: Frame) -> list[str]:
    """List the names of the shipped places on a picture, in all languages."""
    west, south, east, north = frame.bounds(margin=0.1)
    near = (places.lon > west) & (places.lon < east) & (places.lat > south) & (places.lat < north)
    return [
        name
        for place in np.flatnonzero(near).tolist()
        for name in places.names[place].values()
        if name
    ]
