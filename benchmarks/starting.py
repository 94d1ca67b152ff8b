"""How long the program takes to answer when it does nothing but read words."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from app.settings import ROOT
from benchmarks.figures import Figure, median_ms

STARTS = (
    ("strikemap --help, in a process of its own", ("-m", "app.cli", "--help"), 400.0),
    ("strikemap serve --help", ("-m", "app.cli", "serve", "--help"), None),
    ("importing app.api.params", ("-c", "import app.api.params"), None),
    ("importing app.main", ("-c", "import app.main"), None),
)


def figures() -> Iterator[Figure]:
    """Start each several times and take the median."""
    for name, words, hold in STARTS:
        command = [sys.executable, *words]

        def start(command: list[str] = command) -> None:
            subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)  # noqa: S603  our own code

        yield Figure(name, median_ms(start, 7), "ms", hold)
