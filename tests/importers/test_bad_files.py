"""Files that are refused whole, each with one clear sentence, and files that only look bad."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Any

import pytest

from app.domain.errors import InputError, InvalidFile, TooLarge, UnknownFormat
from app.domain.terms import LICENCES
from app.files.source import Rejection, SourceFile
from app.importers.base import ParsedRecord, Warned
from app.importers.formats import FORMATS, choose
from app.instance.workspace import Workspace
from tests.support import (
    FILES,
    HEADER,
    ROW,
    TEMPLATES,
    collection,
    fates,
    feature,
    geojson,
    imported,
    incident,
    outcomes,
    point,
    records,
    square,
    stable,
    written,
)

GOOD = HEADER + ROW.format(key="a")
OPEN_FEATURE = '{"type":"FeatureCollection",\n"features":[\n{"properties":{"source_key":"a",\n'
NOT_UTF8 = (
    "text encoding of {name}, near line {line}: got '{got}', allowed: UTF-8; save the file again "
    'in it (spreadsheets call it "CSV UTF-8").'
)
WHOLE = "allowed: a complete JSON document."
DAILY = "deepstatemap_data_20240310.geojson"


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        (
            "cp1251.geojson",
            (GOOD + ROW.format(key="Київ")).encode("cp1251"),
            NOT_UTF8.format(name="cp1251.geojson", line=3, got="byte 0xca"),
        ),
        (
            "utf16.csv",
            GOOD.encode("utf-16")[:-1],
            NOT_UTF8.format(name="utf16.csv", line=1, got="UTF-16, but not to its end").replace(
                ", near line 1", ""
            ),
        ),
        (
            "cut-character.csv",
            (GOOD + "Ї").encode()[:-1],
            NOT_UTF8.format(name="cut-character.csv", line=3, got="byte 0xd0"),
        ),
        (
            "empty.csv",
            "",
            "file: got 'empty.csv, which is empty', allowed: a file with at least one record.",
        ),
        (
            "blank.csv",
            " \n\n",
            "file: got 'blank.csv, which is empty', allowed: a file with at least one record.",
        ),
        ("header.csv", HEADER, "file: got 'no record', allowed: at least one record."),
        (
            "twice.csv",
            "source_key,start,precision,start\na,b,c,d\n",
            "header: got 'start', allowed: each column name once.",
        ),
        (
            "dateless.csv",
            "controller,wkt\norra,POINT EMPTY\n",
            "header: got 'controller, wkt', allowed: a column 'valid_on' among them.",
        ),
        (
            "ownerless.csv",
            "valid_on,wkt\n2024-03-10,POINT EMPTY\n",
            "header: got 'valid_on, wkt', allowed: a column 'controller' among them.",
        ),
        (
            "startless.csv",
            "source_key,precision\na,exact\n",
            "header: got 'source_key, precision', allowed: a column 'start' among them.",
        ),
        (
            "cut.geojson",
            OPEN_FEATURE + '"start":"2024-03-10"',
            f"JSON of cut.geojson, line 4: got 'the end of the file', {WHOLE}",
        ),
        (
            "nan.geojson",
            OPEN_FEATURE + '"start":"2024-03-10","killed":NaN}}]}',
            "JSON of nan.geojson: got 'NaN', allowed: finite numbers of sensible length.",
        ),
        (
            "deep.geojson",
            '{"type":"FeatureCollection","source_key":1,"start":1,"features":' + "[" * 200_000,
            f"JSON of deep.geojson, line 1: got 'too deep a nesting', {WHOLE}",
        ),
        (
            "digits.geojson",
            OPEN_FEATURE + '"start":' + "9" * 5000 + "}}]}",
            (
                "JSON of digits.geojson: got 'Exceeds the limit (4300 digits) for integer string "
                "conversion: value has 5000…', allowed: finite numbers of sensible length."
            ),
        ),
        (
            "half.geojson",
            OPEN_FEATURE + '"start":"2024-03-10","place":"\\ud83d"}}]}',
            (
                "text in half.geojson: got \"'\\\\ud83d'\", allowed: whole characters; "
                "this is one half of a pair."
            ),
        ),
        (
            "no-features.geojson",
            '{"type":"FeatureCollection","source_key":1,"start":1,"features":{}}',
            "no-features.geojson: got 'no list `features`', allowed: a GeoJSON FeatureCollection.",
        ),
        (
            "both.geojson",
            collection(
                [
                    incident("a"),
                    feature({"valid_on": "2024-03-10", "controller": "orra"}, square(-126, -43, 1)),
                ]
            ),
            "file: got 'incidents and control areas', allowed: one of the two in one file.",
        ),
        (
            DAILY,
            collection([]),
            f"features of {DAILY}: got '0 features', allowed: exactly one MultiPolygon.",
        ),
        (
            "deepstatemap_data_20241310.geojson",
            collection([feature({}, square(36, 47, 1))]),
            (
                "date of deepstatemap_data_20241310.geojson: got '20241310', allowed: "
                "deepstatemap_data_YYYYMMDD, 1900-01-01 to 2100-12-31."
            ),
        ),
        (
            DAILY,
            collection([feature({}, {"type": "MultiPolygon", "coordinates": "x"})]),
            (
                f"geometry of {DAILY}: got \"could not convert string to float: 'x'\", "
                "allowed: one MultiPolygon."
            ),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value and len(value) < 40 else "",
)
def test_a_file_that_cannot_be_taken_is_refused_whole(
    name: str, content: str | bytes, sentence: str, private_workspace: Workspace, tmp_path: Path
) -> None:
    path = written(tmp_path, name, content)
    format_name = next((kind for end, kind in KINDS.items() if name.endswith(end)), "auto")
    with pytest.raises(InputError) as refused:
        imported(private_workspace, path, theatre="example", format=format_name)
    assert str(refused.value) == sentence
    assert private_workspace.store.head().seq == 0


KINDS = {
    "ownerless.csv": "native_csv",
    "dateless.csv": "native_csv",
    "startless.csv": "native_csv",
    "digits.geojson": "native_geojson",
}


def test_a_file_of_no_known_format_is_named_with_what_it_begins(tmp_path: Path) -> None:
    with pytest.raises(UnknownFormat) as refused:
        outcomes(written(tmp_path, "list.txt", "a,b\n1,2\n"))
    assert str(refused.value) == (
        "content of list.txt: got 'a,b\\n1,2\\n', allowed: one of the formats "
        f"{', '.join(FORMATS)}; see docs/formats.md."
    )


def test_a_missing_column_of_cir_is_named(tmp_path: Path) -> None:
    content = (FILES / "cir.csv").read_text("utf-8").replace(",lat,lon,", ",latitude,lon,")
    with pytest.raises(
        InvalidFile, match=r"^header of cir.csv: got 'no lat', allowed: the columns"
    ):
        outcomes(written(tmp_path, "cir.csv", content))


def test_a_new_column_of_cir_only_warns(tmp_path: Path) -> None:
    lines = (FILES / "cir.csv").read_text("utf-8-sig").splitlines()
    wider = "\n".join([lines[0] + ",new", *(line + ",x" for line in lines[1:2])])
    results = outcomes(written(tmp_path, "cir.csv", wider))
    assert results[0] == Warned("New columns that this importer does not know: new.")
    assert len(results) == 2


def test_a_file_over_the_bound_is_refused_before_it_is_read(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    path = tmp_path / "huge.csv"
    with path.open("wb") as sparse:
        sparse.truncate(2 << 30)
    with pytest.raises(TooLarge) as refused:
        imported(private_workspace, path)
    assert str(refused.value) == (
        "size of huge.csv: got '2,147,483,648 bytes', allowed: at most 1,048,576 bytes."
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_line_ends_and_a_byte_order_mark_make_no_difference(
    delimiter: str, mark: bytes, end: str, tmp_path: Path
) -> None:
    content = GOOD.replace(",", delimiter).replace("\n", end)
    incidents = records(written(tmp_path, "table.csv", mark + content.encode()))
    assert incidents == records(written(tmp_path, "plain.csv", GOOD))
    assert len(incidents) == 1


def test_a_byte_order_mark_before_json_makes_no_difference(tmp_path: Path) -> None:
    content = collection([incident("a")]).encode()
    incidents = records(written(tmp_path, "marked.geojson", codecs.BOM_UTF8 + content))
    assert [one.source_key for one in incidents] == ["a"]


def test_a_row_keeps_its_number_after_a_torn_one(tmp_path: Path) -> None:
    content = GOOD + "torn,2024\n\n" + ROW.format(key="c") + "d,bad,exact,-124.5,-42.25\n"
    results = outcomes(written(tmp_path, "torn.csv", content))
    fate = {
        one.row: type(one).__name__ for one in results if isinstance(one, ParsedRecord | Rejection)
    }
    assert fate == {1: "ParsedRecord", 2: "Rejection", 3: "ParsedRecord", 4: "Rejection"}


def test_swapped_coordinates_are_warned_of(private_workspace: Workspace, tmp_path: Path) -> None:
    # 36.2 E 50 N becomes 50 E 36.2 N: a place on the globe, but in another country.
    rows = "".join(f"{key},2024-03-10,exact,50.0,36.2\n" for key in "abc")
    report = imported(private_workspace, written(tmp_path, "swapped.csv", HEADER + rows))
    assert report.warnings == [
        (
            "Most points lie outside the theatre and would lie inside with longitude and latitude "
            "swapped: check the order of the columns (longitude first)."
        )
    ]
    assert (report.added, report.rows) == (3, 3)


@pytest.mark.parametrize("name", ["native.csv", "plain.csv"])
def test_a_quotation_mark_that_is_never_closed_takes_no_rows_away_silently(
    name: str, private_workspace: Workspace, tmp_path: Path
) -> None:
    native = 'source_key,start,precision,lon,lat,description\n{}a,2024-03-10,exact,36.2,50.0,"b\n'
    plain = 'date,lat,lon,note\n2024-03-10,50.0,36.2,"b\n2024-03-11,50.0,36.2,c\n'
    text = native.format("") + "c,2024-03-11,exact,36.2,50.0,d\n" if "native" in name else plain
    with pytest.raises(InvalidFile, match="line 2: got 'a quotation mark that is never closed'"):
        imported(private_workspace, written(tmp_path, name, text))


def test_a_few_swapped_points_are_named_by_their_rows(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    rows = "".join(f"{key},2024-03-10,exact,36.2,50.0\n" for key in "abc")
    path = written(tmp_path, "one.csv", HEADER + rows + "d,2024-03-10,exact,50.0,36.2\n")
    report = imported(private_workspace, path)
    swapped = (
        "1 of 4 points lie outside the theatre and would lie inside with longitude and "
        "latitude swapped: row 4."
    )
    assert swapped in report.warnings


def test_points_abroad_are_not_taken_for_swapped_ones(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    rows = "a,2024-03-10,exact,20.0,52.0\nb,2024-03-10,exact,36.2,50.0\n"
    report = imported(private_workspace, written(tmp_path, "abroad.csv", HEADER + rows))
    assert ["swapped" in warning for warning in report.warnings] == [False]
    assert "1 in Poland" in report.warnings[0]


def test_text_that_looks_like_code_is_kept_as_text(tmp_path: Path) -> None:
    texts = [
        "<script>alert(1)</script>",
        "${alert(1)}",
        "{{7*7}}",
        "=1+1",
        "'; DROP TABLE revision",
    ]
    incidents = records(geojson(tmp_path, *(incident(text, place=text) for text in texts)))
    assert [(one.source_key, one.place.name) for one in incidents] == [
        (text, text) for text in texts
    ]


def test_mixed_invented_and_real_records_are_refused(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    path = geojson(tmp_path, incident("a", synthetic=True), incident("b"))
    with pytest.raises(InvalidFile, match="invented and real records"):
        imported(private_workspace, path, theatre="ukraine")


def test_invented_records_make_an_invented_dataset(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    imported(private_workspace, geojson(tmp_path, incident("a", synthetic=True)), dataset="made")
    assert private_workspace.state().datasets["made"].synthetic


@pytest.mark.parametrize(
    ("properties", "order"),
    [
        ({"synthetic": True}, {}),
        ({}, {"theatre": "example"}),
        ({}, {"synthetic": True}),
    ],
)
def test_a_dataset_stays_of_one_sort(
    properties: dict[str, object],
    order: dict[str, Any],
    private_workspace: Workspace,
    tmp_path: Path,
) -> None:
    imported(private_workspace, geojson(tmp_path, incident("a")), dataset="real")
    path = geojson(tmp_path, incident("b", **properties), name="other.geojson")
    with pytest.raises(InputError) as refused:
        imported(private_workspace, path, dataset="real", **order)
    assert str(refused.value) == (
        "dataset: got 'real', allowed: another slug; this dataset holds real incidents of the "
        "theatre ukraine."
    )


def test_control_does_not_go_into_a_dataset_of_incidents(private_workspace: Workspace) -> None:
    order: dict[str, Any] = {"theatre": "example", "dataset": "one"}
    imported(private_workspace, TEMPLATES / "incidents.csv", **order)
    with pytest.raises(InputError, match="holds invented incidents of the theatre example"):
        imported(private_workspace, TEMPLATES / "control.csv", **order)


def test_an_unknown_format_theatre_slug_or_licence_is_named(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    path = geojson(tmp_path, incident("a"))
    wrong: list[tuple[dict[str, Any], str]] = [
        (
            {"format": "xlsx"},
            f"format: got 'xlsx', allowed: auto, {', '.join(FORMATS)}.",
        ),
        ({"theatre": "moon"}, "theatre: got 'moon', allowed: example, ukraine."),
        (
            {"dataset": "A b"},
            "dataset: got 'A b', allowed: a slug: lower-case letters, digits and hyphens.",
        ),
        (
            {"terms": "mine"},
            f"terms: got 'mine', allowed: {', '.join(LICENCES)}.",
        ),
    ]
    for order, sentence in wrong:
        with pytest.raises(InputError) as refused:
            imported(private_workspace, path, **order)
        assert str(refused.value) == sentence


def test_a_dry_run_leaves_the_database_as_it_was(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    imported(private_workspace, geojson(tmp_path, incident("a")), dataset="one")
    folder = tmp_path / "data"
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    path = geojson(tmp_path, incident("b"), incident("a", place="changed"), name="later.geojson")
    planned = imported(private_workspace, path, dataset="one", dry_run=True)
    assert (planned.added, planned.amended, planned.version) == (1, 1, None)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    done = imported(private_workspace, path, dataset="one")
    assert stable(done) == {**stable(planned), "dry_run": False}
    assert fates(done) == done.rows == 2


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("cir.csv", "cir"),
        (DAILY, "deepstate_daily"),
        ("bad_rows.csv", "native_csv"),
        ("bad_control.geojson", "native_geojson"),
    ],
)
def test_a_format_is_recognised_by_its_content(name: str, kind: str, tmp_path: Path) -> None:
    renamed = written(tmp_path, "renamed.bin", (FILES / name).read_bytes())
    assert choose(SourceFile.open(renamed))[0].name == kind


def test_a_point_and_its_heights_and_missing_numbers(tmp_path: Path) -> None:
    results = outcomes(
        geojson(
            tmp_path,
            incident(
                "height", {"type": "Point", "coordinates": [-124.5, -42.25, 99]}, precision="exact"
            ),
            incident("empty", {"type": "Point", "coordinates": []}),
            incident("null", point(None, None)),
        )
    )
    assert [type(one).__name__ for one in results] == ["ParsedRecord", "ParsedRecord", "Rejection"]
    assert results[0].record.place.point == (-124.5, -42.25)  # type: ignore[union-attr]
    assert results[1].record.place.point is None  # type: ignore[union-attr]


def test_longitude_and_latitude_beside_a_geometry_are_reported_unread(tmp_path: Path) -> None:
    results = outcomes(geojson(tmp_path, incident("a", lon=1, lat=2)))
    assert results[0] == Warned("Properties that nobody reads: lat, lon.")


def test_rows_keep_their_numbers_over_many_blocks_of_a_large_table(tmp_path: Path) -> None:
    filler = "x" * 400
    header = "source_key,start,precision,description\n"
    rows = [
        f"torn {number}" if number % 1000 == 7 else f"{number},2024-03-10,admin1,{filler}"
        for number in range(1, 10_001)
    ]
    results = outcomes(written(tmp_path, "large.csv", header + "\n".join(rows)))
    fate = {
        one.row: one.record.source_key if isinstance(one, ParsedRecord) else one.got.split()[1]  # type: ignore[union-attr]
        for one in results
        if isinstance(one, ParsedRecord | Rejection)
    }
    assert fate == {number: str(number) for number in range(1, 10_001)}
