"""Tables of publishers that are described by their columns: what is known, and what is not."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from app.domain.count import UNKNOWN, Count
from app.domain.damage import Grade
from app.domain.errors import InvalidFile
from app.domain.incident import EventKind, Incident, decode_incident
from app.domain.place import Bounds, Precision
from app.domain.revision import Subject
from app.files.source import SourceFile
from app.importers.base import Dropped, Outcome, ParsedRecord, Warned
from app.importers.choices import ControlChoices
from app.importers.formats import choose
from app.instance.workspace import Workspace
from app.reference.theatre import Theatre
from tests.support import FILES, context, fates, feature, imported, outcomes, written


def _incidents(results: list[Outcome]) -> list[Incident]:
    records = [one.record for one in results if isinstance(one, ParsedRecord)]
    return [one for one in records if isinstance(one, Incident)]


def _read(name: str, theatre: str = "ukraine") -> list[Outcome]:
    return outcomes(FILES / "events" / name, into=context(theatre, synthetic=False))


def test_gtd_knows_a_day_in_three_columns_or_only_its_month() -> None:
    day, month = _incidents(_read("gtd.csv"))
    assert (str(day.when.first), day.when.precision) == ("2024-03-10", "day")
    assert (str(month.when.first), str(month.when.last)) == ("2024-03-01", "2024-03-31")
    assert (month.when.precision, month.when.text) == ("month", "March, 2024")
    assert (day.kind, month.kind) == (EventKind.strike, EventKind.other_harm)
    assert (day.weapons, month.weapons) == (("mine",), ("small_arms",))
    assert not month.killed.total.is_known


def test_gtd_drops_what_is_no_harm_by_a_weapon_with_the_reason() -> None:
    reasons = [one.reason for one in _read("gtd.csv") if isinstance(one, Dropped)]
    assert reasons == ["detentions", "other_country"]


def test_airwars_range_of_civilians_is_kept_and_an_empty_one_is_unknown() -> None:
    known, unknown = _incidents(_read("airwars.csv"))
    assert known.killed.civilian == Count(3, None, 7)
    assert unknown.killed.total == UNKNOWN
    assert [one.place.precision for one in (known, unknown)] == [
        Precision.settlement,
        Precision.street,
    ]


def test_a_zero_of_the_yemen_data_project_is_no_count() -> None:
    yemen = Theatre("Asia/Aden", ("YE",), Bounds(41, 12, 55, 19), slug="yemen")
    results = outcomes(
        FILES / "events" / "yemen_data.csv", into=replace(context(), theatre=yemen, regions=())
    )
    homes, school, nowhere = _incidents(results)
    assert (homes.killed.civilian, homes.killed.child) == (Count.exactly(21), Count.exactly(14))
    assert (school.killed.total, school.damage[0].sector) == (UNKNOWN, "education")
    assert [one.place.admin1 for one in (homes, school, nowhere)] == ["YE-SA", "YE-SD", None]
    assert homes.weapons == ("air_strike",)


def test_an_accident_with_a_mine_is_other_harm_and_no_strike() -> None:
    incidents = _incidents(_read("imsma.csv"))
    assert {one.kind for one in incidents} == {EventKind.other_harm}
    assert [one.weapons for one in incidents] == [("mine",), ("mine",), ("other",), ()]
    assert [one.killed.total for one in incidents[:3]] == [
        Count.exactly(1),
        Count.exactly(0),
        UNKNOWN,
    ]


def test_a_table_of_accidents_with_other_columns_is_no_table_of_strikes(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    text = "accident no,accident date,device,device type,oblast\n7,2024-03-10,x,UXO,Київ\n"
    path = written(tmp_path, "a.csv", text)
    report = imported(private_workspace, path)
    assert "accidents are other_harm, no strikes" in report.warnings[0]
    revision = next(iter(private_workspace.store.latest(Subject.incident)))
    incident = decode_incident(revision.payload or b"")
    assert (incident.kind, incident.weapons) == (EventKind.other_harm, ("mine",))


def test_a_video_of_an_attack_is_a_strike_and_of_a_detention_is_dropped() -> None:
    results = _read("mnemonic.csv")
    first, second, third = _incidents(results)
    kinds = [one.kind for one in (first, second, third)]
    assert kinds == [EventKind.strike, EventKind.strike, EventKind.other_harm]
    assert first.weapons == ("air_strike", "other")
    assert first.killed.total == UNKNOWN
    assert [one.reason for one in results if isinstance(one, Dropped)] == ["detentions"]
    assert any(
        isinstance(one, Warned) and "several may show one strike" in one.text for one in results
    )


def _footage(folder: Path, *incidents: str, **changes: str) -> Path:
    """Write the rows of footage with the incident that each says it shows."""
    text = (FILES / "events" / "mnemonic.csv").read_text("utf-8")
    for before, after in changes.items():
        text = text.replace(before, after)
    head, *rows = text.splitlines()
    lines = [f"{head},incident_code", *map(",".join, zip(rows, incidents, strict=True))]
    return written(folder, "footage.csv", "\n".join(lines))


def test_footage_of_one_incident_is_one_record_with_the_source_of_each_row(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    path = _footage(tmp_path, "i-1", "i-1", "", "i-1")
    results = outcomes(path, into=context("ukraine", synthetic=False))
    alone, strike = _incidents(results)
    assert (alone.source_key, strike.source_key) == ("0a1b2c3f", "i-1")
    assert [one.url for one in strike.sources] == [
        "https://example.org/v/1",
        "https://example.org/v/2",
    ]
    assert strike.description == "Invented footage of smoke\nThe same from another side"
    assert (strike.kind, strike.weapons) == (EventKind.strike, ("air_strike", "other"))
    assert not any("several may show one strike" in str(one) for one in results)
    report = imported(private_workspace, path)
    assert (report.rows, fates(report), report.dropped) == (4, 4, {"detentions": 1})
    assert (
        "Rows that report an incident of another row, as 'incident_code' says, and are sources of "
        "it: 1." in report.warnings
    )


def test_footage_that_says_another_place_stays_apart_and_is_counted(tmp_path: Path) -> None:
    path = _footage(tmp_path, "i-1", "i-1", "", "", **{"36.23,The same": "36.93,The same"})
    results = outcomes(path, into=context("ukraine", synthetic=False))
    keys = [one.source_key for one in _incidents(results)]
    assert sorted(map(str, keys)) == ["0a1b2c3e", "0a1b2c3f", "i-1"]
    sentence = (
        "Rows that say another day or place than the first one of their incident, and stay apart: "
        "'i-1' (1)."
    )
    assert Warned(sentence) in results


def test_airwars_says_with_what_where_its_file_has_the_column(tmp_path: Path) -> None:
    head, *rows = (FILES / "events" / "airwars.csv").read_text("utf-8").splitlines()
    types = ("Airstrike", "Airstrike and/or Artillery")
    lines = [f"{head},Strike Type", *(f"{row},{one}" for row, one in zip(rows, types, strict=True))]
    results = outcomes(written(tmp_path, "a.csv", "\n".join(lines)), into=context("ukraine"))
    assert [one.weapons for one in _incidents(results)] == [("air_strike",), ()]
    assert not any(isinstance(one, Warned) and one.text.startswith("Missing") for one in results)


def _grading(folder: Path, *grades: str) -> Path:
    """Write buildings of a grading layer, each of another grade."""
    features = [
        feature(
            {"obj_type": "11-Residential Buildings", "damage_gra": grade, "det_method": "Photo"},
            {"type": "Point", "coordinates": [36.2 + number / 100, 49.9]},
        )
        for number, grade in enumerate(grades)
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features})
    return written(folder, "builtUpP.json", text)


def test_a_grading_of_copernicus_needs_the_day_of_its_image(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    path = _grading(tmp_path, "Destroyed", "Damaged", "Possibly damaged", "No visible damage")
    assert choose(SourceFile.open(path))[0].name == "copernicus_ems"
    with pytest.raises(InvalidFile, match="--valid-on DAY, the day of the image"):
        imported(private_workspace, path)
    seen = date(2024, 3, 10)
    report = imported(private_workspace, path, valid_on=seen)
    assert (report.added, report.dropped) == (3, {"no_visible_damage": 1})
    into = replace(context("ukraine"), choices=ControlChoices(valid_on=seen))
    incidents = _incidents(outcomes(path, into=into))
    grades = [Grade.destroyed, Grade.moderate, Grade.possible]
    assert [one.damage[0].grade for one in incidents] == grades
    assert {one.damage[0].sector for one in incidents} == {"residential"}
    assert {one.when.precision for one in incidents} == {"unknown"}  # seen on that day, not done


def test_a_column_that_is_gone_is_named(tmp_path: Path) -> None:
    text = (FILES / "events" / "airwars.csv").read_text("utf-8").replace("Permalink", "Link")
    notes = outcomes(written(tmp_path, "a.csv", text), into=context("ukraine"))
    sentence = "Missing columns that this importer would read: Permalink."
    assert any(isinstance(one, Warned) and one.text.startswith(sentence) for one in notes)
