"""The map's tools: each comes when it is asked for, and works by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, WIDE, Watched
from tests.serving import Service

pytestmark = pytest.mark.browser
Watch = Callable[..., Watched]
EXAMPLE = "theatre=example&from=2024-03-01&to=2024-04-29"


def opened(watch: Watch, service: Service, size: dict[str, int] = WIDE) -> tuple[Watched, Page]:
    watched = watch(size)
    watched.open(f"{service.url}/?{EXAMPLE}")
    page = watched.page
    page.get_by_role("button", name="Tools of the map").click()
    expect(page.locator(".toolbox")).to_be_visible()
    return watched, page


def test_the_tools_come_with_the_first_use_and_close_by_keyboard(
    watch: Watch, service: Service
) -> None:
    watched = watch()
    scripts: list[str] = []
    watched.page.on("request", lambda request: scripts.append(request.url))
    watched.open(f"{service.url}/?{EXAMPLE}")
    assert not any("toolbox" in url or "swipe" in url for url in scripts)
    button = watched.page.get_by_role("button", name="Tools of the map")
    button.focus()
    watched.page.keyboard.press("Enter")
    expect(watched.page.locator(".toolbox")).to_be_visible()
    assert any("toolbox" in url for url in scripts)
    watched.page.keyboard.press("Escape")
    expect(watched.page.locator(".toolbox")).to_be_hidden()
    expect(button).to_be_focused()
    watched.is_clean()


def test_the_pointers_coordinates_are_said(watch: Watch, service: Service) -> None:
    watched, page = opened(watch, service)
    page.get_by_role("button", name="Coordinates of the pointer").click()
    expect(page.locator(".tool-said")).to_have_text(re.compile(r"^-4\d\.\d{4}, -12\d\.\d{4}$"))
    before = page.locator(".tool-said").text_content()
    page.mouse.move(900, 500)
    expect(page.locator(".tool-said")).not_to_have_text(before or "")
    watched.is_clean()


def test_the_readers_place_is_shown_when_asked_for_and_never_sent(
    watch: Watch, service: Service
) -> None:
    watched, page = opened(watch, service)
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation({"latitude": -42.0, "longitude": -124.0, "accuracy": 200})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("button", name="Show where I am").click()
    expect(page.locator(".tool-said")).to_contain_text("It was not sent")
    assert not any("-42.0" in url and "-124.0" in url for url in asked)
    watched.is_clean()


def test_a_view_is_narrowed_to_what_the_map_shows(watch: Watch, service: Service) -> None:
    watched, page = opened(watch, service)
    page.evaluate("strikemap.map.setView([-42.2, -126.5], 9, {animate: false})")
    page.get_by_role("button", name="Only what the map shows").click()
    page.wait_for_url(re.compile(r"bbox=-12\d"))
    expect(page.locator("html")).to_have_attribute("data-ready", "1")
    page.get_by_role("button", name="Tools of the map").click()
    page.get_by_role("button", name="Everywhere again").click()
    page.wait_for_url(lambda url: "bbox" not in url)
    watched.is_clean()


def test_two_days_lie_side_by_side_under_a_divider(watch: Watch, service: Service) -> None:
    watched, page = opened(watch, service)
    tiles: list[str] = []
    page.on("request", lambda request: tiles.append(request.url))
    page.get_by_role("button", name="Two days side by side").click()
    divider = page.get_by_role("slider", name="Divider between the two days")
    expect(divider).to_be_visible()
    for side in ("left", "right"):
        pane = page.locator(f".leaflet-swipe-{side}-pane img[src*='/tiles/control/']")
        expect(pane.first).to_be_attached()
    addresses = " ".join(url for url in tiles if "/tiles/control/" in url)
    days = set(re.findall(r"to=([\d-]+)", addresses))
    assert days == {"2024-03-01", "2024-04-29"}
    clip = "getComputedStyle(document.querySelector('.leaflet-swipe-left-pane')).clip"
    before = page.evaluate(clip)
    divider.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate(clip) != before
    watched.is_clean()


@pytest.mark.parametrize("size", [WIDE, PHONE])
def test_the_tools_are_for_everybody(watch: Watch, service: Service, size: dict[str, int]) -> None:
    _watched, page = opened(watch, service, size)
    page.get_by_role("button", name="Two days side by side").click()
    found = Axe().run(page, {"exclude": [["#panel"]]})
    assert found.violations_count == 0, found.generate_report()
