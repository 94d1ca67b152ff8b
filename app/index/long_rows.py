"""Rows of more than 48 hours: which of them reach over an edge of a period."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from app.rows import Rows


@dataclass(frozen=True, eq=False)
class LongRows:
    """Rows of more than 48 hours in the order of their first days, with their places."""

    rows: Rows
    places: np.ndarray

    @cached_property
    def _reach(self) -> np.ndarray:
        """The last day that a row or one before it reaches."""
        return np.maximum.accumulate(self.rows["day_last"])

    def across(self, day: int) -> np.ndarray:
        """Return the numbers of rows that begin before a day and reach it."""
        # Days of the type of the columns: another type would make `searchsorted` copy them.
        start = np.searchsorted(self._reach, np.int32(day))
        end = np.searchsorted(self.rows["day_first"], np.int32(day))
        numbers = np.arange(start, max(start, end))
        return numbers[self.rows["day_last"][numbers] >= day]

    def beyond(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the numbers of rows that end after a period: begun in it, and before it."""
        numbers = self.across(last + 1)
        is_inside = self.rows["day_first"][numbers] >= first
        return numbers[is_inside], numbers[~is_inside]

    def partly_in(self, first: int, last: int) -> np.ndarray:
        """Return the numbers of rows that reach over an edge of a period."""
        inside, _before = self.beyond(first, last)
        return np.concatenate([self.across(first), inside])
