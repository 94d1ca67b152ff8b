"""Connections: answers from memory are written at once, and who stalls for too long is closed."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import resource
import sys
import termios
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, cast

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from app.api.kept import ID_FIELD, KeptAnswers, Whole

if TYPE_CHECKING:
    from starlette.types import Scope
    from uvicorn._types import ASGI3Application

STALL_S = "stall_s"
"""Where the state of the application says how many seconds a connection may stall."""

USUAL_STALL_S = 30.0
RESERVED = 256


@lru_cache(maxsize=1)
def most_connections() -> int:
    """Return how many connections this process may have; an index alone has a hundred files."""
    files, _most = resource.getrlimit(resource.RLIMIT_NOFILE)
    return files - min(RESERVED, files // 2)


class BoundedConnection(HttpToolsProtocol):
    """An HTTP connection with a bound on the time to send a head and to take an answer.

    An answer from memory is written as soon as the head is read: a task for each, and uvicorn's
    checks of headers that were checked when the answer was made, take longer than all the rest.

    uvicorn waits without a bound for both. A reader who takes a little now and then is slow, not
    stalled. An aborted connection looks to the application like a reader who left, so that whatever
    the answer used is given back.
    """

    _silent: ClassVar[dict[BoundedConnection, None]] = {}
    """Connections that have begun no answer: the oldest makes room when files run short."""

    _head: asyncio.TimerHandle | None = None
    _writing: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the head of the first request."""
        super().connection_made(transport)
        self._start_head()
        if len(self.connections) > most_connections() and self._silent:
            oldest = next(iter(self._silent))
            del self._silent[oldest]
            oldest.transport.abort()

    @override
    def data_received(self, data: bytes) -> None:
        """Wait for the rest of a head that did not come in one piece."""
        super().data_received(data)
        # uvicorn ends its own wait for the next request at any byte, even at an empty line.
        if self._is_answered and self.timeout_keep_alive_task is None:
            self._start_head()

    @override
    def on_message_begin(self) -> None:
        """Wait for the head of a request that is sent while the one before it is answered."""
        super().on_message_begin()
        if not self._is_answered and not self.pipeline:  # nothing is read while requests wait
            self._start_head()

    @override
    def on_headers_complete(self) -> None:
        """Stop waiting for the head."""
        self._stop_head()
        # An answer at once, in the same piece of data, began the wait for this request.
        self._unset_keepalive_if_required()
        super().on_headers_complete()

    @override
    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        """Write an answer from memory, unless others wait before it; leave the rest to a task."""
        is_free = cycle.keep_alive and not self.pipeline and not self.flow.write_paused
        memory = app if is_free and isinstance(app, KeptAnswers) else None
        kept = None if memory is None else memory.at_once(cast("Scope", cycle.scope))
        if kept is None:
            super()._start_asgi_task(cycle, app)
        else:
            self._write_at_once(cycle, *kept)

    def _write_at_once(self, cycle: RequestResponseCycle, answer: Whole, request: bytes) -> None:
        head = [STATUS_LINE[answer.status]]
        head += [name + b": " + text + b"\r\n" for name, text in cycle.default_headers]
        rest = (answer.lines, ID_FIELD, b": ", request, b"\r\n\r\n", answer.body)
        self.transport.write(b"".join((*head, *rest)))
        cycle.response_started = cycle.response_complete = True
        cycle.on_response()

    @override
    def pause_writing(self) -> None:
        """Begin to wait for a reader who does not take what is ready."""
        super().pause_writing()
        self._start_writing()

    @override
    def resume_writing(self) -> None:
        """Stop waiting: the reader took a part."""
        self._stop_writing()
        super().resume_writing()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all waiting."""
        self._stop_head()
        self._stop_writing()
        super().connection_lost(exc)

    @override
    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection; one that does not take the end of its answer is aborted."""
        super().timeout_keep_alive_handler()
        self._start_writing()

    @property
    def _is_answered(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    @property
    def _stall_s(self) -> float:
        return float(self.app_state.get(STALL_S, USUAL_STALL_S))

    def _start_head(self) -> None:
        self._head = self._head or self.loop.call_later(self._stall_s, self.transport.abort)
        self._silent.setdefault(self, None)

    def _start_writing(self) -> None:
        if self._writing is None:
            self._look_later(self._untaken_bytes())

    def _look_later(self, untaken_bytes: int) -> None:
        self._writing = self.loop.call_later(self._stall_s, self._look, untaken_bytes)

    def _look(self, untaken_before: int) -> None:
        untaken = self._untaken_bytes()
        if untaken < untaken_before:
            self._look_later(untaken)
        else:
            self.transport.abort()

    def _untaken_bytes(self) -> int:
        """Count what waits here and in the system's buffer.

        The system takes more in large steps only; its own buffer shows that a slow reader reads.
        """
        waiting = bytearray(4)
        with contextlib.suppress(OSError, ValueError, AttributeError):
            opened = self.transport.get_extra_info("socket")
            fcntl.ioctl(opened.fileno(), termios.TIOCOUTQ, waiting)
        in_system = int.from_bytes(waiting, sys.byteorder)
        return self.transport.get_write_buffer_size() + in_system

    def _stop_head(self) -> None:
        self._silent.pop(self, None)
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _stop_writing(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None
