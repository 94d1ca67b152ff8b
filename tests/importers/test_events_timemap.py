"""TimeMap: an export or three raw files, dates in US order, places displaced on purpose."""

from __future__ import annotations

import json
import shutil
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.domain.errors import InvalidFile
from app.domain.incident import Incident
from app.domain.place import Precision
from app.files.source import Rejection
from app.importers.base import Outcome, Warned
from app.instance.workspace import Workspace
from tests.support import FILES, context, imported, outcomes, records, written

UKRAINE = context("ukraine")
EVENTS = FILES / "events"
EVENT: dict[str, Any] = {
    "id": "CIV1",
    "date": "9/4/2024",
    "latitude": "49.8",
    "longitude": "24.0",
    "location": "Inventown",
    "description": "Invented",
    "sources": [],
    "filters": [],
}
RAW = ("events", "sources", "associations")


def _outcome(folder: Path, **changed: Any) -> Outcome:
    text = json.dumps([{**EVENT, **changed}])
    (outcome,) = outcomes(written(folder, "export.json", text), into=UKRAINE)
    return outcome


def _incident(folder: Path, **changed: Any) -> Incident:
    path = written(folder, "export.json", json.dumps([{**EVENT, **changed}]))
    (incident,) = records(path, UKRAINE)
    assert isinstance(incident, Incident)
    return incident


def test_the_forms_of_one_event_are_one_record() -> None:
    placed, nowhere = records(EVENTS / "bellingcat_export.json", UKRAINE)
    (row,) = records(EVENTS / "bellingcat_export.csv", UKRAINE)
    (raw,) = records(EVENTS / "timemap_events.json", UKRAINE)
    assert placed.id == row.id == raw.id
    assert placed.weapons == row.weapons == ("missile",)
    assert placed.sources == row.sources
    assert placed.damage == row.damage == raw.damage
    assert placed.when.first == date(2024, 9, 4)
    assert (placed.place.precision, placed.place.error_m) == (Precision.street, 150)
    assert (nowhere.place.point, nowhere.place.error_m) == (None, None)


@pytest.mark.parametrize("text", ["", "2024-09-04", "13/13/2024", "9/4/24", "2/30/2024"])
def test_a_day_in_another_notation_is_a_rejection(text: str, tmp_path: Path) -> None:
    outcome = _outcome(tmp_path, date=text)
    assert outcome == Rejection(1, "date", text, "a day as M/D/YYYY")


def test_half_a_coordinate_is_a_rejection(tmp_path: Path) -> None:
    outcome = _outcome(tmp_path, latitude="")
    assert isinstance(outcome, Rejection)
    assert outcome.field == "lon, lat"


def test_an_unlisted_word_maps_to_nothing_and_is_kept_as_a_claim(tmp_path: Path) -> None:
    filters = [{"key": "Weapon System", "value": "Cluster munitions"}]
    incident = _incident(tmp_path, filters=filters)
    assert incident.weapons == ()
    assert incident.claims[0].text == "Weapon System: Cluster munitions"


def test_a_link_with_a_comma_stays_whole(tmp_path: Path) -> None:
    links = "https://example.org/a,b,https://example.org/c"
    text = f'id,date,latitude,longitude,location,sources,associations\nCIV1,9/4/2024,,,,"{links}",'
    (incident,) = records(written(tmp_path, "export.csv", text), UKRAINE)
    assert [one.url for one in incident.sources] == [
        "https://example.org/a,b",
        "https://example.org/c",
    ]


def test_a_source_id_that_nobody_explains_is_counted() -> None:
    warned = outcomes(EVENTS / "timemap_events.json", into=UKRAINE)[-1]
    assert warned == Warned("1 of the sources that events name are not in the file of them.")


def test_events_alone_are_read_and_the_report_says_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "events.json"
    shutil.copy(EVENTS / "timemap_events.json", path)
    outcome, *warned = outcomes(path, into=UKRAINE)
    assert [one.text for one in warned if isinstance(one, Warned)] == [
        "Sources are missing: no sources.json was beside the events.",
        "Areas and weapons may be missing: no associations.json was beside the events.",
    ]
    assert outcome.record.sources == ()  # type: ignore[union-attr]
    assert [one.sector for one in outcome.record.damage] == ["residential"]  # type: ignore[union-attr]


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_the_three_raw_files_are_one_import(
    form: str, private_workspace: Workspace, tmp_path: Path
) -> None:
    files = [EVENTS / f"timemap_{name}.json" for name in RAW]
    if form == "zip":
        path = tmp_path / "raw.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in files:
                archive.write(file, file.name)
    else:
        path = tmp_path / "raw"
        path.mkdir()
        for file in files:
            shutil.copy(file, path / file.name)
    report = imported(private_workspace, path)
    assert (report.format, report.rows, report.added, report.rejected) == ("timemap", 1, 1, 0)
    assert report.warnings == [
        "timemap_events.json: 1 of the sources that events name are not in the file of them."
        if form == "folder"
        else "raw.zip/timemap_events.json: "
        "1 of the sources that events name are not in the file of them."
    ]


@pytest.mark.parametrize("name", ["sources", "associations"])
def test_a_file_that_only_explains_events_is_refused_alone(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.json"
    shutil.copy(EVENTS / f"timemap_{name}.json", path)
    with pytest.raises(InvalidFile, match=r"events\.json, which takes"):
        outcomes(path, into=UKRAINE)


def test_a_hidden_source_is_said_to_exist(tmp_path: Path) -> None:
    incident = _incident(tmp_path, sources=[{"id": "srcHidden", "path": "HIDDEN"}])
    assert [one.publisher for one in incident.sources] == ["hidden by the publisher"]


def test_new_members_are_named(tmp_path: Path) -> None:
    path = written(tmp_path, "export.json", json.dumps([{**EVENT, "mood": "fair"}]))
    assert outcomes(path, into=UKRAINE)[0] == Warned(
        "New members that this importer does not know: mood."
    )
