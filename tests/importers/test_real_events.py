"""The real event files beside the project, against counts of their rows; skipped without them."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from app.domain.view import View
from app.domain.wave import Scope, Wave
from app.files.source import Rejection
from app.importers.base import Dropped, ParsedRecord, Warned
from app.instance.workspace import Workspace
from app.publishing.query import Query
from app.queries.waves import PageLimits, WaveCache, waves_answer, waves_dataset
from tests.making import NOON
from tests.support import context, fates, imported, outcomes, real, records, roomy

UKRAINE = context("ukraine", synthetic=False)


def test_bellingcat_is_1159_events_of_which_one_key_stands_for_two(
    private_workspace: Workspace,
) -> None:
    report = imported(roomy(private_workspace), real("bellingcat"))
    assert (report.format, report.rows, fates(report)) == ("timemap", 1159, 1159)
    assert (report.added, report.rejected, report.warnings) == (1158, 1, [])
    assert report.rejections[0].field == "source_key"
    again = imported(roomy(private_workspace), real("bellingcat"))
    assert (again.added, again.amended, again.unchanged) == (0, 0, 1158)


def test_bellingcat_events_know_their_sources_areas_and_that_they_were_displaced() -> None:
    incidents = records(real("bellingcat/export_events.json"), UKRAINE)
    assert len(incidents) == 1159
    assert all(one.place.point and one.place.error_m == 150 for one in incidents)
    assert min(one.when.first for one in incidents) >= date(2022, 2, 1)
    assert max(one.when.first for one in incidents) <= date(2023, 5, 31)
    assert sum(bool(one.sources) for one in incidents) == 1111  # 48 name none
    sectors = Counter(one.damage[0].sector for one in incidents if one.damage)
    assert (sectors["residential"], sectors["education"], sectors["health"]) == (495, 140, 59)
    assert sum(one.graphic for one in incidents) == 142


def test_bellingcat_events_alone_are_all_read_and_the_rest_is_missed(tmp_path: Path) -> None:
    path = tmp_path / "export_events.json"
    shutil.copyfile(real("bellingcat/export_events.json"), path)
    results = outcomes(path, into=UKRAINE)
    assert sum(isinstance(one, ParsedRecord) for one in results) == 1159
    assert sum(isinstance(one, Warned) for one in results) == 2


def test_missile_attacks_become_waves_without_a_row_lost(private_workspace: Workspace) -> None:
    path = real("missile_attacks/missile_attacks_daily.csv")
    report = imported(roomy(private_workspace), path)
    assert (report.rows, fates(report), report.rejected) == (3770, 3770, 0)
    assert report.dropped == {"reconnaissance": 808}
    assert (report.added, report.warnings) == (2962, [])
    again = imported(roomy(private_workspace), path)
    assert (again.added, again.amended, again.unchanged) == (0, 0, 2962)


@pytest.fixture(scope="module")
def waves() -> list[Wave]:
    """All waves of the real table."""
    return records(real("missile_attacks/missile_attacks_daily.csv"), UKRAINE)


def test_no_window_is_undated_and_every_model_has_a_class(waves: list[Wave]) -> None:
    assert len(waves) == len({one.key for one in waves}) == 2299
    assert all(one.window for one in waves)
    assert [volley.model for one in waves for volley in one.volleys if not volley.weapons] == []
    assert Counter(one.scope for one in waves) == {Scope.national: 992, Scope.regional: 1307}


def test_a_missing_number_is_unknown(waves: list[Wave]) -> None:
    volleys = [volley for one in waves for volley in one.volleys]
    assert sum(not one.launched.is_known for one in volleys) == 3
    assert all(
        (one.launched.best or 0) >= (one.intercepted.best or 0)
        for one in volleys
        if one.launched.is_known
    )


def test_a_night_is_its_national_report_and_not_the_regional_ones_as_well(
    private_workspace: Workspace,
) -> None:
    imported(roomy(private_workspace), real("missile_attacks/missile_attacks_daily.csv"))
    view = View(theatre="ukraine", first=date(2026, 6, 6), last=date(2026, 6, 6))
    query = Query.of(private_workspace, view, NOON)
    dataset = waves_dataset(query, None)
    answer = waves_answer(query, dataset, WaveCache(), PageLimits(limit=100))
    south = [one for one in answer["waves"] if one["target"] == "south"]
    assert [one["counted"] for one in south] == [False]
    national = [one for one in answer["waves"] if one["scope"] == "national"]
    launched = sum(volley["launched"]["best"] for one in national for volley in one["volleys"])
    assert answer["totals"]["launched"]["best"] == launched


def test_cir_rows_keep_their_fates() -> None:
    results = outcomes(real("cir/events_2022.csv"), into=UKRAINE)
    kinds = Counter(type(one) for one in results)
    assert kinds[ParsedRecord] + kinds[Rejection] == 4337
    assert kinds[Dropped] == 6650 - 4337
