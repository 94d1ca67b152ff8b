"""Makes the polygons of control files flat and valid, or refuses them with the reason."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from app.domain.place import WORLD, Bounds
from app.files.source import MAX_VERTICES, BadFieldError

HALF_GLOBE_DEG, GLOBE_DEG = 180, 360
SWAPPED = "a polygon outside the theatre that lies inside with its axes swapped"


def polygons(
    shape: BaseGeometry, repairs: Callable[[str], None], theatre: Bounds | None = None
) -> MultiPolygon:
    """Return the polygons of a shape, without heights and valid; `repairs` is called per repair.

    Rings may be wound in either direction: no later measurement depends on it.

    Raises:
        BadFieldError: no polygon, too many vertices, or latitude before longitude (recognised by
            the theatre's box, where there is one).
    """
    if shapely.get_num_coordinates(shape) > MAX_VERTICES:
        raise BadFieldError("geometry", "too many vertices", f"at most {MAX_VERTICES:,}")
    if not np.isfinite(shapely.get_coordinates(shape)).all():
        raise BadFieldError("geometry", "a coordinate that is no number", "finite degrees")
    if shapely.has_z(shape):
        shape = shapely.force_2d(shape)
        repairs("heights were dropped")
    whole = _joined_polygons(_valid(_cut_at_antimeridian(shape, repairs), repairs), repairs)
    box = Bounds(*whole.bounds)
    if theatre and looks_swapped(box, theatre):
        raise BadFieldError("geometry", SWAPPED, "longitude first, then latitude")
    if not WORLD.covers(box):
        raise BadFieldError("geometry", list(box), "-180..180, -90..90 degrees")
    return whole


def _valid(shape: BaseGeometry, repairs: Callable[[str], None]) -> BaseGeometry:
    if shapely.is_valid(shape):
        return shape
    repairs(f"an invalid polygon was repaired ({shapely.is_valid_reason(shape)})")
    return shapely.make_valid(shape)


def _joined_polygons(shape: BaseGeometry, repairs: Callable[[str], None]) -> MultiPolygon:
    """Join the polygons of a shape; points and lines of a collection are dropped."""
    parts = [part for part in _flatten(shape) if isinstance(part, Polygon) and not part.is_empty]
    if not parts:
        raise BadFieldError("geometry", shape.geom_type, "a Polygon or MultiPolygon with an area")
    whole = MultiPolygon(parts)
    if shapely.is_valid(whole):
        return whole
    # Polygons that are valid one by one may still overlap or share an edge.
    repairs("overlapping polygons were united")
    return MultiPolygon(
        [part for part in _flatten(shapely.union_all(parts)) if isinstance(part, Polygon)]
    )


def _flatten(shape: BaseGeometry) -> list[BaseGeometry]:
    parts = list(shapely.get_parts(shape))
    if any(hasattr(part, "geoms") for part in parts):
        return [piece for part in parts for piece in _flatten(part)]
    return parts


def _cut_at_antimeridian(shape: BaseGeometry, repairs: Callable[[str], None]) -> BaseGeometry:
    """Cut polygons that cross the antimeridian in two, as RFC 7946 3.1.9 requires of a writer.

    Such a polygon has an edge that is longer than half of the globe.
    """
    if shape.is_empty or np.ptp(shapely.get_coordinates(shape)[:, 0]) <= HALF_GLOBE_DEG:
        return shape
    parts = _flatten(shape)
    crossing = [isinstance(part, Polygon) and _crosses(part) for part in parts]
    if not any(crossing):
        return shape
    repairs("a polygon across the antimeridian was cut there")
    cut = [_cut(part) if crosses else part for part, crosses in zip(parts, crossing, strict=True)]
    return shapely.geometrycollections([piece for part in cut for piece in _flatten(part)])


def _crosses(polygon: Polygon) -> bool:
    steps = np.abs(np.diff(shapely.get_coordinates(polygon.exterior)[:, 0]))
    return bool(((steps > HALF_GLOBE_DEG) & (steps < GLOBE_DEG)).any())


def _cut(polygon: BaseGeometry) -> BaseGeometry:
    unrolled = shapely.make_valid(shapely.transform(polygon, _unrolled))
    west = unrolled.intersection(shapely.box(-180, -90, 180, 90))
    east = unrolled.intersection(shapely.box(180, -90, 540, 90))
    return shapely.geometrycollections(
        [west, shapely.transform(east, lambda xy: xy - [GLOBE_DEG, 0])]
    )


def _unrolled(points: np.ndarray) -> np.ndarray:
    return points + np.where(points[:, :1] < 0, [GLOBE_DEG, 0], 0)


def looks_swapped(box: Bounds, theatre: Bounds) -> bool:
    """Tell whether a box lies outside the theatre, but inside it with its axes swapped."""
    apart_x = box.east < theatre.west or box.west > theatre.east
    apart_y = box.north < theatre.south or box.south > theatre.north
    swapped = Bounds(*np.array(box)[[1, 0, 3, 2]].tolist())
    return (apart_x or apart_y) and theatre.covers(swapped)


def shape_hash(shape: BaseGeometry) -> tuple[str, bytes]:
    """Return a polygon's WKB and its SHA-256."""
    wkb = shapely.to_wkb(shape)
    return hashlib.sha256(wkb).hexdigest(), wkb
