"""What the workers of one service share: a folder that `serve` makes, and removes at its end.

It holds the counts of senders, and the numbers for operators that each worker wrote last.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import secrets
import struct
import tempfile
import threading
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from mmap import mmap
from pathlib import Path
from types import TracebackType
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from throttled import MemoryStore
from throttled.store.memory import MemoryStoreBackend
from typing_extensions import override

COUNTS, KEY_BYTES, WORKER_NUMBERS = "senders", 16, ".prom"
SLOT = struct.Struct("=Qd")
SLOTS, REACH = 1 << 17, 8
"""Senders in the table (2 MB), and the places where one may be; the most idle one makes room."""

IN_MEMORY = Path("/dev/shm")  # noqa: S108  only its owner can read the folder that is made in it


@contextlib.contextmanager
def shared_folder() -> Iterator[Path]:
    """Make the folder of one service, for its owner only; in memory where the system has that."""
    place = IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="strikemap-", dir=place) as name:
        table = bytearray(secrets.token_bytes(KEY_BYTES)) + bytes(SLOT.size * SLOTS)
        (Path(name) / COUNTS).write_bytes(table)
        yield Path(name)


class _Lock:
    """A lock of all threads of all workers."""

    def __init__(self, number: int) -> None:
        self._number, self._threads = number, threading.Lock()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Wait for the lock."""
        has_it = self._threads.acquire(blocking, timeout)
        if has_it:
            fcntl.flock(self._number, fcntl.LOCK_EX)
        return has_it

    def release(self) -> None:
        """Give the lock back."""
        fcntl.flock(self._number, fcntl.LOCK_UN)
        self._threads.release()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        wrong: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


class _Table(MemoryStoreBackend):
    """One number for each sender, in memory that all workers map.

    A sender is known by a keyed hash of its name, so the table says nothing about addresses.
    """

    def __init__(self, server: str | None = None, options: dict[str, Any] | None = None) -> None:
        path: Path = (options or {})["PATH"]
        super().__init__(server, {})
        number = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        weakref.finalize(self, os.close, number)
        self._table = mmap(number, 0)
        self._key = self._table[:KEY_BYTES]
        self.lock = _Lock(number)

    @override
    def get(self, key: str) -> float | None:
        """Return a sender's number; None without one."""
        mark, at = self._place(key)
        known, number = SLOT.unpack_from(self._table, at)
        return number if known == mark else None

    @override
    def set(self, key: str, value: float, timeout: int) -> None:
        """Keep a sender's number, in place of that of the sender that was silent for longest."""
        mark, at = self._place(key)
        SLOT.pack_into(self._table, at, mark, value)

    def _place(self, key: str) -> tuple[int, int]:
        """Find a sender's place; where it has none, the most idle of the places for it."""
        digest = hashlib.blake2b(key.encode(), digest_size=8, key=self._key).digest()
        mark = int.from_bytes(digest, "little")
        places = [KEY_BYTES + SLOT.size * ((mark + step) % SLOTS) for step in range(REACH)]
        slots = [(*SLOT.unpack_from(self._table, at), at) for at in places]
        for known, _number, at in slots:
            if known == mark:
                return mark, at
        return mark, min(slots, key=lambda slot: slot[1])[2]


class SharedCounts(MemoryStore):
    """The store of a limiter that counts for all workers of one service."""

    _BACKEND_CLASS = _Table

    def __init__(self, folder: Path) -> None:
        super().__init__(options={"PATH": folder / COUNTS})


def numbers_of_all(own: bytes, folder: Path, process: str) -> bytes:
    """Join the numbers of this process with those that the other workers wrote last."""
    others = [
        path.read_text("utf-8")
        for path in sorted(folder.glob(f"*{WORKER_NUMBERS}"))
        if path.stem != process and _is_alive(path)
    ]
    together = CollectorRegistry(auto_describe=False)
    together.register(_Together([own.decode(), *others]))
    return generate_latest(together)


def _is_alive(path: Path) -> bool:
    """Tell whether the process of a file still runs; remove the file of one that ended."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(int(path.stem), 0)
        return True
    path.unlink(missing_ok=True)
    return False


@dataclass(frozen=True, eq=False)
class _Together(Collector):
    """The numbers of several processes, each kind once with the samples of all."""

    texts: list[str]

    @override
    def collect(self) -> Iterator[Metric]:
        """Read the texts and join what has one name."""
        families = dict[str, Metric]()
        for text in self.texts:
            for family in text_string_to_metric_families(text):
                families.setdefault(family.name, family)
                if families[family.name] is not family:
                    families[family.name].samples.extend(family.samples)
        yield from families.values()
