"""A frame in another page is a map first: what stands around it is chosen, or unfolds."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watched, expect_no_axe_violations
from tests.serving import Service

pytestmark = pytest.mark.browser
Watch = Callable[..., Watched]
SMALL, PHONE, COLUMN, FULL = (
    {"width": 280, "height": 640},
    {"width": 390, "height": 640},
    {"width": 640, "height": 640},
    {"width": 1200, "height": 640},
)
FRAMES = (
    *(("theatre=ukraine&lang=uk", size) for size in (SMALL, PHONE, FULL)),
    *(("theatre=example&lang=uk", size) for size in (SMALL, COLUMN)),
    ("theatre=example&lang=en", PHONE),
)
"""Each theatre, language and width of a frame, the narrowest with the longest texts."""

SAMPLING = """
window.boxes = [];
function sample() {
  const map = document.querySelector(".map");
  // While the document is parsed, what stands below the map may not be there yet.
  if (map && document.readyState !== "loading") {
    const { x, y, width, height } = map.getBoundingClientRect();
    const box = [x, y, width, height].join();
    if (boxes.at(-1) !== box) boxes.push(box);
  }
  requestAnimationFrame(sample);
}
sample();
window.moved = 0;
new PerformanceObserver((list) => {
  for (const shift of list.getEntries()) moved += shift.value;
}).observe({ type: "layout-shift", buffered: true });
"""


def share_of_map(page: Page) -> float:
    """Measure how much of the frame is map."""
    share: float = page.evaluate(
        "(({ width, height }) => (width * height) / (innerWidth * innerHeight))"
        "(document.querySelector('.map').getBoundingClientRect())"
    )
    return share


@pytest.mark.parametrize(("query", "size"), FRAMES)
def test_three_fifths_of_a_frame_are_map_which_never_moves(
    public_service: Service, watch: Watch, query: str, size: dict[str, int]
) -> None:
    watched = watch(size)
    page = watched.page
    page.add_init_script(SAMPLING)
    watched.open(f"{public_service.url}/embed?{query}")
    page.wait_for_load_state("networkidle")
    assert share_of_map(page) >= 0.6
    assert len(page.evaluate("boxes")) == 1
    assert page.evaluate("moved") < 0.005
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    expect_no_axe_violations(page)
    watched.is_clean()


def test_the_headline_comes_with_the_frame_and_is_the_one_of_the_figures(
    public_service: Service, watch: Watch
) -> None:
    query = "theatre=example&from=2024-03-10&to=2024-03-20"
    summary = public_service.client.get(f"/api/summary?{query}").json()
    assert summary["headline"] in public_service.client.get(f"/embed?{query}").text
    watched = watch(PHONE)
    page = watched.page
    watched.open(f"{public_service.url}/embed?{query}")
    page.wait_for_load_state("networkidle")
    expect(page.locator("#headline")).to_have_text(summary["headline"])
    box = page.locator(".map").bounding_box()
    with page.expect_response("**/api/summary?*"):
        page.get_by_role("button", name="One day forward").click()
    expect(page.locator("#headline")).to_contain_text("11–21 March")
    assert page.locator(".map").bounding_box() == box
    watched.is_clean()


def test_what_a_small_frame_folds_unfolds_over_the_map(
    public_service: Service, watch: Watch
) -> None:
    watched = watch(PHONE)
    page = watched.page
    watched.open(f"{public_service.url}/embed?theatre=example")
    page.wait_for_load_state("networkidle")
    map_box = page.locator(".map").bounding_box()
    expect(page.locator(".histogram")).to_be_hidden()
    page.get_by_role("button", name="Choose days").press("Enter")
    expect(page.locator(".histogram")).to_be_visible()
    page.get_by_role("button", name="7 days").click()
    expect(page.get_by_label("From")).to_have_value("2024-04-23")
    page.get_by_role("button", name="Choose days").click()
    expect(page.locator(".histogram")).to_be_hidden()
    expect(page.locator("#credits")).to_be_hidden()
    page.locator(".sources summary").press("Enter")
    expect(page.locator("#credits")).to_contain_text("Invented strikes")
    expect(page.locator("#caption")).to_contain_text("Invented control")
    expect_no_axe_violations(page)
    assert page.locator(".map").bounding_box() == map_box
    watched.is_clean()


@pytest.mark.parametrize("controls", ["full", "time", "none"])
def test_controls_are_what_the_editor_chose(
    public_service: Service, watch: Watch, controls: str
) -> None:
    watched = watch()
    page = watched.page
    watched.open(f"{public_service.url}/embed?theatre=example&controls={controls}")
    page.locator(".sources summary").click()
    page.locator(".legend summary").click()
    play, presets = (page.get_by_role("button", name=name) for name in ("Play", "7 days"))
    expect(play).to_be_visible(visible=controls != "none")
    expect(presets).to_be_visible(visible=controls == "full")
    expect(page.locator("#known input")).to_have_count(int(controls == "full"))
    expect(page.get_by_role("checkbox").first).to_be_visible(visible=controls == "full")
    # What one must know to read the map stays in every frame.
    expect(page.locator(".legend")).to_contain_text("and more")
    expect(page.locator("#credits")).to_contain_text("Invented strikes")
    expect(page.locator(".banner")).to_contain_text("Invented data")
    expect(page.get_by_role("link", name="Open the whole map")).to_be_attached()
    expect_no_axe_violations(page)
    watched.is_clean()


def test_without_caption_the_title_is_for_readers_of_the_screen_alone(
    public_service: Service, watch: Watch
) -> None:
    watched = watch(PHONE)
    page = watched.page
    watched.open(f"{public_service.url}/embed?theatre=example&caption=none")
    page.wait_for_load_state("networkidle")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Strikes and front lines")
    box = page.get_by_role("heading", level=1).bounding_box()
    assert box
    assert box["height"] <= 1
    expect(page.locator("#headline")).to_have_count(0)
    assert share_of_map(page) >= 0.75
    watched.is_clean()


def test_a_frames_choices_outlast_a_step_in_time_and_another_day_of_knowledge(
    public_service: Service, watch: Watch
) -> None:
    watched = watch()
    page = watched.page
    watched.open(f"{public_service.url}/embed?theatre=example&caption=none")
    page.get_by_role("button", name="One day forward").click()
    assert "caption=none" in page.url
    page.locator(".sources summary").click()
    with page.expect_navigation():
        page.locator("#known input").fill("2026-01-01")
        page.locator("#known input").blur()
    assert "caption=none" in page.url
    assert "as_of=2026-01-01" in page.url
    expect(page.locator("#headline")).to_have_count(0)
