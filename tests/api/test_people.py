"""What visitors look for first: pages at the addresses of OGC, documentation, catalogues."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from typing_extensions import override

from tests.serving import Service

VIEW = "theatre=example&synthetic=1"
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
PATHS = (
    "/api",
    "/api/conformance",
    "/api/collections",
    "/api/collections/incidents",
    "/api/collections/incidents/queryables",
    "/api/collections/incidents/items",
    "/api/collections/regions/items",
    "/api/collections/control/items",
)
OUTSIDE = re.compile(r"""(?:src|href)=["']https?://(?!127\.0\.0\.1)""")


class Links(HTMLParser):
    """Collects the addresses of a page's links."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.feed(page)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.addresses += [value for name, value in attrs if name == "href" and value]


@pytest.mark.parametrize("path", PATHS)
def test_a_browser_gets_a_page_and_a_program_gets_json(service: Service, path: str) -> None:
    address = f"{path}?{VIEW}"
    page = service.client.get(address, headers=BROWSER)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert OUTSIDE.findall(page.text) == []
    assert "json" in service.client.get(address).headers["content-type"]
    assert (
        "json" in service.client.get(f"{address}&f=json", headers=BROWSER).headers["content-type"]
    )
    assert service.client.get(f"{address}&f=html").text == page.text or "timeStamp" in page.text
    if tag := page.headers.get("etag"):
        again = service.client.get(address, headers={**BROWSER, "If-None-Match": tag})
        assert again.status_code == 304


def test_a_reader_goes_from_the_landing_page_to_one_record(service: Service) -> None:
    def follow(page: str, pattern: str) -> str:
        address = next(one for one in Links(page).addresses if re.search(pattern, one))
        answer = service.client.get(address, headers=BROWSER)
        assert answer.status_code == 200, address
        return answer.text

    landing = service.client.get(f"/api?{VIEW}", headers=BROWSER).text
    collections = follow(landing, r"/api/collections\?")
    items = follow(collections, r"/incidents/items\?")
    record = follow(items, r"/items/[0-9a-f-]{36}\?")
    assert "killed" in record


def test_texts_of_a_record_stay_text_on_a_page(service: Service) -> None:
    page = service.client.get(f"/api/collections/incidents/items?{VIEW}&f=html").text
    assert "<script" not in page


def test_a_wrong_parameter_is_a_400_on_a_page_too(service: Service) -> None:
    answer = service.client.get("/api/collections?colour=red", headers=BROWSER)
    assert (answer.status_code, "text/html" in answer.headers["content-type"]) == (400, True)
    assert "colour" in answer.text


def test_the_documentation_shows_every_address_and_its_examples_run(service: Service) -> None:
    page = service.client.get(f"/api/docs?{VIEW}").text
    assert OUTSIDE.findall(page) == []
    paths = service.client.get("/api/openapi.json").json()["paths"]
    assert all(path in page for path in paths)
    examples = [one for one in Links(page).addresses if one.startswith("/api/collections")]
    assert len(examples) > 5
    assert {service.client.get(one).status_code for one in examples} == {200}


def test_robots_are_kept_from_a_private_instance_and_from_endless_numbers(
    service: Service, public_service: Service
) -> None:
    assert service.client.get("/robots.txt").text == "User-agent: *\nDisallow: /\n"
    public = public_service.client.get("/robots.txt").text
    assert "Disallow: /tiles/" in public
    listed = public_service.client.get(public.rpartition("Sitemap: ")[2].strip()).text
    addresses = re.findall(r"<loc>(.*?)</loc>", listed)
    assert len(addresses) >= 8
    assert "theatre=example" not in listed  # invented data are for nobody's search
    first = addresses[0].replace("&amp;", "&")
    assert public_service.client.get(first).status_code == 200
    assert service.client.get("/favicon.ico").status_code == 200


def test_a_catalogue_lists_what_may_leave(public_service: Service) -> None:
    answer = public_service.client.get("/catalog.jsonld?theatre=example&synthetic=1")
    assert answer.headers["content-type"] == "application/ld+json"
    document = answer.json()
    assert document["@type"] == "dcat:Catalog"
    datasets = {one["dct:identifier"]: one for one in document["dcat:dataset"]}
    incidents = datasets["example-incidents"]
    assert incidents["dct:temporal"]["dcat:startDate"]["@value"] < "2025"
    address = incidents["dcat:distribution"][0]["dcat:downloadURL"]["@id"]
    assert public_service.client.get(address).status_code == 200
    assert datasets["example-control"]["dcat:distribution"] == []
