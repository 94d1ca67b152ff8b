"""The running service: tiles over HTTP, and the page in Chromium without a GPU."""

from __future__ import annotations

import shutil
import statistics
import time
from pathlib import Path

import httpx
from playwright.sync_api import expect, sync_playwright

from benchmarks.figures import Figure, median_ms
from tests.browser.conftest import ARGUMENTS
from tests.serving import cold_serving

TILE = "/tiles/incidents/9/{x}/174.mvt?synthetic=1"
PAGE_RUNS = 5


def http(client: httpx.Client) -> list[Figure]:
    """Time tiles over a kept connection, one after the other."""
    columns = range(290, 320)
    fresh = []
    for x in columns:
        start = time.perf_counter()
        client.get(TILE.format(x=x)).raise_for_status()
        fresh.append((time.perf_counter() - start) * 1e3)
    again = median_ms(lambda: client.get(TILE.format(x=columns[0])), times=60)
    summary = median_ms(lambda: client.get("/api/summary?synthetic=1"), times=20)
    return [
        Figure("tile z9 over HTTP, not seen before, median", statistics.median(fresh), "ms"),
        Figure("tile z9 over HTTP, kept", again, "ms"),
        Figure("/api/summary by region over HTTP, all days", summary, "ms"),
    ]


def page(url: str) -> list[Figure]:
    """Time the page from navigation to the first picture of all marks, and its redraw."""
    ready, redraw = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=ARGUMENTS
        )
        for _ in range(PAGE_RUNS):
            context = browser.new_context(viewport={"width": 1280, "height": 800})
            opened = context.new_page()
            opened.goto(f"{url}/?synthetic=1")
            expect(opened.locator("html")).to_have_attribute("data-ready", "1", timeout=60_000)
            ready.append(float(opened.evaluate("document.documentElement.dataset.readyMs")) / 1e3)
            opened.wait_for_load_state("networkidle")
            opened.evaluate("strikemap.layers.incidents.draw()")
            redraw.append(float(opened.evaluate("strikemap.layers.incidents.drawMs")))
            context.close()
        browser.close()
    first, *later = ready
    return [
        Figure(
            "page ready in Chromium, median",
            statistics.median(later),
            "s",
            1.5,
            f"first visit to a fresh service {first:.2f} s",
        ),
        Figure("page redraw at country zoom", statistics.median(redraw), "ms"),
    ]


def figures(folder: Path) -> list[Figure]:
    """Measure a private instance on some data."""
    with cold_serving(folder, "--private") as service:
        return [*http(service.client), *page(service.url)]
