"""Rows of sums by day as JSON, month by month: a month whose sums were written before is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby

import msgspec
import numpy as np

from app.domain.cache import BoundedCache
from app.index.summary import Ledger, Measures

MOST_MONTHS = 512
"""Years of some Views; a month with every sector on every day has 55 kB."""

_MONTH = len("2025-10")


@dataclass(frozen=True, eq=False)
class DayTexts:
    """Writes rows by day; a kept text is chosen by the sums in it, so it is never out of date."""

    _kept: BoundedCache = field(default_factory=lambda: BoundedCache(MOST_MONTHS))

    def rows(
        self, days: Sequence[tuple[str, str, int]], measures: Measures, codes: tuple[str, ...]
    ) -> msgspec.Raw:
        """Write a list of the days with an incident, each by its key, its name and its group."""
        by_day = np.ascontiguousarray(measures.table.T)
        months = []
        for _, of_month in groupby(days, lambda day: day[0][:_MONTH]):
            rows = [day for day in of_month if by_day[day[2], 0]]
            sums = by_day[[group for *_, group in rows]]
            labels = tuple((key, name) for key, name, _ in rows)
            text_key = (labels, codes, hashlib.blake2b(sums.tobytes()).digest())
            months.append(
                self._kept.get(text_key, partial(_written, labels, sums, measures, codes))
            )
        return msgspec.Raw(b"[" + b",".join(filter(None, months)) + b"]")


def _written(
    labels: Sequence[tuple[str, str]], sums: np.ndarray, measures: Measures, codes: tuple[str, ...]
) -> bytes:
    """Write the rows of some days, without the brackets of a list."""
    answers = Ledger(Measures(sums.T, measures.sectors), codes).answers
    rows = [
        {"key": key, "name": name, **row} for (key, name), row in zip(labels, answers, strict=True)
    ]
    return msgspec.json.encode(rows)[1:-1]
