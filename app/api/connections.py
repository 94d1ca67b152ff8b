"""Connections that take or send nothing for too long are closed."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import resource
import sys
import termios
from functools import lru_cache
from typing import ClassVar

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

STALL_S = "stall_s"
"""Where the state of the application says how many seconds a connection may stall."""

USUAL_STALL_S = 30.0
RESERVED = 256


@lru_cache(maxsize=1)
def most_connections() -> int:
    """Return how many connections this process may have; a quarter of its files is for others."""
    files, _most = resource.getrlimit(resource.RLIMIT_NOFILE)
    return files - min(RESERVED, files // 4)


class BoundedConnection(HttpToolsProtocol):
    """An HTTP connection with a bound on the time to send a head and to take an answer.

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
        """Wait for the head of a request, on a connection that had one before."""
        # uvicorn ends its own wait for the next request at any byte, even at an empty line.
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete:
            self._start_head()
        super().data_received(data)

    @override
    def on_message_begin(self) -> None:
        """Wait for the head of a request that is sent while the one before it is answered."""
        super().on_message_begin()
        self._start_head()

    @override
    def on_headers_complete(self) -> None:
        """Stop waiting for the head."""
        self._stop_head()
        super().on_headers_complete()

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
