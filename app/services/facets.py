"""How many incidents each choice of a filter would leave: what a reader sees beside the choices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import numpy as np

from app.domain.terms import DatasetKind, Face
from app.domain.view import View
from app.index.build import State
from app.index.columns import STATUSES
from app.index.select import Selection
from app.reference.taxonomy import Terms
from app.services.nearness import asker
from app.services.publish import Published, control_dataset, publish
from app.services.report import counting
from app.services.workspace import Workspace

KILLED = (1, 5, 10, 50)
"""Steps of `min_killed` that are counted."""

LINE_KM = (10, 30, 100)
"""Steps of `line_km` that are counted."""


def facets(workspace: Workspace, state: State, view: View, now: datetime) -> dict[str, Any]:
    """Count a View's incidents by each choice of each filter, with all other filters as they are.

    A filter's own setting does not narrow its own counts: they say what choosing otherwise would
    give. Where several datasets do not add up, the first one is counted and named. None stands for
    counts that the audience may not have.
    """
    reader = _Reader(workspace, state, view, now)
    taxonomy = workspace.reference.taxonomy
    base = reader.published({})
    return {
        "view": dict(view.pairs()),
        "dataset": None if base.primary is None else base.primary.slug,
        "weapon": reader.count(
            {"weapons": ()}, lambda found: _bits(found["weapons"], taxonomy.weapons)
        ),
        "sector": reader.count(
            {"sectors": ()}, lambda found: _bits(found["sectors"], taxonomy.sectors)
        ),
        "status": reader.count({"statuses": ()}, _statuses),
        "min_killed": reader.count({"min_killed": None}, _killed, Face.points),
        "datasets": {slug: reader.dataset(slug) for slug in _slugs(state, view)},
    }


def line_facets(workspace: Workspace, state: State, view: View, now: datetime) -> dict[str, Any]:
    """Count by distance to the front line of each incident's own day; None where that is withheld.

    Apart from the other facets, since the first answer after new strikes or snapshots joins them.
    """
    reader = _Reader(workspace, state, view, now)
    published = reader.published({"line_km": None}, Face.points)
    source = control_dataset(workspace, state, view, Face.aggregates)
    if not published.datasets or source is None:
        return {"view": dict(view.pairs()), "line_km": None}
    ask = asker(workspace, state, view, source)
    # A place that is shown only in its region has no distance (docs/privacy.md, "Generalisation").
    parts = counting(published).drawable(published.filter).parts
    far = np.concatenate([ask(segment).at(places).distance_m for segment, places in parts])
    return {
        "view": dict(view.pairs()),
        "line_km": {str(km): int((far <= km * 1e3).sum()) for km in LINE_KM},
    }


class _Reader:
    """Publishes a View with some filters taken off, each of them once."""

    def __init__(self, workspace: Workspace, state: State, view: View, now: datetime) -> None:
        self._workspace, self._snapshot, self._view, self._now = workspace, state, view, now
        self._found: dict[tuple[str, Face], tuple[Published, Selection]] = {}

    def published(self, changes: Mapping[str, Any], face: Face = Face.aggregates) -> Published:
        return self._read(self._view.but(**changes), face)[0]

    def count(
        self,
        changes: Mapping[str, Any],
        how: Callable[[Selection], dict[str, int]],
        face: Face = Face.aggregates,
    ) -> dict[str, int] | None:
        published, selection = self._read(self._view.but(**changes), face)
        return how(selection) if published.datasets else None

    def dataset(self, slug: str) -> int | None:
        published, selection = self._read(self._view.but(datasets=(slug,)), Face.aggregates)
        return len(selection) if published.datasets else None

    def _read(self, view: View, face: Face) -> tuple[Published, Selection]:
        key = (view.query(), face)
        if key not in self._found:
            published = publish(self._workspace, self._snapshot, view, face, self._now)
            if not published.is_summed and published.primary is not None:
                only = view.but(datasets=(published.primary.slug,))
                published = publish(self._workspace, self._snapshot, only, face, self._now)
            self._found[key] = published, counting(published)
        return self._found[key]


def _bits(masks: np.ndarray, terms: Terms) -> dict[str, int]:
    """Count by class; a class includes its members, as its filter does."""
    kinds, times = np.unique(masks, return_counts=True)
    return {
        code: n
        for code in terms.codes
        if (n := int(times[(kinds & np.uint32(terms.family_bits((code,)))) != 0].sum()))
    }


def _statuses(found: Selection) -> dict[str, int]:
    times = np.bincount(found["status"], minlength=len(STATUSES)).tolist()
    return {status: n for status, n in zip(STATUSES, times, strict=True) if n}


def _killed(found: Selection) -> dict[str, int]:
    low, best = found["killed_total_low"], found["killed_total_best"]
    known = np.where(low >= 0, low, best)
    return {str(least): int((known >= least).sum()) for least in KILLED}


def _slugs(state: State, view: View) -> list[str]:
    return sorted(
        one.slug
        for one in state.datasets.values()
        if one.theatre == view.theatre
        and one.kind is DatasetKind.incidents
        and one.synthetic == view.synthetic
    )
