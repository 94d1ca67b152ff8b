"""Every format is read back whole by others, and says inside whose it is and what it means."""

from __future__ import annotations

import csv
import json
import sqlite3
import zipfile
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import geopandas
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from python_calamine import CalamineWorkbook

from app.domain.count import Count, Toll
from app.domain.damage import Damage
from app.domain.place import LonLat, Place, Precision
from app.domain.revision import Action
from app.domain.source import SourceRef
from app.domain.terms import Face
from app.domain.view import View
from app.exporters.columns import NOTES
from app.instance.workspace import Workspace
from app.publishing.publish import publish
from app.publishing.query import Query
from app.queries.incidents import list_incidents
from app.queries.summary_csv import neutral
from tests.exporters.exporting import EXAMPLE, FORMS, cells, exported
from tests.making import KYIV, add, change, dataset, incident, write
from tests.support import NOW

KML = "{http://www.opengis.net/kml/2.2}"
VIEW = View(theatre="ukraine", datasets=("invented",))
FORMULA = '=HYPERLINK("x")'


@pytest.fixture
def invented(private_workspace: Workspace) -> Workspace:
    """Hold a point with every sort of figure, and a report known to a region only."""
    placed = incident(
        "full",
        place=Place.at(KYIV, Precision.street, error_m=250, name="Київ"),
        weapons=("drone", "missile.cruise"),
        killed=Toll.of(Count(2, None, None)),
        injured=Toll.of(Count(0, 0, 0)),
        damage=(Damage("energy"), Damage("residential")),
        sources=(SourceRef("Agency", "https://example.org/1"), SourceRef("Post")),
        description=FORMULA,
    )
    region = incident("region", place=Place.at(None, Precision.admin1, admin1="UA-12"))
    add(private_workspace.store, dataset(), placed, region)
    return private_workspace


def listed(workspace: Workspace, view: View) -> dict[str, dict[str, Any]]:
    """List the same View as the API does, by id."""
    published = publish(Query.of(workspace, view, NOW), Face.points)
    features = list_incidents(published, 10_000).features
    return {one["id"]: one for one in features}


@pytest.mark.parametrize("form", FORMS)
def test_gdal_reads_back_every_incident(demos: Workspace, tmp_path: Path, form: str) -> None:
    expected = listed(demos, EXAMPLE)
    path = exported(demos, tmp_path, form)
    assert len(expected) > 300
    if form == "parquet":  # the GDAL of the wheel has no driver for it; GeoPandas reads it itself
        assert set(geopandas.read_parquet(path)["id"]) == set(expected)
    else:
        table = cells(path, "incidents" if form in ("gpkg", "xlsx") else None)
        ids = table["incident_id" if form == "kml" else "id"]
        assert (len(ids), set(ids)) == (len(expected), set(expected))


def test_a_geopackage_is_a_sound_database_with_the_facts_of_the_list(
    demos: Workspace, tmp_path: Path
) -> None:
    expected, path = listed(demos, EXAMPLE), exported(demos, tmp_path, "gpkg")
    rows = cells(path, "incidents")
    for place, key in enumerate(rows["id"]):
        properties, geometry = expected[key]["properties"], expected[key]["geometry"]
        shape = rows["geometry"][place]
        at = None if shape is None else list(shapely.from_wkb(shape).coords[0])
        assert at == (None if geometry is None else geometry["coordinates"])
        assert rows["killed_low"][place] == (properties["killed"] or {}).get("low")
        assert rows["region"][place] == properties["region"]["admin1"]
        assert json.loads(rows["damage"][place] or "[]") == list(properties["damage"])
        assert rows["control_distance_km"][place] == (
            properties["control"][0]["distance_km"] if properties["control"] else None
        )
    with sqlite3.connect(path) as base:
        assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert base.execute("SELECT count(*) FROM gpkg_metadata").fetchone()[0] >= 1
        assert base.execute("SELECT count(*) FROM rtree_incidents_geom").fetchone()[0] == sum(
            one["geometry"] is not None for one in expected.values()
        )
        fields = dict(base.execute("SELECT field, unit FROM fields").fetchall())
        about = dict(base.execute("SELECT name, value FROM about").fetchall())
    assert fields.keys() == {note.name for note in NOTES}
    assert fields["error_m"] == "metres"
    assert "ledger head" in about["citation"]
    assert about["rows"] == str(len(expected))


@pytest.mark.parametrize("form", ["csv", "gpkg"])
def test_unknown_stays_empty_and_is_never_nought(
    invented: Workspace, tmp_path: Path, form: str
) -> None:
    full: dict[str, Any]
    region: dict[str, Any]
    nothing: Any
    nought: Any
    if form == "csv":
        text = exported(invented, tmp_path, form, VIEW).read_text("utf-8-sig")
        rows: dict[str, Any] = {r["source_key"]: r for r in csv.DictReader(text.splitlines())}
        full, region, nothing, nought = rows["full"], rows["region"], "", "0"
    else:
        columns = cells(exported(invented, tmp_path, form, VIEW), "incidents")
        rows = {
            key: {name: columns[name][n] for name in columns}
            for n, key in enumerate(columns["source_key"])
        }
        full, region, nothing, nought = rows["full"], rows["region"], None, 0
    assert [full[f"killed_{bound}"] for bound in ("best", "high")] == [nothing] * 2
    assert [full[f"injured_{bound}"] for bound in ("low", "best", "high")] == [nought] * 3
    assert [region[name] for name in ("killed_low", "injured_low", "error_m")] == [nothing] * 3
    assert region["lon"] == nothing
    assert region["lat"] == nothing
    assert region["region"] == "UA-12"


def test_a_place_known_only_to_a_region_is_never_a_dot(invented: Workspace, tmp_path: Path) -> None:
    features = json.loads(exported(invented, tmp_path, "geojson", VIEW).read_bytes())["features"]
    by_key = {one["properties"]["source_key"]: one["geometry"] for one in features}
    assert by_key["region"] is None
    assert by_key["full"]["coordinates"] == [KYIV.lon, KYIV.lat]
    tree = ET.fromstring(exported(invented, tmp_path, "kml", VIEW).read_bytes())  # noqa: S314  ours
    marks = tree.findall(f".//{KML}Placemark")
    assert [len(mark.findall(f"{KML}Point")) for mark in marks] in ([0, 1], [1, 0])
    table = pq.read_table(exported(invented, tmp_path, "parquet", VIEW))
    assert table["geometry"].null_count == 1


def test_no_cell_is_run_as_a_formula(invented: Workspace, tmp_path: Path) -> None:
    text = exported(invented, tmp_path, "csv", VIEW).read_text("utf-8-sig")
    described = {row["description"] for row in csv.DictReader(text.splitlines())}
    assert described == {"'" + FORMULA, ""}
    book = exported(invented, tmp_path, "xlsx", VIEW)
    sheet = CalamineWorkbook.from_path(book).get_sheet_by_name("incidents").to_python()
    column = sheet[0].index("description")
    assert {row[column] for row in sheet[1:]} == {FORMULA, ""}
    with zipfile.ZipFile(book) as parts:
        assert b"<f>" not in parts.read("xl/worksheets/sheet1.xml")


def test_full_width_signs_pipes_and_the_citation_are_no_formulas_either(
    invented: Workspace, tmp_path: Path
) -> None:
    write(invented.store, [change(dataset(attribution=FORMULA), Action.amend)], NOW)
    for start in ("=", "＝", "|", "＠"):
        text = incident("full", description=f"{start}cmd|'/c calc'!A1")
        write(invented.store, [change(text, Action.amend)], NOW)
        out = exported(invented, tmp_path, "csv", VIEW).read_text("utf-8-sig")
        rows = {row["source_key"]: row for row in csv.DictReader(out.splitlines())}
        assert rows["full"]["description"] == f"'{text.description}" == neutral(text.description)
        assert rows["full"]["citation"].startswith("'=HYPERLINK")


def test_a_workbook_has_days_as_days_and_sheets_for_terms_and_columns(
    invented: Workspace, tmp_path: Path
) -> None:
    book = CalamineWorkbook.from_path(exported(invented, tmp_path, "xlsx", VIEW))
    assert book.sheet_names == ["incidents", "about", "fields"]
    rows = book.get_sheet_by_name("incidents").to_python()
    assert {row[rows[0].index("first_day")] for row in rows[1:]} == {date(2025, 10, 24)}
    lines = book.get_sheet_by_name("about").to_python()
    about = {str(name): str(value) for name, value in lines}
    assert about["citation"].startswith("Invented. Strikemap: Invented")
    fields = book.get_sheet_by_name("fields").to_python()
    assert [row[0] for row in fields[1:]] == rows[0]


def test_geoparquet_carries_its_key_values(invented: Workspace, tmp_path: Path) -> None:
    path = exported(invented, tmp_path, "parquet", VIEW)
    metadata = pq.read_schema(path).metadata
    geo = json.loads(metadata[b"geo"])
    assert (geo["version"], geo["primary_column"]) == ("1.1.0", "geometry")
    about = json.loads(metadata[b"strikemap"])
    assert about["datasets"][0]["licence"] == "CC0-1.0"
    assert {one["name"] for one in about["fields"]} == {note.name for note in NOTES}
    unit = pq.read_schema(path).field("error_m").metadata[b"unit"]
    assert unit == b"metres"
    frame = geopandas.read_parquet(path)
    assert str(frame.crs) == "OGC:CRS84"
    assert frame.geometry.isna().sum() == 1


def test_a_csv_row_never_parts_from_its_licence_and_the_file_is_described_beside_it(
    invented: Workspace, tmp_path: Path
) -> None:
    path = exported(invented, tmp_path, "csv", VIEW)
    assert path.read_bytes().startswith(b"\xef\xbb\xbfid,number,dataset")
    rows = list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))
    assert {row["licence"] for row in rows} == {"CC0-1.0"}
    assert all("ledger head" in row["citation"] for row in rows)
    metadata = json.loads((tmp_path / "export.csv-metadata.json").read_bytes())
    assert metadata["url"] == "export.csv"
    names = [column["name"] for column in metadata["tableSchema"]["columns"]]
    assert names == list(rows[0])
    assert "metres" in metadata["tableSchema"]["columns"][names.index("error_m")]["dc:description"]


def test_kml_tells_its_terms_and_what_each_field_means(invented: Workspace, tmp_path: Path) -> None:
    tree = ET.fromstring(exported(invented, tmp_path, "kml", VIEW).read_bytes())  # noqa: S314  ours
    description = tree.findtext(f"{KML}Document/{KML}description") or ""
    assert "citation: Invented." in description
    names = [one.get("name") for one in tree.findall(f".//{KML}SimpleField")]
    assert names == ["incident_id", *(note.name for note in NOTES[1:])]
    metres = [one.findtext(f"{KML}displayName") for one in tree.findall(f".//{KML}SimpleField")]
    assert any("(metres)" in (text or "") for text in metres)


@pytest.mark.parametrize(
    "text", ["\x00\x1f control", "]]>&<b>", "Їжак 💥", "a\nb\r\nc", '"quoted"']
)
@pytest.mark.parametrize("form", FORMS)
def test_odd_text_spoils_no_file(
    private_workspace: Workspace, tmp_path: Path, form: str, text: str
) -> None:
    odd = incident(
        "odd", description=text, place=Place.at(LonLat(30, 50), Precision.exact, name=text)
    )
    add(private_workspace.store, dataset(), odd)
    path = exported(private_workspace, tmp_path, form, VIEW)
    layer = "incidents" if form in ("gpkg", "xlsx") else None
    if form == "parquet":
        assert pq.read_table(path)["description"].to_pylist() == [text]
    else:
        assert len(cells(path, layer)["status"]) == 1


@pytest.mark.parametrize("form", FORMS)
def test_a_view_of_nothing_is_a_file_without_rows(
    private_workspace: Workspace, tmp_path: Path, form: str
) -> None:
    path = exported(private_workspace, tmp_path, form, View(theatre="ukraine"))
    if form == "parquet":
        assert pq.read_table(path).num_rows == 0
    elif form == "kml":
        assert not ET.fromstring(path.read_bytes()).findall(f".//{KML}Placemark")  # noqa: S314
    elif form == "geojson":
        assert json.loads(path.read_bytes())["features"] == []
    elif form == "xlsx":  # GDAL takes a header without rows for a row
        assert len(CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()) == 1
    else:
        layer = "incidents" if form == "gpkg" else None
        assert pyogrio.read_info(path, layer=layer)["features"] == 0
