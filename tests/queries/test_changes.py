"""What changed in a View since a date is listed with before and after, and nothing else is."""

from __future__ import annotations

from datetime import datetime, timedelta
from xml.etree import ElementTree as ET

import msgspec
import pytest

from app.domain.count import Count, Toll
from app.domain.damage import Damage
from app.domain.errors import InvalidView
from app.domain.incident import Status
from app.domain.period import When
from app.domain.revision import Action
from app.domain.view import View
from app.i18n import strings
from app.instance.workspace import Workspace
from app.publishing.query import Query
from app.queries.changes import Changes, changes
from app.queries.feeds import ATOM, atom_feed, json_feed
from tests.making import NOON, change, dataset, incident, write

VIEW = View(theatre="ukraine")
DAY = timedelta(days=1)
NOW = NOON + 10 * DAY


def changes_since(
    workspace: Workspace, view: View = VIEW, since: datetime = NOON, now: datetime = NOW
) -> Changes:
    return changes(Query.of(workspace, view, now), since, 100)


@pytest.fixture
def recorded(private_workspace: Workspace) -> Workspace:
    """Day 0: a, b, c. Later: a is corrected, b regraded, c retracted, d added, e added and gone."""
    store = private_workspace.store
    first = [incident(key, killed=Toll.of(Count.exactly(1))) for key in "abc"]
    write(store, [change(dataset()), *map(change, first)])
    a, b, c = first
    more = msgspec.structs.replace(a, killed=Toll.of(Count.exactly(3)))
    graded = msgspec.structs.replace(b, status=Status.verified)
    gone = msgspec.structs.replace(c, status=Status.retracted)
    write(store, [change(more, Action.amend), change(incident("d"))], NOON + DAY)
    write(store, [change(graded, Action.amend), change(incident("e"))], NOON + 2 * DAY)
    lost = incident("e", status=Status.retracted)
    write(store, [change(gone, Action.amend), change(lost, Action.amend)], NOON + 3 * DAY)
    return private_workspace


def test_each_kind_is_listed_newest_first_with_before_and_after(recorded: Workspace) -> None:
    answer = changes_since(recorded)
    assert [one["kind"] for one in answer.items] == ["retracted", "regraded", "added", "amended"]
    assert answer.items[-1]["changes"]["killed"]["before"]["low"] == 1
    assert answer.items[-1]["changes"]["killed"]["after"]["low"] == 3
    assert answer.items[1]["changes"] == {"status": {"before": "reported", "after": "verified"}}
    assert dict(answer.counts) == {"added": 1, "amended": 1, "regraded": 1, "retracted": 1}
    assert answer.corrections == 3


def test_only_what_came_after_the_date_is_listed(recorded: Workspace) -> None:
    since = changes_since(recorded, since=NOON + 2 * DAY)
    assert [one["kind"] for one in since.items] == ["retracted", "retracted"]
    assert changes_since(recorded, since=NOON + 3 * DAY).items == []


def test_a_view_lists_only_what_it_shows_or_showed(recorded: Workspace) -> None:
    assert [one["kind"] for one in changes_since(recorded, VIEW.but(min_killed=3)).items] == [
        "amended"
    ]
    nowhere = VIEW.but(first=(NOON + DAY).date(), last=(NOON + 2 * DAY).date())
    assert changes_since(recorded, nowhere).items == []


def test_a_view_of_the_past_does_not_change(recorded: Workspace) -> None:
    with pytest.raises(InvalidView, match=r"query\.as_of"):
        changes_since(recorded, VIEW.but(as_of=NOON))


def test_the_feeds_carry_every_change(recorded: Workspace) -> None:
    answer, words = changes_since(recorded), strings("en")
    feed = json_feed(answer, words, "/api/changes", "/")
    assert feed["version"].endswith("/1.1")
    assert feed["items"][0]["tags"] == ["retracted"]
    assert "Killed: 1 → 3" in feed["items"][-1]["content_text"]
    atom = ET.fromstring(atom_feed(answer, words, "/api/changes", "/"))  # noqa: S314  our own
    entries = atom.findall(f"{{{ATOM}}}entry")
    titles = [one["title"] for one in feed["items"]]
    assert titles[-1] == "Corrected: Incident in Kyiv: 3 killed"
    assert [one.findtext(f"{{{ATOM}}}title") for one in entries] == titles
    assert len(entries) == 4
    assert {one.findtext(f"{{{ATOM}}}title", "").split(":")[0] for one in entries} == {
        "Retracted",
        "Status changed",
        "Added",
        "Corrected",
    }


def test_what_is_withheld_now_is_not_shown_as_it_was_before(workspace: Workspace) -> None:
    recent = When.days((NOW - 3 * DAY).date())
    before = incident("a", when=recent, description="at the plant")
    after = incident("a", when=recent, damage=(Damage("energy"),))
    hidden = incident("b", when=recent)
    embargoed = incident("b", when=recent, public_after=NOW + DAY)
    write(workspace.store, [change(dataset()), change(before), change(hidden)])
    later = [change(after, Action.amend), change(embargoed, Action.amend)]
    write(workspace.store, later, NOON + DAY)
    answer = changes_since(workspace)
    assert [one["incident"] for one in answer.items] == [str(after.id)]
    texts = msgspec.json.encode(answer.items)
    assert b"coordinates" not in texts
    assert b"at the plant" not in texts
