"""What stands around the map: region panel, counted filters, list in view, search, ruler, share."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pypdfium2
import pytest
from playwright.sync_api import Page, Position, expect

from tests.browser.conftest import LOOKS, PHONE, WIDE, Watched, expect_no_axe_violations
from tests.serving import Service

pytestmark = pytest.mark.browser
Watch = Callable[..., Watched]
EXAMPLE = "/?theatre=example"


def opened(watch: Watch, service: Service, path: str = EXAMPLE, **of: object) -> Watched:
    watched = watch(**of)
    watched.open(service.url + path)
    return watched


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=re.compile(f"^{name}")).click()


def spot(page: Page, lat: float, lon: float) -> Position:
    x, y = page.evaluate(
        f"(() => {{ const {{ map, settle }} = strikemap; settle();"
        f" const p = map.latLngToContainerPoint([{lat}, {lon}]); return [p.x, p.y]; }})()"
    )
    return {"x": x, "y": y}


REGION_PATH = """const pathOf = (key) => Object.values(strikemap.layers.regions._layers)
  .find((one) => one.feature.properties.key === key);"""


def empty_spot(page: Page, key: str) -> Position:
    """Wait for a region and find a point of it with no mark near it."""
    page.wait_for_function(f"(key) => {{ {REGION_PATH} return pathOf(key); }}", arg=key)
    script = """(key) => {
      const path = pathOf(key), box = path.getBounds();
      const { map, layers, settle } = strikemap;
      settle();
      const frame = map.getContainer().getBoundingClientRect();
      const at = (share, low, high) => low + share * (high - low);
      for (let i = 1; i < 40; i++) for (let j = 1; j < 40; j++) {
        const lat = at(i / 40, box.getSouth(), box.getNorth());
        const place = L.latLng(lat, at(j / 40, box.getWest(), box.getEast()));
        const { x, y } = map.latLngToContainerPoint(place);
        const under = document.elementFromPoint(x + frame.x, y + frame.y);
        const isFree = under === path.getElement() && !layers.incidents.pick(place, 14).length;
        if (isFree) return { x, y };
      }
      return null;
    }"""
    free: Position = page.evaluate(script.replace("{", f"{{ {REGION_PATH}", 1), key)
    return free


def test_a_click_on_a_region_opens_its_figures_and_stays_in_the_address(
    service: Service, watch: Watch
) -> None:
    watched = opened(watch, service)
    page = watched.page
    rows = page.request.get(f"{service.url}/api/summary?theatre=example").json()["rows"]
    row = max(rows, key=lambda one: one["incidents"])
    page.locator(".map").click(position=empty_spot(page, row["key"]))
    panel = page.locator("#pane-summary")
    expect(panel.locator("#totals-title")).to_have_text(row["name"])
    expect(panel.locator(".figure").first).to_contain_text(str(row["incidents"]))
    expect(panel.locator(".day-chart")).to_have_attribute(
        "aria-label", re.compile("incidents from")
    )
    expect(page).to_have_url(re.compile(f"#.*region={row['key']}"))
    page.get_by_role("button", name="Only this region").click()
    expect(page.locator(".period-said")).to_contain_text(f"{row['incidents']} incidents")
    expect(page).to_have_url(re.compile(rf"[?&]region={row['key']}"))
    page.get_by_role("button", name="Back to all regions").click()
    expect(panel.locator("#totals-title")).to_have_text("In this period")
    watched.is_clean()


def test_a_filter_says_beforehand_how_many_incidents_it_leaves(
    service: Service, watch: Watch
) -> None:
    watched = opened(watch, service)
    page = watched.page
    tab(page, "Filters")
    rows = page.locator("[data-facet=sector] li:visible")
    expect(rows.first.locator(".count")).to_have_text(re.compile(r"^\d+$"))
    label = rows.first.locator("label")
    promised = int(label.locator(".count").text_content() or "")
    label.locator("input").check()
    expect(page.locator(".period-said")).to_contain_text(f"{promised} incidents,")
    expect(page.get_by_role("tab", name="Filters (1)")).to_be_visible()
    page.get_by_role("button", name="Clear all filters").click()
    expect(page.locator(".period-said")).to_contain_text("361 incidents")
    watched.is_clean()


def test_two_choices_of_one_filter_widen_it(service: Service, watch: Watch) -> None:
    watched = opened(watch, service)
    page = watched.page
    tab(page, "Filters")
    weapons = page.locator("[data-facet=weapon] li:not(.member):visible label")
    expect(weapons.first.locator(".count")).not_to_be_empty()
    weapons.nth(0).locator("input").check()
    one = page.locator(".period-said").text_content()
    weapons.nth(1).locator("input").check()
    expect(page).to_have_url(re.compile("weapon=[a-z_]+,[a-z_]+"))
    expect(page.locator(".period-said")).not_to_have_text(one or "")
    watched.is_clean()


def test_the_list_follows_what_is_in_view(service: Service, watch: Watch) -> None:
    watched = opened(watch, service)
    page = watched.page
    tab(page, "Incidents")
    said = page.locator("#pane-incidents [role=status]")
    expect(said).to_contain_text("Incidents in view: 322")
    page.evaluate("strikemap.settle(); strikemap.map.setZoom(strikemap.map.getZoom() + 2)")
    expect(said).not_to_contain_text("322")
    page.get_by_label("Only what is in view of the map").uncheck()
    expect(said).to_contain_text("Incidents in this period: 361")
    expect(page.locator("button.incident")).to_have_count(40)
    page.get_by_role("button", name="Show more").click()
    expect(page.locator("button.incident")).to_have_count(80)
    watched.is_clean()


def test_an_open_incident_is_ringed_with_its_error_and_stays_in_the_address(
    service: Service, watch: Watch
) -> None:
    watched = opened(watch, service)
    page = watched.page
    tab(page, "Incidents")
    page.locator("button.incident", has_text="●").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.locator(".leaflet-spot-pane path")).to_have_count(2)
    expect(page).to_have_url(re.compile(r"open=\d+"))
    title = page.locator("#incident-title").text_content()
    page.reload()
    expect(page.locator("#incident-title")).to_have_text(title or "")
    watched.is_clean()


def test_an_incident_tells_its_history_when_asked(service: Service, watch: Watch) -> None:
    watched = opened(watch, service)
    page = watched.page
    tab(page, "Incidents")
    page.locator("button.incident").first.click()
    page.get_by_text("History of this record").click()
    expect(page.locator(".past li").first).to_contain_text("recorded")
    watched.is_clean()


@pytest.mark.parametrize(
    ("lang", "text", "name"), [("en", "Avdiiv", "Avdiivka"), ("uk", "kyiv", "Київ")]
)
def test_a_place_is_found_by_name_in_either_language(
    service: Service, watch: Watch, lang: str, text: str, name: str
) -> None:
    watched = opened(watch, service, f"/?theatre=ukraine&lang={lang}")
    page = watched.page
    field = page.get_by_role("combobox").and_(page.locator(".search-field"))
    field.fill(text)
    expect(page.get_by_role("option").first).to_contain_text(name)
    before = page.evaluate("strikemap.map.getZoom()")
    field.press("ArrowDown")
    field.press("Enter")
    expect(field).to_have_value(name)
    page.wait_for_function("(before) => strikemap.map.getZoom() > before", arg=before)
    watched.is_clean()


def test_namesakes_are_told_apart_by_their_region(service: Service, watch: Watch) -> None:
    watched = opened(watch, service, "/?theatre=ukraine")
    page = watched.page
    page.locator(".search-field").fill("Avdiivka")
    options = page.get_by_role("option")
    expect(options.filter(has_text="Donetsk")).to_have_count(1)
    expect(options.filter(has_text="Chernihiv")).to_have_count(1)


def test_distances_are_measured_by_clicks_and_by_keyboard(service: Service, watch: Watch) -> None:
    watched = opened(watch, service, "/?theatre=ukraine#at=8/50/30")
    page = watched.page
    page.get_by_role("button", name="Measure distances").click()
    page.keyboard.press("Enter")
    page.locator(".map").click(position=spot(page, 50.0, 31.0))
    expect(page.locator(".ruler-said")).to_have_text(re.compile(r"^7[01]\.\d+ km in 1 steps"))
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.locator(".map").focus()
    page.keyboard.press("Escape")
    expect(page.locator(".ruler-said")).to_be_hidden()
    watched.is_clean()


def test_what_is_shared_is_pinned_to_what_is_known_now(service: Service, watch: Watch) -> None:
    watched = opened(watch, service)
    page = watched.page
    page.get_by_role("button", name="Share").click()
    dialog = page.get_by_role("dialog", name="Take this map elsewhere")
    link = dialog.get_by_label("Link", exact=True)
    pinned = parse_qs(urlsplit(link.input_value()).query)
    assert "as_of" in pinned
    frame = dialog.get_by_role("textbox", name="Code of the frame").input_value()
    assert 'sandbox="allow-scripts allow-popups"' in frame
    assert "/embed?" in frame
    assert "as_of=" in dialog.get_by_role("textbox", name="Citation").input_value()
    dialog.get_by_label("Pinned to what is known now").uncheck()
    assert "as_of" not in link.input_value()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.goto(f"{service.url}/?{urlsplit(frame.split(chr(34))[1].replace('&amp;', '&')).query}")
    expect(page.locator(".banner").first).to_be_visible()
    watched.is_clean()


def test_presets_end_on_the_last_day_with_a_record(service: Service, watch: Watch) -> None:
    watched = opened(watch, service)
    page = watched.page
    page.get_by_role("button", name="Last night").click()
    expect(page).to_have_url(re.compile("from=2024-04-28&.*to=2024-04-29"))
    page.get_by_role("button", name="7 days").click()
    expect(page).to_have_url(re.compile("from=2024-04-23&.*to=2024-04-29"))
    page.get_by_role("button", name="This month").click()
    expect(page).to_have_url(re.compile("from=2024-04-01&.*to=2024-04-29"))
    watched.is_clean()


def test_the_tabs_are_walked_with_arrows(service: Service, watch: Watch) -> None:
    watched = opened(watch, service)
    page = watched.page
    page.get_by_role("tab", name="Summary").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Incidents")).to_be_focused()
    expect(page.locator("#pane-incidents")).to_be_visible()
    page.keyboard.press("End")
    expect(page.get_by_role("tab", name="Ground")).to_have_attribute("aria-selected", "true")
    expect(page).to_have_url(re.compile("tab=ground"))
    watched.is_clean()


def test_on_a_phone_the_panel_is_a_sheet_that_grows_and_makes_room(
    service: Service, watch: Watch
) -> None:
    watched = opened(watch, service, size=PHONE)
    page = watched.page
    sheet = page.locator("#panel")
    expect(sheet).to_have_attribute("data-height", "low")
    expect(page.locator("#pane-summary")).to_be_hidden()
    tab(page, "Incidents")
    expect(sheet).to_have_attribute("data-height", "half")
    page.locator("button.incident").first.click()
    expect(sheet).to_have_attribute("data-height", "low")
    expect(page.get_by_role("dialog")).to_be_visible()
    tall = page.evaluate("document.documentElement.scrollHeight")
    assert tall <= PHONE["height"]
    watched.is_clean()


def test_on_paper_stand_the_map_its_legend_figures_words_and_as_of(
    service: Service, watch: Watch, tmp_path: Path
) -> None:
    watched = opened(watch, service)
    head = watched.page.evaluate("strikemap.spec.head")
    watched.page.wait_for_load_state("networkidle")
    watched.page.pdf(path=str(tmp_path / "paper.pdf"), format="A4")
    paper = pypdfium2.PdfDocument(tmp_path / "paper.pdf")
    text = " ".join(sheet.get_textpage().get_text_range() for sheet in paper)
    wanted = ("361", "at least 259", "front line (derived)", "Credits: Invented strikes", head)
    assert [one for one in (*wanted, "Incidents reported:") if one not in text] == []
    assert "Find a place" not in text
    ink = np.asarray(paper[0].render(scale=0.5).to_pil().convert("L"))
    assert (ink < 250).mean() > 0.2


def test_a_browser_without_a_canvas_gets_pictures_of_the_marks(
    service: Service, watch: Watch
) -> None:
    watched = watch()
    watched.page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    watched.page.goto(f"{service.url}{EXAMPLE}")
    expect(watched.page.locator(".leaflet-incidents-pane img").first).to_be_attached()
    expect(watched.page.locator(".totals .figure")).to_have_count(4)


@pytest.mark.parametrize(("lang", "scheme"), LOOKS)
@pytest.mark.parametrize("name", ["incidents", "filters", "ground", "share", "region"])
def test_nothing_around_the_map_has_an_accessibility_violation(
    service: Service, watch: Watch, name: str, scheme: str, lang: str
) -> None:
    watched = watch(WIDE, scheme)
    watched.open(f"{service.url}{EXAMPLE}&lang={lang}#tab={name}")
    page = watched.page
    if name == "share":
        page.locator(".share-button").click()
    if name == "region":
        key = page.evaluate("strikemap.spec.regions[0][0]")
        page.evaluate(f"strikemap.chooseRegion('{key}')")
        expect(page.locator(".day-chart")).to_be_visible()
    expect_no_axe_violations(page)
