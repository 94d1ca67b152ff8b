"""What a reader does with the live page: waves, a citation, the other language, a tap."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import PHONE, Watched
from tests.serving import Service, command, serving
from tests.support import table

pytestmark = pytest.mark.browser
Watch = Callable[..., Watched]
EXAMPLE = "/?theatre=example"
HEADER = ("time_start", "time_end", "model", "target", "launched", "destroyed", "source")
WAVES = (
    ("2025-10-24 18:00", "2025-10-25 06:00", "Shahed-136/131", "Ukraine", "200", "150", "one/1"),
    ("2025-10-25 01:00", "2025-10-25 02:00", "Kalibr", "Ukraine", "4", "", "one/2"),
)


@pytest.fixture(scope="module")
def with_waves(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("waves")
    file = table(folder, *(dict(zip(HEADER, row, strict=True)) for row in WAVES))
    done = command(folder / "data", "import", str(file), "--theatre", "ukraine")
    assert done.returncode == 0, done.stderr
    with serving(folder / "data", "--private") as found:
        yield found


PERIOD = "/?theatre=ukraine&from=2025-10-24&to=2025-10-26"


def test_the_waves_tab_tells_what_was_launched_and_leaves_the_unknown_open(
    with_waves: Service, watch: Watch
) -> None:
    watched = watch()
    watched.open(with_waves.url + PERIOD)
    watched.page.get_by_role("tab", name="Waves").click()
    pane = watched.page.locator("#pane-waves")
    expect(pane.locator("tbody tr")).to_have_count(2)
    expect(pane.locator("tbody tr", has_text="Drone").locator("td")).to_have_text(["200", "150"])
    expect(pane.locator("tbody tr", has_text="issile").locator("td")).to_have_text(
        ["4", "not known"]
    )
    expect(pane.locator("li.wave")).to_have_count(2)
    watched.is_clean()


def test_a_late_answer_about_waves_does_not_replace_a_newer_one(
    with_waves: Service, watch: Watch
) -> None:
    watched = watch()
    held: list[Route] = []

    def hold(route: Route) -> None:
        if "weapon=missile" in route.request.url:
            held.append(route)
        else:
            route.fallback()

    watched.page.route("**/api/waves*", hold)
    watched.open(f"{with_waves.url}{PERIOD}#tab=waves")
    rows = watched.page.locator("#pane-waves tbody tr")
    expect(rows).to_have_count(2)
    with watched.page.expect_request("**/api/waves*weapon=missile*"):
        watched.page.evaluate("strikemap.state.set({ weapon: 'missile' })")
    with watched.page.expect_response("**/api/waves*weapon=drone*"):
        watched.page.evaluate("strikemap.state.set({ weapon: 'drone' })")
    for route in held:
        route.continue_()
    watched.page.wait_for_timeout(300)
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Drone")


def test_a_citation_names_sources_period_record_and_address(service: Service, watch: Watch) -> None:
    watched = watch()
    watched.open(f"{service.url}{EXAMPLE}&from=2024-03-01&to=2024-03-10")
    page = watched.page
    expect(page.locator(".totals .figure")).to_have_count(4)  # the sums bring the credits
    page.locator(".share-button").click()
    cited = page.get_by_role("textbox", name="Citation").input_value()
    head = page.evaluate("strikemap.spec.head")
    for part in ("Invented strikes", "1 Mar 2024 to 10 Mar 2024", "UTC", head, service.url):
        assert part in cited
    watched.is_clean()


def test_the_link_to_the_other_language_keeps_the_period(service: Service, watch: Watch) -> None:
    watched = watch()
    watched.open(f"{service.url}{EXAMPLE}&from=2024-03-01&to=2024-03-10")
    page = watched.page
    page.get_by_text("English", exact=True).click()
    page.get_by_role("link", name="Українська").click()
    expect(page.locator("html")).to_have_attribute("lang", "uk")
    expect(page).to_have_url(re.compile("from=2024-03-01.*to=2024-03-10"))
    expect(page.locator(".leaflet-control-scale-line")).to_have_text(re.compile(r"\d\s(км|м)$"))
    watched.is_clean()


def phone(browser: Browser, service: Service) -> Page:
    """Open the map on a phone; the caller closes its context."""
    context = browser.new_context(
        viewport=PHONE,  # type: ignore[arg-type]
        has_touch=True,
        is_mobile=True,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(service.url + EXAMPLE)
    expect(page.locator("html")).to_have_attribute("data-ready", "1")
    expect(page.locator("#caption")).not_to_be_empty()
    return page


def test_a_mark_is_opened_by_a_tap(service: Service, browser: Browser) -> None:
    page = phone(browser, service)
    try:
        script = """() => {
          const { map, layers, settle } = strikemap;
          settle();
          const frame = map.getContainer().getBoundingClientRect();
          const right = frame.width - 60, bottom = frame.height - 200;
          for (let y = 60; y < bottom; y += 4) for (let x = 60; x < right; x += 4) {
            const at = map.containerPointToLatLng([x, y]);
            if (layers.incidents.pick(at, 4).length) return [x + frame.x, y + frame.y];
          }
        }"""
        x, y = page.evaluate(script)
        page.touchscreen.tap(x, y)
        expect(page.get_by_role("dialog")).to_be_visible()
    finally:
        page.context.close()


def test_the_map_of_a_phone_keeps_its_height_when_the_texts_below_it_arrive(
    service: Service, browser: Browser
) -> None:
    page = phone(browser, service)
    try:
        height = "strikemap.map.getContainer().getBoundingClientRect().height"
        with_texts = page.evaluate(height)
        for selector in ("#caption", ".period-said"):
            page.eval_on_selector(selector, "text => text.replaceChildren()")
        assert page.evaluate(height) == with_texts
    finally:
        page.context.close()


def test_the_first_stops_of_the_tab_key_lead_to_the_map(service: Service, watch: Watch) -> None:
    watched = watch()
    watched.open(service.url + EXAMPLE)
    page = watched.page
    page.keyboard.press("Tab")
    expect(page.locator("a.skip").first).to_be_focused()
    for _ in range(40):
        if page.evaluate("document.activeElement.classList.contains('map')"):
            break
        page.keyboard.press("Tab")
    expect(page.locator(".map")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    watched.is_clean()
