"""Cubes: running sums by day and group, from which a sum of any period is read in a millisecond.

A generation holds each dataset's cubes by region. A cube with a filter, or by another grouping, is
built when it is first needed, from the rows of the generation, and stays in memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property

import numpy as np

from app.domain.cache import BoundedCache
from app.index.select import Filter, Segment, Selection, regions_of
from app.index.summary import Measures, measure
from app.rows import BATTLE, EVENT_KINDS, LONG, NEVER, OTHER_HARM, Rows, Table


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


@dataclass(frozen=True, eq=False)
class Cube:
    """Running sums by day and group, of the rows of one dataset that were current at its build.

    `running[day, measure, group]` are sums of the rows that began before that day; only the
    measures in `names` are stored, the others are 0 everywhere. So a period is the difference of
    two slices, except for the few rows on its edges: a short incident counts in every period that
    it overlaps, and a long one only in a period that contains it.
    """

    first_day: int
    names: np.ndarray
    running: np.ndarray
    spans: np.ndarray
    """Rows of several days: place, first day, last day, 1 for a long one.

    Short ones come first; both kinds are in the order of their first days.
    """

    sectors: int

    @property
    def nbytes(self) -> int:
        """Its size in bytes."""
        return int(self.running.nbytes + self.spans.nbytes)

    def between(self, first: int, last: int) -> Measures:
        """Sum the rows that began in a period by group."""
        low, high = self._slice(first, last)
        groups = self.running.shape[2]
        sums = Measures.zero(groups, self.sectors)
        sums.table[self.names] = self.running[high].astype(np.int64) - self.running[low]
        return sums

    def by_day(self, first: int, last: int) -> tuple[int, Measures]:
        """Sum the rows that began in a period by day; with the day of the first sum."""
        low, high = self._slice(first, last)
        days = np.diff(self.running[low : high + 1].sum(axis=2, dtype=np.int64), axis=0)
        sums = Measures.zero(len(days), self.sectors)
        sums.table[self.names] = days.T
        return self.first_day + low, sums

    def _slice(self, first: int, last: int) -> tuple[int, int]:
        end = len(self.running) - 1
        low, high = (min(max(day - self.first_day, 0), end) for day in (first, last + 1))
        return low, max(low, high)  # a period that ends before it begins is empty

    def edges(self, first: int, last: int) -> np.ndarray:
        """Return the places of rows that began in a period and do not count in it, or reversely."""
        if first > last:
            return np.empty(0, np.int32)
        place, begins, ends, _is_long = self.spans
        short, longest, reach = self._span_order
        # Days of the type of the columns: another type would make `searchsorted` copy them.
        before, start, end = np.clip((first - longest, first, last), -NEVER, NEVER).astype(np.int32)
        into = slice(*np.searchsorted(begins[:short], (before, start)))
        began = np.searchsorted(begins[short:], start), np.searchsorted(reach, end, "right")
        out = slice(short + max(began), short + np.searchsorted(begins[short:], end, "right"))
        return np.concatenate([place[into][ends[into] >= first], place[out][ends[out] > last]])

    @cached_property
    def _span_order(self) -> tuple[int, int, np.ndarray]:
        """What `edges` needs of the order of the rows of several days.

        The number of short ones, the most days that one of these goes on, and for each long one
        the last day that it or one before it reaches.
        """
        _place, begins, ends, is_long = self.spans
        short = int(np.searchsorted(is_long, 1))
        longest = int((ends[:short] - begins[:short]).max(initial=0))
        return short, longest, np.maximum.accumulate(ends[short:])

    def of_all(self) -> Cube:
        """Add up all groups, which must not overlap."""
        running = self.running.sum(axis=2, dtype=self.running.dtype, keepdims=True)
        return replace(self, running=running)


MOST_CUBE_DAYS = 8_000
"""About 22 years: a dataset with more (one wrong year is enough) is scanned instead."""


def build_cube(segment: Segment, criteria: Filter, by: Grouping, groups: Groups) -> Cube | None:
    """Build the cube of the rows that a filter without a period means, of all its datasets.

    Returns None for rows that span too many days, and for more cells than rows where there are
    hundreds of small regions: such a cube would have gigabytes, and the rows are soon scanned.
    """
    places = segment.match(criteria)
    rows = Selection([(segment, places)])
    begins, ends = rows["day_first"], rows["day_last"]
    first_day = int(begins.min(initial=NEVER))
    days = int(ends.max(initial=first_day)) - first_day + 1 if len(places) else 0
    is_fine = by is Grouping.region and criteria.level > 1
    if days > MOST_CUBE_DAYS or (is_fine and days * groups.regions[criteria.level] > len(places)):
        return None
    size = groups.size(by, criteria.level)
    placed, group = groups.of(segment.rows, places, by, criteria)
    began = segment.rows["day_first"][placed].astype(np.int64) - first_day
    names, running = _running(
        Selection([(segment, placed)]), began * size + group, (days, size), groups.sectors
    )
    several = np.flatnonzero(ends > begins)
    is_long = (rows["flags"] & LONG) != 0
    several = several[np.lexsort((begins[several], is_long[several]))]
    spans = [column[several].astype(np.int32) for column in (places, begins, ends, is_long)]
    return Cube(first_day, names, running, np.array(spans), groups.sectors)


def _running(
    rows: Table, cell: np.ndarray, shape: tuple[int, int], sectors: int
) -> tuple[np.ndarray, np.ndarray]:
    """Add up the measures that occur, by cell (day, group), from the first day to each."""
    days, groups = shape
    sums = measure(rows, cell, groups * days, sectors)
    names = np.flatnonzero(sums.table.any(axis=1))
    table = sums.table[names].reshape(len(names), days, groups)
    most = int(table.sum(axis=1).max(initial=0))
    dtype = np.int32 if most < NEVER else np.int64
    out = np.zeros((days + 1, len(names), groups), dtype)
    out[1:] = table.transpose(1, 0, 2)
    for day in range(days):  # several times faster than one call that adds along days
        out[day + 1] += out[day]
    return names, out


MOST_CUBE_BYTES = 32 << 20
"""The size of one cube in memory, without those of the generation. Larger ones are not kept."""


@dataclass(frozen=True, eq=False)
class Cubes:
    """The cubes of a generation: those by region on disk, and those built on the first request.

    `segment` is the generation's, without a delta.
    """

    plain: Mapping[tuple[str, int], Cube]
    segment: Segment
    datasets: Sequence[str]
    groups: Groups
    built: BoundedCache = field(default_factory=BoundedCache)

    def of(self, slug: str, criteria: Filter, by: Grouping) -> Cube | None:
        """Return a dataset's cube with the filters of a View, except for its period.

        None when it would be too large. A cube by region has no filter by region: it has the sums
        of all. The first request for a cube waits about as long as for a scan of all days.
        """
        own = self.own_filter(criteria, by, (slug,))
        is_narrowed = own.weapons or own.sectors or own.statuses or own.kinds or own.regions
        if not is_narrowed and own.min_killed is None:
            if by is Grouping.region:
                return self.plain.get((slug, own.level))
            if by is Grouping.none and (plain := self.plain.get((slug, 1))) is not None:
                return self.built.get((slug, by), plain.of_all)
        level = own.level if own.regions or by is Grouping.region else 0
        filters = (
            *(own.weapons, own.sectors, own.statuses, own.kinds),
            *(own.min_killed, own.regions),
        )
        return self.built.get((slug, by, level, filters), lambda: self._built(own, by))

    def own_filter(self, criteria: Filter, by: Grouping, slugs: Sequence[str]) -> Filter:
        """Return the filter of the rows that the cubes of some datasets count.

        It has no period, and nothing that depends on the audience or on the hour.
        """
        return Filter(
            seq=self.segment.newest,
            datasets=np.array([*(slug in slugs for slug in self.datasets), False]),
            weapons=criteria.weapons,
            sectors=criteria.sectors,
            statuses=criteria.statuses,
            kinds=criteria.kinds,
            min_killed=criteria.min_killed,
            regions=() if by is Grouping.region else criteria.regions,
            level=criteria.level,
        )

    def _built(self, own: Filter, by: Grouping) -> Cube | None:
        cube = build_cube(self.segment, own, by, self.groups)
        return (
            None if cube is None or cube.nbytes > min(MOST_CUBE_BYTES, self.built.largest) else cube
        )
