"""Where the marks of a picture leave room for names and numbers, as `static/js/room.js` does it."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from app.render.frame import Frame

CELL_PX = 2
"""The room is known to so many px: boxes that only touch a mark's edge are free of it."""

CORE = 0.75
"""The half side of the square of a mark that must stay free, as a share of its radius."""

Box = tuple[float, float, float, float]


class Room:
    """The cells of a picture, and of a margin around it, under no mark."""

    def __init__(
        self, frame: Frame, x: np.ndarray, y: np.ndarray, radius: np.ndarray, margin: int = 0
    ) -> None:
        """Take the cells under marks; places, radii and the margin are px of the picture."""
        self._margin = margin
        wide, high = (-(-(side + 2 * margin) // CELL_PX) for side in (frame.width, frame.height))
        half = radius * CORE

        def cells(places: np.ndarray, most: int) -> np.ndarray:
            return np.clip(np.rint((places + margin) / CELL_PX), 0, most).astype(np.int64)

        x0, x1 = cells(x - half, wide), cells(x + half, wide)
        y0, y1 = cells(y - half, high), cells(y + half, high)
        steps = np.zeros((high + 1, wide + 1), np.int32)  # their sums count the marks of each cell
        for rows, columns, step in ((y0, x0, 1), (y0, x1, -1), (y1, x0, -1), (y1, x1, 1)):
            np.add.at(steps.ravel(), rows * (wide + 1) + columns, np.int32(step))
        self._taken = _added_up(steps)[:high, :wide] > 0

    @classmethod
    def whole(cls, frame: Frame) -> Room:
        """Return the room of a picture without marks."""
        return cls(frame, np.empty(0), np.empty(0), np.empty(0))

    @cached_property
    def _sums(self) -> np.ndarray:
        """The number of taken cells above and to the left of each corner of a cell."""
        high, wide = self._taken.shape
        sums = np.zeros((high + 1, wide + 1), np.int32)
        sums[1:, 1:] = _added_up(self._taken)
        return sums

    def covered_each(self, boxes: np.ndarray) -> np.ndarray:
        """Count the taken cells under each of many boxes, whose rows are boxes in px."""
        high, wide = self._taken.shape
        cells = np.rint((boxes + self._margin) / CELL_PX).astype(np.int64)
        x0, y0, x1, y1 = np.clip(cells, 0, (wide, high, wide, high)).T
        sums = self._sums
        return np.asarray(sums[y1, x1] - sums[y0, x1] - sums[y1, x0] + sums[y0, x0])

    def covered(self, box: Box) -> int:
        """Count the cells under a box (px of the picture) that marks take."""
        x0, y0, x1, y1 = (max(round((side + self._margin) / CELL_PX), 0) for side in box)
        return int(np.count_nonzero(self._taken[y0:y1, x0:x1]))


def _added_up(cells: np.ndarray) -> np.ndarray:
    """Add up all cells above and to the left of each, and itself."""
    # NumPy's usual sums have eight bytes, which take three times as long.
    return cells.cumsum(axis=0, dtype=np.int32).cumsum(axis=1, dtype=np.int32)
