"""Starting and stopping the service: one sentence for a port in use, and no wait for a reader."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests import warm
from tests.making import ROOT
from tests.serving import command, environment, free_port, started_command

GRACE_S = 10.0
"""How long running requests may go on after the first signal (docs/operating.md)."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hold so many records that an export does not fit into the buffers of a connection."""
    folder = tmp_path_factory.mktemp("stopping")
    assert command(folder, "synth", "7000").returncode == 0
    return folder


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_port_in_use_is_one_sentence_before_the_address_is_announced(
    data: Path, workers: str
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = command(data, "serve", "--port", str(port), "--workers", workers)
    assert done.returncode == 2
    assert done.stdout == ""
    sentence = f"a free port; another program listens on 127.0.0.1:{port}."
    assert done.stderr == f"port: got '{port}', allowed: {sentence}\n"


def test_a_host_of_another_machine_is_one_sentence(data: Path) -> None:
    done = command(data, "serve", "--host", "192.0.2.1")
    assert (done.returncode, done.stdout) == (2, "")
    assert "host and port: got '192.0.2.1:8000'" in done.stderr


@pytest.mark.parametrize(("host", "workers"), [("127.0.0.1", "2"), ("::1", "1")])
def test_the_address_that_is_announced_is_the_one_that_answers(
    data: Path, host: str, workers: str
) -> None:
    options = ["--host", host, "--port", "0", "--workers", workers]
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "serve", *options],
        cwd=ROOT,
        env=environment(data),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        try:
            assert process.stdout
            url = process.stdout.readline().split()[-1]
            assert httpx.get(f"{url}/healthz", timeout=60).status_code == 200
        finally:
            process.terminate()


@pytest.mark.parametrize("workers", ["0", "65", "two", "-1", "1.5", ""])
def test_a_number_of_workers_that_is_none_is_one_sentence(data: Path, workers: str) -> None:
    done = command(data, "serve", "--port", "0", "--workers", workers)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"workers: got '{workers}', allowed: auto, or a number from 1 to 64.\n"


@pytest.mark.parametrize(
    ("options", "number"), [((), len(os.sched_getaffinity(0))), (("--private",), 1)]
)
def test_a_public_service_uses_all_cores_and_a_private_one_a_single_process(
    data: Path, options: tuple[str, ...], number: int
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "serve", "--port", "0", *options],
        cwd=ROOT,
        env=environment(data),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stderr
        started = 0
        for line in process.stderr:
            started += "Started server process" in line
            if started == number:
                break
        process.terminate()
        rest = process.stderr.read()
    assert started == number
    assert "Started server process" not in rest


def connected(port: int) -> socket.socket:
    """Connect to a service that is starting."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        with contextlib.suppress(ConnectionRefusedError):
            return socket.create_connection(("127.0.0.1", port))
        time.sleep(0.1)
    raise TimeoutError


@pytest.fixture
def stalled(request: pytest.FixtureRequest, data: Path) -> Iterator[warm.Forked]:
    """Serve an export to a reader who does not read on."""
    shutil.rmtree(data / "exports", ignore_errors=True)  # left by a service that ended at once
    port = free_port()
    words = ["serve", "--port", str(port), "--workers", request.param]
    process = started_command(data, *words)
    try:
        with connected(port) as reader:
            reader.settimeout(120)
            reader.sendall(b"GET /api/export.geojson?synthetic=1 HTTP/1.1\r\nHost: a\r\n\r\n")
            assert reader.recv(12) == b"HTTP/1.1 200"
            yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("stalled", ["1"], indirect=True)
def test_a_slow_reader_holds_a_stop_for_some_seconds_only(stalled: warm.Forked, data: Path) -> None:
    start = time.monotonic()
    stalled.terminate()
    stalled.wait(timeout=60)
    assert time.monotonic() - start < GRACE_S + 10
    assert list((data / "exports").glob("export-*")) == []


@pytest.mark.parametrize("stalled", ["1", "2"], indirect=True)
def test_a_second_signal_ends_the_service_at_once(stalled: warm.Forked) -> None:
    start = time.monotonic()
    stalled.terminate()
    time.sleep(1)
    assert stalled.poll() is None
    stalled.send_signal(signal.SIGTERM)
    stalled.wait(timeout=60)
    assert time.monotonic() - start < GRACE_S
