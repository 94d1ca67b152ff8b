"""What travels between a service and a reading: an order one way, answers the other."""

from __future__ import annotations

import io
import logging
import math
import pickle
from collections.abc import Callable, Sequence
from typing import NamedTuple

from typing_extensions import override

LOG = logging.getLogger("strikemap.reading")
MB = 1 << 20
PLAIN_MODULES = frozenset({"datetime", "pathlib", "pathlib._local", "uuid"})
"""Modules of the library whose classes an answer may have."""

REBUILD = ("msgspec._utils", "rebuild")
"""Makes a Struct from its class and its fields by name."""


class OutsideFile(NamedTuple):
    """A file from outside: what messages call it, and its size."""

    name: str
    size_bytes: int


class Limits(NamedTuple):
    """What one reading may use: the time grows with the file, the memory is beside the program's.

    The time is that of waiting for it, and that of the processor.
    """

    seconds: float = math.inf
    seconds_a_mb: float = 0.0
    memory_bytes: int = 0
    """0 for any."""

    written_bytes: int = 0
    """The size of a file that it writes; 0 for any."""

    def seconds_for(self, file: OutsideFile) -> float:
        """Return the time for a file."""
        return self.seconds + self.seconds_a_mb * file.size_bytes / MB


UNLIMITED = Limits()


class Order(NamedTuple):
    """What a process is to do, with which limits, and where it may leave files."""

    work: Callable[..., object]
    arguments: tuple[object, ...]
    is_many: bool
    limits: Limits
    seconds: float
    folder: str


class ReadingAnswer(NamedTuple):
    """Some parts of the work's answer, or why there are no more; without both it is complete."""

    parts: Sequence[object] = ()
    error: Exception | None = None
    fault: str = ""
    needs_memory: bool = False


def answer_in(content: bytes) -> ReadingAnswer:
    """Read an answer; the process that wrote it may have been taken over by a file.

    Raises:
        UnpicklingError: it is none.
    """
    try:
        answer = _Plain(io.BytesIO(content)).load()
    except Exception as wrong:
        LOG.warning("a reading answered with what is no answer: %s", wrong)
        raise pickle.UnpicklingError from wrong
    if not isinstance(answer, ReadingAnswer):
        raise pickle.UnpicklingError
    return answer


class _Plain(pickle.Unpickler):
    """Takes only our own classes, and the library's plainest, from a process that may be hostile.

    What unpickles others runs whatever they name.
    """

    @override
    def find_class(self, module: str, name: str) -> object:
        """Find a class.

        Raises:
            UnpicklingError: it is none of those.
        """
        if (module, name) == REBUILD:
            return super().find_class(module, name)
        if module.partition(".")[0] == "app" or module in PLAIN_MODULES or module == "builtins":
            kind = super().find_class(module, name)
            if isinstance(kind, type) and kind.__module__ == module:
                is_ours = module != "builtins" or issubclass(kind, (OSError, frozenset))
                if is_ours:
                    return kind
        raise pickle.UnpicklingError(f"{module}.{name}")
