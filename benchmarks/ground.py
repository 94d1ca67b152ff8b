"""Control through time: 769 invented days, tiles, changes, agreement, and joins with incidents."""

from __future__ import annotations

import json
import math
import random
import shutil
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
from playwright.sync_api import expect, sync_playwright

from app.domain.cache import BoundedCache
from app.domain.store import Author
from app.domain.terms import Face
from app.domain.view import View
from app.index.joins import Joins
from app.instance.workspace import Workspace
from app.intake.importing import ImportedFile, import_file
from app.intake.options import ImportOptions
from app.pictures.tiles import Tiler
from app.publishing.publish import control_dataset
from app.publishing.query import Query
from app.queries.ground.agreement import agreement
from app.queries.ground.measures import ControlSource, GroundCache
from app.tiles.grid import Tile
from benchmarks.answering import FONTS, view_of
from benchmarks.figures import Figure, median_ms
from benchmarks.importing import open_workspace
from tests.browser.conftest import ARGUMENTS
from tests.serving import cold_serving

DAYS, VERTICES = 769, 3_000
FIRST = date(2023, 10, 1)
QUIET_DAYS = 0.15
"""Share of days that repeat the day before, as DeepState's do (docs/formats.md,
"deepstate_daily")."""

LINE_PLACES = ((33.5, 47.6), (35.2, 47.9), (36.8, 48.2), (37.6, 48.9))
STEPS = 200


def ground(shift: np.ndarray) -> list[list[float]]:
    """Draw a ring of 3,000 vertices: a ragged line through the south-east, closed behind it."""
    along = np.linspace(0, 1, VERTICES)
    rough = sum(np.sin(along * math.tau * k + k * k) / k for k in range(1, 400, 7))
    lon = 32.0 + 6.5 * along + 0.05 * rough
    lat = 46.8 + 2.6 * along**1.5 + 0.06 * rough + shift
    ring = [[round(float(x), 5), round(float(y), 5)] for x, y in zip(lon, lat, strict=True)]
    return [*ring, [40.0, 49.0], [40.0, 46.0], [32.0, 46.0], ring[0]]


def write_days(folder: Path, seed: int) -> None:
    """Write one native GeoJSON file a day; the line creeps, and some days stay as they were."""
    chance = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    shift = chance.normal(0, 0.02, VERTICES)
    for number in range(DAYS):
        if chance.random() > QUIET_DAYS:
            at = chance.integers(0, VERTICES - 60)
            shift[at : at + 60] += 0.004
        told = {"controller": "ru", "valid_on": str(FIRST + timedelta(days=number))}
        polygon = {"type": "Polygon", "coordinates": [ground(shift)]}
        feature = {"type": "Feature", "properties": told, "geometry": polygon}
        path = folder / f"day-{told['valid_on']}.geojson"
        path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), "utf-8")


def importing(workspace: Workspace, folder: Path) -> Iterator[Figure]:
    """Time the import of a folder of days, and of the same folder again."""
    for name, hold in (("import of 769 days of control", 60.0), ("the same folder again", None)):
        options = ImportOptions(dataset="lines", terms="CC0-1.0", synthetic=True)
        start = time.perf_counter()
        author = Author("benchmark", datetime.now(UTC))
        report = import_file(workspace, ImportedFile(folder), options, author)
        yield Figure(name, time.perf_counter() - start, "s", hold, f"{report.added} added")


def source_of(workspace: Workspace, slug: str, query: str = "") -> ControlSource:
    """Ask one source."""
    view = view_of(workspace, f"synthetic=1&control={slug}{query}")
    state = workspace.state()
    dataset = control_dataset(Query(workspace, state, view, datetime.now(UTC)), Face.aggregates)
    assert dataset is not None  # noqa: S101  it was imported above
    return ControlSource.of(Query(workspace, state, view, datetime.now(UTC)), dataset)


def tiles(workspace: Workspace) -> Iterator[Figure]:
    """Time control tiles of random days around the line, with nothing kept of the tile itself."""
    chance, now = random.Random(1), datetime.now(UTC)  # noqa: S311  a sample, not a secret
    state = workspace.state()
    for form in ("mvt", "png"):
        tiler, spent = Tiler(FONTS), []
        for _ in range(300):
            z = chance.randrange(4, 13)
            lon, lat = chance.choice(LINE_PLACES)
            x = int((lon + 180) / 360 * 2**z)
            y = int((0.5 - math.asinh(math.tan(math.radians(lat))) / math.tau) * 2**z)
            day = FIRST + timedelta(days=chance.randrange(DAYS))
            view = View(theatre="ukraine", control="lines", last=day, synthetic=True)
            start = time.perf_counter()
            tiler.tile(Query(workspace, state, view, now), Tile("control", z, x, y, form))
            spent.append((time.perf_counter() - start) * 1e3)
        name = f"control tile z4-z12 of any day, {form}, median of 300"
        yield Figure(name, statistics.median(spent), "ms", 5.0)


def comparing(workspace: Workspace) -> Iterator[Figure]:
    """Time changes and agreement, cold and again."""
    one, other = source_of(workspace, "lines"), source_of(workspace, "other-lines")
    days = [FIRST + timedelta(days=n) for n in range(10, 700, 60)]
    books = GroundCache()
    books.changes(one, days[0], days[1])  # boundaries are read once per process
    cold = [median_ms(partial(books.changes, one, day, days[-1]), 1) for day in days[1:-1]]
    yield Figure("/changes between two days, cold", statistics.median(cold), "ms", 250)
    again = median_ms(lambda: books.changes(one, days[1], days[-1]))
    yield Figure("/changes again", again, "ms", 5)
    kept = BoundedCache()
    agreement([one, other], days[0], kept)
    cold = [median_ms(partial(agreement, [one, other], day, kept), 1) for day in days[1:]]
    yield Figure("/agreement of two sources, cold", statistics.median(cold), "ms", 300)


def joining(workspace: Workspace, folder: Path) -> Iterator[Figure]:
    """Time the control-on-the-day join of all incidents from nothing, and from what is kept."""
    state = workspace.state()
    join = state.join(state.datasets["lines"], state.seq)
    shutil.rmtree(folder / "index" / "joins", ignore_errors=True)
    for name, hold in (("join of incidents with 769 days, cold", 90.0), ("the same, kept", None)):
        joins = Joins(
            folder / "index" / "joins", workspace.reference, workspace.index.lines, workspace.store
        )
        start, found = time.perf_counter(), 0
        for segment in state.segments:
            segment.joined.forget()
            found += int((joins.of(state.control, segment, join).mark != 0).sum())
        spent = time.perf_counter() - start
        joins.keep(workspace.store.head())
        rows = sum(len(segment.rows) for segment in state.segments)
        yield Figure(name, spent, "s", hold, f"{found:,} of {rows:,} rows on these days")


def stepping(folder: Path) -> Iterator[Figure]:
    """Step the page through 200 days, each drawn before the next: frames a second."""
    days = [str(FIRST + timedelta(days=n)) for n in range(STEPS + 10)]
    script = """async (days) => {
      const layer = strikemap.layers.control;
      for (const day of days.slice(0, 10)) await layer.showDay(day);
      const start = performance.now();
      for (const day of days.slice(10)) {
        await layer.showDay(day);
        await new Promise((go) => requestAnimationFrame(go));
      }
      return (days.length - 10) / (performance.now() - start) * 1e3;
    }"""
    with cold_serving(folder, "--private") as service, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=ARGUMENTS
        )
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        period = f"from={days[0]}&to={days[1]}"
        page.goto(f"{service.url}/?synthetic=1&control=lines&{period}")
        expect(page.locator("html")).to_have_attribute("data-ready", "1", timeout=60_000)
        page.wait_for_load_state("networkidle")
        for name in ("first time", "again"):
            speed = float(page.evaluate(script, days))
            figure = f"page steps through 200 days, {name}: ms a day (33 is 30 a second)"
            yield Figure(figure, 1e3 / speed, "ms", 33.3)
        browser.close()


def figures(folder: Path, scratch: Path) -> Iterator[Figure]:
    """Measure control on data that holds invented incidents already."""
    write_days(scratch / "lines", 1)
    write_days(scratch / "other", 2)
    workspace = open_workspace(folder)
    yield from importing(workspace, scratch / "lines")
    options = ImportOptions(dataset="other-lines", terms="CC0-1.0", synthetic=True)
    author = Author("benchmark", datetime.now(UTC))
    import_file(workspace, ImportedFile(scratch / "other"), options, author)
    yield from joining(workspace, folder)
    yield from tiles(workspace)
    yield from comparing(workspace)
    yield from stepping(folder)
