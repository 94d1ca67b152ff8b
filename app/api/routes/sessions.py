"""Signing in and out over HTTP: a token is shown once, and the browser gets a session for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api import params
from app.api.lanes import Lane
from app.api.pages import HTML, Pages
from app.api.security import is_own_page, requester
from app.api.sessions import OWN_HEADER, clear_cookie, set_session
from app.api.writing import NO_STORE, documented_write, page_spec, refuse_parameters, written
from app.domain.account import Holder
from app.domain.answer import JsonObject
from app.domain.errors import InputError, NotAllowed
from app.instance.sessions import open_session
from app.instance.workspace import Workspace
from app.maps.page import json_block


@dataclass(frozen=True)
class _Answers:
    """The answers of all addresses; the router gives them their paths."""

    record: Workspace
    lane: Lane
    hours: float

    async def sign_in(self, request: Request) -> Response:
        """Open a session for the token of this request; its cookie is for our own pages only."""
        refuse_parameters(request)
        holder = requester(request)
        if OWN_HEADER not in request.headers or not is_own_page(request.headers, request.scope):
            raise NotAllowed("Only this service's own page opens a session.")
        if not holder.token or holder.session is not None:
            got = "a session" if holder.session else "a private instance"
            raise InputError("header Authorization", got, "a token, as Bearer strikemap_…")
        now = datetime.now(UTC)
        session, secret = await self.lane.run(
            open_session, self.record.store, holder.token, now, self.hours
        )
        answer = written(_described(holder, session.expires_at), status=HTTPStatus.CREATED)
        set_session(answer, request.scope, secret)
        return answer

    def read(self, request: Request) -> Response:
        """Say who is signed in, or whose token this is, and until when."""
        refuse_parameters(request)
        holder = requester(request)
        return written(_described(holder, holder.session.expires_at if holder.session else None))

    async def sign_out(self, request: Request) -> Response:
        """End the session of this browser, at once and in every process."""
        refuse_parameters(request)
        session = requester(request).session
        if session is None:
            raise InputError("request", "no session", "the session of a browser that signed in")
        store = self.record.store
        await self.lane.run(store.end_session, session.id, datetime.now(UTC))
        answer = written({"ended": session.id})
        clear_cookie(answer, request.scope)
        return answer


def _described(holder: Holder, until: datetime | None) -> JsonObject:
    return {
        "actor": holder.actor,
        "role": holder.role.value,
        "datasets": sorted(holder.datasets),
        "expires_at": until,
    }


def routes(
    record: Workspace, visible: Workspace, lane: Lane, hours: float, provider: str
) -> APIRouter:
    """Build the addresses of sessions, and the page on which somebody signs in.

    `provider` names the identity provider, if there is one.
    """
    router, answers, page = APIRouter(), _Answers(record, lane, hours), Pages(visible)
    one, new = "/api/session", documented_write({}, status=HTTPStatus.CREATED)
    router.post(one, openapi_extra=new, status_code=HTTPStatus.CREATED)(answers.sign_in)
    router.get(one, openapi_extra=documented_write({}))(answers.read)
    router.delete(one, openapi_extra=documented_write({}))(answers.sign_out)

    @router.get("/sign-in", include_in_schema=False)
    def sign_in_page(request: Request) -> Response:
        """Give the form; the page to go back to stands behind # and never leaves the browser."""
        query = params.read_query(visible, request.query_params.multi_items())
        block = json_block(page_spec(query))
        html = page(
            "sign_in", query.view, query.words["sign_in_title"], block=block, provider=provider
        )
        return Response(html, 200, NO_STORE, media_type=HTML)

    return router
