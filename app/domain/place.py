"""Where things are: points, precision, areas and lengths. Degrees on WGS 84, longitude first.

The one module that measures areas and lengths.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

import msgspec
import numpy as np
import shapely
from pyproj import Geod, Transformer
from shapely.geometry.base import BaseGeometry

from app.domain.errors import InvalidPlace

WGS84 = Geod(ellps="WGS84")
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
"""The name of our coordinates in documents: degrees on WGS 84, longitude first."""

E7 = 10_000_000
"""Coordinates are stored as whole 1e-7 degrees (about 1 cm): exact, comparable."""


class LonLat(NamedTuple):
    """A point in degrees. Leaflet's (lat, lon) order exists only inside `app.maps`."""

    lon: float
    lat: float

    @classmethod
    def checked(cls, *, lon: float, lat: float) -> LonLat:
        """Make a point; refuse one that is not on the globe, NaN included.

        Raises:
            InvalidPlace: outside -180..180, -90..90.
        """
        if not (WORLD.west <= lon <= WORLD.east and WORLD.south <= lat <= WORLD.north):
            raise InvalidPlace("lon, lat", f"{lon}, {lat}", "-180..180, -90..90 degrees")
        return cls(lon, lat)


class Bounds(NamedTuple):
    """A box in degrees; west > east means that it crosses the antimeridian (RFC 7946 5.2)."""

    west: float
    south: float
    east: float
    north: float

    @classmethod
    def of(cls, sides: Sequence[float]) -> Bounds:
        """Read four sides, or six with heights (OGC 17-069r4 7.15.3); heights are ignored.

        Raises:
            InvalidPlace: another number of sides, not on the globe, or an empty box.
        """
        flat = (*sides[:2], *sides[3:5]) if len(sides) == 6 else sides  # noqa: PLR2004
        # An infinite or missing height is as wrong as an infinite side.
        if len(flat) == 4 and all(map(math.isfinite, sides)):  # noqa: PLR2004
            west, south, east, north = flat
            on_globe = all(WORLD.west <= side <= WORLD.east for side in (west, east))
            if on_globe and west != east and WORLD.south <= south < north <= WORLD.north:
                return cls(west, south, east, north)
        allowed = (
            "west,south,east,north in degrees with south < north; "
            "west > east crosses the antimeridian"
        )
        raise InvalidPlace("box", ",".join(map(str, sides)), allowed)

    @property
    def parts(self) -> tuple[Bounds, ...]:
        """The box as one or two that do not cross the antimeridian."""
        if self.west < self.east:
            return (self,)
        return (self._replace(east=WORLD.east), self._replace(west=WORLD.west))

    @property
    def exchanged(self) -> Bounds:
        """The box with latitude and longitude exchanged."""
        return Bounds(self.south, self.west, self.north, self.east)

    def is_exchanged(self, theatre: Bounds) -> bool:
        """Tell whether the axes are surely exchanged: outside a theatre, and so exchanged inside.

        An empty map would say that nothing happened. A client that shows all of a theatre asks for
        a box that is somewhat larger.

        >>> theatre = Bounds(22.1, 44.4, 40.2, 52.4)
        >>> Bounds(44, 22, 53, 41).is_exchanged(theatre)
        True
        >>> Bounds(44, 22, 90, 90).is_exchanged(theatre)
        False
        """
        is_apart = self.west > theatre.east or self.east < theatre.west
        is_apart |= self.south > theatre.north or self.north < theatre.south
        return is_apart and theatre.with_margin(WIDER).covers(self.exchanged)

    def with_margin(self, share: float) -> Bounds:
        """Return the box with a margin of a share of its sides around it, perhaps off the globe."""
        across, high = share * (self.east - self.west), share * (self.north - self.south)
        return Bounds(self.west - across, self.south - high, self.east + across, self.north + high)

    def covers(self, other: Bounds) -> bool:
        """Tell whether another box lies inside, edges included; one with NaN does not."""
        across = self.west <= other.west <= other.east <= self.east
        return across and self.south <= other.south <= other.north <= self.north


WIDER = 0.1
"""The margin around a theatre, as a share of its sides, that a client shows with it."""

WORLD = Bounds(-180.0, -90.0, 180.0, 90.0)


class Precision(StrEnum):
    """How exactly a place is known. Only the first three may be drawn as a point on the map."""

    exact = "exact"
    street = "street"
    settlement = "settlement"
    admin2 = "admin2"
    admin1 = "admin1"
    country = "country"


DRAWABLE = (Precision.exact, Precision.street, Precision.settlement)

DEFAULT_ERROR_M = {Precision.exact: 100, Precision.street: 500, Precision.settlement: 5_000}
"""Error radius when a source gives a precision but no radius (docs/formats.md, "Error radius").

An area has none."""


class Place(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Where an incident happened, as its source states it.

    A place without coordinates is a fact, not an error: `lon_e7` and `lat_e7` are then None.
    Region codes here are those that the source states; the index finds those of the point.
    """

    lon_e7: int | None = None
    lat_e7: int | None = None
    precision: Precision = Precision.country
    error_m: int | None = None
    name: str | None = None
    country: str | None = None
    admin1: str | None = None
    admin2: str | None = None

    @classmethod
    def at(  # noqa: PLR0913  what a source may state of a place, each by name
        cls,
        point: LonLat | None,
        precision: Precision,
        *,
        error_m: int | None = None,
        name: str | None = None,
        country: str | None = None,
        admin1: str | None = None,
        admin2: str | None = None,
    ) -> Place:
        """Build a place; without an error radius the precision class gives one.

        Raises:
            InvalidPlace: a negative error radius.
        """
        if error_m is None:
            error_m = DEFAULT_ERROR_M.get(precision) if point else None
        elif error_m < 0:
            raise InvalidPlace("error_m", error_m, "0 or more metres, or empty")
        lon_e7 = None if point is None else round(point.lon * E7)
        lat_e7 = None if point is None else round(point.lat * E7)
        return cls(lon_e7, lat_e7, precision, error_m, name, country, admin1, admin2)

    @property
    def point(self) -> LonLat | None:
        """The point in degrees, or None."""
        if self.lon_e7 is None or self.lat_e7 is None:
            return None
        return LonLat(self.lon_e7 / E7, self.lat_e7 / E7)

    @property
    def is_drawable(self) -> bool:
        """Tell whether a map may draw a mark: a point no coarser than a settlement."""
        return self.lon_e7 is not None and self.precision in DRAWABLE


def area_km2(shape: BaseGeometry) -> float:
    """Measure land on the ellipsoid, in km²; empty is 0.

    Rings are wound first: else a hole is added, and parts can cancel each other.
    """
    area_m2, _perimeter_m = WGS84.geometry_area_perimeter(shapely.orient_polygons(shape))
    return float(area_m2) / 1e6


def length_km(line: BaseGeometry) -> float:
    """Measure a line on the ellipsoid, in km; empty is 0."""
    return float(WGS84.geometry_length(line)) / 1e3


class LocalPlane:
    """A Lambert azimuthal plane around a box: metres for buffers and distances in one country.

    Scale errs by under 1 % up to about 1,000 km from the centre; areas and lengths that are
    printed are measured on the ellipsoid instead.
    """

    def __init__(self, bounds: Bounds) -> None:
        lon, lat = (bounds.west + bounds.east) / 2, (bounds.south + bounds.north) / 2
        plane = f"+proj=laea +lon_0={lon} +lat_0={lat} +datum=WGS84 +units=m"
        self._to_plane = Transformer.from_crs("OGC:CRS84", plane, always_xy=True)

    def flat(self, shape: BaseGeometry) -> BaseGeometry:
        """Project a shape from degrees to metres."""
        return shapely.transform(shape, lambda points: self._moved(points, "FORWARD"))

    def back(self, shape: BaseGeometry) -> BaseGeometry:
        """Project a shape from metres back to degrees."""
        return shapely.transform(shape, lambda points: self._moved(points, "INVERSE"))

    def _moved(self, points: np.ndarray, direction: str) -> np.ndarray:
        moved = self._to_plane.transform(points[:, 0], points[:, 1], direction=direction)
        return np.column_stack(moved)

    def flat_xy(self, lon: np.ndarray, lat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Project arrays of degrees to metres."""
        x, y = self._to_plane.transform(lon, lat)
        return x, y
