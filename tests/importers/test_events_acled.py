"""ACLED: what is a strike, what a figure means, and that no event is counted twice."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.domain.count import Count
from app.domain.errors import InvalidFile
from app.domain.incident import Incident
from app.domain.place import Precision
from app.files.source import Rejection
from app.importers.acled import COLUMNS
from app.importers.base import Dropped, Outcome, Warned
from app.instance.workspace import Workspace
from tests.support import FILES, context, imported, outcomes, records, table, written

UKRAINE = context("ukraine")
EVENT = {
    "event_id_cnty": "INV1",
    "event_date": "2025-03-08",
    "time_precision": "1",
    "event_type": "Explosions/Remote violence",
    "sub_event_type": "Air/drone strike",
    "actor1": "Military Forces of Russia (2000-)",
    "actor2": "",
    "interaction": "",
    "civilian_targeting": "",
    "country": "Ukraine",
    "admin1": "Kherson",
    "location": "Inventown",
    "latitude": "46.6",
    "longitude": "32.6",
    "geo_precision": "1",
    "source": "Invented",
    "notes": "",
    "fatalities": "0",
}


def _outcome(folder: Path, **changed: str) -> Outcome:
    (outcome,) = outcomes(table(folder, {**EVENT, **changed}), into=UKRAINE)
    return outcome


def _incident(folder: Path, **changed: str) -> Incident:
    (incident,) = records(table(folder, {**EVENT, **changed}), into=UKRAINE)
    assert isinstance(incident, Incident)
    return incident


def test_a_figure_is_a_best_estimate_with_open_bounds() -> None:
    reported, none_reported = records(FILES / "events" / "acled.csv", UKRAINE)
    assert reported.killed.total == Count(None, 11, None)
    assert none_reported.killed.total == Count(None, 0, None)
    assert not reported.injured.total.is_known


def test_an_empty_figure_is_unknown(tmp_path: Path) -> None:
    assert not _incident(tmp_path, fatalities="").killed.total.is_known


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2025-03-08", date(2025, 3, 8), date(2025, 3, 8)),
        ("08 March 2025", date(2025, 3, 8), date(2025, 3, 8)),
        ("08-03-2025", date(2025, 3, 8), date(2025, 3, 8)),
    ],
)
def test_three_notations_of_a_day_are_read(
    text: str, first: date, last: date, tmp_path: Path
) -> None:
    when = _incident(tmp_path, event_date=text).when
    assert (when.first, when.last) == (first, last)


@pytest.mark.parametrize("text", ["", "3/8/2025", "08 Smarch 2025", "2025-02-30", "2025"])
def test_an_unreadable_day_is_a_rejection(text: str, tmp_path: Path) -> None:
    outcome = _outcome(tmp_path, event_date=text)
    allowed = "a day as YYYY-MM-DD or 08 March 2025 or DD-MM-YYYY"
    assert outcome == Rejection(1, "event_date", text, allowed)


@pytest.mark.parametrize(
    ("code", "days", "precision"), [("1", 1, "day"), ("2", 7, "week"), ("3", 31, "month")]
)
def test_a_week_or_month_is_never_placed_on_one_day(
    code: str, days: int, precision: str, tmp_path: Path
) -> None:
    when = _incident(tmp_path, time_precision=code).when
    assert when.first is not None
    assert when.last is not None
    assert ((when.last - when.first).days + 1, when.precision) == (days, precision)


@pytest.mark.parametrize(
    ("code", "precision", "error_m", "name"),
    [
        ("1", Precision.settlement, 5_000, "Inventown"),
        ("2", Precision.admin2, 25_000, "Inventown"),
        ("3", Precision.admin1, None, None),
    ],
)
def test_a_precision_code_says_how_fine_the_place_is(
    code: str, precision: Precision, error_m: int | None, name: str | None, tmp_path: Path
) -> None:
    place = _incident(tmp_path, geo_precision=code).place
    assert (place.precision, place.error_m, place.name) == (precision, error_m, name)
    assert place.admin1 == "UA-65"


def test_missing_coordinates_stay_missing(tmp_path: Path) -> None:
    place = _incident(tmp_path, latitude="", longitude="").place
    assert (place.point, place.precision, place.admin1) == (None, Precision.admin1, "UA-65")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"event_type": "Protests", "sub_event_type": "Peaceful protest"}, "protest"),
        ({"event_type": "Riots", "sub_event_type": "Mob violence"}, "riot"),
        (
            {"event_type": "Strategic developments", "sub_event_type": "Disrupted weapons use"},
            "interception",
        ),
        ({"sub_event_type": "Remote explosive/landmine/IED"}, "no_harm_reported"),
        ({"sub_event_type": "Grenade"}, "no_harm_reported"),
        (
            {"event_type": "Violence against civilians", "sub_event_type": "Attack"},
            "no_harm_reported",
        ),
    ],
)
def test_what_is_out_of_scope_is_dropped_with_the_reason(
    changed: dict[str, str], reason: str, tmp_path: Path
) -> None:
    assert _outcome(tmp_path, **changed) == Dropped(1, reason)


@pytest.mark.parametrize(
    "changed",
    [
        {"sub_event_type": "Remote explosive/landmine/IED", "fatalities": "1"},
        {"sub_event_type": "Remote explosive/landmine/IED", "civilian_targeting": "yes"},
        {"sub_event_type": "Attack", "notes": "A drone dropped something."},
    ],
)
def test_what_did_harm_from_afar_is_taken(changed: dict[str, str], tmp_path: Path) -> None:
    assert _incident(tmp_path, **changed).weapons == ()


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"event_type": "Battles", "sub_event_type": "Armed clash"}, "battle"),
        ({"event_type": "Battle-No change of territory", "sub_event_type": ""}, "battle"),
        ({"sub_event_type": "Suicide bomb", "fatalities": "3"}, "other_harm"),
        ({"sub_event_type": "Attack", "fatalities": "1"}, "other_harm"),
        ({"sub_event_type": "Attack", "notes": "A drone dropped something."}, "strike"),
        ({}, "strike"),
    ],
)
def test_an_event_has_the_kind_that_its_types_say(
    changed: dict[str, str], kind: str, tmp_path: Path
) -> None:
    assert _incident(tmp_path, **changed).kind == kind


@pytest.mark.parametrize(
    ("sub_event", "weapon"),
    [("Shelling/artillery/missile attack", "shelling"), ("Air/drone strike", "air_strike")],
)
def test_what_a_sub_event_says_coarsely_is_the_weapon(
    sub_event: str, weapon: str, tmp_path: Path
) -> None:
    incident = _incident(tmp_path, sub_event_type=sub_event)
    assert incident.weapons == (weapon,)
    assert sub_event in incident.claims[0].text


def test_an_unheard_of_type_is_rejected(tmp_path: Path) -> None:
    outcome = _outcome(tmp_path, event_type="Unheard-of", sub_event_type="Unheard-of")
    assert isinstance(outcome, Rejection)
    assert outcome.field == "sub_event_type"


@pytest.mark.parametrize(
    ("changed", "party"),
    [
        ({"actor2": "Civilians (Ukraine)"}, "ru"),
        ({"interaction": "State forces only"}, "ru"),
        ({"interaction": "10"}, "ru"),
        ({"actor2": "Military Forces of Ukraine (2019-)"}, None),
        ({"interaction": "State forces-Civilians"}, None),
        ({"actor2": "Civilians (Ukraine)", "actor1": "Unidentified"}, None),
    ],
)
def test_a_strike_is_attributed_only_where_nobody_else_could_have_fired(
    changed: dict[str, str], party: str | None, tmp_path: Path
) -> None:
    attribution = _incident(tmp_path, **changed).attributed_to
    assert (attribution.party if attribution else None) == party


def test_the_rows_of_a_monadic_file_make_one_incident(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    actors = ("Military Forces of Russia (2000-)", "Civilians (Ukraine)")
    rows = [
        {**EVENT, "actor1": one, "interaction": "State forces-Civilians", "fatalities": "4"}
        for one in actors
    ]
    report = imported(private_workspace, table(tmp_path, *rows))
    assert (report.rows, report.added, report.duplicates, report.rejected) == (2, 1, 1, 0)


def test_rows_without_an_id_never_collapse_into_one(tmp_path: Path) -> None:
    outcome = _outcome(tmp_path, event_id_cnty="")
    assert isinstance(outcome, Rejection)
    assert outcome.field == "event_id_cnty"


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_copies_with_other_delimiters_and_tags_are_read(delimiter: str, tmp_path: Path) -> None:
    lines = [list(EVENT), ["#" + name for name in EVENT], list(EVENT.values())]
    text = "\ufeff" + "\n".join(delimiter.join(line) for line in lines)
    tags, record = outcomes(written(tmp_path, "acled.csv", text), into=UKRAINE)
    assert tags == Dropped(1, "hxl_tags")
    assert record.row == 2  # type: ignore[union-attr]


def test_older_columns_pass_and_strange_ones_are_named(tmp_path: Path) -> None:
    older = {**EVENT, "data_id": "1", "iso3": "UKR", "event_id_no_cnty": "1", "population_1km": ""}
    assert len(outcomes(table(tmp_path, older), into=UKRAINE)) == 1
    warned, _found = outcomes(table(tmp_path, {**EVENT, "weather": "fair"}), into=UKRAINE)
    assert warned == Warned("New columns that this importer does not know: weather.")


def test_a_missing_column_refuses_the_file_by_name(tmp_path: Path) -> None:
    rest: dict[str, Any] = {name: value for name, value in EVENT.items() if name != "fatalities"}
    with pytest.raises(InvalidFile, match="no fatalities"):
        outcomes(table(tmp_path, rest), into=UKRAINE)


def test_every_column_has_a_place_or_is_said_to_have_none() -> None:
    assert len(COLUMNS) == 31
