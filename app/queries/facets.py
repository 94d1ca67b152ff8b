"""How many incidents the View would show with each choice of each filter."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from app.domain.answer import JsonObject
from app.domain.errors import NotShared
from app.domain.terms import DatasetKind, Face
from app.index.columns import KINDS_OF_EVENT, STATUSES
from app.index.select import Selection, is_of_kind
from app.publishing.cells import Grain
from app.publishing.line_joins import line_join
from app.publishing.publish import Published, counted_rows, joined_source, publish, summable
from app.publishing.query import Query
from app.reference.taxonomy import CodeList
from app.rows import EVENT_KINDS

KILLED = (1, 5, 10, 50)
"""The values of `min_killed` that get a count."""

LINE_KM = (10, 30, 100)
"""The values of `line_km` that get a count."""


def facets(query: Query) -> JsonObject:
    """Count a View's incidents by each choice of each filter, with all other filters as they are.

    A filter does not narrow its own counts: they are what another choice of it would give. Where
    several datasets do not add up, only the first one is counted, and `dataset` names it. None
    stands for counts that the audience may not see.
    """
    counter = _FacetCounter(query)
    taxonomy = query.reference.taxonomy
    base = counter.published({})
    return {
        "view": dict(query.view.pairs()),
        "dataset": None if base.primary is None else base.primary.slug,
        "weapon": counter.count(
            {"weapons": ()},
            lambda selection: _bits(selection["weapons"], taxonomy.weapons),
            Grain.weapons,
        ),
        "sector": counter.count(
            {"sectors": ()},
            lambda selection: _bits(selection["sectors"], taxonomy.sectors),
            Grain.everything,
        ),
        "status": counter.count({"statuses": ()}, _statuses, Grain.everything),
        "kind": counter.count({"kinds": KINDS_OF_EVENT}, _kinds, Grain.region),
        "min_killed": counter.count({"min_killed": None}, _killed, Grain.everything, Face.points),
        "datasets": {
            dataset.slug: counter.dataset(dataset.slug)
            for dataset in query.datasets_of(DatasetKind.incidents)
        },
    }


def line_facets(query: Query) -> JsonObject:
    """Count by distance to the front line of each incident's day; None where that is withheld.

    It is apart from the other facets: the first answer after new strikes or snapshots is slow.
    """
    counter = _FacetCounter(query)
    published = counter.published({"line_km": None}, Face.points)
    try:
        source = joined_source(query)
    except NotShared:
        source = None
    if not published.datasets or source is None:
        return {"view": dict(query.view.pairs()), "line_km": None}
    join = line_join(query, source)
    # A place that is shown only in its region has no distance (docs/privacy.md, "Generalisation").
    parts = counted_rows(published).drawable(published.filter).parts
    distances_m = np.concatenate([join(segment).at(places).distance_m for segment, places in parts])
    return {
        "view": dict(query.view.pairs()),
        "line_km": {str(km): int((distances_m <= km * 1e3).sum()) for km in LINE_KM},
    }


class _FacetCounter:
    """Counts a View with some filters removed; publishes each such View once."""

    def __init__(self, query: Query) -> None:
        self._query = query
        self._selections: dict[tuple[str, Face, Grain], tuple[Published, Selection]] = {}

    def published(self, changes: Mapping[str, object], face: Face = Face.aggregates) -> Published:
        return self._read(self._query.but(**changes), face)[0]

    def count(
        self,
        changes: Mapping[str, object],
        count_choices: Callable[[Selection], dict[str, int]],
        grain: Grain,
        face: Face = Face.aggregates,
    ) -> dict[str, int] | None:
        """Count choices; `grain` is of groups in which all records are of one choice."""
        published, selection = self._read(self._query.but(**changes), face, grain)
        return count_choices(selection) if published.datasets else None

    def dataset(self, slug: str) -> int | None:
        published, selection = self._read(self._query.but(datasets=(slug,)), Face.aggregates)
        return len(selection) if published.datasets else None

    def _read(
        self, query: Query, face: Face, grain: Grain = Grain.region
    ) -> tuple[Published, Selection]:
        key = (query.view.query(), face, grain)
        if key not in self._selections:
            published = summable(publish(query, face), face)
            self._selections[key] = published, counted_rows(published.grouped(grain))
        return self._selections[key]


def _bits(masks: np.ndarray, terms: CodeList) -> dict[str, int]:
    """Count by class; a class includes its members, as its filter does."""
    kinds, times = np.unique(masks, return_counts=True)
    return {
        code: n
        for code in terms.codes
        if (n := int(times[(kinds & np.uint32(terms.family_bits((code,)))) != 0].sum()))
    }


def _statuses(selection: Selection) -> dict[str, int]:
    times = np.bincount(selection["status"], minlength=len(STATUSES)).tolist()
    return {status: n for status, n in zip(STATUSES, times, strict=True) if n}


def _kinds(selection: Selection) -> dict[str, int]:
    flags = selection["flags"]
    times = {
        kind: int(is_of_kind(flags, (bits,)).sum())
        for kind, bits in zip(KINDS_OF_EVENT, EVENT_KINDS, strict=True)
    }
    return {kind: n for kind, n in times.items() if n}


def _killed(selection: Selection) -> dict[str, int]:
    low, best = selection["killed_total_low"], selection["killed_total_best"]
    least_killed = np.where(low >= 0, low, best)
    return {str(least): int((least_killed >= least).sum()) for least in KILLED}
