"""What an audience may see of a View: the one door between a request and the index.

A public answer obeys each dataset's terms, embargo and generalisation as of the request, whatever
`as_of` says; a private one shows everything and says that it is private.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from app.domain.errors import NotShared
from app.domain.period import epoch_day
from app.domain.place import E7, Bounds
from app.domain.terms import Audience, Dataset, DatasetKind, Face
from app.domain.view import View
from app.index.build import State
from app.index.columns import STATUSES
from app.index.merged import Folded
from app.index.select import (
    BEGINNING,
    END,
    RETRACTED,
    Filter,
    Segment,
    Selection,
    is_embargoed,
    is_quiet,
    select,
    unmarked,
)
from app.reference.theatre import Theatre
from app.services.nearness import known_at, near
from app.services.workspace import Workspace

MONDAY, SUNDAY = 1, 7
"""Sums of data that may leave only as sums cover whole ISO weeks: with free ends, two Views that
differ by a day would give that day away (docs/privacy.md, "Sums of weeks")."""


@dataclass(frozen=True, eq=False)
class Published:
    """A View as its audience gets it: pinned to a state, narrowed, with what was withheld."""

    view: View
    state: State
    theatre: Theatre
    datasets: tuple[Dataset, ...]
    filter: Filter
    withheld: Mapping[str, int]
    credits: tuple[str, ...]
    is_compared: bool | None = None
    folded: Folded | None = None

    @property
    def segments(self) -> Sequence[Segment]:
        """What the View is read from: where datasets are summed, one row stands for each strike."""
        return self.state.segments if self.folded is None else self.folded.segments

    @property
    def is_summed(self) -> bool:
        """Tell whether all datasets may be added up: there is one, or each pair was compared."""
        return len(self.datasets) < 2 or self.folded is not None  # noqa: PLR2004  a pair

    def select(self, tile: tuple[int, int, int] | None = None) -> Selection:
        """Find the rows, in a tile when one is given."""
        return select(self.segments, self.filter, tile)

    def unmarked(self) -> Selection:
        """Find the incidents that are counted in a region and stand nowhere as a mark."""
        return unmarked(self.segments, self.filter)

    @property
    def primary(self) -> Dataset | None:
        """The dataset whose casualties are shown when several are named that do not add up."""
        return self.datasets[0] if self.datasets else None


def publish(  # noqa: PLR0913  a View, who asks for it, when, and on which face
    workspace: Workspace,
    state: State,
    view: View,
    face: Face,
    now: datetime,
    *,
    in_all: bool = False,
) -> Published:
    """Narrow a View to what its audience may see on a face.

    `in_all` takes every dataset instead of the View's own: an incident's id names no dataset.
    """
    theatre = workspace.reference.theatres[view.theatre]
    seq = known_at(workspace, state, view)
    wanted = all_datasets(state) if in_all else wanted_datasets(state, view, theatre)
    is_public = workspace.audience is Audience.public
    allowed = tuple(d for d in wanted if not is_public or _may_leave(d, face, view))
    compiled = _compile(workspace, state, view, allowed, seq)
    if view.asks_the_ground:
        source = control_dataset(workspace, state, view, Face.aggregates)
        compiled = replace(compiled, near=near(workspace, state, view, source))
    if is_public:
        compiled = _quieten(workspace, state, compiled, theatre, now)
    refused = [dataset for dataset in wanted if dataset not in allowed]
    withheld = {
        "embargo": _embargoed(state, compiled) if is_public else 0,
        "terms": sum(_standing(state, dataset, seq) for dataset in refused),
    }
    credits = tuple(dict.fromkeys(dataset.credit for dataset in allowed))
    found = Published(view, state, theatre, allowed, compiled, withheld, credits)
    return found if in_all or len(allowed) < 2 else _folded(found)  # noqa: PLR2004  a pair


def _folded(found: Published) -> Published:
    """Read several datasets as one where matching has compared each pair of them as they stand."""
    slugs, wanted = [dataset.slug for dataset in found.datasets], found.filter
    is_compared = found.state.merged.is_compared(slugs, wanted.seq)
    if not is_compared:
        return replace(found, is_compared=is_compared)
    folded = found.state.merged.fold(wanted)
    narrowed = replace(wanted, quiet_now=wanted.quiet_now | folded.quiet)
    return replace(found, filter=narrowed, is_compared=True, folded=folded)


def refuse_embedding(workspace: Workspace, state: State, view: View, now: datetime) -> None:
    """Refuse to show a View inside another site's page where the terms of a dataset keep it out.

    Raises:
        NotShared: naming the command that changes the terms.
    """
    found = publish(workspace, state, view, Face.embeds, now)
    if found.withheld["terms"]:
        raise NotShared(
            "The terms of this View's data do not allow embedding for the public; an operator "
            "can change them with `strikemap datasets set SLUG --terms …`."
        )


def all_datasets(state: State) -> tuple[Dataset, ...]:
    """List every dataset of incidents."""
    return tuple(one for one in state.datasets.values() if one.kind is DatasetKind.incidents)


def wanted_datasets(state: State, view: View, theatre: Theatre) -> tuple[Dataset, ...]:
    """Resolve which datasets a View means: the named ones, else the theatre's default, else one.

    Synthetic records never mix with real ones: `synthetic` chooses which of the two is shown.
    """
    here = [
        dataset
        for dataset in state.datasets.values()
        if dataset.theatre == view.theatre
        and dataset.kind is DatasetKind.incidents
        and dataset.synthetic == view.synthetic
    ]
    if view.datasets:
        return tuple(dataset for dataset in here if dataset.slug in view.datasets)
    default = tuple(dataset for dataset in here if dataset.slug in theatre.default_datasets)
    if default or not here:
        return default
    if len(here) == 1:
        return tuple(here)
    return (max(here, key=lambda dataset: _standing_now(state, dataset)),)


def _may_leave(dataset: Dataset, face: Face, view: View) -> bool:
    if not dataset.terms.allow(face) or view.level > dataset.terms.finest_level:
        return False
    if dataset.terms.points or face is not Face.aggregates:
        return True
    narrows = view.bbox is not None or view.min_killed is not None or view.asks_the_ground
    # Two states of the record differ by what came between them: perhaps a single strike.
    narrows = narrows or view.as_of is not None
    return not narrows and _covers_whole_weeks(view)


def _covers_whole_weeks(view: View) -> bool:
    """Tell whether a period is all time or whole ISO weeks: differences of two are weeks too."""
    if view.first is None and view.last is None:
        return True
    if view.first is None or view.last is None:
        return False
    return view.first.isoweekday() == MONDAY and view.last.isoweekday() == SUNDAY


def _compile(
    workspace: Workspace, state: State, view: View, datasets: tuple[Dataset, ...], seq: int
) -> Filter:
    taxonomy, tables = workspace.reference.taxonomy, state.tables
    numbers = [tables.datasets.index(d.slug) for d in datasets if d.slug in tables.datasets]
    chosen = np.zeros(len(tables.datasets) + 1, bool)
    chosen[numbers] = True
    return Filter(
        seq=seq,
        datasets=chosen,
        first=BEGINNING if view.first is None else epoch_day(view.first),
        last=END if view.last is None else epoch_day(view.last),
        weapons=taxonomy.weapons.family_bits(view.weapons),
        sectors=taxonomy.sectors.bits(view.sectors),
        statuses=tuple(STATUSES.index(status) for status in view.statuses),
        min_killed=view.min_killed,
        regions=tuple(tables.region(view.level, code) for code in view.regions),
        level=view.level,
        bbox_e7=None if view.bbox is None else _e7(view.bbox),
    )


def _e7(box: Bounds) -> tuple[int, int, int, int]:
    west, south, east, north = (round(side * E7) for side in box)
    return west, south, east, north


def _quieten(
    workspace: Workspace, state: State, wanted: Filter, theatre: Theatre, now: datetime
) -> Filter:
    quiet_after = epoch_day((now - timedelta(days=theatre.generalise_days)).date())
    quiet = replace(
        wanted,
        embargo_at=int(now.timestamp()),
        grace_s=(theatre.embargo_s("civilian"), theatre.embargo_s("military")),
        military=workspace.reference.taxonomy.sectors.bits(("military",)),
        quiet_sectors=workspace.reference.taxonomy.sectors.delayed_bits,
        quiet_after=quiet_after,
    )
    if all(part.latest_embargo(quiet) <= (quiet.embargo_at or 0) for part in state.segments):
        quiet = replace(quiet, grace_s=(0, 0))  # nothing is that fresh: rows need not be asked
    if wanted.seq >= state.seq:
        return quiet
    hidden, muted = _withheld_today(state, quiet)
    return replace(quiet, hidden_now=hidden, quiet_now=muted)


def _withheld_today(state: State, wanted: Filter) -> tuple[frozenset[int], frozenset[int]]:
    """Number the incidents whose newest revision is embargoed or quiet now.

    An older revision shows no more than the newest (docs/privacy.md, "No way around the terms").
    """
    hidden: set[int] = set()
    quiet: set[int] = set()
    for part in state.segments:
        standing = np.flatnonzero(part.rows["known_to"] > state.seq)
        number = part.rows["number"][standing]
        embargoed = is_embargoed(part.rows, standing, wanted)
        hidden.update(number[embargoed].tolist())
        quiet.update(number[is_quiet(part.rows, standing, wanted)].tolist())
    return frozenset(hidden), frozenset(quiet)


def _embargoed(state: State, wanted: Filter) -> int:
    """Count embargoed rows whatever the filters: a filter must not reveal what it hides."""
    now, count = wanted.embargo_at or 0, 0
    for part in state.segments:
        if part.latest_embargo(wanted) <= now and not wanted.hidden_now:
            continue
        held = is_embargoed(part.rows, np.arange(len(part.rows)), wanted)
        if wanted.hidden_now:
            held |= np.isin(part.rows["number"], list(wanted.hidden_now))
        held &= (part.rows["known_to"] > wanted.seq) & (part.rows["seq"] <= wanted.seq)
        count += int((held & wanted.datasets[part.rows["dataset"]]).sum())
    return count


def _standing_now(state: State, dataset: Dataset) -> int:
    if dataset.slug not in state.tables.datasets:
        return 0
    number = state.tables.datasets.index(dataset.slug)
    return sum(part.standing.get(number, 0) for part in state.segments)


def _standing(state: State, dataset: Dataset, seq: int) -> int:
    if dataset.slug not in state.tables.datasets:
        return 0
    number = state.tables.datasets.index(dataset.slug)
    return sum(_count_standing(part, number, seq) for part in state.segments)


def _count_standing(part: Segment, number: int, seq: int) -> int:
    rows = part.rows
    mask = (rows["dataset"] == number) & (rows["known_to"] > seq) & (rows["seq"] <= seq)
    return int((mask & (rows["status"] != RETRACTED)).sum())


def control_dataset(workspace: Workspace, state: State, view: View, face: Face) -> Dataset | None:
    """Resolve whose control is shown: the named source, else the theatre's default, else the first.

    As with incidents, `synthetic` chooses between invented sources and real ones.

    Raises:
        NotShared: the source's terms do not allow this face for the public.
    """
    theatre = workspace.reference.theatres[view.theatre]
    here = {
        dataset.slug: dataset
        for dataset in state.datasets.values()
        if dataset.theatre == view.theatre
        and dataset.kind is DatasetKind.control
        and dataset.synthetic == view.synthetic
    }
    slug = view.control or (
        theatre.default_control if theatre.default_control in here else min(here, default=None)
    )
    dataset = here.get(slug or "")
    if dataset and workspace.audience is Audience.public and not dataset.terms.allow(face):
        raise NotShared(
            f"The terms of {dataset.slug!r} ({dataset.licence}) do not allow this for the public; "
            f"an operator can change them with `strikemap datasets set {dataset.slug} --terms …`."
        )
    return dataset
