"""What an audience may see of a View: every answer reads the index through `publish`.

A public answer obeys each dataset's terms, embargo and generalisation as of the request, whatever
`as_of` says; a private one shows everything and says that it is private.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np

from app.domain.control import ControlSnapshot
from app.domain.errors import NotShared
from app.domain.period import epoch_day
from app.domain.place import E7, Bounds
from app.domain.terms import Dataset, DatasetKind, Face
from app.domain.view import View
from app.index.columns import KINDS_OF_EVENT, STATUSES
from app.index.merged import Folded
from app.index.select import (
    BEGINNING,
    END,
    EVERYWHERE,
    RETRACTED,
    Filter,
    Segment,
    Selection,
    is_embargoed,
    is_quiet,
    select,
    unmarked,
)
from app.index.state import State
from app.index.within import Within
from app.publishing.cells import Grain, left_out, without_small_cells
from app.publishing.line_joins import line_filter
from app.publishing.query import OfQuery, Query
from app.publishing.sources import control_source, datasets_of_view, standing
from app.rows import EVENT_KINDS

MONDAY, SUNDAY = 1, 7
"""Where terms let data out only as sums, sums cover whole ISO weeks. The difference of two Views
with free ends could be the sum of a single day (docs/privacy.md, "Sums of weeks")."""


@dataclass(frozen=True, eq=False)
class Published(OfQuery):
    """What an audience may see of a query, and how much of it is withheld."""

    query: Query
    datasets: tuple[Dataset, ...]
    filter: Filter
    withheld: Mapping[str, int]
    credits: tuple[str, ...]
    is_compared: bool | None = None
    folded: Folded | None = None

    @property
    def key(self) -> Hashable:
        """Identify what the audience sees: equal keys, equal answers.

        When an embargo or a delay ends, a public answer changes without a new record: the key holds
        the minute of the request.
        """
        criteria = self.filter
        minute = None if criteria.embargo_at is None else criteria.embargo_at // 60
        slugs = tuple(dataset.slug for dataset in self.datasets)
        return (
            self.view.query(),
            self.state.mark,
            slugs,
            criteria.seq,
            minute,
            criteria.quiet_after,
        )

    @property
    def segments(self) -> Sequence[Segment]:
        """The rows of the View: where datasets are added up, each strike has one row."""
        return self.state.segments if self.folded is None else self.folded.segments

    @property
    def is_summed(self) -> bool:
        """Tell whether all datasets may be added up: there is one, or each pair was compared."""
        return len(self.datasets) <= 1 or self.folded is not None

    def select(self, tile: tuple[int, int, int] | None = None) -> Selection:
        """Select the rows of the View, or of one tile of it: z, x, y."""
        return select(self.segments, self.filter, tile)

    def unmarked(self) -> Selection:
        """Select the incidents that count in a region and have no mark on the map."""
        return unmarked(self.segments, self.filter)

    def grouped(self, coarsest: Grain) -> Published:
        """Prepare for sums by what groups of a coarser grain do not have in common."""
        least = min(self.filter.coarsest, coarsest)
        return replace(self, filter=replace(self.filter, coarsest=least))

    @property
    def has_small_cells(self) -> bool:
        """Tell whether the smallest cell hides records, so that a sum of 0 says nothing."""
        return self.withheld.get("small_cells", 0) > 0

    @property
    def is_withheld(self) -> bool:
        """Tell whether the terms withhold all of a View: it has no sums, and not sums of 0."""
        return not self.datasets and self.withheld["terms"] > 0

    @property
    def holds_back_sums(self) -> bool:
        """Tell whether a sum of 0 says nothing."""
        return self.is_withheld or self.has_small_cells

    @property
    def primary(self) -> Dataset | None:
        """The dataset that is counted where several do not add up: the first one."""
        return self.datasets[0] if self.datasets else None


def publish(query: Query, face: Face, *, in_all: bool = False) -> Published:
    """Narrow a query to what its audience may see on a face.

    The query remembers the result: a picture has several layers with a face each, and most faces
    show the same datasets. `in_all` takes every dataset instead of those of the View, since the id
    of an incident names no dataset.
    """
    datasets = _all_datasets(query.state) if in_all else datasets_of_view(query)
    allowed = tuple(d for d in datasets if not query.is_public or _may_leave(d, face, query.view))
    key = ("published", in_all, tuple(dataset.slug for dataset in allowed))
    if key not in query.cache:
        refused = [dataset for dataset in datasets if dataset not in allowed]
        query.cache[key] = _published(query, allowed, refused, in_all=in_all)
    published: Published = query.cache[key]
    return published


def _published(
    query: Query, allowed: tuple[Dataset, ...], refused: Sequence[Dataset], *, in_all: bool
) -> Published:
    compiled = _compile(query, allowed)
    if query.view.needs_control:
        compiled = replace(compiled, near=line_filter(query, joined_source(query)))
    withheld = {
        "embargo": 0,
        "terms": sum(standing(query.state, dataset, query.seq) for dataset in refused),
    }
    if query.is_public:
        compiled = _for_the_public(query, compiled)
        withheld["embargo"] = _embargoed(query.state, compiled)
        compiled = without_small_cells(query, compiled, allowed)
        if compiled.grains is not None:
            withheld["small_cells"] = left_out(query.state, compiled)
    credits = tuple(dict.fromkeys(dataset.credit for dataset in allowed))
    published = Published(query, allowed, compiled, withheld, credits)
    # Sums of several datasets less those of some of them would be those of a single record.
    is_apart = in_all or len(allowed) <= 1 or compiled.grains is not None
    return published if is_apart else _folded(published)


def _folded(published: Published) -> Published:
    """Read several datasets as one if each pair of them was compared in its present state."""
    slugs, criteria = [dataset.slug for dataset in published.datasets], published.filter
    is_compared = published.state.merged.is_compared(slugs, criteria.seq)
    if not is_compared:
        return replace(published, is_compared=is_compared)
    folded = published.state.merged.fold(criteria)
    generalised = replace(criteria, quiet_now=criteria.quiet_now | folded.quiet)
    return replace(published, filter=generalised, is_compared=True, folded=folded)


def summable(published: Published, face: Face) -> Published:
    """Narrow an answer to its first dataset where several do not add up."""
    if published.is_summed or published.primary is None:
        return published
    return publish(published.query.but(datasets=(published.primary.slug,)), face)


def counted_rows(published: Published) -> Selection:
    """Select the rows that count."""
    return select(published.segments, counting(published.filter))


def counting(criteria: Filter) -> Filter:
    """Leave out retracted records: they never count, even if a View includes them."""
    statuses = tuple(status for status in criteria.statuses if status != RETRACTED)
    if criteria.statuses and not statuses:
        statuses = (len(STATUSES),)  # the View has only retracted ones: no row counts
    return replace(criteria, statuses=statuses)


def may_be_embedded(query: Query) -> bool:
    """Tell whether the terms let a View stand inside another site's page."""
    return not publish(query, Face.embeds).withheld["terms"]


def refuse_embedding(query: Query) -> None:
    """Refuse to show a View inside another site's page if the terms of a dataset forbid it.

    Raises:
        NotShared: the message names the command that changes the terms.
    """
    if not may_be_embedded(query):
        raise NotShared(
            "The terms of this View's data do not allow embedding for the public; an operator "
            "can change them with `strikemap datasets set SLUG --terms …`."
        )


def _all_datasets(state: State) -> tuple[Dataset, ...]:
    """List every dataset of incidents."""
    datasets = state.datasets.values()
    return tuple(dataset for dataset in datasets if dataset.kind is DatasetKind.incidents)


def _may_leave(dataset: Dataset, face: Face, view: View) -> bool:
    if not dataset.terms.allow(face, view.level):
        return False
    if dataset.terms.points or face is not Face.aggregates:
        return True
    narrows = view.is_by_place or view.min_killed is not None
    # Two states of the record may differ by a single strike.
    narrows = narrows or view.as_of is not None
    return not narrows and covers_whole_weeks(view)


def covers_whole_weeks(view: View) -> bool:
    """Tell whether a period is all time or whole ISO weeks: differences of two are weeks too."""
    if view.first is None and view.last is None:
        return True
    if view.first is None or view.last is None:
        return False
    return view.first.isoweekday() == MONDAY and view.last.isoweekday() == SUNDAY


def _compile(query: Query, datasets: tuple[Dataset, ...]) -> Filter:
    view, tables, taxonomy = query.view, query.state.tables, query.reference.taxonomy
    numbers = [tables.datasets.index(d.slug) for d in datasets if d.slug in tables.datasets]
    is_in_view = np.zeros(len(tables.datasets) + 1, bool)
    is_in_view[numbers] = True
    return Filter(
        seq=query.seq,
        datasets=is_in_view,
        first=BEGINNING if view.first is None else epoch_day(view.first),
        last=END if view.last is None else epoch_day(view.last),
        weapons=taxonomy.weapons.family_bits(view.weapons),
        sectors=taxonomy.sectors.bits(view.sectors),
        statuses=tuple(STATUSES.index(status) for status in view.statuses),
        kinds=tuple(EVENT_KINDS[KINDS_OF_EVENT.index(kind)] for kind in view.kinds),
        min_killed=view.min_killed,
        regions=tuple(tables.region(view.level, code) for code in view.regions),
        level=view.level,
        bbox_e7=None if view.bbox is None else _e7(view.bbox),
        within=None if view.within is None else Within.of(view.within),
    )


def _e7(box: Bounds) -> tuple[int, int, int, int]:
    west, south, east, north = (round(side * E7) for side in box)
    return west, south, east, north


def _for_the_public(query: Query, criteria: Filter) -> Filter:
    theatre, sectors, state = query.theatre, query.reference.taxonomy.sectors, query.state
    quiet_after = epoch_day((query.now - timedelta(days=theatre.generalise_days)).date())
    quiet = replace(
        criteria,
        embargo_at=int(query.now.timestamp()),
        grace_s=(theatre.embargo_s("civilian"), theatre.embargo_s("military")),
        military=sectors.bits(("military",)),
        quiet_sectors=sectors.delayed_bits,
        quiet_after=quiet_after,
    )
    if all(part.latest_embargo(quiet) <= (quiet.embargo_at or 0) for part in state.segments):
        quiet = replace(quiet, grace_s=(0, 0))  # no row is so recent: an embargo hides none
    hidden, muted = frozenset[int](), frozenset[int]()
    if criteria.seq < state.seq:
        hidden, muted = _withheld_today(state, quiet)
    twins = state.merged.quiet_together(replace(quiet, seq=state.seq))
    return replace(quiet, hidden_now=hidden, quiet_now=muted | twins)


def _withheld_today(state: State, criteria: Filter) -> tuple[frozenset[int], frozenset[int]]:
    """Return the numbers of incidents whose newest revision is embargoed or quiet now.

    An older revision shows no more than the newest (docs/privacy.md, "No way around the terms").
    """
    hidden: set[int] = set()
    quiet: set[int] = set()
    for part in state.segments:
        standing = np.flatnonzero(part.rows["known_to"] > state.seq)
        number = part.rows["number"][standing]
        embargoed = is_embargoed(part.rows, standing, criteria)
        hidden.update(number[embargoed].tolist())
        quiet.update(number[is_quiet(part.rows, standing, criteria)].tolist())
    return frozenset(hidden), frozenset(quiet)


def _embargoed(state: State, criteria: Filter) -> int:
    """Count embargoed rows without the filters: a filter must not reveal what an embargo hides."""
    now, count = criteria.embargo_at or 0, 0
    for part in state.segments:
        if part.latest_embargo(criteria) <= now and not criteria.hidden_now:
            continue
        embargoed = is_embargoed(part.rows, EVERYWHERE, criteria)
        if criteria.hidden_now:
            embargoed |= np.isin(part.rows["number"], list(criteria.hidden_now))
        places = np.flatnonzero(embargoed)
        counts = criteria.datasets[part.rows["dataset"][places]]
        counts &= part.rows["known_to"][places] > criteria.seq
        count += int((counts & (part.rows["seq"][places] <= criteria.seq)).sum())
    return count


def control_dataset(query: Query, face: Face) -> Dataset | None:
    """Resolve the source of control of a View, as `control_source` does, for a face.

    Raises:
        NotShared: the source's terms do not allow this face for the public.
    """
    dataset = control_source(query)
    if dataset and query.is_public and not dataset.terms.allow(face, query.view.level):
        raise NotShared(
            f"The terms of {dataset.slug!r} ({dataset.licence}) do not allow this for the public; "
            f"an operator can change them with `strikemap datasets set {dataset.slug} --terms …`."
        )
    return dataset


def joined_source(query: Query) -> Dataset | None:
    """Resolve the source of control whose line and ground incidents are joined with.

    Points of incidents on one side of a line, or near it, draw that line: the terms of its source
    have to allow points.

    Raises:
        NotShared: as `control_dataset`.
    """
    return control_dataset(query, Face.points)


def control_snapshot(query: Query, face: Face) -> ControlSnapshot | None:
    """Return the control snapshot that a View shows: the one valid on its last day.

    Raises:
        NotShared: as `control_dataset`.
    """
    source = control_dataset(query, face)
    return None if source is None else query.control_on(source, query.control_day)
