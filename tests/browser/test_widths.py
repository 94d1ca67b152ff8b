"""No page is wider than a phone, whatever font its system writes with."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import NARROW, PHONE
from tests.serving import Service

pytestmark = pytest.mark.browser
UNKNOWN = "00000000-0000-7000-8000-000000000000"
PAGES = (
    *("/", "/embed", "/table", "/method", "/compare", "/changes?since=2020-01-01"),
    *("/import", f"/edit/{UNKNOWN}", "/review"),
)
FONT = """() => {
  const [body, noto] = ["system-ui", "'Noto Sans'"].map((font) => {
    const line = document.createElement("canvas").getContext("2d");
    line.font = `40px ${font}`;
    return line.measureText("Strikes 0123456789").width;
  });
  return body === noto;
}"""


@pytest.mark.parametrize(("reader", "lang"), [("browser", "en"), ("browser_with_noto", "uk")])
def test_no_page_is_wider_than_a_phone_in_any_font(
    public_service: Service, request: pytest.FixtureRequest, reader: str, lang: str
) -> None:
    """Noto Sans and Ukrainian are wider than the fonts of this system and English."""
    browser: Browser = request.getfixturevalue(reader)
    page = browser.new_page()
    wider = {}
    for path in PAGES:
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        page.goto(f"{public_service.url}{path}{'&' if '?' in path else '?'}lang={lang}")
        page.wait_for_load_state("networkidle")
        for size in (PHONE, NARROW):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            px = page.evaluate("document.documentElement.scrollWidth")
            if px > size["width"]:
                wider[path, size["width"]] = px
    page.close()
    assert wider == {}


def test_the_browser_with_noto_writes_with_noto(
    public_service: Service, browser_with_noto: Browser
) -> None:
    page = browser_with_noto.new_page()
    page.goto(f"{public_service.url}/method")
    assert page.evaluate(FONT) is True
    page.close()
