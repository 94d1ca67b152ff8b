"""What changed in a View since an instant: incidents added, amended, regraded and retracted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

import numpy as np

from app.domain.answer import JsonObject
from app.domain.errors import InvalidView, Problem
from app.domain.instants import rfc3339
from app.domain.terms import Face
from app.index.select import RETRACTED
from app.index.state import State
from app.publishing.publish import Published, publish
from app.publishing.query import Query
from app.queries.incidents import incident_feature
from app.queries.words.headline import incident_headline
from app.rows import Rows

COMPARED = (
    *("start", "end", "when_precision", "place", "precision", "error_m", "region", "weapons"),
    *("mechanism", "attributed_to", "killed", "injured", "damage", "status", "sources"),
)
_KINDS = ("added", "amended", "regraded", "retracted")
CORRECTIONS = _KINDS[1:]
"""The kinds that change an earlier record; a new record corrects nothing."""


class Changes(NamedTuple):
    """The newest changes of a View, and the number of each kind."""

    since: datetime
    counts: Mapping[str, int]
    items: Sequence[JsonObject]

    @property
    def corrections(self) -> int:
        """The number of changes that correct an earlier record."""
        return sum(self.counts[kind] for kind in CORRECTIONS)


def changes(
    query: Query,
    since: datetime,
    limit: int,
) -> Changes:
    """List the changes of the incidents that the View shows now, or showed at `since`.

    An incident that was added and retracted since then is in neither, and is not listed. What the
    audience may not see now is not shown in its earlier state either.

    Raises:
        InvalidView: the View has an `as_of`: a View of the past does not change.
    """
    if query.view.as_of is not None:
        allowed = "to be left out: the list goes from `since` to now"
        raise InvalidView((Problem("query.as_of", rfc3339(query.view.as_of), allowed),))
    then = publish(query.but(as_of=since), Face.points)
    now = publish(query, Face.points)
    criteria = replace(
        now.filter, hidden_now=then.filter.hidden_now, quiet_now=then.filter.quiet_now
    )
    published = replace(now, filter=criteria)
    numbers = np.union1d(now.select()["number"], then.select()["number"])
    rows = _rows(query.state, numbers, published)
    fresh = np.flatnonzero(rows["seq"] > then.filter.seq)
    fresh = fresh[np.argsort(-rows["seq"][fresh])]
    counts = dict.fromkeys(_KINDS, 0)
    place_by_seq = {seq: place for place, seq in enumerate(rows["seq"].tolist())}
    items: list[JsonObject] = []
    for place in fresh.tolist():
        prior = place_by_seq.get(int(rows["prior"][place]))
        kind = _kind(rows, place, prior)
        counts[kind] += 1
        if len(items) < limit:
            change = _change(published, rows, place, prior)
            items += [{"kind": kind, **change}] if change else []
    return Changes(since, counts, items)


def corrections_since(query: Query, since: datetime) -> int | None:
    """Count what was corrected of a View since an instant, whatever the View's own `as_of`.

    None where the terms withhold every record of the View: nobody may say that it was not.
    """
    now = publish(query.but(as_of=None), Face.points)
    if now.withheld["terms"] and not now.datasets:
        return None
    return changes(now.query, since, 0).corrections


def _rows(state: State, numbers: np.ndarray, published: Published) -> Rows:
    """Return the rows of all revisions of some incidents."""
    parts = []
    hidden = np.array(sorted(published.filter.hidden_now), np.int64)
    for segment in state.segments:
        is_listed = np.isin(segment.rows["number"], numbers) & ~np.isin(
            segment.rows["number"], hidden
        )
        parts.append(segment.rows.take(np.flatnonzero(is_listed)))
    return Rows.concatenate(parts)


def _kind(rows: Rows, place: int, prior: int | None) -> str:
    """Return a change's kind: regraded if the status changed, whatever else changed with it."""
    if prior is None:
        return "added"
    before, after = rows["status"][prior], rows["status"][place]
    if after == RETRACTED:
        return "retracted"
    return "regraded" if after != before else "amended"


def _change(published: Published, rows: Rows, place: int, prior: int | None) -> JsonObject | None:
    """Write one change, with the fields that differ; None when a payload was erased."""
    seqs = [int(rows["seq"][one]) for one in (place, prior) if one is not None]
    revisions = [one for one in published.workspace.store.by_seq(seqs) if one.payload is not None]
    if len(revisions) < len(seqs):
        return None
    newest = revisions[0]
    after = incident_feature(published, newest, rows, place)
    before = None if prior is None else incident_feature(published, revisions[1], rows, prior)
    differing = _differing(before, after)
    return {
        "incident": after["id"],
        "title": incident_headline(published.query, after["properties"]),
        "revision": newest.seq,
        "recorded_at": rfc3339(newest.recorded_at),
        "changes": differing,
        "geometry": after["geometry"],
    }


def _differing(before: JsonObject | None, after: JsonObject) -> JsonObject:
    if before is None:
        return {}
    pairs = [(name, before["properties"][name], after["properties"][name]) for name in COMPARED]
    pairs.append(("geometry", before["geometry"], after["geometry"]))
    return {name: {"before": old, "after": new} for name, old, new in pairs if old != new}
