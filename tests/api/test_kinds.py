"""Battles are on no face of a View until it names them, and then on every face."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import Service, command, serving
from tests.support import written

ROWS = """source_key,start,precision,lon,lat,kind,killed,killed_military
house,2024-03-10,exact,-124.5,-42.25,strike,2,
field,2024-03-10,exact,-124.4,-42.25,battle,,7
"""
VIEW = {"theatre": "example", "dataset": "mine"}
TILE = "/tiles/incidents/0/0/0.mvt"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder: Path = tmp_path_factory.mktemp("kinds")
    path = written(folder, "mine.csv", ROWS)
    done = command(folder / "data", "import", str(path), "--theatre", "example", "--dataset=mine")
    assert done.returncode == 0, done.stderr
    with serving(folder / "data", "--private") as running:
        yield running


def keys(service: Service, **more: str) -> list[str]:
    answer = service.client.get("/api/collections/incidents/items", params={**VIEW, **more})
    return sorted(one["properties"]["source_key"] for one in answer.json()["features"])


def test_a_view_lists_battles_only_where_it_names_them(service: Service) -> None:
    assert keys(service) == ["house"]
    assert keys(service, kind="battle") == ["field"]
    assert keys(service, kind="battle,strike,other_harm") == ["field", "house"]
    assert keys(service, kind="battle,strike", filter="kind = 'battle'") == ["field"]


def test_soldiers_killed_in_battles_are_no_civilians_and_stand_apart(service: Service) -> None:
    answer = service.client.get("/api/summary", params={**VIEW, "kind": "battle,strike"}).json()
    killed = answer["totals"]["killed"]
    assert (killed["low"], killed["by_kind"]["military"]["low"]) == (9, 7)
    assert killed["by_kind"]["civilian"]["low"] is None
    assert "Soldiers among the killed: at least 7." in answer["text"]
    plain = service.client.get("/api/summary", params=VIEW).json()
    assert plain["totals"]["killed"]["low"] == 2
    assert not any("oldiers" in text for text in plain["text"])


def test_exports_tiles_and_the_pages_columns_follow_the_kind(service: Service) -> None:
    def rows_of(address: str, **more: str) -> str:
        return service.client.get(address, params={**VIEW, **more}).text

    assert "field" not in rows_of("/api/export.csv")
    assert "field" in rows_of("/api/export.csv", kind="battle")
    tiles = [service.client.get(TILE, params={**VIEW, "kind": one}) for one in ("strike", "battle")]
    assert tiles[0].content != tiles[1].content
    listing = service.client.get("/columns.json", params={**VIEW, "kind": "battle"}).json()
    assert [month["rows"] for month in listing["months"]] == [1]


def test_the_filters_offer_each_kind_with_its_number(service: Service) -> None:
    facets = service.client.get("/api/facets", params=VIEW).json()
    assert facets["kind"] == {"strike": 1, "battle": 1}


def test_a_battle_opens_by_its_own_address(service: Service) -> None:
    listed = service.client.get(
        "/api/collections/incidents/items", params={**VIEW, "kind": "battle"}
    ).json()
    address = f"/incidents/{listed['features'][0]['id']}"
    assert "battle" in service.client.get(address, params={"theatre": "example"}).text


def test_an_unknown_kind_is_refused_with_what_is_allowed(service: Service) -> None:
    answer = service.client.get("/api/summary", params={**VIEW, "kind": "fight"})
    assert answer.status_code == 422
    assert "strike" in answer.text
