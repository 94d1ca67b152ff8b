"""Answers have the shapes that docs/api.md fixes, and the demo says what its document says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from app.api.app import create_app
from app.api.pages import Pages
from app.i18n import strings
from app.settings import Settings
from tests.running import run_async
from tests.serving import Service

COUNT = {"low", "best", "high", "high_known", "known", "of", "by_kind"}
NIGHT = "from=2025-10-24&to=2025-10-25"


def read(service: Service, path: str) -> Any:
    answer = service.client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def figures(count: dict[str, Any]) -> dict[str, Any]:
    return {name: count[name] for name in ("low", "best", "high", "known", "of")}


def test_the_kyiv_row_says_at_least_two_killed_and_thirteen_injured(service: Service) -> None:
    rows = {row["key"]: row for row in read(service, f"/api/summary?{NIGHT}")["rows"]}
    assert rows["UA-30"]["name"] == "Kyiv"
    killed = {"low": 2, "best": None, "high": None, "known": 1, "of": 1}
    injured = {"low": 13, "best": 13, "high": 13, "known": 1, "of": 1}
    assert figures(rows["UA-30"]["killed"]) == killed
    assert figures(rows["UA-30"]["injured"]) == injured


def test_dnipropetrovsk_counts_one_incident_without_a_dot(service: Service) -> None:
    rows = {row["key"]: row for row in read(service, f"/api/summary?{NIGHT}")["rows"]}
    assert rows["UA-12"]["incidents"] == 1
    items = read(service, f"/api/collections/incidents/items?{NIGHT}&region=UA-12")
    assert [one["geometry"] for one in items["features"]] == [None]


def test_the_report_without_day_and_place_is_on_record_and_in_no_period(service: Service) -> None:
    assert read(service, "/api/summary")["coverage"]["undated"] == 1


def test_a_summary_has_the_documented_fields(service: Service) -> None:
    answer = read(service, f"/api/summary?level=1&{NIGHT}")
    fields = {"view", "as_of", "version", "by", "rows", "elsewhere", "totals", "coverage"}
    assert fields | {"region_set", "credits"} <= answer.keys()
    assert answer["totals"]["killed"].keys() == COUNT
    assert answer["coverage"]["withheld"] == {"embargo": 0, "terms": 0}
    assert answer["region_set"]["id"] == "natural-earth-10m"


@pytest.mark.parametrize("by", ["region", "day"])
def test_rows_and_elsewhere_add_up_to_the_totals(service: Service, by: str) -> None:
    answer = read(service, f"/api/summary?theatre=example&by={by}")
    parts = [*answer["rows"], *([answer["elsewhere"]] if answer["elsewhere"] else [])]
    assert sum(part["incidents"] for part in parts) == answer["totals"]["incidents"]
    low = sum(part["killed"]["low"] or 0 for part in parts)
    assert low == answer["totals"]["killed"]["low"]


@pytest.mark.parametrize("by", ["weapon", "sector"])
def test_groups_that_overlap_say_that_they_do_not_add_up(service: Service, by: str) -> None:
    assert read(service, f"/api/summary?theatre=example&by={by}")["additive"] is False


def test_a_summary_is_also_a_table_for_spreadsheets(service: Service) -> None:
    answer = service.client.get(f"/api/summary?{NIGHT}", headers={"Accept": "text/csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    lines = answer.text.split("\r\n")
    assert lines[0].startswith("key,name,incidents,killed_low,killed_best,killed_high")
    kyiv = next(line for line in lines if line.startswith("UA-30"))
    assert kyiv.startswith("UA-30,Kyiv,1,2,,,,1,1,13,13,13,13,1,1")


def test_cited_units_are_listed_and_never_measured(service: Service) -> None:
    answer = read(service, "/api/control/areas?date=2025-10-25")
    assert answer["valid_on"] == "2022-10-12"
    assert answer["total_km2"] is None
    assert {area["region"] for area in answer["areas"]} == {
        *("UA-40", "UA-43", "UA-09", "UA-14", "UA-23", "UA-65")
    }
    assert {area["km2"] for area in answer["areas"]} == {None}


def test_control_is_measured_by_region_and_the_rest_stands_apart(service: Service) -> None:
    answer = read(service, "/api/control/areas?theatre=example&date=2024-03-20")
    assert answer["valid_on"] == "2024-03-17"
    assert answer["age_days"] == 3
    parts = sum(region["km2"] for region in answer["regions"]) + answer["elsewhere_km2"]
    assert parts == pytest.approx(answer["total_km2"], abs=0.5)
    assert answer["front_line"]["border_tolerance_km"] == 3.0


def test_a_day_before_all_snapshots_has_no_control(service: Service) -> None:
    answer = service.client.get("/api/control/areas?date=2010-01-01")
    assert answer.status_code == 404
    assert "no control snapshot on or before 2010-01-01" in answer.json()["detail"]


def test_what_was_not_known_yet_is_not_shown(service: Service) -> None:
    answer = read(service, f"/api/summary?{NIGHT}&as_of=2020-01-01")
    assert answer["totals"]["incidents"] == 0


def test_datasets_say_what_may_leave(service: Service) -> None:
    datasets = {one["slug"]: one for one in read(service, "/api/datasets")["datasets"]}
    assert datasets.keys() == {"demo", "cited"}
    assert datasets["demo"]["licence"] == "CC0-1.0"
    assert datasets["demo"]["terms"]["raw"] is True


@pytest.mark.parametrize(("query", "row_bytes"), [("", 32), ("&colour_by=side", 33)])
def test_columns_are_listed_with_their_layout_and_no_cache_keeps_them_for_long(
    public_service: Service, query: str, row_bytes: int
) -> None:
    listing = read(public_service, f"/columns.json?theatre=example{query}")
    widths = {"u4": 4, "u2": 2, "u1": 1}
    width = sum(widths[kind] for kind in listing["columns"].values())
    assert width == row_bytes
    for month in listing["months"]:
        answer = public_service.client.get(month["url"])
        assert len(answer.content) == month["rows"] * width
        assert answer.headers["cache-control"] == "public, max-age=60, must-revalidate"
        again = public_service.client.get(
            month["url"], headers={"If-None-Match": answer.headers["etag"]}
        )
        assert (again.status_code, again.content) == (304, b"")


def test_an_answer_that_has_not_changed_is_not_sent_again(service: Service) -> None:
    for path in (f"/api/summary?{NIGHT}", "/", "/tiles/map/5/18/10.png", "/columns.json"):
        first = service.client.get(path)
        again = service.client.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (path, again.status_code, again.content) == (path, 304, b"")


@pytest.mark.parametrize("path", ["/table", "/method", "/compare", "/incidents/{id}"])
def test_a_page_that_has_not_changed_is_not_written_again(
    demo_data: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    application = create_app(Settings(data_dir=demo_data))

    def get(address: str, **headers: str) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(application)
            async with httpx.AsyncClient(transport=transport, base_url="http://a") as client:
                return await client.get(f"{address}?theatre=example", headers=headers)

        return run_async(send)

    items = get("/api/collections/incidents/items").json()
    path = path.format(id=items["features"][0]["id"])
    first = get(path)
    assert first.status_code == 200
    monkeypatch.setattr(Pages, "__call__", None)  # to write a page is a fault from here on
    again = get(path, **{"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_same_page_twice_is_the_same_bytes(service: Service) -> None:
    assert service.client.get("/").content == service.client.get("/").content


def test_an_incident_is_found_by_id_and_by_short_number(service: Service) -> None:
    features = read(service, f"/api/collections/incidents/items?{NIGHT}&region=UA-30")["features"]
    feature = features[0]
    for ref in (feature["id"], feature["properties"]["number"]):
        assert read(service, f"/api/collections/incidents/items/{ref}")["id"] == feature["id"]
        assert service.client.get(f"/incidents/{ref}").status_code == 200
    assert feature["properties"]["claims"][0]["by"] == "Ministry of Defence of Russia"


def test_a_list_is_read_in_pages_that_follow_each_other(service: Service) -> None:
    path, seen, matched = "/api/collections/incidents/items?theatre=example&limit=100", 0, -1
    while path:
        answer = read(service, path)
        seen, matched = seen + answer["numberReturned"], answer["numberMatched"]
        path = next((one["href"] for one in answer["links"] if one["rel"] == "next"), "")
    assert seen == matched


def test_tilejson_describes_each_layer(service: Service) -> None:
    for layer in ("basemap", "regions", "control", "incidents", "map"):
        document = read(service, f"/tiles/{layer}.json")
        assert document["tilejson"] == "3.0.0"
        assert document["tiles"][0].startswith(f"{service.url}/tiles/{layer}/{{z}}/{{x}}/{{y}}.")
    assert read(service, "/tiles/incidents.json")["vector_layers"][0]["id"] == "incidents"


def test_tiles_have_two_sizes(service: Service) -> None:
    for path, size in (("5/18/10.png", 256), ("5/18/10@2x.png", 512)):
        picture = service.client.get(f"/tiles/map/{path}")
        assert picture.headers["content-type"] == "image/png"
        assert picture.content[16:24] == size.to_bytes(4, "big") * 2


def test_the_table_reads_without_a_map(service: Service) -> None:
    page = service.client.get("/table").text
    assert "at least 2" in page
    assert "Dnipropetrovsk Oblast" in page
    assert "<script" not in page


def test_the_instance_says_that_it_lives_and_is_ready(service: Service) -> None:
    assert read(service, "/healthz") == {"status": "ok"}
    assert read(service, "/readyz")["status"] == "ready"


def test_the_templates_can_be_downloaded_from_the_method_page(service: Service) -> None:
    page = service.client.get("/method").text
    for name in ("incidents.csv", "incidents.geojson", "control.csv", "control.geojson"):
        assert f"/static/templates/{name}" in page
        assert service.client.get(f"/static/templates/{name}").status_code == 200


@pytest.mark.parametrize("lang", ["en", "uk"])
def test_the_method_page_lists_every_dataset_with_its_terms_and_day_of_access(
    public_service: Service, lang: str
) -> None:
    for theatre in ("ukraine", "example"):
        page = public_service.client.get(f"/method?theatre={theatre}&lang={lang}").text
        datasets = public_service.client.get(f"/api/datasets?theatre={theatre}").json()["datasets"]
        assert datasets
        for dataset in datasets:
            row = next(row for row in page.split("<tr>") if f"({dataset['slug']})" in row)
            assert dataset["licence"] in row
            assert dataset["accessed"] in row
            assert strings(lang)[f"terms_{dataset['licence']}"] in row
