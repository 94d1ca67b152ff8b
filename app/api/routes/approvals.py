"""Approvals over HTTP: what waits for a second person, and the decisions on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api.bodies import small_json
from app.api.lanes import Lane
from app.api.security import requester
from app.api.writing import documented_write, refuse_parameters, written
from app.domain.account import Role
from app.domain.answer import JsonObject
from app.domain.approval import Approval, ApprovalState
from app.domain.errors import InputError
from app.editing.deciding import Decider
from app.instance.tokens import allow
from app.instance.workspace import Workspace

MOST_DECIDED = 50
"""Decisions in one answer; the audit has them all."""

BODY: JsonObject = {
    "required": True,
    "description": "Whether you approve it, and why.",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["approve", "reason"],
                "properties": {"approve": {"type": "boolean"}, "reason": {"type": "string"}},
            }
        }
    },
}


@dataclass(frozen=True)
class _Answers:
    record: Workspace
    lane: Lane
    data_dir: Path

    def _decider(self, request: Request) -> Decider:
        refuse_parameters(request)
        holder = requester(request)
        allow(holder, Role.editor)
        return Decider(self.record, holder, datetime.now(UTC), self.data_dir)

    def standing(self, request: Request) -> Response:
        """List what waits for a second person, and the newest decisions, in the holder's scope."""
        decider = self._decider(request)
        rows = [one.approval for one in decider.standing()]
        waiting = [one for one in rows if one.state is ApprovalState.waiting]
        decided = [one for one in rows if one.state is not ApprovalState.waiting]
        return written(
            {
                "waiting": [_row(one, decider) for one in waiting],
                "decided": [_row(one, decider) for one in decided[:MOST_DECIDED]],
            }
        )

    async def decide(self, request: Request, number: str) -> Response:
        """Approve what another person asked for, or refuse it; approved, it is in force at once."""
        decider = self._decider(request)
        fields = await small_json(request)
        if unknown := ", ".join(name for name in fields if name not in ("approve", "reason")):
            raise InputError("body", unknown[:80], "`approve` and `reason`")
        approve = fields.get("approve")
        if not isinstance(approve, bool):
            raise InputError("approve", approve, "true or false")
        decided = await self.lane.run(decider.decide, number, fields.get("reason"), approve=approve)
        return written(_row(decided, decider))


def _row(one: Approval, decider: Decider) -> JsonObject:
    is_waiting = one.state is ApprovalState.waiting
    return {
        "id": one.id,
        "kind": one.kind.value,
        "dataset": one.dataset,
        "target": one.target,
        "summary": one.summary,
        "reason": one.reason,
        "asked_by": one.asked_by,
        "state": one.state.value,
        "decided_by": one.decided_by,
        "decided_why": one.decided_why,
        "may_approve": is_waiting and decider.may_approve(one),
    }


def routes(record: Workspace, lane: Lane, data_dir: Path) -> APIRouter:
    """Build the two addresses; `/review` is their page."""
    router, answers = APIRouter(), _Answers(record, lane, data_dir)
    router.get("/api/approvals", openapi_extra=documented_write({}))(answers.standing)
    one = documented_write({}, BODY)
    router.post("/api/approvals/{number}", openapi_extra=one)(answers.decide)
    return router
