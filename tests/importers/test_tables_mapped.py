"""Any table through a saved mapping: what is proposed, what is refused and what comes of rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from app.cli.program import program
from app.domain.count import Count
from app.domain.damage import Damage
from app.domain.errors import InvalidFile
from app.domain.mapping import MAPPED_FIELDS, Notation, checked
from app.domain.place import LonLat, Precision
from app.files import sheets
from app.files.sheets import distinct
from app.files.source import BadFieldError, Rejection, SourceFile
from app.importers.base import Dropped, Outcome, ParsedRecord, Warned
from app.importers.notation import day_of
from app.instance.workspace import Workspace
from app.intake.saved_mapping import read_mapping
from app.intake.suggestion import suggest
from tests.support import imported, outcomes, table, written
from tests.tables import mapping, sheet, table_context, workbook

HEADER = "№;Дата удару;Область;Населений пункт;Широта;Довгота;Загинули;Поранено;Зброя;Посилання;"
UKRAINIAN = f"""{HEADER}Щось
1;03/04/2024;Харківська область;Харків;49,99;36,23;2;5;Шахед;https://e.org/1;x
2;17/04/2024;Київська;Бровари;50,51;30,79;;1;невідомо;https://e.org/2;y
"""
COLUMNS = {"day": "start", "lat": "lat", "lon": "lon"}


def _read(folder: Path, table_mapping: Any, **cells: object) -> Outcome:
    results = outcomes(table(folder, cells), "mapped", table_context(table_mapping))
    return next(one for one in results if not isinstance(one, Warned))


def _record(folder: Path, table_mapping: Any, **cells: object) -> Any:
    outcome = _read(folder, table_mapping, **cells)
    assert isinstance(outcome, ParsedRecord), outcome
    return outcome.record


def test_a_mapping_is_proposed_from_ukrainian_names_and_values(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    suggestion = suggest(private_workspace, written(tmp_path, "a.csv", UKRAINIAN), "ukraine")
    assert suggestion.mapping.columns == {
        "Дата удару": "start",
        "Область": "admin1",
        "Населений пункт": "place",
        "Широта": "lat",
        "Довгота": "lon",
        "Загинули": "killed",
        "Поранено": "injured",
        "Зброя": "weapons",
        "Посилання": "source_url",
    }
    assert (suggestion.mapping.dates, suggestion.mapping.decimal_comma) == (Notation.dmy, True)
    assert suggestion.mapping.words == {"weapons": {"шахед": "drone.one_way"}}
    assert suggestion.missing == []
    nothing = "not mapped: neither its name nor its values tell what it is"
    assert (suggestion.why["№"], suggestion.why["Щось"]) == (nothing, nothing)
    assert '# "невідомо" = ""  # which code? rows: 1\n' in suggestion.toml()


def test_a_proposal_written_down_is_read_again_and_imports(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    path = written(tmp_path, "a.csv", UKRAINIAN)
    proposed = suggest(private_workspace, path, "ukraine")
    saved = read_mapping(written(tmp_path, "m.toml", proposed.toml()))
    assert saved == proposed.mapping
    report = imported(private_workspace, path, format="mapped", mapping=saved)
    assert (report.added, report.rejected) == (2, 0)
    assert report.warnings == [
        "Columns that the mapping leaves out: №, Щось.",
        "Words of weapons that no list has, left unstated: 'невідомо' (1).",
    ]
    again = imported(private_workspace, path, format="mapped", mapping=saved)
    assert (again.added, again.unchanged) == (0, 2)


def test_days_that_can_be_two_things_are_left_to_a_person(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    path = table(tmp_path, {"date": "03/04/2024", "lat": "50.1", "lon": "30.2"})
    suggestion = suggest(private_workspace, path, "ukraine")
    assert suggestion.mapping.dates is None
    assert suggestion.why["date"] == (
        "start: called 'date'; set `dates`: its values can be dmy or mdy: '03/04/2024' is "
        "2024-04-03 or 2024-03-04"
    )
    with pytest.raises(InvalidFile, match=r"^dates in m.toml: got 'none', allowed: the notation"):
        read_mapping(written(tmp_path, "m.toml", suggestion.toml()))


def test_what_only_values_tell_is_mapped_when_one_column_can_be_meant(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    path = table(tmp_path, {"c1": "2024-03-10", "c2": "UA44", "c3": "50.123", "c4": "30.512"})
    suggestion = suggest(private_workspace, path, "ukraine")
    assert suggestion.mapping.columns == {"c1": "start", "c2": "admin1", "c3": "lat", "c4": "lon"}
    both = table(tmp_path, {"c1": "2024-03-10", "c2": "2024-03-11"}, name="two.csv")
    unsure = suggest(private_workspace, both, "ukraine")
    assert unsure.mapping.columns == {}
    assert unsure.why["c1"] == "not mapped: could be start, and so could 1 more"


def test_a_name_whose_values_do_not_fit_is_not_taken(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    rows = [{"date": "2024-03-10", "lat": "x", "killed": "many", "id": "7"} for _row in range(2)]
    suggestion = suggest(private_workspace, table(tmp_path, *rows), "ukraine")
    assert suggestion.mapping.columns == {"date": "start"}
    assert suggestion.why["killed"] == (
        "not mapped: called like killed, but no value is a number: 'many'"
    )
    assert suggestion.why["id"] == (
        "not mapped: called like source_key, but its values repeat, so it is no key"
    )


def test_a_mapping_is_not_proposed_for_what_is_no_table(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    path = written(tmp_path, "a.kml", "<kml><Placemark/></kml>")
    with pytest.raises(InvalidFile, match=r"^content of a.kml: got 'XML or JSON of another kind'"):
        suggest(private_workspace, path, "ukraine")


def test_a_mapping_saved_by_the_page_is_the_same_as_json(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    suggestion = suggest(
        private_workspace, table(tmp_path, {"date": "2024-03-14", "city": "x"}), "ukraine"
    )
    as_json = written(tmp_path, "mapping.json", msgspec.json.encode(suggestion.mapping))
    as_toml = written(tmp_path, "mapping.toml", suggestion.toml())
    assert read_mapping(as_json) == read_mapping(as_toml) == suggestion.mapping


@pytest.mark.parametrize("name", ["Victim name", "Names of victims", "ПІБ", "Ім'я загиблого"])
def test_names_of_people_are_never_proposed(
    name: str, private_workspace: Workspace, tmp_path: Path
) -> None:
    path = table(tmp_path, {"date": "2024-03-14", name: "Somebody Invented"})
    suggestion = suggest(private_workspace, path, "ukraine")
    assert suggestion.mapping.columns == {"date": "start"}
    assert suggestion.why[name] == "not mapped: names of people have no field here"


def test_every_name_of_a_column_stands_for_a_field(private_workspace: Workspace) -> None:
    columns = private_workspace.reference.taxonomy.columns
    assert set(columns.field_of.values()) <= set(MAPPED_FIELDS)
    assert not columns.people & columns.field_of.keys()


@pytest.mark.parametrize(
    ("columns", "changes", "sentence"),
    [
        ({"lat": "lat", "lon": "lon"}, {}, "date in"),
        ({"day": "start"}, {}, "place in"),
        ({"day": "start", "lat": "lat"}, {}, "place in"),
        (COLUMNS, {"dates": None}, "dates in"),
        (COLUMNS, {"constants": {}}, "precision in"),
        (COLUMNS, {"version": 2}, "version in"),
        (COLUMNS, {"header_row": 0}, "header_row in"),
        ({**COLUMNS, "x": "deaths"}, {}, "field in"),
        ({**COLUMNS, "x": "start"}, {}, "columns in"),
        (COLUMNS, {"words": {"nothing": {}}}, "field in"),
    ],
)
def test_a_mapping_of_no_use_is_refused_with_one_sentence(
    columns: dict[str, str], changes: dict[str, object], sentence: str
) -> None:
    with pytest.raises(InvalidFile, match=f"^{sentence} the mapping: got '"):
        checked(mapping(columns, **changes))


@pytest.mark.parametrize(
    "text",
    [
        "version = ",
        "version = 1\nnothing = 2\n",
        "\x00",
        'version = "1"',
        "version = 1\n[columns]\na = 1",
    ],
)
def test_a_mapping_that_is_none_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match=r"^mapping m.toml: got"):
        read_mapping(written(tmp_path, "m.toml", text))


def test_a_table_without_a_mapping_is_told_how_to_make_one(tmp_path: Path) -> None:
    path = workbook(tmp_path, sheet([["a", "b"], ["1", "2"]]))
    with pytest.raises(
        InvalidFile, match=r"^columns of file.xlsx: got 'no mapping', allowed: --map"
    ):
        outcomes(path)


def test_a_column_that_the_file_has_not_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match=r"^columns of file.csv: got 'no lat, lon', allowed: day"):
        _read(tmp_path, mapping(COLUMNS), day="2024-03-10")


def test_every_field_reaches_its_place_in_the_record(tmp_path: Path) -> None:
    columns = {
        "day": "start",
        "yx": "lat_lon",
        "p": "precision",
        "w1": "weapons",
        "w2": "weapons",
        "s": "sector",
        "g": "grade",
        "n": "damage_count",
        "k": "killed",
        "kc": "killed_civilian",
        "ch": "killed_child",
        "il": "injured_low",
        "u1": "source_url",
        "u2": "source_url",
        "key": "source_key",
        "c": "country",
    }
    words = {
        "weapons": {"bmb": "bomb"},
        "precision": {"точно": "exact"},
        "grade": {"total": "destroyed"},
    }
    incident = _record(
        tmp_path,
        mapping(columns, words=words, constants={"status": "verified", "source_publisher": "me"}),
        day="2024-03-10",
        yx="50.4, 30.5",
        p="точно",
        w1="BMB",
        w2="missile.cruise, mine",
        s="energy",
        g="Total",
        n="3.0",
        k="4",
        kc="3",
        ch="1",
        il="2",
        u1="https://e.org/1 https://e.org/2",
        u2="https://e.org/3",
        key="K7",
        c="UKR",
    )
    assert (incident.source_key, incident.status, incident.place.precision) == (
        "K7",
        "verified",
        "exact",
    )
    assert incident.weapons == ("bomb", "missile.cruise", "mine")
    assert incident.damage == (Damage("energy", grade="destroyed", count=3),)  # type: ignore[arg-type]
    assert (incident.killed.total, incident.killed.civilian) == (Count.exactly(4), Count.exactly(3))
    assert (incident.killed.child, incident.injured.total) == (Count.exactly(1), Count(low=2))
    assert [one.url for one in incident.sources] == [f"https://e.org/{n}" for n in (1, 2, 3)]
    assert {one.publisher for one in incident.sources} == {"me"}


def test_no_coordinates_are_no_point_and_never_zero(tmp_path: Path) -> None:
    incident = _record(
        tmp_path, mapping({**COLUMNS, "r": "admin1"}), day="2024-03-10", lat="", lon="", r="Київ"
    )
    assert (incident.place.point, incident.place.admin1) == (None, "UA-30")
    assert incident.place.precision is Precision.admin1


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ({"day": "", "lat": "50", "lon": "30"}, "start"),
        ({"day": "10/03/2024", "lat": "50", "lon": "30"}, "start"),
        ({"day": "2024-03-10", "lat": "50", "lon": ""}, "lon, lat"),
        ({"day": "2024-03-10", "lat": "95", "lon": "30"}, "lon, lat"),
        ({"day": "2024-03-10", "lat": "50,4,1", "lon": "30"}, "lat"),
        ({"day": "2024-03-10", "lat": "50", "lon": "30", "k": "4-2"}, "killed"),
    ],
)
def test_a_row_that_does_not_fit_is_a_rejection(
    cells: dict[str, str], field: str, tmp_path: Path
) -> None:
    fate = _read(tmp_path, mapping({**COLUMNS, "k": "killed"}), **{"k": "", **cells})
    assert isinstance(fate, Rejection)
    assert fate.field == field


def test_a_country_outside_the_theatre_is_dropped(tmp_path: Path) -> None:
    cells = {"day": "2024-03-10", "lat": "33", "lon": "36", "c": "Syria"}
    assert _read(tmp_path, mapping({**COLUMNS, "c": "country"}), **cells) == Dropped(
        1, "other_country", LonLat(36.0, 33.0)
    )


def test_a_workbook_is_unpacked_once_and_its_sheet_is_read_four_times_at_most(
    private_workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unpacked, opened = Counter[str](), Counter[str]()
    parts, by_name = sheets._part_blocks, sheets._sheet_name

    def counted_parts(source: SourceFile) -> Iterator[tuple[str, bytes]]:
        unpacked[source.name] += 1
        return parts(source)

    def counted_sheet(book: Any, source: SourceFile, name: str | None) -> str:
        opened[source.name] += 1
        return by_name(book, source, name)

    monkeypatch.setattr(sheets, "_part_blocks", counted_parts)
    monkeypatch.setattr(sheets, "_sheet_name", counted_sheet)
    rows = [("date", "lat", "lon"), ("2024-03-10", 49.99, 36.23)]
    report = imported(private_workspace, workbook(tmp_path, sheet(rows)))
    assert (report.added, unpacked["file.xlsx"]) == (1, 1)
    assert opened["file.xlsx"] <= 4


def test_no_two_columns_get_one_name() -> None:
    assert distinct(["Killed", "Killed (2)", "Killed", "", "column 4"]) == [
        "Killed",
        "Killed (2)",
        "Killed (3)",
        "column 4",
        "column 4 (2)",
    ]


def test_a_warning_names_forty_of_many_columns(tmp_path: Path) -> None:
    cells = {"day": "2024-03-10", "r": "Київ"} | {f"q{number}": "" for number in range(300)}
    results = outcomes(
        table(tmp_path, cells), "mapped", table_context(mapping({"day": "start", "r": "admin1"}))
    )
    (warning,) = [one for one in results if isinstance(one, Warned)]
    assert warning.text.endswith("q38, q39 and 260 more.")


def test_a_word_for_a_country_that_no_list_has_takes_no_row_away(tmp_path: Path) -> None:
    cells = {"day": "2024-03-10", "lat": "49.99", "lon": "36.23", "c": "Ukraine (east)"}
    results = outcomes(
        table(tmp_path, cells), "mapped", table_context(mapping({**COLUMNS, "c": "country"}))
    )
    (parsed,) = [one for one in results if isinstance(one, ParsedRecord)]
    record: Any = parsed.record
    assert record.place.country is None
    assert results[-1] == Warned(
        "Words of country that no list has, left unstated: 'Ukraine (east)' (1)."
    )


def test_zeros_for_an_unknown_place_are_rejected_and_the_other_rows_are_taken(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    rows = [
        {"date": "2024-03-10", "lat": lat, "lon": lon}
        for lat, lon in (("49.99", "36.23"), ("0", "0"), ("50.1", "36.3"))
    ]
    report = imported(private_workspace, table(tmp_path, *rows))
    assert (report.added, report.refused) == (2, None)
    no_place = "a place that is known, or nothing where it is not"
    assert report.rejections == [Rejection(2, "lon, lat", "0, 0", no_place)]


def test_a_workbook_says_which_cells_are_read_as_empty_though_they_are_not(tmp_path: Path) -> None:
    texts = ("day", "r", "k", "i", "e")
    cells = (
        '<c t="e"><f>1/0</f><v>#DIV/0!</v></c><c r="D2" s="1"><f>SUM(A1:A2)</f><v></v></c>'
        '<c t="str"><f>""</f><v></v></c>'
    )
    row = sheet([("2024-03-10", "Київ")]).replace("</row>", f"{cells}</row>")
    path = workbook(tmp_path, sheet([texts]) + row)
    columns = mapping({"day": "start", "r": "admin1", "k": "killed", "i": "injured"})
    warnings = [
        one for one in outcomes(path, "mapped", table_context(columns)) if isinstance(one, Warned)
    ]
    assert warnings[-1] == Warned(
        "Cells with an error such as #DIV/0!, or with a formula whose value was not saved, are "
        "read as empty: 2."
    )


def test_kyiv_is_the_city_and_kyiv_oblast_is_not(tmp_path: Path) -> None:
    for name, code in (
        ("Kyiv", "UA-30"),
        ("Kyiv region", "UA-32"),
        ("Київська", "UA-32"),
        ("UA80", "UA-30"),
        ("Крим", "UA-43"),
    ):
        incident = _record(
            tmp_path, mapping({"day": "start", "r": "admin1"}), day="2024-03-10", r=name
        )
        assert (name, incident.place.admin1) == (name, code)


@pytest.mark.parametrize(
    ("text", "notation", "zone", "expected"),
    [
        ("2024-3-1", Notation.ymd, None, "2024-03-01"),
        ("2024-03-01T00:00:00.000Z", Notation.ymd, None, "2024-03-01"),
        ("2024-03-01 14:30", Notation.ymd, None, "2024-03-01"),
        ("2024-03-01 14:30", Notation.ymd, "Europe/Kyiv", "2024-03-01T12:30:00+00:00"),
        ("2024-03-01T14:30:00+02:00", Notation.ymd, None, "2024-03-01T14:30:00+02:00"),
        ("3/1/2024 2:30 PM", Notation.mdy, "Europe/Kyiv", "2024-03-01T12:30:00+00:00"),
        ("3/1/2024 12:00:00 AM", Notation.mdy, "Europe/Kyiv", "2024-03-01"),
        ("03/04/2024", Notation.dmy, None, "2024-04-03"),
        ("03/04/2024", Notation.mdy, None, "2024-03-04"),
        ("3.4.2024", Notation.dmy, None, "2024-04-03"),
        ("20240304", Notation.compact, None, "2024-03-04"),
        ("08 March 2025", Notation.month_name, None, "2025-03-08"),
        ("17 SEP 2025", Notation.month_name, None, "2025-09-17"),
        ("March 8, 2025", Notation.month_name, None, "2025-03-08"),
        ("17 вересня 2025 р.", Notation.month_name, None, "2025-09-17"),
        ("1709251200000", Notation.epoch_ms, None, "2024-03-01"),
        ("1709254800", Notation.epoch_s, None, "2024-03-01T01:00:00+00:00"),
    ],
)
def test_days_are_read_in_their_notation(
    text: str, notation: Notation, zone: str | None, expected: str
) -> None:
    assert day_of(text, notation, "start", zone) == expected


@pytest.mark.parametrize(
    ("text", "notation"),
    [
        ("31.04.2024", Notation.dmy),
        ("13/13/2024", Notation.dmy),
        ("03-04.2024", Notation.dmy),
        ("1527-02-04", Notation.ymd),
        ("2024-03", Notation.ymd),
        ("2024-03-01 25:00", Notation.ymd),
        ("5 Nothing 2024", Notation.month_name),
        ("99999999999999999", Notation.epoch_ms),
        ("nan", Notation.epoch_s),
        ("", Notation.ymd),
    ],
)
def test_a_day_that_is_none_is_no_other_day(text: str, notation: Notation) -> None:
    with pytest.raises(BadFieldError):
        day_of(text, notation, "start")


def test_the_commands_propose_and_use_a_mapping(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIKEMAP_DATA_DIR", str(tmp_path / "data"))
    path, saved = written(tmp_path, "a.csv", UKRAINIAN), tmp_path / "m.toml"
    run = CliRunner()
    result = run.invoke(program, ["mapping", "suggest", str(path)])
    assert result.exit_code == 0, result.output
    done = run.invoke(program, ["mapping", "suggest", str(path), "--out", str(saved)])
    assert "Дата удару: start: called 'Дата удару'" in done.output
    assert saved.read_text("utf-8") == result.output
    report = run.invoke(program, ["import", str(path), "--mapping", str(saved), "--dry-run"])
    assert "2 rows: would be added 2" in report.output
