"""HXL-tagged tables and Insecurity Insight's: places, roles, damage and what is left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.domain.count import UNKNOWN, Count
from app.domain.damage import Damage, Grade
from app.domain.errors import InvalidFile
from app.domain.incident import Attribution
from app.domain.place import Precision
from app.files.source import Rejection, SourceFile
from app.importers.base import Dropped, ParsedRecord, Warned
from app.importers.formats import choose
from app.instance.workspace import Workspace
from tests.support import FILES, fates, imported, outcomes, table, written
from tests.tables import sheet, table_context, workbook

LABELS = (
    "Date",
    "Country ISO",
    "Admin 1",
    "Latitude",
    "Longitude",
    "Geo Precision",
    "Explosive Weapon Type",
    "Reported Perpetrator Name",
    "Affected",
    "Aid Workers Killed",
    "Health Workers Killed",
    "Aid Health Workers Killed",
    "Educators Killed",
    "Students Killed",
    "SiND Event ID",
)
PLAIN = {
    "Date": "2024-03-01",
    "Country ISO": "UKR",
    "Latitude": "48.53",
    "Longitude": "37.69",
    "Geo Precision": "(2) 25 km precision ",
    "SiND Event ID": "1",
}


def _row(folder: Path, **cells: str) -> Any:
    """Read one row of Insecurity Insight's table: its record, or its other fate."""
    values = {**PLAIN, **{name.replace("_", " "): text for name, text in cells.items()}}
    path = table(folder, {name: values.get(name, "") for name in LABELS}, name="ii.csv")
    first = next(one for one in outcomes(path, into=table_context()) if not isinstance(one, Warned))
    return first.record if isinstance(first, ParsedRecord) else first


def test_the_stand_in_is_read_by_its_hashtags(private_workspace: Workspace) -> None:
    report = imported(private_workspace, FILES / "hxl_attacks.csv")
    assert (report.format, report.why) == ("hxl", "a line of 9 HXL hashtags that are read")
    assert (report.rows, report.added, report.dropped) == (2, 1, {"other_country": 1})
    again = imported(private_workspace, FILES / "hxl_attacks.csv")
    assert (again.added, again.amended, again.unchanged, fates(again)) == (0, 0, 1, 2)


def test_25_km_is_a_raion_with_its_radius_and_never_a_dot(tmp_path: Path) -> None:
    place = _row(tmp_path).place
    assert (place.precision, place.error_m, place.is_drawable) == (Precision.admin2, 25_000, False)


@pytest.mark.parametrize("precision", ["censored", "Censored ", "(6) Country"])
def test_a_country_and_a_censored_point_are_no_places(precision: str, tmp_path: Path) -> None:
    place = _row(tmp_path, Geo_Precision=precision).place
    assert (place.point, place.precision, place.error_m) == (None, Precision.country, None)


def test_a_precision_that_nobody_listed_is_rejected(tmp_path: Path) -> None:
    assert _row(tmp_path, Geo_Precision="(9) about") == Rejection(
        1, "#geo+precision", "(9) about", '"(1) …" to "(6) …" or "censored"'
    )


def test_missing_coordinates_stay_missing(tmp_path: Path) -> None:
    place = _row(tmp_path, Latitude="", Longitude="", Admin_1="Donetsk Oblast ").place
    assert (place.point, place.admin1, place.precision) == (None, "UA-14", Precision.admin1)


def test_people_by_role_are_civilians_and_a_lower_bound(tmp_path: Path) -> None:
    killed = _row(tmp_path, Health_Workers_Killed="2.0", Students_Killed="3").killed
    assert killed.civilian == killed.total == Count(low=5)
    assert killed.military == UNKNOWN


def test_aid_workers_who_treat_the_sick_are_not_counted_twice(tmp_path: Path) -> None:
    cells = {"Aid_Workers_Killed": "5", "Aid_Health_Workers_Killed": "4"}
    assert _row(tmp_path, **cells).killed.total == Count(low=5)


def test_empty_cells_of_people_are_unknown_and_not_nobody(tmp_path: Path) -> None:
    assert not _row(tmp_path).killed.total.is_known
    assert _row(tmp_path, Health_Workers_Killed="0").killed.total == Count(low=0)


def test_weapon_party_and_damage_follow_the_crosswalk(tmp_path: Path) -> None:
    incident = _row(
        tmp_path,
        Explosive_Weapon_Type="Missile, Unspecified Explosive",
        Reported_Perpetrator_Name="Armed Forces of the Russian Federation",
        Affected="Health Infrastructure",
    )
    assert incident.weapons == ("missile",)
    assert incident.attributed_to == Attribution("ru")
    assert incident.damage == (Damage("health"),)


def test_what_is_no_strike_is_dropped(tmp_path: Path) -> None:
    assert _row(tmp_path, Explosive_Weapon_Type="Arson") == Dropped(1, "no_strike")
    assert _row(tmp_path, Explosive_Weapon_Type="Firearms") == Dropped(1, "no_harm")
    assert _row(tmp_path, Country_ISO="PSE") == Dropped(1, "other_country")


def test_a_word_for_a_country_that_no_list_has_takes_no_row_away(tmp_path: Path) -> None:
    assert _row(tmp_path, Country_ISO="Ukraine (east)").place.country is None


@pytest.mark.parametrize("day", ["", "March 2024", "2024-02-30"])
def test_an_unreadable_day_is_a_rejection(day: str, tmp_path: Path) -> None:
    fate = _row(tmp_path, Date=day)
    assert isinstance(fate, Rejection)
    assert fate.got == day


def test_any_tagged_table_is_read_with_spaces_in_its_tags(tmp_path: Path) -> None:
    lines = (
        "When;Where;Lat;Lon;Dead;Dead children;Hurt;Schools;When it was written\n"
        "#date +occurred;#adm1 +code;#geo +lat;#geo +lon;#affected +killed;"
        "#affected +killed +children;#affected+injured;#indicator +school +destroyed +num;"
        "#date+reported\n"
        "2024-03-01;UA44;48.5;39.3;4;1;;2;2024-04-01\n"
    )
    unread, first, outcome = outcomes(written(tmp_path, "any.csv", lines), into=table_context())
    assert unread == Warned("Columns that nobody reads were left out: When it was written.")
    assert isinstance(first, Warned)
    assert isinstance(outcome, ParsedRecord)
    record: Any = outcome.record
    assert (record.place.admin1, record.place.precision) == ("UA-09", Precision.settlement)
    assert (record.killed.total, record.killed.child) == (Count.exactly(4), Count.exactly(1))
    assert not record.injured.total.is_known
    assert record.damage == (Damage("education", "school", grade=Grade.destroyed, count=2),)


def test_a_line_with_fewer_hashtags_than_half_is_no_line_of_hashtags(tmp_path: Path) -> None:
    path = written(tmp_path, "plain.csv", "a,b,c\n#date,x,y\n1,2,3\n")
    assert choose(SourceFile.open(path), "hxl")[0].recognises(SourceFile.open(path)) is None


def test_a_table_without_a_tagged_day_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "dateless.csv", "a,b\n#geo+lat,#geo+lon\n48.5,37.5\n")
    with pytest.raises(InvalidFile, match=r"^date of dateless.csv: got 'none', allowed: a column"):
        outcomes(path, into=table_context())


def test_a_workbook_is_read_as_its_csv_and_formulas_are_not_run(tmp_path: Path) -> None:
    header = [*LABELS[:-1], "Event Description", "SiND Event ID"]
    values: dict[str, object] = {**PLAIN, "Event Description": '=HYPERLINK("http://x","y")'}
    values |= {"Latitude": 48.53, "Longitude": 37.69, "Health Workers Killed": 2.0}
    rows: list[list[object]] = [[*header], [values.get(name, "") for name in header]]
    results = outcomes(workbook(tmp_path, sheet(rows)), into=table_context())
    assert isinstance(results[0], ParsedRecord)
    record: Any = results[0].record
    assert (record.source_key, record.description) == ("1", "shown")
    assert record.killed.total == Count(low=2)
