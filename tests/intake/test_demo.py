"""The demo says what its document says, and nothing more."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from app.domain.terms import Face
from app.domain.view import View
from app.instance.workspace import Workspace
from app.publishing.publish import control_dataset, publish
from app.publishing.query import Query
from app.queries.ground.measures import ControlSource, control_areas
from app.queries.sums import summarise
from tests.making import NOON

BARRAGE = View(theatre="ukraine", first=date(2025, 10, 24), last=date(2025, 10, 25))
EXAMPLE = View(theatre="example", synthetic=True)
UNKNOWN = {"low": None, "best": None, "high": None, "high_known": None, "known": 0, "of": 1}


def _summary(workspace: Workspace, view: View, by: str = "region") -> dict[str, Any]:
    state = workspace.state()
    return summarise(publish(Query(workspace, state, view, NOON), Face.aggregates), by)


def _figures(count: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in count.items() if name != "by_kind"}


def test_kyiv_has_at_least_two_killed_and_thirteen_injured(demos: Workspace) -> None:
    rows = {row["key"]: row for row in _summary(demos, BARRAGE)["rows"]}
    kyiv = rows["UA-30"]
    assert kyiv["incidents"] == 1
    assert _figures(kyiv["killed"]) == {
        "low": 2,
        "best": None,
        "high": None,
        "high_known": None,
        "known": 1,
        "of": 1,
    }
    assert _figures(kyiv["injured"]) == {
        "low": 13,
        "best": 13,
        "high": 13,
        "high_known": 13,
        "known": 1,
        "of": 1,
    }
    assert kyiv["damage"] == {
        "residential": {"damaged": 1, "destroyed": 0, "objects_unknown": 1},
        "food": {"damaged": 1, "destroyed": 0, "objects_unknown": 1},
    }


def test_dnipropetrovsk_counts_one_incident_and_shows_no_dot(demos: Workspace) -> None:
    row = next(row for row in _summary(demos, BARRAGE)["rows"] if row["key"] == "UA-12")
    assert row["incidents"] == 1
    assert _figures(row["killed"]) == _figures(row["injured"]) == UNKNOWN
    state = demos.state()
    only = BARRAGE.but(regions=("UA-12",))
    published = publish(Query(demos, state, only, NOON), Face.tiles)
    assert len(published.select()) == 1
    assert len(published.select().drawable(published.filter)) == 0


def test_one_record_is_undated_and_in_no_period(demos: Workspace) -> None:
    answer = _summary(demos, BARRAGE)
    assert answer["coverage"]["undated"] == 1
    assert answer["totals"]["incidents"] == 4
    assert _summary(demos, View(theatre="ukraine"))["totals"]["incidents"] == 4


def test_only_the_city_is_a_mark_on_the_map(demos: Workspace) -> None:
    published = publish(Query.of(demos, BARRAGE, NOON), Face.tiles)
    marks = published.select().drawable(published.filter)
    assert marks["error_m"].tolist() == [20_000]


@pytest.mark.parametrize("by", ["region", "day"])
def test_rows_add_up_to_the_total(by: str, demos: Workspace) -> None:
    for view in (BARRAGE, EXAMPLE):
        answer = _summary(demos, view, by)
        parts = [*answer["rows"], *([answer["elsewhere"]] if answer["elsewhere"] else [])]
        assert answer["additive"]
        for name in ("incidents", "damaged", "destroyed"):
            assert sum(part[name] for part in parts) == answer["totals"][name]
        for toll in ("killed", "injured"):
            for figure in ("low", "known", "of"):
                total = sum(part[toll][figure] or 0 for part in parts)
                assert total == (answer["totals"][toll][figure] or 0)


@pytest.mark.parametrize("by", ["weapon", "sector"])
def test_a_strike_of_several_weapons_is_not_added_twice(by: str, demos: Workspace) -> None:
    answer = _summary(demos, BARRAGE, by)
    assert not answer["additive"]
    assert answer["totals"]["incidents"] == 4


def test_cited_ground_is_listed_and_never_measured(demos: Workspace) -> None:
    state = demos.state()
    dataset = control_dataset(Query(demos, state, BARRAGE, NOON), Face.aggregates)
    assert dataset is not None
    answer = control_areas(
        ControlSource.of(Query(demos, state, BARRAGE, NOON), dataset), date(2025, 10, 25)
    )
    assert (answer["total_km2"], answer["elsewhere_km2"], answer["regions"]) == (None, None, [])
    assert answer["front_line"]["length_km"] == 0
    assert {area["region"]: area["km2"] for area in answer["areas"]} == {
        **dict.fromkeys(("UA-40", "UA-43"), None),
        **dict.fromkeys(("UA-09", "UA-14", "UA-23", "UA-65"), None),
    }
    assert answer["valid_on"] == "2022-10-12"
    assert answer["age_days"] == 1109


def test_before_october_2022_only_crimea_and_sevastopol_are_cited(demos: Workspace) -> None:
    state = demos.state()
    dataset = state.datasets["cited"]
    answer = control_areas(
        ControlSource.of(Query(demos, state, BARRAGE, NOON), dataset), date(2022, 1, 1)
    )
    assert {area["region"] for area in answer["areas"]} == {"UA-40", "UA-43"}


def test_the_invented_land_measures_ground_of_three_parties(demos: Workspace) -> None:
    state = demos.state()
    dataset = control_dataset(Query(demos, state, EXAMPLE, NOON), Face.aggregates)
    assert dataset is not None
    answer = control_areas(
        ControlSource.of(Query(demos, state, EXAMPLE, NOON), dataset), date(2024, 4, 1)
    )
    assert set(answer) >= {
        *("control", "date", "valid_on", "age_days", "baseline", "controller", "total_km2"),
        *("areas", "regions", "elsewhere_km2", "region_set", "credits", "front_line"),
    }
    assert {area["controller"] for area in answer["areas"]} == {"orra", "tarn", "mirel"}
    assert {"assessed", "claimed"} <= {area["status"] for area in answer["areas"]}
    assert answer["controller"] == "tarn"
    assessed = sum(
        area["km2"]
        for area in answer["areas"]
        if (area["controller"], area["status"]) == ("tarn", "assessed")
    )
    assert answer["total_km2"] == pytest.approx(assessed, abs=0.2)
    parts = sum(region["km2"] for region in answer["regions"]) + answer["elsewhere_km2"]
    assert parts == pytest.approx(answer["total_km2"], abs=0.5)
    assert answer["front_line"]["length_km"] > 100
    assert answer["front_line"]["border_tolerance_km"] == 3


def test_a_day_without_a_snapshot_shows_an_older_one_and_its_age(demos: Workspace) -> None:
    state = demos.state()
    days = state.control.days("example-control", state.seq)
    first, last = days[0].toordinal(), days[-1].toordinal()
    gaps = [day for day in range(first, last) if date.fromordinal(day) not in days]
    assert len(gaps) == 4
    day = date.fromordinal(gaps[0])
    dataset = state.datasets["example-control"]
    answer = control_areas(ControlSource.of(Query(demos, state, EXAMPLE, NOON), dataset), day)
    assert answer["age_days"] == 1
    assert answer["valid_on"] == str(date.fromordinal(gaps[0] - 1))
