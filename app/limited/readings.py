"""Readings of files from outside: each in a process of its own, with limits, which ends with it.

A file can make a decoder loop, fill the memory or crash. Then its reading ends and nothing else:
who asked gets one sentence. A process that has imported the program and opened nothing, the
template, forks for each reading. So a reading begins within milliseconds, and gets no record, no
lock and no connection of the service.
"""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import os
import pickle
import signal
import socket
import struct
import tempfile
import time
import warnings
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from threading import Lock
from typing import TypeVar, TypeVarTuple, cast

from typing_extensions import override

from app.domain.errors import Busy, InvalidFile
from app.limited.orders import MB, UNLIMITED, Limits, Order, OutsideFile, ReadingAnswer, answer_in
from app.limited.template import fork_for_readings

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

LARGE_BYTES = 32 * MB
"""From this size on a command, too, reads in a second process: it takes a second to start."""

IDLE_MS = 60_000
"""A template that was started from nothing ends after so long without an order."""


class FileReadings:
    """Reads in this process: what a command does with the files of whoever runs it.

    A service has `LimitedReadings`. Work is a function of a module; where another process does it,
    its arguments and its answers are copied.
    """

    def run(self, file: OutsideFile, work: Callable[[*Ts], T], *args: *Ts) -> T:
        """Return what the work on a file returns.

        Raises:
            StrikemapError: of the work.
            InvalidFile: the file needs more than the limits.
        """
        del file
        return work(*args)

    def stream(
        self, file: OutsideFile, work: Callable[[*Ts], Iterator[T]], *args: *Ts
    ) -> Iterator[T]:
        """Yield what the work on a file yields; see `run`.

        Of a large file another process makes the parts while this one uses them.
        """
        if file.size_bytes >= LARGE_BYTES:
            return _in_second_process(file, work, *args)
        return work(*args)


def _in_second_process(
    file: OutsideFile, work: Callable[[*Ts], Iterator[T]], *args: *Ts
) -> Iterator[T]:
    with contextlib.closing(LimitedReadings()) as readings:
        yield from readings.stream(file, work, *args)


@dataclass(eq=False)
class LimitedReadings(FileReadings):
    """Reads each file in a process of its own, within limits."""

    limits: Limits = UNLIMITED
    _template: socket.socket | None = None
    _lock: Lock = field(default_factory=Lock)

    @classmethod
    def forked(cls, limits: Limits) -> LimitedReadings:
        """Make the template from this process, before it has opened anything or has threads."""
        ours, theirs = _channel()
        with warnings.catch_warnings(), theirs:
            warnings.simplefilter("ignore", DeprecationWarning)  # threads of NumPy, which ended
            if os.fork() == 0:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it ends when the service has ended
                fork_for_readings(theirs)
        return cls(limits, ours)

    @override
    def run(self, file: OutsideFile, work: Callable[[*Ts], T], *args: *Ts) -> T:
        with contextlib.closing(self._parts(file, work, args, is_many=False)) as parts:
            return cast("T", next(parts))

    @override
    def stream(
        self, file: OutsideFile, work: Callable[[*Ts], Iterator[T]], *args: *Ts
    ) -> Iterator[T]:
        return cast("Iterator[T]", self._parts(file, work, args, is_many=True))

    def close(self) -> None:
        """End the template; another reading would start it anew."""
        with self._lock:
            if self._template is not None:
                self._template.close()
                self._template = None

    def _parts(
        self,
        file: OutsideFile,
        work: Callable[..., object],
        arguments: tuple[object, ...],
        *,
        is_many: bool,
    ) -> Generator[object]:
        """Yield the parts of an answer; the process ends when the caller takes no more."""
        seconds = self.limits.seconds_for(file)
        with self._process(work.__module__) as (pipe, folder):
            order = Order(work, arguments, is_many, self.limits, seconds, folder)
            with contextlib.suppress(BrokenPipeError):  # it has ended, and that is met below
                pipe.send_bytes(pickle.dumps(order))
            while True:
                began = time.monotonic()
                answer = self._received(pipe, file, seconds)
                seconds -= time.monotonic() - began  # the caller's own time is not the file's
                if answer.error is not None:
                    raise answer.error
                if answer.fault:
                    raise RuntimeError(answer.fault)
                if not answer.parts:
                    return
                yield from answer.parts

    @contextlib.contextmanager
    def _process(self, module: str) -> Iterator[tuple[Connection, str]]:
        """Fork a process; it and what it left in its folder are gone after the block."""
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="strikemap-"))
            ours, theirs = socket.socketpair()
            pipe = stack.enter_context(Connection(ours.detach()))
            leash, end = os.pipe()
            stack.callback(_wait_for_end, pipe)
            stack.callback(os.close, end)
            try:
                self._order_fork(module, theirs.fileno(), leash)
            finally:
                theirs.close()
                os.close(leash)
            yield pipe, folder

    def _order_fork(self, module: str, *descriptors: int) -> None:
        """Let the template fork with a module; one that has ended is started from nothing."""
        for _attempt in range(2):
            with self._lock:
                if self._template is None:
                    self._template = _new_template()
                try:
                    socket.send_fds(self._template, [module.encode()], descriptors)
                except OSError:
                    self._template.close()
                    self._template = None
                else:
                    return
        raise Busy("No process can read the file now; ask again in a few seconds.")

    def _received(self, pipe: Connection, file: OutsideFile, seconds: float) -> ReadingAnswer:
        limits, most_s = self.limits, self.limits.seconds_for(file)
        most = f"{limits.memory_bytes // MB:,} MB"
        try:
            _wait_at_most(pipe, seconds)
            answer = answer_in(pipe.recv_bytes())
        except BlockingIOError as wrong:
            allowed = f"at most {most_s:,.0f} s for a file of its size"
            got = f"more than {most_s:,.0f} s"
            raise InvalidFile(f"time to read {file.name}", got, allowed) from wrong
        except (OSError, EOFError, pickle.UnpicklingError) as wrong:
            allowed = "a file that can be read"
            if limits.memory_bytes:
                allowed += f" within {most_s:,.0f} s and {most}"
            raise InvalidFile(f"reading of {file.name}", "a crash", allowed) from wrong
        if answer.needs_memory:
            where = f"memory to read {file.name}"
            raise InvalidFile(where, f"more than {most}", f"at most {most}")
        return answer


def _wait_at_most(pipe: Connection, seconds: float) -> None:
    """Let the next read of a pipe fail after some seconds, also between two bytes of an answer."""
    if not math.isinf(seconds):
        micros = max(int(seconds * 1e6), 1)
        with socket.socket(fileno=os.dup(pipe.fileno())) as end:
            wait = struct.pack("ll", *divmod(micros, 1_000_000))
            end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, wait)


def _wait_for_end(pipe: Connection) -> None:
    """Wait until a process that was ended has closed its side of a pipe."""
    with contextlib.suppress(OSError, EOFError):
        _wait_at_most(pipe, 1.0)
        while os.read(pipe.fileno(), MB):
            pass


def _channel() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def _new_template() -> socket.socket:
    """Start a template from nothing: a process that has threads by now cannot be forked safely."""
    ours, theirs = _channel()
    with theirs:
        fresh = multiprocessing.get_context("spawn")
        arguments = (theirs, IDLE_MS)
        fresh.Process(target=fork_for_readings, args=arguments, daemon=True).start()
    return ours
