"""A theatre that is added while a service runs: when it opens, and what readers notice of it.

`python -m benchmarks.adding [INCIDENTS]` does it for a service of one process and of two. A reader
opens the example land by a new connection again and again; every answer must be a 200, and
connections that are cut off are counted.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import httpx

from tests.serving import command, serving

ROWS = "1000"
IN_A_ROW = 20
"""So many answers in a row have the theatre: then all processes have it."""


def _measure(data: Path, workers: str, slug: str, country: str) -> None:
    waits, cut = list[float](), 0
    with serving(data, "--workers", workers) as service:
        command(data, "theatre", "add", slug, "--country", country)
        began, row = time.perf_counter(), 0
        while row < IN_A_ROW:
            sent = time.perf_counter()
            try:
                with httpx.Client(base_url=service.url, timeout=120) as reader:
                    reader.get("/api/summary?theatre=example").raise_for_status()
                    waits.append(time.perf_counter() - sent)
                    is_open = reader.get(f"/api/summary?theatre={slug}").is_success
            except httpx.TransportError:
                cut, is_open = cut + 1, False
            row = row + 1 if is_open else 0
        seconds = time.perf_counter() - began
    print(
        f"{workers} process(es): open everywhere after {seconds:.1f} s; {len(waits)} requests, "
        f"{cut} cut off, the slowest waited {max(waits):.2f} s"
    )


def main() -> None:
    """Measure both ways on invented incidents."""
    rows = sys.argv[1] if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        command(data, "synth", rows, "--theatre", "example")
        _measure(data, "1", "sudan", "SD")
        _measure(data, "2", "chad", "TD")


if __name__ == "__main__":
    main()
