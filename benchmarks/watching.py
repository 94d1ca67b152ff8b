"""What a reader waits for in Chromium without a GPU: the first paint, the map, and time that plays.

`python -m benchmarks.watching` measures the demo, or with `--data FOLDER` the data of a folder.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from benchmarks.figures import Figure
from tests.browser.conftest import ARGUMENTS
from tests.serving import cold_command, cold_serving

VISITS, FRAMES = 5, 90
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
READY = "Number(document.documentElement.dataset.readyMs)"
PLAYED = """async (most) => {
  const layer = strikemap.layers.incidents;
  const draws = [];
  layer.on("drawn", () => draws.push(layer.drawMs));
  document.querySelector("button.play").click();
  const gaps = [];
  let before = await new Promise(requestAnimationFrame);
  while (gaps.length < most) {
    const now = await new Promise(requestAnimationFrame);
    gaps.push(now - before);
    before = now;
  }
  document.querySelector("button.play").click();
  return { gaps, draws };
}"""


def first_sights(browser: Browser, url: str, name: str, ready_s: float) -> Iterator[Figure]:
    """Open a page as a new reader several times; the first visit warms the service."""
    paints, readies = [], []
    for _ in range(VISITS + 1):
        page = opened(browser, url)
        paints.append(float(page.evaluate(PAINT)) / 1e3)
        readies.append(float(page.evaluate(READY)) / 1e3)
        page.context.close()
    note = f"least {min(paints[1:]):.2f} s"
    yield Figure(f"{name}: first contentful paint", statistics.median(paints[1:]), "s", 0.4, note)
    note = f"least {min(readies[1:]):.2f} s, first visit to a fresh service {readies[0]:.2f} s"
    yield Figure(f"{name}: map readable", statistics.median(readies[1:]), "s", ready_s, note)


def play(browser: Browser, url: str, name: str) -> Iterator[Figure]:
    """Let time play, and take the time between the screen's frames."""
    page = opened(browser, url)
    page.wait_for_load_state("networkidle")
    found = page.evaluate(PLAYED, FRAMES)
    page.context.close()
    gaps = sorted(found["gaps"])
    yield Figure(f"{name}: a frame while time plays, median", statistics.median(gaps), "ms", 34)
    yield Figure(f"{name}: the same, 95 of 100", gaps[int(0.95 * len(gaps))], "ms")
    if draws := found["draws"]:
        yield Figure(f"{name}: drawing of the marks in it", statistics.median(draws), "ms")
    else:  # a period as long as its data has no next day to show
        print(f"{name}: no mark was drawn while time played")


def opened(browser: Browser, url: str) -> Page:
    """Open a page in a fresh browser context and wait until all marks are drawn."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.goto(url)
    expect(page.locator("html")).to_have_attribute("data-ready", "1", timeout=60_000)
    return page


def figures(folder: Path, query: str, name: str, ready_s: float) -> list[Figure]:
    """Measure a public instance on some data."""
    with cold_serving(folder) as service, sync_playwright() as playwright:
        path = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        url = f"{service.url}/?{query}"
        return [*first_sights(browser, url, name, ready_s), *play(browser, url, name)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="a data folder with invented incidents")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        if chosen.data:
            measured = figures(chosen.data, "synthetic=1", "invented marks", 1.5)
        else:
            cold_command(Path(name), "demo")
            measured = figures(Path(name), "theatre=example", "demo", 1.0)
    for figure in measured:
        print(f"{figure.name}: {figure.value:.4g} {figure.unit} {figure.verdict} {figure.note}")


if __name__ == "__main__":
    main()
