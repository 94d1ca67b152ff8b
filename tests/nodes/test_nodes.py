"""Many nodes on one record: each answers alike, within a second, whatever happens to the server."""

from __future__ import annotations

import hashlib
import re
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from psycopg.sql import SQL

from app.domain.account import Role
from app.domain.place import LonLat, Place, Precision
from app.domain.revision import Action, Subject
from app.domain.store import verify
from app.instance.tokens import create_token
from app.store.postgis import PostgisStore
from tests.clusters import Cluster, cluster, need_postgis
from tests.making import NOON, add, change, dataset, incident, write
from tests.nodes.services import NEW, SUMS
from tests.serving import Service, command, serving
from tests.waiting import until


@dataclass(frozen=True)
class Nodes:
    """Two public nodes on one database, and the header of somebody who may write."""

    server: Cluster
    url: str
    first: Service
    second: Service
    header: dict[str, str]

    def create(self, node: Service, **more: Any) -> httpx.Response:
        """Write one incident through a node."""
        return node.client.post("/api/incidents", headers=self.header, json={**NEW, **more})


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    need_postgis()
    folder = tmp_path_factory.mktemp("nodes")
    with ExitStack() as stack:
        server = stack.enter_context(cluster())
        url = server.url(stack.enter_context(server.database()))
        with closing(PostgisStore(url)) as store:
            fill(store)
            _token, text = create_token(store, "editor", Role.admin, now=datetime.now(UTC))
        # The second builds its index anew all the time: its rows lie in other files.
        settings = {
            "STRIKEMAP_STORE_URL": url,
            "STRIKEMAP_HEAVY_PROCESSES": "0",
            "STRIKEMAP_PUBLIC_URL": "https://maps.example.org",
        }
        first = stack.enter_context(serving(folder / "first", **settings))
        often = {"STRIKEMAP_DELTA_ROWS": "3"}
        second = stack.enter_context(serving(folder / "second", **settings, **often))
        yield Nodes(server, url, first, second, {"Authorization": f"Bearer {text}"})


def fill(store: PostgisStore) -> None:
    add(store, dataset())
    # At one place some, so that only the order of the ledger decides which comes first.
    places = [Place.at(LonLat(30.5 + at % 5 / 100, 50.4), Precision.exact) for at in range(20)]
    add(store, *(incident(str(at), place=place) for at, place in enumerate(places)))


def count(node: Service) -> int:
    return int(node.client.get(SUMS).json()["totals"]["incidents"])


def has_incidents(node: Service, number: int) -> bool:
    return count(node) == number


def takes_writes(nodes: Nodes, node: Service) -> bool:
    return nodes.create(node).status_code == httpx.codes.CREATED


@pytest.fixture(autouse=True)
def _connected(nodes: Nodes) -> None:
    """Begin when both nodes are connected again: the test before may have cut them off."""
    for node in (nodes.first, nodes.second):
        until(partial(takes_writes, nodes, node))
    until(lambda: count(nodes.first) == count(nodes.second))


def test_a_write_on_one_node_is_read_on_the_other_within_a_second(nodes: Nodes) -> None:
    for writer, reader in ((nodes.first, nodes.second), (nodes.second, nodes.first)):
        before = count(reader)
        assert nodes.create(writer).status_code == 201
        assert count(writer) == before + 1
        until(partial(has_incidents, reader, before + 1), 1.0)


TIME = re.compile(rb'"timeStamp": ?"[^"]+"')
"""When an answer was made (OGC 17-069r4 7.16)."""

ITEMS = "/api/collections/incidents/items?dataset=invented&limit=1000"
FACES = [
    SUMS,
    f"{SUMS}&by=region",
    "/api/collections/incidents/items?dataset=invented&limit=100",
    "/tiles/incidents/8/149/86.mvt?dataset=invented",
    "/tiles/incidents/8/149/86.png?dataset=invented",
    "/tiles/map/6/37/21.png?dataset=invented&from=2025-10-24",
    "/figure.png?dataset=invented&from=2025-10-24&to=2025-10-25&width=600&height=400",
    "/columns.json?dataset=invented",
    "/?dataset=invented",
]


def test_every_node_answers_with_the_same_bytes_and_etag(nodes: Nodes) -> None:
    before = count(nodes.first)
    with closing(PostgisStore(nodes.url)) as store:
        amended = incident(
            "3", description="new", place=Place.at(LonLat(30.5, 50.4), Precision.exact)
        )
        write(store, [change(amended, Action.amend)])
        for at in range(4):
            add(store, incident(f"later {at}", place=amended.place))
    for node in (nodes.first, nodes.second):
        until(partial(has_incidents, node, before + 4))
    for face in FACES:
        one, other = nodes.first.client.get(face), nodes.second.client.get(face)
        assert one.status_code in (200, 404), (face, one.text[:200])
        bodies = [TIME.sub(b"", answer.content) for answer in (one, other)]
        digests = [hashlib.sha256(body).hexdigest() for body in bodies]
        tags = [answer.headers.get("etag") for answer in (one, other)]
        assert (digests[0], tags[0]) == (digests[1], tags[1]), face


TABLE = "source_key,start,precision,lon,lat\n" + "".join(
    f"{number},2025-10-24,exact,30.{number:03},50.4\n" for number in range(200)
)


def test_a_file_that_two_nodes_import_at_once_is_imported_once(
    nodes: Nodes, tmp_path: Path
) -> None:
    file = tmp_path / "both.csv"
    file.write_text(TABLE)

    def load(node: Service) -> subprocess.CompletedProcess[str]:
        words = ["import", str(file), "--dataset", "both", "--theatre", "ukraine", "--json"]
        return command(node.data_dir, *words, STRIKEMAP_STORE_URL=nodes.url)

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(load, (nodes.first, nodes.second)))
    codes = sorted(one.returncode for one in done)
    assert codes in ([0, 0], [0, 3]), [one.stderr for one in done]
    with closing(PostgisStore(nodes.url)) as store:
        incidents = store.current(Subject.incident, "both/").values()
        assert len(incidents) == 200
        history = [one for one in store.revisions() if one.key.startswith("both/")]
        assert len(history) == 200
        verify(store)


def test_a_purge_on_one_node_leaves_no_older_file_of_the_index_on_the_other(nodes: Nodes) -> None:
    created = nodes.create(nodes.first)
    assert created.status_code == 201, created.text
    number = created.headers["location"].rpartition("/")[2]
    with closing(PostgisStore(nodes.url)) as store:
        add(store, *(incident(f"beside {at}") for at in range(4)))
    until(lambda: number in nodes.second.client.get(ITEMS).text, 3.0)
    older = {path.name for path in nodes.second.data_dir.glob("index/*/gen-*")}
    words = ("purge", number, "--reason", "at their request")
    done = command(nodes.first.data_dir, *words, STRIKEMAP_STORE_URL=nodes.url)
    assert done.returncode == 0, done.stderr

    def is_without() -> bool:
        names = {path.name for path in nodes.second.data_dir.glob("index/*/gen-*")}
        return not names & older and number not in nodes.second.client.get(ITEMS).text

    until(is_without, 10.0)


def test_a_server_that_restarts_under_load_loses_nothing_and_reading_goes_on(nodes: Nodes) -> None:
    stop, reads, writes = threading.Event(), list[int](), list[tuple[int, str | None]]()
    acknowledged: list[str] = []

    def read() -> None:
        with httpx.Client(base_url=nodes.second.url, timeout=30) as client:
            number = 0
            while not stop.is_set():
                number += 1
                tile = f"/tiles/incidents/8/149/86.mvt?dataset=invented&min_killed={number}"
                reads.extend(client.get(path).status_code for path in (SUMS, tile))

    def keep_writing() -> None:
        with httpx.Client(base_url=nodes.first.url, timeout=30) as client:
            while not stop.is_set():
                answer = client.post("/api/incidents", headers=nodes.header, json=NEW)
                writes.append((answer.status_code, answer.headers.get("retry-after")))
                if answer.status_code == 201:
                    acknowledged.append(answer.json()["id"])

    threads = [threading.Thread(target=work) for work in (read, keep_writing)]
    for thread in threads:
        thread.start()
    until(lambda: len(acknowledged) > 3, 20)
    nodes.server.stop()
    try:
        until(lambda: 503 in {status for status, _after in writes}, 20)
        during = len(reads)
        until(lambda: len(reads) > during + 20, 20)
    finally:
        nodes.server.start()
    known = len(acknowledged)
    try:
        until(lambda: len(acknowledged) > known + 3, 20)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert set(reads) == {200}
    assert {status for status, _after in writes} == {201, 503}
    assert all(after for status, after in writes if status == 503)
    with closing(PostgisStore(nodes.url)) as store:
        verify(store)
        keys = store.current(Subject.incident, "invented/")
        assert {f"invented/{uuid}" for uuid in acknowledged} <= set(keys)


def test_a_session_of_one_node_is_one_of_all_and_ends_on_all(nodes: Nodes) -> None:
    own = {"X-Strikemap": "1", "Origin": "https://maps.example.org"}
    opened = nodes.first.client.post("/api/session", headers={**nodes.header, **own})
    assert opened.status_code == 201, opened.text
    cookie = opened.headers["set-cookie"].partition(";")[0]
    assert cookie.startswith("__Host-strikemap=")
    nodes.first.client.cookies.clear()
    session = {**own, "Cookie": cookie}
    clients = (nodes.first.client, nodes.second.client)
    ask = [client.get("/api/session", headers=session).status_code for client in clients]
    assert ask == [200, 200]
    assert clients[1].delete("/api/session", headers=session).status_code == 200
    ask = [client.get("/api/session", headers=session).status_code for client in clients]
    assert ask == [401, 401]


CUT = SQL(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
)


def test_connections_that_are_cut_are_made_anew_and_no_reader_sees_it(nodes: Nodes) -> None:
    before = count(nodes.second)
    nodes.server.execute(CUT)
    assert count(nodes.first) == count(nodes.second) == before
    statuses = list[int]()

    def is_written() -> bool:
        statuses.append(nodes.create(nodes.first).status_code)
        return statuses[-1] == 201

    until(is_written, 10.0)
    assert set(statuses) <= {201, 503}
    until(lambda: count(nodes.second) == before + 1, 10.0)


def test_a_node_that_was_away_catches_up(nodes: Nodes, tmp_path: Path) -> None:
    settings = {"STRIKEMAP_STORE_URL": nodes.url, "STRIKEMAP_HEAVY_PROCESSES": "0"}
    folder = tmp_path / "third"
    with serving(folder, **settings) as third:
        before = count(third)
    for at in range(3):
        assert nodes.create(nodes.first, source_key=f"away {at}").status_code in (201, 422)
    nodes.create(nodes.first)
    with serving(folder, **settings) as third:
        assert count(third) == count(nodes.first) > before


def test_an_import_of_another_node_that_is_too_large_for_the_delta_is_built_here(
    nodes: Nodes,
) -> None:
    with closing(PostgisStore(nodes.url)) as store:
        later = NOON + timedelta(days=300)
        head = add(store, *(incident(f"many {at}") for at in range(30)), at=later)
    until(lambda: nodes.second.client.get("/readyz").json()["version"] >= head.seq)


def has_theatre(node: Service, slug: str) -> bool:
    """Ask on a new connection, which any process of the node may take."""
    with suppress(httpx.TransportError):
        theatres = httpx.get(f"{node.url}/api/theatres", timeout=30).json()["theatres"]
        return slug in {theatre["slug"] for theatre in theatres}
    return False


def test_a_theatre_added_on_one_node_opens_on_all_and_is_in_a_copy_of_the_record(
    nodes: Nodes, tmp_path: Path
) -> None:
    order = {"slug": "chad", "country": "TD", "languages": ["fr", "en"]}
    both = (nodes.first, nodes.second)
    added = both[0].client.post("/api/theatres", headers=nodes.header, json=order)
    assert added.status_code == 201, added.text
    again = both[1].client.post("/api/theatres", headers=nodes.header, json=order)
    assert (again.status_code, again.json()["errors"][0]["where"]) == (422, "slug")
    for node in both:
        for _in_a_row in range(6):  # all of its processes have it
            until(partial(has_theatre, node, "chad"))
        assert not (node.data_dir / "theatres").exists()
    sums = [
        httpx.get(f"{node.url}/api/summary?theatre=chad&by=region", timeout=60) for node in both
    ]
    assert sums[0].headers["etag"] == sums[1].headers["etag"]
    assert len(sums[0].json()["rows"]) == len(sums[1].json()["rows"])
    done = command(tmp_path, "store", "copy", nodes.url, str(tmp_path / "copy"))
    assert done.returncode == 0, done.stderr
    assert "Africa/Ndjamena" in command(tmp_path / "copy", "theatre", "list").stdout
