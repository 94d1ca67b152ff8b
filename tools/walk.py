"""Walks from nothing to a figure in four countries, as a newcomer would: `python -m tools.walk`.

The rows are invented, and every picture says so. It prints how long each step took; the pictures
lie in docs/pictures, and docs/countries.md shows them.
"""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import cycle, pairwise
from pathlib import Path

import numpy as np
import shapely
from PIL import Image
from playwright.sync_api import Browser, sync_playwright
from shapely.geometry.base import BaseGeometry

from app.instance.workspace import Workspace
from app.settings import ROOT
from tests.browser.conftest import ARGUMENTS, WIDE
from tests.serving import cold_command, cold_serving
from tools.pictures import FOLDER, Picture, taken

GEODATA = ROOT / "geodata"
HEADER = ("date", "latitude", "longitude", "place", "weapon", "killed", "injured", "source")
WEAPONS = ("air strike", "artillery", "drone", "")
KILLED = ("", "2", "0", "3+", "1-4")
STRIPS = 3
COLOURS = 192
"""Of a stored picture: it is a third of its size, and looks the same."""


@dataclass(frozen=True)
class Country:
    """A country to walk through: the options of its theatre, and the language of its pictures."""

    slug: str
    options: Sequence[str]
    language: str = "en"


COUNTRIES = (
    Country(
        "sudan",
        (
            *("--country", "SD", "--languages", "ar,en"),
            *("--party", "saf=Sudanese Armed Forces,state", "--party", "rsf=Rapid Support Forces"),
        ),
        "ar",
    ),
    Country("gaza", ("--country", "PS", "--bbox", "34.15,31.2,34.6,31.62", "--zone", "Asia/Gaza")),
    Country("myanmar", ("--country", "MM")),
    Country("colombia", ("--country", "CO", "--languages", "es,en"), "es"),
)


@dataclass
class Walk:
    """One country's walk, in a data folder of its own; it stops at the first step that fails."""

    country: Country
    folder: Path
    seconds: dict[str, float] = field(default_factory=dict)
    regions: Mapping[str, int] = field(default_factory=dict)
    """The incidents in each region, as the service counts them."""

    page: bytes = b""
    figure: bytes = b""

    @property
    def data(self) -> Path:
        """Its data folder."""
        return self.folder / "data"

    def run(self, browser: Browser) -> Walk:
        """Walk from an empty folder to a figure."""
        slug, table = self.country.slug, self.folder / f"{self.country.slug}.csv"
        with self._step("theatre"):
            self._command("theatre", "add", slug, *self.country.options)
        table.write_text(invented_table(self.data, slug), "utf-8")
        with self._step("import"):
            self._command("import", str(table), "--theatre", slug, "--synthetic")
        with cold_serving(self.data, "--private") as service:
            view = f"theatre={slug}&synthetic=1&lang={self.country.language}"
            with self._step("regions"):
                rows = service.client.get(f"/api/summary?{view}&by=region").json()["rows"]
            self.regions = {row["key"]: row["incidents"] for row in rows}
            with self._step("page"):
                self.page = taken(browser, service.url, Picture(slug, f"/?{view}", WIDE))
        out = self.folder / "figure.png"
        with self._step("figure"):
            self._command("figure", str(out), f"{view}&metric=killed")
        self.figure = out.read_bytes()
        return self

    def _command(self, *words: str) -> None:
        done = cold_command(self.data, *words)
        if done.returncode:
            message = f"strikemap {' '.join(words)}: {done.stderr or done.stdout}"
            raise RuntimeError(message)

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - started


def invented_table(data: Path, slug: str) -> str:
    """Write a table as people type it, with rows in each region that the map opens on."""
    workspace = Workspace.open(data, GEODATA)
    reference = workspace.reference
    workspace.store.close()
    west, south, east, north = reference.theatres[slug].bounds
    land = [
        shapely.clip_by_rect(region.shape, west, south, east, north)
        for region in reference.region_set(slug).regions
    ]
    parts = [part for shape in land if not shape.is_empty for part in _strips(shape)]
    points = [part.representative_point() for part in parts]
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(HEADER)
    weapons, killed = cycle(WEAPONS), cycle(KILLED)
    for number, point in enumerate(points):
        day = date(2024, 3, 1) + timedelta(days=number)
        place = (day, f"{point.y:.4f}", f"{point.x:.4f}", f"Village {number + 1}")
        rows.writerow((*place, next(weapons), next(killed), number % 4, "Invented Gazette"))
    return out.getvalue()


def _strips(shape: BaseGeometry) -> list[BaseGeometry]:
    """Cut a region into strips from north to south: a row of the table lies in each."""
    west, south, east, north = shape.bounds
    edges = np.linspace(south, north, STRIPS + 1)
    strips = [shapely.clip_by_rect(shape, west, low, east, high) for low, high in pairwise(edges)]
    return [strip for strip in strips if not strip.is_empty]


def times_table(walks: Sequence[Walk], clock: Callable[[], date] = date.today) -> str:
    """Write how long each step took, as Markdown."""
    steps = list(walks[0].seconds)
    lines = [f"Seconds, on {clock()}:", "", f"| country | {' | '.join(steps)} | in all |"]
    lines.append("| --- |" + " --- |" * (len(steps) + 1))
    for walk in walks:
        times = [*walk.seconds.values(), sum(walk.seconds.values())]
        lines.append(f"| {walk.country.slug} | {' | '.join(f'{s:.1f}' for s in times)} |")
    return "\n".join(lines)


def keep(name: str, png: bytes) -> None:
    """Store a picture for the documents."""
    with Image.open(io.BytesIO(png)) as picture:
        picture.convert("RGB").quantize(COLOURS).save(FOLDER / name, optimize=True)


def main() -> None:
    """Walk through every country, keep the pictures, and print the times."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=ARGUMENTS
        )
        walks = []
        for country in COUNTRIES:
            with tempfile.TemporaryDirectory() as folder:
                walk = Walk(country, Path(folder)).run(browser)
            keep(f"walk-{country.slug}.png", walk.page)
            keep(f"walk-{country.slug}-figure.png", walk.figure)
            walks.append(walk)
        browser.close()
    print(times_table(walks))


if __name__ == "__main__":
    main()
