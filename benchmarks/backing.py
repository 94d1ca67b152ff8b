"""A backup, its check and its restore: `python -m benchmarks.backing [--rows N]` for these alone.

Each is a command in a process of its own; a plain copy of the record is the measure beside them.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from app.domain.revision import Action, Change, Subject, canonical
from app.domain.store import Entry
from app.settings import ROOT
from app.store.sqlite import SqliteStore
from benchmarks import importing
from benchmarks.figures import Figure
from benchmarks.memory import Watched

EDITS = 100


def figures(folder: Path) -> Iterator[Figure]:
    """Back up an instance, check the file, and restore it beside it."""
    size = (folder / "record.sqlite").stat().st_size
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        out, new, copy = Path(name) / "out.tar.gz", Path(name) / "new", Path(name) / "copy"
        start = time.perf_counter()
        shutil.copy(folder / "record.sqlite", copy)
        note = f"record of {size / 1e6:.0f} MB"
        yield Figure("a plain copy of the record", time.perf_counter() - start, "s", None, note)
        copy.unlink()
        for what, data, words in (
            ("backup", folder, ("backup", str(out))),
            ("its check", folder, ("backup", "--check", str(out))),
            ("its restore", new, ("restore", str(out))),
        ):
            spent, gib = _measured(data, *words)
            note = f"{out.stat().st_size / 1e6:.0f} MB, {gib:.2f} GiB of memory"
            yield Figure(what, spent, "s", None, note)
        yield from _steps(folder, Path(name))


def _steps(folder: Path, work: Path) -> Iterator[Figure]:
    """Back up in two steps, with 100 edits between them, and restore both."""
    steps, edited = work / "steps", work / "edited"
    shutil.copytree(folder, edited, ignore=shutil.ignore_patterns("index"))
    for what, data, words in (
        ("the first step", edited, ("backup", f"{steps}/")),
        ("a step after 100 edits", edited, ("backup", str(steps))),
        ("a restore of both steps", work / "joined", ("restore", str(steps))),
    ):
        spent, gib = _measured(data, *words)
        size = sum(path.stat().st_size for path in steps.iterdir())
        yield Figure(
            what, spent, "s", None, f"{size / 1e6:.3f} MB of steps, {gib:.2f} GiB of memory"
        )
        if what == "the first step":
            _edit(edited)


def _edit(folder: Path) -> None:
    """Write 100 revisions, each on its own."""
    with contextlib.closing(SqliteStore(folder / "record.sqlite")) as store:
        for _ in range(EDITS):
            number = str(uuid4())
            change = Change(Subject.report, number, Action.add, canonical({"id": number}))
            store.write([change], Entry(datetime.now(UTC), "benchmark", "an edit"), {})


def _measured(data: Path, *words: str) -> tuple[float, float]:
    """Run a command; return its seconds, and the most memory of it and of this process."""
    command = [sys.executable, "-m", "app.cli", *words]
    variables = {**os.environ, "STRIKEMAP_DATA_DIR": str(data)}
    start = time.perf_counter()
    with Watched() as watched:
        subprocess.run(  # noqa: S603  our own code
            command, cwd=ROOT, env=variables, stdout=subprocess.DEVNULL, check=True
        )
    return time.perf_counter() - start, watched.most_gib


def main() -> None:
    """Make the rows and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as name:
        folder, path = Path(name) / "data", Path(name) / "synth.csv"
        importing.write_file(path, rows)
        importing.measured(folder, path, "synthetic")
        for figure in figures(folder):
            print(f"{figure.name}: {figure.value:.3g} {figure.unit} ({figure.note})", flush=True)


if __name__ == "__main__":
    main()
