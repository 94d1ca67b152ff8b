"""Readings of files from outside: each in a process of its own, with limits, which ends with it.

A file can make a decoder loop, fill the memory or crash. Then its reading ends and nothing else:
who asked gets one sentence. A process that has imported the program and opened nothing, the
template, forks for each reading. So a reading begins within milliseconds, and gets no record, no
lock and no connection of the service.
"""

from __future__ import annotations

import contextlib
import gc
import io
import logging
import math
import multiprocessing
import os
import pickle
import resource
import select
import signal
import socket
import struct
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Lock
from typing import NamedTuple, NoReturn, TypeVar, TypeVarTuple, cast

from typing_extensions import override

from app.domain.errors import Busy, InvalidFile, StrikemapError

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

LOG = logging.getLogger("strikemap.reading")
MB = 1 << 20
LARGE_BYTES = 32 * MB
"""From this size on a command, too, reads in a second process: it takes a second to start."""

BATCH = 500
"""Parts of an answer that travel together."""

OPEN_FILES, NICENESS = 256, 10
ENDED_FIRST = "1000"
"""A machine without memory ends a reading before anything else."""

IDLE_MS = 60_000
"""A template that was started from nothing ends after so long without an order."""

LONGEST_NAME = 200
TO_SAY_SO = 64 * MB
"""What a reading that needs too much memory gets to say that."""

FIRST_FD, LAST_FD = 3, 1 << 20
"""Descriptors after those of input, output and faults."""

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


class _Order(NamedTuple):
    """What a process is to do, with which limits, and where it may leave files."""

    work: Callable[..., object]
    arguments: tuple[object, ...]
    is_many: bool
    limits: Limits
    seconds: float
    folder: str


class _Answer(NamedTuple):
    """Some parts of the work's answer, or why there are no more; without both it is complete."""

    parts: Sequence[object] = ()
    error: Exception | None = None
    fault: str = ""
    needs_memory: bool = False


class Readings:
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
class LimitedReadings(Readings):
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
                _fork_for_readings(theirs)
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
            order = _Order(work, arguments, is_many, self.limits, seconds, folder)
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

    def _received(self, pipe: Connection, file: OutsideFile, seconds: float) -> _Answer:
        limits, most_s = self.limits, self.limits.seconds_for(file)
        most = f"{limits.memory_bytes // MB:,} MB"
        try:
            _wait_at_most(pipe, seconds)
            answer = _answer_in(pipe.recv_bytes())
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


def _answer_in(content: bytes) -> _Answer:
    """Read an answer; the process that wrote it may have been taken over by a file.

    Raises:
        UnpicklingError: it is none.
    """
    try:
        answer = _Plain(io.BytesIO(content)).load()
    except Exception as wrong:
        LOG.warning("a reading answered with what is no answer: %s", wrong)
        raise pickle.UnpicklingError from wrong
    if not isinstance(answer, _Answer):
        raise pickle.UnpicklingError
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


def _channel() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def _new_template() -> socket.socket:
    """Start a template from nothing: a process that has threads by now cannot be forked safely."""
    ours, theirs = _channel()
    with theirs:
        fresh = multiprocessing.get_context("spawn")
        arguments = (theirs, IDLE_MS)
        fresh.Process(target=_fork_for_readings, args=arguments, daemon=True).start()
    return ours


def _fork_for_readings(control: socket.socket, idle_ms: int | None = None) -> NoReturn:
    """Fork for each order until the service ends, and end each reading that nobody waits for."""
    try:
        signal.set_wakeup_fd(-1)  # that of the service's event loop
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _close_all_but(control.fileno())
        gc.disable()
        _serve_orders(control, idle_ms)
    except BaseException:
        LOG.exception("no more files can be read")
    finally:
        os._exit(0)


def _serve_orders(control: socket.socket, idle_ms: int | None) -> None:
    waiting, numbers, is_open = select.poll(), dict[int, int](), True
    waiting.register(control, select.POLLIN)
    while is_open or numbers:
        events = waiting.poll(idle_ms)
        if not events and not numbers:
            control.shutdown(socket.SHUT_RD)  # an order that is on its way is still read
        for descriptor, _event in events:
            if descriptor in numbers:  # nobody holds the other end of its leash any more
                waiting.unregister(descriptor)
                os.close(descriptor)
                _end(numbers.pop(descriptor))
                continue
            module, descriptors, *_ = socket.recv_fds(control, LONGEST_NAME, 2)
            if not module:
                waiting.unregister(control)
                is_open = False
                continue
            pipe, leash = descriptors
            import_module(module.decode())  # once, and not in each fork
            if (number := os.fork()) == 0:
                _become_reading(pipe)
            os.close(pipe)
            numbers[leash] = number
            waiting.register(leash, 0)  # only that it was closed


def _end(number: int) -> None:
    """End a reading with all its processes; it stays a child of ours, so the number is its own."""
    for kill in (os.killpg, os.kill):  # it may not have a group yet
        with contextlib.suppress(ProcessLookupError):
            kill(number, signal.SIGKILL)
    _number, status = os.waitpid(number, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) != signal.SIGKILL:
        LOG.warning("a reading ended by %s", signal.Signals(os.WTERMSIG(status)).name)


def _close_all_but(descriptor: int) -> None:
    os.closerange(FIRST_FD, descriptor)
    os.closerange(descriptor + 1, LAST_FD)


def _become_reading(number: int) -> NoReturn:
    """Do one order in this process, and end it."""
    try:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _close_all_but(number)
        pipe = Connection(number)
        order: _Order = pickle.loads(pipe.recv_bytes())  # noqa: S301  the service's own
        _limit(order)
        for answer in _answers(order):
            pipe.send_bytes(pickle.dumps(answer))
    except (BrokenPipeError, EOFError):
        pass  # nobody waits for it any more
    finally:
        os._exit(0)


def _limit(order: _Order) -> None:
    """Bound this process: its limits can only become lower from here on."""
    tempfile.tempdir = order.folder
    os.environ["TMPDIR"] = os.environ["CPL_TMPDIR"] = order.folder
    limits, most = order.limits, {resource.RLIMIT_CORE: 0}
    if not math.isinf(order.seconds):
        most[resource.RLIMIT_CPU] = math.ceil(order.seconds) + 1
        most[resource.RLIMIT_NOFILE] = OPEN_FILES
        os.nice(NICENESS)
    if limits.written_bytes:
        most[resource.RLIMIT_FSIZE] = limits.written_bytes
    for kind, number in most.items():
        resource.setrlimit(kind, (number, number))
    if limits.memory_bytes:
        memory = _address_bytes() + limits.memory_bytes
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory + TO_SAY_SO))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(ENDED_FIRST, "ascii")


def _address_bytes() -> int:
    """Return the address space that this process has; 0 where nobody says it."""
    with contextlib.suppress(OSError):
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
        return pages * os.sysconf("SC_PAGE_SIZE")
    return 0


def _answers(order: _Order) -> Iterator[_Answer]:
    """Do the work and yield its answer in parts; the last one says how it ended."""
    try:
        answer = order.work(*order.arguments)
        parts = iter(answer) if order.is_many and isinstance(answer, Iterable) else iter([answer])
        while batch := list(islice(parts, BATCH)):
            yield _Answer(batch)
    except MemoryError:
        resource.setrlimit(resource.RLIMIT_AS, (resource.getrlimit(resource.RLIMIT_AS)[1],) * 2)
        yield _Answer(needs_memory=True)
    except (StrikemapError, OSError) as wrong:
        yield _Answer(error=wrong)
    except Exception:  # noqa: BLE001  a fault of ours: the service logs it
        yield _Answer(fault=traceback.format_exc())
    else:
        yield _Answer()
