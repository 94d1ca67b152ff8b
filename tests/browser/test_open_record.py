"""An open record: what happened, pictures of it, who says so, the ground, and its mark in sight."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import FloatRect, Locator, Page, expect

from tests.browser.conftest import PHONE, WIDE, Watched, expect_no_axe_violations
from tests.photos import photo
from tests.serving import Service, command, serving
from tests.support import feature, geojson, square, table

pytestmark = pytest.mark.browser
Watch = Callable[..., Watched]
VIEW = "theatre=ukraine&dataset=mine"
HEADLINE = "School damaged by a missile in Bakhmut, Donetsk Oblast: 2 killed, 5 injured"
SCHOOL = {
    "source_key": "school",
    "start": "2022-03-10",
    "place": "Bakhmut",
    "precision": "exact",
    "lon": "37.5",
    "lat": "48.5",
    "weapons": "missile.ballistic",
    "damage1_sector": "education",
    "damage1_object_kind": "school",
    "status": "verified",
    "killed_low": "2",
    "killed_high": "2",
    "injured_low": "5",
    "injured_high": "5",
    "description": "A report of that morning.",
    "source1_publisher": "Observer",
    "claim1_by": "A ministry",
    "claim1_text": "A depot was hit.",
}
AROUND = [
    {**SCHOOL, "source_key": f"{lon}", "lon": str(lon), "lat": "48.2", "start": "2022-03-11"}
    for lon in (23, 30, 39)
]
ONLY_REGION = {"source_key": "r", "start": "2022-03-09", "precision": "admin1", "admin1": "UA-14"}
MARK = """([lon, lat]) => {
  const { map } = strikemap, frame = map.getContainer().getBoundingClientRect();
  const at = map.latLngToContainerPoint([lat, lon]);
  const [x, y] = [at.x + frame.x, at.y + frame.y];
  const top = document.elementFromPoint(x, y);
  return { x, y, isSeen: map.getContainer().contains(top) };
}"""


def _archived(folder: Path, number: str) -> None:
    """Attach two pictures to a record, the second one graphic."""
    for name, *facts in (("plain", "--publisher", "City council"), ("graphic", "--graphic")):
        path = folder / f"{name}.jpg"
        path.write_bytes(photo(size=(900, 600 if name == "plain" else 500)))
        done = command(folder / "data", "attach", number, str(path), *facts)
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Serve a few records, the ground of two days, and two pictures of the school."""
    folder = tmp_path_factory.mktemp("record")
    files = [("mine", table(folder, SCHOOL, *AROUND, ONLY_REGION))]
    for slug, day in (("near", "2022-03-09"), ("old", "2022-01-01")):
        properties = {"valid_on": day, "controller": "ru", "status": "assessed"}
        shape = feature(properties, square(37, 48, 1))
        files.append((slug, geojson(folder, shape, name=f"{slug}.geojson")))
    for slug, path in files:
        options = ("--dataset", slug, "--theatre", "ukraine", "--terms", "CC0-1.0")
        done = command(folder / "data", "import", str(path), *options)
        assert done.returncode == 0, done.stderr
    with serving(folder / "data", "--private") as running:
        _archived(folder, school_of(running))
        yield running


def school_of(service: Service) -> str:
    """Return the short number of the school's record."""
    answer = service.client.get(f"/api/collections/incidents/items?{VIEW}&headline=true")
    (number,) = (
        str(one["properties"]["number"])
        for one in answer.json()["features"]
        if one["properties"]["source_key"] == "school"
    )
    return number


def box_of(place: Locator) -> FloatRect:
    """Return where something stands on the screen."""
    box = place.bounding_box()
    assert box is not None
    return box


def open_from_address(service: Service, watched: Watched, page_name: str = "") -> Page:
    watched.open(f"{service.url}/{page_name}?{VIEW}#open={school_of(service)}")
    expect(watched.page.locator("#incident-title")).to_have_text(HEADLINE)
    return watched.page


def expect_mark_in_sight(page: Page, lon: float = 37.5, lat: float = 48.5) -> None:
    expect(page.get_by_role("dialog")).to_be_visible()
    page.wait_for_function(f"(at) => ({MARK})(at).isSeen", arg=[lon, lat])


def test_the_panel_says_what_happened_then_who_says_so_then_the_ground(
    service: Service, watch: Watch
) -> None:
    watched = watch()
    page = open_from_address(service, watched)
    fields = page.locator("[role=dialog] .record > div")
    names = [one.get_attribute("data-field") for one in fields.all()]
    first = ["description", "images", "sources", "claims", "ground_here", "ground_older"]
    assert names[: len(first)] == first
    sources, claims = (page.locator(f"[data-field={name}]") for name in ("sources", "claims"))
    left, right = box_of(sources), box_of(claims)
    assert abs(left["y"] - right["y"]) < 2
    assert left["x"] + left["width"] <= right["x"]
    older = page.locator("[data-field=ground_older]")
    expect(older).to_contain_text("1 older than 7 days")
    assert "old:" not in older.inner_text()
    older.locator("summary").click()
    assert "old:" in older.inner_text()
    watched.is_clean()


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["1280", "390"])
def test_the_panel_never_covers_the_mark_of_its_record(
    service: Service, watch: Watch, size: dict[str, int]
) -> None:
    watched = watch(size)
    page = open_from_address(service, watched)
    expect_mark_in_sight(page)
    page.keyboard.press("Escape")
    page.evaluate("strikemap.map.setView([48.5, 37.2], 7, { animate: false })")
    spot = page.evaluate(MARK, [37.5, 48.5])
    page.mouse.click(spot["x"], spot["y"])
    expect(page.locator("#incident-title")).to_have_text(HEADLINE)
    expect_mark_in_sight(page)
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Incidents").click()
    page.locator("button.incident", has_text="10 Mar 2022").click()
    expect_mark_in_sight(page)
    watched.is_clean()


def test_the_number_of_a_region_is_in_sight_when_its_record_has_no_mark(
    service: Service, watch: Watch
) -> None:
    watched = watch()
    watched.open(f"{service.url}/?{VIEW}#tab=incidents")
    page = watched.page
    page.get_by_role("tab", name="Incidents").click()
    page.get_by_label("Only what is in view of the map").uncheck()
    page.locator("button.incident", has_text="Incident in Donetsk Oblast").click()
    lon, lat = page.evaluate("strikemap.layers.regions.spotOf('UA-14')")
    expect_mark_in_sight(page, lon, lat)


@pytest.mark.parametrize("way", ["mouse", "keyboard"])
@pytest.mark.parametrize("place", ["dialog", "page"])
def test_a_graphic_picture_is_not_even_fetched_until_a_reader_asks(
    service: Service, watch: Watch, way: str, place: str
) -> None:
    watched = watch()
    asked: list[str] = []
    watched.page.on("request", lambda request: asked.append(request.url))
    if place == "dialog":
        page = open_from_address(service, watched)
    else:
        page = watched.page
        page.goto(f"{service.url}/incidents/{school_of(service)}?{VIEW}")
    plain, graphic = page.locator(".record figure").all()
    expect(plain).to_contain_text("City council")
    expect(plain).to_contain_text("SHA-256 of the original")
    graphic.scroll_into_view_if_needed()
    veil, picture = graphic.locator("summary"), graphic.locator("a img")
    expect(veil).to_contain_text("Graphic picture")
    veil.locator("img").evaluate("(image) => image.decode()")
    plain.locator("a img").evaluate("(image) => image.decode()")
    expect(picture).to_be_hidden()
    whole = picture.get_attribute("src") or "-"
    assert [url for url in asked if url.endswith(whole)] == []
    if way == "mouse":
        veil.click()
    else:
        veil.focus()
        page.keyboard.press("Enter")
    expect(picture).to_be_visible()
    picture.evaluate("(image) => image.decode()")
    assert len([url for url in asked if url.endswith(whole)]) == 1
    watched.is_clean()


@pytest.mark.parametrize("place", ["dialog", "page"])
def test_a_term_is_explained_on_focus_and_under_the_pointer(
    service: Service, watch: Watch, place: str
) -> None:
    watched = watch(PHONE)
    if place == "dialog":
        page = open_from_address(service, watched)
    else:
        page = watched.page
        page.goto(f"{service.url}/incidents/{school_of(service)}?{VIEW}")
    term = page.get_by_role("button", name="Checked")
    hint = page.get_by_text("How far somebody has checked the report")
    expect(hint).to_be_hidden()
    term.focus()
    expect(hint).to_be_visible()
    edge = box_of(hint)
    assert edge["x"] >= 0
    assert edge["x"] + edge["width"] <= PHONE["width"]
    term.blur()
    expect(hint).to_be_hidden()
    term.hover()
    expect(hint).to_be_visible()
    if place == "dialog":  # Escape takes the explanation away, and not the whole record
        term.focus()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_visible()


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["1280", "390"])
def test_an_open_record_has_no_axe_violations(
    service: Service, watch: Watch, size: dict[str, int]
) -> None:
    watched = watch(size)
    page = open_from_address(service, watched)
    number = school_of(service)
    expect_no_axe_violations(page)
    for lang in ("en", "uk"):
        page.goto(f"{service.url}/incidents/{number}?{VIEW}&lang={lang}")
        page.locator(".record figure details").evaluate("(box) => (box.open = true)")
        expect_no_axe_violations(page)
