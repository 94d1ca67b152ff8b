"""The workers of one service take turns at new connections, so that each serves as many.

Left to the operating system, whichever worker wakes first takes a whole crowd that comes at once.
It keeps them for as long as they stay connected, while the other cores have nothing to do.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from array import array
from collections.abc import Callable
from pathlib import Path

import uvloop
from typing_extensions import override

DOOR = ".door"
"""The end of the name of a worker's door: a socket through which others pass it connections."""

AGAIN_S = 0.1
"""How long a worker waits after it could take no connection, as when its files have run out."""

Protocols = Callable[[], asyncio.BaseProtocol]


class TurnsLoop(uvloop.Loop):
    """The event loop of one worker; its servers take turns with those of workers in one folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    @override
    async def create_server(  # type: ignore[override]  # the form that uvicorn uses
        self,
        protocol_factory: Protocols,
        *,
        sock: socket.socket,
        ssl: None = None,
        backlog: int = 0,
    ) -> TurnsServer:
        """Serve the connections of a socket that listens already, which all workers have."""
        return TurnsServer(self, protocol_factory, sock, self._folder)


class TurnsServer:
    """Takes connections, keeps the first, and passes each of the next to the next worker.

    With many connections all workers serve as many, whichever of them took them. What a worker
    does not take, since it ended or is behind with what it got, stays with the worker that has it.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        make_protocol: Protocols,
        listener: socket.socket,
        folder: Path,
    ) -> None:
        self._loop, self._make_protocol, self._listener = loop, make_protocol, listener
        self._taken, self._opening = 0, set[asyncio.Task[object]]()
        self._path = folder / f"{os.getpid()}{DOOR}"
        self._door = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._door.setblocking(False)
        self._door.bind(str(self._path))
        listener.setblocking(False)
        loop.add_reader(self._door, self._receive)
        self._accepting = loop.create_task(self._accept())

    def close(self) -> None:
        """Take no more connections, but serve those that were passed on to this worker already."""
        self._accepting.cancel()
        self._path.unlink(missing_ok=True)
        self._loop.remove_reader(self._door)
        self._receive()
        self._door.close()

    async def wait_closed(self) -> None:
        """Wait for the connections that are just being opened."""
        await asyncio.gather(*self._opening, return_exceptions=True)

    async def _accept(self) -> None:
        while True:
            try:
                connection, _address = await self._loop.sock_accept(self._listener)
            except OSError:
                await asyncio.sleep(AGAIN_S)
                continue
            worker = self._next_worker()
            if worker == self._path or not self._pass_on(connection, worker):
                self._serve(connection)

    def _next_worker(self) -> Path:
        """Choose by turns among the workers that are there now, beginning with this one."""
        workers = sorted(self._folder.glob(f"*{DOOR}"))
        turn = workers.index(self._path) + self._taken
        self._taken += 1
        return workers[turn % len(workers)]

    @property
    def _folder(self) -> Path:
        return self._path.parent

    def _pass_on(self, connection: socket.socket, worker: Path) -> bool:
        handle = array("i", [connection.fileno()])
        try:
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, handle)]
            self._door.sendmsg([b"."], rights, 0, str(worker))
        except ConnectionRefusedError:  # nobody is behind that door: its worker was killed
            worker.unlink(missing_ok=True)
            return False
        except OSError:
            return False
        connection.close()
        return True

    def _receive(self) -> None:
        """Serve what others passed on."""
        with contextlib.suppress(BlockingIOError):
            while True:
                _message, handles, _flags, _sender = socket.recv_fds(self._door, 1, 1)
                for handle in handles:
                    connection = socket.socket(fileno=handle)
                    connection.set_inheritable(False)
                    self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        opened = self._loop.connect_accepted_socket(self._make_protocol, connection)
        opening = self._loop.create_task(opened)
        self._opening.add(opening)
        opening.add_done_callback(self._opening.discard)
