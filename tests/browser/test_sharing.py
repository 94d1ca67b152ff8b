"""The share dialog shows a frame as it will be, and gives pictures in the sizes that are used."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, WIDE, Watched, expect_no_axe_violations
from tests.serving import Service, hosting, serving

pytestmark = pytest.mark.browser
Watch = Callable[..., Watched]


def shared(watched: Watched, service: Service, path: str = "/?theatre=example") -> Page:
    """Open the share dialog, and wait until the frame in it is drawn."""
    watched.open(f"{service.url}{path}")
    watched.page.get_by_role("button", name="Share").click()
    drawn(watched.page)
    return watched.page


def drawn(page: Page) -> None:
    frame = page.frame_locator(".frame-stage iframe")
    expect(frame.locator("html[data-ready='1']")).to_be_attached()


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_a_frame_is_shown_live_at_three_widths(
    service: Service, watch: Watch, size: dict[str, int]
) -> None:
    watched = watch(size)
    page = shared(watched, service)
    frame = page.frame_locator(".frame-stage iframe")
    for name, width in (("in a column", 640), ("at full width", 1200), ("on a phone", 360)):
        page.get_by_role("radio", name=name).check()
        embed = page.frame(url=re.compile("/embed"))
        assert embed
        embed.wait_for_function("(width) => innerWidth === width", arg=width)
        stage, box = (
            page.locator(one).bounding_box() for one in (".frame-stage", ".frame-stage iframe")
        )
        assert stage
        assert box
        assert box["width"] <= stage["width"] + 1
        assert box["height"] <= stage["height"] + 1
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    expect(frame.locator(".more")).to_be_visible()  # on a phone the days unfold
    expect_no_axe_violations(page)
    watched.is_clean()


def test_the_code_is_that_of_the_frame_that_is_shown(public_service: Service, watch: Watch) -> None:
    watched = watch()
    page = shared(watched, public_service)
    page.get_by_label("Controls").select_option("time only")
    page.get_by_label("Title and sentence").select_option("not shown")
    drawn(page)
    frame = page.frame_locator(".frame-stage iframe")
    expect(frame.locator("html")).to_have_attribute("data-controls", "time")
    expect(frame.locator("html")).to_have_attribute("data-caption", "none")
    code = page.get_by_label("Code of the frame", exact=True).input_value()
    address = page.locator(".frame-stage iframe").get_attribute("src")
    assert address
    assert f'src="{address.replace("&", "&amp;")}"' in code
    assert "as_of=" in address
    page.get_by_label("Pinned to what is known now").uncheck()
    drawn(page)
    assert "as_of=" not in str(page.locator(".frame-stage iframe").get_attribute("src"))
    page.keyboard.press("Escape")
    expect(page.locator(".frame-stage iframe")).to_have_count(0)
    watched.is_clean()
    with hosting(code) as report:
        watched = watch()
        watched.page.goto(report)
        drawn_frame = watched.page.frame_locator("iframe")
        expect(drawn_frame.locator("html[data-ready='1']")).to_be_attached()
        assert drawn_frame.locator("html").get_attribute("data-controls") == "time"
        watched.is_clean()


@pytest.mark.parametrize("ancestors", ["https://news.example", "'none'"])
def test_the_dialog_shows_the_frame_whomever_the_operator_lets_frame_it(
    demo_data: Path, watch: Watch, ancestors: str
) -> None:
    with serving(demo_data, STRIKEMAP_FRAME_ANCESTORS=ancestors) as service:
        policy = service.client.get("/embed").headers["content-security-policy"]
        assert f"frame-ancestors {ancestors}" in policy
        assert policy.endswith(" 'self'") == (ancestors != "'none'")
        if ancestors != "'none'":
            watched = watch()
            shared(watched, service)
            watched.is_clean()


SIZES = {
    "Card of a link": (1200, 630),
    "Column of text": (1280, 1600),
    "A4 page": (2382, 3369),
    "Slide": (1920, 1080),
}


def test_a_picture_comes_in_the_size_that_was_chosen(service: Service, watch: Watch) -> None:
    page = shared(watch(), service)
    sizes = page.get_by_label("Size of the picture")
    field = page.get_by_role("textbox", name="Address of the picture")
    labels = sizes.locator("option").all_inner_texts()
    for name, px in SIZES.items():
        (label,) = [one for one in labels if one.startswith(name)]
        sizes.select_option(label)
        address = field.input_value()
        assert page.get_by_role("link", name="Open the picture").get_attribute("href") == address
        picture = service.client.get(address)
        assert picture.status_code == 200
        assert Image.open(io.BytesIO(picture.content)).size == px
    page.get_by_label("Form of the picture").select_option("PDF")
    assert ".pdf?" in field.input_value()


def test_a_picture_gets_a_title_a_note_and_a_label_that_was_placed_by_hand(
    service: Service, watch: Watch
) -> None:
    page = shared(watched := watch(), service)
    page.get_by_label("Title", exact=True).fill("An invented spring")
    page.get_by_label("Note below it").fill("Two regions & a mill")
    page.get_by_label("Label on the map").fill("The mill, north")
    expect(page.get_by_text("The label needs a place")).to_be_visible()
    assert "notes=" not in page.locator("#share_picture").input_value()
    page.get_by_role("button", name="Point at its place").click()
    expect(page.locator("dialog.share")).to_be_hidden()
    expect(page.locator(".pointing")).to_be_attached()
    box = page.locator(".map").bounding_box()
    assert box
    page.mouse.click(box["x"] + 300, box["y"] + 250)
    expect(page.locator("dialog.share")).to_be_visible()
    expect(page.locator("dialog.incident[open]")).to_have_count(0)  # no mark and no region opened
    place = page.evaluate("strikemap.map.containerPointToLatLng([300, 250])")
    own = parse_qs(urlsplit(page.locator("#share_picture").input_value()).query)
    assert (own["title"], own["subtitle"]) == (["An invented spring"], ["Two regions & a mill"])
    lon, lat, side, text = (part.strip() for part in own["notes"][0].split(",", 3))
    assert (float(lon), float(lat)) == pytest.approx((place["lng"], place["lat"]), abs=1e-4)
    assert (side, text) == ("ne", "The mill, north")
    address = page.get_by_role("link", name="Open the picture").get_attribute("href") or ""
    answer = service.client.get(address.replace("figure.png", "figure.svg"))
    assert "The mill, north" in answer.text
    expect_no_axe_violations(page)
    # By keyboard: Enter takes the middle of the map, Escape leaves the place as it was.
    for key in ("Enter", "Escape"):
        page.get_by_role("button", name="Point at its place").press("Enter")
        page.keyboard.press(key)
        expect(page.locator("dialog.share")).to_be_visible()
        centre = page.evaluate("strikemap.map.getCenter()")
        own = parse_qs(urlsplit(page.locator("#share_picture").input_value()).query)
        assert float(own["notes"][0].split(",")[0]) == pytest.approx(centre["lng"], abs=1e-4)
    watched.is_clean()
