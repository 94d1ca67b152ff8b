"""What ten times the rows cost: one record beside a tenth of it.

    STRIKEMAP_DATA_DIR=LARGE strikemap synth 10000000
    STRIKEMAP_DATA_DIR=SMALL strikemap synth 1000000
    python -m benchmarks.many LARGE SMALL

It prints a table for docs/performance.md: the index on disk, opening, the memory that a process has
for itself, tiles, and sums by region. Both are measured in processes of their own.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from app.domain.terms import Face
from app.index.generation import current_name
from app.instance.allowance import MemoryPart, allowed_bytes, bound
from app.instance.workspace import Workspace
from app.pictures.tiles import Tiler
from app.publishing.publish import publish
from app.publishing.query import Query
from app.queries.sums import summarise
from app.settings import ROOT
from app.tiles.grid import Tile
from benchmarks.answering import FONTS, view_of
from benchmarks.importing import open_workspace

ZOOMS = (8, 9, 10, 11, 12)
PER_ZOOM = 20
SUMS = {
    "region sum, all days": "",
    "region sum, a period": "&from=2023-02-01&to=2024-06-30",
    "region sum, with a sector": "&sector=energy",
}
TILE = "tile of zoom 8 to 12, median"
UNITS = {"rows": "", "index on disk": "MB", "opened, first state": "s", "private memory": "MB"}
HOLD = {
    "index on disk": "≤ 900 MB",
    "opened, first state": "≤ 0.2 s",
    "private memory": "≤ 200 MB",
    TILE: "≤ 2x",
    "region sum, all days": "≤ 5 ms, ≤ 1.5x",
    "region sum, a period": "≤ 5 ms",
    "region sum, with a sector": "≤ 5 ms",
}


def measure(folder: Path, tiles: list[Tile]) -> dict[str, float]:
    """Measure one record in this process; the tiles are the same for both records."""
    bound(MemoryPart.of(allowed_bytes(), 1))  # as every process of the service does
    began = time.perf_counter()
    workspace = open_workspace(folder)
    state = workspace.state()
    opened = time.perf_counter() - began
    generations = folder / "index" / workspace.reference.region_hash
    generation = generations / (current_name(generations) or "")
    figures = {
        "rows": float(sum(len(part.rows) for part in state.segments)),
        "index on disk": sum(path.stat().st_size for path in generation.iterdir()) / 1e6,
        "opened, first state": opened,
        TILE: statistics.median(_tile_ms(workspace, tile) for tile in tiles),
    }
    for name, query in SUMS.items():
        figures[name] = _sum_ms(workspace, f"synthetic=1{query}")
    return figures | {"private memory": _private_mb()}


def _tile_ms(workspace: Workspace, tile: Tile) -> float:
    state, now, spent = workspace.state(), datetime.now(UTC), list[float]()
    for weapon in ("drone", "missile", "artillery"):
        view = view_of(workspace, f"synthetic=1&weapon={weapon}")
        began = time.process_time()
        Tiler(FONTS).tile(Query(workspace, state, view, now), tile)
        spent.append((time.process_time() - began) * 1e3)
    return min(spent)


def _sum_ms(workspace: Workspace, query: str) -> float:
    view, state, now = view_of(workspace, query), workspace.state(), datetime.now(UTC)

    def answer() -> object:
        published = publish(Query(workspace, state, view, now), Face.aggregates)
        return summarise(published, "region")

    answer()  # the first one makes the cube
    spent = []
    for _ in range(15):
        began = time.process_time()
        answer()
        spent.append((time.process_time() - began) * 1e3)
    return statistics.median(spent)


def _private_mb() -> float:
    """What this process shares with no other: not the mapped files of the index."""
    text = Path("/proc/self/smaps_rollup").read_text("ascii")
    return sum(int(number) for number in re.findall(r"Private_Dirty: +([0-9]+) kB", text)) / 1e3


def sampled(folder: Path) -> list[Tile]:
    """Choose the tiles of every hundredth mark or so, busy places more often."""
    segment = open_workspace(folder).state().segments[0]
    step = segment.marks // (PER_ZOOM * len(ZOOMS))
    chosen = []
    for number, row in enumerate(range(0, segment.marks - step, step)):
        zoom = ZOOMS[number % len(ZOOMS)]
        x, y = (int(segment.rows[axis][row]) >> 31 - zoom for axis in ("mercator_x", "mercator_y"))
        chosen.append(Tile("incidents", zoom, x, y, "mvt"))
    return chosen


def in_own_process(folder: Path, tiles: Path) -> Mapping[str, float]:
    """Measure a record where nothing else was read before."""
    done = subprocess.run(  # noqa: S603  our own words
        [sys.executable, "-m", "benchmarks.many", "--one", str(folder), str(tiles)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return dict(json.loads(done.stdout))


def main(large: Path, small: Path) -> None:
    """Print the table."""
    path = large / "tiles.json"
    path.write_bytes(msgspec.json.encode(sampled(small)))
    try:
        figures = [in_own_process(folder, path) for folder in (large, small)]
    finally:
        path.unlink()
    print(f"Load: {os.getloadavg()[0]:.0f}. Tiles and sums in processor time.\n")
    print("| what | large | small | ratio | to hold |\n| --- | --- | --- | --- | --- |")
    for name, number in figures[0].items():
        other, unit = figures[1][name], UNITS.get(name, "ms")
        cells = f"{number:,.4g} {unit} | {other:,.4g} {unit} | {number / other:.2g}x"
        print(f"| {name} | {cells} | {HOLD.get(name, '')} |")


if __name__ == "__main__":
    if sys.argv[1] == "--one":
        places = msgspec.json.decode(Path(sys.argv[3]).read_bytes(), type=list[Tile])
        print(json.dumps(measure(Path(sys.argv[2]), places)))
    else:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
