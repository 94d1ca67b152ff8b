"""GeoConfirmed: what may tell where a force is never gets in; days are read or rejected."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.domain.incident import Incident
from app.files.source import Rejection
from app.importers.base import Dropped, Outcome, ParsedRecord
from app.instance.workspace import Workspace
from tests.support import FILES, context, imported, outcomes, records, written

UKRAINE = context("ukraine")
STAND_INS = FILES / "events"
DAY = "a day as YYYY-MM-DD or 08 March 2025"
ROW = {
    "Date": "2025-09-17",
    "Name": "17 SEP 2025",
    "Faction": "Neutral",
    "Latitude": "49.37",
    "Longitude": "35.44",
    "PlusCode": "9CC5+22 Inventown, Kharkiv Oblast, Ukraine",
    "Description": "Invented damage",
    "Source": "https://example.org/1",
    "Geolocation": "",
    "Equipment": "",
    "EquipmentItems": "",
    "Units": "",
    "OrbatUnits": "",
    "Id": "INV1",
}


def _path(folder: Path, **changed: str) -> Path:
    row = {**ROW, **changed}
    text = "\ufeff" + ";".join(row) + "\n" + ";".join(f'"{cell}"' for cell in row.values()) + "\n"
    return written(folder, "export.csv", text)


def _outcome(folder: Path, **changed: str) -> Outcome:
    (outcome,) = outcomes(_path(folder, **changed), into=UKRAINE)
    return outcome


def _incident(folder: Path, **changed: str) -> Incident:
    (incident,) = records(_path(folder, **changed), UKRAINE)
    assert isinstance(incident, Incident)
    return incident


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"Units": "1st Invented Brigade"}, "unit"),
        ({"OrbatUnits": "1"}, "unit"),
        ({"Faction": "Ukraine"}, "armed_force"),
        ({"Faction": "Russia"}, "armed_force"),
        ({"Faction": "NATO"}, "armed_force"),
        ({"Description": "Trenches seen from above"}, "described_position"),
        ({"Name": "Firing position"}, "described_position"),
        ({"Equipment": "Invented tank"}, "equipment"),
        ({"Faction": "Special"}, "special_place"),
        ({"Units": "1st", "Date": "", "Latitude": "999"}, "unit"),
    ],
)
def test_what_may_tell_where_a_force_is_is_dropped_first(
    changed: dict[str, str], reason: str, tmp_path: Path
) -> None:
    assert _outcome(tmp_path, **changed) == Dropped(1, reason)


@pytest.mark.parametrize("faction", ["Neutral", "Unknown", "Ukraine civilian", "Russia civilian"])
def test_civilian_and_neutral_marks_are_taken(faction: str, tmp_path: Path) -> None:
    assert _incident(tmp_path, Faction=faction).claims[0].text == f"faction {faction}"


@pytest.mark.parametrize(
    ("text", "why"),
    [("", DAY), ("1527-02-04", "1900-01-01 to 2100-12-31"), ("NPP", DAY), ("17/09/2025", DAY)],
)
def test_a_day_that_cannot_be_is_a_rejection(text: str, why: str, tmp_path: Path) -> None:
    assert _outcome(tmp_path, Date=text) == Rejection(1, "Date", text, why)


def test_an_unheard_of_faction_is_rejected(tmp_path: Path) -> None:
    outcome = _outcome(tmp_path, Faction="Unheard-of")
    assert isinstance(outcome, Rejection)
    assert outcome.field == "Faction"


@pytest.mark.parametrize("joined", [", ", "\n", ",", " "])
def test_links_are_read_whatever_joins_them(joined: str, tmp_path: Path) -> None:
    links = joined.join(("https://example.org/1", "https://example.org/2?a=1,2"))
    incident = _incident(tmp_path, Source=links, Geolocation="https://example.org/1")
    assert [one.url for one in incident.sources] == [
        "https://example.org/1",
        "https://example.org/2?a=1,2",
    ]


def test_the_time_within_a_video_is_taken_off_the_text(tmp_path: Path) -> None:
    assert _incident(tmp_path, Description="0:29-0:32 - a fire").description == "a fire"
    assert _incident(tmp_path, Description="12:30 a fire").description == "12:30 a fire"


def test_the_words_behind_a_plus_code_say_where(tmp_path: Path) -> None:
    place = _incident(tmp_path).place
    assert (place.name, place.admin1, place.country) == ("Inventown", "UA-63", "UA")
    bare = _incident(tmp_path, PlusCode="9CC5+22", Latitude="", Longitude="").place
    assert (bare.name, bare.admin1, bare.point) == (None, None, None)


def test_a_weapon_in_the_equipment_is_no_unit(tmp_path: Path) -> None:
    assert _incident(tmp_path, Equipment="Shahed-136").weapons == ("drone.one_way",)


def test_a_placemark_in_several_folders_is_one_incident(private_workspace: Workspace) -> None:
    report = imported(private_workspace, STAND_INS / "geoconfirmed_ukraine.kmz")
    assert (report.format, report.rows, report.added, report.duplicates) == (
        *("geoconfirmed", 2, 1, 1),
    )


def test_a_placemark_gives_its_day_place_links_and_text() -> None:
    incident, _again = records(STAND_INS / "geoconfirmed_ukraine.kmz", UKRAINE)
    assert incident.when.first == date(2025, 9, 17)
    assert incident.place.point == (35.4497, 49.3717)
    assert [one.url for one in incident.sources] == ["https://example.org/1"]
    assert incident.description == "Synthetic text"


def _map(folder: Path, **changed: Any) -> Path:
    meta = [{"id": 1, "name": "Neutral"}, {"id": 2, "name": "Russia"}]
    properties = {"id": "a", "icon": "", "factionId": 1, "color": "", "date": "2025-09-17T00:00:00"}
    feature = {
        "type": "Feature",
        "properties": {**properties, "dateSort": "", **changed},
        "geometry": {"type": "Point", "coordinates": [35.4, 49.3, 0]},
    }
    whole = {"type": "FeatureCollection", "features": [feature]}
    return written(folder, "map.json", json.dumps({"factionMeta": meta, "geojson": whole}))


def test_the_map_as_geojson_is_read_by_its_factions(tmp_path: Path) -> None:
    (incident,) = records(_map(tmp_path), UKRAINE)
    assert (incident.source_key, incident.when.first) == ("a", date(2025, 9, 17))
    assert incident.place.point == (35.4, 49.3)
    assert outcomes(_map(tmp_path, factionId=2), into=UKRAINE) == [Dropped(1, "armed_force")]
    assert outcomes(_map(tmp_path, factionId=9, color="#0051CA"), into=UKRAINE) == [
        Dropped(1, "armed_force")
    ]
    (bad,) = outcomes(_map(tmp_path, date="1527-02-04"), into=UKRAINE)
    assert isinstance(bad, Rejection)


def test_the_old_map_has_latitude_first(tmp_path: Path) -> None:
    event = {
        "id": "1",
        "date": "2022-05-01",
        "name": "01 MAY 2022",
        "description": "Invented",
        "originalSource": "https://example.org/1",
        "geolocation": "",
        "icon": "api/icons/AC7339/False/icons/fire.png",
        "coordinates": [49.3, 35.4],
    }
    (outcome,) = outcomes(written(tmp_path, "old.json", json.dumps([event])), into=UKRAINE)
    assert isinstance(outcome, ParsedRecord)
    assert isinstance(outcome.record, Incident)
    assert outcome.record.place.point == (35.4, 49.3)
