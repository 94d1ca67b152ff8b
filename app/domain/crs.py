"""Reference systems that a reader may choose; inside are degrees on WGS 84, longitude first."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import shapely
from pyproj import Transformer
from pyproj.enums import TransformDirection
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from app.domain.answer import JsonObject
from app.domain.errors import InvalidPlace
from app.domain.place import CRS84, Bounds

EPSG_4326 = "http://www.opengis.net/def/crs/EPSG/0/4326"
WEB_MERCATOR_CRS = "http://www.opengis.net/def/crs/EPSG/0/3857"
REFERENCE_SYSTEMS = {CRS84: "OGC:CRS84", EPSG_4326: "EPSG:4326", WEB_MERCATOR_CRS: "EPSG:3857"}
"""The systems of OGC 18-058r1 that are offered, with their names in PROJ."""

BOXES = {
    CRS84: "west,south,east,north in degrees with south < north",
    EPSG_4326: "south,west,north,east in degrees with south < north (EPSG:4326: latitude first)",
    WEB_MERCATOR_CRS: "west,south,east,north in metres with south < north, x within ±20037508.34",
}
"""How a box is written in each system; in all of them it may cross the antimeridian."""

_EDGE_M = 20_037_508.342789
"""x of the antimeridian in EPSG:3857, rounded towards zero: PROJ turns more into -180 degrees."""

_ROUNDED_M = 1.0
"""A box may end so many metres after the edge: programs round it."""

_CM = 2
"""Decimals of metres in answers."""


@cache
def _from_degrees(crs: str) -> Transformer:
    """Make what transforms from our degrees; the axes come in the order of the system."""
    return Transformer.from_crs(REFERENCE_SYSTEMS[CRS84], REFERENCE_SYSTEMS[crs])


def geometries_in(crs: str, geometries: Sequence[JsonObject | None]) -> list[JsonObject | None]:
    """Write GeoJSON geometries of degrees in another system.

    None stays None; a shape at a pole, which EPSG:3857 does not have, becomes None.
    """
    if crs == CRS84:
        return list(geometries)
    shapes = np.array([None if one is None else shape(one) for one in geometries], object)
    moved = shapely.transform(shapes, lambda points: _moved(crs, points))
    return [None if one is None else mapping(one) for one in _finite(moved)]


def _finite(shapes: np.ndarray) -> list[BaseGeometry | None]:
    return [
        one if np.isfinite(shapely.get_coordinates(one)).all() else None for one in shapes.tolist()
    ]


def _moved(crs: str, points: np.ndarray) -> np.ndarray:
    moved = np.column_stack(_from_degrees(crs).transform(points[:, 0], points[:, 1]))
    return np.round(moved, _CM) if crs == WEB_MERCATOR_CRS else moved


def shape_in_degrees(crs: str, drawn: BaseGeometry) -> BaseGeometry:
    """Bring a shape from another system to degrees, longitude first."""

    def moved(points: np.ndarray) -> np.ndarray:
        back = _from_degrees(crs).transform(
            points[:, 0], points[:, 1], direction=TransformDirection.INVERSE
        )
        return np.column_stack(back)

    return drawn if crs == CRS84 else shapely.transform(drawn, moved)


def box_in_degrees(crs: str, sides: Sequence[float]) -> Bounds:
    """Bring the sides of a box, four or six with heights, from another system to degrees.

    Raises:
        InvalidPlace: no such box; the message has the order of the sides in the system.
    """
    try:
        if crs == CRS84 or len(sides) not in (4, 6):
            return Bounds.of(sides)
        first, second = sides[:2], sides[len(sides) // 2 :][:2]
        if crs == WEB_MERCATOR_CRS:
            first, second = _on_square(first), _on_square(second)
        (west, east), (south, north) = _from_degrees(crs).transform(
            [first[0], second[0]], [first[1], second[1]], direction=TransformDirection.INVERSE
        )
        return Bounds.of((west, south, east, north))
    except InvalidPlace as wrong:
        raise InvalidPlace("box", ",".join(map(str, sides)), BOXES[crs]) from wrong


def box_from_degrees(crs: str, box: Bounds) -> Bounds:
    """Write a box of degrees in the axes of another system."""
    corners = np.array([(box.west, box.south), (box.east, box.north)])
    return Bounds(*_moved(crs, corners).ravel().tolist())


def _on_square(corner: Sequence[float]) -> tuple[float, float]:
    x, y = corner
    if not abs(x) <= _EDGE_M + _ROUNDED_M:
        raise InvalidPlace("box", x, BOXES[WEB_MERCATOR_CRS])
    return min(max(x, -_EDGE_M), _EDGE_M), y
