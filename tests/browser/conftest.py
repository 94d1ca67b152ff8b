"""A real Chromium in which every request outside this machine is refused and counted."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Playwright, Request, expect

from tests.chromium import CHROMIUM
from tests.making import ROOT

ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    # No name and no address but this machine's leads anywhere, so nothing outside is reached.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]
WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
NARROW = {"width": 360, "height": 740}
LOOKS = (("en", "light"), ("uk", "dark"))
"""Each language and each colour scheme once: no colour depends on a language."""

FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{folder}</dir><cachedir>{cache}</cachedir></fontconfig>"""

# A page is awaited until it is so: beside a busy core 5 s, the usual limit, are not enough.
expect.set_options(timeout=30_000)


@dataclass
class Watched:
    """A page and everything on it that must not happen."""

    page: Page
    outside: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def open(self, url: str) -> None:
        """Open an address and wait until the marks are drawn."""
        self.page.goto(url)
        expect(self.page.locator("html")).to_have_attribute("data-ready", "1")

    def sign_in(self, token: str) -> None:
        """Show a token on the sign-in page, and wait until the page before it is back."""
        self.page.get_by_label("Token").fill(token)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.locator("#signed-in")).to_contain_text("Signed in")
        expect(self.page.locator("html")).to_have_attribute("data-ready", "1")
        # A page says so itself when nobody is signed in yet.
        self.faults = [fault for fault in self.faults if "401" not in fault]

    def is_clean(self) -> None:
        """Fail when the page asked outside, broke its policy, or threw."""
        assert self.outside == []
        assert self.faults == []


def expect_no_axe_violations(page: Page) -> None:
    """Check a page as it stands against the rules of axe."""
    violations = Axe().run(page).response["violations"]
    assert [(one["id"], [n["html"] for n in one["nodes"]][:3]) for one in violations] == []


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Chromium from the system, with the system's fonts."""
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def browser_with_noto(
    playwright: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """Chromium on a system whose every font is Noto Sans, which is wider in fields."""
    folder = tmp_path_factory.mktemp("fonts")
    noto = ROOT / "static" / "vendor" / "noto-sans-5.3.0"
    (folder / "fonts.conf").write_text(FONTS.format(folder=noto, cache=folder), "utf-8")
    browser = playwright.chromium.launch(
        executable_path=CHROMIUM,
        args=ARGUMENTS,
        env={**os.environ, "FONTCONFIG_FILE": str(folder / "fonts.conf")},
    )
    yield browser
    browser.close()


@pytest.fixture
def watch(browser: Browser) -> Iterator[Callable[..., Watched]]:
    """Open watched pages of any size and colour scheme."""
    contexts = []

    def make(size: dict[str, int] = WIDE, scheme: str = "light") -> Watched:
        context = browser.new_context(
            viewport=size,  # type: ignore[arg-type]
            color_scheme=scheme,  # type: ignore[arg-type]
            reduced_motion="reduce",
            timezone_id="UTC",
        )
        contexts.append(context)
        watched = Watched(context.new_page())

        def note(request: Request) -> None:
            if urlsplit(request.url).hostname not in ("127.0.0.1", None):
                watched.outside.append(request.url)

        # A handler of routes would send each request by way of this process, and take the cache.
        context.on("request", note)
        page = watched.page
        page.on("pageerror", lambda error: watched.faults.append(str(error)))
        page.on(
            "console",
            lambda told: watched.faults.append(told.text) if told.type == "error" else None,
        )
        return watched

    yield make
    for context in contexts:
        context.close()
