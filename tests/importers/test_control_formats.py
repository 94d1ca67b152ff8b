"""Control files of each source: what an area means, whose it is, and from when."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import zipfile
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
import pytest
import shapely
from pyproj import Transformer

from app.domain.control import ControlSnapshot
from app.domain.errors import InvalidFile
from app.domain.place import area_km2
from app.files.source import Rejection, SourceFile
from app.importers.base import Dropped, Outcome, ParsedRecord, Warned
from app.importers.choices import ControlChoices
from app.importers.formats import choose
from tests.support import FILES, collection, context, feature, outcomes, point, square, written

DAY = date(2024, 3, 10)
ALBERS = "+proj=aea +lat_1=45 +lat_2=51 +lat_0=48 +lon_0=36 +datum=WGS84 +units=m"
KML = (
    '<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>{}</Document></kml>'
)
ZONE = (
    "<Placemark><name>zone</name><styleUrl>#{style}</styleUrl><Polygon><outerBoundaryIs>"
    "<LinearRing><coordinates>36,47,0 37,47,0 37,48,0 36,48,0 36,47,0</coordinates></LinearRing>"
    "</outerBoundaryIs></Polygon></Placemark>"
)


def read(path: Path, format_name: str = "auto", **choices: Any) -> list[Outcome]:
    control_context = replace(
        context("ukraine", synthetic=False), choices=ControlChoices(**choices)
    )
    return outcomes(path, format_name, control_context)


def snapshot(results: list[Outcome]) -> ControlSnapshot:
    (record,) = [one.record for one in results if isinstance(one, ParsedRecord)]
    assert isinstance(record, ControlSnapshot)
    return record


def areas(results: list[Outcome]) -> list[tuple[str, str, str, str | None]]:
    rows = [
        (one.controller, one.status.value, one.part.value, one.word)
        for one in snapshot(results).areas
    ]
    return sorted(rows, key=str)


def dropped(results: list[Outcome]) -> dict[str, int]:
    return dict(Counter(one.reason for one in results if isinstance(one, Dropped)))


def rejections(results: list[Outcome]) -> list[tuple[int, str, str]]:
    return [(one.row, one.field, one.got) for one in results if isinstance(one, Rejection)]


def format_of(path: Path) -> str:
    return choose(SourceFile.open(path))[0].name


def drawn(name: str, fill: str = "#000000", shape: object = None) -> dict[str, Any]:
    properties = {"name": name, "fill": fill, "styleHash": "0", "styleMapHash": {}}
    return feature(properties, shape or square(36, 47, 1))


def raw(folder: Path, *features: object, name: str = "1754077960.geojson") -> Path:
    return written(folder, name, collection(features))


def test_the_keys_of_a_raw_map_tell_status_and_baseline() -> None:
    results = read(FILES / "1754077960.geojson")
    assert areas(results) == [
        ("ru", "assessed", "crimea", "Occupied Crimea"),
        ("ru", "assessed", "main", "Occupied"),
        ("ru", "unknown", "main", "Unknown status"),
        ("ua", "regained", "main", "Liberated 25.03"),
    ]
    assert dropped(results) == {"other_territory": 1, "unit_or_attack_icon": 1}


def test_a_raw_map_is_of_the_local_day_of_its_instant(tmp_path: Path) -> None:
    whole = {
        "id": 1680387436,
        "map": json.loads(collection([drawn("x /// Occupied /// geoJSON.status.occupied")])),
    }
    day = snapshot(read(written(tmp_path, "last.json", json.dumps(whole))))
    assert day.assessed_at == datetime(2023, 4, 1, 22, 17, 16, tzinfo=UTC)
    assert day.valid_on == date(2023, 4, 2)


def test_a_raw_map_without_an_instant_needs_a_day(tmp_path: Path) -> None:
    path = raw(tmp_path, drawn("Окуповано"), name="map.geojson")
    with pytest.raises(InvalidFile, match=r"^date of map.geojson: got 'none', allowed: an `id`"):
        read(path)
    assert snapshot(read(path, valid_on=DAY)).valid_on == DAY


def test_words_and_then_colours_are_read_only_without_a_key(tmp_path: Path) -> None:
    results = read(
        raw(
            tmp_path,
            drawn("Ізюм. Окуповано\u00a0", "#0f9d58"),
            drawn("ОРДЛО", shape=square(38, 47, 1)),
            drawn("free text", "#A52714", square(34, 47, 1)),
            drawn("Окупована область Салла", "#ff5252", square(28, 66, 1)),
            drawn("Придністров'я", "#880e4f", square(29, 47, 1)),
        )
    )
    assert areas(results) == [
        ("ru", "assessed", "main", "Окуповано"),
        ("ru", "assessed", "main", None),
        ("ru", "assessed", "pre2022", "ОРДЛО"),
    ]
    assert dropped(results) == {"other_territory": 2}
    warning = "5 areas carry no key: 3 were read by their words and 2 by their colour alone."
    assert Warned(warning) in results


def test_a_key_or_colour_that_nobody_listed_is_rejected_so_that_it_is_seen(tmp_path: Path) -> None:
    results = read(raw(tmp_path, drawn("x /// y /// geoJSON.status.new"), drawn("odd", "#123456")))
    assert rejections(results) == [
        (1, "name", "x /// y /// geoJSON.status.new"),
        (2, "name", "odd"),
    ]


def test_all_days_in_one_file_are_a_snapshot_each(tmp_path: Path) -> None:
    features = [
        feature({"id": 1, "date": "2024-03-10"}, square(36, 47, 1)),
        feature({"id": 2, "date": "2024-03-11"}, square(36, 47, 1)),
        feature({"id": 3, "date": ""}, square(36, 47, 1)),
    ]
    results = read(written(tmp_path, "deepstate-map-data.geojson", collection(features)))
    assert [one.record.valid_on.day for one in results if isinstance(one, ParsedRecord)] == [10, 11]  # type: ignore[union-attr]
    assert rejections(results) == [(3, "valid_on", "")]


def nzz(folder: Path, **properties: object) -> Path:
    features = [
        feature({"type": kind, **properties}, square(34 + number, 47, 1))
        for number, kind in enumerate(("nochange", "gains", "losses"))
    ]
    return written(folder, "day.json", '{"value":' + collection(features) + "}")


def test_nzz_holds_what_did_not_change_and_what_was_gained(tmp_path: Path) -> None:
    results = read(nzz(tmp_path, _dateto="2024-03-10", date="2024-03-11"))
    assert areas(results) == [
        ("ru", "assessed", "main", "gains"),
        ("ru", "assessed", "main", "nochange"),
        ("ua", "regained", "main", "losses"),
    ]
    day = snapshot(results)
    assert (day.valid_on, [part.value for part in day.includes]) == (DAY, ["main"])


def test_nzz_without_a_date_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="allowed: _dateto or date on each feature"):
        read(nzz(tmp_path))


def shapefile(folder: Path, name: str, *, crs: str = "EPSG:4326", without: str = "") -> Path:
    """Write a zipped shapefile of one square from 36 E 47 N to 37 E 48 N, with nested folders."""
    shape = shapely.box(36, 47, 37, 48)
    transformer = Transformer.from_crs("OGC:CRS84", crs, always_xy=True)
    flat = shapely.transform(shape, lambda xy: np.column_stack(transformer.transform(*xy.T)))
    target = folder / f"{name}.shp"
    fields = [np.array(["occupied"], dtype=object), np.array(["2024-03-10"], dtype=object)]
    pyogrio.raw.write(
        target,
        shapely.to_wkb(np.array([flat])),
        fields,
        ["what", "day"],
        geometry_type="Polygon",
        crs=crs,
        driver="ESRI Shapefile",
    )
    path = folder / f"{name}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for part in sorted(folder.glob(f"{name}.*")):
            if part.suffix not in {".zip", without}:
                archive.write(part, f"nested/{part.name}")
    return path


@pytest.mark.parametrize(
    ("name", "tier"),
    [
        ("UkraineControlMapAO10MAR2024", ("ru", "assessed", "main", "assessed control")),
        (
            "AssessedRussianAdvancesinUkraineMAR102024",
            ("ru", "advance", "main", "assessed advance"),
        ),
        ("ClaimedRussianTerritoryinUkraineMAR102024", ("ru", "claimed", "main", "claimed control")),
        (
            "ClaimedUkrainianCounteroffensivesMAR102024",
            ("ua", "claimed", "main", "claimed counter-offensive"),
        ),
        (
            "AssessedRussianInfiltrationAreasinUkraineMAR102024",
            ("ru", "contested", "main", "assessed infiltration"),
        ),
        (
            "UkraineControlMapPre2022MAR102024",
            ("ru", "assessed", "pre2022", "control before 24 February 2022"),
        ),
    ],
)
def test_the_name_of_an_isw_layer_tells_its_tier_and_day(
    name: str, tier: tuple[str, ...], tmp_path: Path
) -> None:
    path = shapefile(tmp_path, name)
    assert format_of(path) == "isw"
    results = read(path)
    assert areas(results) == [tier]
    assert snapshot(results).valid_on == DAY


def test_partisan_warfare_is_dropped(tmp_path: Path) -> None:
    results = read(shapefile(tmp_path, "ReportedUkrainianPartisanWarfareMAR102024"))
    assert results == [Dropped(1, "partisan_warfare")]


def test_a_shapefile_in_albers_lies_where_it_should(tmp_path: Path) -> None:
    results = read(shapefile(tmp_path, "UkraineControlMapAO10MAR2024", crs=ALBERS))
    (shape,) = [
        shapely.from_wkb(w)
        for o in results
        if isinstance(o, ParsedRecord)
        for w in o.shapes.values()
    ]
    assert shape.bounds == pytest.approx((36, 47, 37, 48), abs=1e-6)


def test_a_shapefile_without_prj_is_refused(tmp_path: Path) -> None:
    path = shapefile(tmp_path, "UkraineControlMapAO10MAR2024", without=".prj")
    with pytest.raises(InvalidFile, match=r"got 'no .prj', allowed: a .prj beside it"):
        read(path)


def arcgis(folder: Path, **members: object) -> Path:
    answer = {
        "objectIdFieldName": "OBJECTID",
        "geometryType": "esriGeometryPolygon",
        "spatialReference": {"wkid": 4326},
        "fields": [{"name": "OBJECTID", "type": "esriFieldTypeOID"}],
        "features": [
            {
                "attributes": {"OBJECTID": 1},
                "geometry": {"rings": [[[36, 47], [36, 48], [37, 48], [37, 47], [36, 47]]]},
            }
        ],
        **members,
    }
    return written(folder, "VIEW_RussiaCoTinUkraine_V3.json", json.dumps(answer))


def test_an_arcgis_answer_has_no_day_of_its_own(tmp_path: Path) -> None:
    path = arcgis(tmp_path)
    with pytest.raises(InvalidFile, match="or --valid-on DAY"):
        read(path)
    assert areas(read(path, valid_on=DAY)) == [("ru", "assessed", "main", "assessed control")]


def test_an_arcgis_answer_that_was_cut_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="exceededTransferLimit"):
        read(arcgis(tmp_path, exceededTransferLimit=True), valid_on=DAY)


def test_any_shapefile_or_geopackage_is_read_by_a_mapping(tmp_path: Path) -> None:
    choices: dict[str, Any] = {
        "controller": "ru",
        "status_field": "what",
        "valid_on_field": "day",
    }
    path = shapefile(tmp_path, "mine", crs="EPSG:3035")
    assert format_of(path) == "vector_control"
    assert areas(read(path, **choices)) == [("ru", "assessed", "main", "occupied")]
    package = tmp_path / "mine.gpkg"
    meta, _ids, shapes, fields = pyogrio.raw.read(tmp_path / "mine.shp")
    pyogrio.raw.write(
        package, shapes, fields, meta["fields"], geometry_type="Polygon", crs=meta["crs"]
    )
    assert format_of(package) == "vector_control"
    results = read(package, **choices)
    assert areas(results) == [("ru", "assessed", "main", "occupied")]
    assert snapshot(results).valid_on == DAY


@pytest.mark.parametrize(
    ("choices", "sentence"),
    [
        ({"controller": "ru"}, "date of any.geojson: got 'none', allowed: --valid-on DAY or"),
        ({"valid_on": DAY}, "controller of any.geojson: got 'none', allowed: --controller PARTY"),
    ],
)
def test_areas_without_a_day_or_a_holder_are_refused(
    choices: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    path = written(tmp_path, "any.geojson", collection([feature({}, square(36, 47, 1))]))
    with pytest.raises(InvalidFile, match=sentence):
        read(path, **choices)


def test_a_geopackage_without_a_reference_system_is_refused(tmp_path: Path) -> None:
    package = tmp_path / "mine.gpkg"
    shapes = shapely.to_wkb(np.array([shapely.box(36, 47, 37, 48)]))
    with pytest.warns(UserWarning, match="crs"):
        pyogrio.raw.write(package, shapes, [], [], geometry_type="Polygon")
    with pytest.raises(InvalidFile, match=r"reference system of mine\.gpkg"):
        read(package, controller="ru", valid_on=DAY)


def test_a_geopackage_with_a_view_is_refused_since_a_view_can_run_for_ever(tmp_path: Path) -> None:
    package = tmp_path / "mine.gpkg"
    shapes = shapely.to_wkb(np.array([shapely.box(36, 47, 37, 48)]))
    pyogrio.raw.write(package, shapes, [], [], geometry_type="Polygon", crs="EPSG:4326")
    with contextlib.closing(sqlite3.connect(package)) as connection:
        connection.execute(
            "CREATE VIEW endless AS WITH RECURSIVE n(fid) AS (SELECT 1 UNION ALL SELECT fid + 1"
            " FROM n) SELECT n.fid, m.geom FROM n, mine AS m WHERE n.fid < 0"
        )
        connection.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id)"
            " VALUES ('endless', 'features', 'endless', 4326)"
        )
        connection.execute(
            "INSERT INTO gpkg_geometry_columns VALUES ('endless', 'geom', 'POLYGON', 4326, 0, 0)"
        )
        connection.commit()
    with pytest.raises(InvalidFile, match="the view 'endless'"):
        read(package, controller="ru", valid_on=DAY)


def test_a_field_that_the_file_has_not_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, "any.geojson", collection([feature({"a": 1}, square(36, 47, 1))]))
    results = read(path, controller="ru", valid_on=DAY, status_field="what")
    assert rejections(results) == [(1, "status-field", "what")]


def test_the_rejection_of_an_area_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    faulty = {"type": "Polygon", "coordinates": [[["x", 1], [2, 2], [3, 3], ["x", 1]]]}
    shapes = [feature({}, faulty), feature({}), "x", feature({}, square(36, 47, 1))]
    path = written(tmp_path, "any.geojson", collection(shapes))
    results = read(path, "vector_control", controller="ru", valid_on=DAY)
    assert rejections(results) == [
        (1, "geometry", str(faulty)),
        (2, "geometry", ""),
        (3, "feature", "x"),
    ]


def kml(folder: Path, *placemarks: str, name: str = "Control_24_03_10.kml") -> Path:
    return written(folder, name, KML.format("".join(placemarks)))


def test_kml_zones_are_read_by_their_style_and_icons_are_dropped(tmp_path: Path) -> None:
    icon = "<Placemark><Point><coordinates>36,47</coordinates></Point></Placemark>"
    arrow = "<Placemark><LineString><coordinates>36,47 37,48</coordinates></LineString></Placemark>"
    results = read(kml(tmp_path, ZONE.format(style="ru"), icon, arrow))
    assert areas(results) == [("ru", "assessed", "main", "zone")]
    assert dropped(results) == {"unit_or_attack_icon": 1, "line_or_arrow": 1}
    assert snapshot(results).valid_on == DAY


def test_a_kmz_is_the_kml_in_it(tmp_path: Path) -> None:
    inner = kml(tmp_path, ZONE.format(style="x"))
    with zipfile.ZipFile(tmp_path / "zones.kmz", "w") as archive:
        archive.write(inner, "doc.kml")
        archive.writestr("icons/1.png", b"x")
    results = read(tmp_path / "zones.kmz", controller="ua", valid_on=DAY)
    assert areas(results) == [("ua", "assessed", "main", "zone")]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (KML.format("<a>\n</b><Polygon/>"), "line 2: got 'mismatched tag'"),
        (KML.format("<Polygon/>") + "\njunk", "line 2: got 'syntax error'|junk after document"),
        (
            '<!DOCTYPE kml [<!ENTITY a "aaaa">]>\n<kml><Polygon>&a;</Polygon></kml>',
            "line 1: got 'an entity declaration', allowed: KML without a DTD",
        ),
    ],
)
def test_kml_with_a_fault_is_one_sentence_with_its_line(
    content: str, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidFile, match=sentence):
        read(written(tmp_path, "Control_24_03_10.kml", content))


def test_ground_of_a_kml_file_abroad_is_told_in_km2(tmp_path: Path) -> None:
    results = read(
        kml(tmp_path, ZONE.format(style="ru").replace("36,", "41,").replace("37,", "42,"))
    )
    (warning,) = [one.text for one in results if isinstance(one, Warned)]
    assert warning.startswith("8,3")
    assert warning.endswith("km² that the file gives to ru lie outside UA; nothing was cut off.")


def mine(folder: Path, shape: object) -> list[Outcome]:
    path = written(folder, "any.geojson", collection([feature({}, shape)]))
    return read(path, controller="ru", valid_on=DAY)


def only_area_km2(results: list[Outcome]) -> float:
    (wkb,) = [
        wkb for one in results if isinstance(one, ParsedRecord) for wkb in one.shapes.values()
    ]
    return area_km2(shapely.from_wkb(wkb))


def test_the_winding_of_rings_makes_no_difference(tmp_path: Path) -> None:
    outer = square(36, 47, 1)["coordinates"][0]
    inner = square(36.4, 47.4, 0.2)["coordinates"][0]
    expected_km2 = area_km2(shapely.Polygon(outer, [inner]))
    for rings in ([outer, inner], [outer[::-1], inner], [outer[::-1], inner[::-1]]):
        results = mine(tmp_path, {"type": "Polygon", "coordinates": rings})
        assert only_area_km2(results) == pytest.approx(expected_km2)


def test_an_area_with_swapped_axes_is_rejected(tmp_path: Path) -> None:
    results = mine(tmp_path, square(47, 36, 1))
    assert rejections(results) == [
        (1, "geometry", "a polygon outside the theatre that lies inside with its axes swapped")
    ]


def test_an_area_across_the_antimeridian_is_cut_there_and_told(tmp_path: Path) -> None:
    ring = [[179, 50], [-179, 50], [-179, 51], [179, 51], [179, 50]]
    results = mine(tmp_path, {"type": "Polygon", "coordinates": [ring]})
    assert only_area_km2(results) == pytest.approx(2 * area_km2(shapely.box(0, 50, 1, 51)))
    (warning,) = [one.text for one in results if isinstance(one, Warned)]
    assert "a polygon across the antimeridian was cut there" in warning


def test_a_collection_gives_its_polygons_and_an_invalid_one_is_repaired(tmp_path: Path) -> None:
    bow = {"type": "Polygon", "coordinates": [[[36, 47], [37, 48], [37, 47], [36, 48], [36, 47]]]}
    whole = {"type": "GeometryCollection", "geometries": [bow, point(36, 47)]}
    results = mine(tmp_path, whole)
    assert 0 < only_area_km2(results) < area_km2(shapely.box(36, 47, 37, 48))
    (warning,) = [one.text for one in results if isinstance(one, Warned)]
    assert "an invalid polygon was repaired (Self-intersection" in warning
