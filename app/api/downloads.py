"""Files that are made while they are sent: each gives back what it uses, whatever its reader does.

A reader who takes nothing must not keep others from their files: such a download ends when another
needs its place.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field

import anyio
from anyio import CancelScope
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send
from typing_extensions import override

from app.api.lanes import Lane
from app.domain.errors import Busy
from app.exporters.pieces import PIECE_BYTES

LOG = logging.getLogger("strikemap.downloads")
AT_ONCE = 8
"""Downloads that one process makes at once: each has a batch in memory, and some a file."""

GIVES_WAY_AFTER_S = 5.0
"""A download whose reader took no piece for so long ends if another needs its place."""

CLEANING_S = 3.0
"""Seconds that a stopping process waits for downloads to give back what they use."""


@dataclass
class Downloads:
    """The downloads of one process; used on its event loop only."""

    lane: Lane
    _current: set[Download] = field(default_factory=set)

    def enter(self, download: Download) -> None:
        """Give a download a place, if needed that of a reader who takes nothing.

        Raises:
            Busy: all places are in use, by readers who read.
        """
        if len(self._current) >= AT_ONCE:
            self._end_stalled()
        if len(self._current) >= AT_ONCE:
            raise Busy(f"{AT_ONCE} files are being made for others; ask again in half a minute.")
        self._current.add(download)

    def leave(self, download: Download) -> None:
        """Take the place of a download back."""
        self._current.discard(download)

    async def ended(self) -> None:
        """Wait until none is left, for some seconds at most."""
        with anyio.move_on_after(CLEANING_S):
            for download in list(self._current):
                await download.ended.wait()

    def _end_stalled(self) -> None:
        longest = max(self._current, key=lambda download: download.stalled_s)
        if longest.ending is not None and longest.stalled_s >= GIVES_WAY_AFTER_S:
            LOG.warning("a download ended: its reader took nothing for %.0f s", longest.stalled_s)
            longest.ending.cancel()
            self.leave(longest)


class Download(StreamingResponse):
    """An answer whose pieces are made in the lane of its kind while it is sent."""

    def __init__(
        self,
        pieces: Generator[bytes],
        downloads: Downloads,
        headers: Mapping[str, str],
        media_type: str,
    ) -> None:
        super().__init__((), 200, headers, media_type)
        self.ending: CancelScope | None = None
        self.ended = anyio.Event()
        self._pieces, self._downloads = pieces, downloads
        self._sending_since: float | None = None

    @property
    def stalled_s(self) -> float:
        """How long the reader has taken nothing of what is ready, in seconds."""
        return 0.0 if self._sending_since is None else time.monotonic() - self._sending_since

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file; the place, the pieces and their folder are given back in any case.

        Raises:
            Busy: all places are in use.
        """

        async def watched(message: Message) -> None:
            self._sending_since = time.monotonic()
            await send(message)
            self._sending_since = None

        self._downloads.enter(self)
        try:
            with CancelScope() as self.ending:
                await super().__call__(scope, receive, watched)
        finally:
            try:
                with CancelScope(shield=True):
                    await self._downloads.lane.step(self._pieces.close)
            finally:
                self._downloads.leave(self)
                self.ended.set()

    def _next(self) -> bytes | None:
        return next(self._pieces, None)

    @override
    async def stream_response(self, send: Send) -> None:
        """Send piece by piece; each is made when the one before it was taken.

        The first is made before the answer begins: until then a fault can still be answered.
        """
        piece = await self._downloads.lane.step(self._next)
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        while piece is not None:
            for first in range(0, len(piece), PIECE_BYTES):
                part = piece[first : first + PIECE_BYTES]
                await send({"type": "http.response.body", "body": part, "more_body": True})
            piece = await self._downloads.lane.step(self._next)
        await send({"type": "http.response.body", "body": b"", "more_body": False})
