"""What people type in tables: coordinates, numbers of people and days in their own ways."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_regressions.data_regression import DataRegressionFixture

from app.domain.count import Count
from app.domain.incident import Incident
from app.domain.mapping import Notation, TableMapping
from app.files.source import BadFieldError, Rejection
from app.importers.base import ParsedRecord, Warned
from app.importers.coordinates import degrees, position
from app.importers.counts import count_of
from app.importers.grids import MGRS_ALLOWED
from app.importers.notation import any_day_of, clock_of
from app.instance.workspace import Workspace
from app.intake.suggestion import suggest
from tests.support import FILES, fates, imported, outcomes, stable, table, written
from tests.tables import mapping, table_context

NEAR = 1e-6


@pytest.mark.parametrize(
    ("text", "axis", "expected"),
    [
        ("49,9935", "lat", 49.9935),
        ("-12.5", "lon", -12.5),
        ("12.5 W", "lon", -12.5),
        ("49°59'36.6\"N", "lat", 49.9935),
        ("49° 59′ 36,6″ N", "lat", 49.9935),
        ("N49 59.61", "lat", 49.9935),
        ("49 59 36.6", "lat", 49.9935),
        ("۴۹٫۹۹۳۵", "lat", 49.9935),
        ("50°27'00\" пн. ш.", "lat", 50.45),
    ],
)
def test_one_coordinate_is_read_as_it_is_typed(text: str, axis: str, expected: float) -> None:
    assert degrees(text, axis) == pytest.approx(expected, abs=NEAR)


@pytest.mark.parametrize(
    "text", ["36.1 E", "49,99,3", "1e5x", "49.5 30", "49 75", "x", "-49 S", ""]
)
def test_a_coordinate_with_two_meanings_or_none_is_refused(text: str) -> None:
    with pytest.raises(BadFieldError):
        degrees(text, "lat")


@pytest.mark.parametrize(
    "text",
    [
        "49.9935, 36.23",
        "49,9935; 36,23",
        "49,9935 36,23",
        "(49.9935, 36.23)",
        "36.23 E 49.9935 N",
        "N49 59.61, E36 13.8",
        "49°59'36.6\"N 36°13'48\"E",
        "49°59'36.6\", 36°13'48\"",
        "POINT (36.23 49.9935)",
        "SRID=4326;POINT Z(36.23 49.9935 120)",
        "49.9935 36.23 120.5 4.8",
        '{"type": "Point", "coordinates": [36.23, 49.9935]}',
    ],
)
def test_a_point_in_one_cell_is_read_as_it_is_typed(text: str) -> None:
    point = position(text, lon_first=False)
    assert (point.lon, point.lat) == pytest.approx((36.23, 49.9935), abs=NEAR)


def test_utm_is_read_with_its_band_and_refused_where_s_can_be_two_things() -> None:
    point = position("37U 301234 5541234", lon_first=False)
    assert (point.lon, point.lat) == pytest.approx((36.22691, 49.990266), abs=NEAR)
    with pytest.raises(BadFieldError):
        position("37S 301234 5541234", lon_first=False)


@pytest.mark.parametrize("text", ["49,99,36,23", "95, 30", "N49, N36", "POINT EMPTY", "{", "49.9"])
def test_a_cell_that_is_no_one_point_is_refused(text: str) -> None:
    with pytest.raises(BadFieldError):
        position(text, lon_first=False)


@pytest.mark.parametrize(
    "text", ["0, 0", "0.0, 0.0", "POINT (0 0)", '{"type": "Point", "coordinates": [0, 0]}']
)
def test_zero_zero_is_no_place(text: str) -> None:
    with pytest.raises(BadFieldError) as refused:
        position(text, lon_first=False)
    assert refused.value.why == "a place that is known, or nothing where it is not"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2-4", {"low": 2, "high": 4}),
        ("від 2 до 4", {"low": 2, "high": 4}),
        ("2+", {"low": 2}),
        ("at least 2", {"low": 2}),
        ("щонайменше двоє", {"low": 2}),
        ("up to 7", {"high": 7}),
        ("бл. 5", {"best": 5}),
        ("about 5", {"best": 5}),
        ("~5", {"best": 5}),
        ("Twelve", {"low": 12, "best": 12, "high": 12}),
        ("п’ять", {"low": 5, "best": 5, "high": 5}),
        ("1 200", {"low": 1200, "best": 1200, "high": 1200}),
        ("12\u00a0345 осіб", {"low": 12345, "best": 12345, "high": 12345}),
        ("dozens", None),
        ("десятки", None),
        ("невідомо", None),
        ("None", None),
    ],
)
def test_a_number_of_people_is_read_as_it_is_typed(
    text: str, expected: dict[str, int] | None
) -> None:
    assert count_of(text, "killed") == expected


@pytest.mark.parametrize(
    "text", ["4-2", "1,200", "1.200", "1.000", "2.000-3.000", "3.5", "-5", "x", "5 injured", "1 2"]
)
def test_a_number_that_can_be_another_is_refused(text: str) -> None:
    with pytest.raises(BadFieldError):
        count_of(text, "killed")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("17.03.2024", "2024-03-17"),
        ("2024-03-20 23:40", "2024-03-20"),
        ("20 березня 2024", "2024-03-20"),
        ("45370", "2024-03-19"),
        ("45370.5", "2024-03-19"),
        ("17/03/2024 2:15 PM", "2024-03-17"),
    ],
)
def test_days_that_cannot_be_mistaken_are_read_beside_the_stated_notation(
    text: str, expected: str
) -> None:
    assert any_day_of(text, Notation.dmy, "start") == expected


@pytest.mark.parametrize("text", ["10001", "99999", "453701", "2024", "03/17/2024"])
def test_a_number_that_is_no_day_of_these_years_is_refused(text: str) -> None:
    with pytest.raises(BadFieldError):
        any_day_of(text, Notation.dmy, "start")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("23:40", "23:40:00"),
        ("9:05 pm", "21:05:00"),
        ("12:00 a.m.", "00:00:00"),
        ("0.5", "12:00:00"),
    ],
)
def test_a_time_of_day_is_read(text: str, expected: str) -> None:
    assert clock_of(text, "start_time") == expected


def _incident(folder: Path, table_mapping: TableMapping, **cells: str) -> Incident:
    results = outcomes(table(folder, cells), "mapped", table_context(table_mapping))
    (parsed,) = [one for one in results if not isinstance(one, Warned)]
    assert isinstance(parsed, ParsedRecord), parsed
    assert isinstance(parsed.record, Incident)
    return parsed.record


def test_a_day_and_a_time_in_two_columns_are_an_instant_of_the_stated_zone(tmp_path: Path) -> None:
    columns = {"d": "start", "t": "start_time", "yx": "lat_lon"}
    zoned = {"precision": "exact", "zone": "Europe/Kyiv"}
    cells = {"d": "45370", "t": "23:40", "yx": "49.99, 36.23"}
    when = _incident(tmp_path, mapping(columns, constants=zoned), **cells).when
    assert str(when.start) == "2024-03-19 21:40:00+00:00"
    day = _incident(tmp_path, mapping(columns), **cells).when
    assert (str(day.first), day.text) == ("2024-03-19", "45370 23:40")


def test_words_that_say_no_more_than_an_empty_cell_are_no_text_and_change_no_key(
    tmp_path: Path,
) -> None:
    columns = {"d": "start", "r": "admin1", "p": "place", "lat": "lat", "lon": "lon"}
    cells = {"d": "2024-03-10", "r": "Київ", "p": "n/a", "lat": "", "lon": ""}
    incident = _incident(tmp_path, mapping(columns), **cells)
    assert incident.place.name is None
    # The key under which a record of an earlier release has this row.
    assert incident.source_key == "content-7632cba1d4f58cbe888671aa"
    nowhere = _incident(tmp_path, mapping(columns), **{**cells, "lat": "NaN", "lon": "n/a"})
    assert nowhere.place.point is None


@pytest.mark.parametrize(
    ("cells", "text"),
    [
        ({"d": "2024-03-10 14:00:00"}, "2024-03-10 14:00:00"),
        ({"d": "2024-03-10", "t": "14:00:00"}, "2024-03-10 14:00:00"),
        ({"d": "45370.5"}, "45370.5"),
        ({"d": "45370", "t": "0.5"}, "45370 0.5"),
        (
            {"d": "2024-03-10 14:00", "e": "2024-03-11 02:00"},
            "2024-03-10 14:00 to 2024-03-11 02:00",
        ),
        ({"d": "2024-03-10", "t": "14:00", "u": "16:30"}, "2024-03-10 14:00 to 16:30"),
        ({"d": "2024-03-10 00:00:00"}, None),
        ({"d": "2024-03-10", "t": "00:00"}, None),
        ({"d": "2024-03-10", "t": "?"}, None),
    ],
)
def test_a_time_without_a_zone_stays_as_it_was_typed(
    cells: dict[str, str], text: str | None, tmp_path: Path
) -> None:
    columns = {"d": "start", "t": "start_time", "e": "end", "u": "end_time", "r": "admin1"}
    blank = dict.fromkeys(columns, "")
    when = _incident(tmp_path, mapping(columns), **{**blank, "r": "Київ", **cells}).when
    assert (len(str(when.first)), when.text) == (len("YYYY-MM-DD"), text)


def test_the_time_of_an_end_without_its_day_is_kept_and_warned_of(tmp_path: Path) -> None:
    columns = {"d": "start", "u": "end_time", "r": "admin1"}
    cells = {"d": "2024-03-10", "u": "02:00", "r": "Київ"}
    zoned = mapping(columns, constants={"zone": "Europe/Kyiv"})
    *_notes, record, warning = outcomes(table(tmp_path, cells), "mapped", table_context(zoned))
    assert isinstance(record, ParsedRecord)
    assert isinstance(record.record, Incident)
    assert record.record.when.text == "2024-03-10 to 02:00"
    assert warning == Warned("Times of an end whose day is not stated, kept as text: 1.")


def test_a_text_that_states_no_number_stays_in_the_description(tmp_path: Path) -> None:
    columns = {"d": "start", "r": "admin1", "Killed": "killed", "Injured": "injured"}
    cells = {"d": "2024-03-10", "r": "Київ", "Killed": "dozens", "Injured": "2-4"}
    incident = _incident(tmp_path, mapping(columns), **cells)
    assert incident.description == "Killed: dozens"
    assert not incident.killed.total.is_known
    assert incident.injured.total == Count(2, None, 4)


def test_the_order_of_a_pair_is_decided_by_the_theatre_and_asked_for_where_it_cannot(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    def field_and_reason(*texts: str) -> tuple[str | None, str]:
        rows = [{"date": "2024-03-20", "coordinates": text} for text in texts]
        proposal = suggest(private_workspace, table(tmp_path, *rows), "ukraine")
        return proposal.mapping.columns.get("coordinates"), proposal.why["coordinates"]

    assert field_and_reason("49.99, 36.23", "50.45, 30.52")[0] == "lat_lon"
    assert field_and_reason("36.23, 49.99", "30.52, 50.45")[0] == "lon_lat"
    assert field_and_reason("49.99N 36.23E", "30.52E 50.45N")[0] == "lon_lat"
    assert field_and_reason("49.99, 36.23", "30.52, 50.45") == (
        None,
        (
            "not mapped: called 'coordinates'; say lat_lon or lon_lat: '49.99, 36.23' lies in the "
            "theatre with latitude first, '30.52, 50.45' with longitude first"
        ),
    )
    assert field_and_reason("12.5, 14.1")[0] is None


def test_columns_of_days_in_two_notations_keep_their_own(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    cells = {"date": "17/03/2024", "end date": "03/18/2024", "oblast": "Київ"}
    proposal = suggest(private_workspace, table(tmp_path, cells), "ukraine").mapping
    assert (proposal.dates, proposal.notations) == (Notation.dmy, {"end date": Notation.mdy})


def test_a_column_with_the_day_first_and_the_month_first_is_asked_about(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    rows = [{"date": text, "oblast": "Київ"} for text in ("17/03/2024", "03/18/2024")]
    proposal = suggest(private_workspace, table(tmp_path, *rows), "ukraine")
    assert proposal.mapping.dates is None
    (doubt,) = proposal.doubts
    assert doubt == (
        "`dates` is to be set for 'date': its values can be dmy or mdy: '17/03/2024' has the day "
        "first, '03/18/2024' the month"
    )


def test_words_of_sectors_and_weapons_are_matched_and_their_rows_are_counted(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    texts = [
        ("Shahed attack", "Житловий будинок"),
        ("Shahed attack", "School building"),
        ("FPV-дрон", "invented thing"),
    ]
    rows = [{"date": "2024-03-20", "weapon": one, "sector": other} for one, other in texts]
    proposal = suggest(private_workspace, table(tmp_path, *rows), "ukraine")
    assert proposal.mapping.words == {
        "weapons": {"shahed attack": "drone.one_way", "fpv-дрон": "drone.fpv"},
        "sector": {"житловий будинок": "residential", "school building": "education"},
    }
    assert proposal.unknown_words == {"weapons": [], "sector": ["invented thing"], "grade": []}
    assert '"shahed attack" = "drone.one_way"  # rows: 2\n' in proposal.toml()


@pytest.mark.parametrize("name", ["typed.csv", "typed_semicolon.csv"])
def test_a_table_typed_by_hand_is_read_and_its_report_says_how(
    name: str, private_workspace: Workspace, data_regression: DataRegressionFixture
) -> None:
    path = FILES / name
    proposal = suggest(private_workspace, path, "ukraine")
    report = imported(private_workspace, path, mapping=proposal.mapping)
    assert report.rows == fates(report)
    data_regression.check({"toml": proposal.toml().splitlines(), "report": stable(report)})


def test_a_rejection_of_a_typed_value_names_what_is_allowed(tmp_path: Path) -> None:
    cells = {"d": "2024-03-10", "yx": "somewhere"}
    results = outcomes(
        table(tmp_path, cells), "mapped", table_context(mapping({"d": "start", "yx": "lat_lon"}))
    )
    (fate,) = [one for one in results if isinstance(one, Rejection)]
    assert fate.why.startswith("a latitude and a longitude: degrees (49.99, 36.23)")


@pytest.mark.parametrize(
    "text", ["37UCR1614440127", "37u cr 16144 40127", "37UCR 1614 4012", "37U CR 161 401"]
)
def test_an_mgrs_square_is_read_as_its_middle(text: str) -> None:
    point = position(text, lon_first=False)
    assert point.lon == pytest.approx(36.4352, abs=0.001)
    assert point.lat == pytest.approx(49.9851, abs=0.001)


def test_a_whole_plus_code_is_read_as_the_middle_of_its_area() -> None:
    point = position("8GXGX6RJ+2X", lon_first=True)
    assert (point.lon, point.lat) == (30.2324375, 49.9900625)


@pytest.mark.parametrize("text", ["99UCR1614440127", "37UZZ1614440127", "37UCR161444012"])
def test_an_mgrs_square_off_the_map_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(BadFieldError) as refused:
        position(text, lon_first=False)
    assert refused.value.why == MGRS_ALLOWED


def test_a_short_plus_code_is_no_place() -> None:
    with pytest.raises(BadFieldError):
        position("X6RJ+2X Kharkiv", lon_first=False)


def test_days_to_come_are_kept_as_stated_and_counted_in_one_sentence(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    text = "date,lat,lon\n2024-03-10,49.99,36.23\n2062-03-10,50.1,36.3\n2026-09-02,50.2,36.3\n"
    report = imported(private_workspace, written(tmp_path, "a.csv", text))
    assert report.added == 3
    assert report.warnings[-1] == (
        "2 of 3 rows are of days after 2026-09-01, the first is row 2: kept as stated; check the "
        "years."
    )


def test_a_day_before_1900_is_rejected_with_the_years_that_are_allowed(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    text = "date,lat,lon\n2024-03-10,49.99,36.23\n1527-02-04,50.1,36.3\n2024-03-12,50.2,36.3\n"
    report = imported(private_workspace, written(tmp_path, "a.csv", text))
    assert [(one.row, one.field, one.got, one.why) for one in report.rejections] == [
        (2, "start", "1527-02-04", "1900-01-01 to 2100-12-31")
    ]


@pytest.mark.parametrize(
    ("text", "first", "last", "precision"),
    [
        ("2024-03", "2024-03-01", "2024-03-31", "month"),
        ("2024-03-XX", "2024-03-01", "2024-03-31", "month"),
        ("2024-XX-XX", "2024-01-01", "2024-12-31", "year"),
        ("2024-03-10?", "2024-03-10", "2024-03-10", "day"),
        ("2024-03-01/2024-03-05", "2024-03-01", "2024-03-05", "day"),
        ("2024-02/2024-03-05", "2024-02-01", "2024-03-05", "month"),
    ],
)
def test_a_day_known_roughly_is_the_span_that_is_meant(
    text: str, first: str, last: str, precision: str, tmp_path: Path
) -> None:
    when = _incident(tmp_path, mapping({"d": "start", "r": "admin1"}), d=text, r="Київ").when
    assert (str(when.first), str(when.last), when.precision) == (first, last, precision)
    assert when.text == text


@pytest.mark.parametrize("text", ["2024-13", "2024-XX-05", "2024-03-05/2024-03-01", "2024", ".."])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(BadFieldError):
        any_day_of(text, Notation.ymd, "start")


def test_words_of_damage_are_matched_and_shown_and_one_that_is_not_leaves_the_column_out(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    rows = ["2024-03-10,49.99,36.23,Destroyed", "2024-03-11,50.1,36.3,частково пошкоджено"]
    path = written(tmp_path, "a.csv", "\n".join(["date,lat,lon,Damage level", *rows]))
    words = suggest(private_workspace, path, "ukraine").mapping.words
    assert words["grade"] == {"destroyed": "destroyed", "частково пошкоджено": "moderate"}
    report = imported(private_workspace, path)
    assert (report.added, report.rejected) == (2, 0)
    assert "words of grade: 'destroyed' destroyed" in report.warnings[0]
    odd = written(tmp_path, "b.csv", path.read_text("utf-8").replace("Destroyed", "scorched"))
    left = imported(private_workspace, odd)
    assert (
        "'Damage level' is left out, called like grade, but its words need a crosswalk"
        in (left.warnings[0])
    )
