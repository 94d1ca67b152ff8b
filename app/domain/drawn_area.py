"""An area that a reader draws on the map: a polygon of few corners, which an address can hold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import shapely

from app.domain.errors import InvalidPlace
from app.domain.place import Bounds, LonLat

LEAST_CORNERS, MOST_CORNERS = 3, 100
WIDEST = 180.0
"""In degrees of longitude; a wider one crosses the antimeridian, or could be meant so."""

DIGITS = 7
"""Corners have the resolution of the record, about 1 cm."""

DRAWN_EVERY = 0.1
"""In degrees. A side is straight in degrees and bends on the map: it is drawn by parts of this
length, which are straight to a few metres."""

ALLOWED = (
    f"longitude,latitude of {LEAST_CORNERS} to {MOST_CORNERS} corners in degrees, separated by "
    f"commas: an area whose sides do not cross, at most {WIDEST:g} degrees wide and not across the "
    "antimeridian"
)


class DrawnArea(NamedTuple):
    """A polygon in degrees whose sides are straight in degrees (RFC 7946 3.1.1).

    Its corners run counterclockwise from the most western one: equal areas are equal values.
    """

    corners: tuple[LonLat, ...]

    @classmethod
    def of(cls, numbers: Sequence[float]) -> DrawnArea:
        """Read corners as longitude, latitude, longitude and so on; the first may be repeated.

        >>> DrawnArea.of([31.0, 50.0, 30.0, 50.0, 30.0, 51.0]).numbers
        [30.0, 50.0, 31.0, 50.0, 30.0, 51.0]

        Raises:
            InvalidPlace: no polygon, or one that cannot be meant.
        """
        corners = _corners(numbers)
        shape = shapely.Polygon(corners)
        if shape.convex_hull.area == 0:
            raise _refused("corners on one line")
        if not shape.is_valid:
            place = shapely.is_valid_reason(shape).partition("[")[2].rstrip("]")
            raise _refused(f"sides that cross or touch at {', '.join(place.split())}")
        west, _south, east, _north = shape.bounds
        if east - west > WIDEST:
            raise _refused(f"an area {east - west:g} degrees wide")
        ring = corners if shape.exterior.is_ccw else corners[::-1]
        first = ring.index(min(ring))
        return cls((*ring[first:], *ring[:first]))

    @property
    def numbers(self) -> list[float]:
        """The corners as `of` reads them."""
        return [degrees for corner in self.corners for degrees in corner]

    @property
    def shape(self) -> shapely.Polygon:
        """The area as a polygon."""
        return shapely.Polygon(self.corners)

    @property
    def outline(self) -> shapely.Polygon:
        """The area with so many corners that its sides can be drawn straight on a map."""
        return shapely.segmentize(self.shape, DRAWN_EVERY)

    @property
    def bounds(self) -> Bounds:
        """The box around the area."""
        return Bounds(*self.shape.bounds)


def _corners(numbers: Sequence[float]) -> list[LonLat]:
    """Round the corners to the record's resolution, each once where it follows itself."""
    if len(numbers) % 2 or not numbers or not all(map(math.isfinite, numbers)):
        raise _refused("no pairs of numbers")
    corners = list[LonLat]()
    for lon, lat in zip(numbers[::2], numbers[1::2], strict=True):
        try:
            corner = LonLat.checked(lon=round(lon, DIGITS), lat=round(lat, DIGITS))
        except InvalidPlace as wrong:
            raise _refused(f"{lon:g}, {lat:g} as a corner") from wrong
        if corners[-1:] != [corner]:
            corners.append(corner)
    if len(corners) > 1 and corners[0] == corners[-1]:
        del corners[-1]
    if len(corners) < LEAST_CORNERS:
        raise _refused(f"too few corners ({len(corners)})")
    if len(corners) > MOST_CORNERS:
        raise _refused(f"too many corners ({len(corners)})")
    return corners


def _refused(got: str) -> InvalidPlace:
    return InvalidPlace("area", got, ALLOWED)
