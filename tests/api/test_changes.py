"""Changes and evidence over HTTP: feeds, the page, the pinned map's line, and who gets a bundle."""

from __future__ import annotations

import io
import zipfile

import pytest

from tests.serving import Service

SINCE = "since=2020-01-01"


def test_the_json_feed_lists_what_was_added_since(service: Service) -> None:
    answer = service.client.get(f"/api/changes?{SINCE}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/feed+json"
    feed = answer.json()
    assert feed["_strikemap"]["counts"]["added"] == len(feed["items"]) > 0
    assert {item["tags"][0] for item in feed["items"]} == {"added"}


def test_the_atom_feed_is_asked_for_by_name_or_by_accept(service: Service) -> None:
    by_name = service.client.get(f"/api/changes?{SINCE}&format=atom")
    by_header = service.client.get(
        f"/api/changes?{SINCE}", headers={"Accept": "application/atom+xml"}
    )
    for answer in (by_name, by_header):
        assert answer.headers["content-type"] == "application/atom+xml"
        assert answer.text.startswith("<?xml")


@pytest.mark.parametrize("lang", ["en", "uk"])
def test_the_page_lists_the_same(service: Service, lang: str) -> None:
    answer = service.client.get(f"/changes?{SINCE}&lang={lang}")
    assert answer.status_code == 200
    assert answer.text.count("<tr>") > 3


@pytest.mark.parametrize("query", ["", "since=tomorrow", "since=2999-01-01", "since="])
def test_a_date_that_cannot_be_read_is_named(service: Service, query: str) -> None:
    answer = service.client.get(f"/api/changes?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"] == "query.since"


def test_a_pinned_map_says_what_was_corrected_since(service: Service) -> None:
    head = service.client.get("/api/summary").json()["as_of"]
    html = service.client.get(f"/embed?as_of={head}").text
    assert "No correction since" in html
    assert "/changes?" in html
    assert "correction" not in service.client.get("/embed").text.split("<script", 1)[0]


def test_a_bundle_is_given_by_a_private_instance_and_refused_to_the_public(
    service: Service, public_service: Service
) -> None:
    items = service.client.get("/api/collections/incidents/items").json()["features"]
    number = items[0]["id"]
    answer = service.client.get(f"/api/evidence/{number}.zip")
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert {"manifest.json", "chain.jsonl", "check_evidence.py"} <= set(archive.namelist())
    refused = public_service.client.get(f"/api/evidence/{number}.zip")
    assert refused.status_code == 403
    assert "strikemap evidence" in refused.json()["detail"]


def test_feeds_have_absolute_addresses_and_points(service: Service) -> None:
    address = "/api/changes?theatre=example&synthetic=1&since=2020-01-01&limit=50"
    atom = service.client.get(f"{address}&format=atom").text
    assert f'href="{service.url}/incidents/' in atom
    assert f"<id>{service.url}/api/changes" in atom
    assert "<georss:point>-4" in atom  # latitude first
    items = service.client.get(address).json()["items"]
    assert all(item["url"].startswith(f"{service.url}/incidents/") for item in items)
    assert all(item["id"].startswith("urn:uuid:") for item in items)
    assert "There was no record before." in items[0]["content_text"]
