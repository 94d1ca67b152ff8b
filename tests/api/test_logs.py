"""Logs are JSON lines that say what was answered and never what was looked for."""

from __future__ import annotations

import json
import logging
import re
import sys
from pathlib import Path

import httpx
import pytest

from app.api.app import create_app
from app.api.logs import JsonLines, log_as_json, request_id
from app.domain.tracing import REQUEST_ID
from app.settings import Settings
from tests.running import run_async


def line(**extra: object) -> dict[str, object]:
    record = logging.makeLogRecord({"name": "x", "levelname": "INFO", "msg": "answered", **extra})
    fields: dict[str, object] = json.loads(JsonLines().format(record))
    return fields


def test_a_request_is_one_json_object() -> None:
    fields = line(method="GET", path="/api/summary", status=200, ms=1.5, bytes=10)
    assert fields | {"at": ""} == {
        "at": "",
        "level": "info",
        "logger": "x",
        "message": "answered",
        "method": "GET",
        "path": "/api/summary",
        "status": 200,
        "ms": 1.5,
        "bytes": 10,
    }


def test_the_library_of_fonts_writes_no_line_for_each_step_of_a_figure() -> None:
    root, fonts = logging.getLogger(), logging.getLogger("fontTools")
    before = root.handlers[:], root.level, fonts.level
    try:
        for level, lowest in (("INFO", logging.WARNING), ("ERROR", logging.ERROR)):
            log_as_json(level)
            assert logging.getLogger("fontTools.subset").getEffectiveLevel() == lowest
    finally:
        root.handlers[:] = before[0]
        root.setLevel(before[1])
        fonts.setLevel(before[2])


def test_a_line_of_a_request_has_its_id() -> None:
    assert "request_id" not in line()
    token = REQUEST_ID.set("abc-1")
    try:
        assert line()["request_id"] == "abc-1"
    finally:
        REQUEST_ID.reset(token)


@pytest.mark.parametrize("proposed", ["", "two words", "a" * 65, "a\nb", "é", None])
def test_an_id_that_could_disturb_a_log_is_replaced(proposed: str | None) -> None:
    assert re.fullmatch("[0-9a-f]{32}", request_id(proposed))


@pytest.mark.parametrize("path", ["/healthz", "/api/nothing", "/tiles/map/6/37/21.png", "/broken"])
def test_an_answer_has_the_id_of_its_request_and_so_has_its_line(
    tmp_path: Path, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(Settings(data_dir=tmp_path))

    @app.get("/broken")
    def broken() -> None:
        raise ZeroDivisionError

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    caplog.handler.setFormatter(JsonLines())
    caplog.set_level("INFO", "strikemap")

    async def ask(headers: dict[str, str]) -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.get(path, headers=headers)

    named = run_async(ask, {"X-Request-ID": "from-a-proxy.7"})
    unnamed = run_async(ask, {})
    assert named.headers["x-request-id"] == "from-a-proxy.7"
    assert re.fullmatch("[0-9a-f]{32}", unnamed.headers["x-request-id"])
    ids = [json.loads(text).get("request_id") for text in caplog.text.splitlines() if text]
    assert {"from-a-proxy.7", unnamed.headers["x-request-id"]} <= set(ids)


def test_a_traceback_stays_on_its_line() -> None:
    try:
        int("broken")
    except ValueError:
        traceback = str(line(exc_info=sys.exc_info())["traceback"])
        assert traceback.endswith("ValueError: invalid literal for int() with base 10: 'broken'")
