"""The template: a process that has opened nothing, and forks for each reading; and the reading."""

from __future__ import annotations

import contextlib
import gc
import logging
import math
import os
import pickle
import resource
import select
import signal
import socket
import tempfile
import traceback
from collections.abc import Iterable, Iterator
from importlib import import_module
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NoReturn

from app.domain.errors import StrikemapError
from app.limited.orders import MB, Order, ReadingAnswer

LOG = logging.getLogger("strikemap.reading")
BATCH = 500
"""Parts of an answer that travel together."""

OPEN_FILES, NICENESS = 256, 10
ENDED_FIRST = "1000"
"""A machine without memory ends a reading before anything else."""

LONGEST_NAME = 200
TO_SAY_SO = 64 * MB
"""What a reading that needs too much memory gets to say that."""

FIRST_FD, LAST_FD = 3, 1 << 20
"""Descriptors after those of input, output and faults."""


def fork_for_readings(control: socket.socket, idle_ms: int | None = None) -> NoReturn:
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
        order: Order = pickle.loads(pipe.recv_bytes())  # noqa: S301  the service's own
        _limit(order)
        for answer in _answers(order):
            pipe.send_bytes(pickle.dumps(answer))
    except (BrokenPipeError, EOFError):
        pass  # nobody waits for it any more
    finally:
        os._exit(0)


def _limit(order: Order) -> None:
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


def _answers(order: Order) -> Iterator[ReadingAnswer]:
    """Do the work and yield its answer in parts; the last one says how it ended."""
    try:
        answer = order.work(*order.arguments)
        parts = iter(answer) if order.is_many and isinstance(answer, Iterable) else iter([answer])
        while batch := list(islice(parts, BATCH)):
            yield ReadingAnswer(batch)
    except MemoryError:
        resource.setrlimit(resource.RLIMIT_AS, (resource.getrlimit(resource.RLIMIT_AS)[1],) * 2)
        yield ReadingAnswer(needs_memory=True)
    except (StrikemapError, OSError) as wrong:
        yield ReadingAnswer(error=wrong)
    except Exception:  # noqa: BLE001  a fault of ours: the service logs it
        yield ReadingAnswer(fault=traceback.format_exc())
    else:
        yield ReadingAnswer()
