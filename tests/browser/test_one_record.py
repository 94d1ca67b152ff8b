"""A record has one writer: its own page and the map's dialog say the same sentences."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watched
from tests.serving import Service

pytestmark = pytest.mark.browser
Watch = Callable[..., Watched]
LINES = """(list) => [...list.querySelectorAll('dd')].map((field) => {
    const lines = field.querySelectorAll('li');
    const texts = lines.length ? [...lines].map((line) => line.textContent) : null;
    return texts ?? field.innerText.split('\\n');
}).map((lines) => lines.map((line) => line.trim()).filter(Boolean))"""


def fields_of(page: Page, record: str) -> tuple[list[str], list[list[str]]]:
    """Read labels and lines of a record."""
    place = page.locator(record)
    expect(place).to_be_visible()
    place.evaluate("(list) => list.querySelectorAll('details').forEach((one) => (one.open = true))")
    labels = page.locator(f"{record} dt").all_text_contents()
    lines: list[list[str]] = place.evaluate(LINES)
    return labels, lines


@pytest.mark.parametrize("lang", ["en", "uk"])
def test_a_records_page_and_the_maps_dialog_say_the_same(
    watch: Watch, service: Service, lang: str
) -> None:
    query = f"theatre=example&synthetic=1&lang={lang}"
    page = watch().page
    numbers = [
        feature["properties"]["number"]
        for feature in service.client.get(
            f"/api/collections/incidents/items?{query}&limit=100"
        ).json()["features"]
        if feature["properties"]["damage"] or feature["properties"]["control"]
    ]
    for number in numbers[::40]:
        page.goto(f"{service.url}/incidents/{number}?{query}")
        own_page = fields_of(page, "dl.record")
        headline = page.locator("h1").text_content()
        page.goto("about:blank")  # another record in the hash alone would not open the page anew
        page.goto(f"{service.url}/?{query}#open={number}")
        dialog = fields_of(page, "[role=dialog] dl.record")
        assert dialog == own_page
        assert page.locator("#incident-title").text_content() == headline
        assert len(own_page[0]) > 8


@pytest.mark.parametrize("lang", ["en", "uk"])
def test_the_list_and_the_dialog_lead_with_the_same_headline(
    watch: Watch, service: Service, lang: str
) -> None:
    page = (watched := watch()).page
    watched.open(f"{service.url}/?theatre=example&synthetic=1&lang={lang}")
    page.get_by_role("tab").nth(1).click()
    row = page.locator("button.incident").first
    headline = row.locator(".incident-headline").text_content()
    row.click()
    expect(page.locator("#incident-title")).to_have_text(headline or "-")


def test_figures_begin_with_one_sentence_that_the_embed_has_too(
    watch: Watch, service: Service
) -> None:
    query = "theatre=example&synthetic=1"
    headline = service.client.get(f"/api/summary?{query}&from=2024-03-01&to=2024-03-31").json()[
        "headline"
    ]
    page = watch().page
    for path in ("/", "/embed"):
        page.goto(f"{service.url}{path}?{query}&from=2024-03-01&to=2024-03-31")
        expect(page.locator(".headline")).to_have_text(headline)
