"""Figures and frames in a real browser: what is drawn, and who may frame the map."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watched
from tests.drawing import apart, picture
from tests.serving import Service, hosting, serving

pytestmark = pytest.mark.browser
Watch = Callable[..., Watched]
SIZE = {"width": 1200, "height": 630}


def shot(page: Page) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))


@pytest.mark.parametrize("query", ["lang=uk&metric=killed", "theatre=example&lang=uk"])
def test_an_svg_opens_with_its_own_font_and_shows_what_the_png_shows(
    public_service: Service, watch: Watch, query: str
) -> None:
    watched = watch(SIZE)
    watched.page.goto(f"{public_service.url}/figure.svg?{query}")
    png = picture(public_service.client.get(f"/figure.png?{query}").content)
    assert apart(shot(watched.page), png) < 2.5
    faces = "[...document.fonts].map((face) => face.status + face.weight).sort().join()"
    assert watched.page.evaluate(faces) == "loaded400,loaded700"
    watched.is_clean()


def test_an_svg_in_another_sites_page_shows_the_same(public_service: Service, watch: Watch) -> None:
    watched = watch(SIZE)
    address = f"{public_service.url}/figure.svg?theatre=example"
    page = f'<body style="margin:0"><img alt="" src="{address}">'
    with hosting(page) as report:
        watched.page.goto(report)
        watched.page.wait_for_function("document.images[0].complete")
        png = picture(public_service.client.get("/figure.png?theatre=example").content)
        assert apart(shot(watched.page), png) < 2.5
    watched.is_clean()


def framed(watched: Watched, address: str) -> Page:
    with hosting(f'<iframe title="map" src="{address}"></iframe>') as report:
        watched.page.goto(report)
        watched.page.wait_for_load_state("networkidle")
        return watched.page


def test_a_host_that_is_not_allowed_cannot_frame_the_embed(demo_data: Path, watch: Watch) -> None:
    watched = watch()
    allowed = "https://news.example"
    with serving(demo_data, STRIKEMAP_FRAME_ANCESTORS=allowed) as service:
        policy = service.client.get("/embed").headers["content-security-policy"]
        assert f"frame-ancestors {allowed}" in policy
        page = framed(watched, f"{service.url}/embed")
        assert page.frames[1].url.startswith("chrome-error:")
    assert any("frame-ancestors" in fault for fault in watched.faults)


def test_nobody_frames_anything_but_the_embed(public_service: Service, watch: Watch) -> None:
    for path in ("/", "/table", "/import"):
        watched = watch()
        page = framed(watched, f"{public_service.url}{path}")
        assert page.frames[1].url.startswith("chrome-error:")
        assert any("frame-ancestors" in fault for fault in watched.faults)


def test_what_oembed_gives_works_in_another_sites_page(
    public_service: Service, watch: Watch
) -> None:
    asked = {"url": f"{public_service.url}/?theatre=example&lang=uk"}
    html = public_service.client.get("/oembed", params=asked).json()["html"]
    watched = watch()
    with hosting(html) as report:
        watched.page.goto(report)
        frame = watched.page.frame_locator("iframe")
        expect(frame.locator("html[data-ready='1']")).to_be_attached()
        expect(frame.locator("#caption")).to_contain_text("Invented control")
    watched.is_clean()
