"""Where and when the requests of a measurement look: places and days of an invented record."""

from __future__ import annotations

import random
from dataclasses import dataclass

from app.index.select import Segment
from app.rows import NEVER

ZOOMS, PER_ZOOM = (7, 8, 9, 10), 12
BOX_DEG = 0.25


@dataclass(frozen=True)
class Places:
    """Where the requests look: tiles, points, and the days that the record speaks of."""

    tiles: list[tuple[int, int, int]]
    points: list[tuple[float, float]]
    first_day: int
    days: int

    @classmethod
    def of(cls, segment: Segment) -> Places:
        """Choose marks by chance, the same ones in every run; busy places more often."""
        chance, rows = random.Random(1), segment.rows  # noqa: S311  a sample, not a secret
        tiles, points = [], []
        for zoom in ZOOMS * PER_ZOOM:
            row = chance.randrange(segment.marks)
            x, y = (int(rows[name][row]) >> 31 - zoom for name in ("mercator_x", "mercator_y"))
            tiles.append((zoom, x, y))
            points.append((rows["lon_e7"][row] / 1e7, rows["lat_e7"][row] / 1e7))
        days = rows["day_first"][rows["day_first"] != NEVER]
        return cls(tiles, points, int(days.min()), int(days.max() - days.min()))

    @property
    def boxes(self) -> list[tuple[str, ...]]:
        """The edges of a box around each point: west, south, east, north."""
        return [
            tuple(f"{edge:.4f}" for edge in (x - BOX_DEG, y - BOX_DEG, x + BOX_DEG, y + BOX_DEG))
            for x, y in self.points
        ]
