"""Reviewing over HTTP: pairs of records that may tell of one strike, and who decided what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from app.api import params
from app.api.bodies import small_json
from app.api.pages import HTML, Pages
from app.api.routes.imports import documented, page_block, read_own, written
from app.api.security import requester
from app.domain.account import Role
from app.domain.errors import InputError
from app.i18n import strings
from app.instance.tokens import allow
from app.instance.workspace import Workspace
from app.maps.page import json_block
from app.matching.decisions import Reviewer

LISTED = 50
"""Pairs and decisions per answer: a person decides one after the other."""


def _body(text: str, **properties: str) -> dict[str, Any]:
    told = {name: {"type": kind} for name, kind in properties.items()}
    schema = {"type": "object", "required": list(properties), "properties": told}
    content = {"application/json": {"schema": schema}}
    return {"required": True, "description": text, "content": content}


DECISION = _body(
    "Whether the records tell of one strike, and why.", same="boolean", reason="string"
)
REASON = _body("Why it is taken back.", reason="string")


@dataclass(frozen=True)
class _Answers:
    """What each address answers; the router only gives them their names."""

    record: Workspace

    def _reviewing(self, request: Request) -> Reviewer:
        read_own(request.query_params.multi_items(), {})
        holder = requester(request)
        allow(holder, Role.reviewer)
        return Reviewer(self.record, holder, datetime.now(UTC))

    def waiting(self, request: Request) -> Response:
        """List pairs that wait for a person and the newest decisions, records side by side."""
        return written(self._reviewing(request).waiting(LISTED))

    async def decide(self, request: Request, number: str) -> Response:
        """Say that two records tell of one strike, or that they do not."""
        reviewing = self._reviewing(request)
        told = await small_json(request)
        _only(told, "same", "reason")
        same, reason = told.get("same"), told.get("reason")
        if not isinstance(same, bool):
            raise InputError("same", same, "true or false")
        merge = await run_in_threadpool(reviewing.decide, number, reason, is_same=same)
        return written({"id": merge.id, "is_same": merge.is_same})

    async def undo(self, request: Request, number: str) -> Response:
        """Take a decision back; the pair waits for a person again."""
        reviewing = self._reviewing(request)
        told = await small_json(request)
        _only(told, "reason")
        merge = await run_in_threadpool(reviewing.undo, number, told.get("reason"))
        return written({"id": merge.id, "is_same": None})


def _only(told: dict[str, Any], *allowed: str) -> None:
    if strange := ", ".join(name for name in told if name not in allowed):
        raise InputError("body", strange[:80], " and ".join(allowed))


def routes(record: Workspace, seen: Workspace) -> APIRouter:
    """Build the addresses of reviewing, and their page."""
    router, answers, page = APIRouter(), _Answers(record), Pages(seen)
    one = "/api/reviews/{number}"
    router.get("/api/reviews", openapi_extra=documented({}))(answers.waiting)
    router.post(one, openapi_extra=documented({}, DECISION))(answers.decide)
    router.post(f"{one}/undo", openapi_extra=documented({}, REASON))(answers.undo)

    @router.get("/review", include_in_schema=False)
    def review_page(request: Request) -> Response:
        """Give the page, which holds no data: it asks for the pairs with its holder's token."""
        query = params.read_query(seen, request.query_params.multi_items())
        block = json_block(page_block(seen, query)["spec"])
        html = page("review", query.view, strings(query.view.lang)["review_title"], block=block)
        return Response(html, 200, {"Cache-Control": "no-cache"}, media_type=HTML)

    return router
