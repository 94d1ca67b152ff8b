"""One state of the record: the value that a request reads from its start to its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import numpy as np

from app.domain.cache import BoundedCache
from app.domain.redaction import Redaction
from app.domain.revision import GENESIS
from app.domain.terms import Dataset
from app.index.columns import Tables
from app.index.control import ControlIndex
from app.index.cubes import Cubes
from app.index.joins import Join
from app.index.merged import Merged
from app.index.select import Segment


@dataclass(frozen=True, eq=False)
class State:
    """One consistent state of the record, which a request uses from its start to its end."""

    seq: int
    segments: Sequence[Segment]
    replaced: np.ndarray  # rows of the first segment that the delta replaced
    cubes: Cubes
    tables: Tables
    datasets: dict[str, Dataset]
    control: ControlIndex
    merged: Merged
    added: Mapping[str, int] = field(default_factory=dict)
    """The revision that added each dataset."""

    redactions: Mapping[str, Redaction] = field(default_factory=dict)
    hash: bytes = GENESIS
    recorded_at: datetime | None = None
    """When its newest revision was recorded; None for an empty record."""

    mended: str = ""
    grains: BoundedCache = field(default_factory=lambda: BoundedCache(8))
    """The groups of datasets that leave as sums only, for each way to see them."""

    @property
    def mark(self) -> str:
        """Identify the content: equal marks, equal answers. Every cache and ETag uses it.

        It holds the hash of the newest revision, since two records can have as many revisions, and
        when a damaged index was last built anew, since a cache may hold what was read from it.
        """
        return f"{self.seq}-{self.hash.hex()[:32]}{self.mended}"

    def join(self, source: Dataset, seq: int, frozen: date | None = None) -> Join:
        """Join a source's control, as known at `seq`, with all incidents of its theatre.

        With `frozen`, every incident is joined with the control of that day.
        """
        is_joined = np.zeros(len(self.tables.datasets) + 1, bool)
        for number, slug in enumerate(self.tables.datasets):
            dataset = self.datasets.get(slug)
            fits = dataset is not None and dataset.theatre == source.theatre
            is_joined[number] = (
                fits and dataset is not None and dataset.synthetic == source.synthetic
            )
        calendar = self.control.calendar(source.slug, seq)
        is_now = seq >= self.seq
        return Join(source.slug, source.theatre, calendar, is_joined, frozen, is_now)
