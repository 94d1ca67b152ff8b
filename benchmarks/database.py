"""The record in a database, measured: an import, a second node behind it, single durable writes.

`python -m benchmarks.database [ROWS]` starts a PostgreSQL of its own that waits for the disk, as a
server does (docs/performance.md, "The record in a database").
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from app.domain.revision import Action
from app.store.postgis import PostgisStore
from tests.clusters import cluster
from tests.making import ROOT, add, change, dataset, incident, write
from tests.serving import environment

DURABLE = "-c fsync=on -c full_page_writes=on -c autovacuum=on -c max_wal_size=4GB"
WRITES = 300


def _run(folder: Path, url: str, *words: str) -> float:
    """Run a command on the record; returns how many seconds it took."""
    settings = {"STRIKEMAP_STORE_URL": url, "STRIKEMAP_MAX_FILE_BYTES": str(1 << 32)}
    began = time.perf_counter()
    command = [sys.executable, "-m", "app.cli", *words]
    env = {**environment(folder), **settings}
    subprocess.run(command, cwd=ROOT, env=env, check=True)  # noqa: S603  our own code
    return time.perf_counter() - began


def _percentiles(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    middle, most = statistics.median(ordered), ordered[int(len(ordered) * 0.99)]
    return f"median {middle * 1e3:.1f} ms, p99 {most * 1e3:.1f} ms"


def _measure_writes(url: str) -> None:
    """Amend one incident again and again, and look when another node knows of it."""
    written, lags = list[float](), list[float]()
    with closing(PostgisStore(url)) as store, closing(PostgisStore(url)) as other:
        other.follow()
        add(store, dataset(), incident("one"), at=datetime.now(UTC))
        for number in range(WRITES):
            began = time.perf_counter()
            amended = change(incident("one", description=str(number)), Action.amend)
            head = write(store, [amended], datetime.now(UTC))
            written.append(time.perf_counter() - began)
            while other.head().seq < head.seq:
                time.sleep(0.0005)
            lags.append(time.perf_counter() - began - written[-1])
    print(f"single durable write     {_percentiles(written)}")
    print(f"known to another node    {_percentiles(lags)} after it")


def main(rows: int) -> None:
    """Measure on an empty record."""
    folder = Path(tempfile.mkdtemp(prefix="strikemap-bench-"))
    file = folder / "synth.csv"
    with cluster(DURABLE) as server, server.database() as name:
        url = server.url(name)
        _run(folder / "data", url, "synth", str(rows), "--out", str(file))
        words = ("--dataset", "synth", "--theatre", "ukraine")
        took = _run(folder / "data", url, "import", str(file), *words)
        print(f"import of {rows:,} rows   {took:.1f} s, with the index of this node")
        _measure_writes(url)
        print(f"verify                   {_run(folder / 'data', url, 'verify'):.1f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
