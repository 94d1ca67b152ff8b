"""Loads a service with wrk and reads what its script measured."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Load:
    """How many clients ask for how long, with how many threads of wrk."""

    clients: int
    seconds: float
    threads: int = 1


def measure(
    url: str, script: str, load: Load, templates: Sequence[str], *words: str
) -> Mapping[str, Any]:
    """Run one of our scripts, whose last line is JSON, with a file of addresses and more words."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(templates) + "\n")
        file.flush()
        program = ("wrk", f"-t{load.threads}", f"-c{load.clients}", f"-d{load.seconds:g}s")
        more = ("--timeout", "30s", "-s", str(HERE / script), url, "--", file.name, *words)
        done = subprocess.run(  # noqa: S603  our own words
            [*program, *more], capture_output=True, text=True, check=True
        )
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))
