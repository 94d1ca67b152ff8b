"""Five readers and what each came for; the GIS user's journey is in tests/api/test_ogc.py."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, Watched
from tests.serving import Service, command, hosting, serving
from tests.support import table

pytestmark = pytest.mark.browser
Watch = Callable[..., Watched]
EXAMPLE = "theatre=example"
COPIED = (
    "[...document.querySelectorAll('.share-row input, .share-row textarea')].map((f) => f.value)"
)


def test_a_journalist_on_a_phone_reads_last_night_and_takes_a_picture(
    public_service: Service, watch: Watch
) -> None:
    watched = watch(PHONE)
    watched.open(f"{public_service.url}/?{EXAMPLE}&from=2024-04-28&to=2024-04-29")
    page = watched.page
    expect(page.locator(".period-said")).not_to_be_empty()
    said = page.locator(".period-said").text_content() or ""
    page.get_by_role("tab", name="Summary").click()
    expect(page.locator(".totals .figure").first).to_contain_text(said.split()[0])
    page.get_by_role("tab", name="Incidents").click()
    page.locator("button.incident").first.click()
    expect(page.get_by_role("dialog")).to_contain_text("Sources")
    page.get_by_role("button", name="Close").first.click()
    page.get_by_role("button", name="Share").click()
    picture = page.get_by_role("textbox", name="Picture").input_value()
    answer = page.request.get(picture)
    assert Image.open(io.BytesIO(answer.body())).size == (1200, 630)
    watched.is_clean()


def test_an_analyst_narrows_a_region_and_takes_its_rows_along(
    public_service: Service, watch: Watch
) -> None:
    watched = watch()
    watched.open(f"{public_service.url}/?{EXAMPLE}")
    page = watched.page
    key = page.evaluate("strikemap.spec.regions[0][0]")
    page.evaluate(f"strikemap.chooseRegion('{key}')")
    page.get_by_role("button", name="Only this region").click()
    page.get_by_role("tab", name=re.compile("Filters")).click()
    first = page.locator("[data-facet=weapon] li:not(.member):visible label").first
    expect(first.locator(".count")).to_have_text(re.compile(r"\d"))
    n = int(first.locator(".count").text_content() or "0")
    first.locator("input").check()
    expect(page.locator(".period-said")).to_contain_text(f"{n} incidents,")
    page.goto(page.url.replace("/?", "/table?").split("#")[0])
    link = page.locator("#exports + p + ul a[href*='export.csv?']")
    taken = page.request.get(public_service.url + (link.get_attribute("href") or ""))
    rows = list(csv.DictReader(io.StringIO(taken.text().removeprefix("\ufeff"))))
    assert len(rows) == n
    assert {row["region"] for row in rows} == {key}


def test_an_editor_embeds_a_pinned_map_that_later_says_what_was_corrected(
    watch: Watch, tmp_path: Path
) -> None:
    data_dir = tmp_path / "data"
    spot = {"precision": "exact", "lon": "30.52", "lat": "50.45", "killed_low": "2"}
    row = {**spot, "source_key": "a", "start": "2025-03-10"}
    words = ("--dataset", "ours", "--terms", "CC0-1.0")
    first = command(data_dir, "import", str(table(tmp_path, row)), *words)
    assert first.returncode == 0, first.stderr
    with serving(data_dir) as service:
        watched = watch()
        watched.open(f"{service.url}/?dataset=ours")
        watched.page.get_by_role("button", name="Share").click()
        expect(watched.page.get_by_role("dialog")).to_be_visible()
        fields = watched.page.evaluate(COPIED)
        frame = next(text for text in fields if text.startswith("<iframe"))
        oembed = next(text for text in fields if "/oembed?" in text)
        told = service.client.get(oembed).json()
        assert (told["version"], told["type"]) == ("1.0", "rich")
        amended = table(tmp_path, {**row, "killed_low": "3"}, name="later.csv")
        later = command(data_dir, "import", str(amended), *words)
        assert later.returncode == 0, later.stderr
        with hosting(frame) as address:
            watched.page.goto(address)
            inside = watched.page.frame_locator("iframe")
            expect(inside.locator("html[data-ready='1']")).to_be_attached()
            expect(inside.locator(".banner").first).to_contain_text("1 correction")
            expect(inside.locator("#credits")).to_contain_text("ours")
        watched.is_clean()


def test_a_reader_without_a_mouse_or_sight_reaches_everything_by_keyboard(
    public_service: Service, watch: Watch
) -> None:
    watched = watch()
    watched.open(f"{public_service.url}/?{EXAMPLE}")
    page = watched.page
    reached: list[str] = []
    for _press in range(60):
        page.keyboard.press("Tab")
        script = "(() => { const a = document.activeElement; return a.getAttribute('aria-label')"
        script += " || a.textContent.trim().slice(0, 40) || a.name || a.id || a.type; })()"
        reached.append(str(page.evaluate(script)))
        if len(reached) > 5 and reached[-1] == reached[0]:
            break
    wanted: tuple[str, ...] = (
        "Go to the table",
        "Share",
        "Map of reported strikes",
        "Zoom in",
        "Find a place",
    )
    wanted += ("Measure distances", "Play", "First day of the period", "Summary")
    text = " | ".join(reached)
    assert [name for name in wanted if name not in text] == []
    page.locator(".map").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".map")).to_be_focused()
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="In words")).to_be_visible()
    assert page.locator("table").count() >= 2


def test_fifty_filters_at_once_are_understood(service: Service, watch: Watch) -> None:
    taxonomy = service.client.get(f"/api/facets?{EXAMPLE}").json()
    many = {"weapon": ",".join(taxonomy["weapon"]), "sector": ",".join(taxonomy["sector"])}
    many |= {"status": ",".join(taxonomy["status"]), "min_killed": "1"}
    pairs = urlencode(many) + "".join(f"&weapon={one}" for one in [*taxonomy["weapon"]] * 4)
    watched = watch()
    watched.open(f"{service.url}/?{EXAMPLE}&{pairs}")
    expect(watched.page.get_by_role("tab", name="Filters (4)")).to_be_visible()
    watched.is_clean()


def test_a_day_before_the_first_record_is_an_honest_empty_map(
    service: Service, watch: Watch
) -> None:
    watched = watch()
    watched.open(f"{service.url}/?as_of=2020-01-01&from=2025-10-24&to=2025-10-25")
    page = watched.page
    page.locator(".said summary").click()
    expect(page.locator(".said")).to_contain_text("nothing is recorded here")
    expect(page.locator(".said")).to_contain_text("does not mean that nothing happened")
    watched.is_clean()
