"""Wait until something is so: a machine with other work is slow."""

from __future__ import annotations

import time
from collections.abc import Callable

WAIT_S = 60.0


def until(
    is_so: Callable[[], bool], seconds: float = WAIT_S, fault: str = "it never came to be so"
) -> float:
    """Ask again and again, and fail after these seconds; return how long it took."""
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < seconds, fault
        time.sleep(0.02)
    return time.monotonic() - began
