"""Kept answers: fast, and never older than what they depend on."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest
import uvicorn
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from app.api import kept
from app.api.connections import BoundedConnection
from app.api.kept import KeptAnswers
from app.index.state import State
from app.instance.basemap import ChosenBasemap
from app.instance.workspace import Workspace
from tests.basemaps import ground_file
from tests.making import NOON, add, dataset, incident
from tests.running import run_async
from tests.serving import Service, command, free_port, serving

REDACTION = ("--text", "description", "--code", "privacy_of_victim", "--reason", "a test")
SHARED = {"ETag": '"a"', "Cache-Control": "public, max-age=60"}


@dataclass
class Counting:
    """An application that counts its answers, and says the number in each."""

    headers: dict[str, str] = field(default_factory=lambda: dict(SHARED))
    status: int = 200
    size: int = 0
    is_stream: bool = False
    answered: int = 0
    wait_s: float = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        self.answered += 1
        await anyio.sleep(self.wait_s)
        body = f"{self.answered}".encode().ljust(self.size)
        answer = Response(body, self.status, self.headers)
        if self.is_stream:
            answer = StreamingResponse(iter([body, b"more"]), self.status, self.headers)
        await answer(scope, receive, send)


def told(
    app: Counting,
    workspace: Workspace,
    *requests: dict[str, Any],
    at_once: bool = False,
    clock: Callable[[], datetime] = lambda: NOON,
    most_bytes: int = kept.USUAL_BYTES,
) -> list[httpx.Response]:
    """Send requests to the kept application, one after another or all at once."""
    workspace.state()
    transport = httpx.ASGITransport(KeptAnswers(app, workspace, clock=clock, most_bytes=most_bytes))
    answers: list[httpx.Response] = []

    async def main() -> None:
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:

            async def one(request: dict[str, Any]) -> None:
                act = request.pop("first", None)
                if act is not None:
                    act()
                await anyio.lowlevel.checkpoint()  # a request comes in a turn of its own
                method, path = request.pop("method", "GET"), request.pop("path", "/tiles/a")
                answers.append(await client.request(method, path, **request))

            async with anyio.create_task_group() as group:
                for request in requests:
                    if at_once:
                        group.start_soon(one, request)
                    else:
                        await one(request)

    run_async(main)
    return answers


def test_an_answer_is_made_once_and_has_the_id_of_each_request(workspace: Workspace) -> None:
    first, second = told(Counting(), workspace, {}, {"headers": {"X-Request-ID": "mine"}})
    assert (first.text, second.text) == ("1", "1")
    assert second.headers["ETag"] == '"a"'
    assert second.headers["X-Request-ID"] == "mine"


def test_a_reader_who_has_it_gets_304_without_a_body(workspace: Workspace) -> None:
    _, again = told(Counting(), workspace, {}, {"headers": {"If-None-Match": '"a"'}})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["Cache-Control"] == SHARED["Cache-Control"]
    assert "Content-Length" not in again.headers


@pytest.mark.parametrize(
    "request_",
    [
        {"headers": {"Authorization": "Bearer strikemap_x"}},
        {"headers": {"Range": "bytes=0-1"}},
        {"headers": {"Host": "other.example"}},
        {"headers": {"Accept": "text/html"}},
        {"headers": {"Accept-Encoding": "identity"}},
        {"headers": {"X-Forwarded-Proto": "https"}},
        {"headers": {"Accept": "x" * 600}},
        {"headers": [("Host", "127.0.0.1"), ("Host", "evil.example")]},
        {"path": "/tiles/a?b=1"},
        {"path": "/tiles/b"},
        {"method": "HEAD"},
        {"method": "POST", "content": b"x"},
    ],
)
def test_another_request_is_answered_by_the_application(
    workspace: Workspace, request_: dict[str, Any]
) -> None:
    app = Counting()
    told(app, workspace, {}, request_)
    assert app.answered == 2


@pytest.mark.parametrize(
    "app",
    [
        Counting(headers={"Cache-Control": "public"}),
        Counting(headers={"ETag": '"a"', "Cache-Control": "private, no-store"}),
        Counting(headers={**SHARED, "Set-Cookie": "a=b"}),
        Counting(status=404),
        Counting(size=kept.LARGEST_BYTES + 1),
        Counting(is_stream=True),
    ],
)
def test_what_a_cache_may_not_share_is_not_kept(workspace: Workspace, app: Counting) -> None:
    told(app, workspace, {}, {})
    assert app.answered == 2


def test_a_write_a_full_hour_and_another_basemap_end_an_answer(
    workspace: Workspace, tmp_path: Path
) -> None:
    workspace, hours = replace(workspace, basemap=ChosenBasemap(tmp_path / "basemap.json")), [1.0]

    def write() -> None:
        add(workspace.store, dataset(), incident("a"))
        workspace.state()

    def hour() -> None:
        hours[0] += 1

    def basemap() -> None:
        workspace.basemap.choose(ground_file(tmp_path / "a.pmtiles", "Protomaps"))

    requests = [{}, {}, {"first": write}, {}, {"first": hour}, {"first": basemap}, {}]
    answers = told(Counting(), workspace, *requests, clock=lambda: NOON + timedelta(hours=hours[0]))
    assert [answer.text for answer in answers] == ["1", "1", "2", "2", "3", "4", "4"]


def test_answers_from_memory_are_counted_with_face_and_status(workspace: Workspace) -> None:
    counted: list[tuple[str, int]] = []
    entrance = KeptAnswers(
        Counting(), workspace, lambda face, status, _seconds: counted.append((face, status))
    )

    async def main() -> None:
        transport = httpx.ASGITransport(entrance)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            for headers in ({}, {}, {"If-None-Match": '"a"'}):
                await client.get("/tiles/a", headers=headers)

    workspace.state()
    run_async(main)
    assert counted == [("tile", 200), ("tile", 304)]


def test_a_turn_of_many_requests_looks_at_the_record_once(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, looks = workspace.index, 0
    peek = index.peek

    def counted() -> State | None:
        nonlocal looks
        looks += 1
        return peek()

    monkeypatch.setattr(index, "peek", counted)
    told(Counting(), workspace, *({"path": f"/tiles/{n}"} for n in range(20)), at_once=True)
    assert 1 <= looks < 10


def test_an_answer_that_many_ask_for_at_once_is_made_once(workspace: Workspace) -> None:
    app = Counting(wait_s=0.2)
    answers = told(app, workspace, *({} for _ in range(20)), at_once=True)
    assert {answer.text for answer in answers} == {"1"}


def test_an_answer_that_fails_lets_the_others_try(workspace: Workspace) -> None:
    app = Counting(status=503, wait_s=0.05)
    answers = told(app, workspace, *({} for _ in range(3)), at_once=True)
    assert [answer.status_code for answer in answers] == [503] * 3
    assert app.answered == 3


def test_nobody_waits_for_the_reader_of_an_answer_that_is_not_kept(workspace: Workspace) -> None:
    app = Counting(is_stream=True)
    entrance = KeptAnswers(app, workspace)
    scope = {"type": "http", "method": "GET", "raw_path": b"/a", "query_string": b"", "headers": []}

    async def main() -> None:
        async def stalled(_message: Message) -> None:
            await anyio.sleep_forever()

        async def taken(_message: Message) -> None:
            await anyio.lowlevel.checkpoint()

        async def receive() -> Message:
            await anyio.sleep_forever()
            raise AssertionError

        async with anyio.create_task_group() as group:
            group.start_soon(entrance, scope, receive, stalled)
            await anyio.wait_all_tasks_blocked()
            with anyio.fail_after(30):
                await entrance(scope, receive, taken)
            group.cancel_scope.cancel()

    workspace.state()
    run_async(main)
    assert app.answered == 2


def test_long_addresses_cannot_fill_the_memory(workspace: Workspace) -> None:
    app = Counting()
    requests = ({"path": f"/tiles/{name}?{'x' * 15_000}"} for name in "aba")
    told(app, workspace, *requests, most_bytes=20_000)
    assert app.answered == 3


def test_the_memory_is_bounded_and_what_was_used_last_stays(workspace: Workspace) -> None:
    most_bytes = 3 * (1_000 + kept.HEADERS_BYTES + 100)
    app = Counting(size=1_000)
    paths = ["a", "b", "c", "a", "d", "a", "b"]
    requests = ({"path": f"/tiles/{path}"} for path in paths)
    told(app, workspace, *requests, most_bytes=most_bytes)
    assert app.answered == 5  # a, b, c, d, and b again


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Serve the demos to the public."""
    folder = tmp_path_factory.mktemp("demo")
    assert command(folder, "demo").returncode == 0
    with serving(folder) as service:
        yield service


def test_a_redaction_reaches_a_kept_answer_at_once(demo: Service) -> None:
    def shown(address: str) -> httpx.Response:
        answers = [demo.client.get(address) for _ in range(3)]
        assert len({answer.content for answer in answers}) == 1
        return answers[-1]

    items = "/api/collections/incidents/items?theatre=ukraine&limit=1"
    (first,) = demo.client.get(items).json()["features"]
    address = f"/api/collections/incidents/items/{first['id']}"
    before = shown(address)
    done = command(demo.data_dir, "redact", first["id"], *REDACTION)
    assert done.returncode == 0, done.stderr
    assert shown(address).content != before.content


def test_an_answer_from_memory_has_the_same_bytes_as_the_first(demo: Service) -> None:
    first, again = (demo.client.get("/tiles/map/6/37/21.png") for _ in range(2))
    has = demo.client.get(
        "/tiles/map/6/37/21.png", headers={"If-None-Match": first.headers["ETag"]}
    )
    own = {"date", "x-request-id"}
    heads = [{k: v for k, v in a.headers.items() if k not in own} for a in (first, again)]
    assert (first.content, heads[0]) == (again.content, heads[1])
    assert (has.status_code, has.content) == (304, b"")
    assert len({answer.headers["X-Request-ID"] for answer in (first, again, has)}) == 3


def test_requests_sent_together_are_answered_in_their_order(demo: Service) -> None:
    kept, other = "/tiles/map/7/74/43.png", "/tiles/map/7/75/43.png?lang=uk"
    sizes = [len(demo.client.get(address).content) for address in (kept, "/readyz")]
    host = demo.url.removeprefix("http://")
    addresses = [kept, other, *[kept] * 2_000, "/readyz"]  # deeper than the interpreter's stack
    head = f"Host: {host}\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate\r\n"
    answers: list[tuple[bytes, int]] = []
    with socket.create_connection((demo.client.base_url.host, demo.client.base_url.port)) as opened:
        asked = "".join(f"GET {address} HTTP/1.1\r\n{head}\r\n" for address in addresses)
        Thread(target=opened.sendall, args=(asked.encode(),)).start()
        reader = opened.makefile("rb")
        for _ in addresses:
            status, fields = reader.readline(), http.client.parse_headers(reader)
            body = reader.read(int(fields["Content-Length"]))
            answers.append((status.split()[1], len(body)))
    assert {status for status, _ in answers} == {b"200"}
    expected = [sizes[0], answers[1][1], *[sizes[0]] * 2_000, sizes[1]]
    assert [size for _, size in answers] == expected
    assert answers[1][1] != sizes[0]


def test_an_answer_that_takes_long_is_whole_after_one_from_memory(workspace: Workspace) -> None:
    workspace.state()
    app = KeptAnswers(Counting(wait_s=2.5), workspace)
    config = uvicorn.Config(
        app, port=free_port(), http=BoundedConnection, timeout_keep_alive=1, lifespan="off"
    )
    server = uvicorn.Server(config)
    thread = Thread(target=server.run)
    thread.start()
    head = f" HTTP/1.1\r\nHost: 127.0.0.1:{config.port}\r\n\r\n"
    while not server.started:
        time.sleep(0.02)
    with socket.create_connection(("127.0.0.1", config.port)) as opened:
        reader = opened.makefile("rb")
        for addresses in (["/tiles/a"], ["/tiles/a", "/tiles/b"]):
            opened.sendall("".join(f"GET {address}{head}" for address in addresses).encode())
            for _ in addresses:
                assert reader.readline().split()[1] == b"200"
                fields = http.client.parse_headers(reader)
                assert len(reader.read(int(fields["Content-Length"]))) == 1
    server.should_exit = True
    thread.join()
