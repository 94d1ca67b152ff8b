"""Tables and points that are too large, broken, of another kind than they say, or made to harm."""

from __future__ import annotations

import csv
import io
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest

from app.domain.errors import InputError, InvalidFile, TooLarge
from app.files.source import Rejection, SourceFile
from app.importers.base import ParsedRecord, Warned
from app.importers.formats import FORMATS
from app.instance.workspace import Workspace
from app.queries.summary_csv import neutral
from tests.support import geojson, imported, outcomes, roomy, table, written
from tests.tables import mapping, sheet, table_context, workbook

POINTER = (
    "version https://git-lfs.github.com/spec/v1\n"
    "oid sha256:0000000000000000000000000000000000000000000000000000000000000000\nsize 130\n"
)
COLUMNS = {"day": "start", "lat": "lat", "lon": "lon", "id": "source_key"}
MAPPING = mapping(COLUMNS)
ROW = {"day": "2024-03-10", "lat": "50", "lon": "30", "id": "a"}


TAGS = "#date,#geo+lat,#geo+lon,#event+id"
"""The line that makes a table of day, lat, lon, id one of HXL."""


def _lines(format_name: str, *lines: str) -> str:
    """Write a table of day, lat, lon, id, with hashtags where the format asks for them."""
    tags = [TAGS] if format_name == "hxl" else []
    more = "," * 13 if format_name == "texty" else ""  # which is known by its 17 columns
    return "".join(f"{line}{more}\n" for line in ("day,lat,lon,id", *tags, *lines))


def _refused(workspace: Workspace, path: Path, **order: Any) -> str:
    with pytest.raises(InputError) as wrong:
        imported(roomy(workspace), path, **order)
    assert workspace.store.head().seq == 0
    return str(wrong.value)


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx", "a.geojson", "a.kml", "a.gpkg", "a.zip"])
def test_a_pointer_of_git_lfs_is_told_in_one_sentence(
    name: str, private_workspace: Workspace, tmp_path: Path
) -> None:
    assert _refused(private_workspace, written(tmp_path, name, POINTER)) == (
        f"file: got '{name}, a pointer that Git LFS left in place of the file', "
        "allowed: the file itself; `git lfs pull` fetches it."
    )


@pytest.mark.parametrize("format_name", ["mapped", "hxl", "texty"])
def test_a_cell_of_10_mb_is_refused(
    format_name: str, private_workspace: Workspace, tmp_path: Path
) -> None:
    good = "2024-03-10,50,30,a"
    text = _lines(format_name, good, good, f"2024-03-10,50,30,{'x' * 10_000_000}")
    sentence = _refused(
        private_workspace, written(tmp_path, "file.csv", text), format=format_name, mapping=MAPPING
    )
    line = 5 if format_name == "hxl" else 4
    assert sentence.startswith(f"table file.csv, line {line}: got 'field larger than field limit")


def test_a_cell_of_10_mb_in_a_workbook_is_refused(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    path = workbook(tmp_path, sheet([[*ROW, "text"], [*ROW.values(), "x" * 10_000_000]]))
    sentence = _refused(private_workspace, path, mapping=MAPPING)
    assert sentence.startswith("cell of file.xlsx: got 'a longer one', allowed: at most 131,072")


@pytest.mark.parametrize("format_name", ["mapped", "hxl"])
def test_5000_columns_are_refused(
    format_name: str, private_workspace: Workspace, tmp_path: Path
) -> None:
    more = ",#x" * 5_000
    text = _lines(format_name, "2024-03-10,50,30,a").replace("\n", f"{more}\n")
    sentence = _refused(
        private_workspace, written(tmp_path, "file.csv", text), format=format_name, mapping=MAPPING
    )
    assert sentence == "columns of file.csv: got '5,004', allowed: at most 2,000."


def test_5000_properties_are_refused(private_workspace: Workspace, tmp_path: Path) -> None:
    properties = {f"c{n}": 1 for n in range(5_000)}
    place = {"type": "Point", "coordinates": [30, 50]}
    path = geojson(tmp_path, {"type": "Feature", "properties": properties, "geometry": place})
    sentence = _refused(private_workspace, path, mapping=MAPPING)
    assert sentence == "properties of file.geojson: got '5,000', allowed: at most 2,000."


@pytest.mark.parametrize("format_name", ["mapped", "hxl"])
def test_a_nul_character_is_refused_with_its_line(
    format_name: str, private_workspace: Workspace, tmp_path: Path
) -> None:
    path = written(tmp_path, "nul.csv", _lines(format_name, "x,y\0,z,a"))
    sentence = _refused(private_workspace, path, format=format_name, mapping=MAPPING)
    line = 3 if format_name == "hxl" else 2
    assert sentence.startswith(f"text of nul.csv, near line {line}: got 'a NUL character'")


@pytest.mark.parametrize("format_name", ["mapped", "hxl", "texty"])
def test_mixed_encodings_are_refused_with_the_line(
    format_name: str, private_workspace: Workspace, tmp_path: Path
) -> None:
    content = _lines(format_name, "Київ,1,2,3").encode() + "Київ,1,2,3\n".encode("cp1251")
    path = written(tmp_path, "mixed.csv", content)
    sentence = _refused(private_workspace, path, format=format_name, mapping=MAPPING)
    line = 4 if format_name == "hxl" else 3
    assert sentence.startswith(f"text encoding of mixed.csv, near line {line}: got 'byte 0xca'")


def test_a_cell_in_the_last_corner_of_a_sheet_is_refused_before_it_takes_memory(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    rows = '<row r="1"><c r="A1"><v>1</v></c></row>'
    rows += '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    assert _refused(private_workspace, workbook(tmp_path, rows), mapping=MAPPING) == (
        "sheet of file.xlsx: got '16,384 columns x 1,048,576 rows', "
        "allowed: at most 20,000,000 cells."
    )


def test_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path, sheet([["a"]]))
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/media/huge.bin", "w", force_zip64=True) as out,
    ):
        for _block in range(520):
            out.write(bytes(1 << 20))
    assert path.stat().st_size < 1 << 20
    with pytest.raises(TooLarge, match=r"^unpacked size of file.xlsx: got 'more'"):
        outcomes(path, "mapped", table_context(MAPPING))


def test_entities_of_a_workbook_are_not_expanded(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    lines = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9))
    before = f'<!DOCTYPE x [<!ENTITY e0 "aaaaaaaaaa">{lines}]>'
    rows = '<row><c t="inlineStr"><is><t>&e9;</t></is></c></row>'
    path = workbook(tmp_path, rows, before=before)
    sentence = _refused(private_workspace, path, mapping=MAPPING)
    assert sentence.startswith("workbook file.xlsx: got 'at ")


@pytest.mark.parametrize("inner", ["../points.shp", "/etc/points.shp", "a/../../points.shp"])
def test_a_zip_that_names_a_path_outside_itself_is_refused(
    inner: str, private_workspace: Workspace, tmp_path: Path
) -> None:
    path = tmp_path / "out.zip"
    header = bytes(32) + struct.pack("<i", 1) + bytes(64)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(inner, header)
        archive.writestr(inner.replace(".shp", ".prj"), "x")
    sentence = _refused(private_workspace, path, mapping=MAPPING)
    assert sentence.startswith(f"path in out.zip: got '{inner.removesuffix('.shp')}.")


def test_a_geodatabase_does_not_write_outside_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "out.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.gdb/gdb", "x")
        archive.writestr("../../a.gdb/evil.txt", "x")
    with pytest.raises(InvalidFile):
        outcomes(path, "vector_points", table_context(mapping(COLUMNS, has_points=True)))
    assert not list(tmp_path.parent.rglob("evil.txt"))


KINDS = {
    "text": b"day,lat,lon\n1,2,3\n",
    "json": b'{"type": "FeatureCollection", "features": [{"type": "Point"}]}',
    "zip": b"PK\x03\x04" + bytes(60),
    "sqlite": b"SQLite format 3\x00" + bytes(52) + b"GPKG" + bytes(400),
    "parquet": b"PAR1" + bytes(20) + b"PAR1",
    "kml": b"<kml><Placemark><Point></kml>",
    "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "png": b"\x89PNG\r\n\x1a\n" + bytes(30),
}
OURS = ("hxl", "texty", "unosat", "kml_points", "vector_points", "mapped")


def _records_of(path: Path, format_name: str) -> int:
    """Count the records of a file; one that is refused with one sentence has none."""
    try:
        results = outcomes(path, format_name, table_context(MAPPING))
    except InputError as wrong:
        return len(str(wrong).splitlines()) - 1
    return sum(isinstance(one, ParsedRecord) for one in results)


@pytest.mark.parametrize("ending", ["csv", "xlsx", "geojson", "gpkg", "zip", "parquet", "kmz"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_another_format_never_breaks_a_reader(
    kind: str, ending: str, tmp_path: Path
) -> None:
    path = written(tmp_path, f"file.{ending}", KINDS[kind])
    assert {name: _records_of(path, name) for name in (*OURS, "auto")} == dict.fromkeys(
        (*OURS, "auto"), 0
    )


@pytest.mark.parametrize("part", range(0, 700, 23))
def test_a_workbook_with_a_wrong_byte_is_refused_or_read(part: int, tmp_path: Path) -> None:
    whole = workbook(tmp_path, sheet([[*ROW], [*ROW.values()]])).read_bytes()
    place = len(whole) - 1 - part  # the directory of a zip stands at its end
    torn = whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]
    assert _records_of(written(tmp_path, "torn.xlsx", torn), "mapped") <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_recognising_never_breaks(kind: str, tmp_path: Path) -> None:
    path = written(tmp_path, "file.bin", KINDS[kind])
    for name in OURS:
        reason = FORMATS[name].recognises(SourceFile.open(path))
        assert reason is None or reason


def test_a_key_that_stands_twice_is_a_duplicate_or_a_clash(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    path = table(tmp_path, ROW, ROW, {**ROW, "day": "2024-03-11"})
    report = imported(private_workspace, path, format="mapped", mapping=MAPPING)
    assert (report.added, report.duplicates, report.rejected) == (1, 1, 1)
    assert report.rejections == [
        Rejection(3, "source_key", "a", "the key stands for another record already, in row 1")
    ]


def test_a_cell_that_looks_like_a_formula_is_text_and_is_neutral_on_the_way_out(
    tmp_path: Path,
) -> None:
    formula = '=HYPERLINK("http://evil","x")'
    out = io.StringIO()
    rows = [[*ROW, "text"], [*ROW.values(), formula]]
    csv.writer(out).writerows(rows)
    path = written(tmp_path, "formula.csv", out.getvalue())
    results = outcomes(path, "mapped", table_context(mapping({**COLUMNS, "text": "description"})))
    incident: Any
    (incident,) = [one.record for one in results if isinstance(one, ParsedRecord)]
    assert incident.description == formula
    assert neutral(incident.description) == f"'{formula}"


@pytest.mark.parametrize("name", ["url", "archive_url", "upstream"])
@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", " JavaScript:alert(1)", "java\tscript:1", "data:text/html,x"]
)
def test_an_address_that_a_browser_would_run_is_rejected_with_what_is_allowed(
    private_workspace: Workspace, tmp_path: Path, name: str, address: str
) -> None:
    out = io.StringIO()
    lines = [
        ["source_key", "start", "precision", "lon", "lat", f"source1_{name}"],
        ["a", "2024-03-10", "exact", "30", "50", address],
        ["b", "2024-03-10", "exact", "30", "50", "t.me/channel/5"],
        ["c", "2024-03-10", "exact", "30", "50", "https://example.org/5"],
    ]
    csv.writer(out).writerows(lines)
    path = written(tmp_path, "addresses.csv", out.getvalue())
    report = imported(private_workspace, path)
    assert report.added == 2
    assert report.rejections == [
        Rejection(1, f"sources.{name}", address.strip(), "an address with http or https")
    ]


def test_torn_and_empty_rows_are_rejections_with_their_number(tmp_path: Path) -> None:
    text = "day,lat,lon,id\n2024-03-10,50,30,a\n2024-03-10,50\n\n,,,\n2024-03-10,50,30,b\n"
    results = outcomes(written(tmp_path, "torn.csv", text), "mapped", table_context(MAPPING))
    fates = [(one.row, type(one).__name__) for one in results if not isinstance(one, Warned)]
    assert fates == [(1, "ParsedRecord"), (2, "Rejection"), (3, "Rejection"), (4, "ParsedRecord")]


def test_column_names_that_stand_twice_can_be_told_apart(tmp_path: Path) -> None:
    text = "day,lat,lat,lon,,id\n2024-03-10,1,50,30,x,a\n"
    told_of = mapping({"day": "start", "lat (2)": "lat", "lon": "lon", "column 5": "place"})
    results = outcomes(written(tmp_path, "twice.csv", text), "mapped", table_context(told_of))
    incident: Any
    (incident,) = [one.record for one in results if isinstance(one, ParsedRecord)]
    assert (incident.place.point, incident.place.name) == ((30.0, 50.0), "x")
