"""Sums by region, and the incidents that a region counts without a mark."""

from __future__ import annotations

import numpy as np

from app.index.groups import Grouping
from app.index.summary import Measures
from app.publishing.publish import Published, counted_rows
from app.queries.group_sums import sums_by


def by_region(published: Published) -> Measures:
    """Sum by region of the View's level; the last group is "in no region of this level".

    A region of another theatre has no row in the answer: its incidents count as elsewhere.
    """
    regions = published.reference.regions(published.view.level)
    own = [theatre == published.view.theatre for theatre, _ in regions]
    return sums_by(published, Grouping.region).only(np.array([*own, True]))


def unmarked_by_region(published: Published) -> dict[str, int]:
    """Count incidents that are known or may be shown only by region; "" is no region."""
    regions = published.reference.regions(published.view.level)
    is_public = published.is_public
    has_marks = not is_public or all(one.terms.points for one in published.datasets)
    selection = published.unmarked() if has_marks else counted_rows(published)
    groups = selection.regions(published.filter).astype(np.int64) % (len(regions) + 1)
    times = np.bincount(groups)
    codes = [*(region.code for _, region in regions), ""]
    return {codes[group]: n for group, n in enumerate(times.tolist()) if n}
