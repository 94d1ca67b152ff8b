"""An id that a file gives names one record of the instance: no file takes another dataset's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from app.domain.revision import Subject
from app.instance.workspace import Workspace
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
    assert rejection.why == "an id that no record of another dataset has, or a source_key"
    assert not private_workspace.store.history(Subject.incident, f"two/{NUMBER}")
