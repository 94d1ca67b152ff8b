"""Cubes: sums by day and group, from which a sum of any period is read in a millisecond.

A generation holds each dataset's cubes by region. A cube with a filter, or by another grouping, is
built when it is first needed, from the rows of the generation, and stays in memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from app.domain.cache import BoundedCache
from app.index.groups import Grouping, Groups
from app.index.select import Filter, Segment, Selection
from app.index.summary import Measures, measure
from app.rows import LONG, NEVER

DAYS_A_STEP = 32
"""Running sums are kept for one day of so many; the days after it are added up when read."""


@dataclass(frozen=True, eq=False)
class Cube:
    """Sums by day and group, of the rows of one dataset that were current at its build.

    `begun[day, measure, group]` are the rows that began on a day, `running[step]` those that began
    before the first day of a step. Of the rows of several days, `into[day]` are the short ones that
    began before a day and reach it, and `over[day]` the long ones.

    Only the measures in `names` and the groups in `present` are stored, the others are 0. Every
    table has the narrowest type that holds its sums.
    """

    first_day: int
    names: np.ndarray
    present: np.ndarray
    begun: np.ndarray
    running: np.ndarray
    into: np.ndarray
    over: np.ndarray
    groups: int
    sectors: int

    @property
    def nbytes(self) -> int:
        """Its size in bytes."""
        return sum(table.nbytes for table in (self.begun, self.running, self.into, self.over))

    def between(self, first: int, last: int) -> Measures:
        """Sum by group the short rows that overlap a period, and the long ones that began in it."""
        low, high = self._slice(first, last)
        sums = self._before(high) - self._before(low)
        return self._by_group(sums + self.into[low] if first <= last else sums)

    def beyond(self, last: int) -> Measures:
        """Sum by group the long rows that began up to a day and end after it."""
        _, high = self._slice(last, last)
        return self._by_group(self.over[high])

    def by_day(self, first: int, last: int) -> tuple[int, Measures]:
        """Sum as `between` by the day that a row begins on, or by the first one if that is later.

        Returns the day of the first sum, too.
        """
        low, high = self._slice(first, last)
        days = self.begun[low:high].sum(axis=2, dtype=np.int64)
        days[:1] += self.into[low].sum(axis=1, dtype=np.int64)
        sums = Measures.zero(len(days), self.sectors)
        sums.table[self.names] = days.T
        return self.first_day + low, sums

    def _slice(self, first: int, last: int) -> tuple[int, int]:
        end = len(self.begun)
        low, high = (min(max(day - self.first_day, 0), end) for day in (first, last + 1))
        return low, max(low, high)  # a period that ends before it begins is empty

    def _before(self, day: int) -> np.ndarray:
        """Sum the rows that began before a day."""
        step = day // DAYS_A_STEP
        later = self.begun[step * DAYS_A_STEP : day].sum(axis=0, dtype=np.int64)
        return np.asarray(self.running[step] + later)

    def _by_group(self, table: np.ndarray) -> Measures:
        sums = Measures.zero(self.groups, self.sectors)
        sums.table[np.ix_(self.names, self.present)] = table
        return sums

    def of_all(self) -> Cube:
        """Add up all groups, which must not overlap."""
        tables = {
            name: getattr(self, name).sum(axis=2, dtype=np.int64, keepdims=True)
            for name in ("begun", "running", "into", "over")
        }
        return replace(self, present=np.zeros(1, np.int64), groups=1, **tables)


MOST_CUBE_DAYS = 8_000
"""About 22 years: a dataset with more (one wrong year is enough) is scanned instead."""


def build_cube(segment: Segment, criteria: Filter, by: Grouping, groups: Groups) -> Cube | None:
    """Build the cube of the rows that a filter without a period means, of all its datasets.

    Returns None for rows that span too many days, and for more cells than rows where there are
    hundreds of small regions: such a cube would have gigabytes, and the rows are soon scanned.
    """
    places = segment.match(criteria)
    first_day = int(segment.rows["day_first"][places].min(initial=NEVER))
    last_day = int(segment.rows["day_last"][places].max(initial=first_day))
    days = last_day - first_day + 1 if len(places) else 0
    is_fine = by is Grouping.region and criteria.level > 1
    if days > MOST_CUBE_DAYS or (is_fine and days * groups.regions[criteria.level] > len(places)):
        return None
    rows = _DatedRows.of(segment, groups.of(segment.rows, places, by, criteria), first_day, days)
    sums = rows.by_day(rows.begins, np.arange(len(rows.places)), groups.sectors)[:days]
    names = np.flatnonzero(sums.any(axis=(0, 2)))
    begun, running = _narrowest(sums, names), _narrowest(_running(sums), names)
    del sums  # a table of all measures takes more memory than the whole cube
    into, over = (
        _narrowest(rows.reaching(np.flatnonzero(which), groups.sectors), names)
        for which in (~rows.is_long, rows.is_long)
    )
    size = groups.size(by, criteria.level)
    return Cube(
        *(first_day, names, rows.present),
        *(begun, running, into, over),
        groups=size,
        sectors=groups.sectors,
    )


@dataclass(frozen=True, eq=False)
class _DatedRows:
    """Rows with their groups, of which there are as many as in `present`, and with their days."""

    segment: Segment
    places: np.ndarray
    group: np.ndarray
    present: np.ndarray
    begins: np.ndarray
    ends: np.ndarray
    days: int

    @classmethod
    def of(
        cls, segment: Segment, grouped: tuple[np.ndarray, np.ndarray], first_day: int, days: int
    ) -> _DatedRows:
        """Take places and groups; days count from the first one."""
        places, group = grouped
        present = np.flatnonzero(np.bincount(group))
        begins, ends = (
            segment.rows[name][places].astype(np.int64) - first_day
            for name in ("day_first", "day_last")
        )
        number = np.searchsorted(present, group)
        return cls(segment, places, number, present, begins, ends, days)

    @property
    def is_long(self) -> np.ndarray:
        """Tell which rows are of more than 48 hours."""
        return np.asarray((self.segment.rows["flags"][self.places] & LONG) != 0)

    def by_day(self, day: np.ndarray, which: np.ndarray, sectors: int) -> np.ndarray:
        """Sum some rows by day, measure and group, up to the day after the last one."""
        size = len(self.present)
        rows = Selection([(self.segment, self.places[which])])
        cell = day[which] * size + self.group[which]
        table = measure(rows, cell, (self.days + 1) * size, sectors).table
        return table.reshape(len(table), self.days + 1, size).transpose(1, 0, 2)

    def reaching(self, which: np.ndarray, sectors: int) -> np.ndarray:
        """Sum those that began before a day and end on it or later, by day."""
        several = which[self.ends[which] > self.begins[which]]
        change = self.by_day(self.begins + 1, several, sectors)
        change -= self.by_day(self.ends + 1, several, sectors)
        return np.cumsum(change, axis=0, out=change)


def _running(begun: np.ndarray) -> np.ndarray:
    """Add up all days before each step."""
    steps, shape = len(begun) // DAYS_A_STEP, begun.shape[1:]
    whole = begun[: steps * DAYS_A_STEP].reshape(steps, DAYS_A_STEP, *shape).sum(axis=1)
    return np.concatenate([np.zeros((1, *shape), np.int64), np.cumsum(whole, axis=0)])


def _narrowest(table: np.ndarray, names: np.ndarray) -> np.ndarray:
    """Copy some measures with the narrowest type that holds them; signed, so that they subtract."""
    dtype = np.min_scalar_type(-1 - int(table.max(initial=0)))
    return table.astype(dtype).take(names, axis=1)


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
        if not own.is_narrowed:
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
