"""Processes for heavy work: when they start, when another takes their place, and when they end."""

from __future__ import annotations

import atexit
import contextlib
import logging
import math
import os
import shutil
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.process import BaseProcess
from pathlib import Path

import anyio
import httpx
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from app.instance.allowance import give_back, own_bytes

LOG = logging.getLogger("strikemap.heavy")
NICENESS = 10
"""The operating system gives a core to a tile first, and what is left to a figure."""

ENDED_FIRST = "500"
"""A machine without memory ends such a process before it ends one that serves tiles."""

GRACE_S, LAST_S = 10, 1.0
"""How long a process that ends waits for its requests, and then for a thread that goes on."""

AGAIN_AFTER_S = 10.0
"""How long to wait before a process that ended, or grew too large, is started anew."""


@dataclass(eq=False)
class HeavyProcess:
    """A second process of the service, on a socket in a folder that only this user may enter.

    `make` builds its application, in that process. It ends when this process ends, and when it has
    nothing to do and has grown by more than `most_growth` bytes.
    """

    make: Callable[[], ASGIApp]
    most_growth: float = math.inf
    running: int = 0
    """The number of requests that it is answering."""
    forwarded: int = 0
    """The number of all requests that it got, with those of processes that it replaced."""
    renewed: int = 0
    """How often another process took the place of one that had grown."""
    _folder: Path | None = None
    _process: BaseProcess | None = None
    _transport: httpx.AsyncHTTPTransport | None = None
    _started: float = -math.inf
    _least_bytes: float = math.inf

    @property
    def is_ready(self) -> bool:
        """Tell whether it takes requests."""
        return self._is_alive and self._socket.exists()

    @property
    def _is_alive(self) -> bool:
        return self._process is not None and self._process.is_alive()

    @property
    def _socket(self) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="strikemap-"))
        return self._folder / "heavy.sock"

    def start(self) -> None:
        """Start it, unless it runs or was started a moment ago; it is ready after some seconds.

        Where the system has no room for a socket or a process, it stays away.
        """
        if self._is_alive or time.monotonic() - self._started < AGAIN_AFTER_S:
            return
        self._spawn()

    @property
    def is_starting(self) -> bool:
        """Tell whether it will take requests in a moment."""
        return self._is_alive and not self._socket.exists()

    @property
    def is_outgrown(self) -> bool:
        """Tell whether another process has to take its place: it has nothing to do, and grew."""
        if self.running or self._process is None or self._process.pid is None:
            return False
        size = own_bytes(self._process.pid)
        self._least_bytes = min(self._least_bytes, size)
        is_old = time.monotonic() - self._started > AGAIN_AFTER_S
        return is_old and size - self._least_bytes > self.most_growth

    def renew(self) -> None:
        """End it, and start another in its place: what a library does not give back goes so."""
        self.renewed += 1
        if self._process is not None:
            self._process.terminate()
            atexit.unregister(self._process.terminate)
        self._spawn()

    def _spawn(self) -> None:
        self._started, self._least_bytes = time.monotonic(), math.inf
        try:
            self._start_process()
        except OSError as wrong:
            LOG.warning("no process for figures, exports and imports: %s", wrong)

    def _start_process(self) -> None:
        self._socket.unlink(missing_ok=True)
        arguments = (self.make, self._socket)
        # A daemon of `multiprocessing` may not build an index in several processes.
        self._process = get_context("spawn").Process(target=_serve, args=arguments)
        self._process.start()
        atexit.register(self._process.terminate)

    @asynccontextmanager
    async def answering(self, request: httpx.Request) -> AsyncIterator[httpx.Response]:
        """Send a request; what the answer uses is given back when the context ends."""
        if self._transport is None:
            self._transport = httpx.AsyncHTTPTransport(uds=str(self._socket))
        self.running, self.forwarded = self.running + 1, self.forwarded + 1
        try:
            response = await self._transport.handle_async_request(request)
            try:
                yield response
            finally:
                with anyio.CancelScope(shield=True):
                    await response.aclose()
        finally:
            self.running -= 1

    async def stop(self) -> None:
        """End the process and remove its folder."""
        if self._transport is not None:
            await self._transport.aclose()
        if self._process is not None:
            self._process.terminate()
            atexit.unregister(self._process.terminate)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


@dataclass(eq=False)
class HeavyProcesses:
    """The processes for heavy work of one serving process; used on its event loop only."""

    processes: tuple[HeavyProcess, ...] = ()
    running_here: int = 0
    """The number of heavy requests that the serving process itself is answering."""

    @classmethod
    def of(
        cls, number: int, make: Callable[[], ASGIApp], most_growth: float = math.inf
    ) -> HeavyProcesses:
        """Prepare some processes; each is started when the others are busy."""
        return cls(tuple(HeavyProcess(make, most_growth) for _ in range(number)))

    @property
    def is_renewing(self) -> bool:
        """Tell whether one takes the place of another just now."""
        return any(process.is_starting and process.forwarded for process in self.processes)

    @property
    def is_worth_waiting(self) -> bool:
        """Tell whether one is ready soon, and until then the serving process has enough to do."""
        return self.running_here > 0 and any(process.is_starting for process in self.processes)

    @contextlib.contextmanager
    def here(self) -> Iterator[None]:
        """Count a request that the serving process answers, until the context ends."""
        self.running_here += 1
        try:
            yield
        finally:
            self.running_here -= 1

    def choose(self) -> HeavyProcess | None:
        """Return the one with the least to do, None while none is ready; start one if needed.

        The event loop comes to nothing else before the request is counted as running, so that no
        process ends between the two.
        """
        for process in self.processes:
            if process.is_ready and process.is_outgrown:
                process.renew()
        ready = [process for process in self.processes if process.is_ready]
        least = min(ready, key=lambda process: process.running, default=None)
        if least is None or least.running:
            waiting = (process for process in self.processes if process not in ready)
            if (other := next(waiting, None)) is not None:
                other.start()
        return least

    async def stop(self) -> None:
        """End all of them."""
        for process in self.processes:
            await process.stop()


@dataclass(frozen=True, eq=False)
class GivingBack:
    """ASGI middleware of such a process: after each answer, free memory goes back to the system."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer."""
        try:
            await self.app(scope, receive, send)
        finally:
            give_back()


def _serve(make: Callable[[], ASGIApp], path: Path) -> None:
    """Answer on a socket until the process that started this ends."""
    os.nice(NICENESS)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(ENDED_FIRST, "ascii")
    config = uvicorn.Config(
        make(),
        uds=str(path),
        server_header=False,
        access_log=False,
        log_config=None,
        proxy_headers=False,
        timeout_keep_alive=3600,
        timeout_graceful_shutdown=GRACE_S,
    )
    server = uvicorn.Server(config)

    def end_with_parent() -> None:
        parent = parent_process()
        if parent is not None:
            parent.join()
        server.should_exit = True

    threading.Thread(target=end_with_parent, daemon=True).start()
    server.run()
    leave_threads()


def leave_threads() -> None:
    """End this process if a library hangs in a thread: Python would wait for it for ever."""
    ours = threading.current_thread()
    others = [one for one in threading.enumerate() if one is not ours and not one.daemon]
    for thread in others:
        thread.join(LAST_S)
    if any(thread.is_alive() for thread in others):
        LOG.warning("the process ends though a thread goes on")
        for child in active_children():
            child.kill()
        os._exit(1)
