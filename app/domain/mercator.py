"""Web Mercator (EPSG:3857) as a square of side 1: x goes east, y goes south, both 0..1.

The one place that turns degrees into a place on the square, a tile or a row of tiles.
"""

from __future__ import annotations

import numpy as np

MAX_LATITUDE = 85.05112877980659
"""Where the square ends; places beyond are put on its edge."""

BITS = 31
"""Bits of a whole-number coordinate: the square is 2^31 units wide, in the index and its tiles."""


def unit_x(lon: np.ndarray | float) -> np.ndarray:
    """Project longitudes in degrees: -180 is 0, 180 is 1."""
    return (np.asarray(lon) + 180.0) / 360.0


def unit_y(lat: np.ndarray | float) -> np.ndarray:
    """Project latitudes in degrees: the north edge is 0, the equator 0.5, the south edge 1."""
    sine = np.sin(np.radians(np.clip(lat, -MAX_LATITUDE, MAX_LATITUDE)))
    return np.asarray(0.5 - np.log((1 + sine) / (1 - sine)) / (4 * np.pi))


def latitude(y: float) -> float:
    """Return the latitude of a y, in degrees; beyond the square, that of its edge."""
    return float(np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * min(max(y, 0.0), 1.0))))))


def tile_at(lon: float, lat: float, zoom: int) -> tuple[int, int]:
    """Return the column and the row of the tile that a point lies in.

    >>> tile_at(36.23, 49.99, 6)
    (38, 21)
    """
    tiles = 2**zoom
    return int(unit_x(lon) * tiles), int(unit_y(lat) * tiles)
