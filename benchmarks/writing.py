"""A single durable write over HTTP, beside readers: `python -m benchmarks.writing DATA_DIR`.

The folder holds invented records (`strikemap synth`) in SQLite; incidents are added to it. Readers
are `wrk` with 20 connections on the same machine.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from benchmarks.importing import open_workspace
from benchmarks.places import Places
from benchmarks.wrk import Load, measure
from tests.serving import Service, serving

WRITES, READERS, PAUSE_S = 100, 20, 0.05
INCIDENT = {
    "dataset": "synthetic",
    "reason": "measured",
    "start": "2024-03-02",
    "precision": "exact",
    "lon": 36.24,
    "lat": 49.99,
    "killed": {"low": 2, "best": 2, "high": 2},
    "weapons": ["drone"],
}


def write_often(service: Service) -> str:
    """Add incidents one after the other, as editors do, and sum up how long each takes."""
    spent = []
    for number in range(WRITES):
        body = {**INCIDENT, "description": f"Invented {number}."}
        began = time.perf_counter()
        answer = service.client.post("/api/incidents", headers={"X-Strikemap": "1"}, json=body)
        spent.append((time.perf_counter() - began) * 1e3)
        answer.raise_for_status()
        time.sleep(PAUSE_S)
    p50, p99 = np.percentile(spent, (50, 99))
    return f"median {p50:.1f} ms, p99 {p99:.1f} ms"


def beside(service: Service, readers: Sequence[str], places: Places) -> str:
    """Write while readers ask for these addresses, each with a period of its own."""
    seconds = WRITES * (PAUSE_S + 0.03)
    days = (str(places.first_day), str(places.days))
    with ThreadPoolExecutor(1) as pool:
        load = Load(READERS, seconds)
        loading = pool.submit(measure, service.url, "peers.lua", load, readers, "1", *days)
        time.sleep(0.5)
        written = write_often(service)
        read = loading.result()
    per_s = read["requests"] / read["seconds"]
    return f"{written}; {per_s:,.0f} answers a second, p99 {read['p99_ms']:.0f} ms"


def main(folder: Path) -> None:
    """Print a line for each kind of readers."""
    places = Places.of(open_workspace(folder).state().segments[0])
    kept = [f"/tiles/incidents/{z}/{x}/{y}.mvt?synthetic=1" for z, x, y in places.tiles]
    fresh = [f"{path}&from=FROM&to=TO" for path in kept]
    with serving(folder, "--private") as service:
        print(f"nobody reads             {write_often(service)}")
        print(f"20 readers of new tiles  {beside(service, fresh, places)}")
        print(f"20 readers of kept tiles {beside(service, kept, places)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
