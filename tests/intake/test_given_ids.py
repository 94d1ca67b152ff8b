"""An id that a file gives names one record of the instance: no file takes another dataset's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from app.domain.incident import incident_id
from app.domain.revision import Subject
from app.instance.workspace import Workspace
from app.intake.planning import ID_ALLOWED
from tests.making import add, incident
from tests.support import imported, written

NUMBER = "0190a7c8-7d2e-7b3a-9f10-1234567890ab"
HEADER = "id,source_key,start,precision,lon,lat\n"
ROW = "2024-03-10,exact,-124.5,-42.25\n"


def test_a_file_takes_no_id_of_another_datasets_record(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    file = written(tmp_path, "own.csv", f"{HEADER}{NUMBER},,{ROW}")
    options: dict[str, Any] = {"theatre": "example", "format": "native_csv", "synthetic": True}
    assert imported(private_workspace, file, dataset="one", **options).added == 1
    again = imported(private_workspace, file, dataset="one", **options)
    assert (again.unchanged, again.rejected) == (1, 0)
    other = written(tmp_path, "other.csv", f"{HEADER}{NUMBER},,{ROW}{NUMBER},EXAMPLE-1,{ROW}")
    report = imported(private_workspace, other, dataset="two", **options)
    assert (report.added, report.rejected) == (1, 1)
    (rejection,) = report.rejections
    assert (rejection.row, rejection.field, rejection.got) == (1, "id", NUMBER)
    assert rejection.why == ID_ALLOWED
    assert not private_workspace.store.history(Subject.incident, f"two/{NUMBER}")


def test_a_file_takes_no_id_that_a_key_of_another_file_gives(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    """The id is the key of the row; the row that brings the real key is the record of that id."""
    options: dict[str, Any] = {"theatre": "example", "format": "native_csv", "synthetic": True}
    derived = str(incident_id("two", "EXAMPLE-1"))
    claim = written(tmp_path, "claim.csv", f"{HEADER}{derived},,{ROW}{NUMBER},,{ROW}")
    report = imported(private_workspace, claim, dataset="one", **options)
    assert (report.added, report.rejected) == (2, 0)
    own = incident_id("one", derived)
    assert private_workspace.store.history(Subject.incident, f"one/{own}")
    again = imported(private_workspace, claim, dataset="one", **options)
    assert (again.unchanged, again.added) == (2, 0)
    keyed = written(tmp_path, "keyed.csv", f"{HEADER},EXAMPLE-1,{ROW}")
    assert imported(private_workspace, keyed, dataset="two", **options).added == 1
    assert not private_workspace.store.history(Subject.incident, f"one/{derived}")
    assert private_workspace.store.history(Subject.incident, f"two/{derived}")


def test_a_record_that_has_such_an_id_already_is_not_counted_twice(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    """An earlier release took the id; the next file of its dataset is compared with that record."""
    options: dict[str, Any] = {"theatre": "example", "format": "native_csv", "synthetic": True}
    old = msgspec.structs.replace(
        incident("x", dataset="one"), id=incident_id("two", "EXAMPLE-1"), source_key=None
    )
    add(private_workspace.store, old)
    file = written(tmp_path, "old.csv", f"{HEADER}{old.id},,{ROW}")
    report = imported(private_workspace, file, dataset="one", **options)
    assert (report.added, report.rejected, report.edits_kept + report.conflicts) == (0, 0, 1)
