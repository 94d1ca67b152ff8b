"""Cuts big polygons on a fixed degree grid, so that clipping a small tile touches few vertices."""

from collections.abc import Iterator

import numpy as np
import shapely

from geodata import shapes

MAX_VERTICES = 500
FIRST_CELL_DEG = 20.0
SMALLEST_CELL_DEG = 0.3125
# Neighbours overlap by a sixteenth of their cell on each side: an anti-aliased fill without a
# stroke would otherwise show a hairline where two pieces only touch.
OVERLAP = 1 / 16


def pieces(outlines: shapes.Shapes) -> shapes.Shapes:
    """Return MultiPolygons of about 500 vertices at most; a small polygon stays whole.

    Only a cell of the smallest size may hold more. Cuts lie on the rounding grid, and the union
    of the pieces is the outline again, but for the rounding of points on a cut.
    """
    cut = [piece for polygon in shapely.get_parts(outlines) for piece in _cut(polygon)]
    rounded = shapes.polygons_only(shapes.on_grid(np.array(cut, dtype=object)))
    return np.array([piece for piece in rounded if not piece.is_empty], dtype=object)


def _cut(polygon: shapely.Polygon) -> Iterator[shapely.Geometry]:
    if shapes.vertex_count(polygon) <= MAX_VERTICES:
        yield polygon
        return
    for west in np.arange(-180.0, 180.0, FIRST_CELL_DEG):
        for south in np.arange(-90.0, 90.0, FIRST_CELL_DEG):
            yield from _cell(polygon, west, south, FIRST_CELL_DEG)


def _cell(
    shape: shapely.Geometry, west: float, south: float, size_deg: float
) -> Iterator[shapely.Geometry]:
    margin = size_deg * OVERLAP
    box = (west - margin, south - margin, west + size_deg + margin, south + size_deg + margin)
    part = shapely.clip_by_rect(shape, *box)
    if not part.is_valid:
        part = shapely.intersection(shapely.make_valid(shape), shapely.box(*box))
    if part.is_empty:
        return
    if shapes.vertex_count(part) <= MAX_VERTICES or size_deg <= SMALLEST_CELL_DEG:
        yield part
        return
    half = size_deg / 2
    for x in (west, west + half):
        for y in (south, south + half):
            yield from _cell(part, x, y, half)
