"""Where incidents lie relative to the front line, by the source of control of a View."""

from __future__ import annotations

from collections.abc import Callable

from app.domain.errors import InvalidView, Problem
from app.domain.terms import Dataset
from app.domain.view import NOT_STATED
from app.index import joins
from app.index.joins import Joined, holders
from app.index.select import Near, Segment
from app.publishing.query import Query


def line_filter(query: Query, source: Dataset | None) -> Near | None:
    """Compile a View's `line_km` and `side`; None when it has neither.

    Raises:
        InvalidView: no source of control is loaded, or it has no snapshot for the frozen day.
    """
    view = query.view
    if not view.needs_control:
        return None
    number = {NOT_STATED: joins.NOT_STATED, **holders(query.reference, view.theatre)}
    return Near(
        None if view.line_km is None else view.line_km * 1e3,
        tuple(number[side] for side in view.sides),
        line_join(query, source),
    )


def line_join(query: Query, source: Dataset | None) -> Callable[[Segment], Joined]:
    """Return the join of a segment with the line of each incident's day, or with the frozen line.

    Raises:
        InvalidView: as `line_filter`.
    """
    view, state = query.view, query.state
    if source is None:
        got = f"a View of {view.theatre!r} without any source of control"
        raise InvalidView((Problem("query.control", got, "a loaded source of control areas"),))
    calendar = query.calendar(source)
    if view.freeze is not None and calendar.on(view.freeze) is None:
        first = calendar.days[0] if calendar.days else "none is known yet"
        allowed = f"a day from the first snapshot of {source.slug!r} on: {first}"
        raise InvalidView((Problem("query.freeze", str(view.freeze), allowed),))
    join = state.join(source, query.seq, view.freeze)
    cache = query.workspace.index.joins
    return lambda segment: cache.of(state.control, segment, join)
