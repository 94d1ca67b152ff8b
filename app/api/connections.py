"""Connections that take or send nothing for too long are closed."""

from __future__ import annotations

import asyncio

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

STALL_S = "stall_s"
"""Where the state of the application says how many seconds a connection may stall."""

USUAL_STALL_S = 30.0


class BoundedConnection(HttpToolsProtocol):
    """An HTTP connection with a bound on the time to send a head and to take an answer.

    uvicorn waits without a bound for both. An aborted connection looks to the application like a
    reader who left, so that whatever the answer used is given back.
    """

    _head: asyncio.TimerHandle | None = None
    _writing: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the head of the first request."""
        super().connection_made(transport)
        self._head = self._abort_later()

    @override
    def on_message_begin(self) -> None:
        """Wait for the head of a request, on a connection that had one before."""
        super().on_message_begin()
        self._head = self._head or self._abort_later()

    @override
    def on_headers_complete(self) -> None:
        """Stop waiting for the head."""
        self._stop_head()
        super().on_headers_complete()

    @override
    def pause_writing(self) -> None:
        """Begin to wait for a reader who does not take what is ready."""
        super().pause_writing()
        self._writing = self._writing or self._abort_later()

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
        self._writing = self._writing or self._abort_later()

    def _abort_later(self) -> asyncio.TimerHandle:
        return self.loop.call_later(
            self.app_state.get(STALL_S, USUAL_STALL_S), self.transport.abort
        )

    def _stop_head(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _stop_writing(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None
