"""Missile attacks: rows become waves, windows cross midnight, launch places are never kept."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.domain.count import Count
from app.domain.period import WhenPrecision
from app.domain.revision import Subject
from app.domain.store import verify
from app.domain.terms import DatasetKind
from app.domain.wave import Scope, Wave
from app.files.source import Rejection
from app.importers.base import Dropped, Outcome, Warned
from app.importers.missile_attacks import COLUMNS
from app.instance.workspace import Workspace
from tests.support import context, imported, outcomes, records, table

UKRAINE = context("ukraine")
ROW = {
    "time_start": "2025-06-06 18:00",
    "time_end": "2025-06-07 08:30",
    "model": "Shahed-136/131",
    "launch_place": "Secret hill",
    "target": "Ukraine",
    "launched": "236.0",
    "destroyed": "215.0",
    "not_reach_goal": "",
    "still_attacking": "4.0",
    "carrier": "Secret carrier",
    "affected region": "['Invented oblast', 'Lutsk oblast']",
    "destroyed_details": "{'south': 61, 'east': NaN}",
    "launched_details": "",
    "source": "invented/posts/1",
}


def _outcomes(folder: Path, *changed: dict[str, str]) -> list[Outcome]:
    return outcomes(table(folder, *({**ROW, **one} for one in changed)), into=UKRAINE)


def _wave(folder: Path, **changed: str) -> Wave:
    (wave,) = records(table(folder, {**ROW, **changed}), UKRAINE)
    assert isinstance(wave, Wave)
    return wave


def test_a_night_spans_two_dates_in_the_theatres_zone(tmp_path: Path) -> None:
    when = _wave(tmp_path).when
    assert when.start == datetime(2025, 6, 6, 15, tzinfo=UTC)
    assert when.end == datetime(2025, 6, 7, 5, 30, tzinfo=UTC)
    assert (when.first, when.last) == (date(2025, 6, 6), date(2025, 6, 7))


@pytest.mark.parametrize(
    ("start", "end", "precision"),
    [
        ("2025-06-06", "2025-06-06", WhenPrecision.day),
        ("2025-06-06", "2025-06-06 08:00", WhenPrecision.day),
        ("2025-06-06 3:30", "2025-06-06 07:00", WhenPrecision.minute),
        ("2025-06-06 21:00 ", "2025-06-07 10:00", WhenPrecision.minute),
    ],
)
def test_days_and_oddly_spaced_times_are_read_and_no_midnight_is_invented(
    start: str, end: str, precision: WhenPrecision, tmp_path: Path
) -> None:
    when = _wave(tmp_path, time_start=start, time_end=end).when
    assert when.precision == precision
    assert (when.start is None) == (precision is WhenPrecision.day)


@pytest.mark.parametrize(
    ("field", "got"),
    [
        ("time_start", ""),
        ("time_start", "06.06.2025"),
        ("time_end", "2025-06-07 25:00"),
        ("time_start", "1527-02-04"),
        ("launched", "many"),
        ("destroyed", "-1"),
        ("model", ""),
    ],
)
def test_what_does_not_fit_is_a_rejection(field: str, got: str, tmp_path: Path) -> None:
    (outcome,) = _outcomes(tmp_path, {field: got})
    assert isinstance(outcome, Rejection)
    assert outcome.field == field


def test_an_empty_figure_is_unknown_and_zero_is_zero(tmp_path: Path) -> None:
    (volley,) = _wave(tmp_path, launched="", destroyed="0.0").volleys
    assert not volley.launched.is_known
    assert volley.intercepted == Count.exactly(0)
    assert not volley.lost.is_known
    assert volley.flying == Count.exactly(4)


@pytest.mark.parametrize(
    ("model", "weapons"),
    [
        ("C-300 and Iskander-M", ("missile.air_defence_as_ballistic", "missile.ballistic")),
        ("X-101/X-555", ("missile.cruise",)),
        ("Unheard-of", ()),
        ("Orlan-10 and Lancet", ("drone.one_way",)),
    ],
)
def test_each_model_of_a_row_is_looked_up_and_the_word_is_kept(
    model: str, weapons: tuple[str, ...], tmp_path: Path
) -> None:
    (volley,) = _wave(tmp_path, model=model).volleys
    assert (volley.model, volley.weapons) == (model, weapons)


def test_a_model_that_only_watches_is_dropped(tmp_path: Path) -> None:
    assert _outcomes(tmp_path, {"model": "Orlan-10 and ZALA"}) == [Dropped(1, "reconnaissance")]


@pytest.mark.parametrize(
    ("target", "scope"),
    [
        ("Ukraine", Scope.national),
        ("south", Scope.regional),
        ("Odesa oblast and Mykolaiv oblast", Scope.regional),
        ("", Scope.regional),
    ],
)
def test_only_the_whole_country_is_national(target: str, scope: Scope, tmp_path: Path) -> None:
    assert _wave(tmp_path, target=target).scope is scope


def test_where_weapons_came_from_is_never_kept(tmp_path: Path) -> None:
    assert b"Secret" not in msgspec.json.encode(_wave(tmp_path))


def test_rows_of_one_report_are_one_wave_and_a_repeated_row_is_a_duplicate(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    rows: list[dict[str, str]] = [
        ROW,
        {**ROW, "model": "Kalibr", "launched": "3.0", "destroyed": "3.0"},
        {**ROW, "launch_place": "Another hill", "launched": "5.0"},
        ROW,
        {**ROW, "launched": "9.0"},
        {**ROW, "model": "ZALA"},
    ]
    path = table(tmp_path, *rows)
    report = imported(private_workspace, path)
    assert (report.rows, report.added, report.duplicates, report.rejected) == (6, 3, 1, 1)
    assert report.dropped == {"reconnaissance": 1}
    assert report.rejections[0].row == 5
    (revision,) = private_workspace.store.latest(Subject.wave)
    assert len(msgspec.json.decode(revision.payload or b"", type=Wave).volleys) == 3
    head = private_workspace.store.head()
    again = imported(private_workspace, path)
    assert (again.added, again.amended, again.unchanged) == (0, 0, 3)
    assert private_workspace.store.head() == head


def test_a_dataset_of_waves_is_one_and_the_index_passes_over_it(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    imported(private_workspace, table(tmp_path, ROW))
    private_workspace.index.generations.rebuild()
    state = private_workspace.state()
    assert state.datasets["missile-attacks"].kind is DatasetKind.waves
    assert sum(len(segment.rows) for segment in state.segments) == 0
    assert verify(private_workspace.store) == private_workspace.store.head()


def test_literals_are_read_without_running_them(tmp_path: Path) -> None:
    evil = "__import__('os').system('true')"
    *_found, warned = _outcomes(tmp_path, {"affected region": evil})
    assert isinstance(warned, Warned)
    assert warned.text.startswith("1 cells of affected region")


def test_a_copy_without_the_newer_columns_is_read(tmp_path: Path) -> None:
    needed: dict[str, Any] = {
        name: ROW[name]
        for name in ("time_start", "time_end", "model", "target", "launched", "destroyed", "source")
    }
    assert len(records(table(tmp_path, needed), UKRAINE)) == 1
    assert len(COLUMNS) == 22
