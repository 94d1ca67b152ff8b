"""Each kind of work has threads of its own, and a bound on the requests that wait for them."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from threading import Event

import anyio
import anyio.to_thread
import httpx
import pytest
from starlette.types import Message

from app.api.app import create_app
from app.api.downloads import Download, Downloads
from app.api.lanes import Lane
from app.domain.errors import Busy
from app.settings import Settings
from tests.running import run_async


def test_a_request_too_many_for_a_lane_is_refused_and_other_lanes_go_on() -> None:
    full, free, opened = Lane("figures", 1, 1), Lane("tiles", 1, 1), Event()

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(2):  # the first runs, the second waits
                group.start_soon(full.run, opened.wait)
            await anyio.wait_all_tasks_blocked()
            try:
                with pytest.raises(Busy, match="1 requests for figures wait"):
                    await full.run(opened.wait)
                with anyio.fail_after(30):
                    assert await free.run(lambda: "answered") == "answered"
            finally:
                opened.set()
        assert await full.run(lambda: "again") == "again"

    run_async(main)


def test_health_and_tiles_do_not_wait_for_the_threads_that_others_use(tmp_path: Path) -> None:
    app, opened = create_app(Settings(data_dir=tmp_path)), Event()
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))

    async def waiting(event: Event) -> None:
        await anyio.to_thread.run_sync(event.wait)

    async def main() -> None:
        anyio.to_thread.current_default_thread_limiter().total_tokens = 1
        async with (
            httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
            anyio.create_task_group() as group,
        ):
            group.start_soon(waiting, opened)
            await anyio.wait_all_tasks_blocked()
            try:
                for path in ("/healthz", "/readyz", "/tiles/basemap/6/37/21.png"):
                    with anyio.fail_after(60):
                        assert (await client.get(path)).status_code == 200
            finally:
                opened.set()

    run_async(main)


def test_an_upload_for_which_there_is_no_room_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(Settings(data_dir=tmp_path, private=True))
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))

    async def refuse(*_: object) -> None:
        raise Busy("16 requests for imports wait; ask again later.")

    monkeypatch.setattr(Lane, "run", refuse)

    async def main() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.post(
                "/api/imports", headers={"X-Strikemap": "1"}, files={"file": ("a.csv", b"id\n1\n")}
            )

    assert run_async(main).status_code == 503
    assert list((tmp_path / "spool").iterdir()) == []


def test_a_fault_before_the_first_piece_of_a_file_is_answered_as_a_fault() -> None:
    def pieces() -> Generator[bytes]:
        yield from refused()

    def refused() -> Generator[bytes]:
        raise Busy("the store is busy; ask again later.")

    async def main() -> list[Message]:
        downloads, sent = Downloads(Lane("files", 1, 1)), list[Message]()

        async def send(message: Message) -> None:
            sent.append(message)

        async def receive() -> Message:
            await anyio.sleep_forever()
            raise AssertionError

        download = Download(pieces(), downloads, {}, "text/csv")
        with pytest.raises(Busy):
            await download({"type": "http", "asgi": {"spec_version": "2.4"}}, receive, send)
        await downloads.ended()
        return sent

    assert run_async(main) == []
