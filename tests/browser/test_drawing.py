"""An area is drawn by mouse, by keyboard and by finger, and narrows the page to what lies in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, WIDE, Watched
from tests.serving import Service

pytestmark = pytest.mark.browser
Watch = Callable[..., Watched]
EXAMPLE = "theatre=example&from=2024-03-01&to=2024-04-29"
CORNERS = [(-43.5, -127.5), (-43.2, -124), (-41.2, -123.6), (-42.4, -125.4)]


def holding(
    tool: str, watch: Watch, service: Service, query: str, size: dict[str, int]
) -> tuple[Watched, Page]:
    """Open a View and take a tool of the map."""
    watched = watch(size)
    watched.open(f"{service.url}/?{query}")
    watched.page.get_by_role("button", name="Tools of the map").click()
    watched.page.get_by_role("button", name=tool).click()
    return watched, watched.page


def drawing(watch: Watch, service: Service, size: dict[str, int] = WIDE) -> tuple[Watched, Page]:
    """Open the page and take the pencil."""
    watched, page = holding("Draw an area", watch, service, EXAMPLE, size)
    expect(page.locator(".drawing")).to_contain_text("Click the corners")
    expect(page.locator(".toolbox")).to_be_hidden()
    return watched, page


def click(page: Page, lat: float, lon: float, *, times: int = 1) -> None:
    script = f"""(() => {{
      const {{ map }} = strikemap, at = map.latLngToContainerPoint([{lat}, {lon}]);
      const box = map.getContainer().getBoundingClientRect();
      return [at.x + box.x, at.y + box.y];
    }})()"""
    page.mouse.click(*page.evaluate(script), click_count=times)


def within(page: Page) -> list[float]:
    page.wait_for_url(re.compile("within="))
    expect(page.locator("html")).to_have_attribute("data-ready", "1")
    return [float(one) for one in parse_qs(urlsplit(page.url).query)["within"][0].split(",")]


def test_clicks_draw_an_area_a_double_click_closes_it_and_a_chip_takes_it_away(
    watch: Watch, service: Service
) -> None:
    watched, page = drawing(watch, service)
    click(page, *CORNERS[0])
    click(page, *CORNERS[1])
    click(page, *CORNERS[2])
    page.keyboard.press("Backspace")
    expect(page.locator(".draw-said")).to_have_text("Corners: 2")
    click(page, *CORNERS[2])
    click(page, *CORNERS[3], times=2)
    numbers = within(page)
    pairs = sorted(zip(numbers[1::2], numbers[::2], strict=True))
    assert pairs == [pytest.approx(corner, abs=0.05) for corner in sorted(CORNERS)]
    view = f"{EXAMPLE}&within={','.join(map(str, numbers))}"
    items = service.client.get(f"/api/collections/incidents/items?{view}").json()
    assert items["numberMatched"] > 3
    expect(page.locator(".leaflet-spot-pane path.pencil")).to_have_count(1)
    expect(page.locator(".legend")).to_contain_text("Drawn area")
    page.get_by_role("tab", name=re.compile("^Incidents")).click()
    expect(page.locator("#pane-incidents [role=status]")).to_contain_text(
        f": {items['numberMatched']}"
    )
    page.get_by_role("tab", name=re.compile("^Filters")).click()
    page.get_by_role("button", name="Drawn area ×").click()
    page.wait_for_url(lambda url: "within" not in url)
    watched.is_clean()


def test_the_keyboard_alone_draws_takes_back_refuses_and_cancels(
    watch: Watch, service: Service
) -> None:
    watched, page = drawing(watch, service)
    said = page.locator(".draw-said")

    def corner(lat: float, lon: float) -> None:
        page.evaluate(f"strikemap.map.setView([{lat}, {lon}], 7, {{animate: false}})")
        page.keyboard.press("Space")

    page.keyboard.press("Escape")
    expect(page.locator(".drawing")).to_be_hidden()
    expect(page.get_by_role("button", name="Tools of the map")).to_be_focused()
    expect(page.locator(".leaflet-spot-pane path")).to_have_count(0)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Draw an area").press("Enter")
    corner(-43, -126)
    page.keyboard.press("Enter")
    expect(said).to_have_text("An area has at least three corners.")
    corner(-43, -124)
    corner(-41, -126)
    corner(-41, -124)
    page.keyboard.press("Enter")
    expect(said).to_contain_text("Two sides of the area cross")
    page.keyboard.press("Backspace")
    expect(said).to_have_text("Corners: 3")
    page.keyboard.press("Enter")
    assert within(page) == pytest.approx([-126, -43, -124, -43, -126, -41], abs=0.01)
    watched.is_clean()


def test_a_finger_draws_with_the_buttons_and_everybody_can_use_them(
    watch: Watch, service: Service
) -> None:
    watched, page = drawing(watch, service, PHONE)
    bar = page.locator(".drawing")
    for lat, lon in ((-43, -126), (-43, -124), (-41.5, -125)):
        page.evaluate(f"strikemap.map.setView([{lat}, {lon}], 7, {{animate: false}})")
        bar.get_by_role("button", name="Corner in the centre").click()
    assert Axe().run(page, {"exclude": [["#panel"]]}).violations_count == 0
    bar.get_by_role("button", name="Take the last back").click()
    click(page, -41, -125)
    expect(page.locator(".draw-said")).to_have_text("Corners: 3")
    bar.get_by_role("button", name="Close the area").click()
    assert len(within(page)) == 6
    watched.is_clean()


SQUARE = f"{EXAMPLE}&within=-126,-43,-124,-43,-124,-41,-126,-41"


def changing(watch: Watch, service: Service, size: dict[str, int] = WIDE) -> tuple[Watched, Page]:
    """Open a View with a drawn area, and take its corners in the hand."""
    watched, page = holding("Change the drawn area", watch, service, SQUARE, size)
    expect(page.locator(".corner")).to_have_count(4)
    return watched, page


def changed(page: Page) -> list[float]:
    """Keep the area, and read its corners from the address."""
    page.locator(".drawing").get_by_role("button", name="Keep the area").click()
    page.wait_for_url(lambda url: SQUARE not in url)
    return within(page)


def test_corners_of_an_area_are_dragged_added_and_taken_away_by_mouse(
    watch: Watch, service: Service
) -> None:
    watched, page = changing(watch, service)
    box = page.get_by_role("button", name="Corner 1: -43.000, -126.000").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 60, y + 10, steps=4)
    page.mouse.up()
    expect(page.locator(".draw-said")).to_have_text("Corners: 4")
    click(page, -42, -123.5)
    expect(page.locator(".draw-said")).to_have_text("Corners: 5")
    page.get_by_role("button", name=re.compile("^Corner 5: -41")).click()
    page.locator(".drawing").get_by_role("button", name="Remove the corner").click()
    numbers = changed(page)
    pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
    assert len(pairs) == 4
    west, *others = sorted(pairs)
    assert west[0] < -126.2
    assert west[1] < -43
    assert others == [
        pytest.approx((-124, -43), abs=0.001),
        pytest.approx((-124, -41), abs=0.001),
        pytest.approx((-123.5, -42), abs=0.05),
    ]
    watched.is_clean()


def test_corners_of_an_area_are_changed_by_keyboard_alone(watch: Watch, service: Service) -> None:
    watched, page = changing(watch, service)
    first = page.locator(".corner").first
    first.focus()
    page.keyboard.press("ArrowLeft")
    expect(first).to_have_attribute("title", re.compile(r"^Corner 1: -43\.000, -126\.[0-9]*[1-9]"))
    page.keyboard.press("Delete")
    expect(page.locator(".draw-said")).to_have_text("Corners: 3")
    page.keyboard.press("Delete")
    expect(page.locator(".draw-said")).to_have_text("An area has at least three corners.")
    page.evaluate("strikemap.map.setView([-42, -127], 7, {animate: false})")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: SQUARE not in url)
    numbers = within(page)
    assert numbers == pytest.approx([-124, -43, -124, -41, -126, -41, -127, -42], abs=0.02)
    watched.is_clean()


def test_a_finger_changes_an_area_and_to_cancel_leaves_it(watch: Watch, service: Service) -> None:
    watched, page = changing(watch, service, PHONE)
    expect(page.locator(".leaflet-veil-pane path")).to_have_count(0)
    assert Axe().run(page, {"exclude": [["#panel"]]}).violations_count == 0
    page.evaluate("strikemap.map.setView([-42, -127], 6, {animate: false})")
    page.locator(".drawing").get_by_role("button", name="Corner in the centre").click()
    expect(page.locator(".corner")).to_have_count(5)
    sizes = page.locator(".corner").evaluate_all("all => all.map((one) => one.offsetWidth)")
    assert min(sizes) >= 24
    page.locator(".drawing").get_by_role("button", name="Cancel").click()
    expect(page.locator(".corner")).to_have_count(0)
    expect(page.locator(".leaflet-veil-pane path")).to_have_count(1)
    assert SQUARE in page.url
    watched.is_clean()


VEIL = """path => {
  const { fill, fillOpacity } = getComputedStyle(path);
  const at = (lat, lon) => {
    const { x, y } = strikemap.map.latLngToLayerPoint([lat, lon]);
    const point = path.ownerSVGElement.createSVGPoint();
    return path.isPointInFill(Object.assign(point, { x, y }));
  };
  return { fill, fillOpacity, inside: at(-42, -125), outside: at(-42, -127) };
}"""


@pytest.mark.parametrize("look", ["light", "dark"])
def test_what_lies_outside_of_an_area_is_veiled_on_the_page_and_in_a_frame(
    look: Literal["light", "dark"], watch: Watch, service: Service
) -> None:
    watched = watch()
    page = watched.page
    page.emulate_media(color_scheme=look)
    for address in ("/", "/embed"):
        watched.open(f"{service.url}{address}?{SQUARE}")
        veil = page.locator(".leaflet-veil-pane path")
        expect(veil).to_have_count(1)
        seen = veil.evaluate(VEIL)
        paper = "rgb(255, 255, 255)" if look == "light" else "rgb(28, 32, 36)"
        assert (seen["fill"], float(seen["fillOpacity"])) == (paper, 0.55)
        assert (seen["inside"], seen["outside"]) == (False, True)
    watched.is_clean()


def test_the_ruler_and_the_pencil_are_not_in_the_hand_together(
    watch: Watch, service: Service
) -> None:
    watched, page = drawing(watch, service)
    page.get_by_role("button", name="Measure distances").click()
    expect(page.locator(".drawing")).to_be_hidden()
    expect(page.locator(".ruler-said")).to_be_visible()
    page.get_by_role("button", name="Tools of the map").click()
    page.get_by_role("button", name="Draw an area").click()
    expect(page.locator(".ruler-said")).to_be_hidden()
    expect(page.locator(".drawing")).to_be_visible()
    watched.is_clean()
