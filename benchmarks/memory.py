"""The most memory that a process and its children held together, sampled while it works."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

PAGE = os.sysconf("SC_PAGE_SIZE")
EVERY_S = 0.1


class Watched:
    """Samples from `with` to its end; `most_gib` is what was found."""

    def __init__(self) -> None:
        self.most_gib = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        wrong: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(EVERY_S):
            held = sum(_resident(pid) for pid in family(os.getpid()))
            self.most_gib = max(self.most_gib, held / 2**30)


def own_peak_gib() -> float:
    """The most that this process held, to the page: a peak may be shorter than two samples.

    `ru_maxrss` would not do: it begins with what the starting process held.
    """
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 2**20


def family(pid: int) -> Iterator[int]:
    """List a process and its children."""
    yield pid
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text("ascii").split():
                yield from family(int(child))


def _resident(pid: int) -> int:
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * PAGE
    return 0
