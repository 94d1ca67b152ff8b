"""Sums of a View by group: from cubes of days where possible, else from a scan of the rows.

Both ways give the same numbers; `tests/index/test_laws.py` holds that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from app.index.cubes import Cube, Cubes
from app.index.groups import Grouping, Groups
from app.index.select import EVERYWHERE, Filter, Segment, Selection, is_embargoed, is_quiet
from app.index.summary import Measures, measure
from app.publishing.publish import Published, counted_rows, counting
from app.queries.box_sums import box_sums

Parts = Sequence[tuple[Segment, np.ndarray]]


def sums_by(published: Published, by: Grouping) -> Measures:
    """Sum by region of the View's level (the last group: none of them), weapon, sector or in all.

    An incident under a region that its audience may not know is in no region.
    """
    cubed = _cubed(published, by)
    if cubed is not None:
        return cubed.sums()
    boxed = box_sums(published, by)
    return scanned(published, by) if boxed is None else boxed


def scanned(published: Published, by: Grouping) -> Measures:
    """Sum by reading every row of the View."""
    parts = counted_rows(published).parts
    return published.state.cubes.groups.measure(parts, by, published.filter)


def sums_by_day(published: Published) -> tuple[int, Measures]:
    """Sum by each incident's first day inside the period; with the day of the first sum."""
    cubed = _cubed(published, Grouping.none)
    return scanned_by_day(published) if cubed is None else cubed.sums_by_day()


def scanned_by_day(published: Published) -> tuple[int, Measures]:
    """Sum by day by reading every row of the View."""
    parts, criteria = counted_rows(published).parts, published.filter
    return _by_day(parts, criteria.first, published.state.cubes.groups)


def _cubed(published: Published, by: Grouping) -> _Cubed | None:
    """Return the cubes that count what a View means; None when there are none.

    They know the rows of the newest state, but no box and no front line.
    """
    criteria, state = counting(published.filter), published.state
    if criteria.seq != state.seq or not criteria.is_countable:
        return None
    # A dataset that is newer than the generation lies in the later segments as a whole.
    slugs = [one.slug for one in published.datasets if one.slug in state.cubes.datasets]
    cubes = [cube for slug in slugs if (cube := state.cubes.of(slug, criteria, by)) is not None]
    return _Cubed(published, criteria, by, cubes) if len(cubes) == len(slugs) else None


@dataclass(frozen=True, eq=False)
class _Cubed:
    """Sums of a View from cubes, which count the rows of the first segment as it was built.

    A few of them count otherwise now, or for this audience. These are taken out as the cubes count
    them, and put in as a scan counts them; so are the rows of later segments.
    """

    published: Published
    criteria: Filter
    by: Grouping
    cubes: Sequence[Cube]

    def sums(self) -> Measures:
        """Sum by group."""
        groups, criteria = self._groups, self.criteria
        total = Measures.zero(groups.size(self.by, criteria.level), groups.sectors)
        for cube in self.cubes:
            total += cube.between(criteria.first, criteria.last)
        total -= self._ending_later()
        total += groups.measure(self._in, self.by, criteria)
        total -= groups.measure(self._out, self.by, self._own)
        return total.among(criteria.regions) if self._is_of_regions else total

    def _ending_later(self) -> Measures:
        """Sum the long rows that began in the period and end after it: they do not count in it.

        The cubes know the sum of all long rows that end after it. Of those that began in it, and of
        those that began before, the fewer are read.
        """
        inside, before = self._beyond
        if len(inside) <= len(before):
            return self._groups.measure(self._as_built(inside), self.by, self._own)
        total = Measures.zero(self._groups.size(self.by, self.criteria.level), self._groups.sectors)
        for cube in self.cubes:
            total += cube.beyond(self.criteria.last)
        return total - self._groups.measure(self._as_built(before), self.by, self._own)

    def sums_by_day(self) -> tuple[int, Measures]:
        """Sum by day; with the day of the first sum."""
        first, groups = self.criteria.first, self._groups
        out = [*self._out, *self._as_built(self._beyond[0])]
        added, removed = _by_day(self._in, first, groups), _by_day(out, first, groups)
        days = [cube.by_day(first, self.criteria.last) for cube in self.cubes]
        taken_out = Measures.zero(removed[1].groups, groups.sectors) - removed[1]
        return _together([*days, added, (removed[0], taken_out)])

    def _as_built(self, numbers: np.ndarray) -> Parts:
        """Return those of some long rows that the cubes count, in whichever period."""
        segment = self._cubes.segment
        rows = segment.among(np.sort(segment.long.places[numbers]))
        return [(rows, rows.match(self._own))]

    @property
    def _cubes(self) -> Cubes:
        return self.published.state.cubes

    @property
    def _groups(self) -> Groups:
        return self._cubes.groups

    @cached_property
    def _beyond(self) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of the long rows that end after the period: begun in it, and before it."""
        return self._cubes.segment.long.beyond(self.criteria.first, self.criteria.last)

    @property
    def _is_of_regions(self) -> bool:
        return self.by is Grouping.region and bool(self.criteria.regions)

    @cached_property
    def _own(self) -> Filter:
        """What the cubes count, of all periods."""
        slugs = [dataset.slug for dataset in self.published.datasets]
        return self._cubes.own_filter(self.criteria, self.by, slugs)

    @cached_property
    def _in(self) -> Parts:
        """The rows to put in: of later segments, and the doubtful ones that count."""
        base, *later = self.published.segments
        is_as_built = base is self._cubes.segment  # no row of it was replaced
        parts = [self._built if is_as_built else base.among(self._doubtful), *later]
        return [(part, part.match(self.criteria)) for part in parts]

    @cached_property
    def _out(self) -> Parts:
        """The doubtful rows that the cubes count in the period."""
        own = replace(self._own, first=self.criteria.first, last=self.criteria.last)
        return [(self._built, self._built.match(own))]

    @cached_property
    def _built(self) -> Segment:
        """The doubtful rows as they were when the cubes were built."""
        return self._cubes.segment.among(self._doubtful)

    @cached_property
    def _doubtful(self) -> np.ndarray:
        """The rows of the first segment that may count otherwise than in the cubes."""
        criteria, folded = self.criteria, self.published.folded
        places = [self.published.state.replaced]
        if folded is not None:
            places.append(folded.hidden)
        base = self.published.state.segments[0]
        embargo_at = criteria.embargo_at
        if embargo_at is not None and base.latest_embargo(criteria) > embargo_at:
            places.append(np.flatnonzero(is_embargoed(base.rows, EVERYWHERE, criteria)))
        # A quiet row has no region of the second level.
        needs_region = self.by is Grouping.region or criteria.regions
        if needs_region and criteria.level > 1 and criteria.has_quiet:
            places.append(np.flatnonzero(is_quiet(base.rows, EVERYWHERE, criteria)))
        return np.unique(np.concatenate(places)).astype(np.int64)


def _by_day(parts: Parts, first: int, groups: Groups) -> tuple[int, Measures]:
    """Sum rows by the later of their first day and a period's."""
    rows = Selection(parts)
    days = np.maximum(rows["day_first"], first).astype(np.int64)
    start, end = (int(days.min()), int(days.max()) + 1) if len(days) else (0, 0)
    return start, measure(rows, days - start, end - start, groups.sectors)


def _together(parts: Sequence[tuple[int, Measures]]) -> tuple[int, Measures]:
    """Add up sums by day that may begin on different days."""
    filled = [(start, sums) for start, sums in parts if sums.groups]
    if not filled:
        return parts[0]
    first = min(start for start, _ in filled)
    end = max(start + sums.groups for start, sums in filled)
    total = Measures.zero(end - first, filled[0][1].sectors)
    for start, sums in filled:
        total.table[:, start - first : start - first + sums.groups] += sums.table
    return first, total
