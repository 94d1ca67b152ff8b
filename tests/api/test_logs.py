"""Logs are JSON lines that say what was answered and never what was looked for."""

from __future__ import annotations

import json
import logging
import sys

from app.api.logs import JsonLines, log_as_json


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


def test_a_traceback_stays_on_its_line() -> None:
    try:
        int("broken")
    except ValueError:
        traceback = str(line(exc_info=sys.exc_info())["traceback"])
        assert traceback.endswith("ValueError: invalid literal for int() with base 10: 'broken'")
