"""Readers' journeys in a real browser: every theatre passes the same ones."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from pytest_regressions.image_regression import ImageRegressionFixture

from tests.browser.conftest import LOOKS, PHONE, WIDE, Watched, expect_no_axe_violations
from tests.serving import Service, hosting

pytestmark = pytest.mark.browser
Watch = Callable[..., Watched]
THEATRES = ("ukraine", "example")
PAGES = ("/", "/embed", "/table", "/method", "/compare")


def drawn(page: Page) -> int:
    return int(page.evaluate("strikemap.layers.incidents.visibleCount"))


def marks_in_window(page: Page) -> int:
    rows = "layer.months.reduce((sum, month) => sum + layer.matching(month).length, 0)"
    script = f"(() => {{ const layer = strikemap.layers.incidents; return {rows}; }})()"
    return int(page.evaluate(script))


@pytest.mark.parametrize("theatre", THEATRES)
def test_the_map_opens_with_strikes_regions_control_legend_and_totals(
    service: Service, watch: Watch, theatre: str
) -> None:
    watched = watch()
    watched.open(f"{service.url}/?theatre={theatre}")
    page = watched.page
    expect(page.locator(".totals .figure")).to_have_count(4)
    expect(page.locator(".legend li:not(.legend-title)").first).to_be_visible()
    expect(page.locator("#caption")).not_to_be_empty()
    filled = page.locator("path.region:not([fill-opacity='0'])")
    expect(filled.first).to_be_attached()
    expect(
        page.locator(".leaflet-control-pane path, .leaflet-front-pane path").first
    ).to_be_attached()
    assert drawn(page) > 0
    watched.is_clean()


@pytest.mark.parametrize("theatre", THEATRES)
def test_moving_the_time_changes_totals_marks_and_address(
    service: Service, watch: Watch, theatre: str
) -> None:
    watched = watch()
    watched.open(f"{service.url}/?theatre={theatre}")
    page = watched.page
    before = page.locator(".period-said").text_content()
    first = page.locator(".ranges input").first
    first.focus()
    first.press("ArrowRight")
    expect(page.locator(".period-said")).not_to_have_text(before or "")
    expect(page).to_have_url(re.compile(r"from=\d{4}-\d\d-\d\d"))
    watched.is_clean()


def test_the_line_follows_the_last_day_of_the_period(service: Service, watch: Watch) -> None:
    watched = watch()
    watched.open(f"{service.url}/?theatre=example&from=2024-03-01&to=2024-03-10")
    page = watched.page
    expect(page.locator("#caption")).to_contain_text("10 Mar 2024")
    line = page.locator(".leaflet-front-pane path").first
    shape = line.get_attribute("d")
    page.get_by_role("button", name="One day forward").click()
    expect(page.locator("#caption")).to_contain_text("11 Mar 2024")
    expect(line).not_to_have_attribute("d", shape or "")
    watched.is_clean()


def test_a_missing_day_shows_the_last_line_with_its_age(service: Service, watch: Watch) -> None:
    watched = watch()
    watched.open(f"{service.url}/?theatre=example&from=2024-03-01&to=2024-03-20")
    expect(watched.page.locator("#caption")).to_contain_text("17 Mar 2024, 3 days old")


def test_a_line_older_than_the_limit_is_dashed_and_said_to_be(
    service: Service, watch: Watch
) -> None:
    watched = watch()
    watched.open(f"{service.url}/?theatre=ukraine&from=2025-10-24&to=2025-10-25&control=cited")
    expect(watched.page.locator("#caption")).to_contain_text("days old (older than 7 days)")


def test_stepping_days_changes_the_area_and_the_age_beside_the_map(
    service: Service, watch: Watch
) -> None:
    watched = watch()
    watched.open(f"{service.url}/?theatre=example&from=2024-03-01&to=2024-03-16")
    page = watched.page
    page.get_by_role("tab", name="Ground").click()
    total = page.locator(".ground-total")
    expect(total).to_contain_text("km² assessed as held by Tarn League")
    ages = []
    for _step in range(5):
        page.wait_for_function("strikemap.layers.control.about?.day === strikemap.state.get('to')")
        ages.append((page.locator("#caption").text_content() or "").split(", ")[2])
        said = page.locator(".period-said").text_content() or ""
        page.get_by_role("button", name="One day forward").click()
        expect(page.locator(".period-said")).not_to_have_text(said)
    assert [age.split(".")[0] for age in ages] == [
        *("of this day", "of this day", "1 day old", "2 days old", "3 days old"),
    ]
    watched.is_clean()


def test_ground_gained_and_lost_is_drawn_and_listed_when_asked_for(
    service: Service, watch: Watch
) -> None:
    watched = watch()
    watched.open(f"{service.url}/?theatre=example")
    page = watched.page
    page.get_by_role("tab", name="Ground").click()
    page.get_by_label("Show ground gained and lost in the period").check()
    expect(page.locator(".leaflet-changes-pane path")).to_have_count(2)
    expect(page.locator(".legend")).to_contain_text("gained by Tarn League in the period")
    expect(page.locator(".facts")).to_contain_text("gained")
    watched.is_clean()


def test_a_line_can_be_taken_as_fixed_and_stays_in_the_address(
    service: Service, watch: Watch
) -> None:
    watched = watch()
    watched.open(f"{service.url}/?theatre=example&from=2024-03-01&to=2024-03-10")
    page = watched.page
    page.get_by_role("tab", name="Ground").click()
    page.get_by_role("button", name="Take this day's line as fixed").click()
    expect(page).to_have_url(re.compile("freeze=2024-03-10"))
    expect(page.locator(".legend")).to_contain_text("taken as fixed")
    page.get_by_role("button", name="One day forward").click()
    expect(page.locator(".facts")).to_contain_text("beyond the fixed line")
    page.get_by_role("button", name="Follow each day's line again").click()
    expect(page.locator(".legend")).not_to_contain_text("taken as fixed")
    watched.is_clean()


def test_marks_can_be_narrowed_to_the_neighbourhood_of_the_line(
    service: Service, watch: Watch
) -> None:
    watched = watch()
    watched.open(f"{service.url}/?theatre=example")
    page = watched.page
    before, counted = marks_in_window(page), page.locator(".period-said")
    expect(counted).to_have_text(re.compile("^361 incidents"))
    page.get_by_role("tab", name="Filters").click()
    page.get_by_label("Distance to the line").select_option("10")
    expect(counted).to_have_text(re.compile(r"^(?!361)\d+ incidents"))
    said = counted.text_content() or ""
    page.wait_for_function(f"strikemap.layers.incidents.visibleCount === {int(said.split()[0])}")
    assert marks_in_window(page) == int(said.split()[0]) < before
    watched.is_clean()


@pytest.mark.parametrize("theatre", THEATRES)
def test_an_incident_opens_from_the_list_with_its_sources(
    service: Service, watch: Watch, theatre: str
) -> None:
    watched = watch()
    watched.open(f"{service.url}/?theatre={theatre}")
    page = watched.page
    page.get_by_role("tab", name="Incidents").click()
    page.locator("button.incident").last.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    expect(dialog.locator("dt", has_text="Sources")).to_be_visible()
    expect(dialog.get_by_role("button", name="Close")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator("button.incident").last).to_be_focused()
    watched.is_clean()


def test_an_incident_opens_by_a_click_on_its_mark(service: Service, watch: Watch) -> None:
    watched = watch()
    watched.open(f"{service.url}/")
    page = watched.page
    spot = page.evaluate(
        "(() => { const { map, settle } = strikemap; settle();"
        " const p = map.latLngToContainerPoint([50.4547, 30.5238]); return [p.x, p.y]; })()"
    )
    page.locator(".map").click(position={"x": spot[0], "y": spot[1]})
    expect(page.get_by_role("dialog")).to_contain_text("at least 2")
    expect(page.get_by_role("dialog")).to_contain_text("Ministry of Defence of Russia")
    watched.is_clean()


def test_enter_opens_the_incident_nearest_the_centre(service: Service, watch: Watch) -> None:
    watched = watch()
    watched.open(f"{service.url}/?theatre=example")
    page = watched.page
    page.locator(".map").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    watched.is_clean()


def test_filters_narrow_marks_and_totals_alike(service: Service, watch: Watch) -> None:
    watched = watch()
    watched.open(f"{service.url}/?theatre=example")
    page = watched.page
    whole = marks_in_window(page)
    page.get_by_role("tab", name="Filters").click()
    page.locator("[data-facet=weapon]").get_by_label("Missile", exact=False).first.check()
    expect(page.locator(".period-said")).not_to_contain_text("361 ")
    narrowed = marks_in_window(page)
    told = page.request.get(
        f"{service.url}/api/summary?{page.url.split('?')[1].split('#')[0]}"
    ).json()
    assert narrowed == told["totals"]["incidents"] - told["not_on_map"]
    assert 0 < narrowed < whole
    watched.is_clean()


def test_marks_on_the_page_are_the_drawable_incidents_of_the_summary(
    service: Service, watch: Watch
) -> None:
    watched = watch()
    watched.open(f"{service.url}/?theatre=example&from=2024-03-05&to=2024-03-12")
    page = watched.page
    query = page.url.split("?")[1].split("#")[0]
    told = page.request.get(f"{service.url}/api/summary?{query}").json()
    assert marks_in_window(page) == told["totals"]["incidents"] - told["not_on_map"]


def test_what_is_known_only_to_a_region_is_never_a_mark(service: Service, watch: Watch) -> None:
    watched = watch()
    watched.open(f"{service.url}/")
    assert marks_in_window(watched.page) == 1
    expect(watched.page.locator(".totals-notes")).to_contain_text("3 known or shown only by region")
    expect(watched.page.locator(".badge span")).to_have_count(3)


def test_the_page_speaks_ukrainian(service: Service, watch: Watch) -> None:
    watched = watch()
    watched.open(f"{service.url}/?lang=uk")
    expect(watched.page.locator("html")).to_have_attribute("lang", "uk")
    expect(watched.page.locator(".totals")).to_contain_text("щонайменше 2")
    watched.is_clean()


def test_as_known_on_a_past_day_is_an_honest_empty_map(service: Service, watch: Watch) -> None:
    watched = watch()
    watched.open(f"{service.url}/?as_of=2020-01-01&from=2025-10-24&to=2025-10-25")
    watched.page.get_by_role("tab", name="Incidents").click()
    expect(watched.page.locator("#pane-incidents [role=status]")).to_have_text(
        "No incident in this period and filter."
    )
    watched.is_clean()


def test_invented_data_is_watermarked(service: Service, watch: Watch) -> None:
    watched = watch()
    watched.open(f"{service.url}/?theatre=example")
    script = "getComputedStyle(document.querySelector('.map-box'), '::before').content"
    assert "INVENTED DATA" in watched.page.evaluate(script)
    expect(watched.page.locator(".top .banner").last).to_contain_text("Invented data")


def test_the_embed_works_in_a_bare_sandbox(public_service: Service, watch: Watch) -> None:
    watched = watch()
    page = watched.page
    iframe = (
        '<iframe sandbox="allow-scripts" width="900" height="600" '
        f'src="{public_service.url}/embed?theatre=example"></iframe>'
    )
    with hosting(iframe) as address:
        page.goto(address)
        frame = page.frame_locator("iframe")
        expect(frame.locator("html[data-ready='1']")).to_be_attached()
        expect(frame.locator("#caption")).to_contain_text("Invented control")
    watched.is_clean()


@pytest.mark.parametrize(("lang", "scheme"), LOOKS)
@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_an_accessibility_violation(
    service: Service, watch: Watch, path: str, lang: str, scheme: str
) -> None:
    watched = watch(WIDE, scheme)
    url = f"{service.url}{path}?lang={lang}"
    if path in ("/", "/embed"):
        watched.open(url)
    else:
        watched.page.goto(url)
    expect_no_axe_violations(watched.page)


def test_a_row_keeps_its_focus_when_the_list_is_read_again(service: Service, watch: Watch) -> None:
    watched = watch()
    watched.open(f"{service.url}/?theatre=example")
    page = watched.page
    page.get_by_role("tab", name="Incidents").click()
    row = page.locator("button.incident").first
    row.focus()
    with page.expect_response(re.compile("/items")):
        page.evaluate("strikemap.map.panBy([1, 0], { animate: false })")
    page.wait_for_timeout(200)
    expect(row).to_be_focused()
    watched.is_clean()


@pytest.mark.parametrize("theatre", THEATRES)
def test_nothing_is_wider_than_a_phone(service: Service, watch: Watch, theatre: str) -> None:
    watched = watch(PHONE)
    for path in PAGES:
        watched.page.goto(f"{service.url}{path}?theatre={theatre}")
        wide = watched.page.evaluate("document.documentElement.scrollWidth")
        assert (path, wide <= PHONE["width"]) == (path, True)


def test_the_map_looks_as_it_was_looked_at(
    service: Service, watch: Watch, image_regression: ImageRegressionFixture
) -> None:
    watched = watch()
    watched.open(f"{service.url}/?theatre=example&from=2024-03-01&to=2024-04-10")
    page = watched.page
    page.wait_for_load_state("networkidle")
    for tries_left in reversed(range(10)):
        picture = page.locator(".map").screenshot(animations="disabled")
        try:
            image_regression.check(picture, diff_threshold=1.0)
            break
        except AssertionError:  # names and colours come with the last answers
            if not tries_left:
                raise
            page.wait_for_timeout(1000)


def test_without_scripts_there_is_a_picture_and_a_way_to_the_table(service: Service) -> None:
    page = service.client.get("/").text
    still = page[page.index("<noscript>") : page.index("</noscript>")]
    assert "/figure.png?" in still
    assert "/table?" in still
