"""UCDP: ranges, sides and precision as coded; a summary of many days is never one day."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from app.domain.count import Count
from app.domain.incident import Incident
from app.domain.place import Precision
from app.domain.source import SourceRef
from app.files.source import Rejection
from app.importers.base import Dropped, Outcome, Warned
from app.importers.ucdp import NAMES
from tests.support import FILES, context, outcomes, records, table, written

UKRAINE = context("ukraine")
STAND_IN = FILES / "events" / "ucdp_ged.csv"
EVENT = {
    **dict.fromkeys(NAMES, ""),
    "id": "1",
    "type_of_violence": "1",
    "side_a": "Government of Russia (Soviet Union)",
    "where_prec": "1",
    "adm_1": "Kharkiv oblast",
    "latitude": "49.9",
    "longitude": "36.2",
    "country": "Ukraine",
    "date_prec": "1",
    "date_start": "2024-07-08 00:00:00.000",
    "date_end": "2024-07-08 00:00:00.000",
    "deaths_a": "0",
    "deaths_b": "0",
    "deaths_civilians": "2",
    "deaths_unknown": "0",
    "best": "2",
    "high": "3",
    "low": "1",
}


def _outcome(folder: Path, **changed: str) -> Outcome:
    (outcome,) = outcomes(table(folder, {**EVENT, **changed}), into=UKRAINE)
    return outcome


def _incident(folder: Path, **changed: str) -> Incident:
    (incident,) = records(table(folder, {**EVENT, **changed}), into=UKRAINE)
    assert isinstance(incident, Incident)
    return incident


def test_deaths_are_a_range_with_their_sides() -> None:
    event, summary = records(STAND_IN, UKRAINE)
    assert event.killed.total == Count(31, 33, 36)
    assert event.killed.civilian == Count(None, 33, None)
    assert event.killed.military == Count(None, 0, None)
    assert summary.killed.total == Count(0, 7, 20)
    assert not summary.killed.military.is_known


def test_a_summary_of_a_month_is_never_placed_on_one_day() -> None:
    summary = records(STAND_IN, UKRAINE)[1]
    assert (summary.when.first, summary.when.last) == (date(2024, 5, 1), date(2024, 5, 31))
    assert summary.when.precision == "month"
    assert summary.when.is_long
    assert not summary.place.is_drawable


def test_articles_with_line_breaks_and_lists_of_offices_are_read() -> None:
    event, summary = records(STAND_IN, UKRAINE)
    days = [date(2024, 7, 8), date(2024, 7, 9)]
    assert event.sources == tuple(
        SourceRef(name, published=day)
        for name, day in zip(("Synthetic", "Synthetic B"), days, strict=True)
    )
    assert summary.sources == ()


@pytest.mark.parametrize(
    ("code", "precision", "error_m", "has_point"),
    [
        ("1", Precision.settlement, 1_000, True),
        ("2", Precision.admin2, 25_000, True),
        ("3", Precision.admin2, None, True),
        ("4", Precision.admin1, None, True),
        ("5", Precision.admin1, None, True),
        ("6", Precision.country, None, False),
        ("7", Precision.country, None, False),
    ],
)
def test_a_precision_code_says_how_fine_the_place_is(
    code: str, precision: Precision, error_m: int | None, has_point: bool, tmp_path: Path
) -> None:
    place = _incident(tmp_path, where_prec=code).place
    stated = (place.precision, place.error_m, place.point is not None)
    assert stated == (precision, error_m, has_point)
    assert place.country == (None if code == "7" else "UA")


def test_missing_coordinates_stay_missing(tmp_path: Path) -> None:
    place = _incident(tmp_path, latitude="", longitude="").place
    assert (place.point, place.precision, place.admin1) == (None, Precision.admin1, "UA-63")


@pytest.mark.parametrize(
    ("code", "precision"),
    [("1", "day"), ("2", "week"), ("3", "week"), ("4", "month"), ("5", "year")],
)
def test_a_date_code_says_how_fine_the_day_is(code: str, precision: str, tmp_path: Path) -> None:
    assert _incident(tmp_path, date_prec=code).when.precision == precision


def test_a_row_in_which_only_combatants_died_is_a_battle(tmp_path: Path) -> None:
    battle = {"deaths_a": "4", "deaths_civilians": "0", "best": "4", "high": "4"}
    assert _incident(tmp_path, **battle).kind == "battle"
    assert _incident(tmp_path, **battle).killed.military == Count(None, 4, None)
    assert _incident(tmp_path, **{name: f"{text}.0" for name, text in battle.items()}).kind == (
        "battle"
    )
    assert _incident(tmp_path, **battle, type_of_violence="3").kind == "other_harm"
    assert _incident(tmp_path, **{**battle, "deaths_civilians": ""}).kind == "other_harm"


def test_figures_that_exclude_each_other_are_kept_in_words_and_are_no_toll(
    tmp_path: Path,
) -> None:
    incident = _incident(tmp_path, low="9")
    assert incident.contradiction == "killed: low 9, best 2, high 3"
    assert not incident.killed.total.is_known
    assert not incident.killed.civilian.is_known


def test_only_one_sided_violence_is_attributed(tmp_path: Path) -> None:
    assert _incident(tmp_path).attributed_to is None
    attribution = _incident(tmp_path, type_of_violence="3").attributed_to
    assert attribution is not None
    assert attribution.party == "ru"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"date_start": ""}, "date_start"),
        ({"date_start": "1527-02-04 00:00:00.000"}, "date_start"),
        ({"date_end": "2024-07-01"}, "last day"),
        ({"where_prec": "9"}, "where_prec"),
        ({"date_prec": ""}, "date_prec"),
        ({"type_of_violence": "4"}, "type_of_violence"),
        ({"low": "-1"}, "low"),
        ({"latitude": "149.0"}, "lon, lat"),
        ({"id": ""}, "id"),
    ],
)
def test_what_does_not_fit_is_a_rejection(
    changed: dict[str, str], field: str, tmp_path: Path
) -> None:
    outcome = _outcome(tmp_path, **changed)
    assert isinstance(outcome, Rejection)
    assert outcome.field == field


def test_a_release_without_its_header_row_is_read_and_said_so(tmp_path: Path) -> None:
    headless = STAND_IN.read_text("utf-8").partition("\n")[2]
    path = written(tmp_path, "GEDEvent_v24_0_1.csv", headless)
    warned, *results = outcomes(path, into=UKRAINE)
    assert warned == Warned("No header row: read as the 49 columns of UCDP GED.")
    assert results == outcomes(STAND_IN, into=UKRAINE)
    assert len(NAMES) == 49


def test_a_copy_with_tags_below_the_header_is_read(tmp_path: Path) -> None:
    tags = dict.fromkeys(EVENT, "#tag")
    dropped, _found = outcomes(table(tmp_path, tags, {**EVENT, "iso3": "UKR"}), into=UKRAINE)
    assert dropped == Dropped(1, "hxl_tags")
