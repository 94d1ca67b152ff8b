"""Files in, golden reports out: what became of each row, and the one sentence for each that failed.

The files under tests/data are invented. A golden is read by a person before it is kept.
"""

from __future__ import annotations

import pytest
from pytest_regressions.data_regression import DataRegressionFixture

from app.instance.workspace import Workspace
from tests.support import FILES, fates, imported, stable


@pytest.mark.parametrize(
    ("name", "theatre", "rows"),
    [
        ("cir.csv", "ukraine", 14),
        ("bad_rows.csv", "example", 33),
        ("bad_control.geojson", "example", 24),
        ("deepstatemap_data_20240310.geojson", "ukraine", 1),
    ],
)
def test_a_report_tells_what_became_of_every_row(
    name: str,
    theatre: str,
    rows: int,
    private_workspace: Workspace,
    data_regression: DataRegressionFixture,
) -> None:
    report = imported(
        private_workspace, FILES / name, theatre=theatre, synthetic=True, accept_shrink=True
    )
    assert report.rows == rows == fates(report)
    data_regression.check(stable(report))


@pytest.mark.parametrize("name", ["cir.csv", "deepstatemap_data_20240310.geojson"])
def test_the_same_file_twice_changes_nothing(name: str, private_workspace: Workspace) -> None:
    first = imported(private_workspace, FILES / name, synthetic=True)
    head = private_workspace.store.head()
    again = imported(private_workspace, FILES / name, synthetic=True)
    assert (again.added, again.amended, again.unchanged) == (0, 0, first.added)
    assert private_workspace.store.head() == head
