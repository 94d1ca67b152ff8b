"""A crowd: many heavy requests at once, and a realistic mix of readers.

    python -m benchmarks.crowd DATA_DIR
    python -m benchmarks.crowd DATA_DIR --mix [SECONDS]

The folder holds invented records (`strikemap synth`). The first times a kept tile and /healthz
beside a crowd of figures or lists. The second loads the service with `wrk` and 64 connections, and
prints the times of each face for docs/performance.md.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np

from benchmarks.importing import open_workspace
from benchmarks.places import Places
from benchmarks.wrk import Load, measure
from tests.serving import cold_serving

CROWD = 40
TILE = "/tiles/incidents/6/37/21.png?synthetic=1"
CROWDS = {
    "figures of 3000 x 2000": "/figure.png?synthetic=1&width=3000&height=2000&title={}",
    "items?limit=10000": "/api/collections/incidents/items?synthetic=1&limit=10000&offset={}",
}
CONNECTIONS, THREADS, WARM_CLIENTS = 64, 2, 4
STEPS = 40
"""The script's buckets: so many for each factor of e, so that a time is right to 3 %."""

SHARES = {
    "page": 6.0,
    "tiles": 68.0,
    "sums": 14.0,
    "items": 6.0,
    "figures": 1.0,
    "views": 5.0,
}
NAMES = {
    "page": "page",
    "tiles": "tiles, png and mvt",
    "sums": "summaries",
    "items": "items of a box",
    "figures": "figures 1200 x 630",
    "views": "new Views: tiles and summaries",
}
MONTHS = [f"&from=2024-{month:02}-01&to=2024-{month:02}-28" for month in range(1, 13)]
"""The Views that many readers share."""


@dataclass(frozen=True)
class Times:
    """The answers of one face, those refused for now, and the times of the others in ms."""

    answers: int
    refused: int
    p50: float
    p99: float


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


def addresses(places: Places) -> Mapping[str, list[str]]:
    """The addresses of each face: what many readers ask alike, and Views of their own."""
    tiles = [f"{z}/{x}/{y}" for z, x, y in places.tiles]
    plain = "?synthetic=1"
    return {
        "page": [f"/{plain}", *(f"/{plain}{month}" for month in MONTHS)],
        "tiles": [
            f"/tiles/{kind}{plain}{month}"
            for month in MONTHS[:4]
            for tile in tiles
            for kind in (f"map/{tile}.png", f"incidents/{tile}.mvt")
        ],
        "sums": [
            f"/api/summary{plain}{month}&by={by}" for month in MONTHS for by in ("region", "day")
        ],
        "items": [
            f"/api/collections/incidents/items{plain}&limit=100&bbox={','.join(box)}"
            for box in places.boxes
        ],
        "figures": [f"/figure.png{plain}{month}&width=1200&height=630" for month in MONTHS],
        "views": [
            f"/api/summary{plain}&by=region&from=FROM&to=TO",
            *(f"/tiles/incidents/{tile}.mvt{plain}&from=FROM&to=TO" for tile in tiles),
        ],
    }


def mixed(url: str, places: Places, seconds: float) -> tuple[float, Mapping[str, Times]]:
    """Load a service with the mix; returns the answers a second, and the times of each face."""
    lines = [
        f"{SHARES[face] / len(paths):.6f} {face} {path}"
        for face, paths in addresses(places).items()
        for path in paths
    ]
    load = Load(CONNECTIONS, seconds, THREADS)
    days = (str(places.first_day), str(places.days))
    measured = measure(url, "crowd.lua", load, lines, str(time.time_ns() % 2**31), *days)
    if measured["wrong"] or measured["lost"]:
        raise SystemExit(f"wrong answers: {measured['wrong']}, lost: {measured['lost']}")
    times = {
        face: _times(face, measured["counts"], measured["refused"].get(face, 0)) for face in SHARES
    }
    return sum(one.answers for one in times.values()) / measured["seconds"], times


def warm(url: str, places: Places) -> None:
    """Ask for what many readers share, twice: each worker has a memory of its own."""
    shared = [
        path for face, paths in addresses(places).items() if face != "views" for path in paths
    ]
    with ThreadPoolExecutor(WARM_CLIENTS) as pool:
        for answer in pool.map(lambda path: httpx.get(url + path, timeout=300), shared * 2):
            answer.raise_for_status()


def _times(face: str, counts: Mapping[str, int], refused: int) -> Times:
    """Read the median and 99 of 100 from the buckets of a face."""
    buckets = sorted(
        (int(name.split()[1]), count) for name, count in counts.items() if name.split()[0] == face
    )
    upto = np.cumsum([count for _, count in buckets])
    if not len(upto):
        return Times(0, refused, math.nan, math.nan)
    ends = [
        math.exp((buckets[int(np.searchsorted(upto, share * upto[-1]))][0] + 0.5) / STEPS) / 1e3
        for share in (0.5, 0.99)
    ]
    return Times(int(upto[-1]), refused, *ends)


def table(per_s: float, times: Mapping[str, Times], seconds: float) -> Iterator[str]:
    """Write the lines for docs/performance.md."""
    busy = os.getloadavg()[0]
    yield f"{CONNECTIONS} connections, {seconds:.0f} s: {per_s:,.0f} answers a second."
    yield f"Load at the end: {busy:.0f}."
    yield ""
    yield "| face | share | answers | refused for now | median | p99 |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for face, one in times.items():
        share = f"{SHARES[face]:.0f} %"
        numbers = f"{one.answers:,} | {one.refused:,} | {_ms(one.p50)} | {_ms(one.p99)}"
        yield f"| {NAMES[face]} | {share} | {numbers} |"


def _ms(number: float) -> str:
    return f"{number:,.0f} ms" if number >= 100 else f"{number:.2g} ms"


def print_beside(folder: Path) -> None:
    """Print one row for each crowd and each light request."""
    for name, address in CROWDS.items():
        with cold_serving(folder) as service:
            statuses, times = beside(service.url, address)
        print(f"{CROWD} {name}: {dict(statuses)}")
        for path, spent in times.items():
            p50, p99 = np.percentile(spent, (50, 99))
            most = f"p50 {p50:.0f} ms, p99 {p99:.0f} ms, most {max(spent):.0f} ms"
            print(f"  {path.partition('?')[0]}: {most} ({len(spent)} times)")


def print_mix(folder: Path, seconds: float) -> None:
    """Print the table of the mix."""
    places = Places.of(open_workspace(folder).state().segments[0])
    with cold_serving(folder, "--workers", "auto") as service:
        warm(service.url, places)
        print("\n".join(table(*mixed(service.url, places, seconds), seconds)))


def main() -> None:
    """Measure what the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--mix", type=float, nargs="?", const=60.0, metavar="SECONDS")
    options = parser.parse_args()
    if options.mix:
        print_mix(options.folder, options.mix)
    else:
        print_beside(options.folder)


if __name__ == "__main__":
    main()
