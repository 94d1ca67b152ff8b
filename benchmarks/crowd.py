"""A crowd of heavy requests, and how long a kept tile and /healthz take beside it.

    python -m benchmarks.crowd DATA_DIR

The folder holds invented records (`strikemap synth`).
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np

from tests.serving import serving

CROWD = 40
TILE = "/tiles/incidents/6/37/21.png?synthetic=1"
CROWDS = {
    "figures of 3000 x 2000": "/figure.png?synthetic=1&width=3000&height=2000&title={}",
    "items?limit=10000": "/api/collections/incidents/items?synthetic=1&limit=10000&offset={}",
}


def beside(url: str, address: str) -> tuple[Counter[int], dict[str, list[float]]]:
    """Send a crowd at once; time the light requests, in ms, until its last answer."""
    times: dict[str, list[float]] = {TILE: [], "/healthz": []}
    with httpx.Client(base_url=url, timeout=300) as light, ThreadPoolExecutor(CROWD) as pool:

        def heavy(number: int) -> int:
            return httpx.get(url + address.format(number), timeout=300).status_code

        light.get(TILE).raise_for_status()
        answers: list[Future[int]] = [pool.submit(heavy, number) for number in range(CROWD)]
        while not all(answer.done() for answer in answers):
            for path, spent in times.items():
                start = time.perf_counter()
                light.get(path).raise_for_status()
                spent.append((time.perf_counter() - start) * 1e3)
            time.sleep(0.02)
        return Counter(answer.result() for answer in answers), times


def main(folder: Path) -> None:
    """Print one row for each crowd and each light request."""
    for name, address in CROWDS.items():
        with serving(folder) as service:
            statuses, times = beside(service.url, address)
        print(f"{CROWD} {name}: {dict(statuses)}")
        for path, spent in times.items():
            p50, p99 = np.percentile(spent, (50, 99))
            most = f"p50 {p50:.0f} ms, p99 {p99:.0f} ms, most {max(spent):.0f} ms"
            print(f"  {path.partition('?')[0]}: {most} ({len(spent)} times)")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
