"""Sums by region: from a cube of days where possible, else from a scan of the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from app.index.select import RETRACTED, Filter, Segment, Selection, is_of_kind, is_quiet
from app.index.summary import Cube, Measures, measure
from app.publishing.publish import Published, counted_rows
from app.rows import LONG, Rows


def by_region(published: Published) -> Measures:
    """Sum by region of the View's level; the last group is "in no region of this level".

    A View of the newest state that narrows only period, weapon and region is read from a cube of
    days. All others scan the rows. Both ways give the same numbers.
    """
    regions = published.reference.regions(published.view.level)
    if cube := _cube(published):
        measures = from_cube(published, cube, len(regions))
    else:
        measures = _measure_regions(published, counted_rows(published), len(regions))
    # A region of another theatre has no row in the answer: its incidents count as elsewhere.
    own = [theatre == published.view.theatre for theatre, _ in regions]
    return measures.only(np.array([*own, True]))


def unmarked_by_region(published: Published) -> dict[str, int]:
    """Count incidents that are known or may be shown only by region; "" is no region."""
    regions = published.reference.regions(published.view.level)
    is_public = published.is_public
    has_marks = not is_public or all(one.terms.points for one in published.datasets)
    selection = published.unmarked() if has_marks else counted_rows(published)
    times = np.bincount(_groups(selection.regions(published.filter), len(regions)))
    codes = [*(region.code for _, region in regions), ""]
    return {codes[group]: n for group, n in enumerate(times.tolist()) if n}


def _cube(published: Published) -> Cube | None:
    criteria = published.filter
    is_now = criteria.seq == published.state.seq
    last_embargo = max(part.latest_embargo(criteria) for part in published.segments)
    if criteria.embargo_at is not None and criteria.embargo_at < last_embargo:
        return None  # a cube counts what an embargo hides
    if not (is_now and criteria.is_plain) or len(published.datasets) != 1:
        return None
    slug = published.datasets[0].slug
    return published.state.cubes.of(slug, published.view.level, criteria.weapons)


def from_cube(published: Published, cube: Cube, regions: int) -> Measures:
    """Read a period from the cube; add newer segments, subtract rows that were replaced since.

    The cube counts each row in its own region: quiet rows are then moved to "in no region".
    """
    criteria = published.filter
    base, *later = published.state.segments

    def summed(
        parts: Sequence[tuple[Segment, np.ndarray]], *, is_own_region: bool = True
    ) -> Measures:
        selection = Selection(parts)
        if not len(selection):
            return measure(Rows.concatenate([]), np.empty(0, np.int64), regions + 1, cube.sectors)
        name = f"region{criteria.level}"
        column = selection[name] if is_own_region else selection.regions(criteria)
        return measure(selection.rows(), _groups(column, regions), regions + 1, cube.sectors)

    missed, too_many = cube.edges(criteria.first, criteria.last)
    replaced = published.state.replaced
    gone = replaced[_counted_then(base.rows, replaced, criteria)]
    moved = _moved(base, criteria)
    everywhere = (
        cube.between(criteria.first, criteria.last)
        + summed([(base, missed)])
        - summed([(base, too_many)])
        + summed([(part, part.match(criteria)) for part in later], is_own_region=False)
        - summed([(base, gone)])
        - summed([(base, moved)])
        + summed([(base, moved)], is_own_region=False)
    )
    return everywhere.among(criteria.regions) if criteria.regions else everywhere


def _moved(base: Segment, criteria: Filter) -> np.ndarray:
    """Return the rows of a cube whose region of this level the audience does not get."""
    if criteria.level == 1 or not criteria.has_quiet:
        return np.empty(0, np.int64)
    at_sites = base.match(replace(criteria, sectors=criteria.quiet_sectors, regions=()))
    return np.asarray(at_sites[is_quiet(base.rows, at_sites, criteria)])


def _counted_then(rows: Rows, places: np.ndarray, criteria: Filter) -> np.ndarray:
    """Tell which rows counted in a period before they were replaced."""
    first, last = rows["day_first"][places], rows["day_last"][places]
    overlaps = (first <= criteria.last) & (last >= criteria.first)
    contained = (first >= criteria.first) & (last <= criteria.last)
    is_long = (rows["flags"][places] & LONG) != 0
    counts = np.where(is_long, contained, overlaps) & criteria.datasets[rows["dataset"][places]]
    if criteria.weapons:
        counts &= (rows["weapons"][places] & np.uint32(criteria.weapons)) != 0
    counts &= is_of_kind(rows["flags"][places])
    return np.asarray(counts & (rows["status"][places] != RETRACTED))


def _groups(region: np.ndarray, regions: int) -> np.ndarray:
    return region.astype(np.int64) % (regions + 1)


def _measure_regions(published: Published, selection: Selection, regions: int) -> Measures:
    sectors = len(published.reference.taxonomy.sectors.codes)
    groups = _groups(selection.regions(published.filter), regions)
    return measure(selection.rows(), groups, regions + 1, sectors)
