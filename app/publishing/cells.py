"""The smallest cell: sums of data without marks are made of groups, never of single records.

Each record of such a dataset belongs to one group, and a sum counts a group whole or not at all.
So the difference of any two sums is made of whole groups, too (docs/privacy.md, "The smallest
cell").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import IntEnum

import numpy as np

from app.domain.terms import Dataset
from app.domain.view import View
from app.index.select import BEGINNING, Filter, Selection, is_quiet, regions_of, select
from app.index.state import State
from app.publishing.query import Query
from app.rows import BATTLE, EVENT_KINDS, LONG, NEVER, OTHER_HARM

EPOCH_WEEKDAY = 3
"""1970-01-01 was a Thursday: so many days after a Monday."""


class Grain(IntEnum):
    """What the records of a group have in common; each grain leaves away what the next also does.

    A sum that asks for more than a group has in common cannot count it.
    """

    everything = 0
    weapons = 1
    weeks = 2
    region = 3
    never = 4
    """Too few for any group."""


def grain_of(view: View) -> Grain:
    """Return the coarsest groups that the sums of a View can count; they are always by region."""
    if view.level > 1 or view.sectors or view.statuses:
        return Grain.everything
    if view.weapons:
        return Grain.weapons
    is_all_time = view.first is None and view.last is None
    return Grain.region if is_all_time else Grain.weeks


def without_small_cells(query: Query, criteria: Filter, datasets: Sequence[Dataset]) -> Filter:
    """Let a filter leave out records in groups that are too small, of data without marks."""
    state, smallest = query.state, query.workspace.smallest_cell
    if smallest == 1:
        return criteria
    grains = [
        _grains_of_dataset(state, criteria, dataset, smallest)
        for dataset in datasets
        if not dataset.terms.points and dataset.slug in state.tables.datasets
    ]
    if not grains:
        return criteria
    return replace(criteria, grains=np.maximum.reduce(grains), coarsest=grain_of(query.view))


def left_out(state: State, criteria: Filter) -> int:
    """Count the records that the smallest cell hides from such a View, whatever else it filters."""
    if criteria.grains is None:
        return 0
    number = select(state.segments, _plain(criteria, criteria.datasets))["number"]
    return int((criteria.grains[number] > criteria.coarsest).sum())


def _plain(criteria: Filter, datasets: np.ndarray) -> Filter:
    """Return a filter of whole datasets, with what holds for the public and nothing of a View."""
    return replace(
        criteria,
        datasets=datasets,
        first=BEGINNING,
        last=NEVER,
        weapons=0,
        sectors=0,
        statuses=(),
        kinds=EVENT_KINDS,
        min_killed=None,
        regions=(),
        bbox_e7=None,
        within=None,
        near=None,
        grains=None,
    )


def _grains_of_dataset(
    state: State, criteria: Filter, dataset: Dataset, smallest: int
) -> np.ndarray:
    """Return the grain of each group by an incident's number; other datasets have 0."""
    number = state.tables.datasets.index(dataset.slug)
    is_own = np.zeros_like(criteria.datasets)
    is_own[number] = True
    plain = _plain(criteria, is_own)
    embargo = criteria.embargo_at if _has_embargo(state, criteria) else None
    terms = (dataset.slug, dataset.terms.finest_level, smallest)
    key = (*terms, criteria.seq, embargo, criteria.quiet_after)

    def make() -> np.ndarray:
        selection = select(state.segments, plain)
        most = max(int(part.rows["number"].max(initial=0)) for part in state.segments)
        by_number = np.zeros(most + 1, np.uint8)
        by_number[selection["number"]] = _grains(selection, plain, dataset, smallest)
        return by_number

    grains: np.ndarray = state.grains.get(key, make)
    return grains


def _has_embargo(state: State, criteria: Filter) -> bool:
    now = criteria.embargo_at or 0
    return any(part.latest_embargo(criteria) > now for part in state.segments)


def _grains(selection: Selection, criteria: Filter, dataset: Dataset, smallest: int) -> np.ndarray:
    grain = np.full(len(selection), Grain.never, np.uint8)
    keys, left = _keys(selection, criteria, dataset), np.arange(len(selection))
    for level in (Grain.everything, Grain.weapons, Grain.weeks, Grain.region):
        shared = np.stack(keys[level:], axis=1)[left]
        _groups, group, sizes = np.unique(shared, axis=0, return_inverse=True, return_counts=True)
        is_large = sizes[group.reshape(-1)] >= smallest
        grain[left[is_large]] = level
        left = left[~is_large]
    return grain


def _keys(selection: Selection, criteria: Filter, dataset: Dataset) -> list[np.ndarray]:
    """Return what filters and groupings tell apart, each as one number, the finest first.

    The last one is the region, with the kind of event and whether a day is known: a sum of all days
    has a region, and leaves battles out.
    """
    rows = [(segment.rows, places) for segment, places in selection.parts]
    is_fine = dataset.terms.finest_level > 1
    quiet = np.concatenate([is_quiet(*part, criteria) for part in rows])
    region2 = np.concatenate([regions_of(*part, replace(criteria, level=2)) for part in rows])
    first, last = (selection[name].astype(np.int64) for name in ("day_first", "day_last"))
    is_undated, is_long = first == NEVER, (selection["flags"] & LONG) != 0
    finest = _joined(
        selection["sectors"], selection["status"], *((quiet, region2) if is_fine else ())
    )
    weeks = _joined(*((day + EPOCH_WEEKDAY) // 7 for day in (first, last)), is_long)
    kind = selection["flags"] & (BATTLE | OTHER_HARM)
    region = _joined(selection["region1"], is_undated, kind)
    return [finest, selection["weapons"].astype(np.int64), weeks, region]


def _joined(*columns: np.ndarray) -> np.ndarray:
    """Number the different combinations of several columns."""
    table = np.stack([column.astype(np.int64) for column in columns], axis=1)
    return np.unique(table, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)
