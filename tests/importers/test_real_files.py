"""The real files beside the project, against areas and lengths worked out apart; skipped without
them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import shapely
from shapely import Point

from app.domain.cache import BoundedCache
from app.domain.control import ControlSnapshot, ControlStatus, Homeland, front_line
from app.domain.errors import InvalidFile
from app.domain.place import area_km2
from app.domain.view import View
from app.files.source import Rejection
from app.importers.base import Dropped, Outcome, ParsedRecord, Warned
from app.instance.workspace import Workspace
from app.publishing.query import Query
from app.queries.ground.agreement import agreement
from app.queries.ground.measures import ControlSource, control_areas
from app.reference.reference import Reference
from tests.making import NOON, open_workspace
from tests.support import context, fates, imported, outcomes, real, records, roomy

UKRAINE = context("ukraine", synthetic=False)

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
    state = workspace.state()
    view, dataset = View(theatre="ukraine"), state.datasets["deepstate"]
    return control_areas(
        ControlSource.of(Query(workspace, state, view, NOON), dataset), date.fromisoformat(day)
    )


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
    land = shapely.coverage_union_all([r.shape for r in reference.region_set("ukraine").regions])
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
    (day,) = records(path)
    assert isinstance(day, ControlSnapshot)
    assert [part.value for part in day.includes] == ["main", "crimea", "pre2022"]
    assert day.note == "The date is the day the map was fetched, not the day of its assessment."


RAW_KM2 = {
    "1651387795": ("2022-05-01", 121_366.7),
    "1680387436": ("2023-04-02", 109_233.5),
    "1754077960": ("2025-08-01", 114_291.3),
}
NZZ_KM2 = {
    "2022-03-01": ("2022-03-01", 60_066.8, ["main", "pre2022"]),
    "2023-01-01": ("2022-12-30", 83_348.0, ["main", "pre2022"]),
    "2024-06-01": ("2024-05-31", 65_108.7, ["main"]),
    "2025-10-01": ("2025-09-30", 71_948.5, ["main"]),
}


@pytest.mark.parametrize("name", RAW_KM2)
def test_a_raw_map_gives_occupied_ukraine_and_nothing_else(name: str) -> None:
    valid_on, km2 = RAW_KM2[name]
    results = outcomes(real(f"deepstate_raw/{name}.geojson"), into=UKRAINE)
    day, measured = _assessed_km2(results)
    assert day == valid_on
    assert measured == pytest.approx(km2, abs=0.1)
    reasons = {one.reason for one in results if isinstance(one, Dropped)}
    assert reasons == {"unit_or_attack_icon", "other_territory"}
    assert not [one for one in results if isinstance(one, Rejection)]


@pytest.mark.parametrize("name", NZZ_KM2)
def test_nzz_gives_what_is_held_and_says_which_parts_it_covers(name: str) -> None:
    valid_on, km2, includes = NZZ_KM2[name]
    results = outcomes(real(f"nzz/{name}.json"), into=UKRAINE)
    day, measured = _assessed_km2(results)
    assert day == valid_on
    assert measured == pytest.approx(km2, abs=0.1)
    (parsed,) = [one for one in results if isinstance(one, ParsedRecord)]
    assert isinstance(parsed.record, ControlSnapshot)
    assert [part.value for part in parsed.record.includes] == includes
    area = shapely.union_all([shapely.from_wkb(wkb) for wkb in parsed.shapes.values()])
    assert not area.covers(Point(34.1, 44.95))  # Simferopol, in Crimea


def test_a_kml_control_file_that_includes_russia_says_so() -> None:
    results = outcomes(real("kml_control/Control_24_06_01.kml"), into=UKRAINE)
    texts = [one.text for one in results if isinstance(one, Warned)]
    assert texts[0] == (
        "397,720 km² that the file gives to ru lie outside UA; nothing was cut off."
    )


def test_a_kml_control_file_that_does_not_parse_names_its_line() -> None:
    path = real("kml_control/ProgressAFU_26_01_17.kml")
    with pytest.raises(InvalidFile, match="line 103: got 'mismatched tag'"):
        outcomes(path, into=UKRAINE)


def test_the_days_of_a_folder_are_one_import(private_workspace: Workspace) -> None:
    workspace = roomy(private_workspace)
    report = imported(workspace, real("deepstate_daily"))
    assert (report.rows, report.added, report.rejected) == (10, 10, 0)
    again = imported(workspace, real("deepstate_daily"))
    assert (again.added, again.unchanged) == (0, 10)


def _assessed_km2(results: list[Outcome]) -> tuple[str, float]:
    (parsed,) = [one for one in results if isinstance(one, ParsedRecord)]
    assert isinstance(parsed.record, ControlSnapshot)
    assessed = [
        area_km2(shapely.from_wkb(parsed.shapes[area.shape]))
        for area in parsed.record.areas
        if area.shape and area.status is ControlStatus.assessed
    ]
    return str(parsed.record.valid_on), sum(assessed)


def _held(workspace: Workspace, day: str) -> dict[str, Any]:
    control = workspace.state().control
    day_snapshot = control.on("deepstate", date.fromisoformat(day), 2**31 - 2)
    assert day_snapshot is not None
    return control.grounds(day_snapshot)


def test_two_sources_of_one_day_differ_mostly_by_their_baselines(
    private_workspace: Workspace,
) -> None:
    workspace = roomy(private_workspace)
    for name in (
        "deepstate_daily/deepstatemap_data_20251001.geojson",
        "deepstate_raw/1754077960.geojson",
        "nzz/2025-10-01.json",
    ):
        imported(workspace, real(name))
    state, view = workspace.state(), View(theatre="ukraine")
    sources = [
        ControlSource.of(Query(workspace, state, view, NOON), state.datasets[slug])
        for slug in ("deepstate", "nzz")
    ]
    answer = agreement(sources, date(2025, 10, 1), BoundedCache())
    (pair,) = answer["pairs"]
    assert [one["total_km2"] for one in answer["sources"]] == [114_993.3, 71_948.5]
    assert pair["both_km2"] == pytest.approx(69_948, abs=1)
    # Crimea as the theatre's boundaries have it, and what DeepState itself marks as held before.
    assert pair["baseline_km2"] == pytest.approx(44_400, abs=1_000)
    assert pair["dispute_km2"] < 3_500
    assert pair["baseline_not_outlined"] == []
