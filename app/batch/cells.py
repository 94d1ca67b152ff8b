"""Which of a few large shapes has each of many points: a grid decides most of them."""

from __future__ import annotations

import numpy as np
import shapely

IN_NONE, UNDECIDED = -1, -2
DEPTH = 10
"""The grid has 2 to this power cells in each direction."""

MARGIN = 1e-9
"""Cells are compared as if they were so much larger, in degrees: a point on an edge, which may be
rounded into the next cell, gets the same answer there."""


class ShapeCells:
    """A grid over shapes: a cell inside one of them, or outside all, needs no exact test.

    Of several shapes that contain a point, the last one counts.
    """

    def __init__(self, shapes: np.ndarray) -> None:
        self._shapes, self._bounds = shapes, shapely.bounds(shapes)
        shapely.prepare(shapes)
        west, south, east, north = shapely.total_bounds(shapes)
        self._corner = np.array([west, south])
        self._size = (np.array([east, north]) - self._corner + MARGIN) / (1 << DEPTH)
        self._cells = np.full((1, 1), UNDECIDED, np.int32)
        for depth in range(DEPTH + 1):
            if depth:
                self._cells = self._cells.repeat(2, 0).repeat(2, 1)
            y, x = np.nonzero(self._cells == UNDECIDED)
            self._cells[y, x] = self._whole(x, y, 1 << (DEPTH - depth))

    def _whole(self, x: np.ndarray, y: np.ndarray, side: int) -> np.ndarray:
        """Return the shape that contains the whole of each cell; UNDECIDED where an edge is."""
        low = self._corner + np.column_stack([x, y]) * side * self._size - MARGIN
        high = low + side * self._size + 2 * MARGIN
        boxes = shapely.box(*low.T, *high.T)
        numbers = np.full(len(boxes), IN_NONE, np.int32)
        for number, shape in enumerate(self._shapes):
            touched = np.flatnonzero(shapely.intersects(shape, boxes))
            is_inside = shapely.contains_properly(shape, boxes[touched])
            numbers[touched] = np.where(is_inside, number, UNDECIDED)
        return numbers

    def numbers(self, lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
        """Return the number of the shape that contains each point; IN_NONE outside all."""
        last = (1 << DEPTH) - 1
        x = ((lon - self._corner[0]) / self._size[0]).astype(np.int32)
        y = ((lat - self._corner[1]) / self._size[1]).astype(np.int32)
        is_outside = (x < 0) | (x > last) | (y < 0) | (y > last)
        numbers: np.ndarray = self._cells[y.clip(0, last), x.clip(0, last)]
        numbers[is_outside] = IN_NONE
        places = np.flatnonzero(numbers == UNDECIDED)
        numbers[places] = self._exact(lon[places], lat[places])
        return numbers

    def _exact(self, lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
        numbers = np.full(len(lon), IN_NONE, np.int32)
        for number, (west, south, east, north) in enumerate(self._bounds):
            near = np.flatnonzero((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))
            is_inside = shapely.contains_xy(self._shapes[number], lon[near], lat[near])
            numbers[near[is_inside]] = number
        return numbers
