"""By what sums are grouped: the groups of each grouping, and which of them a row is in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from app.index.select import Filter, Segment, Selection, regions_of
from app.index.summary import Measures, measure
from app.rows import BATTLE, EVENT_KINDS, OTHER_HARM, Rows


class Grouping(StrEnum):
    """By what a cube adds up; an incident of several weapons or sectors counts in each."""

    region = "region"
    kind = "kind"
    weapon = "weapon"
    sector = "sector"
    none = "none"


@dataclass(frozen=True)
class Groups:
    """The number of groups of each grouping; regions have one more, for rows in none of them."""

    regions: Mapping[int, int]
    weapons: int
    sectors: int

    def size(self, by: Grouping, level: int) -> int:
        """Count the groups of a grouping."""
        if by is Grouping.region:
            return self.regions[level] + 1
        sizes = {
            Grouping.kind: len(EVENT_KINDS),
            Grouping.weapon: self.weapons,
            Grouping.sector: self.sectors,
        }
        return sizes.get(by, 1)

    def of(
        self, rows: Rows, places: np.ndarray, by: Grouping, criteria: Filter
    ) -> tuple[np.ndarray, np.ndarray]:
        """Put rows into groups: the place of a row for each of its groups, and the group."""
        if by is Grouping.region:
            regions = regions_of(rows, places, criteria).astype(np.int64)
            return places, regions % self.size(by, criteria.level)  # -1: the last group
        if by is Grouping.none:
            return places, np.zeros(len(places), np.int64)
        if by is Grouping.kind:
            kinds = rows["flags"][places] & np.uint8(BATTLE | OTHER_HARM)
            return places, sum((kinds == bit) * n for n, bit in enumerate(EVENT_KINDS))
        bits = rows[f"{by}s"][places]
        parts = [
            places[(bits & np.uint32(1 << bit)) != 0]
            for bit in range(self.size(by, criteria.level))
        ]
        return np.concatenate(parts), np.repeat(np.arange(len(parts)), [len(p) for p in parts])

    def measure(
        self, parts: Sequence[tuple[Segment, np.ndarray]], by: Grouping, criteria: Filter
    ) -> Measures:
        """Add up rows by group."""
        size = self.size(by, criteria.level)
        sums = Measures.zero(size, self.sectors)
        for segment, places in parts:
            placed, groups = self.of(segment.rows, places, by, criteria)
            sums += measure(Selection([(segment, placed)]), groups, size, self.sectors)
        return sums
