"""Logs as one JSON object a line; they hold nothing of a request's content."""

from __future__ import annotations

import json
import logging
import random
import re
from datetime import UTC, datetime

from typing_extensions import override

from app.domain.tracing import REQUEST_ID

REQUEST_FIELDS = ("method", "path", "status", "ms", "bytes")
"""What the line of a request has beside its message; no query, which may name private matters."""

REQUEST_ID_HEADER = "X-Request-ID"
_ACCEPTED_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")


def request_id(proposed: str | None) -> str:
    """Take the id that a proxy or a client gave a request if it is short and plain, or make one."""
    if proposed is not None and _ACCEPTED_ID.fullmatch(proposed):
        return proposed
    return f"{random.getrandbits(128):032x}"


class JsonLines(logging.Formatter):
    """Writes a record with its time in UTC, its level, its logger, and a traceback as text."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        """Write one line."""
        fields: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if number := REQUEST_ID.get():
            fields["request_id"] = number
        fields |= {name: getattr(record, name) for name in REQUEST_FIELDS if hasattr(record, name)}
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return json.dumps(fields, ensure_ascii=False)


def log_as_json(level: str) -> None:
    """Send every log of this process, uvicorn's included, to standard error as JSON lines."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # A figure's font is cut to its letters in 86 steps, each with a line of its own.
    logging.getLogger("fontTools").setLevel(max(logging.WARNING, logging.getLogger().level))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        # The application has a line of its own for each answer.
        logger.propagate = name != "uvicorn.access"
