"""The map's tools: each comes when it is asked for, and works by keyboard."""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from mgrs import MGRS
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, WIDE, Watched
from tests.making import ROOT
from tests.serving import Service, command, serving

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


def points() -> list[tuple[float, float]]:
    """Points as latitude, longitude: at random, around the exceptions of zones, and near edges."""
    dice = random.Random(20240301)  # noqa: S311  a fixed seed, not a secret
    anywhere = [(dice.uniform(-79.9, 83.9), dice.uniform(-180, 180)) for _ in range(400)]
    norway = [(dice.uniform(55, 65), dice.uniform(-1, 14)) for _ in range(100)]
    svalbard = [(dice.uniform(71, 83.9), dice.uniform(-2, 44)) for _ in range(200)]
    edges = [(0.0, 0.0), (-0.001, 6.0), (56.0, 3.0), (63.999, 11.999), (72.0, 9.0), (79.0, 33.0)]
    return [*anywhere, *norway, *svalbard, *edges, (12.0, -180.0), (48.5, 35.0), (-80.0, 20.0)]


def test_squares_of_the_page_are_those_of_geotrans(watch: Watch, service: Service) -> None:
    watched, page = opened(watch, service)
    script = """async (points) => {
      const { makeSquares } = await import("/static/js/coordinates.js");
      const write = await makeSquares("no square at {place}");
      return points.map(([lat, lon]) => write(L.latLng(lat, lon)));
    }"""
    squares = [square.replace(" ", "") for square in page.evaluate(script, points())]
    expected = [MGRS().toMGRS(lat, lon, MGRSPrecision=4).lstrip("0") for lat, lon in points()]
    differing = [pair for pair in zip(squares, expected, strict=True) if pair[0] != pair[1]]
    # A point within a millimetre of a square's edge may fall to either side.
    assert len(differing) <= 1, differing
    poles = page.evaluate(script, [[84.0, 10.0], [90.0, 0.0], [-80.1, 10.0]])
    assert [one.startswith("no square at ") for one in poles] == [True] * 3
    watched.is_clean()


def test_the_choice_of_squares_stays_with_the_address(watch: Watch, service: Service) -> None:
    watched, page = opened(watch, service)
    scripts: list[str] = []
    page.on("request", lambda request: scripts.append(request.url))
    page.get_by_role("button", name="Coordinates of the pointer").click()
    assert not any("mgrs" in url for url in scripts)
    page.get_by_label("Written as").select_option("mgrs")
    square = re.compile(r"^\d{1,2}[A-Z] [A-Z]{2} \d{4} \d{4}$")
    expect(page.locator(".tool-said")).to_have_text(square)
    assert "coords=mgrs" in page.url
    page.reload()
    page.get_by_role("button", name="Tools of the map").click()
    page.get_by_role("button", name="Coordinates of the pointer").click()
    expect(page.locator(".tool-said")).to_have_text(square)
    page.get_by_label("Written as").select_option("degrees")
    expect(page.locator(".tool-said")).to_have_text(re.compile(r"^-4\d\.\d{4}, -12\d\.\d{4}$"))
    assert "coords" not in page.url
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
    page.get_by_role("button", name="Two days or two sources side by side").click()
    divider = page.get_by_role("slider", name="Divider between left and right")
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


@pytest.fixture
def two_sources(demo_data: Path, tmp_path: Path) -> Iterator[Service]:
    """The demos, with a second source of control in Ukraine."""
    shutil.copytree(demo_data, tmp_path / "data")
    file = ROOT / "tests/data/deepstatemap_data_20240310.geojson"
    done = command(tmp_path / "data", "import", str(file), "--theatre", "ukraine")
    assert done.returncode == 0, done.stderr
    with serving(tmp_path / "data", "--private") as running:
        yield running


def test_two_sources_lie_side_by_side_on_one_day(watch: Watch, two_sources: Service) -> None:
    watched = watch()
    page = watched.page
    tiles: list[str] = []
    page.on("request", lambda request: tiles.append(request.url))
    watched.open(f"{two_sources.url}/?theatre=ukraine&from=2024-03-12&to=2024-03-12&control=cited")
    page.get_by_role("button", name="Tools of the map").click()
    page.get_by_role("button", name="Two days or two sources side by side").click()
    expect(page.get_by_label("Source on the left")).to_have_value("cited")
    with page.expect_request(re.compile(r"/tiles/control/.*control=deepstate")):
        page.get_by_label("Source on the right").select_option("deepstate")
    sides = page.locator(".swipe-side .note")
    expect(sides.nth(1)).to_contain_text("10 Mar 2024")
    shown = {
        re.findall(r"control=(\w+)", url)[0]: re.findall(r"to=([\d-]+)", url)[0]
        for url in tiles
        if "/tiles/control/" in url
    }
    assert shown == {"cited": "2024-03-12", "deepstate": "2024-03-12"}
    page.get_by_label("Day on the right").fill("2024-03-01")
    expect(sides.nth(1)).to_contain_text("says nothing on or before this day")
    expect(sides.nth(0)).not_to_contain_text("says nothing")
    watched.is_clean()


@pytest.mark.parametrize("size", [WIDE, PHONE])
def test_the_tools_are_for_everybody(watch: Watch, service: Service, size: dict[str, int]) -> None:
    _watched, page = opened(watch, service, size)
    page.get_by_role("button", name="Two days or two sources side by side").click()
    found = Axe().run(page, {"exclude": [["#panel"]]})
    assert found.violations_count == 0, found.generate_report()
