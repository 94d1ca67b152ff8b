"""Which datasets and which control source a View means, also where it names none."""

from __future__ import annotations

from app.domain.terms import Dataset, DatasetKind
from app.index.select import RETRACTED, Segment
from app.index.state import State
from app.publishing.query import Query


def datasets_of_view(query: Query) -> tuple[Dataset, ...]:
    """Resolve which datasets a View means: its own, else the theatre's setting, else the newest.

    Synthetic records never mix with real ones: `synthetic` chooses one of the two kinds.
    """
    datasets = query.datasets_of(DatasetKind.incidents)
    if query.view.datasets:
        return tuple(dataset for dataset in datasets if dataset.slug in query.view.datasets)
    defaults = query.theatre.default_datasets
    default = tuple(dataset for dataset in datasets if dataset.slug in defaults)
    if default or not datasets:
        return default
    newest = max(datasets, key=lambda dataset: _first_sight_rank(query, dataset))
    demo = query.theatre.demo_datasets
    if newest.slug not in demo:
        return (newest,)
    return tuple(dataset for dataset in datasets if dataset.slug in demo)


def _first_sight_rank(query: Query, dataset: Dataset) -> tuple[bool, bool, bool, bool, int]:
    """Rank a dataset for a View that names none; the highest one is shown.

    It depends on no filter and on no embargo: a View must not reveal what is withheld by the
    dataset that it gets. It depends on `as_of`, so that a pinned View goes on showing the same.
    """
    state = query.state
    added = state.added.get(dataset.slug, 0)
    is_now = query.seq >= state.seq
    records = _standing_now(state, dataset) if is_now else standing(state, dataset, query.seq)
    leaves_marks = not query.is_public or (dataset.terms.tiles and dataset.terms.points)
    is_demo = dataset.slug in query.theatre.demo_datasets
    return added <= query.seq, records > 0, not is_demo, leaves_marks, added


def _standing_now(state: State, dataset: Dataset) -> int:
    if dataset.slug not in state.tables.datasets:
        return 0
    number = state.tables.datasets.index(dataset.slug)
    return sum(part.standing.get(number, 0) for part in state.segments)


def standing(state: State, dataset: Dataset, seq: int) -> int:
    """Count the records of a dataset that stood at a commit: not replaced, not retracted."""
    if dataset.slug not in state.tables.datasets:
        return 0
    number = state.tables.datasets.index(dataset.slug)
    return sum(_count_standing(part, number, seq) for part in state.segments)


def _count_standing(part: Segment, number: int, seq: int) -> int:
    rows = part.rows
    mask = (rows["dataset"] == number) & (rows["known_to"] > seq) & (rows["seq"] <= seq)
    return int((mask & (rows["status"] != RETRACTED)).sum())


def control_sources(query: Query) -> list[Dataset]:
    """List the control sources that this audience may see on tiles."""
    sources = query.datasets_of(DatasetKind.control)
    return [source for source in sources if source.terms.tiles or not query.is_public]


def control_source(query: Query) -> Dataset | None:
    """Resolve the source of control: the View's, else the theatre's setting, else the closest.

    The closest is the source that was added last, of those with a snapshot that is not stale on
    the View's last day; without one, the source with the youngest snapshot on that day. A source
    that the audience may not see is resolved only where there is no other, and for its terms to
    be named. As with incidents, `synthetic` chooses between invented and real sources.
    """
    sources = {dataset.slug: dataset for dataset in query.datasets_of(DatasetKind.control)}
    slug = query.view.control or query.theatre.default_control
    if query.view.control or slug in sources:
        return sources.get(slug)
    visible = control_sources(query) or list(sources.values())
    return max(visible, key=lambda source: _control_rank(query, source), default=None)


def _control_rank(query: Query, source: Dataset) -> tuple[int, int, int]:
    """Rank a control source for a View that names none; the highest one is shown."""
    added = query.state.added.get(source.slug, 0)
    snapshot = query.control_on(source, query.control_day)
    if snapshot is None:
        return 0, 0, added
    age_days = (query.control_day - snapshot.valid_on).days
    if age_days > query.theatre.stale_after_days:
        return 1, -age_days, added
    return 2, added, 0
