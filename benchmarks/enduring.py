"""A small machine under load: `python -m benchmarks.enduring DATA_DIR [MINUTES] [--megabytes 512]`.

The service has 1,024 open files and, as root with cgroups, a limit of memory; the kernel ends it
when it needs more. Clients ask for tiles, sums, lists, figures and exports: as fast as they can for
a quarter of the time, and then at 80 % of that. 1,200 silent connections stay open beside them.
Prints the answers by status, and the memory of each process over time; exits with 1 when the kernel
ended a process or the memory was not flat within 5 %.
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
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from benchmarks.memory import family
from tests.making import ROOT
from tests.serving import UNLIMITED, Service, environment, started

FILES, SILENT, CLIENTS, EVERY_S = 1_024, 1_200, 4, 2.0
WARMING, OF_THE_PEAK, FLAT = 0.25, 0.8, 0.05
PARTS = 5
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


@dataclass
class Load:
    """Clients that ask until the time is over; all of them at most so often in a second."""

    url: str
    until: float
    each_s: float = 0.0
    answers: Counter[str] = field(default_factory=Counter)
    _next: float = field(default_factory=time.monotonic)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> list[threading.Thread]:
        """Start the clients."""
        clients = [threading.Thread(target=self._ask, daemon=True) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        return clients

    def _ask(self) -> None:
        with httpx.Client(base_url=self.url, timeout=60) as client:
            while time.monotonic() < self.until:
                self._wait()
                try:
                    self.answers[str(client.get(address()).status_code)] += 1
                except httpx.TransportError as wrong:
                    self.answers[type(wrong).__name__] += 1

    def _wait(self) -> None:
        with self._lock:
            now = time.monotonic()
            self._next = max(self._next, now - self.each_s) + self.each_s
            pause = self._next - now
        time.sleep(max(pause, 0))


class Memory:
    """The megabytes of the serving process and of the others over time, and how it goes on."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.serving = list[float]()
        self.heavy = list[float]()

    def sample(self, until: float) -> None:
        """Look every two seconds until the time is over."""
        while time.monotonic() < until:
            time.sleep(EVERY_S)
            first, *others = family(self.pid)
            self.serving.append(shared_out(first) / 2**20)
            self.heavy.append(sum(map(shared_out, others)) / 2**20)

    @property
    def whole(self) -> list[float]:
        """Both together."""
        return [one + other for one, other in zip(self.serving, self.heavy, strict=True)]


def shared_out(pid: int) -> int:
    """Return the bytes that a process holds, with its share of what several hold (PSS).

    0 for a process that has ended, of which the kernel says nothing.
    """
    with contextlib.suppress(OSError, IndexError):
        text = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
        return int(text.partition("\nPss:")[2].split()[0]) * 1024
    return 0


def ended_by_kernel(group: Path) -> int:
    """Count the processes that the kernel ended for want of memory."""
    path = group / "memory.oom_control"
    text = (path if path.exists() else group / "memory.events").read_text("ascii")
    return int(text.partition("oom_kill ")[2].split()[0])


def in_parts(samples: list[float]) -> list[float]:
    """Average samples over parts of equal length."""
    size = max(len(samples) // PARTS, 1)
    parts = [samples[at : at + size] for at in range(0, size * PARTS, size)]
    return [sum(part) / len(part) for part in parts if part]


def measured(service: Service, pid: int, minutes: float) -> Memory:
    """Load the service, and sample the megabytes that it holds at 80 % of the peak."""
    host, port = service.url.removeprefix("http://").split(":")
    resource.setrlimit(resource.RLIMIT_NOFILE, (4 * SILENT,) * 2)
    silent = [socket.create_connection((host, int(port))) for _ in range(SILENT)]
    memory, each_s = Memory(pid), 0.0
    for what, share in (("warming up", WARMING), ("80 % of the peak", 1 - WARMING)):
        seconds = minutes * 60 * share
        load = Load(service.url, time.monotonic() + seconds, each_s)
        clients, memory = load.start(), Memory(pid)
        memory.sample(load.until)
        for client in clients:
            client.join()
        a_second = load.answers.total() / seconds
        each_s = 1 / (a_second * OF_THE_PEAK)
        print(f"{what}: {a_second:.1f} answers/s, {dict(load.answers)}", flush=True)
        for name, samples in (("serving", memory.serving), ("heavy", memory.heavy)):
            print(f"  MB of {name}: " + ", ".join(f"{part:.0f}" for part in in_parts(samples)))
    for connection in silent:
        connection.close()
    return memory


def main() -> None:
    """Serve, load and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("minutes", type=float, nargs="?", default=2)
    parser.add_argument("--megabytes", type=int, default=512)
    words = parser.parse_args()
    program = ["/usr/bin/env", "prlimit", f"--nofile={FILES}", sys.executable, "-m", "app.cli"]
    variables = {**environment(words.data), **UNLIMITED, "STRIKEMAP_STALL_S": "5"}
    variables["STRIKEMAP_MEMORY_MB"] = str(words.megabytes)
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
        print(f"load of the machine before: {os.getloadavg()[0]:.1f}", flush=True)
        memory = measured(service, pid, words.minutes)
        files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        ended = 0 if group is None else ended_by_kernel(group)
        healthy = httpx.get(f"{service.url}/healthz", timeout=10).status_code
    parts = in_parts(memory.whole)
    mean = sum(parts) / len(parts)
    swing = max(abs(part / mean - 1) for part in parts)
    print(f"limit of {words.megabytes if group else 'no'} MB, {healthy=}, {files} open files")
    print(f"ended by the kernel: {ended}; most at once: {max(memory.whole):.0f} MB")
    print("MB: " + ", ".join(f"{part:.0f}" for part in parts) + f" (within {swing:.1%})")
    if ended or swing > FLAT:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
