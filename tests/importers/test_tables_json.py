"""JSON lines, text sequences, single Features, FlatGeobuf, TopoJSON and GPX are tables too."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from shapely import Point

from app.domain.errors import InputError, InvalidFile, NeedsMapping
from app.instance.workspace import Workspace
from tests.support import feature, imported, written

ROWS: list[dict[str, Any]] = [
    {"id": "a", "date": "2024-03-10", "lat": 49.99, "lon": 36.23, "killed": 2},
    {"id": "b", "date": "2024-03-11", "lat": 50.45, "lon": 30.52, "source": {"name": "invented"}},
]
FEATURES = [
    feature(
        {name: row[name] for name in ("id", "date")},
        {"type": "Point", "coordinates": [row["lon"], row["lat"]]},
    )
    for row in ROWS
]
GPX = """<?xml version="1.0"?>
<gpx version="1.1" creator="invented" xmlns="http://www.topografix.com/GPX/1/1">
  <wpt lat="49.99" lon="36.23"><time>2024-03-10T10:00:00Z</time><name>Inventown</name></wpt>
  <wpt lat="50.45" lon="30.52"><time>2024-03-11T10:00:00Z</time><name>Otherton</name></wpt>
  <trk><trkseg><trkpt lat="49" lon="36"/><trkpt lat="49.1" lon="36"/></trkseg></trk>
</gpx>
"""


def _lines(values: list[dict[str, Any]], before: str = "") -> str:
    return "".join(f"{before}{json.dumps(value)}\n" for value in values)


@pytest.mark.parametrize(
    ("name", "text", "count"),
    [
        ("rows.ndjson", _lines(ROWS), 2),
        ("rows.jsonl", "\n\n".join(map(json.dumps, ROWS)), 2),
        ("rows.json", json.dumps(ROWS), 2),
        ("lines.geojsonl", _lines(FEATURES), 2),
        ("sequence.geojsons", _lines(FEATURES, "\x1e"), 2),
        ("one.geojson", json.dumps(FEATURES[0]), 1),
        ("one_pretty.geojson", json.dumps(FEATURES[0], indent=1), 1),
    ],
)
def test_json_of_any_plain_form_is_read_at_once(
    name: str, text: str, count: int, private_workspace: Workspace, tmp_path: Path
) -> None:
    report = imported(private_workspace, written(tmp_path, name, text))
    assert (report.added, report.rejected, report.rows) == (count, 0, count)


def test_what_a_row_nests_is_a_text_and_a_missing_name_is_an_empty_cell(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    report = imported(private_workspace, written(tmp_path, "rows.ndjson", _lines(ROWS)))
    assert "'killed' is killed" in report.warnings[0]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (_lines(ROWS) + "{\n", "JSON of a.ndjson, line 3: got '{'"),
        (_lines(ROWS) + "3\n", "got '1 other values', allowed: JSON objects alone"),
        (_lines(FEATURES) + "{]\n", "JSON of a.ndjson, line 3: got '{]'"),
    ],
)
def test_a_line_that_is_no_json_is_named(
    text: str, sentence: str, private_workspace: Workspace, tmp_path: Path
) -> None:
    with pytest.raises(InvalidFile) as refused:
        imported(private_workspace, written(tmp_path, "a.ndjson", text))
    assert sentence in str(refused.value)


def _flatgeobuf(path: Path) -> None:
    columns = {name: [row[name] for row in ROWS] for name in ("id", "date")}
    points = [Point(row["lon"], row["lat"]) for row in ROWS]
    gpd.GeoDataFrame(columns, geometry=points, crs=4326).to_crs(32636).to_file(
        path, driver="FlatGeobuf"
    )


def _topojson(path: Path) -> None:
    geometries = [
        {"type": "Point", "coordinates": one["geometry"]["coordinates"]}
        | {"properties": one["properties"]}
        for one in FEATURES
    ]
    topology = {
        "type": "Topology",
        "objects": {"strikes": {"type": "GeometryCollection", "geometries": geometries}},
        "arcs": [],
    }
    path.write_text(json.dumps(topology), "utf-8")


def _gpx(path: Path) -> None:
    path.write_text(GPX, "utf-8")


@pytest.mark.parametrize("write", [_flatgeobuf, _topojson, _gpx])
def test_points_of_these_files_are_read_at_once(
    write: Callable[[Path], None], private_workspace: Workspace, tmp_path: Path
) -> None:
    path = tmp_path / f"strikes.{write.__name__}"
    write(path)
    report = imported(private_workspace, path)
    assert (report.format, report.added, report.rejected) == ("vector_points", 2, 0)


@pytest.mark.parametrize(
    "content",
    [
        b"fgb\x03fgb\x00broken",
        b'{"type": "Topology", "objects": {"a": {"type": "Point", "coordinates": []}}}',
        b"<gpx>",
        b'<!DOCTYPE gpx [<!ENTITY a "b">]><gpx version="1.1"/>',
    ],
)
def test_a_broken_file_is_one_sentence(
    content: bytes, private_workspace: Workspace, tmp_path: Path
) -> None:
    with pytest.raises((InputError, NeedsMapping)):
        imported(private_workspace, written(tmp_path, "broken", content))
