"""Takes the pictures in docs/pictures/ from the demos, as readers see them: `make pictures`.

With `--streets FILE`, a basemap of Monaco, it takes those of streets under invented marks instead.
"""

from __future__ import annotations

import argparse
import io
import shlex
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import mercantile
from PIL import Image, ImageOps
from playwright.sync_api import Browser, Page, expect, sync_playwright

from app.settings import ROOT
from tests.browser.conftest import ARGUMENTS, PHONE, WIDE
from tests.serving import Service, command, serving

FOLDER = ROOT / "docs" / "pictures"
UKRAINE = "theatre=ukraine"
SMALL = {"width": 720, "height": 540}
EXAMPLE = "theatre=example&from=2024-03-01&to=2024-04-10"


@dataclass(frozen=True)
class Picture:
    """A picture by name: an address, a window, a look, and which tab is open."""

    name: str
    path: str
    size: dict[str, int]
    scheme: str = "light"
    tab: str = ""
    region: str = ""


PICTURES = (
    Picture("map", f"/?{UKRAINE}", WIDE),
    Picture("region", f"/?{EXAMPLE}", WIDE, region="first"),
    Picture("dark", f"/?{EXAMPLE}&lang=uk", WIDE, "dark", "Фільтри"),
    Picture("phone", f"/?{EXAMPLE}", PHONE, tab="Incidents"),
    Picture("table", f"/table?{EXAMPLE}", WIDE),
    Picture("embed", f"/embed?{EXAMPLE}", {"width": 800, "height": 600}),
)


def demo_pictures() -> None:
    """Load the demos, serve them to the public and take every picture."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "data"
        done = command(folder, "demo")
        if done.returncode:
            raise SystemExit(done.stderr)
        with serving(folder) as service, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=ARGUMENTS
            )
            for one in PICTURES:
                take(browser, service.url, one)
                print(f"docs/pictures/{one.name}.png")
            answer = service.client.get(
                f"/figure.png?{EXAMPLE}&metric=killed&width=1200&height=630"
            )
            (FOLDER / "figure.png").write_bytes(answer.content)
            browser.close()
        gallery(folder)


def gallery(data: Path) -> None:
    """Make each figure of docs/gallery.md by the command beneath it."""
    for words in gallery_commands():
        done = command(data, *words[1:2], str(FOLDER / words[2]), *words[3:])
        if done.returncode:
            raise SystemExit(done.stderr)


def gallery_commands() -> list[list[str]]:
    """Read the commands of docs/gallery.md, each in its words."""
    text = (FOLDER.parent / "gallery.md").read_text("utf-8")
    return [shlex.split(line) for line in text.splitlines() if line.startswith("strikemap figure")]


STREETS = "synthetic=1&theatre=monaco&from=2022-01-01&to=2024-12-31"
CITY = "#at=15/43.7384/7.4246"
STREET_PICTURES = (
    Picture("streets", f"/?{STREETS}{CITY}", WIDE),
    Picture("streets-dark", f"/?{STREETS}#at=14/43.7384/7.4246", WIDE, "dark"),
    Picture("streets-phone", f"/?{STREETS}#at=16/43.7384/7.4246", PHONE),
)
STREET_TILE = f"/tiles/map/16/34119/23896@2x.png?{STREETS}"
STREET_FIGURE = f"/figure.png?{STREETS}&bbox=7.409,43.73,7.44,43.747&width=1200&height=630"


ZOOMS, CENTRE = range(12, 17), (43.7384, 7.4246)
CELL = (360, 270)
"""The size of one picture of a sheet, in px."""


def zoom_sheet(browser: Browser, service: Service) -> Image.Image:
    """Set the same city at each zoom side by side: page, page in the dark look, tile and figure."""
    sheet = Image.new("RGB", (CELL[0] * len(ZOOMS), CELL[1] * 4), "white")
    for column, zoom in enumerate(ZOOMS):
        at = f"#at={zoom}/{CENTRE[0]}/{CENTRE[1]}"
        for row, scheme in enumerate(("light", "dark")):
            page = Picture("", f"/embed?{STREETS}&controls=none&caption=none{at}", SMALL, scheme)
            _paste(sheet, column, row, taken(browser, service.url, page))
        across = mercantile.tile(CENTRE[1], CENTRE[0], zoom)
        tile = f"/tiles/map/{zoom}/{across.x}/{across.y}@2x.png?{STREETS}"
        _paste(sheet, column, 2, service.client.get(tile).raise_for_status().content)
        half = 360 / 2**zoom
        box = [CENTRE[1] - half, CENTRE[0] - half / 2, CENTRE[1] + half, CENTRE[0] + half / 2]
        bbox = ",".join(f"{side:.5f}" for side in box)
        figure = f"/figure.png?{STREETS}&bbox={bbox}&width=720&height=540&scale=1"
        _paste(sheet, column, 3, service.client.get(figure).raise_for_status().content)
    return sheet


def _paste(sheet: Image.Image, column: int, row: int, png: bytes) -> None:
    with Image.open(io.BytesIO(png)) as picture:
        small = ImageOps.contain(picture.convert("RGB"), CELL)
    sheet.paste(small, (column * CELL[0], row * CELL[1]))


def street_pictures(streets: Path) -> None:
    """Invent 300 incidents in Monaco and take pictures without and with streets under them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "data"
        for words in (
            ("theatre", "add", "monaco", "--country", "MC", "--bbox", "7.40,43.72,7.45,43.755"),
            ("synth", "300", "--theatre", "monaco"),
        ):
            done = command(folder, *words)
            if done.returncode:
                raise SystemExit(done.stderr)
        with serving(folder) as service, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=ARGUMENTS
            )
            take(browser, service.url, Picture("streets-without", f"/?{STREETS}{CITY}", WIDE))
            done = command(folder, "basemap", "add", str(streets))
            if done.returncode:
                raise SystemExit(done.stderr)
            for one in STREET_PICTURES:
                take(browser, service.url, one)
            for kind, path in (("tile", STREET_TILE), ("figure", STREET_FIGURE)):
                answer = service.client.get(path)
                (FOLDER / f"streets-{kind}.png").write_bytes(answer.raise_for_status().content)
            zoom_sheet(browser, service).quantize(192).save(FOLDER / "streets-zooms.png")
            browser.close()


def main() -> None:
    """Take the pictures of the demos, or those of a basemap."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streets", type=Path, help="a basemap file of Monaco")
    chosen = parser.parse_args()
    if chosen.streets:
        street_pictures(chosen.streets)
    else:
        demo_pictures()


def take(browser: Browser, url: str, one: Picture) -> None:
    """Open a page as a reader would and keep its picture."""
    (FOLDER / f"{one.name}.png").write_bytes(taken(browser, url, one))


def taken(browser: Browser, url: str, one: Picture) -> bytes:
    """Open a page as a reader would and take its picture."""
    context = browser.new_context(
        viewport=one.size,  # type: ignore[arg-type]
        color_scheme=one.scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(url + one.path)
    if not one.path.startswith("/table"):
        expect(page.locator("html")).to_have_attribute("data-ready", "1", timeout=60_000)
    page.wait_for_load_state("networkidle")
    arrange(page, one)
    page.wait_for_load_state("networkidle")
    waiting = page.locator(".leaflet-tile:not(.leaflet-tile-loaded)")
    expect(waiting).to_have_count(0, timeout=60_000)
    if one.path.startswith("/?"):
        expect(page.locator("#panel .figure").first).to_be_attached(timeout=60_000)
    page.wait_for_timeout(800)  # tiles fade in
    picture = page.screenshot()
    context.close()
    return picture


def arrange(page: Page, one: Picture) -> None:
    """Open what the picture is about."""
    if one.tab:
        page.get_by_role("tab", name=one.tab).click()
    if one.region:
        page.evaluate("strikemap.chooseRegion(strikemap.spec.regions[0][0])")
        expect(page.locator(".day-chart")).to_be_visible()


if __name__ == "__main__":
    main()
