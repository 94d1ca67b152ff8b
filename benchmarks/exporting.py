"""A million incidents as a GeoPackage, and as PMTiles, each in a process of its own."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from app.domain.view import View
from app.pictures.archive import ArchiveLayers, archive_view
from app.pictures.tiles import Tiler
from app.publishing.query import Query
from app.queries.export import prepare
from app.settings import ROOT
from benchmarks.figures import Figure
from benchmarks.importing import open_workspace

FONTS = ROOT / "static/vendor/noto-sans-5.3.0"
VIEW = View(theatre="ukraine", synthetic=True)
ZOOMS = (0, 10)
EARLY_ROWS = 50_000


def _own_mib() -> float:
    """Memory of this process alone, without files that are mapped."""
    for line in Path("/proc/self/status").read_text("utf-8").splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) / 1024
    return 0.0


def _query(data: Path, now: datetime) -> Query:
    return Query.of(open_workspace(data), VIEW, now)


def _geopackage(data: Path, folder: Path) -> None:
    """Print seconds, rows, MiB after some rows, at half, at most, and the peak with mapped files.

    In the first half a memory of bounded size fills with the shapes of the days' control.
    """
    start, seen = time.perf_counter(), list[tuple[int, float]]()
    again = partial(_query, data, datetime.now(UTC))
    made = prepare(again(), "gpkg")
    for _ in made.write("gpkg", folder, lambda rows: seen.append((rows, _own_mib())), again):
        pass
    spent = time.perf_counter() - start
    early = next(mib for rows, mib in seen if rows >= min(EARLY_ROWS, seen[-1][0]))
    half = next(mib for rows, mib in seen if rows >= seen[-1][0] / 2)
    late = max(mib for _, mib in seen)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(spent, made.about.rows, early, half, late, peak)


def _pmtiles(data: Path, folder: Path) -> None:
    """Print seconds, marks, tiles and bytes."""
    start, tiler = time.perf_counter(), Tiler(FONTS)
    query, path = _query(data, datetime.now(UTC)), folder / "out.pmtiles"
    made = archive_view(tiler, query, ArchiveLayers(["incidents"], *ZOOMS), path)
    print(time.perf_counter() - start, made.marks, made.tiles, made.size)


def figures(folder: Path) -> list[Figure]:
    """Measure both."""
    with tempfile.TemporaryDirectory() as name:
        spent, rows, early, half, late, peak = _apart("gpkg", folder, name)
        took, marks, tiles, size = _apart("pmtiles", folder, name)
    named = f"{marks:,.0f} marks, {tiles:,.0f} tiles, {size / 1e6:.0f} MB"
    return [
        Figure("GeoPackage of all incidents", spent, "s", 40, f"{rows:,.0f} rows"),
        Figure("memory that it gains after 50,000 rows, to half", half - early, "MiB"),
        Figure("memory that it gains in its second half", late - half, "MiB", 100),
        Figure("its peak with mapped files", peak, "MiB"),
        Figure("PMTiles z0-10", took, "s", 10, named),
    ]


def _apart(what: str, folder: Path, place: str) -> list[float]:
    done = subprocess.run(  # noqa: S603  our own code
        [sys.executable, "-m", "benchmarks.exporting", what, str(folder), place],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return list(map(float, done.stdout.split()))


if __name__ == "__main__":
    measure = {"gpkg": _geopackage, "pmtiles": _pmtiles}[sys.argv[1]]
    measure(Path(sys.argv[2]), Path(sys.argv[3]))
