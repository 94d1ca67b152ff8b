"""Import and index in one go, in a process of its own so that its memory is its own."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from app.domain.store import Author
from app.domain.terms import Audience
from app.instance.workspace import Workspace
from app.intake.importing import ImportedFile, Observers, import_file
from app.intake.options import ImportOptions
from app.intake.synth import write_synth
from app.reference.reference import Reference
from app.settings import ROOT
from benchmarks import acled_rows
from benchmarks.figures import Figure
from benchmarks.memory import Watched, own_peak_gib

GEODATA = ROOT / "geodata"
DRY, COMMIT = "dry", "commit"


def open_workspace(folder: Path) -> Workspace:
    """Open the measured data as a private instance does."""
    return Workspace.open(folder, GEODATA, audience=Audience.private, max_file_bytes=1 << 32)


def write_file(path: Path, rows: int) -> None:
    """Write the invented incidents once."""
    if not path.exists():
        write_synth(path, rows, Reference(GEODATA), "ukraine")


def run(folder: Path, path: Path, dataset: str, mode: str) -> None:
    """Import a file and print what it took: seconds, processor seconds, memory, rows."""
    workspace, told = open_workspace(folder), list[int]()
    options = ImportOptions(dataset=dataset, terms="CC0-1.0", synthetic=True, dry_run=mode == DRY)
    start = time.perf_counter()
    with Watched() as watched:
        author, observers = Author("benchmark", datetime.now(UTC)), Observers(told.append)
        report = import_file(workspace, ImportedFile(path), options, author, observers)
        workspace.state()
    spent = time.perf_counter() - start
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    figures = {
        "seconds": spent,
        "processor": sum(one.ru_utime + one.ru_stime for one in used),
        "gib": max(own_peak_gib(), watched.most_gib),
        "rows": report.rows,
        "added": report.added,
        "amended": report.amended,
        "told": len(told),
    }
    print(json.dumps(figures))


def measured(folder: Path, path: Path, dataset: str, mode: str = COMMIT) -> dict[str, float]:
    """Import in a new process; returns what it took."""
    command = [sys.executable, "-m", "benchmarks.importing", str(folder), str(path), dataset, mode]
    done = subprocess.run(  # noqa: S603  our own code
        command, cwd=ROOT, capture_output=True, text=True, check=True
    )
    return dict(json.loads(done.stdout))


def _note(told: dict[str, float], *also: str) -> str:
    return "; ".join((f"{told['processor']:.0f} s of processor", *also))


def figures(folder: Path, path: Path) -> Iterator[Figure]:
    """Import the native file, again, and with one row changed."""
    first = measured(folder, path, "synthetic")
    note = _note(first, f"{first['added']:,.0f} added")
    yield Figure("import and index in one go", first["seconds"], "s", 60, note)
    yield Figure("its memory, all processes together", first["gib"], "GiB", 2.0)
    again = measured(folder, path, "synthetic")
    note = _note(again, f"{again['added']:.0f} added")
    yield Figure("the same file again", again["seconds"], "s", 15, note)
    other = path.with_name("changed.csv")
    _change_last_row(path, other)
    changed = measured(folder, other, "synthetic")
    note = _note(changed, f"{changed['amended']:.0f} amended")
    yield Figure("the file with one row changed", changed["seconds"], "s", None, note)
    other.unlink()


def _change_last_row(path: Path, other: Path) -> None:
    """Copy a file whose last row then ends in another cell: `graphic` is true."""
    shutil.copy(path, other)
    with other.open("rb+") as stream:
        stream.seek(-200, 2)
        row = stream.read().rpartition(b"\n")[0].rpartition(b"\n")[2]
        is_graphic = row.endswith(b'"true"')
        stream.seek(-7 if is_graphic else -1, 2)
        stream.truncate()
        stream.write(b"\n" if is_graphic else b'"true"\n')


def acled_figures(folder: Path, rows: int) -> Iterator[Figure]:
    """Plan and import an ACLED-shaped file into an empty record, and again."""
    path, data = folder / "acled.csv", folder / "acled"
    acled_rows.write_rows(path, rows, Reference(GEODATA))
    size = path.stat().st_size / 2**20
    for name, mode, hold in (
        ("ACLED-shaped rows, 31 columns: dry run", DRY, 40),
        ("the same, committed and indexed", COMMIT, 60),
        ("the same file again, ACLED-shaped", COMMIT, 15),
    ):
        told = measured(data, path, "invented-events", mode)
        note = _note(told, f"{size:.0f} MiB", f"{told['added']:,.0f} added")
        note = f"{note}; progress told {told['told']:,.0f} times"
        yield Figure(name, told["seconds"], "s", hold, note)
        yield Figure(f"its memory, all processes ({mode})", told["gib"], "GiB", 2.0)
    shutil.rmtree(data)


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4])
