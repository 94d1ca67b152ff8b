"""Data that leaves as sums of weeks tells no single day: not by a default, a filter or an as-of."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from app.domain.errors import NotShared
from app.domain.terms import Face
from app.domain.view import View
from app.instance.workspace import Workspace
from app.publishing.defaults import with_defaults
from app.publishing.publish import publish, refuse_embedding
from app.publishing.query import Query
from app.queries.region_sums import unmarked_by_region
from app.queries.sums import summarise
from tests.support import imported, table

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
SPOT = {"precision": "exact", "lon": "30.52", "lat": "50.45", "killed_low": "3"}
HELD = View(theatre="ukraine", datasets=("held",))
WEEK = HELD.but(first=date(2026, 3, 9), last=date(2026, 3, 15))


@pytest.fixture
def weekly(workspace: Workspace, tmp_path: Path) -> Workspace:
    rows = [
        {**SPOT, "source_key": "a", "start": "2026-03-10", "sectors": "military"},
        {**SPOT, "source_key": "b", "start": "2026-03-25", "sectors": "residential"},
    ]
    imported(workspace, table(tmp_path, *rows), dataset="held", theatre="ukraine", at=NOW)
    return replace(workspace, smallest_cell=1)  # that is another rule, and another test


@pytest.mark.parametrize(
    "view", [HELD, HELD.but(sectors=("military",)), HELD.but(regions=("UA-30",))]
)
def test_the_period_to_start_with_is_of_whole_weeks_whatever_the_filter(
    weekly: Workspace, view: View
) -> None:
    query = with_defaults(Query.of(weekly, view, NOW))
    assert (query.view.first, query.view.last) == (date(2026, 3, 9), date(2026, 3, 29))
    published = publish(query, Face.aggregates)
    assert [one.slug for one in published.datasets] == ["held"]


def test_two_states_of_the_record_are_not_to_be_subtracted(weekly: Workspace) -> None:
    view = WEEK.but(as_of=NOW + timedelta(hours=1))
    later = NOW + timedelta(days=1)
    published = publish(Query.of(weekly, view, later), Face.aggregates)
    assert (published.datasets, published.withheld["terms"]) == ((), 2)


def test_what_is_held_back_whole_has_no_sums_rather_than_sums_of_zero(weekly: Workspace) -> None:
    view = HELD.but(first=date(2026, 3, 10), last=date(2026, 3, 10))
    published = publish(Query.of(weekly, view, NOW), Face.aggregates)
    answer = summarise(published, "region")
    assert (answer["totals"], answer["elsewhere"], answer["rows"]) == (None, None, [])
    assert answer["coverage"]["withheld"]["terms"] == 2


def test_sums_without_marks_do_not_say_which_of_them_could_have_one(weekly: Workspace) -> None:
    published = publish(Query.of(weekly, WEEK, NOW), Face.aggregates)
    assert unmarked_by_region(published) == {"UA-30": 1}


def test_a_map_of_two_datasets_is_not_embedded_when_one_may_not_be(
    weekly: Workspace, tmp_path: Path
) -> None:
    row = {**SPOT, "source_key": "c", "start": "2026-03-10"}
    path = table(tmp_path, row, name="open.csv")
    imported(weekly, path, dataset="open", theatre="ukraine", terms="CC0-1.0", at=NOW)
    state = weekly.state()
    refuse_embedding(Query(weekly, state, HELD.but(datasets=("open",)), NOW))
    with pytest.raises(NotShared):
        refuse_embedding(Query(weekly, state, HELD.but(datasets=("held", "open")), NOW))
