"""Measures what DESIGN section 6 holds: `python -m benchmarks.run [--rows N]`."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from app.settings import ROOT
from benchmarks import answering, figuring, ground, importing, serving
from benchmarks.figures import Figure, write


def imported(folder: Path, path: Path) -> str:
    """Import in a new process; returns what it printed."""
    command = [sys.executable, "-m", "benchmarks.importing", str(folder), str(path)]
    done = subprocess.run(  # noqa: S603  our own code
        command, cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout


def tell(figures: list[Figure]) -> list[Figure]:
    """Print figures as they come."""
    for figure in figures:
        print(f"{figure.name}: {figure.value:.4g} {figure.unit} {figure.verdict}", flush=True)
    return figures


def main() -> None:
    """Measure, print, and write the results beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, path = Path(name) / "data", Path(name) / "synth.csv"
        importing.write_file(path, asked.rows)
        figures: list[Figure] = []
        figures += tell(importing.figures(imported(folder, path), imported(folder, path)))
        figures += tell(answering.figures(folder))
        figures += tell(figuring.figures(folder))
        figures += tell(serving.figures(folder))
        figures += tell(list(ground.figures(folder, Path(name))))
        write(figures, asked.rows)


if __name__ == "__main__":
    main()
