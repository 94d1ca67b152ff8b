"""Heavy work in processes of its own.

No tile waits while a figure or an export is made, or a file is imported.
"""

from __future__ import annotations

import atexit
import logging
import math
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context, parent_process
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Thread

import anyio
import httpx
import uvicorn
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send
from typing_extensions import override

from app.api.bodies import chunks_of
from app.api.faces import HEAVY, WRITES, AddressFace, face_of
from app.api.logs import REQUEST_ID_HEADER
from app.api.problems import problem_of
from app.domain.errors import Busy, StrikemapError
from app.domain.tracing import REQUEST_ID

LOG = logging.getLogger("strikemap.heavy")
NICENESS = 10
"""The operating system gives a core to a tile first, and what is left to a figure."""

AGAIN_AFTER_S = 10.0
"""How long to wait before a process that ended is started anew."""

ENDED = "The process that makes this ended; ask again in a few seconds."
READY_S, LOOK_S = 15.0, 0.1
"""How long an import waits for the first process, and how often it looks."""

OF_A_CONNECTION = {b"connection", b"expect", b"keep-alive", b"te", b"upgrade"}
OF_AN_ANSWER = {b"date", b"server", b"transfer-encoding"}
"""Headers that the serving process writes itself."""


@dataclass(eq=False)
class HeavyProcess:
    """A second process of the service, on a socket in a folder that only this user may enter.

    `make` builds its application, in that process. It ends when this process ends.
    """

    make: Callable[[], ASGIApp]
    running: int = 0
    """The number of requests that it is answering."""
    forwarded: int = 0
    """The number of all requests that it got, with those of processes that it replaced."""
    _folder: Path | None = None
    _process: BaseProcess | None = None
    _transport: httpx.AsyncHTTPTransport | None = None
    _started: float = -math.inf

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
        self._started = time.monotonic()
        try:
            self._spawn()
        except OSError as wrong:
            LOG.warning("no process for figures, exports and imports: %s", wrong)

    def _spawn(self) -> None:
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


@dataclass(frozen=True, eq=False)
class HeavyProcesses:
    """The processes for heavy work of one serving process; used on its event loop only."""

    processes: tuple[HeavyProcess, ...] = ()

    @classmethod
    def of(cls, number: int, make: Callable[[], ASGIApp]) -> HeavyProcesses:
        """Prepare some processes; each is started when the others are busy."""
        return cls(tuple(HeavyProcess(make) for _ in range(number)))

    def choose(self) -> HeavyProcess | None:
        """Return the one with the least to do, None while none is ready; start one if needed."""
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


@dataclass(frozen=True)
class Forwarding:
    """ASGI middleware behind the guard: heavy requests are answered by a heavy process.

    While none is ready, the application itself answers.
    """

    app: ASGIApp
    heavy: HeavyProcesses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward a heavy request and its answer; stop when the reader leaves."""
        process = await self._process_for(scope)
        if process is None:
            await self.app(scope, receive, send)
            return
        answer, body = _Answer(send), _Body(Request(scope, receive))
        async with anyio.create_task_group() as tasks:

            async def until_reader_leaves() -> None:
                await body.is_read.wait()
                while (await receive())["type"] != "http.disconnect":
                    pass
                tasks.cancel_scope.cancel()

            tasks.start_soon(until_reader_leaves)
            try:
                async with process.answering(_request_of(scope, body)) as response:
                    await answer.send(response)
            except httpx.TransportError:
                if not answer.has_begun:
                    await problem_of(Busy(ENDED))(scope, receive, send)
            except StrikemapError as wrong:  # in the body
                await problem_of(wrong)(scope, receive, send)
            tasks.cancel_scope.cancel()

    async def _process_for(self, scope: Scope) -> HeavyProcess | None:
        """Choose a process for a request; None where the application itself answers.

        An import takes longer than a process takes to start, so it waits for one.
        """
        if scope["type"] != "http":
            return None
        method, face = scope["method"], face_of(scope["method"], scope["path"])
        is_import = face is AddressFace.imports and method in WRITES
        if not is_import and not (face in HEAVY and method == "GET"):
            return None
        process = self.heavy.choose()
        if is_import and self.heavy.processes:
            with anyio.move_on_after(READY_S):
                while process is None:
                    await anyio.sleep(LOOK_S)
                    process = self.heavy.choose()
        return process


@dataclass
class _Body(httpx.AsyncByteStream):
    """The body of a request, passed on as it arrives."""

    request: Request
    is_read: anyio.Event = field(default_factory=anyio.Event, init=False)

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Walk its pieces.

        Raises:
            StrikemapError: it is too long, or its sender stops or leaves before its end.
        """
        async for piece in chunks_of(self.request):
            yield piece
        self.is_read.set()


@dataclass
class _Answer:
    send_message: Send
    has_begun: bool = field(default=False, init=False)

    async def send(self, response: httpx.Response) -> None:
        """Pass an answer on piece by piece, as fast as the reader takes it."""
        dropped = OF_A_CONNECTION | OF_AN_ANSWER
        headers = [
            (name, text) for name, text in response.headers.raw if name.lower() not in dropped
        ]
        self.has_begun = True
        status = response.status_code
        await self.send_message(
            {"type": "http.response.start", "status": status, "headers": headers}
        )
        last = b""  # a short answer goes on in one piece, as it came
        async for piece in response.aiter_raw():
            if last:
                await self.send_message(
                    {"type": "http.response.body", "body": last, "more_body": True}
                )
            last = piece
        await self.send_message({"type": "http.response.body", "body": last})


def _request_of(scope: Scope, body: _Body) -> httpx.Request:
    """Write the request anew, with the id that the log has."""
    path, query = scope.get("raw_path") or scope["path"].encode(), scope["query_string"]
    address = httpx.URL(
        scheme="http", host="heavy", raw_path=path + (b"?" + query if query else b"")
    )
    dropped = OF_A_CONNECTION | {REQUEST_ID_HEADER.lower().encode(), b"x-forwarded-proto"}
    headers = [(name, text) for name, text in scope["headers"] if name not in dropped]
    state = scope.get("state", {})
    # A socket has no address of a proxy to trust: the scheme and the Host are those known here.
    if host := state.get("host"):
        headers = [(b"host", host), *(pair for pair in headers if pair[0] != b"host")]
    headers.append((b"x-forwarded-proto", scope["scheme"].encode()))
    headers.append((REQUEST_ID_HEADER.encode(), REQUEST_ID.get().encode()))
    method = "HEAD" if state.get("is_head") else scope["method"]
    return httpx.Request(method, address, headers=headers, stream=body)


def _serve(make: Callable[[], ASGIApp], path: Path) -> None:
    """Answer on a socket until the process that started this ends."""
    os.nice(NICENESS)
    config = uvicorn.Config(
        make(),
        uds=str(path),
        server_header=False,
        access_log=False,
        log_config=None,
        proxy_headers=False,
        timeout_keep_alive=3600,
    )
    server = uvicorn.Server(config)

    def end_with_parent() -> None:
        parent = parent_process()
        if parent is not None:
            parent.join()
        server.should_exit = True

    Thread(target=end_with_parent, daemon=True).start()
    server.run()
