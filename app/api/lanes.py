"""Lanes: threads for one kind of work, so that no kind waits for another."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial, wraps
from typing import Any, NamedTuple, ParamSpec, TypeVar

import anyio.to_thread
from anyio import CapacityLimiter
from anyio.lowlevel import RunVar

from app.domain.errors import Busy

TURN_S = 0.001
"""How long a thread that computes may keep the interpreter from others; Python's own is 0.005."""

P = ParamSpec("P")
T = TypeVar("T")


def take_short_turns() -> None:
    """Let the threads of this process take short turns at the interpreter.

    A write waits for its turn after each of some fifty calls of the system, and so does the event
    loop before each answer from memory (docs/performance.md, "Turns at the interpreter").
    """
    sys.setswitchinterval(TURN_S)


class Load(NamedTuple):
    """How many requests wait for a thread of a lane, and how many have one."""

    waiting: int
    running: int


class Lane:
    """Runs work of one kind in at most `threads` threads; at most `most_waiting` requests wait."""

    def __init__(self, kind: str, threads: int, most_waiting: int) -> None:
        self.kind, self.threads, self.most_waiting = kind, threads, most_waiting
        # A limiter belongs to one event loop; a saved page, for example, has a loop of its own.
        self._limiters: RunVar[CapacityLimiter] = RunVar(f"lane of {kind}")

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run work in a thread of this lane.

        Raises:
            Busy: as many requests as allowed wait already.
        """
        if self.load().waiting >= self.most_waiting:
            raise Busy(f"{self.most_waiting} requests for {self.kind} wait; ask again later.")
        return await self.step(work, *args, **kwargs)

    async def step(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a step of work that was accepted before; it waits, however many others do."""
        whole = partial(work, *args, **kwargs)
        return await anyio.to_thread.run_sync(whole, limiter=self._limiter())

    def load(self) -> Load:
        """Count the requests of the event loop that calls this."""
        statistics = self._limiter().statistics()
        return Load(statistics.tasks_waiting, statistics.borrowed_tokens)

    def endpoint(self, work: Callable[P, T]) -> Callable[P, Coroutine[Any, Any, T]]:
        """Make an endpoint that runs here, not in the threads that all other endpoints share."""

        @wraps(work)
        async def run(*args: P.args, **kwargs: P.kwargs) -> T:
            return await self.run(work, *args, **kwargs)

        return run

    def _limiter(self) -> CapacityLimiter:
        try:
            return self._limiters.get()
        except LookupError:
            limiter = CapacityLimiter(self.threads)
            self._limiters.set(limiter)
            return limiter


@dataclass(frozen=True)
class Lanes:
    """The lanes of one process. Waiting is bounded so that the last waits about half a minute."""

    checks: Lane = field(default_factory=lambda: Lane("health checks", 1, 200))
    tiles: Lane = field(default_factory=lambda: Lane("tiles", 2, 2_000))
    """More threads take turns at one interpreter (docs/performance.md, "Threads for tiles")."""

    lists: Lane = field(default_factory=lambda: Lane("lists of incidents", 2, 200))
    figures: Lane = field(default_factory=lambda: Lane("figures", 2, 32))
    images: Lane = field(default_factory=lambda: Lane("archived images", 1, 64))
    faces: Lane = field(default_factory=lambda: Lane("suggested faces", 1, 8))
    agreements: Lane = field(default_factory=lambda: Lane("agreements", 2, 64))
    files: Lane = field(default_factory=lambda: Lane("files", 4, 32))
    edits: Lane = field(default_factory=lambda: Lane("edits", 4, 32))
    imports: Lane = field(default_factory=lambda: Lane("imports", 2, 16))
