"""The templates under static/templates: importable as they stand, in two forms with one content."""

from __future__ import annotations

import csv
import json

import pytest
from pytest_regressions.data_regression import DataRegressionFixture

from app.domain.control import ControlSnapshot
from app.domain.fields import INCIDENT_FIELDS
from app.domain.incident import Incident
from app.importers import native
from app.importers.native_csv import CONTROL_PLAIN, NUMBERED, PLAIN
from app.instance.workspace import Workspace
from tests.support import TEMPLATES, imported, records, stable

FILES = ("incidents.csv", "incidents.geojson", "control.csv", "control.geojson")
BOUNDS = ("low", "best", "high")
KINDS = ("civilian", "military", "unknown", "child")


@pytest.mark.parametrize("name", FILES)
def test_a_template_is_imported_without_rejections_or_warnings(
    name: str, private_workspace: Workspace, data_regression: DataRegressionFixture
) -> None:
    report = imported(private_workspace, TEMPLATES / name, theatre="example")
    assert (report.rejected, report.warnings) == (0, [])
    data_regression.check(stable(report))


def test_both_forms_of_the_incident_template_give_equal_incidents() -> None:
    from_csv = records(TEMPLATES / "incidents.csv")
    assert len(from_csv) == 4
    assert all(isinstance(one, Incident) for one in from_csv)
    assert from_csv == records(TEMPLATES / "incidents.geojson")


def test_both_forms_of_the_control_template_give_equal_snapshots() -> None:
    from_csv = records(TEMPLATES / "control.csv")
    assert len(from_csv) == 2
    assert all(isinstance(one, ControlSnapshot) for one in from_csv)
    assert from_csv == records(TEMPLATES / "control.geojson")


def test_the_incident_template_fills_every_field_of_an_incident() -> None:
    first = records(TEMPLATES / "incidents.csv")[0]
    empty = {name for name in first.__struct_fields__ if not getattr(first, name)}
    assert empty == set()
    assert {
        name for name in first.place.__struct_fields__ if not getattr(first.place, name)
    } == set()
    assert {name for name in first.when.__struct_fields__ if not getattr(first.when, name)} == set()


def test_the_control_template_fills_every_field_of_a_control_area() -> None:
    first = records(TEMPLATES / "control.csv")[0]
    assert {name for name in first.__struct_fields__ if not getattr(first, name)} == set()
    for name in first.areas[0].__struct_fields__:
        assert any(getattr(area, name) for area in first.areas)


def test_the_csv_templates_have_every_column_that_is_read() -> None:
    tolls = [f"{toll}_{bound}" for toll in ("killed", "injured") for bound in BOUNDS]
    tolls += [
        f"{toll}_{kind}_{bound}"
        for toll in ("killed", "injured")
        for kind in KINDS
        for bound in BOUNDS
    ]
    numbered = [f"{what}1_{name}" for what, names in NUMBERED.items() for name in names]
    assert {*PLAIN, *tolls, *numbered} <= set(_header("incidents.csv"))
    assert _header("control.csv") == list(CONTROL_PLAIN)


def test_the_geojson_templates_have_every_property_that_is_read() -> None:
    ours = set(INCIDENT_FIELDS)
    of_csv_only = {"lon", "lat", "attributed_confidence"}
    said_otherwise = {"dataset", "region"}  # the order names the dataset; region is admin1 again
    assert _properties("incidents.geojson") == ours - of_csv_only - said_otherwise
    assert _properties("control.geojson") == set(native.CONTROL_FIELDS)


@pytest.mark.parametrize("name", FILES)
def test_a_template_is_utf8_with_plain_line_ends(name: str) -> None:
    content = (TEMPLATES / name).read_bytes()
    assert b"\r" not in content
    assert content.endswith(b"\n")
    assert not content.startswith(b"\xef\xbb\xbf")
    content.decode()


def _header(name: str) -> list[str]:
    with (TEMPLATES / name).open(encoding="utf-8", newline="") as lines:
        return next(csv.reader(lines))


def _properties(name: str) -> set[str]:
    document = json.loads((TEMPLATES / name).read_text("utf-8"))
    return {key for feature in document["features"] for key in feature["properties"]}
