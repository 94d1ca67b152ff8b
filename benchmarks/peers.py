"""Strikemap beside tipg and beside asyncpg with ST_AsMVT: the same rows, the same machine.

    make bench-peers
    python -m benchmarks.peers [--rows N] [--data FOLDER]

It starts PostGIS, and then one service after another with as many workers as cores. `wrk` loads
each with Views that nobody asked before, and docs/benchmarks.md is written anew. The folder is one
that `strikemap synth` filled; without any it is made. tipg and asyncpg live in var/peers: they are
no dependencies of ours.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import httpx

from benchmarks.importing import open_workspace
from benchmarks.peer_rows import copy_rows
from benchmarks.peers_page import ASYNCPG, CLIENTS, FACES, OURS, ROUNDS, TIPG, Run, Speed, page
from benchmarks.places import Places
from benchmarks.wrk import Load, measure
from tests.clusters import Cluster, cluster
from tests.making import ROOT
from tests.serving import cold_command, cold_serving, free_port

PEERS = ROOT / "var" / "peers" / "bin"
PAGE = ROOT / "docs" / "benchmarks.md"
SERVER = (
    "-c shared_buffers=1GB -c work_mem=64MB -c random_page_cost=1.1 -c jit=off -c max_wal_size=4GB"
)
CORES = len(os.sched_getaffinity(0))
SECONDS, WARM_S, START_S = 3.0, 1.0, 60.0
CHECKED = "from=2023-01-01&to=2023-06-30"
VIEW = "synthetic=1&status=verified&from=FROM&to=TO"
CQL = quote("status = 'verified' AND day <= DATE('TO') AND until >= DATE('FROM')")
TIPG_TABLE = "/collections/public.incident"


def templates_of(places: Places, service: str) -> Mapping[str, list[str]]:
    """Write the addresses of one service by face, with FROM and TO for the days."""
    if service == OURS:
        items = f"/api/collections/incidents/items?{VIEW}&limit=100&bbox="
        return {
            "tiles": [f"/tiles/incidents/{z}/{x}/{y}.mvt?{VIEW}" for z, x, y in places.tiles],
            "sums": [f"/api/summary?by=region&{VIEW}"],
            "items": [items + ",".join(box) for box in places.boxes],
        }
    if service == TIPG:
        tile, items = (
            f"{TIPG_TABLE}/tiles/WebMercatorQuad/",
            f"{TIPG_TABLE}/items?limit=100&f=geojson&filter-lang=cql2-text&filter={CQL}&bbox=",
        )
        return {
            "tiles": [
                f"{tile}{z}/{x}/{y}?filter-lang=cql2-text&filter={CQL}" for z, x, y in places.tiles
            ],
            "items": [items + ",".join(box) for box in places.boxes],
        }
    days = "?status=verified&from=FROM&to=TO"
    return {
        "tiles": [f"/tiles/{z}/{x}/{y}{days}" for z, x, y in places.tiles],
        "sums": [f"/sums{days}"],
        "items": [f"/items/{'/'.join(box)}{days}" for box in places.boxes],
    }


@contextlib.contextmanager
def rival(app: str, database: str) -> Iterator[str]:
    """Run a rival's application under uvicorn until the block ends; returns its address."""
    port = free_port()
    words = ("--port", str(port), "--workers", str(CORES), "--no-access-log")
    more = ("--log-level", "error", "--lifespan", "on", "--app-dir", str(ROOT / "benchmarks"))
    process = subprocess.Popen(  # noqa: S603  our own words
        [str(PEERS / "uvicorn"), app, *words, *more],
        env={"PATH": os.environ["PATH"], "DATABASE_URL": database, "TIPG_DEBUG": "false"},
        cwd=PEERS.parent,
    )
    url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + START_S
    try:
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.TransportError):
                httpx.get(f"{url}/sums?status=verified&{CHECKED}", timeout=START_S)
                break
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait()


def speeds(url: str, service: str, places: Places) -> Mapping[tuple[str, int], Speed]:
    """Load each face of a service with each number of clients; the middle of three rounds."""
    measured = dict[tuple[str, int], Speed]()
    for face, templates in templates_of(places, service).items():
        address = templates[0].replace("FROM", "2023-01-01").replace("TO", "2023-06-30")
        httpx.get(url + address, timeout=START_S).raise_for_status()
        for clients in CLIENTS:
            _speed(url, places, templates, Load(clients, WARM_S))
            rounds = [_speed(url, places, templates, Load(clients, SECONDS)) for _ in range(ROUNDS)]
            speed = sorted(rounds, key=lambda one: one.per_s)[ROUNDS // 2]
            measured[face, clients] = speed
            print(f"{service}, {FACES[face]}, {clients}: {speed}", flush=True)
    return measured


def _speed(url: str, places: Places, templates: list[str], load: Load) -> Speed:
    days = (str(places.first_day), str(places.days))
    seed = str(time.time_ns() % 2**31)
    answer = measure(url, "peers.lua", load, templates, seed, *days)
    if answer["errors"]:
        raise SystemExit(f"{answer['errors']} wrong answers: {url}{templates[0]}")
    return Speed(answer["requests"] / answer["seconds"], answer["p50_ms"], answer["p99_ms"])


def check_equal(ours: str, asyncpg: str) -> int:
    """Compare a sum of both: the rows must be the same; returns the number of incidents."""
    own = httpx.get(f"{ours}/api/summary?synthetic=1&status=verified&{CHECKED}", timeout=START_S)
    sums = httpx.get(f"{asyncpg}/sums?status=verified&{CHECKED}", timeout=START_S).json()
    count, theirs = int(own.json()["totals"]["incidents"]), sum(one["incidents"] for one in sums)
    if count != theirs:
        raise SystemExit(f"The services count {count} and {theirs} incidents: other rows.")
    return count


def run(folder: Path) -> str:
    """Measure all three on a folder's rows; returns the page."""
    busy, began = os.getloadavg()[0], time.monotonic()
    workspace = open_workspace(folder)
    places = Places.of(workspace.state().segments[0])
    measured = dict[str, Mapping[tuple[str, int], Speed]]()
    with cluster(SERVER) as server, server.database("template0") as name:
        rows = copy_rows(workspace, server.url(name))
        print(f"{rows:,} rows are in PostGIS after {time.monotonic() - began:.0f} s", flush=True)
        services = _services(server, name, folder)
        with services[OURS]() as ours, services[ASYNCPG]() as asyncpg:
            print(f"{check_equal(ours, asyncpg):,} incidents in a sum of both", flush=True)
        for service, start in services.items():
            with start() as url:
                measured[service] = speeds(url, service, places)
    return page(Run(rows, CORES, busy, time.monotonic() - began), measured)


def _services(
    server: Cluster, name: str, folder: Path
) -> Mapping[str, Callable[[], contextlib.AbstractContextManager[str]]]:
    """How each service is started, one after the other."""
    socket = quote(str(server.sockets), safe="")
    database = f"postgresql://postgres@{socket}:5432/{name}"

    @contextlib.contextmanager
    def ours() -> Iterator[str]:
        with cold_serving(folder, "--workers", str(CORES)) as service:
            yield service.url

    return {
        OURS: ours,
        TIPG: lambda: rival("tipg.main:app", database),
        ASYNCPG: lambda: rival("peer_app:app", database),
    }


def main() -> None:
    """Make the rows if there are none, measure, and write docs/benchmarks.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, help="a folder with invented records")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="strikemap-") as scratch:
        folder = options.data or Path(scratch) / "data"
        if options.data is None:
            cold_command(folder, "synth", str(options.rows)).check_returncode()
        PAGE.write_text(run(folder), "utf-8")


if __name__ == "__main__":
    main()
