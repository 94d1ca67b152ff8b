"""Control over HTTP: areas, series, changes, agreement, a fixed line, the page that compares."""

from __future__ import annotations

from typing import Any

import pytest
from shapely.geometry import shape

from app.domain.place import area_km2
from tests.serving import Service

DAYS = "theatre=example&from=2024-03-01&to=2024-04-29"


def read(service: Service, path: str) -> Any:
    answer = service.client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_changes_have_the_documented_fields_and_add_up(service: Service) -> None:
    changes = read(service, f"/api/control/changes?{DAYS}")
    assert {"control", "from", "to", "gained_km2", "lost_km2", "net_km2"} <= changes.keys()
    assert {"regions", "elsewhere_km2", "region_set", "credits"} <= changes.keys()
    assert changes["net_km2"] == pytest.approx(
        changes["gained_km2"] - changes["lost_km2"], abs=0.01
    )
    gained = sum(row["gained_km2"] for row in changes["regions"])
    whole = gained + changes["elsewhere_km2"]["gained_km2"]
    assert whole == pytest.approx(changes["gained_km2"], abs=0.1)
    assert "areas" not in changes


def test_the_ground_that_changed_hands_is_as_large_as_said(service: Service) -> None:
    changes = read(service, f"/api/control/changes?{DAYS}&geometry=true")
    for area in changes["areas"]["features"]:
        km2 = area_km2(shape(area["geometry"]))
        assert km2 == pytest.approx(changes[f"{area['properties']['kind']}_km2"], rel=0.001)


def test_the_series_has_a_point_for_every_snapshot_and_none_for_missing_days(
    service: Service,
) -> None:
    series = read(service, f"/api/control/series?{DAYS}")
    days = [point["valid_on"] for point in series["points"]]
    assert days == sorted(set(days))
    assert {"2024-03-18", "2024-03-19", "2024-03-20"}.isdisjoint(days)
    areas = read(service, f"/api/control/areas?{DAYS}&date={days[3]}")
    assert series["points"][3]["km2"] == areas["total_km2"]


def test_a_fixed_line_divides_the_whole_land(service: Service) -> None:
    frozen = read(service, f"/api/control/frozen?{DAYS}&freeze=2024-03-10")
    assert {side["side"] for side in frozen["sides"]} >= {"tarn", "mirel"}
    incidents = sum(side["since"]["incidents"] for side in frozen["sides"])
    incidents += frozen["unknown"]["incidents"]
    since = read(service, "/api/summary?theatre=example&from=2024-03-11&to=2024-04-29")
    assert incidents == since["totals"]["incidents"]
    assert frozen["control_since"]["from"]["date"] == "2024-03-10"


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/api/control/frozen?theatre=example", "query.freeze"),
        ("/api/control/agreement?theatre=example", "query.control"),
        ("/api/control/agreement?control=cited,nobody", "query.control"),
        ("/api/control/areas?controller=nobody", "query.controller"),
        ("/api/control/changes?geometry=maybe", "query.geometry"),
        ("/api/control/areas?date=yesterday", "query.date"),
        ("/api/summary?line_km=-3", "query.line_km"),
        ("/api/summary?side=north", "query.side"),
        ("/compare?with=nobody", "query.with"),
    ],
)
def test_a_wrong_parameter_is_named(service: Service, path: str, where: str) -> None:
    answer = service.client.get(path)
    assert answer.status_code == 422, answer.text
    assert where in [one["where"] for one in answer.json()["errors"]]


def test_a_day_before_every_snapshot_is_a_plain_404(service: Service) -> None:
    answer = service.client.get(
        "/api/control/changes?theatre=example&from=2020-01-01&to=2020-02-01"
    )
    assert answer.status_code == 404
    assert "no control snapshot on or before" in answer.json()["detail"]


def test_sums_marks_tiles_and_columns_mean_the_same_strikes_near_a_line(service: Service) -> None:
    query = f"{DAYS}&line_km=30&side=orra"
    summary = read(service, f"/api/summary?{query}")
    items = read(service, f"/api/collections/incidents/items?{query}")
    columns = read(service, f"/columns.json?{query}")
    assert 0 < summary["totals"]["incidents"] < 361
    assert items["numberMatched"] == summary["totals"]["incidents"]
    assert sum(month["rows"] for month in columns["months"]) == summary["totals"]["incidents"]
    for item in items["features"]:
        (ground,) = item["properties"]["control"]
        assert ground["distance_km"] <= 30.5
        assert ground["controller"] == "orra"


def test_the_page_that_compares_shows_two_pictures_and_the_regions_that_changed(
    service: Service,
) -> None:
    html = service.client.get(f"/compare?{DAYS}").text
    assert html.count('role="img"') == 2
    assert "Ubrin" in html
    both = service.client.get("/compare?theatre=ukraine&lang=uk&to=2025-10-25").text
    assert "Порівняння контролю" in both
