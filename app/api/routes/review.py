"""Reviewing over HTTP: pairs of records that may report one strike, and the decisions on them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api import params
from app.api.bodies import small_json
from app.api.lanes import Lane
from app.api.pages import HTML, Pages
from app.api.respond import hashed_answer
from app.api.security import requester
from app.api.writing import documented_write, page_spec, refuse_parameters, written
from app.domain.account import Role
from app.domain.answer import JsonObject
from app.domain.errors import InputError
from app.editing.personal import NEWEST, personal_texts
from app.i18n import strings
from app.instance.tokens import allow
from app.instance.workspace import Workspace
from app.maps.page import json_block
from app.matching.review import Reviewer

MOST_PAIRS = 50
"""Pairs and decisions in one answer: a person decides them one by one."""

MOST_TEXTS = 200


def _body(text: str, **properties: str) -> JsonObject:
    fields = {name: {"type": kind} for name, kind in properties.items()}
    schema = {"type": "object", "required": list(properties), "properties": fields}
    content = {"application/json": {"schema": schema}}
    return {"required": True, "description": text, "content": content}


DECISION = _body("Whether the records report one strike, and why.", same="boolean", reason="string")
REASON = _body("Why it is taken back.", reason="string")


@dataclass(frozen=True)
class _Answers:
    """The answers of all addresses; the router gives them their paths."""

    record: Workspace
    lane: Lane

    def _reviewing(self, request: Request) -> Reviewer:
        refuse_parameters(request)
        holder = requester(request)
        allow(holder, Role.reviewer)
        return Reviewer(self.record, holder, datetime.now(UTC))

    def waiting(self, request: Request) -> Response:
        """List the pairs that wait for a decision, and the newest decisions, with their records."""
        return written(self._reviewing(request).waiting(MOST_PAIRS))

    def suggested(self, request: Request) -> Response:
        """List texts of the newest records that may lead to a person; nothing is changed."""
        refuse_parameters(request)
        holder = requester(request)
        allow(holder, Role.reviewer)
        rows = personal_texts(self.record, holder, NEWEST)
        return written({"count": len(rows), "suggestions": msgspec.to_builtins(rows[:MOST_TEXTS])})

    async def decide(self, request: Request, number: str) -> Response:
        """Decide that two records report one strike, or that they do not."""
        reviewing = self._reviewing(request)
        fields = await small_json(request)
        _only(fields, "same", "reason")
        same, reason = fields.get("same"), fields.get("reason")
        if not isinstance(same, bool):
            raise InputError("same", same, "true or false")
        merge = await self.lane.run(reviewing.decide, number, reason, is_same=same)
        return written({"id": merge.id, "is_same": merge.is_same})

    async def undo(self, request: Request, number: str) -> Response:
        """Take a decision back; the pair waits for a decision again."""
        reviewing = self._reviewing(request)
        fields = await small_json(request)
        _only(fields, "reason")
        merge = await self.lane.run(reviewing.undo, number, fields.get("reason"))
        return written({"id": merge.id, "is_same": None})


def _only(fields: JsonObject, *allowed: str) -> None:
    if unknown := ", ".join(name for name in fields if name not in allowed):
        raise InputError("body", unknown[:80], " and ".join(allowed))


def routes(record: Workspace, visible: Workspace, lane: Lane) -> APIRouter:
    """Build the addresses of reviewing, and their page."""
    router, answers, page = APIRouter(), _Answers(record, lane), Pages(visible)
    pair = "/api/reviews/{number}"
    router.get("/api/reviews", openapi_extra=documented_write({}))(answers.waiting)
    suggested = lane.endpoint(answers.suggested)
    router.get("/api/suggestions", openapi_extra=documented_write({}))(suggested)
    router.post(pair, openapi_extra=documented_write({}, DECISION))(answers.decide)
    router.post(f"{pair}/undo", openapi_extra=documented_write({}, REASON))(answers.undo)

    @router.get("/review", include_in_schema=False)
    def review_page(request: Request) -> Response:
        """Give the page, which holds no data: it asks for the pairs with its holder's token."""
        query = params.read_query(visible, request.query_params.multi_items())
        block = json_block(page_spec(query))
        html = page("review", query.view, strings(query.view.lang)["review_title"], block=block)
        return hashed_answer(request, html, HTML)

    return router
