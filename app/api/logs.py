"""Logs as one JSON object a line; they hold nothing of a request's content."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

from typing_extensions import override

REQUEST_FIELDS = ("method", "path", "status", "ms", "bytes")
"""What the line of a request has beside its message; no query, which may name private matters."""


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
        logger.propagate = True
