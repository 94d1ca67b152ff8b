"""What compose.yaml starts, as plain processes: PostGIS, two nodes, nginx with the same file."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.clusters import Cluster, cluster
from tests.making import ROOT
from tests.serving import ANSWER_S, Service, free_port, serving

NGINX = "/usr/sbin/nginx"
CONF = ROOT / "deploy" / "nginx.conf"

SUMS = "/api/summary?dataset=invented&from=2025-10-01&to=2025-10-31"
NEW = {
    "dataset": "invented",
    "reason": "typed in",
    "start": "2025-10-24",
    "precision": "exact",
    "lon": 30.5,
    "lat": 50.4,
}
"""A record that an editor types in, and the sums of its month."""


@dataclass(frozen=True)
class Services:
    """The running services: the database, the nodes, and nginx before them with its log."""

    server: Cluster
    url: str
    nodes: tuple[Service, Service]
    front: httpx.Client
    front_url: str
    log: Path


@contextlib.contextmanager
def services(folder: Path, *server_options: str, **settings: str) -> Iterator[Services]:
    """Run all of them until the block ends, on an empty record."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(cluster(*server_options))
        url = server.url(stack.enter_context(server.database()))
        own = {"STRIKEMAP_STORE_URL": url, "STRIKEMAP_HEAVY_PROCESSES": "0", **settings}
        first, second = (
            stack.enter_context(serving(folder / name, **own)) for name in ("node-1", "node-2")
        )
        front_url = stack.enter_context(_nginx(folder, first, second))
        front = stack.enter_context(httpx.Client(base_url=front_url, timeout=ANSWER_S))
        log = folder / "nginx.log"
        yield Services(server, url, (first, second), front, front_url, log)


@contextlib.contextmanager
def _nginx(folder: Path, first: Service, second: Service) -> Iterator[str]:
    """Run nginx with the file of compose.yaml, of which only addresses and folders differ."""
    port, cache = free_port(), folder / "cache"
    cache.mkdir()
    text = CONF.read_text("utf-8")
    for old, new in {
        "node-1:8000": first.url.removeprefix("http://"),
        "node-2:8000": second.url.removeprefix("http://"),
        "listen 80;": f"listen 127.0.0.1:{port};",
        "/var/cache/nginx": str(cache),
        "/dev/stdout": str(folder / "nginx.log"),
        "$host;": f"127.0.0.1:{port};",
    }.items():
        assert old in text, old
        text = text.replace(old, new)
    conf = folder / "nginx.conf"
    conf.write_text(f"daemon off; user root; pid {folder}/nginx.pid;\n{text}")
    process = subprocess.Popen([NGINX, "-p", str(folder), "-e", "stderr", "-c", str(conf)])
    try:
        url = f"http://127.0.0.1:{port}"
        with contextlib.suppress(StopIteration), httpx.Client(base_url=url) as client:
            next(attempt for attempt in range(200) if _answers(client, process))
        yield url
    finally:
        process.terminate()
        process.wait(timeout=ANSWER_S)


def _answers(client: httpx.Client, process: subprocess.Popen[bytes]) -> bool:
    """Tell whether nginx answers; wait a moment if it does not yet."""
    with contextlib.suppress(httpx.TransportError):
        return client.get("/healthz").status_code == httpx.codes.OK
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(0.05)
        raise RuntimeError("nginx refused its file")
    return False
