"""An application that keeps 20 MB of each request, for a process of its own."""

from __future__ import annotations

import os

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

KEPT = list[bytes]()
EACH_BYTES = 20 << 20


async def growing(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the number of this process."""
    if scope["type"] == "http":
        KEPT.append(os.urandom(1 << 20) * (EACH_BYTES >> 20))
        await PlainTextResponse(str(os.getpid()))(scope, receive, send)


def make() -> ASGIApp:
    """Return the application."""
    return growing
