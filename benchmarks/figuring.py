"""Figures and map tiles as pictures: drawn anew, and on a base that is kept."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.domain.view import View
from app.instance.workspace import Workspace
from app.pictures.figures import FigureOptions, Figures
from app.pictures.tiles import Tiler
from app.publishing.query import Query
from app.settings import ROOT
from app.tiles.grid import Tile
from benchmarks.answering import FONTS, view_of
from benchmarks.figures import Figure, median_ms
from benchmarks.importing import open_workspace

WEEKS = 15
TILES = tuple((6, x, y) for x in (36, 37, 38) for y in (21, 22))
FIRST = """
import time, sys
from pathlib import Path
from benchmarks import figuring
from app.publishing.query import Query
from app.pictures.figures import FigureOptions
workspace = figuring.open_workspace(Path(sys.argv[1]))
view = figuring.weeks(workspace, "synthetic=1")[0]
figures = figuring.fresh()
workspace.reference.basemap(view.theatre).read_ahead()
start = time.perf_counter()
figures.figure(Query.of(workspace, view, figuring.present()), FigureOptions())
print(time.perf_counter() - start)
"""


def present() -> datetime:
    """The present, in UTC."""
    return datetime.now(UTC)


def fresh() -> Figures:
    """Make figures with nothing kept but the reference data."""
    return Figures(Tiler(FONTS))


def weeks(workspace: Workspace, query: str) -> list[View]:
    """Take Views of different weeks: none can be answered from what another one left."""
    start = view_of(workspace, f"{query}&from=2024-01-01&to=2024-01-07")
    assert start.first and start.last  # noqa: S101, PT018  it was just given both
    return [
        start.but(first=start.first + timedelta(weeks=n), last=start.last + timedelta(weeks=n))
        for n in range(WEEKS)
    ]


def figures(folder: Path) -> list[Figure]:
    """Measure on some data."""
    workspace = open_workspace(folder)
    views, state = weeks(workspace, "synthetic=1"), workspace.state()

    def draw(on: Figures, view: View, form: str = "png") -> bytes:
        return on.figure(Query(workspace, state, view, present()), FigureOptions(form))

    def each(call: Callable[[View], object]) -> float:
        call(views[-1])
        spent = []
        for view in views[:-1]:
            start = time.perf_counter()
            call(view)
            spent.append((time.perf_counter() - start) * 1e3)
        return statistics.median(spent)

    kept = fresh()
    whole = view_of(workspace, "synthetic=1")
    draw(kept, whole)
    return [
        Figure("first figure of a new server", _first(folder), "ms"),
        Figure(
            "figure 1200x630 png, nothing kept",
            each(lambda view: draw(fresh(), view)),
            "ms",
            150,
            "a week's marks",
        ),
        Figure(
            "figure 1200x630 png of another View, base kept",
            each(lambda view: draw(kept, view)),
            "ms",
            60,
            "a week's marks",
        ),
        Figure("the same of all marks, as density", median_ms(lambda: draw(kept, whole), 5), "ms"),
        Figure("figure as svg", each(lambda view: draw(kept, view, "svg")), "ms"),
        Figure("figure as pdf", each(lambda view: draw(kept, view, "pdf")), "ms"),
        _tiles(workspace),
    ]


def _first(folder: Path) -> float:
    spent = []
    for _ in range(5):
        done = subprocess.run(  # noqa: S603  our own code
            [sys.executable, "-c", FIRST, str(folder)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        spent.append(float(done.stdout) * 1e3)
    return statistics.median(spent)


def _tiles(workspace: Workspace) -> Figure:
    """Time tiles of the composed map whose base is kept, each of another View."""
    tiler, state = Tiler(FONTS), workspace.state()
    views, now = weeks(workspace, "synthetic=1"), present()
    spent = []
    for number, view in enumerate(views):
        for place in TILES:
            start = time.perf_counter()
            tiler.tile(Query(workspace, state, view, now), Tile("map", *place, "png"))
            if number:  # the first View warms the base
                spent.append((time.perf_counter() - start) * 1e3)
    name = "map tile 256 px z6 png of another View, base kept"
    return Figure(name, statistics.median(spent), "ms", 8, f"{len(spent)} tiles")
