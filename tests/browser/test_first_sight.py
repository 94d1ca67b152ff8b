"""A reader who opens the page cold after an import sees the imported data, with a headline."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Watched, expect_no_axe_violations
from tests.making import ROOT
from tests.serving import Service, command, serving
from tests.support import table

pytestmark = pytest.mark.browser
Watch = Callable[..., Watched]
SPOT = {"precision": "exact", "lon": "36.23", "lat": "49.99", "place": "Kharkiv"}
FROZEN = "theatre=example&synthetic=1&from=2024-03-01&to=2024-04-10&freeze=2024-03-10"
SLAB = """(canvas) => {
    const [width, height] = [canvas.width, canvas.height];
    const pixels = canvas.getContext('2d').getImageData(0, height - 2, width, 1).data;
    const accent = getComputedStyle(canvas).getPropertyValue('--accent').trim();
    const [r, g, b] = [1, 3, 5].map((at) => parseInt(accent.slice(at, at + 2), 16));
    let [most, run] = [0, 0];
    for (let at = 0; at < pixels.length; at += 4) {
        const isBar = pixels[at] === r && pixels[at + 1] === g && pixels[at + 2] === b;
        run = isBar ? run + 1 : 0;
        most = Math.max(most, run);
    }
    return most / (width / canvas.clientWidth);
}"""

DEEPSTATE = ROOT / "tests/data/deepstatemap_data_20240310.geojson"
SLOW = """() => {
    const own = fetch;
    window.fetch = async (...request) => {
        await new Promise((go) => setTimeout(go, 900));
        return own(...request);
    };
}"""


@pytest.fixture(scope="module")
def after_import(demo_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The demos, and what an analyst imported beside them: two days, and a source of control."""
    folder = tmp_path_factory.mktemp("cold")
    shutil.copytree(demo_data, folder / "data")
    days = ("2022-03-01", "2022-03-02", "2022-03-02")
    rows = [
        {**SPOT, "source_key": str(n), "start": day, "description": f"What was seen: {n}"}
        for n, day in enumerate(days)
    ]
    words = ("--theatre", "ukraine", "--terms", "CC0-1.0")
    for path, dataset in ((table(folder, *rows), "mine"), (DEEPSTATE, "deepstate")):
        done = command(folder / "data", "import", str(path), "--dataset", dataset, *words)
        assert done.returncode == 0, done.stderr
    with serving(folder / "data") as running:
        yield running


def test_a_cold_page_opens_on_the_imported_data_and_its_days(
    after_import: Service, watch: Watch
) -> None:
    watched = watch()
    watched.open(after_import.url + "/")
    page = watched.page
    expect(page.locator(".headline")).to_contain_text("1–2 March 2022: 3 incidents in Ukraine")
    expect(page.locator(".datasets input:checked")).to_have_value("mine")
    assert page.evaluate("strikemap.state.get('dataset')") == "mine"
    page.get_by_role("tab", name="Incidents").click()
    expect(page.locator(".incident-headline").first).to_have_text("Incident in Kharkiv")
    # Two more of the same headline: for the eye it stands there once, above what tells them apart.
    expect(page.locator(".incident-text")).to_have_count(3)
    heights = page.locator(".incident-headline").evaluate_all(
        "(all) => all.map((one) => getComputedStyle(one).clipPath)"
    )
    assert heights == ["none", "inset(50%)", "inset(50%)"]
    watched.is_clean()


def test_the_header_says_what_the_page_is_and_when_and_as_known_when(
    service: Service, watch: Watch
) -> None:
    page = (watched := watch()).page
    watched.open(f"{service.url}/?theatre=example&from=2024-03-01&to=2024-03-10")
    expect(page.locator("#days")).to_have_text("1 Mar 2024 – 10 Mar 2024")
    page.get_by_role("button", name="One day forward").click()
    expect(page.locator("#days")).to_have_text("2 Mar 2024 – 11 Mar 2024")
    # An empty field of a day would say nothing: the way to a past day unfolds.
    expect(page.locator("#known input")).to_be_hidden()
    page.get_by_text("As known now").press("Enter")
    expect_no_axe_violations(page)
    page.locator("#known input").fill("2026-01-01")
    with page.expect_navigation():
        page.locator("#known input").blur()
    expect(page.locator("#known summary")).to_have_text("As known on 1 Jan 2026")
    expect(page.locator("#days")).to_have_text("2 Mar 2024 – 11 Mar 2024")


def test_dataset_and_source_are_chosen_beside_what_they_colour(
    after_import: Service, watch: Watch
) -> None:
    page = (watched := watch()).page
    watched.open(f"{after_import.url}/?control=cited")
    legend = page.locator(".legend")
    tops = [
        part.evaluate("(node) => node.getBoundingClientRect().top")
        for part in (
            page.locator(".datasets"),
            legend.locator("summary"),
            legend.locator("label").first,
        )
    ]
    assert tops == sorted(tops)
    assert tops[2] - tops[1] < 40  # a heading stands at what it heads
    legend.get_by_label("Control according to").select_option("deepstate")
    expect(page.locator("#caption")).to_contain_text("DeepState")
    assert "control=deepstate" in page.url
    page.get_by_role("tab", name="Ground").click()
    choice = page.locator("#pane-ground").get_by_label("Control according to")
    expect(choice).to_have_value("deepstate")
    choice.select_option("cited")
    page.get_by_role("tab", name="Summary").click()
    expect(legend.get_by_label("Control according to")).to_have_value("cited")
    watched.is_clean()


def test_a_wait_is_shown_where_it_is_and_ends(service: Service, watch: Watch) -> None:
    page = (watched := watch()).page
    watched.open(f"{service.url}/?theatre=example")
    page.wait_for_load_state("networkidle")
    waiting = page.locator("#panel[data-waiting][aria-busy=true]")
    page.evaluate(SLOW)
    page.evaluate("strikemap.state.set({ weapon: 'drone' })")
    expect(waiting).to_have_count(1)
    expect(page.locator(".map-box[data-waiting]")).to_have_count(0)
    expect(waiting).to_have_count(0)


def test_days_of_a_short_period_are_bars_and_a_chart_of_unknowns_is_left_out(
    after_import: Service, watch: Watch
) -> None:
    page = (watched := watch()).page
    watched.open(after_import.url + "/")
    expect(page.locator(".day-chart")).to_be_visible()
    expect(page.locator(".bars h3")).to_have_count(1)  # by day; weapons and damage say nothing
    widest = page.locator("canvas.histogram").evaluate(SLAB)
    assert 1 < widest <= 29


def test_what_a_fixed_line_divides_is_a_table(service: Service, watch: Watch) -> None:
    page = (watched := watch()).page
    watched.open(f"{service.url}/?{FROZEN}")
    page.get_by_role("tab", name="Ground").click()
    sides = page.locator("table.sides", has_text="Incidents since")
    expect(sides.locator("thead th")).to_have_text(["Side", "km²", "Incidents since"])
    expect(sides.locator("tbody tr")).not_to_have_count(0)


def test_area_over_time_has_axes_days_and_a_cursor_also_by_keyboard(
    service: Service, watch: Watch
) -> None:
    page = (watched := watch()).page
    watched.open(f"{service.url}/?theatre=example&from=2024-03-05&to=2024-04-10")
    page.get_by_role("tab", name="Ground").click()
    slider = page.get_by_role("slider", name="Area over time")
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"10 Apr 2024: [\d.,]+ km²"))
    labels = slider.locator("text").all_text_contents()
    assert [label for label in labels if "2024" in label] == ["1 Mar 2024", "29 Apr 2024"]
    assert len(labels) >= 4  # two days, and two steps of the area at least
    said = page.locator(".area-said")
    for key, day in (("ArrowLeft", "9 Apr"), ("Home", "1 Mar"), ("PageUp", "11 Mar")):
        slider.press(key)
        expect(said).to_contain_text(f"{day} 2024:")
    slider.hover(position={"x": 60, "y": 40})
    expect(said).to_contain_text("Mar")
    changes = page.locator("table.sides")
    expect(changes.locator("caption")).to_have_text(
        "Changed from 5 Mar 2024 to 10 Apr 2024, in km²"
    )
    expect(changes.locator("thead th")).to_have_text(["Region", "gained", "lost"])
    expect(changes.locator("tbody th").first).to_have_text("In all")
    expect_no_axe_violations(page)
    watched.is_clean()


def test_a_short_period_fills_no_window_and_its_thumbs_stand_on_its_days(
    after_import: Service, service: Service, watch: Watch
) -> None:
    page = (watched := watch()).page
    watched.open(f"{after_import.url}/")
    histogram = page.locator("canvas.histogram")
    expect(histogram).to_be_visible()
    assert histogram.evaluate("(canvas) => canvas.clientWidth") <= 240
    assert page.locator("#period").evaluate("(bar) => bar.offsetHeight") <= 90
    watched.open(f"{service.url}/?theatre=example&from=2024-03-16&to=2024-03-30")
    box = histogram.bounding_box()  # days from 1 March on
    assert box
    for day, name in ((15, "First day"), (30, "Last day")):
        thumb = page.get_by_role("slider", name=name)
        before = int(thumb.input_value())
        day_px = box["width"] / (int(thumb.get_attribute("max") or 0) + 1)
        page.mouse.move(box["x"] + day_px * day, box["y"] + 16)
        page.mouse.down()
        page.mouse.move(box["x"] + day_px * (day + 6), box["y"] + 16, steps=4)
        page.mouse.up()
        assert int(thumb.input_value()) - before == 6


def test_a_view_of_one_region_draws_its_outline_and_no_field_of_colour(
    service: Service, watch: Watch
) -> None:
    watched = watch()
    page = watched.page
    watched.open(f"{service.url}/?theatre=example&region=XE-01")
    fills = "[...document.querySelectorAll('path.region')].filter((p) => +p.getAttribute('{}') {})"
    expect(page.locator(".legend")).not_to_contain_text("and more")
    expect(page.locator("path.region[stroke-width='2.5']")).to_have_count(1)
    assert page.evaluate(fills.format("fill-opacity", "> 0") + ".length") == 0
    watched.open(f"{service.url}/?theatre=example&region=XE-01,XE-02")
    expect(page.locator(".legend")).to_contain_text("and more")
    assert page.evaluate(fills.format("fill-opacity", "> 0") + ".length") == 2
    watched.is_clean()
