"""Starting the service."""

from __future__ import annotations

import errno
import logging
import os
import resource
import socket
import time
from types import FrameType
from typing import Annotated

import typer
import uvicorn
from typing_extensions import override
from uvicorn.supervisors import Multiprocess

from app.api.connections import BoundedConnection
from app.api.logs import log_as_json
from app.api.processes import leave_threads
from app.api.sharing import shared_folder
from app.cli.base import cli, open_workspace
from app.domain.errors import InputError, StrikemapError
from app.files.shelf import Shelf
from app.index.copies import COMMAND
from app.index.live import Index
from app.instance.allowance import allowed_bytes, most_workers
from app.settings import PREFIX, Settings, read_settings

LOG = logging.getLogger("strikemap.start")
GRACE_S = 10
"""Seconds that a stopping service waits for running requests."""

MOST_WORKERS = 64
ENOUGH_FILES = 16_384
AUTO = "auto"
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")


@cli.command()
def serve(
    *,
    private: Annotated[
        bool, typer.Option("--private", help="Serve everything, to this machine only.")
    ] = False,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8000,
    workers: Annotated[
        str,
        typer.Option(
            metavar="INTEGER|auto",
            help="Processes, all on one index; `auto`: as many as cores, for the owner alone one.",
        ),
    ] = AUTO,
) -> None:
    """Start the service.

    Example: strikemap serve --private --port 8000
    """
    settings = read_settings().model_copy(update={"private": private or read_settings().private})
    if settings.private and host not in LOOPBACK_HOSTS:
        allowed = f"{', '.join(LOOPBACK_HOSTS)}; leave --private away to serve the public"
        raise InputError("host of a private instance", host, allowed)
    memory, processes = allowed_bytes(settings.memory_mb), 1
    processes += 0 if settings.private else settings.heavy_processes
    most = 1 if settings.private else most_workers(memory, processes)
    number = _number_of_workers(workers, most)
    log_as_json(settings.log_level)
    listener = listen(host, port)
    _take_files()
    index = open_workspace(settings).index
    if settings.index_url and index.generations.needs_building:
        _pull(index, settings.index_url)
    index.state()
    audience = "private, this computer only" if settings.private else "public audience"
    typer.echo(f"Strikemap ({audience}): {_address(host, listener)}")
    _export(settings.model_copy(update={"memory_mb": max((memory // number) >> 20, 1)}))
    config = uvicorn.Config(
        "app.main:create",
        factory=True,
        workers=number,
        log_level=settings.log_level.lower(),
        server_header=False,
        access_log=False,
        log_config=None,
        http=BoundedConnection,
        proxy_headers=False,  # the application reads them itself, from the proxies it trusts
        timeout_graceful_shutdown=GRACE_S,
    )
    if number == 1:
        _Server(config).run([listener])
        leave_threads()
    else:
        with shared_folder() as folder:
            os.environ[f"{PREFIX}WORKERS_DIR"] = str(folder)
            _Workers(config, [listener]).run()


def _pull(index: Index, where: str) -> None:
    """Begin with a pushed index; without a fitting one the record is read, which takes longer."""
    try:
        seq = index.generations.pull(Shelf.open(where, COMMAND, "STRIKEMAP_INDEX_URL"))
    except StrikemapError as wrong:
        LOG.warning("The index is built from the record, since none was pulled. %s", wrong)
    else:
        LOG.info("The index was pulled up to revision %s.", f"{seq:,}")


class _Server(uvicorn.Server):
    """A server that a second signal ends at once."""

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop taking requests; at the second signal, wait for none."""
        self.force_exit = self.should_exit
        super().handle_exit(sig, frame)


class _Workers(Multiprocess):
    """Several serving processes that a second signal ends at once."""

    @override
    def join_all(self) -> None:
        """Wait until all have stopped; at another signal, for none."""
        while any(worker.process.is_alive() for worker in self.processes):
            if self.signal_queue:
                for worker in self.processes:
                    worker.process.kill()
            time.sleep(0.1)
        super().join_all()


def _number_of_workers(text: str, most: int) -> int:
    """Read a number of processes; `auto` is as many as this process may use cores, up to `most`.

    Raises:
        InputError: neither `auto` nor a number that is allowed.
    """
    if text == AUTO:
        return min(len(os.sched_getaffinity(0)), MOST_WORKERS, most)
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= number <= MOST_WORKERS:
        raise InputError("workers", text, f"{AUTO}, or a number from 1 to {MOST_WORKERS}")
    return number


def _take_files() -> None:
    """Let this process and its workers open as many files as the system allows, within reason."""
    files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files < ENOUGH_FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, ENOUGH_FILES), most))


def _address(host: str, listener: socket.socket) -> str:
    shown = f"[{host}]" if listener.family == socket.AF_INET6 else host
    return f"http://{shown}:{listener.getsockname()[1]}"


def listen(host: str, port: int) -> socket.socket:
    """Take the address before it is announced.

    Raises:
        InputError: the machine does not have it, or another program uses it.
    """
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as wrong:
        raise InputError("host", host, f"an address of this machine ({wrong.strerror})") from wrong
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen()
    except OSError as wrong:
        listener.close()
        if wrong.errno == errno.EADDRINUSE:
            allowed = f"a free port; another program listens on {host}:{port}"
            raise InputError("port", port, allowed) from wrong
        allowed = f"an address of this machine that may be used ({wrong.strerror})"
        raise InputError("host and port", f"{host}:{port}", allowed) from wrong
    return listener


def _export(settings: Settings) -> None:
    """Give this process's settings to its workers, which read the environment."""
    for name, value in settings.model_dump().items():
        os.environ[f"{PREFIX}{name.upper()}"] = str(value)
