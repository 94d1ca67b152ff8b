"""Which request the present code serves: logs and the database name it."""

from __future__ import annotations

from contextvars import ContextVar

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request; empty outside of one."""
