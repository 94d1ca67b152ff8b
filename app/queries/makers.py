"""Parts of one answer, made in other processes while this one puts them together."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import TypeVar

from app.domain.errors import StrikemapError

T = TypeVar("T")

MOST = 4
"""Processes at once: the one that writes the file takes no more."""


def made_apart(prepare: Callable[[], Callable[[int], T]], count: int) -> Iterator[T | None]:
    """Yield `count` parts in order, each made by number in one of a few processes.

    `prepare` runs once in each process. A process holds one part at most that was not taken. A part
    is None if its process ended: the caller makes it, and meets the fault itself.
    """
    # New processes, never forks: a fork would copy a server's threads and open files.
    fresh, number = multiprocessing.get_context("spawn"), min(os.cpu_count() or 1, MOST)
    with contextlib.ExitStack() as stack:
        pipes = []
        for first in range(number):
            ours, theirs = fresh.Pipe(duplex=False)
            arguments = (theirs, prepare, range(first, count, number))
            maker = fresh.Process(target=_send, args=arguments, daemon=True)
            maker.start()
            theirs.close()
            stack.callback(maker.join)
            stack.callback(maker.kill)
            stack.enter_context(ours)
            pipes.append(ours)
        for part in range(count):
            try:
                yield pipes[part % number].recv()
            except (EOFError, OSError):
                yield None


def _send(pipe: Connection, prepare: Callable[[], Callable[[int], object]], numbers: range) -> None:
    """Send parts until all are sent, one cannot be made, or nobody takes them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started this ends it
    gc.disable()  # records hold no cycles, and the search for them takes a fifth of the time
    with contextlib.suppress(StrikemapError, BrokenPipeError), pipe:
        make = prepare()
        for number in numbers:
            pipe.send(make(number))
