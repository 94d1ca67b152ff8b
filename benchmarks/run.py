"""Measures the speed that the project holds itself to: `python -m benchmarks.run [--rows N]`."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable
from pathlib import Path

from benchmarks import (
    answering,
    backing,
    exporting,
    figuring,
    ground,
    importing,
    matching,
    serving,
    starting,
)
from benchmarks.figures import Figure, write


def tell(figures: Iterable[Figure]) -> list[Figure]:
    """Print figures as they come."""
    told = []
    for figure in figures:
        print(f"{figure.name}: {figure.value:.4g} {figure.unit} {figure.verdict}", flush=True)
        told.append(figure)
    return told


def main() -> None:
    """Measure, print, and write the results beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, path = Path(name) / "data", Path(name) / "synth.csv"
        importing.write_file(path, asked.rows)
        figures: list[Figure] = tell(starting.figures())
        figures += tell(importing.figures(folder, path))
        figures += tell(answering.figures(folder))
        figures += tell(figuring.figures(folder))
        figures += tell(serving.figures(folder))
        figures += tell(ground.figures(folder, Path(name)))
        figures += tell(exporting.figures(folder))
        figures += tell(backing.figures(folder))
        figures += tell(importing.acled_figures(Path(name), asked.rows))
        figures += tell(matching.figures(path, Path(name)))
        write(figures, asked.rows)


if __name__ == "__main__":
    main()
