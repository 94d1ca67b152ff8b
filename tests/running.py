"""Run a coroutine of a test, also in a process where a browser's driver holds an event loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from anyio.from_thread import start_blocking_portal

T = TypeVar("T")


def run_async(function: Callable[..., Awaitable[T]], *arguments: object) -> T:
    """Run it to its end on an event loop in a thread of its own."""
    with start_blocking_portal() as portal:
        return portal.call(function, *arguments)
