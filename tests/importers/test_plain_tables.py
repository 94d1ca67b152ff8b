"""Tables that are read without a mapping: plain columns, sheets and headers that are looked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import xlsxwriter
from typer.testing import CliRunner

from app.cli.program import program
from app.domain.errors import InvalidFile, NeedsMapping
from app.instance.workspace import Workspace
from app.intake.suggestion import suggest
from tests.support import fates, imported, written

HEADER = ["Date", "Latitude", "Longitude", "Killed", "Sector"]
ROWS = [
    ["17.03.2024", "49,9935", "36,23", "2-4", "school"],
    ["18.03.2024", "50,4501", "30,52", "1", "hospital"],
]
TOTAL = ["Total", "", "", "5", ""]


def _workbook(folder: Path, **sheets: list[list[str]]) -> Path:
    path = folder / "strikes.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name, rows in sheets.items():
            page = book.add_worksheet(name)
            for number, row in enumerate(rows):
                page.write_row(number, 0, row)
    return path


def test_a_plain_table_is_read_at_once_and_the_report_says_what_was_understood(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    text = "\n".join(";".join(row) for row in [HEADER, *ROWS, TOTAL])
    report = imported(private_workspace, written(tmp_path, "strikes.csv", text))
    assert (report.format, report.why, report.added) == ("mapped", "its columns are plain", 2)
    assert report.dropped == {"total_row": 1}
    assert report.warnings[0] == (
        "Read without a mapping: 'Date' is start (dmy); 'Latitude' is lat; 'Longitude' is lon; "
        "'Killed' is killed; 'Sector' is sector; points are as fine as settlement; words of "
        "sector: 'school' education, 'hospital' health."
    )
    assert report.rows == fates(report)


def test_a_geojson_with_plain_names_is_read_at_once(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    features = [
        {
            "type": "Feature",
            "properties": {"id": f"a{day}", "date": f"2024-03-{day}", "killed": 1},
            "geometry": {"type": "Point", "coordinates": [36.23, 49.99]},
        }
        for day in (17, 18)
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features})
    report = imported(private_workspace, written(tmp_path, "plain.geojson", text))
    assert (report.format, report.added, report.rejected) == ("vector_points", 2, 0)


def test_the_sheet_and_the_line_of_the_header_are_found_and_said(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    readme = [["About this file"], ["Date of the file", "1 March"]]
    data = [["Strikes of March, invented"], [], HEADER, *ROWS, TOTAL]
    path = _workbook(tmp_path, README=readme, Data=data)
    mapping = suggest(private_workspace, path, "ukraine").mapping
    assert (mapping.sheet, mapping.header_row) == ("Data", 3)
    report = imported(private_workspace, path)
    assert (report.added, report.dropped, report.rejected) == (2, {"total_row": 1}, 0)
    assert "the table is the sheet 'Data'; its header is row 3" in report.warnings[0]


@pytest.mark.parametrize(
    "text",
    [
        "Дата;Широта, °;Довгота, °\n17.03.2024;49,9935;36,23\n18.03.2024;50,4501;30,52\n",
        (
            "Strikes of March, 2024\nDate;Latitude;Longitude\n17.03.2024;49,9935;36,23\n"
            "18.03.2024;50,4501;30,52\n"
        ),
        (
            "Strikes\u2028of March\nDate;Latitude;Longitude\n17.03.2024;49,9935;36,23\n"
            "18.03.2024;50,4501;30,52\n"
        ),
    ],
)
def test_a_comma_in_a_name_or_in_a_title_is_no_delimiter_of_a_table_of_semicolons(
    text: str, private_workspace: Workspace, tmp_path: Path
) -> None:
    report = imported(private_workspace, written(tmp_path, "a.csv", text))
    assert (report.added, report.rejected) == (2, 0)


def test_an_export_of_kobo_is_read_at_once(private_workspace: Workspace, tmp_path: Path) -> None:
    text = (
        "start,Date of incident,GPS,_GPS_latitude,_GPS_longitude,Number killed\n"
        "2024-03-12T09:00:00.000+02:00,2024-03-10,49.99 36.23 120 5,49.99,36.23,2\n"
    )
    report = imported(private_workspace, written(tmp_path, "kobo.csv", text))
    assert report.added == 1
    assert (
        "'Date of incident' is start (ymd); 'GPS' is lon_lat; 'Number killed' is killed"
        in (report.warnings[0])
    )
    unreadable = text.replace("49.99 36.23 120 5", "somewhere")
    report = imported(private_workspace, written(tmp_path, "b.csv", unreadable))
    assert "'_GPS_latitude' is lat; '_GPS_longitude' is lon" in report.warnings[0]


def test_a_place_that_a_column_knows_to_its_region_is_no_point_of_a_settlement(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    text = "date,lat,lon,precision\n2024-03-10,49.99,36.23,exact\n2024-03-11,50.1,36.3,admin1\n"
    suggestion = suggest(private_workspace, written(tmp_path, "a.csv", text), "ukraine")
    assert suggestion.mapping.columns["precision"] == "precision"
    other = written(tmp_path, "b.csv", text.replace("admin1", "approximate"))
    with pytest.raises(NeedsMapping, match="called like precision, but its words need a crosswalk"):
        imported(private_workspace, other)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("date,lat,lon\n2024,49.99,36.23\n", "no notation reads its days, as '2024'"),
        ("date,Region,killed\n2024-03-10,Kharkivska,2\n", "called like admin1, but its values"),
    ],
)
def test_what_cannot_be_read_of_a_plain_table_is_the_reason_of_the_refusal(
    text: str, reason: str, private_workspace: Workspace, tmp_path: Path
) -> None:
    with pytest.raises(NeedsMapping) as refused:
        imported(private_workspace, written(tmp_path, "a.csv", text))
    assert reason in str(refused.value)


def test_sheets_that_are_not_read_are_named(private_workspace: Workspace, tmp_path: Path) -> None:
    rows = [["Date", "Latitude", "Longitude"], ["2024-03-10", "49.99", "36.23"]]
    more = [[*row, extra] for row, extra in zip(rows, ("Killed", "2"), strict=True)]
    report = imported(private_workspace, _workbook(tmp_path, All=more, March=rows))
    assert "Sheets of the workbook that nobody reads: March." in report.warnings


def test_a_header_alone_is_refused_in_one_sentence(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    with pytest.raises(InvalidFile, match=r"^rows of a.csv: got 'none below the header'"):
        imported(private_workspace, written(tmp_path, "a.csv", "date,lat,lon,killed\n"))


def test_a_column_that_is_called_like_a_field_and_is_left_out_is_named_with_the_reason(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    text = "id,date,lat,lon\n1,2024-03-10,49.99,36.23\n1,2024-03-11,50.1,36.3\n"
    report = imported(private_workspace, written(tmp_path, "a.csv", text))
    assert (
        "'id' is left out, called like source_key, but its values repeat, so it is no key"
        in report.warnings[0]
    )


def test_marks_of_direction_around_cells_make_no_difference(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    text = "date,lat,lon,killed\n\u200e2024-03-10,49.99,\u202b36.23\u202c,2\u200f\n"
    report = imported(private_workspace, written(tmp_path, "rtl.csv", text))
    assert (report.added, report.rejected) == (1, 0)


def test_files_with_names_in_another_alphabet_are_datasets_of_their_own(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    text = "id,date,lat,lon\n1,2024-03-10,{},36.23\n"
    paths = [
        written(tmp_path, name, text.format(lat))
        for name, lat in (("Події.csv", "49.99"), ("Втрати.csv", "50.1"))
    ]
    reports = [imported(private_workspace, path) for path in (*paths, paths[0])]
    assert [(one.added, one.amended, one.unchanged) for one in reports] == [
        (1, 0, 0),
        (1, 0, 0),
        (0, 0, 1),
    ]


def test_a_title_above_a_semicolon_table_is_passed_over(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    lines = ["Strikes of March", *(";".join(row) for row in [HEADER, *ROWS])]
    report = imported(private_workspace, written(tmp_path, "titled.csv", "\n".join(lines)))
    assert (report.added, report.rejected) == (2, 0)


def test_headings_over_several_columns_stand_before_their_names(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    upper = ["Date", "Latitude", "Longitude", "Casualties", "", "Note"]
    lower = ["", "", "", "Killed", "Injured", ""]
    row = ["17.03.2024", "49,99", "36,23", "2", "5", "invented"]
    path = _workbook(tmp_path, Data=[["Strikes"], upper, lower, row])
    mapping = suggest(private_workspace, path, "ukraine").mapping
    assert (mapping.header_row, mapping.has_merged_header) == (3, True)
    assert mapping.columns == {
        "Date": "start",
        "Latitude": "lat",
        "Longitude": "lon",
        "Casualties / Killed": "killed",
        "Casualties / Injured": "injured",
    }
    assert imported(private_workspace, path).added == 1


def test_two_sheets_that_can_be_the_table_are_asked_about(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    path = _workbook(tmp_path, One=[HEADER, *ROWS], Two=[HEADER, ROWS[1]])
    with pytest.raises(NeedsMapping, match="the sheets 'One', 'Two' can each be the table"):
        imported(private_workspace, path)
    assert imported(private_workspace, path, sheet="Two").added == 1


def test_doubt_asks_and_names_the_command_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIKEMAP_DATA_DIR", str(tmp_path / "data"))
    text = "date,latitude,longitude\n03/04/2024,49.99,36.23\n"
    path = written(tmp_path, "doubt.csv", text)
    result = CliRunner().invoke(program, ["import", str(path)])
    assert isinstance(result.exception, NeedsMapping)
    sentence = str(result.exception)
    assert "'03/04/2024' is 2024-04-03 or 2024-03-04" in sentence
    assert "Run `strikemap mapping suggest doubt.csv --out M.toml`" in sentence


def test_a_table_of_numbers_of_people_without_a_day_is_asked_about(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    path = written(tmp_path, "noday.csv", "id,lat,lon,killed\n1,49.99,36.23,2\n")
    with pytest.raises(NeedsMapping, match="date in the mapping: got 'none'"):
        imported(private_workspace, path)
