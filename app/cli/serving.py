"""Starting the service."""

from __future__ import annotations

import asyncio
import errno
import gc
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
from app.instance.allowance import allowed_bytes, most_heavy, most_workers
from app.instance.theatre_changes import TheatreChanges
from app.settings import PREFIX, Settings, read_settings
from app.store.opening import open_store

LOG = logging.getLogger("strikemap.start")
GRACE_S = 10
"""Seconds that a stopping service waits for running requests."""

START_S = 60
"""How long a new process may take to start."""

HEARD_S = 0.5
"""A connection that was just taken sends its request within this time."""

TICKS_A_SECOND = 10
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
    processes += 0 if settings.private else min(settings.heavy_processes, most_heavy(memory))
    most = 1 if settings.private else most_workers(memory, processes)
    number = _number_of_workers(workers, most)
    log_as_json(settings.log_level)
    listener = listen(host, port)
    _take_files()
    _make_index(settings)
    audience = "private, this computer only" if settings.private else "public audience"
    typer.echo(f"Strikemap ({audience}): {_address(host, listener)}")
    _export(settings.model_copy(update={"memory_mb": max((memory // number) >> 20, 1)}))
    if number == 1:
        _serve_alone(settings, listener)
        leave_threads()
    else:
        with shared_folder() as folder:
            os.environ[f"{PREFIX}WORKERS_DIR"] = str(folder)
            _Workers(_config(settings, number), listener, settings).run()


def _config(settings: Settings, workers: int) -> uvicorn.Config:
    return uvicorn.Config(
        "app.main:create",
        factory=True,
        workers=workers,
        loop="auto" if workers == 1 else "app.main:turns_loop",
        log_level=settings.log_level.lower(),
        server_header=False,
        access_log=False,
        log_config=None,
        http=BoundedConnection,
        proxy_headers=False,  # the application reads them itself, from the proxies it trusts
        timeout_graceful_shutdown=GRACE_S,
    )


def _serve_alone(settings: Settings, listener: socket.socket) -> None:
    """Serve in this process; a change of theatres opens it anew while new requests wait."""
    changes = _theatre_changes(settings)
    while True:
        server = _Server(settings, changes)
        server.run([listener.dup()])  # it closes the socket that it was given
        if not server.is_reopening:
            return
        gc.unfreeze()  # what the application before it kept for good


def _opens_changed(settings: Settings, changes: TheatreChanges) -> bool:
    """Build the index with changed theatres; False without a change, or where it cannot be done."""
    if not changes.any():
        return False
    LOG.info("Theatres were added or changed: the service opens them.")
    try:
        _make_index(settings)
    except StrikemapError as wrong:
        LOG.error("The theatres wait for the next start. %s", wrong)  # noqa: TRY400
        return False
    return True


def _theatre_changes(settings: Settings) -> TheatreChanges:
    store = open_store(settings.store_url, settings.data_dir)
    store.follow()
    own = settings.data_dir / "theatres"
    return TheatreChanges(settings.geodata_dir, own, store, settings.theatre)


def _make_index(settings: Settings) -> None:
    """Make the index before anybody waits for it; what this takes is free again afterwards."""
    workspace = open_workspace(settings)
    if settings.index_url and workspace.index.generations.needs_building:
        _pull(workspace.index, settings.index_url)
    workspace.state()
    workspace.store.close()


def _pull(index: Index, where: str) -> None:
    """Begin with a pushed index; without a fitting one the record is read, which takes longer."""
    try:
        seq = index.generations.pull(Shelf.open(where, COMMAND, "STRIKEMAP_INDEX_URL"))
    except StrikemapError as wrong:
        LOG.warning("The index is built from the record, since none was pulled. %s", wrong)
    else:
        LOG.info("The index was pulled up to revision %s.", f"{seq:,}")


class _Server(uvicorn.Server):
    """A server that a second signal ends at once, and that ends when theatres changed."""

    def __init__(self, settings: Settings, changes: TheatreChanges) -> None:
        super().__init__(_config(settings, 1))
        self._settings, self._changes = settings, changes
        self._opening: asyncio.Future[bool] | None = None
        self.is_reopening = False

    @override
    async def on_tick(self, counter: int) -> bool:
        """Look for a change once a second; readers are answered while it is opened."""
        if counter % TICKS_A_SECOND == 0 and self._opening is None:
            work = asyncio.to_thread(_opens_changed, self._settings, self._changes)
            self._opening = asyncio.ensure_future(work)
        if self._opening is not None and self._opening.done():
            self.is_reopening, self._opening = self._opening.result(), None
        return await super().on_tick(counter) or self.is_reopening

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no new connection; before opening anew, hear those that came just now."""
        if self.is_reopening:
            for server in self.servers:
                server.close()
            await asyncio.sleep(HEARD_S)
        await super().shutdown(sockets)

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop taking requests; at the second signal, wait for none."""
        self.force_exit, self.is_reopening = self.should_exit, False
        super().handle_exit(sig, frame)


class _Workers(Multiprocess):
    """Several serving processes that a second signal ends at once.

    When theatres changed, each is replaced by a new one that has them, one after another.
    """

    def __init__(self, config: uvicorn.Config, listener: socket.socket, settings: Settings) -> None:
        super().__init__(config, [listener])
        self._settings, self._changes = settings, _theatre_changes(settings)

    @override
    def keep_subprocess_alive(self) -> None:
        """Replace those that ended; replace all when theatres changed."""
        super().keep_subprocess_alive()
        if not self.should_exit.is_set() and _opens_changed(self._settings, self._changes):
            healthy_s = self.config.timeout_worker_healthcheck
            self.config.timeout_worker_healthcheck = START_S
            self.restart_all()
            self.config.timeout_worker_healthcheck = healthy_s

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
