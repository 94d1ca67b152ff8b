"""Signing in at the operator's identity provider: there and back."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.api import params
from app.api.lanes import Lane
from app.api.pages import PageRoute
from app.api.sessions import clear_cookie, cookie_name, is_secure, read_cookie, set_session
from app.api.writing import LANGUAGE, NO_STORE, WriteParameters, read_parameters
from app.domain.errors import DoneBefore, NotAllowed, NotKnown
from app.instance.attempts import ATTEMPT_S, Attempt
from app.instance.provider import Claims, Provider, granted
from app.instance.sessions import SignIn, open_session
from app.instance.workspace import Workspace

LOG = logging.getLogger("strikemap.sign_in")
ATTEMPT = "strikemap-attempt"
"""The cookie of a sign-in that began here; it comes back from the provider's page, so it is Lax."""

RETURN = "/sign-in/return"
LONGEST_GOAL = 1_000
PARAMETERS: WriteParameters = {
    **LANGUAGE,
    "next": (params.line_of(LONGEST_GOAL), "the page to go back to", {"type": "string"}),
    "theatre": (params.line_of(80), "of the page", {"type": "string"}),
}


@dataclass(frozen=True)
class _Answers:
    record: Workspace
    lane: Lane
    hours: float
    provider: Provider

    async def start(self, request: Request) -> Response:
        """Lead the browser to the provider, with what it must bring back in a cookie."""
        own = read_parameters(request.query_params.multi_items(), PARAMETERS)
        now = datetime.now(UTC)
        attempt = Attempt.begun(now, own.get("next", "/"))
        address = await self.provider.address(attempt, _return_url(request), now)
        answer = RedirectResponse(address, 303, NO_STORE)
        answer.set_cookie(
            cookie_name(request.scope, ATTEMPT),
            attempt.text,
            max_age=ATTEMPT_S,
            secure=is_secure(request.scope),
            httponly=True,
            samesite="lax",
        )
        return answer

    async def come_back(self, request: Request) -> Response:
        """Take who comes back from the provider, give them a session, and lead to their page."""
        attempt, now = Attempt(read_cookie(request.scope, ATTEMPT) or ""), datetime.now(UTC)
        try:
            sign_in, claims = await self.provider.person(
                attempt, request.query_params, _return_url(request), now
            )
            secret = await self.lane.run(self._opened, sign_in, claims, now)
        except (NotKnown, NotAllowed, DoneBefore) as wrong:
            LOG.warning("sign-in refused: %s", wrong)
            raise
        answer = RedirectResponse(attempt.goal, 303, NO_STORE)
        set_session(answer, request.scope, secret)
        clear_cookie(answer, request.scope, ATTEMPT)
        return answer

    def _opened(self, sign_in: SignIn, claims: Claims, now: datetime) -> str:
        store = self.record.store
        token = granted(store.tokens(), claims, now)
        _session, secret = open_session(store, token.id, now, self.hours, sign_in)
        return secret


def _return_url(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}{RETURN}"


def routes(record: Workspace, lane: Lane, hours: float, provider: Provider) -> APIRouter:
    """Build the two addresses; a refusal is a page with one sentence."""
    router = APIRouter(route_class=PageRoute)
    answers = _Answers(record, lane, hours, provider)
    router.get("/sign-in/start", include_in_schema=False)(answers.start)
    router.get(RETURN, include_in_schema=False)(answers.come_back)
    return router
