"""An admin adds a country and sets what it opens on, in Arabic, by keyboard, and on a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, Watched, expect_no_axe_violations
from tests.serving import Service, serving

pytestmark = pytest.mark.browser
Watch = Callable[..., Watched]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance without data."""
    return tmp_path_factory.mktemp("theatres") / "data"


@pytest.fixture(scope="module")
def private(data: Path) -> Iterator[Service]:
    with serving(data, "--private") as running:
        yield running


def test_sudan_is_added_in_arabic_by_keyboard_and_opens_from_right_to_left(
    private: Service, watch: Watch
) -> None:
    watched = watch()
    page = watched.page
    watched.open(f"{private.url}/audit?theatre=example&lang=ar")
    page.locator("main a[href^='/theatres']").click()
    expect(page.locator("#adding")).to_be_visible()
    page.locator("#search").fill("السود")
    expect(page.locator("#countries option")).to_have_count(2)  # and South Sudan
    page.locator("#search").fill("sd")
    page.keyboard.press("Enter")
    expect(page.locator("#country-title")).to_have_text("السودان (SD)")
    derived = page.locator("#derived")
    for fact in ("16", "Africa/Khartoum", "السودان – Sudan", "لا أطراف بعد"):
        expect(derived).to_contain_text(fact)
    expect(page.locator("#by-hand")).to_contain_text("strikemap theatre put sudan.toml")
    assert len(page.locator("#outline path").get_attribute("d") or "") > 500
    expect_no_axe_violations(page)
    page.locator("#slug").fill("Sudan!")
    page.locator("#slug").evaluate("one => one.removeAttribute('pattern')")
    page.keyboard.press("Enter")
    expect(page.locator("#problem")).to_contain_text("Sudan!")
    page.locator("#slug").fill("sudan")
    page.keyboard.press("Enter")
    seen = page.locator("#add a").first
    expect(seen).to_have_attribute("href", "/?theatre=sudan&lang=ar", timeout=90_000)
    expect(page.locator("#country")).to_be_focused()
    expect(page.locator("#open")).to_contain_text("Africa/Khartoum")
    expect_no_axe_violations(page)
    seen.click()
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    expect(page.locator("h1")).to_contain_text("السودان")
    watched.faults = [one for one in watched.faults if "422" not in one]  # the refusal, as meant
    watched.is_clean()


def test_what_a_theatre_opens_on_is_set_on_a_phone(private: Service, watch: Watch) -> None:
    watched = watch(PHONE, scheme="dark")
    watched.open(f"{private.url}/theatres?theatre=example")
    page = watched.page
    page.get_by_role("button", name="Change: What Example").click()
    expect(page.locator("#opening")).to_be_focused()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("#from").fill("2024-03-01")
    page.locator("#opening button[type=submit]").click()
    expect(page.locator("#problem")).to_contain_text("both days, or none")
    page.locator("#from").fill("")
    page.locator("#opening-languages select").select_option("ar")
    page.locator("#opening button[type=submit]").click()
    expect(page.locator("#status")).to_have_text("Saved, and in force.", timeout=90_000)
    listed = httpx.get(f"{private.url}/api/theatres").json()["theatres"]
    assert listed[0]["languages"][:2] == ["ar", "en"]
    expect_no_axe_violations(page)
    watched.faults = [one for one in watched.faults if "422" not in one]  # the refusal, as meant
    watched.is_clean()
