"""Figures and exports are made in a process of their own, and nobody can tell by the answer."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from app.api.heavy import Forwarding
from app.api.processes import HeavyProcesses
from app.main import create
from tests import growing
from tests.api.test_metrics import read
from tests.making import ROOT
from tests.running import run_async
from tests.serving import Service, command, serving, token
from tests.waiting import until

FIGURE = "/figure.png?title="
EXPORT = "/api/export.csv?dataset=demo"
ITEMS = "/api/collections/incidents/items?theatre=ukraine"
REDACTION = ("--text", "description", "--code", "privacy_of_victim", "--reason", "a test")
WAIT_S = 60.0


def heavy(service: Service, name: str) -> float:
    """Read a number of the processes for figures and exports."""
    return read(service)[(f"strikemap_heavy_{name}",)]


def is_back(service: Service) -> bool:
    """Ask for a figure that nobody has, which starts a process that ended, and look for it."""
    service.client.get(f"{FIGURE}{time.monotonic()}").raise_for_status()
    return heavy(service, "ready") == 1


def heavy_processes(service: Service) -> list[int]:
    """List the heavy processes of the service that has this data folder, by their numbers.

    What they forked to read files is none of them.
    """
    names = (path.name for path in Path("/proc").iterdir())
    numbers = [int(name) for name in names if name.isdecimal()]
    alike = {number for number in numbers if _is_heavy(number, service.data_dir)}
    return [number for number in alike if not alike & set(_parents(number))]


def _is_heavy(number: int, data_dir: Path) -> bool:
    try:
        words = Path(f"/proc/{number}/cmdline").read_text("utf-8")
        variables = Path(f"/proc/{number}/environ").read_text("utf-8", "replace")
    except OSError:
        return False
    return "spawn_main" in words and f"STRIKEMAP_DATA_DIR={data_dir}\0" in variables + "\0"


@pytest.fixture(scope="module")
def crowded(demo_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The demos, served to the public, with the heavy process ready."""
    folder = tmp_path_factory.mktemp("crowd") / "data"
    with serving(
        Path(shutil.copytree(demo_data, folder)), STRIKEMAP_METRICS_FROM="127.0.0.0/8"
    ) as running:
        assert heavy(running, "ready") == 0
        running.client.get(f"{FIGURE}first").raise_for_status()
        until(lambda: heavy(running, "ready") == 1)
        yield running


def test_a_forwarded_answer_is_the_same_as_one_made_here(crowded: Service) -> None:
    """The process answers byte by byte and header by header as the service itself does."""
    with serving(crowded.data_dir, STRIKEMAP_HEAVY_PROCESSES="0") as alone:
        before = heavy(crowded, "requests_total")
        for path in (f"{FIGURE}same", EXPORT, "/figure.svg?from=2024", f"{EXPORT}&lang=xx"):
            here, there = alone.client.get(path), crowded.client.get(path)
            assert (there.status_code, there.content) == (here.status_code, here.content)
            own = ("date", "x-request-id", "content-length", "transfer-encoding")
            assert [pair for pair in there.headers.multi_items() if pair[0] not in own] == [
                pair for pair in here.headers.multi_items() if pair[0] not in own
            ]
        until(lambda: heavy(crowded, "requests_total") == before + 4)


def test_a_long_list_is_made_by_the_process_and_a_short_one_here(crowded: Service) -> None:
    before = heavy(crowded, "requests_total")
    long = crowded.client.get(f"{ITEMS}&limit=1000").json()
    until(lambda: heavy(crowded, "requests_total") == before + 1)
    short = crowded.client.get(f"{ITEMS}&limit=999").json()
    assert heavy(crowded, "requests_total") == before + 1
    assert long["features"] == short["features"] != []


def test_a_reader_who_has_the_figure_gets_304_from_the_process(crowded: Service) -> None:
    tag = crowded.client.get(f"{FIGURE}tag").headers["etag"]
    has = {"If-None-Match": tag, "Cookie": "a=b"}  # a cookie is never answered from memory
    assert crowded.client.get(f"{FIGURE}tag", headers=has).status_code == httpx.codes.NOT_MODIFIED


def test_a_redaction_reaches_forwarded_exports_at_once(crowded: Service) -> None:
    features = crowded.client.get("/api/export.geojson?dataset=demo").json()["features"]
    first = next(one for one in features if one["properties"].get("description"))
    text = first["properties"]["description"]
    before = heavy(crowded, "requests_total")
    done = command(crowded.data_dir, "redact", first["id"], *REDACTION)
    assert done.returncode == 0, done.stderr
    for form in ("geojson", "csv", "kml"):
        assert text not in crowded.client.get(f"/api/export.{form}?dataset=demo").text
    assert heavy(crowded, "requests_total") == before + 3


def test_a_killed_process_is_started_anew_and_readers_get_their_figures(crowded: Service) -> None:
    (number,) = heavy_processes(crowded)
    os.kill(number, signal.SIGKILL)
    until(lambda: heavy(crowded, "ready") == 0)
    assert crowded.client.get(f"{FIGURE}orphan").status_code == httpx.codes.OK

    until(lambda: is_back(crowded))


def test_a_process_that_is_killed_while_it_draws_makes_its_reader_try_again(
    crowded: Service,
) -> None:
    address = f"{FIGURE}cut&width=1600&height=1200&scale=2"
    answers = list[httpx.Response]()

    def is_drawn() -> bool:
        answers.append(crowded.client.get(address))
        return answers[-1].status_code == httpx.codes.OK

    with ThreadPoolExecutor(1) as pool:
        drawing = pool.submit(is_drawn)
        until(lambda: heavy(crowded, "running") == 1)
        (number,) = heavy_processes(crowded)
        os.kill(number, signal.SIGKILL)
        drawing.result()
    until(is_drawn)
    for answer in answers:
        is_refused = answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
        assert answer.headers["retry-after"] if is_refused else answer.content[1:4] == b"PNG"
    until(lambda: is_back(crowded))


def test_a_reader_who_leaves_gives_the_process_back(crowded: Service) -> None:
    with crowded.client.stream("GET", EXPORT) as answer:
        assert answer.status_code == httpx.codes.OK
    until(lambda: heavy(crowded, "running") == 0)


def test_an_import_is_planned_made_and_undone_in_the_process(crowded: Service) -> None:
    client, editor = crowded.client, token(crowded.data_dir, "editor")
    before = read(crowded)
    row = b"source_key,start,precision,lon,lat\na,2024-03-10,exact,36.2,49.9\n"
    files = {"file": ("a.csv", row)}
    address = "/api/imports?dataset=mine&terms=CC0-1.0"
    planned = client.post(f"{address}&dry_run=true", files=files, headers=editor)
    assert planned.status_code == httpx.codes.OK, planned.text
    number = planned.json()["id"]
    done = client.post(f"/api/imports/{number}/commit", headers=editor)
    assert done.json()["added"] == 1, done.text
    (shown,) = client.get(f"{ITEMS}&dataset=mine").json()["features"]  # at once, in the service
    assert shown["geometry"]["coordinates"] == [36.2, 49.9]
    assert client.delete(f"/api/imports/{number}", headers=editor).json()["state"] == "undone"
    refused = client.post(address, headers=editor, files={"file": ("a.csv", b"\x00\x01")})
    assert refused.is_client_error
    # An answer is counted when it has been sent.
    until(lambda: ("strikemap_imports_total", "refused") in read(crowded))
    after = read(crowded)
    assert after["strikemap_heavy_requests_total",] == before["strikemap_heavy_requests_total",] + 4
    for outcome in ("planned", "imported", "undone", "refused"):
        key = ("strikemap_imports_total", outcome)
        assert after[key] == before.get(key, 0) + 1, outcome


def test_a_session_behind_a_proxy_with_tls_imports_in_the_process(crowded: Service) -> None:
    host = crowded.url.removeprefix("http://")
    secure = {"X-Forwarded-Proto": "https", "X-Strikemap": "1", "Origin": f"https://{host}"}
    editor = token(crowded.data_dir, "editor")
    signed = crowded.client.post("/api/session", headers={**secure, **editor})
    cookie = signed.headers["set-cookie"].partition(";")[0]
    row = b"source_key,start,precision,lon,lat\nb,2024-03-10,exact,36.2,49.9\n"
    planned = crowded.client.post(
        "/api/imports?dataset=mine&terms=CC0-1.0&dry_run=true",
        files={"file": ("b.csv", row)},
        headers={**secure, "Cookie": cookie},
    )
    crowded.client.cookies.clear()
    assert planned.status_code == httpx.codes.OK, planned.text


def test_no_process_watches_files_by_inotify(crowded: Service) -> None:
    """So no limit of the system on such watches can stop the service."""
    serving = {parent for _pid in heavy_processes(crowded) for parent in _parents(_pid)}
    numbers = [*serving, *heavy_processes(crowded)]
    links = [str(path.readlink()) for n in numbers for path in Path(f"/proc/{n}/fd").iterdir()]
    assert len(numbers) == 2
    assert any("eventpoll" in link for link in links)
    assert not any("inotify" in link for link in links)


def _parents(number: int) -> list[int]:
    with contextlib.suppress(OSError):  # it has ended
        status = Path(f"/proc/{number}/status").read_text("utf-8")
        return [int(parent) for parent in re.findall(r"PPid:\t(\d+)", status)]
    return []


def test_head_of_an_export_makes_none(crowded: Service) -> None:
    address = f"{EXPORT}&to=2024-04-01"  # of this test alone: a short answer is kept
    head = crowded.client.head(address)
    assert (head.status_code, head.content) == (200, b"")
    whole = crowded.client.get(address)
    assert head.headers["Content-Type"] == whole.headers["Content-Type"]
    assert head.headers["ETag"] == whole.headers["ETag"]


def test_a_body_that_is_too_long_is_refused_before_the_process_has_it(
    demo_data: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(demo_data, tmp_path / "data"))
    editor = token(folder, "editor")
    with serving(folder, STRIKEMAP_MAX_FILE_BYTES="100000") as running:

        def endless() -> Iterator[bytes]:
            yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
            yield from [b"x" * 60_000] * 4

        kind = {"Content-Type": "multipart/form-data; boundary=b"}
        answer = running.client.post("/api/imports", content=endless(), headers=editor | kind)
        assert answer.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE, answer.text
        assert "at most 100,000 bytes" in answer.text
        assert not list((folder / "spool").glob("*"))


def test_the_process_ends_with_the_service(demo_data: Path, tmp_path: Path) -> None:
    with serving(
        Path(shutil.copytree(demo_data, tmp_path / "data")), STRIKEMAP_METRICS_FROM="127.0.0.0/8"
    ) as running:
        running.client.get(f"{FIGURE}end").raise_for_status()
        until(lambda: heavy(running, "ready") == 1)
        assert heavy_processes(running)
    until(lambda: not heavy_processes(running))


def test_a_private_service_has_no_second_process(demo_data: Path, tmp_path: Path) -> None:
    with serving(Path(shutil.copytree(demo_data, tmp_path / "data")), "--private") as running:
        assert running.client.get(f"{FIGURE}own").status_code == httpx.codes.OK
        assert heavy_processes(running) == []


def test_without_room_for_a_process_the_service_makes_figures_itself(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(**_named: str) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("app.api.processes.tempfile.mkdtemp", refuse)
    processes = HeavyProcesses.of(1, create)
    assert [processes.choose() for _ in range(3)] == [None, None, None]
    assert [record.getMessage() for record in caplog.records] == [
        "no process for figures, exports and imports: [Errno 28] No space left on device"
    ]


def test_a_process_that_has_grown_is_replaced_and_no_reader_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.api.processes.AGAIN_AFTER_S", 0.0)
    heavy = HeavyProcesses.of(1, growing.make, most_growth=2.5 * growing.EACH_BYTES)
    transport = httpx.ASGITransport(Forwarding(PlainTextResponse("here"), heavy))

    async def answers() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            while True:
                if (await client.get("/figure.png")).text != "here":
                    break
                await anyio.sleep(0.1)
            made = list[httpx.Response]()

            async def ask() -> None:
                made.append(await client.get("/figure.png"))

            for _ in range(4):
                async with anyio.create_task_group() as readers:
                    for _ in range(3):
                        readers.start_soon(ask)
            await heavy.stop()
            return made

    made = run_async(answers)
    assert [answer.status_code for answer in made] == [200] * 12
    makers = [answer.text for answer in made]
    assert "here" not in makers  # they waited a moment for the next process
    assert max(Counter(makers).values()) <= 6
    assert heavy.processes[0].renewed >= 1


def test_of_a_crowd_before_the_first_process_is_ready_the_service_answers_one() -> None:
    heavy = HeavyProcesses.of(1, growing.make)

    async def answers() -> list[str]:
        made, all_others_are_answered = list[str](), anyio.Event()

        async def here(scope: Scope, receive: Receive, send: Send) -> None:
            await all_others_are_answered.wait()
            await PlainTextResponse("here")(scope, receive, send)

        transport = httpx.ASGITransport(Forwarding(here, heavy))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:

            async def ask() -> None:
                made.append((await client.get("/figure.png")).text)
                if len(made) == 3:
                    all_others_are_answered.set()

            with anyio.fail_after(WAIT_S):
                async with anyio.create_task_group() as readers:
                    for _ in range(4):
                        readers.start_soon(ask)
            await heavy.stop()
        return made

    made = run_async(answers)
    assert made.count("here") == 1
    assert len(made) == 4


def test_a_thread_that_hangs_keeps_no_process() -> None:
    """So a library that never comes to an end does not outlive the service."""
    code = (
        "import threading, time; from app.api.processes import leave_threads;"
        "threading.Thread(target=time.sleep, args=(600,)).start(); leave_threads()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60, check=False)
    assert done.returncode == 1
