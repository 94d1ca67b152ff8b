"""Workers take turns at new connections: a crowd is spread over all, also when a worker is lost."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import NamedTuple, cast

import pytest
from typing_extensions import override

from app.api.turns import DOOR, TurnsLoop
from tests.waiting import until

WORKERS, CROWD = 3, 30


class Named(asyncio.Protocol):
    """Says at once which process serves the connection, and at the first byte says it again."""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(b"%d\n" % os.getpid())

    @override
    def data_received(self, data: bytes) -> None:
        self.transport.write(b"%d\n" % os.getpid())


def work(folder: Path, listener: socket.socket) -> None:
    """Serve until SIGTERM, as a worker does."""
    loop = TurnsLoop(folder)
    server = loop.run_until_complete(loop.create_server(Named, sock=listener))
    loop.add_signal_handler(signal.SIGTERM, loop.stop)
    loop.run_forever()
    server.close()
    loop.run_until_complete(server.wait_closed())


class Crew(NamedTuple):
    """Workers that share a listener."""

    listener: socket.socket
    folder: Path
    processes: Sequence[BaseProcess]

    def connect(self) -> socket.socket:
        """Connect without waiting for any worker."""
        client = socket.create_connection(self.listener.getsockname())
        client.settimeout(20)
        return client

    def doors(self) -> set[int]:
        """List the workers that take connections from others."""
        return {int(path.stem) for path in self.folder.glob(f"*{DOOR}")}


@pytest.fixture
def crew(tmp_path: Path) -> Iterator[Crew]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(CROWD)
        start = get_context("fork").Process
        processes = [start(target=work, args=(tmp_path, listener)) for _ in range(WORKERS)]
        for process in processes:
            process.start()
        crew = Crew(listener, tmp_path, processes)
        try:
            until(lambda: len(crew.doors()) == WORKERS)
            yield crew
        finally:
            for process in processes:
                process.kill()
                process.join()


def crowd(crew: Crew) -> Counter[int]:
    """Connect many readers at once who stay; count whom each worker serves."""
    with contextlib.ExitStack() as stack:
        readers = [stack.enter_context(crew.connect()) for _ in range(CROWD)]
        return Counter(int(reader.recv(20)) for reader in readers)


def test_a_crowd_that_comes_at_once_is_spread_evenly_over_the_workers(crew: Crew) -> None:
    for _ in range(5):
        served = crowd(crew)
        assert set(served) == crew.doors()
        # Each worker that took connections gave all others as many, or one less.
        assert max(served.values()) - min(served.values()) <= WORKERS


def test_when_a_worker_is_killed_the_others_serve_those_who_come_and_those_who_are_there(
    crew: Crew,
) -> None:
    with contextlib.ExitStack() as stack:
        readers = [stack.enter_context(crew.connect()) for _ in range(CROWD)]
        of_readers = {reader: int(reader.recv(20)) for reader in readers}
        lost, *others = crew.processes
        lost.kill()
        lost.join()
        served = crowd(crew)
        assert set(served) == {one.pid for one in others}
        assert sum(served.values()) == CROWD
        assert lost.pid not in crew.doors()
        for reader, worker in of_readers.items():
            if worker != lost.pid:
                reader.sendall(b"?")
                assert int(reader.recv(20)) == worker


def test_a_worker_that_ends_gets_no_more_connections_and_leaves_nothing_behind(crew: Crew) -> None:
    ended, *others = crew.processes
    ended.terminate()
    ended.join(20)
    assert ended.exitcode == 0
    assert crew.doors() == {one.pid for one in others}
    assert set(crowd(crew)) == crew.doors()


def test_who_is_passed_to_a_worker_that_is_held_up_is_served_later_and_all_others_now(
    crew: Crew,
) -> None:
    held, *others = crew.processes
    assert held.pid is not None
    os.kill(held.pid, signal.SIGSTOP)
    with contextlib.ExitStack() as stack:
        readers = [stack.enter_context(crew.connect()) for _ in range(CROWD)]
        most_waiting = CROWD // WORKERS + len(others)
        served_now = select.poll()
        for reader in readers:
            served_now.register(reader, select.POLLIN)
        until(lambda: len(served_now.poll(0)) >= CROWD - most_waiting)
        os.kill(held.pid, signal.SIGCONT)
        served = Counter(int(reader.recv(20)) for reader in readers)
    assert set(served) == {one.pid for one in crew.processes}
