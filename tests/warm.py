"""Commands that need not import the program first: each is a fork of a process that has done so.

`python -m app.cli` spends most of a second on imports, and the tests run many hundred commands.
A fork is a process like any other, with a number, signals, an exit code, files and locks of its
own. tests/test_startup.py, tests/cli/test_program.py and tests/test_wheel.py start it from nothing.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import json
import os
import pkgutil
import runpy
import selectors
import signal
import socket
import struct
import subprocess
import sys
import threading
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, Any, NoReturn

ROOT = Path(__file__).resolve().parent.parent
MESSAGE_BYTES = 1 << 17
NUMBER = struct.Struct("i")


@dataclass
class Forked:
    """A command that runs; it has of `subprocess.Popen` what tests use."""

    pid: int
    _end: socket.socket
    returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, or nothing while it runs."""
        with contextlib.suppress(TimeoutError):
            return self.wait(timeout=0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended, and return its exit code; that of a signal is below zero.

        Raises:
            TimeoutError: it still runs after so many seconds.
        """
        if self.returncode is None:
            try:
                self._end.settimeout(timeout)
                self.returncode = _number(self._end)
            except BlockingIOError as early:
                raise TimeoutError from early
            self._end.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


def start(
    words: list[str],
    variables: dict[str, str],
    out: IO[Any],
    faults: IO[Any],
    folder: Path = ROOT,
) -> Forked:
    """Start a command with these words and variables in a folder; it writes to these files."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        files = [theirs.fileno(), out.fileno(), faults.fileno()]
        message = {"words": words, "variables": variables, "folder": str(folder)}
        socket.send_fds(_forker(), [json.dumps(message).encode()], files)
    return Forked(_number(ours), ours)


@cache
def _forker() -> socket.socket:
    """Start the process that forks, once; it ends with this process."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        number = theirs.fileno()
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.warm", str(number)],
            cwd=ROOT,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # what forks has one thread
            pass_fds=[number],
        )

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def _number(end: socket.socket) -> int:
    said = end.recv(NUMBER.size)
    if not said:
        raise RuntimeError("the process that forks commands has ended")
    return int(NUMBER.unpack(said)[0])


def _fork_for(control: socket.socket) -> list[str] | None:
    """Fork for every message; return the words of the command in a fork, and nothing at the end."""
    with selectors.DefaultSelector() as waiting:
        waiting.register(control, selectors.EVENT_READ)
        ends: dict[int, socket.socket] = {}
        while True:
            for key, _ in waiting.select():
                if key.fileobj is not control:
                    _, status = os.waitpid(key.data, 0)
                    with ends.pop(key.data) as end, contextlib.suppress(BrokenPipeError):
                        end.send(NUMBER.pack(os.waitstatus_to_exitcode(status)))
                    waiting.unregister(key.fileobj)
                    os.close(key.fd)
                    continue
                message, files, *_ = socket.recv_fds(control, MESSAGE_BYTES, 3)
                if not message:
                    return None
                end_number, *outputs = files
                pid = os.fork()
                if pid == 0:
                    os.close(end_number)
                    for other in (control, *ends.values()):
                        other.close()
                    return _become(json.loads(message), outputs)
                for number in outputs:
                    os.close(number)
                ends[pid] = socket.socket(fileno=end_number)
                ends[pid].send(NUMBER.pack(pid))
                waiting.register(os.pidfd_open(pid), selectors.EVENT_READ, pid)


def _become(message: dict[str, object], outputs: list[int]) -> list[str]:
    """Take a command's variables and files, and return its words."""
    for number, own in zip(outputs, (1, 2), strict=True):
        os.dup2(number, own)
        os.close(number)
    variables, words = message["variables"], message["words"]
    assert isinstance(variables, dict)
    assert isinstance(words, list)
    os.chdir(str(message["folder"]))
    os.environ.clear()
    os.environ.update(variables)
    return words


def _serve(number: int) -> None:
    """Import the program, fork for each message, and run its command in the fork."""
    import app.cli  # noqa: PLC0415  a test that sends messages needs none of it

    for module in pkgutil.iter_modules(app.cli.__path__, "app.cli."):
        if module.name != "app.cli.__main__":
            import_module(module.name)
    import_module("app.main")
    gc.freeze()
    words = _fork_for(socket.socket(fileno=number))
    if words is not None:
        _run(words)


def _run(words: list[str]) -> NoReturn:
    """Run a command as `python -m app.cli` does.

    At its end what the command made is freed, as it is there, so that its record is closed; the
    modules stay as they are, since to take them apart would take longer than most commands.
    """
    sys.argv, code = ["", *words], 0
    try:
        runpy.run_module("app.cli", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    gc.collect()
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
