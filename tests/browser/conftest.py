"""A real Chromium in which every request outside this machine is refused and counted."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


@dataclass
class Watched:
    """A page and everything on it that must not happen."""

    page: Page
    outside: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def open(self, url: str) -> None:
        """Open an address and wait until the marks are drawn."""
        self.page.goto(url)
        expect(self.page.locator("html")).to_have_attribute("data-ready", "1", timeout=20_000)

    def is_clean(self) -> None:
        """Fail when the page asked outside, broke its policy, or threw."""
        assert self.outside == []
        assert self.faults == []


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium from the system; its absence is a failure under CI, a stated skip elsewhere."""
    if CHROMIUM is None:
        assert os.environ.get("CI") != "true", "CI has no Chromium: tools/browser.sh installs it"
        pytest.skip("Chromium is not installed: run tools/browser.sh")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
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

        def guard(route: Route) -> None:
            if urlsplit(route.request.url).hostname in ("127.0.0.1", None):
                route.continue_()
            else:
                watched.outside.append(route.request.url)
                route.abort()

        context.route("**/*", guard)
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
