"""Real boundaries beside the project, against areas worked out from the same files; skipped without
them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import pytest

from app.domain.control import Homeland, front_line
from app.domain.view import View
from app.instance.workspace import Workspace
from app.intake.regions.importing import RegionReport, import_regions
from app.intake.regions.layers import RegionOrder
from app.publishing.query import Query
from app.queries.ground.measures import ControlSource, control_areas
from app.reference.reference import Reference
from tests.making import GEODATA, NOON, open_workspace
from tests.support import imported, real, roomy

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
DAY = date(2025, 10, 25)
KM2 = {
    "UA-09": 26_571,
    "UA-43": 24_965,
    "UA-14": 20_179,
    "UA-23": 19_932,
    "UA-65": 18_271,
    "UA-63": 1_334,
    "UA-40": 867,
    "UA-59": 216,
    "UA-12": 126,
    "UA-48": 124,
}
SHARES = {"UA-09": 0.996, "UA-14": 0.761, "UA-23": 0.737, "UA-65": 0.716, "UA-63": 0.042}


class Loaded(NamedTuple):
    """An instance on real boundaries of both levels, and what their imports told."""

    workspace: Workspace
    reports: list[RegionReport]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    """The OSM oblasts and the approximate raions, with Ukrstat's people, and one day of control."""
    oblasts = real("boundaries/osm_iso3166_2_ukraine_27_high.geojson")
    raions = real("boundaries/ukraine_raions_2020_approx_voronoi.geojson")
    people = real("population/ukraine_population_2022_oblast_raion.csv")
    day = real("deepstate_daily/deepstatemap_data_20251025.geojson")
    folder = tmp_path_factory.mktemp("regions")
    reports = []
    for path in (oblasts, raions):
        with_shelf = open_workspace(folder, Reference(GEODATA, folder / "regions"))
        order = RegionOrder(path, "ukraine", population=people)
        reports.append(import_regions(roomy(with_shelf), order, NOW))
        with_shelf.store.close()
    workspace = open_workspace(folder, Reference(GEODATA, folder / "regions"))
    imported(workspace, day)
    yield Loaded(workspace, reports)
    workspace.store.close()


def _answer(workspace: Workspace, level: int) -> dict[str, Any]:
    state, view = workspace.state(), View(theatre="ukraine", level=level)
    return control_areas(
        ControlSource.of(Query(workspace, state, view, NOON), state.datasets["deepstate"]), DAY
    )


def test_ground_by_oblast_on_osm_boundaries(loaded: Loaded) -> None:
    answer = _answer(loaded.workspace, 1)
    km2 = {region["key"]: region["km2"] for region in answer["regions"]}
    assert set(km2) == set(KM2)
    assert km2 == {key: pytest.approx(value, abs=1) for key, value in KM2.items()}
    shares = {region["key"]: region["share"] for region in answer["regions"]}
    assert {key: shares[key] for key in SHARES} == pytest.approx(SHARES, abs=0.001)
    assert answer["elsewhere_km2"] == pytest.approx(2_623, abs=1)
    assert answer["total_km2"] == pytest.approx(115_208.8, abs=0.1)
    assert answer["region_set"] == {
        "id": "osm-iso3166-2-ukraine-27-high",
        "hash": loaded.reports[0].hash,
    }


def test_the_front_line_on_osm_boundaries_with_and_without_tolerance(loaded: Loaded) -> None:
    line = _answer(loaded.workspace, 1)["front_line"]
    assert line == {"length_km": pytest.approx(1_329, abs=1.5), "border_tolerance_km": 3}
    reference, control = loaded.workspace.reference, loaded.workspace.state().control
    found = control.on("deepstate", DAY, loaded.workspace.store.head().seq)
    assert found is not None
    land, plane = reference.region_set("ukraine").land, reference.plane("ukraine")
    uncut = front_line(control.grounds(found), Homeland.of(land, plane, 0))
    assert uncut.length_km == pytest.approx(2_119, abs=1)


def test_ground_by_raion_adds_up(loaded: Loaded) -> None:
    answer = _answer(loaded.workspace, 2)
    assert answer["region_set"]["hash"] == loaded.reports[1].hash
    assert all(region["key"].startswith("UA") for region in answer["regions"])
    parts = sum(region["km2"] for region in answer["regions"]) + answer["elsewhere_km2"]
    assert parts == pytest.approx(answer["total_km2"], abs=3)  # rounded 40 times
    melitopol = next(one for one in answer["regions"] if one["key"] == "UA2308")
    assert melitopol["share"] > 0.95


def test_the_files_are_recognised_and_what_does_not_match_is_told(loaded: Loaded) -> None:
    oblasts, raions = loaded.reports
    assert (oblasts.level, oblasts.units, oblasts.with_population) == (1, 27, 25)
    assert oblasts.notes == ["without population: UA-40, UA-43"]
    assert (raions.level, raions.units, raions.with_population) == (2, 138, 125)
    assert any("володимир-волинський район UA-07" in line for line in raions.notes)
    found = {one.code: one for one in loaded.workspace.reference.region_set("ukraine", 2).regions}
    luhansk = found["UA4406"]
    assert (luhansk.parent, luhansk.names["uk"]) == ("UA-09", "Луганський")
    assert (found["UA8000"].parent, found["UA8000"].population) == ("UA-30", 2_952_301)


def test_english_names_of_oblasts_stay_the_official_ones(loaded: Loaded) -> None:
    found = {one.code: one for one in loaded.workspace.reference.region_set("ukraine").regions}
    assert found["UA-23"].name_en == "Zaporizhzhia Oblast"  # the file has "Zaporizhia"
    assert found["UA-30"].population_year == 2022
