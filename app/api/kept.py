"""Kept answers: what was answered a moment ago is answered again before anything is parsed.

The day a newspaper links the map, thousands ask for the same tiles, sums and pages.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.faces import AddressFace, face_of
from app.api.logs import REQUEST_ID_HEADER, request_id
from app.instance.workspace import Dependencies, Workspace

USUAL_BYTES, LARGEST_BYTES = 64 << 20, 256 << 10
"""Memory for kept answers in one process, and the largest that is kept."""

HEADERS_BYTES = 3_000
"""About the memory of an answer's headers."""

MOST_HEADER_BYTES = 512
"""A request with longer headers is answered anew: nobody fills the memory with keys."""

CHOOSING = (b"host", b"accept", b"accept-encoding", b"accept-language", b"x-forwarded-proto")
"""Headers by which an answer may differ."""

REFUSING = {b"authorization", b"range", b"content-length", b"transfer-encoding", b"cookie"}
"""Headers of requests that are never answered from memory."""

OF_A_BODY = (b"content-length", b"content-type", b"content-encoding")
CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
"""What no line of a head may hold: uvicorn refuses it, and a kept head is not read again."""

ID_FIELD = REQUEST_ID_HEADER.lower().encode()
Headers = Sequence[tuple[bytes, bytes]]
Counting = Callable[[AddressFace, int, float], None]
Key = tuple[bytes, ...]


class Whole(NamedTuple):
    """An answer as it is sent; `lines` are its headers as HTTP writes them."""

    status: int
    headers: Headers
    lines: bytes
    body: bytes

    @classmethod
    def of(cls, status: int, headers: Headers, body: bytes) -> Whole:
        """Write the lines once, for all who get this answer."""
        lines = b"".join(name + b": " + text + b"\r\n" for name, text in headers)
        return cls(status, headers, lines, body)


class KeptAnswer(NamedTuple):
    """An answer, what a reader gets who has it already, and the state that both depend on."""

    stamp: Dependencies
    tag: bytes
    whole: Whole
    unchanged: Whole
    face: AddressFace

    def for_reader(self, has: bytes) -> Whole:
        """Choose by the tags that the reader names: all of it, or 304 without a body."""
        return self.unchanged if has and self.tag in has else self.whole


class _Request(NamedTuple):
    """What of a request chooses the answer, and what the reader has already."""

    key: Key
    has: bytes
    id: bytes


def _present() -> datetime:
    return datetime.now(UTC)


def _uncounted(_face: AddressFace, _status: int, _seconds: float) -> None:
    pass


@dataclass
class KeptAnswers:
    """ASGI middleware around a public instance.

    Kept are answers to GET with an ETag that any cache may share, for as long as all that answers
    depend on stays the same (`Workspace.depends_on`): no copy outlives a redaction, a write or an
    embargo. Requests for one answer that is not there yet wait for the first of them, until it is
    there or turns out to be of no use to them.
    """

    app: ASGIApp
    workspace: Workspace
    count: Counting = _uncounted
    """Gets the face, the status and the seconds of each answer from memory."""
    clock: Callable[[], datetime] = _present
    most_bytes: int = USUAL_BYTES
    hits: int = 0
    misses: int = 0
    bytes_kept: int = 0
    _answers: OrderedDict[Key, KeptAnswer] = field(default_factory=OrderedDict)
    _making: dict[Key, asyncio.Event] = field(default_factory=dict)
    _present_stamp: tuple[Dependencies | None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from memory, or let the application answer and keep what it says."""
        request = _request_of(scope)
        if request is None:
            await self.app(scope, receive, send)
            return
        answer = self._at_once(request)
        if answer is None and (first := self._making.get(request.key)) is not None:
            await first.wait()
            answer = self._at_once(request)
        if answer is None:
            await self._make(scope, receive, send, request.key, self._stamp())
            return
        headers = [*answer.headers, (ID_FIELD, request.id)]
        start = {"type": "http.response.start", "status": answer.status, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": answer.body})

    def at_once(self, scope: Scope) -> tuple[Whole, bytes] | None:
        """Return an answer from memory and the id of its request, for a server that can write it.

        None for a request that needs any work, or has to wait.
        """
        request = _request_of(scope)
        answer = None if request is None else self._at_once(request)
        return None if request is None or answer is None else (answer, request.id)

    def _at_once(self, request: _Request) -> Whole | None:
        started = time.perf_counter()
        entry = self._find(request.key, self._stamp())
        if entry is None:
            return None
        answer = entry.for_reader(request.has)
        self.count(entry.face, answer.status, time.perf_counter() - started)
        return answer

    async def _make(
        self, scope: Scope, receive: Receive, send: Send, key: Key, stamp: Dependencies | None
    ) -> None:
        """Let the application answer; keep the answer if it came in one piece."""
        start: Message | None = None
        self.misses += 1
        done = self._making[key] = asyncio.Event()

        def release() -> None:
            if self._making.get(key) is done:
                del self._making[key]
            done.set()

        async def watched(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _may_be_kept(message):
                start = message  # is sent with the body, of which the first piece says more
                return
            head, start = start, None
            if head is not None and stamp is not None and not message.get("more_body"):
                face = face_of(scope["method"], scope["path"])
                self._keep(key, _kept_answer(stamp, head, message.get("body", b""), face))
            release()  # before anything is sent: nobody waits for the reader of another answer
            if head is not None:
                await send(head)
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            release()

    def _stamp(self) -> Dependencies | None:
        """Say what answers depend on now; None while the index has to be refreshed.

        Requests that the event loop answers in one turn share a look at the record: it takes as
        long as all the rest of such an answer. Whoever asks after a write was acknowledged comes in
        a later turn.
        """
        if self._present_stamp is None:
            asyncio.get_running_loop().call_soon(self._end_turn)
            state = self.workspace.index.peek()
            now = self.clock()
            stamp = None if state is None else self.workspace.depends_on(state.mark, now)
            self._present_stamp = (stamp,)
        return self._present_stamp[0]

    def _end_turn(self) -> None:
        self._present_stamp = None

    def _find(self, key: Key, stamp: Dependencies | None) -> KeptAnswer | None:
        entry = self._answers.get(key)
        if entry is None or stamp is None:
            return None
        if entry.stamp != stamp:
            self._drop(key)
            return None
        self._answers.move_to_end(key)
        self.hits += 1
        return entry

    def _keep(self, key: Key, entry: KeptAnswer) -> None:
        if len(entry.whole.body) > LARGEST_BYTES:
            return
        self._drop(key)
        self._answers[key] = entry
        self.bytes_kept += _size(key, entry)
        while self.bytes_kept > self.most_bytes:
            self._drop(next(iter(self._answers)))

    def _drop(self, key: Key) -> None:
        if (old := self._answers.pop(key, None)) is not None:
            self.bytes_kept -= _size(key, old)


def _kept_answer(stamp: Dependencies, start: Message, body: bytes, face: AddressFace) -> KeptAnswer:
    headers = [pair for pair in _lowered(start) if pair[0] != ID_FIELD]
    without_body = [pair for pair in headers if pair[0] not in OF_A_BODY]
    tag = dict(headers)[b"etag"].removeprefix(b"W/")
    unchanged = Whole.of(304, without_body, b"")
    return KeptAnswer(stamp, tag, Whole.of(200, headers, body), unchanged, face)


def _size(key: Key, entry: KeptAnswer) -> int:
    return len(entry.whole.body) + sum(map(len, key)) + HEADERS_BYTES


def _lowered(start: Message) -> Headers:
    return [(name.lower(), value) for name, value in start["headers"]]


def _may_be_kept(start: Message) -> bool:
    """Tell whether any cache may share an answer that begins so."""
    fields = dict(_lowered(start))
    is_shared = fields.get(b"cache-control", b"").startswith(b"public")
    is_whole = start["status"] == 200  # noqa: PLR2004
    is_plain = not any(CONTROL.search(text) for text in fields.values())
    return is_whole and is_shared and is_plain and b"etag" in fields and b"set-cookie" not in fields


def _request_of(scope: Scope) -> _Request | None:
    """Read what chooses the answer; None when it must not come from memory."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return None
    headers = dict(scope["headers"])
    # Of a header that comes twice, the application may read another one than this.
    if len(headers) < len(scope["headers"]) or not REFUSING.isdisjoint(headers):
        return None
    chosen = [headers.get(name, b"") for name in CHOOSING]
    if chosen[-1]:  # X-Forwarded-Proto counts from some addresses alone
        chosen.append(str((scope.get("client") or ("",))[0]).encode())
    if sum(map(len, chosen)) > MOST_HEADER_BYTES:
        return None
    key = (scope.get("raw_path") or b"", scope["query_string"], *chosen)
    proposed = headers.get(ID_FIELD)
    own_id = request_id(None if proposed is None else proposed.decode("latin-1"))
    return _Request(key, headers.get(b"if-none-match", b""), own_id.encode())
