"""Run the faults in turn for some seconds: python -m tests.chaos.run SECONDS SEED FOLDER.

Prints a JSON object: for each fault its rounds and the laws that it broke.
"""

from __future__ import annotations

import itertools
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from app.reference.reference import Reference
from tests.chaos.faults import FAULTS, SLOW, BrokenLaw, Lab
from tests.making import GEODATA


def _turns() -> Iterator[Callable[[Lab], None]]:
    """Give each fault its turn, and the slow one after every ten."""
    for number in itertools.count():
        yield from FAULTS
        if number % 10 == 0:
            yield SLOW


LEAST = 3
"""Rounds of each fault: what is killed is not in its first, which shows how long it takes."""


def main(seconds: float, seed: int, folder: Path) -> dict[str, dict[str, object]]:
    """Run until the time is over, each fault at least so often, and the slow one once."""
    folder.mkdir(parents=True, exist_ok=True)
    lab = Lab(folder, Reference(GEODATA), random.Random(seed))  # noqa: S311  moments, no secrets
    rounds: Counter[str] = Counter()
    broken: dict[str, list[str]] = {fault.__name__: [] for fault in (*FAULTS, SLOW)}
    deadline = time.monotonic() + seconds
    for fault in _turns():
        had = [rounds[quick.__name__] >= LEAST for quick in FAULTS]
        if time.monotonic() > deadline and all(had) and rounds[SLOW.__name__]:
            break
        rounds[fault.__name__] += 1
        try:
            fault(lab)
        except BrokenLaw as law:
            broken[fault.__name__].append(f"round {rounds[fault.__name__]}: {law}")
    return {name: {"rounds": rounds[name], "broken": laws} for name, laws in broken.items()}


if __name__ == "__main__":
    answer = main(float(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
    sys.stdout.write(json.dumps(answer) + "\n")
