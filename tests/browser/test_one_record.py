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
    for number in numbers[::25]:
        page.goto(f"{service.url}/incidents/{number}?{query}")
        own_page = fields_of(page, "dl.record")
        page.goto("about:blank")  # another record in the hash alone would not open the page anew
        page.goto(f"{service.url}/?{query}#open={number}")
        dialog = fields_of(page, "[role=dialog] dl.record")
        assert dialog == own_page
        assert len(own_page[0]) > 8
