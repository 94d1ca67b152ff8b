"""The server of the record is lost for good, and a replica takes its place."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx

from app.domain.account import Role
from app.domain.revision import Subject
from app.domain.store import verify
from app.instance.tokens import create_token
from app.store.postgis import PostgisStore
from tests.clusters import OWNER, Cluster, cluster, need_postgis, replica_of
from tests.making import add, dataset, incident
from tests.nodes.services import NEW, SUMS
from tests.serving import serving
from tests.waiting import until

WAIT_S = 60.0


@contextmanager
def repeated(work: Callable[[], None]) -> Iterator[None]:
    """Do something again and again until the block ends."""
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            work()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def either(name: str, *servers: Cluster) -> str:
    """Return an address of whichever server takes writes, as libpq reads it."""
    hosts = ",".join(str(one.sockets) for one in servers)
    return f"postgresql://{OWNER}@/{name}?host={hosts}&target_session_attrs=read-write"


def test_a_replica_takes_over_and_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    need_postgis()
    reads, writes, acknowledged = list[int](), list[int](), list[str]()
    with ExitStack() as stack:
        primary = stack.enter_context(cluster())
        name = "record_template"  # of this cluster alone
        replica = stack.enter_context(replica_of(primary))
        with closing(PostgisStore(primary.url(name))) as store:
            add(store, dataset(), incident("a"))
            _token, text = create_token(store, "editor", Role.editor, now=datetime.now(UTC))
        header = {"Authorization": f"Bearer {text}"}
        settings = {
            "STRIKEMAP_STORE_URL": either(name, primary, replica),
            "STRIKEMAP_HEAVY_PROCESSES": "0",
        }
        node = stack.enter_context(serving(tmp_path / "node", **settings))
        reader = stack.enter_context(httpx.Client(base_url=node.url, timeout=30))

        def read() -> None:
            reads.append(reader.get(f"{SUMS}&min_killed={len(reads)}").status_code)

        def write() -> None:
            answer = node.client.post("/api/incidents", headers=header, json=NEW)
            writes.append(answer.status_code)
            if answer.status_code == httpx.codes.CREATED:
                acknowledged.append(answer.json()["id"])

        with repeated(read), repeated(write):
            until(lambda: len(acknowledged) > 3)
            primary.stop()
            until(lambda: httpx.codes.SERVICE_UNAVAILABLE in writes)
            during = len(reads)
            until(lambda: len(reads) > during + 5)
            replica.promote()
            before = len(acknowledged)
            until(lambda: len(acknowledged) > before + 3)
        assert set(reads) == {200}
        assert set(writes) == {201, 503}
        with closing(PostgisStore(replica.url(name))) as store:
            head = verify(store)
            keys = store.current(Subject.incident, "invented/")
            assert {f"invented/{uuid}" for uuid in acknowledged} <= set(keys)
        ready = node.client.get("/readyz").json()
        assert (ready["status"], ready["version"]) == ("ready", head.seq)
