"""Boxes of degrees on the Mercator square: what of the Morton curve lies in a box."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from app.domain.mercator import BITS
from app.domain.place import E7
from app.index.columns import interleave, mercator

BoxE7 = tuple[int, int, int, int]
"""West, south, east, north in 1e-7 degrees; west > east crosses the antimeridian."""

MOST_TILES = 64
"""More tiles follow the sides of a box more closely, but then the curve has more pieces in it."""


def in_box(lon: np.ndarray, lat: np.ndarray, box: BoxE7) -> np.ndarray:
    """Tell which places lie in a box, its sides included."""
    west, south, east, north = box
    across = (lon >= west) & (lon <= east) if west < east else (lon >= west) | (lon <= east)
    # A row without a place is below every box, also one across the antimeridian.
    inside: np.ndarray = across & (lat >= south) & (lat <= north)
    return inside


class Square(NamedTuple):
    """Columns and rows of the Mercator square, the last ones included, in its 2^31 units."""

    west: int
    east: int
    north: int
    south: int

    def at(self, zoom: int) -> Square:
        """Return the columns and rows of the tiles of a zoom level that it touches."""
        return Square(*(side >> BITS - zoom for side in self))

    @property
    def size(self) -> int:
        """How many places it has."""
        return (self.east - self.west + 1) * (self.south - self.north + 1)


def squares(box: BoxE7) -> list[Square]:
    """Project a box; it is two squares where it crosses the antimeridian.

    All that lies in the box lies in a square. What lies in a square, but in none of its outermost
    columns and rows, lies in the box: to project keeps the order of longitudes and of latitudes.
    """
    west, south, east, north = box
    spans = [(west, east)] if west < east else [(-180 * E7, east), (west, 180 * E7)]
    projected = [mercator(np.array(span) / E7, np.array([north, south]) / E7) for span in spans]
    return [Square(int(x[0]), int(x[1]), int(y[0]), int(y[1])) for x, y in projected]


def curve_pieces(box: BoxE7) -> list[tuple[int, int]]:
    """Return pieces of the Morton curve, first and last key, that hold all that lies in a box.

    They come in order and do not overlap; about as much again as the box's rim lies in them too.
    """
    pieces: list[tuple[int, int]] = []
    for square in squares(box):
        zoom = next(z for z in range(BITS, -1, -1) if square.at(z).size <= MOST_TILES)
        west, east, north, south = square.at(zoom)
        x, y = np.mgrid[west : east + 1, north : south + 1]
        shift = np.uint64(2 * (BITS - zoom))
        firsts = (interleave(x) | interleave(y) << np.uint64(1)) << shift
        pieces += [(first, first + (1 << int(shift)) - 1) for first in firsts.ravel().tolist()]
    joined: list[tuple[int, int]] = []
    for first, last in sorted(pieces):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined
