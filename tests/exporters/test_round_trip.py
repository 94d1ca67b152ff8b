"""What goes out as GeoJSON or CSV comes in again unchanged, where a record is told whole."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.count import NO_TOLL, UNKNOWN, Toll
from app.domain.damage import Damage
from app.domain.incident import Incident, Status
from app.domain.period import When
from app.domain.revision import Subject
from app.domain.terms import Face
from app.domain.view import View
from app.exporters.csv_table import CONTROLS
from app.instance.workspace import Workspace
from app.publishing.publish import publish
from app.publishing.query import Query
from app.queries.sums import summarise
from app.reference.reference import Reference
from tests.exporters.exporting import exported
from tests.making import add, dataset, incident, open_workspace
from tests.native_incidents import as_feature, incidents
from tests.support import NOW, geojson, imported

VIEW = View(theatre="example", synthetic=True, datasets=("test",))


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _clean(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return re.sub(CONTROLS, "x", value) if isinstance(value, str) else value


def _as_told(record: Incident) -> Incident:
    """Take from a record what no file tells, and give it what every listed record has.

    Coarse points, children without a total and control characters are not told; undated and
    retracted records belong to no View.
    """
    record = msgspec.convert(_clean(msgspec.to_builtins(record)), Incident)
    place, when = record.place, record.when
    if place.point is not None and not place.is_drawable:
        place = msgspec.structs.replace(place, lon_e7=None, lat_e7=None)
    return msgspec.structs.replace(
        record,
        place=place,
        when=when if when.first else When.days(date(2024, 3, 10), zone=when.zone, text=when.text),
        status=Status.reported if record.status is Status.retracted else record.status,
        killed=_with_total(record.killed),
        injured=_with_total(record.injured),
    )


def _with_total(toll: Toll) -> Toll:
    return toll if toll.total != UNKNOWN else NO_TOLL


@pytest.mark.parametrize("form", ["geojson", "csv"])
@settings(max_examples=25)
@given(incidents=st.lists(incidents.map(_as_told), min_size=1, max_size=4))
def test_a_private_export_imported_again_changes_nothing(
    private_workspace: Workspace, tmp_path: Path, form: str, incidents: list[Incident]
) -> None:
    path = geojson(tmp_path, *map(as_feature, incidents))
    imported(private_workspace, path, theatre="example", dataset="test", synthetic=True)
    path = exported(private_workspace, tmp_path, form, VIEW)
    again = imported(private_workspace, path, theatre="example", dataset="test", dry_run=True)
    # A generated place may lie anywhere, and a generated day ahead: the report says so again.
    advice = [one for one in again.warnings if re.search(r"points? lies? |points lie |years", one)]
    assert (again.rejections, again.warnings) == ([], advice)
    assert (again.added, again.amended, again.duplicates) == (0, 0, 0)
    assert again.unchanged == again.rows == exported_rows(private_workspace)


def exported_rows(workspace: Workspace) -> int:
    """Count what the View holds."""
    state = workspace.state()
    return len(publish(Query(workspace, state, VIEW, NOW), Face.export).select())


def test_the_demo_comes_back_unchanged_from_both(
    demos: Workspace, tmp_path: Path, reference: Reference
) -> None:
    for form in ("geojson", "csv"):
        path = exported(demos, tmp_path, form, View(theatre="example", synthetic=True))
        other = open_workspace(tmp_path / form, reference)
        first = imported(other, path, theatre="example", dataset="example-incidents")
        again = imported(other, path, theatre="example", dataset="example-incidents")
        assert (first.rejected, first.warnings) == (0, [])
        assert (again.unchanged, again.rows) == (first.added, first.rows)
        theirs, ours = (
            {
                key: one.fingerprint
                for key, one in each.store.current(Subject.incident, "example-incidents/").items()
            }
            for each in (demos, other)
        )
        assert ours == theirs
        other.store.close()


FRESH = NOW.date() - timedelta(days=10)
"""After the embargo, and while a sensitive site is public by its region only."""

PUBLIC = View(theatre="ukraine", datasets=("invented",), first=FRESH, last=FRESH)


@pytest.mark.parametrize("form", ["geojson", "csv"])
def test_a_public_export_is_taken_elsewhere_as_it_is(
    workspace: Workspace, tmp_path: Path, reference: Reference, form: str
) -> None:
    """Also its rows without a key, which are public by region only."""
    records = [
        incident(key, when=When.days(FRESH), damage=(Damage(sector),))
        for key, sector in (("a", "energy"), ("=1", "energy"), ("б", "residential"))
    ]
    add(workspace.store, dataset(), *records)
    path = exported(workspace, tmp_path, form, PUBLIC)
    there = open_workspace(tmp_path / "there", reference)
    first = imported(there, path, theatre="ukraine", dataset="invented")
    assert (first.added, first.rejections) == (len(records), [])
    again = imported(there, path, theatre="ukraine", dataset="invented")
    assert (again.unchanged, again.rows) == (len(records), len(records))
    assert _sums(there) == _sums(workspace)
    taken = {key.rpartition("/")[2] for key in there.store.current(Subject.incident, "invented/")}
    assert taken & {str(record.id) for record in records} == {str(records[2].id)}
    there.store.close()


def _sums(workspace: Workspace) -> dict[str, Any]:
    published = publish(Query(workspace, workspace.state(), PUBLIC, NOW), Face.aggregates)
    rows = summarise(published, "region")["rows"]
    return {row["key"]: row["incidents"] for row in rows if row["incidents"]}
