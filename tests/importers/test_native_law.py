"""Laws of the native forms: what goes in comes out, and no row gets lost."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.domain.errors import InputError
from app.domain.fields import INCIDENT_FIELDS
from app.domain.incident import Incident
from app.importers import native
from app.instance.workspace import Workspace
from tests.native_incidents import as_cells, as_feature, incidents
from tests.support import (
    collection,
    context,
    fates,
    feature,
    geojson,
    imported,
    point,
    records,
    square,
    written,
)


@given(incidents)
def test_any_incident_survives_geojson(tmp_path: Path, record: Incident) -> None:
    assert records(geojson(tmp_path, as_feature(record)), context(dataset="test")) == [record]


@given(incidents)
def test_any_incident_survives_csv(tmp_path: Path, record: Incident) -> None:
    cells = as_cells(record)
    lines = io.StringIO()
    writer = csv.writer(lines, quoting=csv.QUOTE_ALL)
    writer.writerows([cells.keys(), cells.values()])
    assert records(written(tmp_path, "one.csv", lines.getvalue())) == [record]


@given(st.lists(incidents, min_size=1, max_size=4))
def test_an_export_read_again_changes_nothing(
    private_workspace: Workspace, tmp_path: Path, incidents: list[Incident]
) -> None:
    path = geojson(tmp_path, *map(as_feature, incidents))
    first = imported(private_workspace, path, theatre="example", dataset="test")
    again = imported(private_workspace, path, theatre="example", dataset="test")
    assert (again.added, again.amended) == (0, 0)
    assert again.unchanged + again.duplicates + again.rejected == first.rows == len(incidents)


GOOD = {
    "source_key": ["a", "b", "c"],
    "start": ["2024-03-10", "2024-03-10T02:15:00Z"],
    "end": ["2024-03-11", "2024-03-11T02:15:00-08:00"],
    "precision": ["exact", "admin1"],
    "lon": ["-124.5"],
    "lat": ["-42.25"],
    "killed": ["3", "3.0"],
    "weapons": ["drone|missile.cruise"],
    "place": ["Wending"],
    "zone": ["Etc/GMT+8"],
}
BAD = {
    "start": ["1527-02-04", "2927-02-04", "10.03.2024", "2024-03-10T02:15:00", "2024-W10-1"],
    "end": ["2024-03-01", "2024-03-01T00:00:00Z", "tomorrow"],
    "precision": ["near"],
    "lon": ["500", "nan", "-124,5"],
    "lat": ["91", "inf"],
    "killed": ["3.5", "-1", "many", "1e99"],
    "weapons": ["catapult"],
    "zone": ["Mars/Base", "../../etc"],
}
ROWS = st.fixed_dictionaries(
    {},
    optional={
        name: st.sampled_from(["", *values, *values, *BAD.get(name, [])])
        for name, values in GOOD.items()
    },
)
TORN = st.lists(st.sampled_from(["", "x", "2024-03-10"]), min_size=1, max_size=14)


@given(st.lists(ROWS | TORN, min_size=1, max_size=8))
def test_every_row_of_a_table_has_one_fate(
    private_workspace: Workspace, tmp_path: Path, rows: list[dict[str, str] | list[str]]
) -> None:
    names = list(GOOD)
    cells = [
        [row.get(name, "") for name in names] if isinstance(row, dict) else row for row in rows
    ]
    cells = [row for row in cells if row != [""]]  # a blank line is no row
    path = _table(tmp_path, [names, *cells])
    if not cells:
        with pytest.raises(InputError):
            imported(private_workspace, path, theatre="example", dry_run=True)
        return
    report = imported(private_workspace, path, theatre="example", dry_run=True)
    assert report.rows == len(cells) == fates(report)
    assert all(1 <= one.row <= len(cells) for one in report.rejections)
    assert len({one.row for one in report.rejections}) == report.rejected


def _table(folder: Path, rows: list[list[str]]) -> Path:
    lines = [",".join(f'"{cell}"' if "," in cell else cell for cell in row) for row in rows]
    return written(folder, "mixed.csv", "\n".join(lines) + "\n")


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = (*INCIDENT_FIELDS, *native.CONTROL_FIELDS)
GEOMETRIES = st.sampled_from([point(-124.5, -42.25), square(-125, -43, 1), None]) | ANYTHING
FEATURES = st.builds(
    feature, st.dictionaries(st.sampled_from(NAMES), ANYTHING, max_size=5) | ANYTHING, GEOMETRIES
)


@settings(max_examples=200)
@given(st.lists(FEATURES | ANYTHING, max_size=4))
@example([{"properties": {"killed": {"low": 10**12}, "source_key": "a"}}])
@example([{"properties": {"weapons": [{}], "source_key": "a"}}])
@example([{"properties": {"includes": 5, "valid_on": "2024-03-10", "controller": "orra"}}])
def test_whatever_stands_in_a_feature_the_file_is_read_to_its_end(
    private_workspace: Workspace, tmp_path: Path, features: list[Any]
) -> None:
    path = written(tmp_path, "any.geojson", collection(features))
    try:
        report = imported(
            private_workspace, path, theatre="example", format="native_geojson", dry_run=True
        )
    except InputError:
        return  # a file of nothing, or of two sorts: said in one sentence, tested elsewhere
    assert report.rows == len(features) == fates(report)
    json.dumps([str(one) for one in report.rejections])
