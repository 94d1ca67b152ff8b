"""Import and index in one go, in a process of its own so that its memory is its own."""

from __future__ import annotations

import resource
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from app.domain.terms import Audience
from app.reference.reference import Reference
from app.services.ingest import Order, import_file
from app.services.synth import write_synth
from app.services.workspace import Workspace
from app.settings import ROOT
from benchmarks.figures import Figure

GEODATA = ROOT / "geodata"


def open_workspace(folder: Path) -> Workspace:
    """Open the measured data as a private instance does."""
    return Workspace.open(folder, GEODATA, audience=Audience.private, max_file_bytes=1 << 32)


def write_file(path: Path, rows: int) -> None:
    """Write the invented incidents once."""
    if not path.exists():
        write_synth(path, rows, Reference(GEODATA), "ukraine")


def run(folder: Path, path: Path) -> None:
    """Import a file and print seconds, rows added, and peak memory of this process and children."""
    workspace = open_workspace(folder)
    order = Order(path, dataset="synthetic", licence="CC0-1.0", synthetic=True)
    start = time.perf_counter()
    report = import_file(workspace, order, actor="benchmark", now=datetime.now(UTC))
    workspace.index.snapshot()
    spent = time.perf_counter() - start
    peaks = [
        resource.getrusage(who).ru_maxrss / 2**20
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    ]
    print(spent, report.added, *peaks)


def figures(first: str, again: str) -> list[Figure]:
    """Read what two runs printed."""
    spent, added, own, children = map(float, first.split())
    second, added_again, *_ = map(float, again.split())
    return [
        Figure("import and index in one go", spent, "s", 60, f"{added:,.0f} added"),
        Figure("peak memory of the import", own, "GiB", 2.0, f"its reader {children:.2f} GiB"),
        Figure("the same file again", second, "s", 15, f"{added_again:.0f} added"),
    ]


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]))
