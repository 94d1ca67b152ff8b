"""Whatever the reader set holds everywhere: in links, words, list, legend and address."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from tests.browser.conftest import NARROW, PHONE, Watched, expect_no_axe_violations
from tests.serving import Service, command, serving
from tests.support import table

pytestmark = pytest.mark.browser
Watch = Callable[..., Watched]
EXAMPLE = "/?theatre=example"


def opened(watch: Watch, service: Service, path: str = EXAMPLE, **of: object) -> Watched:
    watched = watch(**of)
    watched.open(service.url + path)
    return watched


def change(page: Page, **view: str) -> None:
    page.evaluate("(view) => strikemap.state.set(view)", view)


def asked(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


@pytest.mark.parametrize("name", ["Table", "Українська"])
def test_a_link_leads_to_the_view_that_is_shown(watch: Watch, service: Service, name: str) -> None:
    page = opened(watch, service).page
    page.get_by_role("tab", name="Incidents").click()
    view = {"weapon": "drone", "from": "2024-03-20", "to": "2024-03-25", "metric": "killed"}
    change(page, **view)
    if name != "Table":
        page.get_by_text("English", exact=True).click()
    page.get_by_role("link", name=name, exact=True).click()
    page.wait_for_url(re.compile("table|lang=uk"))
    assert asked(page.url).items() >= view.items()
    if name != "Table":
        assert "tab=incidents" in page.url


def test_the_embed_leads_to_the_whole_map_of_what_it_shows(
    watch: Watch, public_service: Service
) -> None:
    page = opened(watch, public_service, "/embed?theatre=example").page
    change(page, **{"from": "2024-03-20", "to": "2024-03-25"})
    link = page.get_by_role("link", name="Open the whole map")
    link.hover()
    assert asked(link.get_attribute("href") or "")["from"] == "2024-03-20"


def test_a_box_in_the_address_is_shown_and_obeyed_by_the_list(
    watch: Watch, service: Service
) -> None:
    box = "-131.01,-44.52,-125.00,-41.95"
    watched = opened(watch, service, f"{EXAMPLE}&bbox={box}#tab=incidents")
    page = watched.page
    told = service.client.get(f"/api/collections/incidents/items?theatre=example&bbox={box}")
    count = told.json()["numberMatched"]
    expect(page.locator("#pane-incidents [role=status]")).to_contain_text(f": {count}")
    west, south, east, north = (float(side) for side in box.split(","))
    centre = page.evaluate("[strikemap.map.getCenter().lng, strikemap.map.getCenter().lat]")
    assert west < centre[0] < east
    assert south < centre[1] < north
    page.get_by_role("tab", name="Filters").click()
    page.get_by_role("button", name="All places").click()
    page.wait_for_url(re.compile("^(?!.*bbox)"))
    watched.is_clean()


@pytest.mark.parametrize("face", ["/", "/embed"])
def test_before_the_record_begins_the_map_says_that_nothing_was_known(
    watch: Watch, public_service: Service, face: str
) -> None:
    page = opened(watch, public_service, f"{face}?theatre=example&as_of=2001-01-01").page
    expect(page.get_by_text("Nothing of this was known here then.")).to_be_visible()
    legend = page.locator(".legend")
    expect(legend).to_contain_text("No reported incident fits this View")
    expect(legend).not_to_contain_text("nothing reported")
    if face == "/":
        expect(page.locator("#known input")).to_have_value("2001-01-01")
        expect(page.locator("#known")).to_contain_text("UTC")


def test_what_is_withheld_is_hatched_and_never_called_nothing_reported(
    watch: Watch, tmp_path: Path
) -> None:
    row = {"precision": "exact", "lon": "30.5217", "lat": "50.4519"}
    row |= {"source_key": "a", "start": "2025-03-10", "killed_low": "2"}
    done = command(tmp_path / "data", "import", str(table(tmp_path, row)), "--dataset", "held")
    assert done.returncode == 0, done.stderr
    with serving(tmp_path / "data") as service:
        page = opened(watch, service, "/?theatre=ukraine&dataset=held&min_killed=1").page
        expect(page.locator(".legend")).to_contain_text("withheld by terms")
        expect(page.locator(".legend")).not_to_contain_text("nothing reported")
        fill = page.locator("path.region").first.get_attribute("fill") or ""
        assert fill.startswith("url(")


def test_without_a_canvas_a_filter_leaves_the_marks_that_fit(
    watch: Watch, service: Service
) -> None:
    watched = watch()
    watched.page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    refused: list[str] = []

    def note(answer: Response) -> None:
        if answer.status >= 400:
            refused.append(answer.url)

    watched.page.on("response", note)
    watched.open(service.url + EXAMPLE)
    page = watched.page
    with page.expect_response(lambda one: "weapon=drone" in one.url and "/tiles/" in one.url):
        change(page, weapon="drone")
    expect(page.locator(".leaflet-incidents-pane img.leaflet-tile-loaded").first).to_be_attached()
    assert refused == []


def test_without_scripts_the_map_is_a_picture_with_its_words(
    browser: Browser, service: Service
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{service.url}/?theatre=example&bbox=-131.01,-44.52,-125.00,-41.95")
    picture = page.get_by_role("img", name="Strikes and front lines")
    expect(picture).to_be_visible()
    assert picture.evaluate("(one) => one.naturalWidth") in {1200, 2400}
    expect(page.locator(".map")).to_be_hidden()
    context.close()


@pytest.mark.parametrize("name", ["Regions", "Incidents"])
def test_a_layer_that_is_switched_off_stays_off_in_the_address(
    watch: Watch, service: Service, name: str
) -> None:
    watched = opened(watch, service)
    page = watched.page
    page.locator(".legend").get_by_label(name, exact=True).uncheck()
    assert f"off={name.lower()}" in page.url
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-ready", "1")
    expect(page.locator(".legend").get_by_label(name, exact=True)).not_to_be_checked()
    assert page.evaluate(f"strikemap.map.hasLayer(strikemap.layers.{name.lower()})") is False
    watched.is_clean()


def test_a_pinned_map_can_be_shared_unpinned(watch: Watch, service: Service) -> None:
    page = opened(watch, service, f"{EXAMPLE}&as_of=2020-01-01").page
    page.get_by_role("button", name="Share").click()
    field = page.locator("#share_link")
    assert "as_of=" in field.input_value()
    page.locator("dialog.share input[type=checkbox]").uncheck()
    assert "as_of=" not in field.input_value()


def test_the_dataset_choice_counts_what_each_holds(watch: Watch, service: Service) -> None:
    page = opened(watch, service, f"{EXAMPLE}#tab=filters").page
    choice = page.locator(".datasets label", has=page.locator("input:checked"))
    expect(choice).to_have_text(re.compile(r"361"))


@pytest.mark.parametrize("size", [PHONE, NARROW])
def test_on_a_phone_presets_are_a_tap_away_and_nothing_is_cut(
    watch: Watch, service: Service, size: dict[str, int]
) -> None:
    watched = opened(watch, service, size=size)
    page = watched.page
    for query in (EXAMPLE, "/?theatre=ukraine&lang=uk", "/embed?theatre=example"):
        page.goto("about:blank")
        watched.open(service.url + query)
        expect_no_axe_violations(page)
        for place in ("#caption", ".period-said"):
            cut = page.locator(place).evaluate(
                "(one) => [one.scrollHeight - one.clientHeight, one.scrollWidth - one.clientWidth]"
            )
            assert max(cut) <= 1
    watched.open(service.url + EXAMPLE)
    page.get_by_role("button", name="7 days").click()
    expect(page).to_have_url(re.compile("from=2024-04-23&.*to=2024-04-29"))


def test_a_page_with_the_offered_lines_gives_its_frame_the_height_it_asks_for(
    watch: Watch, public_service: Service, tmp_path: Path
) -> None:
    page = opened(watch, public_service).page
    page.get_by_role("button", name="Share").click()
    frame, script = (
        page.locator(f"#{name}").input_value() for name in ("share_iframe", "share_resize")
    )
    lazy = frame.replace('height="640"', 'height="200"')
    (tmp_path / "article.html").write_text(f"<!DOCTYPE html>{lazy}{script}", "utf-8")
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page.goto(f"http://127.0.0.1:{server.server_port}/article.html")
        page.wait_for_function("Number(document.querySelector('iframe').height) > 400")
        page.evaluate("window.postMessage({ type: 'strikemap:height', height: 1 }, '*')")
        page.wait_for_timeout(100)
        assert page.evaluate("Number(document.querySelector('iframe').height)") > 400
        server.shutdown()


def test_on_a_phone_an_opened_mark_stays_in_sight_and_closing_leads_back(
    watch: Watch, service: Service
) -> None:
    page = opened(watch, service, f"{EXAMPLE}#tab=incidents", size=PHONE).page
    page.locator(".sheet-more").click()
    number = page.locator("button.incident", has_text="●").nth(2).get_attribute("data-number")
    item = page.locator(f"button.incident[data-number='{number}']")
    item.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    page.wait_for_function("""() => {
      const ring = document.querySelector(".leaflet-spot-pane path");
      const box = document.querySelector("[role=dialog]").getBoundingClientRect();
      return ring && ring.getBoundingClientRect().bottom <= box.top;
    }""")
    page.evaluate("strikemap.open([strikemap.layers.incidents.nearest()[0]], null, null)")
    # The map moves, so the list is read again: the record keeps its button, and focus finds it.
    with page.expect_response(lambda response: "/items?" in response.url):
        page.evaluate("strikemap.map.panBy([0, 40], { animate: false })")
    page.get_by_role("button", name="Close").click()
    expect(item).to_be_focused()
    expect(item).to_be_in_viewport()


@pytest.mark.parametrize(
    ("face", "size", "least"),
    [
        ("/", {"width": 844, "height": 390}, 140),
        ("/embed", {"width": 600, "height": 400}, 170),
        ("/embed", {"width": 320, "height": 240}, 90),
        ("/embed", {"width": 900, "height": 640}, 270),
    ],
)
def test_in_a_low_window_the_map_comes_first(
    watch: Watch, public_service: Service, face: str, size: dict[str, int], least: int
) -> None:
    watched = opened(watch, public_service, f"{face}?theatre=example", size=size)
    watched.page.wait_for_load_state("networkidle")  # its headline comes last, and takes room
    assert watched.page.locator(".map").evaluate("(one) => one.clientHeight") >= least
    watched.is_clean()


def test_where_only_larger_regions_are_known_none_is_called_unreported(
    watch: Watch, tmp_path: Path
) -> None:
    row = {"source_key": "a", "start": "2025-03-10", "precision": "country"}
    done = command(tmp_path / "data", "import", str(table(tmp_path, row)), "--dataset", "own")
    assert done.returncode == 0, done.stderr
    with serving(tmp_path / "data", "--private") as service:
        page = opened(watch, service, "/?theatre=ukraine&dataset=own").page
        expect(page.locator(".totals-notes")).to_contain_text("1 in none of these regions")
        expect(page.locator(".legend")).to_contain_text("none placed here")
        expect(page.locator(".legend")).not_to_contain_text("nothing reported")


def test_regions_are_no_nameless_stops_of_the_tab_key(watch: Watch, service: Service) -> None:
    page = opened(watch, service).page
    page.locator(".map").focus()
    stops = []
    for _ in range(4):
        page.keyboard.press("Tab")
        stops.append(page.evaluate("document.activeElement.tagName.toLowerCase()"))
    assert "path" not in stops


def test_a_window_can_be_drawn_on_the_histogram_of_all_days(watch: Watch, service: Service) -> None:
    page = opened(watch, service).page
    box = page.locator(".histogram").bounding_box()
    assert box
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.25, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, y, steps=4)
    page.mouse.up()
    expect(page).to_have_url(re.compile("from=2024-03-16&.*to=2024-03-31"))


def test_in_a_city_the_colour_of_a_region_is_a_band_inside_its_edge(
    watch: Watch, service: Service
) -> None:
    watched = opened(watch, service)
    page = watched.page
    paths = page.locator(".leaflet-regions-pane path.region")
    bands = page.locator(".leaflet-regions-pane path[clip-path]")
    expect(page.locator("path.region[fill-opacity='0.62']").first).to_be_attached()
    expect(bands).to_have_count(0)
    colours = set(paths.evaluate_all("all => all.map((path) => path.getAttribute('fill'))"))
    corner = page.evaluate(
        "Object.values(strikemap.layers.regions._layers)[0].getLatLngs().flat(3)[0]"
    )
    page.evaluate("({ lat, lng }) => strikemap.map.setView([lat, lng], 13)", corner)
    expect(bands.first).to_be_attached()
    assert set(
        paths.evaluate_all("all => all.map((path) => path.getAttribute('fill-opacity'))")
    ) == {"0"}
    assert {band.get_attribute("stroke") for band in bands.all()} <= colours
    page.evaluate("strikemap.map.setZoom(6)")
    expect(bands).to_have_count(0)
    watched.is_clean()


def test_while_time_plays_colours_keep_their_meaning(watch: Watch, service: Service) -> None:
    page = opened(watch, service, f"{EXAMPLE}&from=2024-03-01&to=2024-03-14").page
    limits = "strikemap.layers.regions.limits()"
    expect(page.locator(".legend")).to_contain_text("and more")
    before = page.evaluate(limits)
    page.get_by_role("button", name="Play").click()
    page.wait_for_url(re.compile("to=2024-03-(1[89]|2)"))
    assert page.evaluate(limits) == before
    page.get_by_role("button", name="Pause").click()


def test_presets_of_single_days_rest_where_only_sums_may_leave(
    watch: Watch, tmp_path: Path
) -> None:
    row = {"precision": "exact", "lon": "30.5217", "lat": "50.4519"}
    row |= {"source_key": "a", "start": "2025-03-10"}
    done = command(tmp_path / "data", "import", str(table(tmp_path, row)), "--dataset", "held")
    assert done.returncode == 0, done.stderr
    with serving(tmp_path / "data") as service:
        page = opened(watch, service, "/?theatre=ukraine&dataset=held").page
        expect(page.get_by_role("button", name="Last night")).to_be_disabled()
        expect(page.get_by_role("button", name="All days")).to_be_enabled()
        page.get_by_role("button", name="Share").click()
        expect(page.get_by_role("dialog")).to_contain_text("it can be linked, not embedded")
        expect(page.locator("#share_iframe")).to_be_hidden()
        expect(page.locator("#share_link")).to_be_visible()


def test_an_address_of_an_incident_that_is_not_there_says_so(
    watch: Watch, service: Service
) -> None:
    page = opened(watch, service, f"{EXAMPLE}#open=999999").page
    expect(page.locator("#status")).to_contain_text("There is no incident")
    expect(page.locator("#status")).not_to_contain_text("could not be loaded")
    assert "open=" not in page.url
