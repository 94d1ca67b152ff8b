"""The audit over HTTP: who did what and when, for an admin of everything."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api import params
from app.api.lanes import Lane
from app.api.pages import HTML, Pages
from app.api.respond import hashed_answer
from app.api.security import requester
from app.api.writing import (
    NO_STORE,
    WriteParameters,
    documented_write,
    page_spec,
    read_parameters,
    written,
)
from app.domain.instants import parse_day
from app.i18n import strings
from app.instance.tokens import allow_everything
from app.instance.workspace import Workspace
from app.maps.page import json_block
from app.queries.audit import AuditAction, AuditFilter, audit, audit_csv

DAY = {"type": "string", "format": "date"}
ACTIONS = [action.value for action in AuditAction]
MOST_EVENTS, MOST_LETTERS = 1_000, 80
PARAMETERS: WriteParameters = {
    "from": (parse_day, "first day, in UTC", DAY),
    "to": (parse_day, "last day, included", DAY),
    "who": (
        params.line_of(MOST_LETTERS),
        "a part of a name, or of a token's number",
        {"type": "string", "maxLength": MOST_LETTERS},
    ),
    "action": (params.choice_of(*ACTIONS), "what was done", {"type": "string", "enum": ACTIONS}),
    "before": (
        params.whole_number(1, 2**62),
        "where an earlier answer ended (its `next`)",
        {"type": "integer", "minimum": 1},
    ),
    "limit": (
        params.whole_number(1, MOST_EVENTS),
        "at most so many",
        {"type": "integer", "minimum": 1, "maximum": MOST_EVENTS},
    ),
    "format": (
        params.choice_of("json", "csv"),
        "json or csv",
        {"type": "string", "enum": ["json", "csv"]},
    ),
}


def routes(record: Workspace, visible: Workspace, lane: Lane) -> APIRouter:
    """Build the address of the audit, and its page."""
    router, page = APIRouter(), Pages(visible)

    @router.get("/api/audit", openapi_extra=documented_write(PARAMETERS))
    async def audited(request: Request) -> Response:
        """List who did what and when, newest first; no reader and no address is in it."""
        allow_everything(requester(request), "it names everybody's work")
        own = read_parameters(request.query_params.multi_items(), PARAMETERS)
        criteria = AuditFilter(
            first=own.get("from"),
            last=own.get("to"),
            who=own.get("who", ""),
            action=AuditAction(own["action"]) if "action" in own else None,
            before=own.get("before"),
            limit=own.get("limit", 100),
        )
        document = await lane.run(audit, record.store, criteria)
        if own.get("format") != "csv":
            return written(document)
        name = f"audit-{datetime.now(UTC):%Y-%m-%d}.csv"
        headers = {**NO_STORE, "Content-Disposition": f'attachment; filename="{name}"'}
        return Response(audit_csv(document["events"]), 200, headers, "text/csv; charset=utf-8")

    @router.get("/audit", include_in_schema=False)
    def audit_page(request: Request) -> Response:
        """Give the page, which holds no event: it asks for them with its holder's token."""
        query = params.read_query(visible, request.query_params.multi_items())
        block = json_block({**page_spec(query), "actions": ACTIONS})
        html = page("audit", query.view, strings(query.view.lang)["audit_title"], block=block)
        return hashed_answer(request, html, HTML)

    return router
