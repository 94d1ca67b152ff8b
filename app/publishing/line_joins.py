"""Where incidents lie to the front line: the joins that a View's control source gives."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from app.domain.errors import InvalidView, Problem
from app.domain.terms import Dataset
from app.domain.view import NOT_STATED, View
from app.index import joins
from app.index.build import State
from app.index.joins import Join, Joined, holders
from app.index.select import Near, Segment
from app.instance.workspace import Workspace


def near(workspace: Workspace, state: State, view: View, source: Dataset | None) -> Near | None:
    """Compile a View's `line_km` and `side`; None when it asks for neither.

    Raises:
        InvalidView: no source of control is loaded, or it says nothing on the frozen day.
    """
    if not view.asks_the_ground:
        return None
    ask = asker(workspace, state, view, source)
    number = {NOT_STATED: joins.NOT_STATED, **holders(workspace.reference, view.theatre)}
    return Near(
        None if view.line_km is None else view.line_km * 1e3,
        tuple(number[side] for side in view.sides),
        ask,
    )


def asker(
    workspace: Workspace, state: State, view: View, source: Dataset | None
) -> Callable[[Segment], Joined]:
    """Return what answers for a segment: by each day's own line, or by the frozen one.

    Raises:
        InvalidView: as `near`.
    """
    if source is None:
        got = f"a View of {view.theatre!r} without any source of control"
        raise InvalidView((Problem("query.control", got, "a loaded source of control areas"),))
    seq = known_at(workspace, state, view)
    calendar = state.control.calendar(source.slug, seq)
    if view.freeze is not None and calendar.on(view.freeze) is None:
        first = calendar.days[0] if calendar.days else "none is known yet"
        allowed = f"a day from the first snapshot of {source.slug!r} on: {first}"
        raise InvalidView((Problem("query.freeze", str(view.freeze), allowed),))
    join = state.join(source, seq, view.freeze)
    return partial(_joined, workspace, state, join)


def _joined(workspace: Workspace, state: State, join: Join, segment: Segment) -> Joined:
    return workspace.index.joins.of(state.control, segment, join)


def known_at(workspace: Workspace, state: State, view: View) -> int:
    """The commit that a View is of."""
    seq = state.seq if view.as_of is None else workspace.store.seq_at(view.as_of)
    return min(seq, state.seq)
