"""The share dialog shows a frame as it will be, and gives pictures in the sizes that are used."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, WIDE, Watched
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
        assert frame.locator("html").evaluate("() => innerWidth") == width
        stage, box = (
            page.locator(one).bounding_box() for one in (".frame-stage", ".frame-stage iframe")
        )
        assert stage
        assert box
        assert box["width"] <= stage["width"] + 1
        assert box["height"] <= stage["height"] + 1
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    expect(frame.locator(".more")).to_be_visible()  # on a phone the days unfold
    assert Axe().run(page).response["violations"] == []
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


@pytest.mark.parametrize(
    ("name", "px"),
    [
        ("Card of a link", (1200, 630)),
        ("Column of text", (1280, 1600)),
        ("A4 page", (2382, 3369)),
        ("Slide", (1920, 1080)),
    ],
)
def test_a_picture_comes_in_the_size_that_was_chosen(
    service: Service, watch: Watch, name: str, px: tuple[int, int]
) -> None:
    watched = watch()
    page = shared(watched, service)
    sizes = page.get_by_label("Size of the picture")
    (label,) = [one for one in sizes.locator("option").all_inner_texts() if one.startswith(name)]
    sizes.select_option(label)
    address = page.get_by_role("textbox", name="Address of the picture").input_value()
    assert page.get_by_role("link", name="Open the picture").get_attribute("href") == address
    picture = service.client.get(address)
    assert picture.status_code == 200
    assert Image.open(io.BytesIO(picture.content)).size == px
    page.get_by_label("Form of the picture").select_option("PDF")
    assert ".pdf?" in page.get_by_role("textbox", name="Address of the picture").input_value()
