"""Tiles and sums from the index without any cache, and opening it in a new process."""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl

import numpy as np

from app.domain.terms import Face
from app.domain.view import View
from app.instance.workspace import Workspace
from app.pictures.tiles import Tiler
from app.publishing.publish import publish
from app.publishing.query import Query
from app.queries.sums import summarise
from app.settings import ROOT
from app.tiles.grid import Tile
from app.tiles.points import EXACT_ZOOM, MOST_MARKS
from benchmarks.figures import Figure, median_ms
from benchmarks.importing import open_workspace

FONTS = ROOT / "static/vendor/noto-sans-5.3.0"
ZOOMS = range(4, 13)
PER_ZOOM = 25
FILTERS = (
    "synthetic=1",
    "synthetic=1&from=2023-01-01&to=2023-12-31",
    "synthetic=1&weapon=missile",
    "synthetic=1&sector=energy&status=verified",
    "synthetic=1&min_killed=1",
)
MONTH = "&from=2024-03-01&to=2024-03-31"
OPENING = """
import time, sys
from pathlib import Path
from benchmarks.importing import open_workspace
import app.publishing.publish
start = time.perf_counter()
state = open_workspace(Path(sys.argv[1])).index.state()
rows = sum(len(part.rows) for part in state.segments)
assert rows and int(state.segments[0].rows["seq"][rows // 2])
print(time.perf_counter() - start)
"""


def view_of(workspace: Workspace, query: str) -> View:
    """Read a View."""
    words = workspace.vocabularies(workspace.state())
    return View.parse(parse_qsl(query), words, "ukraine", datetime.now(UTC))


def sampled_tiles(workspace: Workspace) -> Iterator[Tile]:
    """Choose tiles that hold data, the busy ones more often, at every zoom."""
    segment = workspace.state().segments[0]
    chance = random.Random(1)  # noqa: S311  a sample, not a secret
    for zoom in ZOOMS:
        for _ in range(PER_ZOOM):
            row = chance.randrange(segment.marks)
            x, y = (
                int(segment.rows[axis][row]) >> 31 - zoom for axis in ("mercator_x", "mercator_y")
            )
            yield Tile("incidents", zoom, x, y, "mvt")


def tiles(workspace: Workspace) -> list[Figure]:
    """Time filtered tiles, parsed View to encoded bytes."""
    tiler, state, now = Tiler(FONTS), workspace.state(), datetime.now(UTC)
    views = [view_of(workspace, query) for query in FILTERS]
    whole, small = [], []
    for number, tile in enumerate(sampled_tiles(workspace)):
        view = views[number % len(views)]
        start = time.perf_counter()
        tiler.tile(Query(workspace, state, view, now), tile)
        spent = (time.perf_counter() - start) * 1e3
        published = publish(Query(workspace, state, view, now), Face.tiles)
        marks = len(published.select((tile.z, tile.x, tile.y)).drawable(published.filter))
        whole.append(spent)
        if marks <= MOST_MARKS or tile.z >= EXACT_ZOOM:
            small.append(spent)
    tail = float(np.percentile(whole, 95))
    return [
        Figure(
            "filtered tile z4-z12, at most 10k points, median",
            statistics.median(small),
            "ms",
            3,
            f"{len(small)} tiles",
        ),
        Figure(
            "the same with cells above 10k points, median",
            statistics.median(whole),
            "ms",
            3,
            f"{len(whole)} tiles",
        ),
        Figure("the same, slowest twentieth", tail, "ms"),
    ]


SUMS = (
    ("sum by 27 regions, all days", "region", "", 5.0),
    ("sum by 27 regions, one month", "region", "&from=2024-03-01&to=2024-03-31", 5.0),
    ("sum by 27 regions, one year", "region", "&from=2024-01-01&to=2024-12-31", 5.0),
    ("sum with a weapon filter, one month", "region", f"{MONTH}&weapon=drone", 5.0),
    ("sum with a sector filter, all days", "region", "&sector=energy", 5.0),
    ("sum with a status filter, one month", "region", f"{MONTH}&status=verified", 5.0),
    ("sum of incidents with two killed, all days", "region", "&min_killed=2", 5.0),
    ("sum by weapon, all days", "weapon", "", 10.0),
    ("sum by sector, all days", "sector", "", 10.0),
    ("sum by dataset, all days", "dataset", "", 10.0),
    ("sum by day, all days", "day", "", None),
    ("sum with a box, all days (scan)", "region", "&bbox=30,48,36,50", None),
)


def sums(workspace: Workspace) -> list[Figure]:
    """Time `/api/summary` as the service answers it, before JSON: the first answer, and later ones.

    The first answer with a filter makes its cube.
    """
    figures = []
    for name, by, query, hold in SUMS:
        view, state = view_of(workspace, f"synthetic=1{query}"), workspace.state()
        now = datetime.now(UTC)

        def answer(view: View = view, by: str = by) -> object:
            published = publish(Query(workspace, state, view, now), Face.aggregates)  # noqa: B023
            return summarise(published, by)

        state.cubes.built.forget()
        first = median_ms(answer, 1)
        size = sum(cube.nbytes for cube in state.cubes.built.values() if cube) / 2**20
        note = f"the first time {first:.0f} ms; cubes of {size:.1f} MiB"
        figures.append(Figure(name, median_ms(answer), "ms", hold, note))
    return figures


def opening(folder: Path) -> list[Figure]:
    """Time a new process from opening its data to its first rows."""
    spent = []
    for _ in range(5):
        done = subprocess.run(  # noqa: S603  our own code
            [sys.executable, "-c", OPENING, str(folder)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        spent.append(float(done.stdout))
    return [Figure("index opened by a new process", statistics.median(spent), "s", 0.2)]


def figures(folder: Path) -> list[Figure]:
    """Measure everything on some data."""
    workspace = open_workspace(folder)
    return [
        *opening(folder),
        *tiles(workspace),
        *sums(workspace),
    ]
