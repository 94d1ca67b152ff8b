"""A real service in a process of its own, on a free port of this machine, that stops by itself."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Protocol

import httpx
from typing_extensions import override

from tests import warm
from tests.making import ROOT

START_S, ANSWER_S = 120.0, 60.0
"""After this long a service hangs: beside a busy core it is slow, and the tests wait for it."""

PROGRAM = [sys.executable, "-m", "app.cli"]
UNLIMITED = {"STRIKEMAP_RATE": "0", "STRIKEMAP_RATE_HEAVY": "0"}
"""Tests and measurements send more in a minute than a reader does, from one address."""


class _Process(Protocol):
    """A program that runs, as `subprocess.Popen` and `warm.Forked` have it."""

    pid: int

    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def terminate(self) -> None: ...


@dataclass(frozen=True)
class Service:
    """A running service and a client for it."""

    url: str
    client: httpx.Client
    data_dir: Path
    pid: int


def free_port() -> int:
    """Ask the system for a port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command(
    data_dir: Path, *words: str, folder: Path = ROOT, **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run a strikemap command on some data, with settings by their names in capitals."""
    variables = {**environment(data_dir), **settings}
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as faults:
        code = warm.start(list(words), variables, out, faults, folder).wait()
        for file in (out, faults):
            file.seek(0)
        return subprocess.CompletedProcess(list(words), code, out.read(), faults.read())


def started_command(data_dir: Path, *words: str) -> warm.Forked:
    """Start a command and leave it running; nobody reads what it says."""
    with Path(os.devnull).open("w") as nowhere:
        return warm.start(list(words), environment(data_dir), nowhere, nowhere)


def cold_command(data_dir: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run it in an interpreter of its own, which imports it and has an order of sets of its own."""
    return subprocess.run(
        [*PROGRAM, *words],
        cwd=ROOT,
        env=environment(data_dir),
        capture_output=True,
        text=True,
        check=False,
    )


def token(data_dir: Path, role: str, *words: str) -> dict[str, str]:
    """Make a token of a role, and return the header that sends it."""
    done = command(data_dir, "token", "create", role, "--role", role, "--json", *words)
    return {"Authorization": f"Bearer {json.loads(done.stdout)['token']}"}


def environment(data_dir: Path) -> dict[str, str]:
    """Give a command this data and no other settings."""
    others = {
        name: value for name, value in os.environ.items() if not name.startswith("STRIKEMAP_")
    }
    return {**others, "STRIKEMAP_DATA_DIR": str(data_dir)}


@contextlib.contextmanager
def serving(data_dir: Path, *options: str, **settings: str) -> Iterator[Service]:
    """Run `strikemap serve` until the block ends, with settings by their names in capitals."""
    variables = {**environment(data_dir), **UNLIMITED, **settings}

    def start(words: list[str], log: IO[str]) -> warm.Forked:
        with Path(os.devnull).open("w") as nowhere:
            return warm.start(words, variables, nowhere, log)

    with _answering(start, data_dir, *options) as service:
        yield service


@contextlib.contextmanager
def cold_serving(data_dir: Path, *options: str) -> Iterator[Service]:
    """Run it in an interpreter of its own, whose time and memory can be measured."""
    variables = {**environment(data_dir), **UNLIMITED}
    with started(PROGRAM, ROOT, variables, data_dir, *options) as service:
        yield service


@contextlib.contextmanager
def started(
    program: list[str], folder: Path, variables: dict[str, str], data_dir: Path, *options: str
) -> Iterator[Service]:
    """Run a program's `serve` in a folder, with these variables alone, until the block ends."""

    def start(words: list[str], log: IO[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*program, *words], cwd=folder, env=variables, stdout=subprocess.DEVNULL, stderr=log
        )

    with _answering(start, data_dir, *options) as service:
        yield service


@contextlib.contextmanager
def _answering(
    start: Callable[[list[str], IO[str]], _Process], data_dir: Path, *options: str
) -> Iterator[Service]:
    """Start a service, wait until it answers, and end it when the block ends.

    It listens on the port that `--port` names, else on any.
    """
    named = options.index("--port") + 1 if "--port" in options else None
    port = free_port() if named is None else int(options[named])
    log = data_dir.with_suffix(f".{port}.log")  # a pipe that nobody reads would stop the service
    with log.open("w") as written:
        process = start(["serve", "--port", str(port), "--workers", "1", *options], written)
    url = f"http://127.0.0.1:{port}"
    try:
        with httpx.Client(base_url=url, timeout=ANSWER_S) as client:
            _wait(client, process, log)
            yield Service(url, client, data_dir, process.pid)
    finally:
        process.terminate()
        process.wait(timeout=ANSWER_S)


def _wait(client: httpx.Client, process: _Process, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(log.read_text("utf-8"))
        with contextlib.suppress(httpx.TransportError):
            if client.get("/readyz").status_code == httpx.codes.OK:
                return
        time.sleep(0.02)
    raise RuntimeError("the service did not start in time")


@contextlib.contextmanager
def hosting(html: str) -> Iterator[str]:
    """Serve one page as another site would, on this machine, until the block ends."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(html.encode())

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    server = HTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/report.html"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class TileHost:
    """A tile service on this machine: its address, and what was asked of it."""

    url: str
    paths: list[str] = field(default_factory=list)
    referrers: list[str | None] = field(default_factory=list)

    @property
    def template(self) -> str:
        """Its address as an operator writes it."""
        return f"{self.url}/{{TileMatrix}}/{{TileRow}}/{{TileCol}}.png"


@contextlib.contextmanager
def tile_host(tile: bytes) -> Iterator[TileHost]:
    """Serve one picture at every address, and write down what is asked, until the block ends."""

    class Tile(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host.paths.append(self.path)
            host.referrers.append(self.headers.get("Referer"))
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.end_headers()
            self.wfile.write(tile)

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Tile)
    host = TileHost(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
