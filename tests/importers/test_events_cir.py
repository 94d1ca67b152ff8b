"""CIR's other forms: the new service's answer and the old map's GeoJSON."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.domain.incident import Incident
from app.files.source import Rejection
from app.importers.base import Dropped, Outcome, ParsedRecord, Warned
from tests.support import FILES, context, outcomes, records, written

UKRAINE = context("ukraine")
STAND_INS = FILES / "events"
ENTRY: dict[str, Any] = {
    "OBJECTID": 1,
    "Entry_Number": "INV1",
    "Description": "Invented",
    "Link": "https://example.org/1",
    "Link_geolocation": "",
    "Primary_category": "Civilian Infrastructure Damage",
    "Secondary_category": "None",
    "Sector_affected": "Residential",
    "Town_or_City": "Inventown",
    "country": "Ukraine",
    "province": "Donetsk",
    "latitude": 47.0,
    "longitude": 37.5,
    "TIMESTAMP": 1647388800000,
    "Graphic_content_level": "Not graphic",
}
OLD: dict[str, Any] = {
    "id": "INV1",
    "verifiedDate": "2022-10-10T00:00:00",
    "url": "https://example.org/1",
    "description": None,
    "country": "Ukraine",
    "province": "Kharkiv",
    "city": "Inventown",
    "categories": ["Civilian Infrastructure Damage"],
    "title": "Invented",
}


def _service(folder: Path, *, cut_off: bool = False, **changed: Any) -> list[Outcome]:
    feature = {"attributes": {**ENTRY, **changed}, "geometry": {"x": 37.6, "y": 47.1}}
    whole = {"features": [feature], "exceededTransferLimit": cut_off}
    return outcomes(written(folder, "answer.json", json.dumps(whole)), into=UKRAINE)


def _incident(results: list[Outcome]) -> Incident:
    (outcome,) = results
    assert isinstance(outcome, ParsedRecord)
    assert isinstance(outcome.record, Incident)
    return outcome.record


def test_the_services_answer_gives_day_sector_and_region() -> None:
    (incident,) = records(STAND_INS / "cir_arcgis_query.json", UKRAINE)
    assert incident.when.first == date(2022, 3, 16)
    assert [one.sector for one in incident.damage] == ["residential"]
    assert (incident.place.admin1, incident.place.name) == ("UA-14", "Mariupol")
    assert [one.url for one in incident.sources] == ["https://example.org/1"]
    assert incident.claims[0].text == "Sector_affected Residential"
    assert not incident.graphic


def test_an_answer_that_was_cut_off_says_so(tmp_path: Path) -> None:
    warned, _found = _service(tmp_path, cut_off=True)
    assert isinstance(warned, Warned)
    assert "exceededTransferLimit" in warned.text


def test_an_entry_without_attributes_of_place_takes_its_own_point(tmp_path: Path) -> None:
    assert _incident(_service(tmp_path, latitude=None, longitude=None)).place.point == (37.6, 47.1)
    assert _incident(_service(tmp_path)).place.point == (37.5, 47.0)


@pytest.mark.parametrize(
    ("level", "is_graphic"),
    [("Graphic", True), ("GRAPHIC", True), ("Not graphic", False), (2, False)],
)
def test_only_the_word_sets_the_graphic_flag(level: Any, is_graphic: bool, tmp_path: Path) -> None:
    assert _incident(_service(tmp_path, Graphic_content_level=level)).graphic is is_graphic


def test_the_first_category_decides_scope(tmp_path: Path) -> None:
    presence = _service(tmp_path, Primary_category="Russian Military Presence")
    assert presence == [Dropped(1, "military_presence")]
    second = _incident(_service(tmp_path, Secondary_category="Civilian Casualty"))
    assert second.claims[0].text.startswith("Secondary_category Civilian Casualty")
    (unheard,) = _service(tmp_path, Primary_category="Unheard-of")
    assert isinstance(unheard, Rejection)
    assert unheard.field == "Primary_category"


def test_a_stamp_that_is_none_is_rejected_and_an_empty_one_is_undated(tmp_path: Path) -> None:
    (bad,) = _service(tmp_path, TIMESTAMP="soon")
    assert isinstance(bad, Rejection)
    (early,) = _service(tmp_path, TIMESTAMP=-13977964800000)
    assert isinstance(early, Rejection)
    assert early.why == "1900-01-01 to 2100-12-31"
    assert _incident(_service(tmp_path, TIMESTAMP=None)).when.first is None


def test_the_old_map_has_coordinates_as_text() -> None:
    (incident,) = records(STAND_INS / "cir_events_old.geojson", UKRAINE)
    assert incident.place.point == (36.2312, 49.9921)
    assert (incident.when.first, incident.place.admin1) == (date(2022, 10, 10), "UA-63")
    assert incident.description is None


def test_the_old_map_drops_and_rejects_as_the_new_one(tmp_path: Path) -> None:
    def read(**changed: Any) -> list[Outcome]:
        feature = {"type": "Feature", "properties": {**OLD, **changed}, "geometry": None}
        text = json.dumps({"type": "FeatureCollection", "features": [feature]})
        return outcomes(written(tmp_path, "events.geojson", text), into=UKRAINE)

    assert read(categories=["Russian Firing Positions"]) == [Dropped(1, "firing_positions")]
    assert _incident(read()).place.point is None
    (bad,) = read(verifiedDate="10/10/2022")
    assert isinstance(bad, Rejection)
    (none,) = read(categories=[])
    assert isinstance(none, Rejection)
