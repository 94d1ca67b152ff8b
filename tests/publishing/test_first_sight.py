"""A View that names nothing shows the newest data that its audience may see."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from app.domain.terms import Audience
from app.domain.view import View
from app.instance.workspace import Workspace
from app.intake.demo import DEMOS
from app.publishing.defaults import with_defaults
from app.publishing.query import Query
from tests.making import GEODATA
from tests.support import collection, imported, square, table, written

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
PLAIN = View(theatre="ukraine")


@pytest.fixture
def instance(workspace: Workspace) -> Workspace:
    """The demo of Ukraine, as a fresh instance has it."""
    for file, dataset, theatre, title in DEMOS:
        if theatre == "ukraine":
            options = {"dataset": dataset, "theatre": theatre, "terms": "CC0-1.0", "title": title}
            imported(workspace, GEODATA / file, at=NOW, **options)
    return replace(workspace, smallest_cell=1)  # that is another rule, and another test


def _import(
    workspace: Workspace, folder: Path, slug: str, *days: str, terms: str = "CC0-1.0"
) -> None:
    spot = {"precision": "exact", "lon": "30.52", "lat": "50.45"}
    rows = [{**spot, "source_key": f"{slug}{day}", "start": day} for day in days]
    path = table(folder, *rows, name=f"{slug}.csv")
    imported(workspace, path, dataset=slug, theatre="ukraine", terms=terms, at=NOW)


def _line(workspace: Workspace, folder: Path, slug: str, *days: str) -> None:
    shape = square(37, 48, 1)
    features = [
        {
            "type": "Feature",
            "properties": {"valid_on": day, "controller": "ru", "status": "assessed"},
            "geometry": shape,
        }
        for day in days
    ]
    path = written(folder, f"{slug}.geojson", collection(features))
    report = imported(workspace, path, at=NOW, dataset=slug, theatre="ukraine", terms="CC0-1.0")
    assert report.added == len(days), report


def _first_sight(workspace: Workspace, view: View = PLAIN, now: datetime = LATER) -> View:
    return with_defaults(Query.of(workspace, view, now)).view


def _days(view: View) -> tuple[str, str]:
    return str(view.first), str(view.last)


def test_the_demo_alone_opens_on_its_own_days_and_ground(instance: Workspace) -> None:
    view = _first_sight(instance)
    assert (view.datasets, view.control) == (("demo",), "cited")
    assert _days(view) == ("2025-10-24", "2025-10-25")


def test_the_demo_steps_back_and_the_dataset_added_last_is_shown(
    instance: Workspace, tmp_path: Path
) -> None:
    _import(instance, tmp_path, "first", "2022-03-01", "2022-03-02", "2022-03-03")
    assert _first_sight(instance).datasets == ("first",)
    _import(instance, tmp_path, "second", "2022-12-24")
    view = _first_sight(instance)
    assert view.datasets == ("second",)
    assert _days(view) == ("2022-12-24", "2022-12-24")
    _import(instance, tmp_path, "first", "2022-03-01", "2022-03-09")
    assert _first_sight(instance).datasets == ("second",)  # an update moves nothing forward


def test_a_view_pinned_before_an_import_goes_on_showing_the_same(
    instance: Workspace, tmp_path: Path
) -> None:
    _import(instance, tmp_path, "first", "2022-03-01")
    _import_later = NOW + timedelta(days=3)
    path = table(
        tmp_path,
        {"source_key": "x", "start": "2023-01-01", "precision": "exact", "lon": "30", "lat": "50"},
        name="late.csv",
    )
    imported(instance, path, dataset="late", theatre="ukraine", terms="CC0-1.0", at=_import_later)
    now = _import_later + timedelta(days=1)
    assert _first_sight(instance, now=now).datasets == ("late",)
    assert _first_sight(instance, PLAIN.but(as_of=LATER), now).datasets == ("first",)


def test_short_data_open_whole_and_long_data_on_their_last_month(
    instance: Workspace, tmp_path: Path
) -> None:
    _import(instance, tmp_path, "short", "2022-03-01", "2022-04-14")
    assert _days(_first_sight(instance)) == ("2022-03-01", "2022-04-14")
    _import(instance, tmp_path, "long", "2022-03-01", "2022-06-30", "2022-12-31")
    assert _days(_first_sight(instance)) == ("2022-12-01", "2022-12-31")
    _import(instance, tmp_path, "wrong", "2022-03-01", "2022-04-30", "2072-04-30")
    assert _days(_first_sight(instance)) == ("2022-03-31", "2022-04-30")


def test_the_public_gets_marks_before_sums_and_sums_by_whole_weeks(
    instance: Workspace, tmp_path: Path
) -> None:
    _import(instance, tmp_path, "held", "2022-03-01", "2026-03-11", terms="internal")
    view = _first_sight(instance)
    assert view.datasets == ("held",)  # alone, its sums are more than the demo
    assert _days(view) == ("2026-02-09", "2026-03-15")
    assert view.first is not None
    assert view.first.isoweekday() == 1
    _import(instance, tmp_path, "open", "2022-03-01")
    _import(instance, tmp_path, "held-too", "2026-04-01", terms="internal")
    assert _first_sight(instance).datasets == ("open",)
    private = replace(instance, audience=Audience.private)
    assert _first_sight(private).datasets == ("held-too",)


def test_a_filter_changes_nothing_of_what_is_chosen(instance: Workspace, tmp_path: Path) -> None:
    _import(instance, tmp_path, "held", "2022-03-01", "2026-03-11", terms="internal")
    view = _first_sight(instance, PLAIN.but(min_killed=3, bbox=(30.0, 50.0, 31.0, 51.0)))
    assert (view.datasets, *_days(view)) == (("held",), "2026-02-09", "2026-03-15")


def test_the_line_is_of_the_newest_source_that_covers_the_last_day(
    instance: Workspace, tmp_path: Path
) -> None:
    _line(instance, tmp_path, "far", "2024-07-08")
    _import(instance, tmp_path, "strikes", "2022-12-31")
    assert _first_sight(instance).control == "cited"  # nothing else had a snapshot by then
    _line(instance, tmp_path, "near", "2022-12-20", "2022-12-30")
    _line(instance, tmp_path, "old", "2022-11-01")
    assert _first_sight(instance).control == "near"
    _line(instance, tmp_path, "newer", "2022-12-31")
    assert _first_sight(instance).control == "newer"
    assert (
        _first_sight(instance, PLAIN.but(first=date(2022, 11, 1), last=date(2022, 11, 3))).control
        == "old"
    )


def test_what_a_view_names_stays(instance: Workspace, tmp_path: Path) -> None:
    _import(instance, tmp_path, "strikes", "2022-12-31")
    view = _first_sight(instance, PLAIN.but(datasets=("demo",), control="cited"))
    assert (view.datasets, view.control, *_days(view)) == (
        ("demo",),
        "cited",
        "2025-10-24",
        "2025-10-25",
    )


def test_a_dataset_without_records_is_passed_over(instance: Workspace, tmp_path: Path) -> None:
    _import(instance, tmp_path, "strikes", "2022-12-31")
    row = {"source_key": "x", "start": "2023-01-01", "precision": "exact", "lon": "30", "lat": "50"}
    path = table(tmp_path, {**row, "status": "retracted"}, name="none.csv")
    imported(instance, path, dataset="none", theatre="ukraine", terms="CC0-1.0", at=NOW)
    assert _first_sight(instance).datasets == ("strikes",)
