"""Files that pin a core, fill the memory or crash their decoder, sent to a real service."""

from __future__ import annotations

import contextlib
import gzip
import os
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pyogrio.raw
import pytest
import shapely

from tests.serving import Service, command, serving
from tests.waiting import until

OWN = {"X-Strikemap": "1"}
ADDRESS = "/api/imports?theatre=example&dataset=mine&dry_run=true"
AREAS = "/api/imports?theatre=ukraine&dry_run=true&controller=ru&valid_on=2024-03-10"
TILE = "/tiles/map/4/9/5.png?theatre=ukraine"
READING_S, LONG_S = 3, 600
FAST_S = 1.0
"""A kept tile beside a file that pins a core, on a machine where other tests run."""


def package(folder: Path, column: str) -> bytes:
    """Make a GeoPackage with one area, and a column that is computed when somebody reads it."""
    path = folder / "mine.gpkg"
    path.unlink(missing_ok=True)
    shapes = shapely.to_wkb(np.array([shapely.box(-124.6, -42.3, -124.5, -42.2)]))
    pyogrio.raw.write(path, shapes, [], [], geometry_type="Polygon", crs="EPSG:4326")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(f"ALTER TABLE mine ADD COLUMN trap TEXT AS ({column}) VIRTUAL")
        connection.commit()
    return path.read_bytes()


PINS = f"hex(zeroblob(20000)) LIKE '{'%0' * 40}1'"
"""Compared in more ways than there is time for."""


@pytest.fixture(scope="module")
def endless(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return package(tmp_path_factory.mktemp("endless"), PINS)


@pytest.fixture(scope="module")
def hurried(data: Path) -> Iterator[Service]:
    """A service that gives a file three seconds, and little memory."""
    settings = {"STRIKEMAP_READING_S": str(READING_S), "STRIKEMAP_MEMORY_MB": "3000"}
    with serving(data, "--private", **settings) as running:
        yield running


def send(service: Service, name: str, content: bytes, form: str = "auto") -> httpx.Response:
    with httpx.Client(base_url=service.url, timeout=120) as client:
        address = AREAS if name.endswith(".gpkg") else f"{ADDRESS}&format={form}"
        return client.post(address, headers=OWN, files={"file": (name, content)})


def family(number: int) -> set[int]:
    """List a process's children, and theirs."""
    children = set[int]()
    for task in Path(f"/proc/{number}/task").iterdir():
        children |= {int(one) for one in (task / "children").read_text("ascii").split()}
    return children.union(*map(family, children))


def test_beside_a_file_that_pins_a_core_tiles_stay_fast_and_it_is_refused(
    hurried: Service, endless: bytes
) -> None:
    head = command(hurried.data_dir, "verify").stdout
    hurried.client.get(TILE).raise_for_status()
    with ThreadPoolExecutor(2) as senders:
        sent = [senders.submit(send, hurried, "mine.gpkg", endless) for _ in range(2)]
        times = list[float]()
        while not all(one.done() for one in sent):
            began = time.monotonic()
            assert hurried.client.get(TILE).status_code == 200
            times.append(time.monotonic() - began)
            time.sleep(0.02)
    for answer in sent:
        document = answer.result().json()
        assert answer.result().status_code == 422
        sentence = "time to read mine.gpkg: got 'more than 3 s', allowed: at most 3 s"
        assert document["detail"].startswith(sentence)
    assert sorted(times)[len(times) // 2] < FAST_S
    assert command(hurried.data_dir, "verify").stdout == head
    assert not list((hurried.data_dir / "spool").iterdir())


def json_bomb() -> bytes:
    """Write 100 million bytes of GeoJSON, which are gigabytes as a list, in a small file."""
    head = b'{"type": "FeatureCollection", "features": ['
    return gzip.compress(head + b"[]," * 30_000_000 + b"[]]}", 1)


def test_a_small_file_that_fills_the_memory_is_refused(hurried: Service, tmp_path: Path) -> None:
    wide = package(tmp_path, "hex(zeroblob(400000000))")
    assert send(hurried, "mine.gpkg", wide).status_code == 422
    answer = send(hurried, "mine.geojson.gz", json_bomb(), "native_geojson")
    assert answer.status_code == 422, answer.text
    # A busy machine comes to the limit of time first.
    assert answer.json()["detail"].startswith(("memory to read mine.geo", "time to read mine.geo"))
    assert hurried.client.get("/healthz").status_code == 200


@contextlib.contextmanager
def patient(data: Path, folder: Path) -> Iterator[Service]:
    """Serve a copy of the data to whoever has much time."""
    copy = Path(shutil.copytree(data, folder / "data"))
    with serving(copy, "--private", STRIKEMAP_READING_S=str(LONG_S)) as running:
        yield running


def busy(service: Service, before: set[int]) -> set[int]:
    """List the processes that read for the service and did not before."""
    return family(service.pid) - before


@pytest.fixture
def reading(
    data: Path, tmp_path: Path, endless: bytes
) -> Iterator[tuple[Service, int, Callable[[], httpx.Response]]]:
    """A service that reads an endless file: the process that reads, and what waits for it."""
    with patient(data, tmp_path) as service, ThreadPoolExecutor(1) as senders:
        before = family(service.pid)
        sent = senders.submit(send, service, "mine.gpkg", endless)
        until(lambda: bool(busy(service, before)))
        (number,) = busy(service, before)
        try:
            yield service, number, sent.result
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
            with contextlib.suppress(httpx.TransportError):
                sent.result()


Reading = tuple[Service, int, Callable[[], httpx.Response]]


def test_a_decoder_that_crashes_takes_nothing_with_it(reading: Reading) -> None:
    service, number, answer = reading
    os.kill(number, signal.SIGSEGV)
    assert answer().status_code == 422
    assert answer().json()["detail"].startswith("reading of mine.gpkg: got 'a crash'")
    rows = b"source_key,start,precision,lon,lat\na,2024-03-10,exact,-124.5,-42.25\n"
    assert send(service, "a.csv", rows).json()["added"] == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_service_that_ends_leaves_no_reading_behind(
    reading: Reading, number: signal.Signals
) -> None:
    service, child, _answer = reading
    os.kill(service.pid, number)
    until(lambda: not Path(f"/proc/{child}").exists(), seconds=40)
    assert command(service.data_dir, "verify").returncode == 0
