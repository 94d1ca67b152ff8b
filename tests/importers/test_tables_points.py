"""Points of geographic software, placemarks, and UNOSAT's passes."""

from __future__ import annotations

import json
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyogrio.raw
import pytest
import shapely
from pyarrow import parquet

from app.domain.damage import Grade
from app.domain.errors import InvalidFile
from app.domain.period import WhenPrecision
from app.domain.place import Precision
from app.files.layers import _transformer
from app.files.source import Rejection, SourceFile
from app.importers.base import Dropped, Outcome, ParsedRecord, Warned
from app.importers.formats import choose
from app.instance.workspace import Workspace
from app.intake.suggestion import suggest
from tests.support import collection, feature, geojson, imported, outcomes, point, square, written
from tests.tables import mapping, table_context

FIELDS = {"when": "2024-03-10", "dead": 2}
MAPPING = mapping({"when": "start", "dead": "killed"}, has_points=True, format="vector_points")
WEB = "EPSG:3857"


def _drawn(path: Path, driver: str, crs: str | None = WEB, **fields: Any) -> Path:
    """Write one point in Kyiv with GDAL, in metres of Web Mercator."""
    x, y = 3397450.0, 6524500.0
    values = fields or FIELDS
    pyogrio.raw.write(
        path,
        shapely.to_wkb(np.array([shapely.Point(x, y)])),
        [np.array([value], dtype=object) for value in values.values()],
        list(values),
        geometry_type="Point",
        crs=crs,
        driver=driver,
    )
    return path


def _zipped(folder: Path, name: str) -> Path:
    """Pack the files of a folder, with its own name in front."""
    path = folder.parent / name
    with zipfile.ZipFile(path, "w") as archive:
        for member in sorted(folder.rglob("*")):
            archive.write(member, member.relative_to(folder.parent))
    return path


def _geopackage(folder: Path, **fields: Any) -> Path:
    return _drawn(folder / "points.gpkg", "GPKG", **fields)


def _shapefile(folder: Path, **fields: Any) -> Path:
    (folder / "shp").mkdir()
    _drawn(folder / "shp" / "points.shp", "ESRI Shapefile", **fields)
    return _zipped(folder / "shp", "points.zip")


def _geodatabase(folder: Path, **fields: Any) -> Path:
    _drawn(folder / "points.gdb", "OpenFileGDB", **fields)
    return _zipped(folder / "points.gdb", "points.gdb.zip")


def _geoparquet(folder: Path, **fields: Any) -> Path:
    values = fields or FIELDS
    told_of = {"encoding": "WKB", "geometry_types": ["Point"]}
    about = {"version": "1.1.0", "primary_column": "shape", "columns": {"shape": told_of}}
    columns = {**{name: [value] for name, value in values.items()}}
    table = pa.table({**columns, "shape": [shapely.to_wkb(shapely.Point(30.52, 50.45))]})
    path = folder / "points.parquet"
    parquet.write_table(table.replace_schema_metadata({"geo": json.dumps(about)}), path)
    return path


def _geojson(folder: Path, **fields: Any) -> Path:
    return geojson(folder, feature(fields or FIELDS, point(30.52, 50.45)))


WRITERS = (_geopackage, _shapefile, _geodatabase, _geoparquet, _geojson)


def _outcomes(path: Path, table: Any = None, format_name: str = "auto") -> list[Outcome]:
    return [
        one
        for one in outcomes(path, format_name, table_context(table))
        if not isinstance(one, Warned)
    ]


@pytest.mark.parametrize("writer", WRITERS)
def test_points_of_any_file_are_read_through_a_mapping(
    writer: Any, private_workspace: Workspace, tmp_path: Path
) -> None:
    path = writer(tmp_path)
    assert choose(SourceFile.open(path))[0].name == "vector_points"
    (outcome,) = _outcomes(path, MAPPING)
    assert isinstance(outcome, ParsedRecord)
    record: Any = outcome.record
    assert record.place.point == pytest.approx((30.52, 50.45), abs=0.001)
    assert (record.when.first, record.killed.total.low) == (date(2024, 3, 10), 2)
    report = imported(private_workspace, path, mapping=MAPPING)
    assert (report.added, report.rejected) == (1, 0)


@pytest.mark.parametrize("writer", WRITERS)
def test_a_mapping_is_proposed_for_points(
    writer: Any, private_workspace: Workspace, tmp_path: Path
) -> None:
    path = writer(tmp_path, date="2024-03-10", killed=2)
    columns = suggest(private_workspace, path, "ukraine").mapping
    assert (columns.columns, columns.has_points) == ({"date": "start", "killed": "killed"}, True)
    assert len(_outcomes(path, columns)) == 1


def test_points_without_a_mapping_are_told_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match=r"got 'no mapping', allowed: --mapping M.toml"):
        outcomes(_geojson(tmp_path))


def test_a_shapefile_without_a_reference_system_is_refused(tmp_path: Path) -> None:
    path = _shapefile(tmp_path)
    bare = tmp_path / "bare.zip"
    with zipfile.ZipFile(path) as full, zipfile.ZipFile(bare, "w") as less:
        for member in full.infolist():
            if not member.filename.endswith(".prj"):
                less.writestr(member, full.read(member))
    with pytest.raises(InvalidFile, match=r"no \.prj"):
        _outcomes(bare, MAPPING)


def test_shapefiles_of_one_name_in_several_folders_are_all_read(tmp_path: Path) -> None:
    for day in (10, 11):
        folder = tmp_path / "shp" / f"2024-03-{day}"
        folder.mkdir(parents=True)
        _drawn(folder / "points.shp", "ESRI Shapefile", when=f"2024-03-{day}", dead=2)
    path = _zipped(tmp_path / "shp", "points.zip")
    results = outcomes(path, "auto", table_context(MAPPING))
    records: list[Any] = [one.record for one in results if isinstance(one, ParsedRecord)]
    days = [str(one.when.first) for one in records]
    assert days == ["2024-03-10", "2024-03-11"]


def test_many_projected_features_are_moved_in_a_moment(tmp_path: Path) -> None:
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32637"}}
    places = [feature(FIELDS, point(301_234 + step, 5_541_234)) for step in range(500)]
    path = written(tmp_path, "metres.geojson", collection(places, crs=crs))
    results = outcomes(path, "auto", table_context(MAPPING))
    records: list[Any] = [one.record for one in results if isinstance(one, ParsedRecord)]
    assert len({one.place.point for one in records}) == len(places)
    assert _transformer.cache_info().currsize > 0


def test_areas_and_missing_geometry_are_no_points(tmp_path: Path) -> None:
    features = [
        feature(FIELDS, point(30, 50)),
        feature(FIELDS, square(30, 50, 1)),
        feature(FIELDS),
        feature(FIELDS, {"type": "Point", "coordinates": ["x", "y"]}),
        feature(FIELDS, point(500, 50)),
        feature(FIELDS, {"type": "MultiPoint", "coordinates": [[30, 50]]}),
        7,
    ]
    results = _outcomes(geojson(tmp_path, *features), MAPPING, "vector_points")
    fates = [one.field if isinstance(one, Rejection) else type(one).__name__ for one in results]
    assert fates == [
        "ParsedRecord",
        "geometry",
        "ParsedRecord",
        "geometry",
        "geometry",
        "ParsedRecord",
        "feature",
    ]
    third: Any = results[2]
    assert (third.record.place.point, third.record.place.precision) == (None, Precision.country)


def test_a_parquet_without_geometry_is_of_no_known_format(tmp_path: Path) -> None:
    path = tmp_path / "plain.parquet"
    parquet.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(InvalidFile):
        outcomes(path)


# Placemarks

KML = """<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{}</Document></kml>"""
PLACEMARK = """<Placemark id="{id}"><name>{name}</name>
<description><![CDATA[<b>A house</b> &amp; a yard<br/>Source: <a href="https://e.org/1">x</a>
<script>bad()</script>]]></description>{time}
<Point><coordinates> 30.52,50.45,0 </coordinates></Point></Placemark>"""


def _kml(folder: Path, *placemarks: str, name: str = "doc.kml") -> Path:
    text = KML.format("".join(placemarks))
    if name.endswith(".kmz"):
        with zipfile.ZipFile(folder / name, "w") as archive:
            archive.writestr("doc.kml", text)
        return folder / name
    return written(folder, name, text)


def _placemark(time: str = "", name: str = "Kyiv", number: str = "1") -> str:
    return PLACEMARK.format(id=number, name=name, time=time)


@pytest.mark.parametrize("name", ["doc.kml", "doc.kmz"])
def test_a_placemark_becomes_an_incident(
    name: str, private_workspace: Workspace, tmp_path: Path
) -> None:
    path = _kml(tmp_path, _placemark("<TimeStamp><when>2024-03-10</when></TimeStamp>"), name=name)
    assert choose(SourceFile.open(path))[0].name == "kml_points"
    (outcome,) = _outcomes(path)
    assert isinstance(outcome, ParsedRecord)
    record: Any = outcome.record
    assert (record.when.first, record.place.name, record.source_key) == (
        date(2024, 3, 10),
        "Kyiv",
        "1",
    )
    assert record.description == "A house & a yard\nSource: x"
    assert [source.url for source in record.sources] == ["https://e.org/1"]
    assert (record.place.point, record.place.precision) == ((30.52, 50.45), Precision.settlement)
    assert imported(private_workspace, path).added == 1


@pytest.mark.parametrize(
    ("time", "first", "last", "precision"),
    [
        ("<TimeStamp><when>2024</when></TimeStamp>", "2024-01-01", "2024-12-31", "year"),
        ("<TimeStamp><when>2024-02</when></TimeStamp>", "2024-02-01", "2024-02-29", "month"),
        (
            "<TimeStamp><when>2024-03-10T23:30:00Z</when></TimeStamp>",
            "2024-03-11",
            "2024-03-11",
            "minute",
        ),
        (
            "<TimeSpan><begin>2024-03-10</begin><end>2024-03-12</end></TimeSpan>",
            "2024-03-10",
            "2024-03-12",
            "day",
        ),
    ],
)
def test_a_placemark_has_days_or_instants_in_the_theatres_zone(
    time: str, first: str, last: str, precision: str, tmp_path: Path
) -> None:
    (outcome,) = _outcomes(_kml(tmp_path, _placemark(time)))
    assert isinstance(outcome, ParsedRecord)
    record: Any = outcome.record
    when = (str(record.when.first), str(record.when.last), record.when.precision.value)
    assert when == (first, last, precision)


@pytest.mark.parametrize("time", ["", "<TimeStamp><when>soon</when></TimeStamp>"])
def test_a_placemark_without_a_day_is_a_rejection(time: str, tmp_path: Path) -> None:
    (fate,) = _outcomes(_kml(tmp_path, _placemark(time)))
    assert isinstance(fate, Rejection)
    assert fate.field == "TimeStamp"


def test_a_mapping_says_that_the_name_is_the_day(tmp_path: Path) -> None:
    table = mapping({"name": "start"}, dates="month_name", has_points=True)
    (outcome,) = _outcomes(_kml(tmp_path, _placemark(name="17 SEP 2025")), table)
    assert isinstance(outcome, ParsedRecord)
    record: Any = outcome.record
    assert record.when.first == date(2025, 9, 17)


def test_the_day_that_a_mapping_names_is_not_mixed_with_the_time_of_the_upload(
    tmp_path: Path,
) -> None:
    table = mapping({"name": "start"}, dates="month_name", has_points=True)
    upload = "<TimeStamp><when>2025-10-01T12:00:00</when></TimeStamp>"
    (outcome,) = _outcomes(_kml(tmp_path, _placemark(upload, name="17 SEP 2025")), table)
    assert isinstance(outcome, ParsedRecord)
    record: Any = outcome.record
    assert (record.when.first, record.when.last) == (date(2025, 9, 17), date(2025, 9, 17))
    assert record.when.text is None


def test_the_hour_of_a_placemark_without_a_zone_stays_as_it_was_written(tmp_path: Path) -> None:
    time = "<TimeStamp><when>2024-03-10T14:00:00</when></TimeStamp>"
    midnight = "<TimeStamp><when>2024-03-10T00:00:00</when></TimeStamp>"
    first, second = _outcomes(_kml(tmp_path, _placemark(time), _placemark(midnight)))
    assert isinstance(first, ParsedRecord)
    assert isinstance(second, ParsedRecord)
    records: list[Any] = [first.record, second.record]
    assert [one.when.text for one in records] == ["2024-03-10T14:00:00", None]


def test_a_document_of_a_kmz_that_is_not_read_is_named(tmp_path: Path) -> None:
    path = _kml(tmp_path, _placemark("<TimeStamp><when>2024-03-10</when></TimeStamp>"))
    with zipfile.ZipFile(tmp_path / "two.kmz", "w") as archive:
        archive.write(path, "layers/more.kml")
        archive.write(path, "doc.kml")
    warnings = [one for one in outcomes(tmp_path / "two.kmz") if isinstance(one, Warned)]
    assert warnings[0] == Warned("Documents of the KMZ that nobody reads: layers/more.kml.")


def test_a_placemark_of_two_points_is_a_rejection(tmp_path: Path) -> None:
    point = "<Point><coordinates>30.52,50.45</coordinates></Point>"
    time = "<TimeStamp><when>2024-03-10</when></TimeStamp>"
    both = f"<Placemark>{time}<MultiGeometry>{point}{point}</MultiGeometry></Placemark>"
    (fate,) = _outcomes(_kml(tmp_path, both))
    assert fate == Rejection(1, "coordinates", "2 points", "one point in a placemark")


def test_the_same_placemark_in_two_folders_counts_once(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    placemark = _placemark("<TimeStamp><when>2024-03-10</when></TimeStamp>")
    report = imported(private_workspace, _kml(tmp_path, placemark, placemark))
    assert (report.added, report.duplicates) == (1, 1)


def test_lines_are_dropped_and_half_a_point_is_a_rejection(tmp_path: Path) -> None:
    line = "<Placemark><LineString><coordinates>1,2 3,4</coordinates></LineString></Placemark>"
    half = "<Placemark><Point><coordinates>30</coordinates></Point></Placemark>"
    empty = "<Placemark><name>x</name></Placemark>"
    results = _outcomes(_kml(tmp_path, line, half, empty))
    assert results[0] == Dropped(1, "line_or_arrow")
    assert isinstance(results[1], Rejection)
    assert results[2] == Dropped(3, "no_point")


BOMB = (
    '<!DOCTYPE kml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    "<kml><Placemark><Point>&b;</Point></Placemark></kml>"
)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (KML.format("<Placemark><Point></Placemark>"), "XML of bad.kml, line 2"),
        (
            BOMB,
            "XML of bad.kml, line 1: got 'an entity declaration'",
        ),
        ("<kml><Folder/><!-- <Point --></kml>", "content of bad.kml: got 'no Placemark'"),
    ],
)
def test_kml_that_is_none_is_refused(text: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match=f"^{sentence}"):
        outcomes(written(tmp_path, "bad.kml", text))


# UNOSAT

PASSES = {
    "SensorDate": "2023-10-15T00:00:00",
    "Main_Damage_Site_Class": 6,
    "SensorDate_2": "2024-05-03",
    "Main_Damage_Site_Class_2": 1,
    "SensorDate_3": 1704585600000,  # 7 January 2024: passes stand in no order of time
    "Main_Damage_Site_Class_3": 3,
    "Damage_Status_2": "worse",
    "SensorDate_4": None,
    "Main_Damage_Site_Class_4": None,
}


def _site(folder: Path, **fields: object) -> Any:
    path = geojson(folder, feature({**PASSES, **fields}, point(30.52, 50.45)))
    assert choose(SourceFile.open(path))[0].name == "unosat"
    (outcome,) = _outcomes(path)
    return outcome.record if isinstance(outcome, ParsedRecord) else outcome


def test_the_latest_pass_gives_the_grade_and_earlier_ones_are_claims(tmp_path: Path) -> None:
    site = _site(tmp_path)
    assert [(part.grade, part.count) for part in site.damage] == [(Grade.destroyed, 1)]
    assert [claim.text for claim in site.claims] == [
        "2023-10-15: none (class 6)",
        "2024-01-07: moderate (class 3)",
    ]
    assert site.description == "Damage_Status_2: worse"


def test_damage_came_to_be_between_two_passes(tmp_path: Path) -> None:
    when = _site(tmp_path).when
    assert (when.first, when.last) == (date(2023, 10, 15), date(2024, 1, 7))
    assert when.precision is WhenPrecision.unknown
    assert when.text == "first seen from orbit on 2024-01-07, not yet on 2023-10-15"


@pytest.mark.parametrize(
    ("code", "grade"),
    [(1, "destroyed"), (2, "severe"), (3, "moderate"), (4, "possible"), (11, "possible")],
)
def test_damage_classes_are_grades(code: int, grade: str, tmp_path: Path) -> None:
    (part,) = _site(tmp_path, Main_Damage_Site_Class_2=code).damage
    assert part.grade.value == grade
    assert bool(part.object_kind) == (code == 11)


def test_a_site_without_visible_damage_is_dropped(tmp_path: Path) -> None:
    classes = {"Main_Damage_Site_Class_2": 6, "Main_Damage_Site_Class_3": "No Visible Damage"}
    assert _site(tmp_path, **classes) == Dropped(1, "no_visible_damage")


@pytest.mark.parametrize(
    "fields",
    [
        {"Main_Damage_Site_Class_2": 8},
        {"SensorDate_2": "soon"},
        {"SensorDate_2": None},
    ],
)
def test_a_pass_that_cannot_be_read_rejects_its_site(
    fields: dict[str, object], tmp_path: Path
) -> None:
    assert isinstance(_site(tmp_path, **fields), Rejection)


@pytest.mark.parametrize("writer", [_geopackage, _shapefile, _geodatabase])
def test_unosats_other_files_are_recognised_by_their_fields(
    writer: Any, private_workspace: Workspace, tmp_path: Path
) -> None:
    names = {"SensorDate": "2024-01-07", "Main_Damage_Site_Class": 1}
    if writer is _shapefile:
        names = {"SensorDate": "2024-01-07", "Main_Damag": 1, "SensorDa_1": "", "Main_Dam_1": ""}
    report = imported(private_workspace, writer(tmp_path, **names))
    assert (report.format, report.added) == ("unosat", 1)


def test_a_collection_without_features_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "none.geojson", collection([]))
    with pytest.raises(InvalidFile, match="got 'no pass'"):
        outcomes(path, "unosat")


def test_a_map_of_google_whose_days_are_a_column_is_read_at_once(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    placemarks = "".join(
        f"<Placemark><name>Inventown {day}</name><description>invented</description><ExtendedData>"
        f'<Data name="Date"><value>{day} березня 2024</value></Data>'
        f'<Data name="Killed"><value>2</value></Data></ExtendedData>'
        f"<Point><coordinates>36.23,49.99,0</coordinates></Point></Placemark>"
        for day in (10, 17)
    )
    text = f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{placemarks}</Document></kml>'
    path = written(tmp_path, "map.kml", text)
    mapping = suggest(private_workspace, path, "ukraine").mapping
    assert (mapping.format, mapping.columns["Date"]) == ("kml_points", "start")
    report = imported(private_workspace, path)
    assert (report.format, report.added, report.rejected) == ("kml_points", 2, 0)
    assert (
        "'Killed' is left out, called like killed, but not read in this format"
        in (report.warnings[0])
    )
