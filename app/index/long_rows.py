"""Rows of more than 48 hours: which of them reach over an edge of a period."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.rows import Rows


@dataclass(frozen=True, eq=False)
class LongRows:
    """Rows of more than 48 hours in the order of their first days."""

    rows: Rows
    reach: np.ndarray
    """The last day that a row or one before it reaches."""

    @classmethod
    def of(cls, rows: Rows) -> LongRows:
        """Take rows in the order of their first days."""
        return cls(rows, np.maximum.accumulate(rows["day_last"]))

    def across(self, day: int) -> np.ndarray:
        """Return the places of rows that begin before a day and reach it."""
        start = np.searchsorted(self.reach, np.int32(day))
        end = np.searchsorted(self.rows["day_first"], np.int32(day))
        places = np.arange(start, max(start, end))
        return places[self.rows["day_last"][places] >= day]
