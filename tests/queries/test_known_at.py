"""What a View is known as of is the instant of the state that its numbers are read from."""

from __future__ import annotations

from datetime import timedelta

from app.domain.instants import rfc3339
from app.domain.terms import Face
from app.domain.view import View
from app.instance.workspace import Workspace
from app.publishing.publish import publish
from app.publishing.query import Query
from app.queries.sums import summarise
from tests.making import NOON, change, dataset, incident, write

LATER = NOON + timedelta(days=1)


def test_a_sum_of_an_older_state_does_not_carry_the_time_of_a_newer_revision(
    private_workspace: Workspace,
) -> None:
    store = private_workspace.store
    assert private_workspace.state().recorded_at is None
    write(store, [change(dataset()), change(incident("a"))], NOON)
    older = private_workspace.state()
    write(store, [change(incident("b"))], LATER)
    known = []
    for state in (older, private_workspace.state()):
        query = Query(private_workspace, state, View(theatre="ukraine"), LATER)
        answer = summarise(publish(query, Face.aggregates), "region")
        known.append((answer["as_of"], answer["totals"]["incidents"]))
    assert known == [(rfc3339(NOON), 1), (rfc3339(LATER), 2)]
    past = Query(
        private_workspace, private_workspace.state(), View(theatre="ukraine", as_of=NOON), LATER
    )
    assert past.known_at == NOON
