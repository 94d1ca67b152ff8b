"""Readers who ask and do not read, and senders who do not send, take nothing from others."""

from __future__ import annotations

import contextlib
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.api import downloads
from tests.making import ROOT
from tests.serving import Service, command, environment, serving, started
from tests.waiting import until

NEVER_S, SOON_S, WAIT_S = 600.0, 2.0, 60.0
ADDRESS = "/api/export.geojson?synthetic=1"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hold so many records that an export does not fit into the buffers of a connection."""
    folder = tmp_path_factory.mktemp("slow")
    assert command(folder, "synth", "7000").returncode == 0
    return folder


@pytest.fixture(scope="module")
def service(data: Path) -> Iterator[Service]:
    """Serve them, and cut no connection that stalls while the tests run."""
    with serving(data, STRIKEMAP_STALL_S=str(NEVER_S)) as service:
        yield service


@pytest.fixture(scope="module")
def impatient(data: Path) -> Iterator[Service]:
    """Serve them, with a bound of two seconds."""
    with serving(data, STRIKEMAP_STALL_S=str(SOON_S)) as service:
        yield service


def connection(service: Service, text: str, buffer_bytes: int = 4096) -> socket.socket:
    """Send a request, and read nothing."""
    opened = socket.socket()
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
    opened.connect(("127.0.0.1", int(service.url.rpartition(":")[2])))
    opened.sendall(text.encode())
    return opened


def request(address: str) -> str:
    return f"GET {address} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def begun(stalled: socket.socket) -> None:
    """Wait until an answer begins."""
    stalled.settimeout(60)
    assert stalled.recv(12) == b"HTTP/1.1 200"


@contextlib.contextmanager
def stalled_readers(service: Service, address: str = ADDRESS) -> Iterator[list[socket.socket]]:
    """Hold every place of an export by readers who do not read on."""
    with contextlib.ExitStack() as stack:
        readers = []
        for _ in range(downloads.AT_ONCE):
            readers.append(stack.enter_context(connection(service, request(address))))
            begun(readers[-1])
        yield readers


def an_export_comes(service: Service) -> None:
    """Ask until an export comes whole, long before a connection that stalls is cut."""
    latest = time.monotonic() + WAIT_S
    while (answer := service.client.get(ADDRESS)).status_code == 503:
        assert answer.headers["Retry-After"] == "30"
        assert answer.json()["type"] == "/problems/busy"
        assert time.monotonic() < latest, "readers that take nothing keep their place"
        time.sleep(0.1)
    assert len(answer.json()["features"]) > 6_000


def test_readers_who_take_nothing_give_way_to_others(service: Service) -> None:
    with stalled_readers(service):
        assert service.client.get("/api/summary?synthetic=1").status_code == 200
        an_export_comes(service)


def test_readers_who_leave_give_their_place_back(service: Service) -> None:
    with stalled_readers(service):
        pass
    an_export_comes(service)


@pytest.mark.parametrize("form", ["gpkg", "geojson"])
def test_a_reader_who_takes_nothing_is_cut_off_and_leaves_no_folder(
    impatient: Service, form: str
) -> None:
    folder = impatient.data_dir / "exports"
    with connection(impatient, request(f"/api/export.{form}?synthetic=1")) as stalled:
        begun(stalled)
        until(lambda: list(folder.glob("export-*")) != [], fault="an export without a folder")
        until(lambda: list(folder.glob("export-*")) == [], fault="the folder of a download stays")


HEALTH = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def test_a_head_that_does_not_come_ends_the_connection(impatient: Service) -> None:
    with contextlib.ExitStack() as closing:
        cases = ((0, ""), (0, HEALTH[:30]), (1, "\r\n"), (1, HEALTH[:30]))
        silent = []
        for answers, text in cases:
            silent.append(closing.enter_context(connection(impatient, HEALTH * answers)))
            silent[-1].settimeout(WAIT_S)
            for _ in range(answers):
                answer = b""
                while not answer.endswith(b"}"):
                    answer += silent[-1].recv(4096)
            silent[-1].sendall(text.encode())
        for one in silent:
            with contextlib.suppress(ConnectionResetError):
                assert one.recv(1) == b""


def test_a_reader_who_is_slow_and_steady_gets_the_whole_answer(impatient: Service) -> None:
    with connection(impatient, request(ADDRESS)) as slow:
        begun(slow)
        until_s = time.monotonic() + 2 * SOON_S
        while time.monotonic() < until_s:
            assert slow.recv(4096)
            time.sleep(0.1)
        rest = b""
        while not rest.endswith(b"\n]}\n\r\n0\r\n\r\n"):
            received = slow.recv(1 << 20)
            assert received, "the connection was cut"
            rest = rest[-20:] + received


def test_with_few_files_silent_connections_make_room_for_readers(data: Path) -> None:
    program = ["/usr/bin/env", "prlimit", "--nofile=600", sys.executable, "-m", "app.cli"]
    variables = {**environment(data), "STRIKEMAP_HEAVY_PROCESSES": "0"}
    with started(program, ROOT, variables, data) as service, contextlib.ExitStack() as closing:
        host, port = "127.0.0.1", int(service.url.rpartition(":")[2])
        for _ in range(900):
            closing.enter_context(socket.create_connection((host, port)))
        time.sleep(SOON_S)  # those that came in one burst are let in and out; stalling takes longer
        for _ in range(5):
            assert httpx.get(f"{service.url}/api/summary?synthetic=1").status_code == 200
