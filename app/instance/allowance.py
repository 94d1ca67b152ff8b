"""The memory of a process: how much it may use, and how it gives back what it does not need."""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from app.domain.cache import BUDGET

GROUPS, OWN_GROUPS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
LIMITS = ("memory.max", "memory.limit_in_bytes")
"""The file of a control group's limit, in both versions of control groups."""

PROCESS_BYTES = 256 << 20
"""What a serving process, or one for heavy work, needs to be of use."""

LEAST_CACHED, MOST_CACHED = 16 << 20, 320 << 20
LEAST_GROWTH, MOST_GROWTH = 64 << 20, 1 << 30
ARENAS, ARENA_MAX = 2, -8
"""Threads share two arenas: each keeps what it once had. -8 is glibc's number of that setting."""


class MemoryPart(NamedTuple):
    """The memory of one process, in bytes."""

    cached: int
    """For shapes, sums and pictures that are used again."""

    kept: int
    """For kept answers."""

    growth: int
    """By how much a process for heavy work may grow before another takes its place."""

    @classmethod
    def of(cls, allowed: int, processes: int) -> MemoryPart:
        """Divide what a service may use among its processes.

        A quarter of a process's part is for caches; the rest is its code, and what a request needs.
        """
        part = allowed // processes
        caches = min(max(part // 4, LEAST_CACHED), MOST_CACHED)
        growth = min(max(part // 2, LEAST_GROWTH), MOST_GROWTH)
        return cls(caches * 4 // 5, caches // 5, growth)


def allowed_bytes(megabytes: int = 0) -> int:
    """Return what a service may use: as its operator set it, else as the system limits it.

    The system's limit is the lowest of its control groups, and the memory of the machine.
    """
    if megabytes:
        return megabytes << 20
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min([machine, *_limits_of_groups()])


def _limits_of_groups() -> Iterator[int]:
    """Read the limits of the groups that this process is in, and of those that they are in."""
    lines = []
    with contextlib.suppress(OSError):
        lines = OWN_GROUPS.read_text("utf-8").splitlines()
    for line in lines:
        _number, controllers, path = line.split(":", 2)
        if controllers in ("", "memory"):
            # In a container the path may be that of the host, which is not there.
            root = GROUPS / controllers
            inner = root / path.lstrip("/")
            for folder in (inner, *inner.parents):
                if folder.is_relative_to(root):
                    yield from _limits_in(folder)


def _limits_in(folder: Path) -> Iterator[int]:
    for name in LIMITS:
        with contextlib.suppress(OSError, ValueError):  # no such file, or "max"
            yield int((folder / name).read_text("ascii"))


def most_workers(allowed: int, processes: int) -> int:
    """Count the workers that the memory is enough for, of some processes each; at least 1."""
    return max(allowed // (processes * PROCESS_BYTES), 1)


def own_bytes(number: int) -> int:
    """Return the bytes of a process that it shares with no other; 0 where nobody says it."""
    with contextlib.suppress(OSError, ValueError):
        _all, resident, shared, *_rest = Path(f"/proc/{number}/statm").read_text("ascii").split()
        return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")
    return 0


def bound(part: MemoryPart) -> None:
    """Bound the memory of this process, before it has threads."""
    BUDGET.most_bytes = part.cached
    with contextlib.suppress(AttributeError, OSError):  # another library of C
        ctypes.CDLL(None).mallopt(ARENA_MAX, ARENAS)


def give_back() -> None:
    """Give free memory back to the system, which glibc and Arrow keep for later."""
    pa.default_memory_pool().release_unused()
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
