"""A small machine under load: `python -m benchmarks.enduring DATA_DIR [MINUTES] [--megabytes 512]`.

The service has 1,024 open files and, as root with cgroups, a limit of memory; the kernel ends it
when it needs more. Clients ask for tiles, sums, lists, figures and exports all the time, and 1,200
silent connections stay open beside them. Prints the answers by status, and the memory over time.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import resource
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx

from benchmarks.memory import family
from tests.making import ROOT
from tests.serving import UNLIMITED, environment, started

FILES, SILENT, CLIENTS, EVERY_S = 1_024, 1_200, 4, 2.0
CGROUPS = Path("/sys/fs/cgroup")
CHANCE = random.Random(2026)  # noqa: S311  which address is asked next


@contextlib.contextmanager
def memory_of(megabytes: int) -> Iterator[Path | None]:
    """Make a control group with a limit of memory (version 1 or 2); None where that is not ours."""
    is_first = (CGROUPS / "memory").is_dir()
    folder = (CGROUPS / "memory" if is_first else CGROUPS) / f"strikemap-{os.getpid()}"
    try:
        folder.mkdir()
        name = "memory.limit_in_bytes" if is_first else "memory.max"
        (folder / name).write_text(str(megabytes * 2**20), "ascii")
    except OSError:
        yield None
        return
    try:
        yield folder
    finally:
        with contextlib.suppress(OSError):
            folder.rmdir()


def address() -> str:
    """Choose an address of a reader, seldom one that costs much."""
    day = f"2025-{CHANCE.randrange(1, 13):02}-{CHANCE.randrange(1, 29):02}"
    x, y = CHANCE.randrange(30, 42), CHANCE.randrange(18, 25)
    kinds = (f"/tiles/map/6/{x}/{y}.png?to={day}", f"/api/summary?from=2025-01-01&to={day}")
    seldom = (
        f"/api/collections/incidents/items?limit=1000&to={day}",
        f"/figure.png?to={day}&width=1200&height=800",
        f"/api/export.csv?from={day}&to={day}",
    )
    return CHANCE.choice(seldom if CHANCE.random() < 0.1 else kinds)


def ask(url: str, until: float, answers: Counter[str]) -> None:
    """Ask until the time is over."""
    with httpx.Client(base_url=url, timeout=60) as client:
        while time.monotonic() < until:
            try:
                status = client.get(address()).status_code
                answers[str(status)] += 1
            except httpx.TransportError as wrong:
                answers[type(wrong).__name__] += 1


def shared_out(pid: int) -> int:
    """Return the bytes that a process holds, with its share of what several hold (PSS)."""
    with contextlib.suppress(OSError):
        text = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
        return int(text.partition("\nPss:")[2].split()[0]) * 1024
    return 0


def ended_by_kernel(group: Path) -> int:
    """Count the processes that the kernel ended for want of memory."""
    path = group / "memory.oom_control"
    text = (path if path.exists() else group / "memory.events").read_text("ascii")
    return int(text.partition("oom_kill ")[2].split()[0])


def measured(url: str, pid: int, minutes: float) -> tuple[Counter[str], list[float]]:
    """Load the service, and sample the megabytes that it holds."""
    answers, held, until = Counter[str](), list[float](), time.monotonic() + minutes * 60
    host, port = url.removeprefix("http://").split(":")
    resource.setrlimit(resource.RLIMIT_NOFILE, (4 * SILENT,) * 2)
    silent = [socket.create_connection((host, int(port))) for _ in range(SILENT)]
    clients = [
        threading.Thread(target=ask, args=(url, until, answers), daemon=True)
        for _ in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    while time.monotonic() < until:
        time.sleep(EVERY_S)
        held.append(sum(map(shared_out, family(pid))) / 2**20)
    for client in clients:
        client.join()
    for connection in silent:
        connection.close()
    return answers, held


def main() -> None:
    """Serve, load and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("minutes", type=float, nargs="?", default=2)
    parser.add_argument("--megabytes", type=int, default=512)
    words = parser.parse_args()
    program = ["/usr/bin/env", "prlimit", f"--nofile={FILES}", sys.executable, "-m", "app.cli"]
    variables = {**environment(words.data), **UNLIMITED, "STRIKEMAP_STALL_S": "5"}
    with (
        memory_of(words.megabytes) as group,
        started(program, ROOT, variables, words.data) as service,
    ):
        pid = int(
            subprocess.run(  # noqa: S603  our own child
                ["/usr/bin/pgrep", "-P", str(os.getpid())],
                capture_output=True,
                text=True,
                check=True,
            ).stdout.split()[0]
        )
        if group is not None:
            for one in family(pid):
                (group / "cgroup.procs").write_text(str(one), "ascii")
        answers, held = measured(service.url, pid, words.minutes)
        files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        ended = 0 if group is None else ended_by_kernel(group)
        healthy = httpx.get(f"{service.url}/healthz", timeout=10).status_code
    quarter = len(held) // 4
    parts = [sum(held[at * quarter : (at + 1) * quarter]) / quarter for at in range(4)]
    print(f"limit of {words.megabytes if group else 'no'} MB, answers {dict(answers)}, {healthy=}")
    print(f"ended by the kernel: {ended}, open files at the end: {files}")
    print("MB in each quarter: " + ", ".join(f"{part:.0f}" for part in parts))


if __name__ == "__main__":
    main()
