"""Text from files is text everywhere: no name of a place, person or source ever runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Watched
from tests.serving import Service, command, serving

pytestmark = pytest.mark.browser
HOSTILE = [
    "<script>window.ran=1</script>",
    "${window.ran=1}",
    '"><img src=x onerror="window.ran=1">',
    "</script><script>window.ran=1</script>",
    "`;window.ran=1;`",
    "{{ 7 * 7 }}",
]


@pytest.fixture(scope="module")
def hostile_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("hostile")
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [-125.0 + n / 20, -42.0]},
            "properties": {
                "source_key": text,
                "start": "2024-03-10",
                "precision": "exact",
                "place": text,
                "description": text,
                "when_text": text,
                "damage": [{"sector": "other", "name": text, "object_kind": text}],
                "claims": [{"by": text, "text": text}],
                "sources": [{"publisher": text, "url": f"https://example.org/?{text}"}],
            },
        }
        for n, text in enumerate(HOSTILE)
    ]
    path = Path(folder) / "hostile.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    title = HOSTILE[3]
    words = ("--theatre", "example", "--dataset", "hostile", "--title", title)
    done = command(folder / "data", "import", str(path), *words, "--attribution", title)
    assert "added 6" in done.stdout, done.stderr
    with serving(folder / "data", "--private") as running:
        yield running


def test_every_hostile_name_is_shown_as_text_in_the_dialog(
    hostile_service: Service, watch: Callable[..., Watched]
) -> None:
    watched = watch()
    watched.open(f"{hostile_service.url}/?theatre=example&dataset=hostile")
    page = watched.page
    page.get_by_role("tab", name="Incidents").click()
    expect(page.locator("button.incident")).to_have_count(len(HOSTILE))
    dialog, titles = page.get_by_role("dialog"), set[str]()
    for number in range(len(HOSTILE)):
        page.locator("button.incident").nth(number).click()
        expect(dialog).to_be_visible()
        titles.add(page.locator("#incident-title").text_content() or "")
        assert dialog.locator("a[href^='javascript']").count() == 0
        assert page.evaluate("window.ran") is None
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
    assert all(any(text in title for title in titles) for text in HOSTILE)
    watched.is_clean()


@pytest.mark.parametrize("path", ["/table", "/method", "/embed"])
def test_a_hostile_name_is_text_on_every_page(
    hostile_service: Service, watch: Callable[..., Watched], path: str
) -> None:
    watched = watch()
    watched.page.goto(f"{hostile_service.url}{path}?theatre=example&dataset=hostile")
    watched.page.wait_for_load_state("networkidle")
    assert watched.page.evaluate("window.ran") is None
    watched.is_clean()


def test_a_hostile_record_page_has_no_script_link(hostile_service: Service) -> None:
    query = "theatre=example&dataset=hostile"
    items = hostile_service.client.get(f"/api/collections/incidents/items?{query}").json()
    for one in items["features"]:
        page = hostile_service.client.get(f"/incidents/{one['id']}?{query}").text
        assert 'href="javascript' not in page
        assert "<script>window" not in page
