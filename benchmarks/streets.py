"""Tiles and figures over an operator's basemap: `python -m benchmarks.streets FILE` (Monaco)."""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from app.domain.mercator import tile_at
from app.domain.view import View
from app.pictures.figures import FigureOptions, Figures
from app.pictures.tiles import Tiler
from app.publishing.query import Query
from app.tiles.grid import Tile
from benchmarks.answering import FONTS, view_of
from benchmarks.figures import Figure
from benchmarks.importing import open_workspace
from tests.serving import cold_command

PLACE, ZOOM = (7.4246, 43.7384), 14
BOX = "7.405,43.725,7.445,43.750"
TURNS = 7


def figures(folder: Path, query: str) -> Iterator[Figure]:
    """Time the tiles of a city and a figure over its streets, each with nothing kept, and kept."""
    workspace = open_workspace(folder)
    view = view_of(workspace, f"{query}&bbox={BOX}")
    now = datetime.now(UTC)
    x, y = tile_at(*PLACE, ZOOM)
    tiles = [Tile("basemap", ZOOM, x + dx, y + dy, "png") for dx in (-1, 0, 1) for dy in (-1, 0, 1)]

    def asked(view: View = view) -> Query:
        return Query.of(workspace, view, now)

    tiler = Tiler(FONTS)
    tiler.tile(asked(), Tile("basemap", ZOOM, x + 5, y, "png"))  # fonts and names are read
    for name, hold in (("nothing of it kept", 30.0), ("kept", 2.0)):
        spent = [_ms(partial(tiler.tile, asked(), tile)) for tile in tiles]
        yield Figure(f"basemap tile z14 of a city, {name}", statistics.median(spent), "ms", hold)
    spent = []
    for _ in range(TURNS):
        fresh = Figures(Tiler(FONTS))
        spent.append(_ms(partial(fresh.figure, asked(), FigureOptions())))
    yield Figure("figure 1200x630 over streets, cold", statistics.median(spent), "ms", 250.0)


def _ms(call: Callable[[], object]) -> float:
    """Take the processor time of a call: it is the same on a busy machine."""
    start = time.process_time()
    call()
    return (time.process_time() - start) * 1e3


def main() -> None:
    """Put the file under the demo, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="a basemap file of Monaco")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cold_command(folder, "demo")
        cold_command(folder, "basemap", "add", str(chosen.file))
        for figure in figures(folder, "theatre=ukraine"):
            print(f"{figure.name}: {figure.value:.4g} {figure.unit} {figure.verdict}")


if __name__ == "__main__":
    main()
