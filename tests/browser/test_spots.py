"""A reader chooses what colours and sizes the marks, and reads all that lie on one place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from app.render.palette import CLASSES, FAMILIES, SERIES, rgb
from tests.browser.conftest import PHONE, Watched, expect_no_axe_violations
from tests.serving import Service, command, serving
from tests.waiting import until

pytestmark = pytest.mark.browser
Watch = Callable[..., Watched]
SPOT, ALONE, MANY = (36.25, 49.95), (36.45, 50.1), 50
HEADER = "id,date,lat,lon,weapon,killed,injured,source"
NEAR = "#at=10/50.02/36.35"
MONTHS = "**/columns/*"
COLOURS = """() => {
  const { canvas } = strikemap.layers.incidents;
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const counts = {};
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 3] < 255) continue;
    const colour = [data[i], data[i + 1], data[i + 2]].join();
    counts[colour] = (counts[colour] ?? 0) + 1;
  }
  return counts;
}"""


def row(number: int, place: tuple[float, float], killed: object) -> str:
    lon, lat = place
    day = f"2026-03-{number % 28 + 1:02}"
    return f"{number},{day},{lat},{lon},missile,{killed},,https://example.org/{number}"


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Serve two datasets: fifty incidents on one place, and three on others."""
    folder = tmp_path_factory.mktemp("spots")
    files = {
        "crowd": [row(number, SPOT, "") for number in range(MANY)],
        "few": [row(n, (36.45, 50.0 + n / 20), killed) for n, killed in enumerate(("", 0, 120))],
    }
    for name, rows in files.items():
        path = folder / f"{name}.csv"
        path.write_text("\n".join([HEADER, *rows]), "utf-8")
        done = command(folder / "data", "import", str(path), "--theatre", "ukraine")
        assert done.returncode == 0, done.stderr
    with serving(folder / "data", "--private") as service:
        yield service


def opened(
    watch: Watch, service: Service, query: str = "", size: dict[str, int] | None = None
) -> Watched:
    watched = watch(size) if size else watch()
    watched.open(f"{service.url}/?theatre=ukraine&dataset=crowd,few{query}{NEAR}")
    return watched


def colours(page: Page) -> dict[tuple[int, ...], int]:
    counts = page.evaluate(COLOURS)
    return {tuple(map(int, colour.split(","))): count for colour, count in counts.items()}


def of_address(page: Page, name: str) -> list[str]:
    return parse_qs(urlsplit(page.url).query).get(name, [])


def test_datasets_are_told_apart_by_the_colour_that_the_legend_and_the_address_name(
    crowded: Service, watch: Watch
) -> None:
    page = (watched := opened(watch, crowded)).page
    missile, first, second = (rgb(mark.colour) for mark in (FAMILIES["missile"], *SERIES[:2]))
    assert missile == first
    until(lambda: missile in colours(page) and second not in colours(page))
    page.locator("[name=colour_by]").select_option("dataset")
    legend = page.locator(".legend")
    expect(legend.locator("li", has_text="few")).to_be_visible()
    expect(legend.locator("li", has_text="Missile")).to_have_count(0)
    assert of_address(page, "colour_by") == ["dataset"]
    until(lambda: {first, second} <= set(colours(page)))
    page.reload()
    expect(page.locator("[name=colour_by]")).to_have_value("dataset")
    expect(legend.locator("li", has_text="few")).to_be_visible()
    until(lambda: {first, second} <= set(colours(page)))
    page.locator("[name=colour_by]").select_option("weapon")
    expect(legend.locator("li", has_text="Missile")).to_be_visible()
    assert of_address(page, "colour_by") == []
    until(lambda: second not in colours(page))
    watched.is_clean()


def test_a_known_figure_sets_the_size_and_zero_is_not_unknown(
    crowded: Service, watch: Watch
) -> None:
    page = (watched := opened(watch, crowded)).page
    missile = rgb(FAMILIES["missile"].colour)
    until(lambda: missile in colours(page))
    small = colours(page)[missile]
    page.locator("[name=size_by]").select_option("killed")
    legend = page.locator(".legend")
    for text in ("100 and more", "no figure known"):
        expect(legend.locator("li", has_text=text)).to_be_visible()
    expect(legend.locator("li").get_by_text("0", exact=True)).to_be_visible()
    expect(legend).not_to_contain_text("20 to 99")
    assert of_address(page, "size_by") == ["killed"]
    until(lambda: colours(page).get(missile, 0) > 1.5 * small)
    watched.is_clean()


def test_marks_are_coloured_by_side_for_the_source_and_the_day(
    service: Service, watch: Watch
) -> None:
    watched = watch()
    page = watched.page
    watched.open(f"{service.url}/?theatre=example&from=2024-03-01&to=2024-03-31")
    page.locator("[name=colour_by]").select_option("side")
    legend = page.locator(".legend")
    expect(legend).to_contain_text("Ground held by (source: Invented control)")
    expect(legend.locator("li:has(polygon)", has_text="Tarn League")).to_be_visible()
    until(lambda: rgb(FAMILIES["artillery"].colour) in colours(page))
    watched.is_clean()


def test_marks_stay_until_those_of_another_colour_are_here(service: Service, watch: Watch) -> None:
    watched = watch()
    page = watched.page
    watched.open(f"{service.url}/?theatre=example&from=2024-03-01&to=2024-03-31")
    until(lambda: bool(colours(page)))
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(MONTHS, hold)
    page.locator("[name=colour_by]").select_option("side")
    until(lambda: page.evaluate("strikemap.layers.incidents.draw(), true") and bool(held))
    assert colours(page) != {}
    for route in held:
        route.continue_()
    page.unroute(MONTHS)
    until(lambda: rgb(FAMILIES["artillery"].colour) in colours(page))
    watched.is_clean()


def test_fifty_at_one_place_have_their_number_and_a_list_by_mouse(
    crowded: Service, watch: Watch
) -> None:
    page = (watched := opened(watch, crowded)).page
    expect(page.locator(".legend")).to_contain_text("so many at one place")
    x, y = page.evaluate(
        """([lon, lat]) => {
          const { map } = strikemap, frame = map.getContainer().getBoundingClientRect();
          const at = map.latLngToContainerPoint([lat, lon]);
          return [at.x + frame.x, at.y + frame.y];
        }""",
        list(SPOT),
    )
    page.mouse.click(x, y)
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("50 incidents at one place")
    rows = dialog.locator(".incident")
    expect(rows).to_have_count(MANY)
    expect(rows.first).to_be_focused()
    rows.nth(7).click()
    expect(dialog).to_contain_text("8 of 50")
    assert page.evaluate("document.documentElement.dataset.ready") == "1"
    watched.is_clean()


@pytest.mark.parametrize("size", [None, PHONE])
def test_the_list_of_a_place_works_by_keyboard_and_gives_focus_back(
    crowded: Service, watch: Watch, size: dict[str, int] | None
) -> None:
    watched = opened(watch, crowded, size=size)
    page = watched.page
    page.evaluate("void strikemap.map.setView([49.95, 36.25], 11, { animate: false })")
    page.locator(".leaflet-container").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    rows = dialog.locator(".incident")
    expect(rows).to_have_count(MANY)
    expect(rows.first).to_be_focused()
    page.keyboard.press("Tab")
    expect(rows.nth(1)).to_be_focused()
    expect_no_axe_violations(page)
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text("2 of 50")
    dialog.get_by_role("button", name="All at this place").press("Enter")
    expect(rows).to_have_count(MANY)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator(".leaflet-container")).to_be_focused()
    watched.is_clean()


def test_a_palette_colours_regions_legend_and_a_frame_alike(crowded: Service, watch: Watch) -> None:
    query = "theatre=ukraine&dataset=crowd"
    page = (watched := watch()).page
    watched.open(f"{crowded.url}/?{query}")
    regions = ".leaflet-regions-pane path[fill='{}']"
    orange, purple = (CLASSES[palette][2] for palette in ("orange", "purple"))
    expect(page.locator(regions.format(orange))).not_to_have_count(0)
    page.locator("[name=palette]").select_option("purple")
    expect(page.locator(regions.format(purple))).not_to_have_count(0)
    expect(page.locator(regions.format(orange))).to_have_count(0)
    assert of_address(page, "palette") == ["purple"]
    assert purple in page.locator(".legend").inner_html()
    watched.is_clean()
    frame = watch()
    frame.open(f"{crowded.url}/embed?{query}&palette=purple")
    expect(frame.page.locator(regions.format(purple))).not_to_have_count(0)


def test_names_of_towns_stand_above_marks_and_their_numbers(crowded: Service, watch: Watch) -> None:
    page = opened(watch, crowded).page
    heights = [
        page.locator(f".leaflet-{pane}-pane").evaluate("(pane) => Number(pane.style.zIndex)")
        for pane in ("regions", "control", "front", "incidents", "labels")
    ]
    assert heights == sorted(set(heights))


CROSSINGS = """() => {
  const { names, incidents } = strikemap.layers;
  const { marks } = incidents.scene;
  const ratio = Math.min(2, devicePixelRatio);
  const boxes = names.texts.map(({ text, box }) => [text, box]);
  const { x, y } = names.canvas.getBoundingClientRect();
  for (const plate of document.querySelectorAll(".badge span")) {
    const at = plate.getBoundingClientRect();
    const box = [at.left - x, at.top - y, at.right - x, at.bottom - y];
    boxes.push([`number ${plate.textContent}`, box]);
  }
  const crossings = [];
  boxes.forEach(([text, [x0, y0, x1, y1]], at) => {
    for (let i = 0; i < marks.count; i++) {
      const [mx, my] = [marks.xs[i] / ratio, marks.ys[i] / ratio];
      if (x0 < mx && mx < x1 && y0 < my && my < y1) crossings.push([text, "mark"]);
    }
    for (const [other, box] of boxes.slice(0, at))
      if (box[0] < x1 - 1 && x0 < box[2] - 1 && box[1] < y1 - 1 && y0 < box[3] - 1)
        crossings.push([text, other]);
  });
  const texts = boxes.map(([text]) => text);
  const isWhole = texts.includes("Orra City") && texts.some((text) => text.startsWith("number "));
  return isWhole && crossings.length === 0;
}"""
MOVING = "void (window.moved = new Promise((done) => strikemap.map.once('moveend', done)))"


@pytest.mark.parametrize("size", [None, PHONE])
def test_no_name_and_no_number_of_a_region_stands_on_a_mark_or_on_another(
    service: Service, watch: Watch, size: dict[str, int] | None
) -> None:
    watched = watch(size) if size else watch()
    watched.open(f"{service.url}/?theatre=example&from=2024-03-01&to=2024-04-29")
    watched.page.wait_for_load_state("networkidle")
    watched.page.wait_for_function(CROSSINGS)
    watched.page.evaluate(MOVING)
    watched.page.locator(".leaflet-container").press("ArrowRight")
    watched.page.evaluate("moved")
    watched.page.wait_for_function(CROSSINGS)
    watched.is_clean()
