"""The real files beside the project, against FORMATS section F; skipped without them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import shapely

from app.domain.control import ControlSnapshot, Homeland, front_line
from app.domain.place import area_km2
from app.domain.view import View
from app.reference.reference import Reference
from app.services.ground import control_areas
from app.services.workspace import Workspace
from tests.making import open_workspace
from tests.support import fates, imported, real, records, roomy

TOTALS_KM2 = {
    "2024-07-08": 109_360.9,
    "2024-12-01": 111_484.6,
    "2025-07-01": 113_654.4,
    "2025-10-01": 114_993.3,
    "2025-10-24": 115_198.9,
    "2025-10-25": 115_208.8,
    "2025-10-26": 115_216.8,
    "2026-01-01": 116_218.6,
    "2026-08-01": 117_020.4,
}


@pytest.fixture(scope="module")
def deepstate(
    tmp_path_factory: pytest.TempPathFactory, reference: Reference
) -> Iterator[Workspace]:
    """An instance that holds the ten daily files."""
    folder = real("deepstate_daily")
    workspace = open_workspace(tmp_path_factory.mktemp("deepstate"), reference)
    for path in sorted(folder.glob("*.geojson")):
        report = imported(workspace, path)
        assert (report.rows, report.added, report.warnings) == (1, 1, [])
    yield workspace
    workspace.store.close()


def _answer(workspace: Workspace, day: str) -> dict[str, Any]:
    snapshot = workspace.index.snapshot()
    view, dataset = View(theatre="ukraine"), snapshot.datasets["deepstate"]
    return control_areas(workspace, view, snapshot, dataset, date.fromisoformat(day), None)


def test_cir_keeps_damage_explosions_and_casualties_and_nothing_else(
    private_workspace: Workspace,
) -> None:
    path = real("cir/events_2022.csv")
    workspace = roomy(private_workspace)
    report = imported(workspace, path)
    assert report.rows == fates(report) == 6650
    in_scope = report.rows - sum(report.dropped.values())
    assert in_scope == report.added + report.duplicates + report.rejected == 4337
    assert {one.field for one in report.rejections} == {"source_key"}  # one key, three events
    again = imported(workspace, path)
    assert (again.added, again.amended, again.unchanged) == (0, 0, report.added)


@pytest.mark.parametrize("day", TOTALS_KM2)
def test_deepstate_totals_are_geodesic_and_wound(day: str, deepstate: Workspace) -> None:
    answer = _answer(deepstate, day)
    assert answer["total_km2"] == pytest.approx(TOTALS_KM2[day], abs=0.1)
    assert answer["valid_on"] == day
    parts = sum(region["km2"] for region in answer["regions"]) + answer["elsewhere_km2"]
    assert parts == pytest.approx(answer["total_km2"], abs=1)


def test_deepstate_by_region_with_natural_earth(deepstate: Workspace) -> None:
    answer = _answer(deepstate, "2025-10-25")
    km2 = {region["key"]: region["km2"] for region in answer["regions"]}
    assert answer["region_set"]["id"] == "natural-earth-10m"
    assert km2["UA-09"] == pytest.approx(25_988, abs=1)
    assert km2["UA-43"] == pytest.approx(26_096, abs=1)


def test_the_front_line_of_a_day_with_and_without_tolerance(
    deepstate: Workspace, reference: Reference
) -> None:
    line = _answer(deepstate, "2025-10-25")["front_line"]
    assert line["border_tolerance_km"] == 3
    assert line["length_km"] == pytest.approx(1317, abs=1)
    land = shapely.coverage_union_all([r.shape for r in reference.region_set("ukraine").at(1)])
    uncut = front_line(
        _held(deepstate, "2025-10-25"), Homeland.of(land, reference.plane("ukraine"), 0)
    )
    assert uncut.length_km == pytest.approx(2519, abs=1)
    assert uncut.tolerance_km == 0


@pytest.mark.parametrize(
    ("before", "after", "gained_km2", "lost_km2"),
    [("2025-10-24", "2025-10-25", 10.28, 0.36), ("2025-10-25", "2025-10-26", 8.02, 0.00)],
)
def test_gains_and_losses_between_two_days(
    before: str, after: str, gained_km2: float, lost_km2: float, deepstate: Workspace
) -> None:
    old, new = _held(deepstate, before)["ru"], _held(deepstate, after)["ru"]
    assert area_km2(new.difference(old)) == pytest.approx(gained_km2, abs=0.01)
    assert area_km2(old.difference(new)) == pytest.approx(lost_km2, abs=0.01)


def test_a_daily_file_says_what_it_includes_and_what_its_date_means() -> None:
    path: Path = real("deepstate_daily/deepstatemap_data_20251025.geojson")
    (found,) = records(path)
    assert isinstance(found, ControlSnapshot)
    assert [part.value for part in found.includes] == ["main", "crimea", "pre2022"]
    assert found.note == "The date is the day the map was fetched, not the day of its assessment."


def _held(workspace: Workspace, day: str) -> dict[str, Any]:
    control = workspace.index.snapshot().control
    found = control.on("deepstate", date.fromisoformat(day), 2**31 - 2)
    assert found is not None
    return control.held(found)
