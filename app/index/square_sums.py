"""Sums by squares of the Mercator map, so that a sum of a box reads only the rows near its rim."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.domain.mercator import BITS
from app.index.boxes import BoxE7, squares
from app.index.cubes import MOST_CUBE_BYTES, Cubes
from app.index.groups import Grouping
from app.index.select import Filter, Selection
from app.index.summary import Measures, measure
from app.rows import NEVER, Rows

FINE, COARSE = 12, 10
"""Zoom levels of the squares. The fine ones are 6 km wide in Ukraine: where a million incidents are
recorded, 15,000 of them hold one. Weapons and sectors have coarse ones, with a sum for each class.
"""


def zoom_of(by: Grouping) -> int:
    """Return the zoom level of the squares for a grouping."""
    return COARSE if by in (Grouping.weapon, Grouping.sector) else FINE


@dataclass(frozen=True, eq=False)
class SquareSums:
    """Sums by square and group, of the rows of one dataset that were current at its build.

    `x`, `y` and `rows` (how many there are) belong to squares. `sums[place, measure]` belongs to
    `square[place]` and `group[place]`; only the measures in `names` are stored, the others are 0.
    """

    x: np.ndarray
    y: np.ndarray
    rows: np.ndarray
    square: np.ndarray
    group: np.ndarray
    names: np.ndarray
    sums: np.ndarray
    zoom: int
    sectors: int

    @property
    def nbytes(self) -> int:
        """Its size in bytes."""
        columns = (self.x, self.y, self.rows, self.square, self.group, self.sums)
        return sum(column.nbytes for column in columns)

    def inside(self, box: BoxE7, groups: int) -> tuple[Measures, int]:
        """Sum the squares that lie wholly in a box, by group; and count their rows."""
        is_inside = _are_inside(self.x, self.y, box, self.zoom)
        total = Measures.zero(groups, self.sectors)
        places = np.flatnonzero(is_inside[self.square])
        places = places[np.argsort(self.group[places], kind="stable")]
        if len(places):
            present, starts = np.unique(self.group[places], return_index=True)
            sums = np.add.reduceat(self.sums[places], starts, axis=0, dtype=np.int64)
            total.table[np.ix_(self.names, present)] = sums.T
        return total, int(self.rows[is_inside].sum())


def in_whole_squares(rows: Rows, places: np.ndarray, box: BoxE7, by: Grouping) -> np.ndarray:
    """Tell which rows with a place are in squares that lie wholly in a box."""
    zoom = zoom_of(by)
    shift = np.uint32(BITS - zoom)
    x, y = (rows[axis][places] >> shift for axis in ("mercator_x", "mercator_y"))
    return _are_inside(x, y, box, zoom)


def _are_inside(x: np.ndarray, y: np.ndarray, box: BoxE7, zoom: int) -> np.ndarray:
    are_inside: np.ndarray = np.zeros(len(x), bool)
    for square in squares(box):
        west, east, north, south = square.at(zoom)
        are_inside |= (x > west) & (x < east) & (y > north) & (y < south)
    return are_inside


def square_sums(cubes: Cubes, slug: str, level: int, by: Grouping) -> SquareSums | None:
    """Return the sums by square of a dataset; None when they would be too large.

    They are built from the rows of the generation on the first request, and kept with the cubes.
    """
    # Other groupings have the same sums for both levels.
    level = level if by is Grouping.region else 1

    def built() -> SquareSums | None:
        table = _built(cubes, slug, level, by)
        return table if table.nbytes <= min(MOST_CUBE_BYTES, cubes.built.largest) else None

    sums: SquareSums | None = cubes.built.get(("squares", slug, level, by), built)
    return sums


def _built(cubes: Cubes, slug: str, level: int, by: Grouping) -> SquareSums:
    segment, zoom = cubes.segment, zoom_of(by)
    any_place = Filter(seq=segment.newest, datasets=np.empty(0, bool), level=level)
    criteria = cubes.own_filter(any_place, by, (slug,))
    places = segment.match(criteria, high=segment.marks)  # what is not drawn lies in no box
    keys, number, rows = np.unique(
        _key(segment.rows, places, zoom), return_inverse=True, return_counts=True
    )
    number_of_row = np.zeros(len(segment.rows), np.int64)
    number_of_row[places] = number
    placed, group = cubes.groups.of(segment.rows, places, by, criteria)
    size = cubes.groups.size(by, level)
    cells, cell = np.unique(number_of_row[placed] * size + group, return_inverse=True)
    measures = measure(Selection([(segment, placed)]), cell, len(cells), cubes.groups.sectors)
    names = np.flatnonzero(measures.table.any(axis=1))
    sums = np.ascontiguousarray(measures.table[names].T)
    x, y, count, square, of_group = (
        column.astype(np.int32)
        for column in (keys >> zoom, keys & (1 << zoom) - 1, rows, cells // size, cells % size)
    )
    sums = sums.astype(np.int32) if sums.max(initial=0) <= NEVER else sums
    return SquareSums(x, y, count, square, of_group, names, sums, zoom, cubes.groups.sectors)


def _key(rows: Rows, places: np.ndarray, zoom: int) -> np.ndarray:
    """Return one number for the column and the row of each place's square."""
    x, y = (
        rows[axis][places].astype(np.int64) >> BITS - zoom for axis in ("mercator_x", "mercator_y")
    )
    return np.asarray(x << zoom | y)
