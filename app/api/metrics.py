"""Numbers for operators, in the format of Prometheus; they name no record and no reader."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, fields
from importlib.metadata import version
from pathlib import Path

import msgspec
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from typing_extensions import override

from app.api.faces import WRITES, AddressFace, face_of
from app.api.kept import KeptAnswers
from app.api.lanes import Lanes
from app.api.problems import MEDIA_TYPE
from app.api.processes import HeavyProcess, HeavyProcesses
from app.api.sharing import WORKER_NUMBERS, numbers_of_all
from app.domain.cache import BUDGET
from app.domain.errors import StoreError
from app.index.sums import write_whole
from app.instance.workspace import Workspace

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
REFUSED = 400
IMPORT_OUTCOME = "X-Strikemap-Import"
"""The header that says what became of an import, also one that another process made."""

LANE_LABELS = ("process", "lane")
PUBLISH_S = 1.0
UNTYPED = "other"
"""The kind of a refusal that is no problem document, such as the page that a browser gets."""


class _Kind(msgspec.Struct):
    """The part of a problem document that says what kind of refusal it is."""

    type: str


class Metrics:
    """What one process counts; each number carries the process's id.

    Workers that share a folder write their numbers there every second, for one another.
    """

    def __init__(self, workspace: Workspace, lanes: Lanes, shared: str = "") -> None:
        self._folder = Path(shared) if shared else None
        self.registry = CollectorRegistry(auto_describe=False)
        self._process = str(os.getpid())
        self._counted: dict[tuple[AddressFace, int], Histogram] = {}
        self._answers = Histogram(
            "strikemap_request_seconds",
            "Time from a request to the last byte of its answer, in seconds.",
            ("process", "face", "status"),
            buckets=BUCKETS_S,
            registry=self.registry,
        )
        self._refusals = Counter(
            "strikemap_refusals",
            "Answers that refuse, by the type of their problem document.",
            ("process", "kind"),
            registry=self.registry,
        )
        self._imports = Counter(
            "strikemap_imports",
            "Imports over HTTP, by what became of them.",
            ("process", "outcome"),
            registry=self.registry,
        )
        self.registry.register(_Standing(self._process, workspace, lanes))

    def text(self) -> bytes:
        """Write the numbers of this process, and those of the other workers."""
        own = generate_latest(self.registry)
        if self._folder is None:
            return own
        return numbers_of_all(own, self._folder, self._process)

    @contextlib.asynccontextmanager
    async def published(self) -> AsyncIterator[None]:
        """Write the numbers for the other workers until the block ends."""
        if self._folder is None:
            yield
            return
        writing = asyncio.create_task(self._publish(self._folder))
        yield
        writing.cancel()

    async def _publish(self, folder: Path) -> None:
        path = folder / f"{self._process}{WORKER_NUMBERS}"
        while True:
            with contextlib.suppress(OSError):  # a full disk; the next second tries again
                write_whole(path, generate_latest(self.registry))
            await asyncio.sleep(PUBLISH_S)

    def add_answer(self, face: AddressFace, status: int, seconds: float) -> None:
        """Count an answer; status 0 is a reader who left before there was one."""
        kind = (face, status // 100)
        histogram = self._counted.get(kind)
        if histogram is None:
            status_class = f"{status // 100}xx" if status else "none"
            histogram = self._answers.labels(self._process, face.value, status_class)
            self._counted[kind] = histogram
        histogram.observe(seconds)

    def add_refusal(self, document: bytes | None) -> None:
        """Count a refusal by the type of its problem document; None where it has none."""
        kind = UNTYPED
        if document is not None:
            kind = msgspec.json.decode(document, type=_Kind).type.removeprefix("/problems/")
        self._refusals.labels(self._process, kind).inc()

    def add_import(self, outcome: str) -> None:
        """Count an import: planned, imported, undone, forgotten or refused."""
        self._imports.labels(self._process, outcome).inc()

    def watch_heavy(self, heavy: HeavyProcesses) -> None:
        """Show what the processes for figures, exports and imports do, too."""
        self.registry.register(_Heavy(self._process, heavy))

    def watch_kept(self, kept: KeptAnswers) -> None:
        """Show what is answered from memory, too; a private instance keeps nothing."""
        self.registry.register(_Kept(self._process, kept))


@dataclass(frozen=True, eq=False)
class _Standing(Collector):
    """What stands now; read on the event loop, where the lanes are."""

    process: str
    workspace: Workspace
    lanes: Lanes
    started: float = field(default_factory=time.monotonic)

    @override
    def collect(self) -> Iterator[Metric]:
        """Read version, uptime, lanes and the index."""
        about = {"process": self.process, "version": version("strikemap")}
        yield InfoMetricFamily("strikemap", "The version of the program.", about)
        yield self._gauge(
            "uptime_seconds", "Seconds since this process started.", time.monotonic() - self.started
        )
        waiting = GaugeMetricFamily(
            "strikemap_lane_waiting", "Requests that wait for a thread.", labels=LANE_LABELS
        )
        running = GaugeMetricFamily(
            "strikemap_lane_running", "Requests that have a thread.", labels=LANE_LABELS
        )
        for lane in fields(self.lanes):
            load = getattr(self.lanes, lane.name).load()
            waiting.add_metric((self.process, lane.name), load.waiting)
            running.add_metric((self.process, lane.name), load.running)
        yield from (waiting, running)
        text = "Bytes of shapes, sums and pictures in memory."
        yield self._gauge("cached_bytes", text, BUDGET.bytes_kept)
        lag = self._lag()
        if lag is not None:
            text = "Revisions of the record that this process does not show yet."
            yield self._gauge("index_lag_revisions", text, lag)

    def _lag(self) -> int | None:
        """Count the revisions that wait for the index; None where nothing can be read."""
        try:
            head = self.workspace.store.head().seq
        except StoreError:
            return None
        return max(head - self.workspace.index.seq, 0)

    def _gauge(self, name: str, text: str, value: float) -> Metric:
        gauge = GaugeMetricFamily(f"strikemap_{name}", text, labels=("process",))
        gauge.add_metric((self.process,), value)
        return gauge


@dataclass(frozen=True, eq=False)
class _Heavy(Collector):
    """The processes for figures, exports and imports."""

    process: str
    heavy: HeavyProcesses

    @override
    def collect(self) -> Iterator[Metric]:
        """Read how many are ready, and how many requests they have and had."""
        for name, text, number in (
            ("ready", "Processes that take requests.", sum(p.is_ready for p in self.processes)),
            ("running", "Requests that they answer now.", sum(p.running for p in self.processes)),
        ):
            gauge = GaugeMetricFamily(f"strikemap_heavy_{name}", text, labels=("process",))
            gauge.add_metric((self.process,), number)
            yield gauge
        requests = CounterMetricFamily(
            "strikemap_heavy_requests", "Requests that they got.", labels=("process",)
        )
        requests.add_metric((self.process,), sum(p.forwarded for p in self.processes))
        renewals = CounterMetricFamily(
            "strikemap_heavy_renewals", "Processes that replaced a grown one.", labels=("process",)
        )
        renewals.add_metric((self.process,), sum(p.renewed for p in self.processes))
        yield from (requests, renewals)

    @property
    def processes(self) -> tuple[HeavyProcess, ...]:
        """All of them, ready or not."""
        return self.heavy.processes


@dataclass(frozen=True, eq=False)
class _Kept(Collector):
    """What is answered from memory."""

    process: str
    kept: KeptAnswers

    @override
    def collect(self) -> Iterator[Metric]:
        """Read hits, misses and bytes."""
        asked = CounterMetricFamily(
            "strikemap_kept_requests",
            "Requests that could come from memory, by whether they did.",
            labels=("process", "result"),
        )
        asked.add_metric((self.process, "hit"), self.kept.hits)
        asked.add_metric((self.process, "miss"), self.kept.misses)
        held = GaugeMetricFamily(
            "strikemap_kept_bytes", "Bytes of answers in memory.", labels=("process",)
        )
        held.add_metric((self.process,), self.kept.bytes_kept)
        yield from (asked, held)


@dataclass(frozen=True, eq=False)
class Measured:
    """ASGI middleware around everything: it times each answer, and reads why one refuses."""

    app: ASGIApp
    metrics: Metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer, and count what it says."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        face, started = face_of(scope["method"], scope["path"]), time.perf_counter()
        status, is_document, outcome = 0, False, None

        async def watched(message: Message) -> None:
            nonlocal status, is_document, outcome
            if message["type"] == "http.response.start":
                status = message["status"]
                outcome = dict(message["headers"]).get(IMPORT_OUTCOME.lower().encode())
                is_document = status >= REFUSED and _is_document(message)
            elif status >= REFUSED and not message.get("more_body"):
                body = message.get("body", b"")
                self.metrics.add_refusal(body if is_document and body else None)
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            self.metrics.add_answer(face, status, time.perf_counter() - started)
            if outcome is not None:
                self.metrics.add_import(outcome.decode())
            elif status >= REFUSED and face is AddressFace.imports and scope["method"] in WRITES:
                self.metrics.add_import("refused")


def _is_document(message: Message) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(MEDIA_TYPE.encode())
        for name, value in message["headers"]
    )
