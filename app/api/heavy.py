"""Heavy work in processes of its own.

No tile waits while a figure, an export or a long list is made, or a file is imported.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import anyio
import httpx
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send
from typing_extensions import override

from app.api.bodies import chunks_of
from app.api.faces import HEAVY, WRITES, AddressFace, face_of
from app.api.logs import REQUEST_ID_HEADER
from app.api.problems import problem_of
from app.api.processes import HeavyProcess, HeavyProcesses
from app.domain.errors import Busy, StrikemapError
from app.domain.tracing import REQUEST_ID
from app.instance.allowance import give_back

ENDED = "The process that makes this ended; ask again in a few seconds."
READY_S, LOOK_S = 15.0, 0.1
"""How long a request waits for a process that starts, and how often it looks."""

LONG_LIST = re.compile(rb"(?:^|&)limit=0*[1-9][0-9]{3,}(?:&|$)")
"""The query of a list of 1,000 features or more: they are made one by one, in Python."""

OF_A_CONNECTION = {b"connection", b"expect", b"keep-alive", b"te", b"upgrade"}
OF_AN_ANSWER = {b"date", b"server", b"transfer-encoding"}
"""Headers that the serving process writes itself."""


@dataclass(frozen=True)
class Forwarding:
    """ASGI middleware behind the guard: heavy requests are answered by a heavy process.

    While none is ready, the application itself answers, at most one of them while one starts.
    """

    app: ASGIApp
    heavy: HeavyProcesses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward a heavy request and its answer; stop when the reader leaves."""
        if not self.heavy.processes or not _is_heavy(scope):
            await self._answer_here(scope, receive, send)
            return
        process = await self._process_for(scope)
        if process is None:
            with self.heavy.here():
                await self._answer_here(scope, receive, send)
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

    async def _answer_here(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer without another process; what a figure or an export took goes to the system."""
        try:
            await self.app(scope, receive, send)
        finally:
            if scope["type"] == "http" and face_of(scope["method"], scope["path"]) in HEAVY:
                await run_in_threadpool(give_back)

    async def _process_for(self, scope: Scope) -> HeavyProcess | None:
        """Choose a process for a request; None where the application itself answers.

        An import takes longer than a process takes to start, so it waits for one; everybody waits
        for a process that takes another's place, and for the first while others are answered here.
        """
        process = self.heavy.choose()
        if _is_import(scope) or self.heavy.is_renewing or self.heavy.is_worth_waiting:
            with anyio.move_on_after(READY_S):
                while process is None:
                    await anyio.sleep(LOOK_S)
                    process = self.heavy.choose()
        return process


def _is_import(scope: Scope) -> bool:
    method = scope["method"]
    return method in WRITES and face_of(method, scope["path"]) is AddressFace.imports


def _is_heavy(scope: Scope) -> bool:
    """Tell whether a request takes long: by its kind of address, or by how much it asks for."""
    if scope["type"] != "http":
        return False
    if scope["method"] != "GET":
        return _is_import(scope)
    face = face_of("GET", scope["path"])
    is_long = face is AddressFace.items and LONG_LIST.search(scope["query_string"]) is not None
    return face in HEAVY or is_long


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
