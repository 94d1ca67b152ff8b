"""VIINA: machine-coded, so reported and never counted; reports give the links."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from app.domain.errors import InvalidFile
from app.domain.incident import Incident, Status
from app.domain.place import Precision
from app.files.source import Rejection
from app.importers.base import Dropped, Outcome, Warned
from app.importers.viina import EVENTS, REPORTS
from app.instance.workspace import Workspace
from tests.support import FILES, context, imported, outcomes, records, table, written

UKRAINE = context("ukraine")
STAND_INS = FILES / "events"
EVENT = {
    **dict.fromkeys(EVENTS.mapping, ""),
    "viina_version": "invented",
    "event_id_1pd": "1",
    "date": "20250910",
    "event_ids": "1, 2",
    "sources": "one, other",
    "asciiname": "Inventown",
    "ADM1_NAME": "Odessa",
    "longitude": "30.5",
    "latitude": "46.7",
    "GEO_PRECISION": "ADM3",
    "t_uav_b": "0",
}
REPORT = {
    **dict.fromkeys(REPORTS.mapping, ""),
    "viina_version": "invented",
    "event_id": "1",
    "event_id_1pd": "1",
    "date": "20250910",
    "time": "00:00",
    "longitude": "30.5",
    "latitude": "46.7",
    "GEO_PRECISION": "ADM3",
    "source": "one",
    "url": "https://example.org/1",
    "text": "Вигаданий удар дрона",
}


def _outcome(folder: Path, **changed: str) -> Outcome:
    (outcome,) = outcomes(table(folder, {**EVENT, **changed}), into=UKRAINE)
    return outcome


def _incident(folder: Path, **changed: str) -> Incident:
    (incident,) = records(table(folder, {**EVENT, "t_uav_b": "1", **changed}), UKRAINE)
    assert isinstance(incident, Incident)
    return incident


def test_an_event_is_reported_and_its_casualties_are_not_counted() -> None:
    event, _coarse = records(STAND_INS / "viina_event_1pd.csv", UKRAINE)
    assert event.status is Status.reported
    assert not event.killed.total.is_known
    assert event.weapons == ("drone",)
    assert event.claims[0].by == "VIINA, coded by a machine from headlines"
    assert "civilian casualties" in event.claims[0].text
    assert event.attributed_to is None
    assert event.when.first == date(2025, 9, 10)


@pytest.mark.parametrize(
    ("code", "precision", "error_m"),
    [
        ("STREET", Precision.street, 500),
        ("ADM3", Precision.settlement, 5_000),
        ("ADM2", Precision.admin2, None),
        ("ADM1", Precision.admin1, None),
    ],
)
def test_a_precision_code_says_how_fine_the_place_is(
    code: str, precision: Precision, error_m: int | None, tmp_path: Path
) -> None:
    place = _incident(tmp_path, GEO_PRECISION=code).place
    assert (place.precision, place.error_m, place.admin1) == (precision, error_m, "UA-51")


def test_a_raion_of_before_2020_is_never_joined_by_name(tmp_path: Path) -> None:
    assert _incident(tmp_path, ADM2_NAME="Kharkivs'ka", ADM2_CODE="18950").place.admin2 is None


def test_missing_coordinates_stay_missing(tmp_path: Path) -> None:
    place = _incident(tmp_path, longitude="", latitude="").place
    assert (place.point, place.precision) == (None, Precision.admin1)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"t_airalert_b": "1"}, "air_alert"),
        ({"t_firefight_b": "1"}, "ground_battle"),
        ({"t_control_b": "1"}, "control"),
        ({"t_arrest_b": "1"}, "detentions"),
        ({"t_cyber_b": "1"}, "cyber"),
        ({}, "no_event_type"),
    ],
)
def test_what_is_no_strike_is_dropped_with_the_reason(
    changed: dict[str, str], reason: str, tmp_path: Path
) -> None:
    assert _outcome(tmp_path, **changed) == Dropped(1, reason)


@pytest.mark.parametrize(
    ("field", "got"),
    [("date", "2025-09-10"), ("date", "15270204"), ("GEO_PRECISION", ""), ("event_id_1pd", "")],
)
def test_what_does_not_fit_is_a_rejection(field: str, got: str, tmp_path: Path) -> None:
    outcome = _outcome(tmp_path, t_uav_b="1", **{field: got})
    assert isinstance(outcome, Rejection)
    assert outcome.field == field


def test_events_take_their_links_from_the_reports_beside_them(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    folder = tmp_path / "year"
    folder.mkdir()
    for name in ("event_1pd", "event_info"):
        shutil.copy(STAND_INS / f"viina_{name}.csv", folder / f"{name}_latest_2025.csv")
    event, other = records(folder / "event_1pd_latest_2025.csv", UKRAINE)
    assert [one.url for one in event.sources] == ["https://example.org/a", "https://example.org/b"]
    assert [one.publisher for one in other.sources] == ["liga"]
    report = imported(private_workspace, folder)
    assert (report.format, report.rows, report.added) == ("viina", 2, 2)


def test_without_reports_the_outlets_are_named(tmp_path: Path) -> None:
    assert [one.publisher for one in _incident(tmp_path).sources] == ["one", "other"]


def test_reports_alone_are_grouped_and_taken_only_where_a_headline_names_a_strike(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    street = {**REPORT, "event_id": "2", "GEO_PRECISION": "STREET", "url": "https://example.org/2"}
    talk = {**REPORT, "event_id": "3", "event_id_1pd": "2", "text": "Вигадана нарада"}
    path = table(tmp_path, REPORT, street, talk)
    warned, *results = outcomes(path, into=UKRAINE)
    assert isinstance(warned, Warned)
    assert "event_1pd" in warned.text
    assert results[-1] == Dropped(3, "headline_without_strike")
    first = records(path, UKRAINE)[0]
    assert first.place.precision is Precision.street
    assert len(first.sources) == 2
    assert first.when.start is None
    report = imported(private_workspace, path)
    assert (report.rows, report.added, report.duplicates) == (3, 1, 1)


@pytest.mark.parametrize("name", ["event_1pd_latest_2025.zip", "control_latest_2025.zip"])
def test_a_pointer_is_told_from_the_file(name: str, tmp_path: Path) -> None:
    text = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    with pytest.raises(InvalidFile, match="Git LFS"):
        outcomes(written(tmp_path, name, text), into=UKRAINE)


@pytest.mark.parametrize("name", ["viina_control.csv", "viina_kontrol.csv"])
def test_control_by_place_is_refused_with_the_reason(name: str) -> None:
    with pytest.raises(InvalidFile, match="control by populated place"):
        outcomes(STAND_INS / name, into=UKRAINE)


def test_labels_alone_are_refused(tmp_path: Path) -> None:
    path = table(tmp_path, {"viina_version": "1", "event_id": "1", "event_id_1pd": "1", "date": ""})
    with pytest.raises(InvalidFile, match="labels alone"):
        outcomes(path, into=UKRAINE)


def test_all_columns_of_both_tables_are_known() -> None:
    assert (len(EVENTS.mapping), len(REPORTS.mapping)) == (44, 23)
