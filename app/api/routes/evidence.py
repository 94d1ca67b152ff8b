"""Evidence bundles, and the feed of corrections."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api import params
from app.api.respond import answer, etag, json_answer
from app.api.schemas import documented
from app.domain.errors import InvalidView, InvalidWhen, Problem
from app.domain.terms import Face
from app.domain.view import parse_known, rfc3339
from app.i18n import strings
from app.instance.workspace import Workspace
from app.publishing.publish import publish
from app.services.changes import Changes
from app.services.changes import changes as changes_of
from app.services.evidence import bundle
from app.services.feeds import atom_feed, json_feed

DEFAULT_LIMIT, MOST_ITEMS = 100, 1_000
SINCE = ("what was known then: an instant, or a past date for its end", {"type": "string"})
FORMAT = ("json (JSON Feed) or atom", {"type": "string", "enum": ["json", "atom"]})
LIMIT = ("most items", {"type": "integer", "minimum": 1, "maximum": MOST_ITEMS})


def routes(workspace: Workspace) -> APIRouter:
    """Build the answers of one instance."""
    router = APIRouter()

    @router.get("/api/evidence/{ref}.zip", openapi_extra=documented("application/zip"))
    def evidence(request: Request, ref: str) -> Response:
        """Pack an incident's evidence, checkable offline; not for the public."""
        asked = params.read(workspace, request.query_params.multi_items())
        published = publish(asked, Face.raw, in_all=True)
        packed = bundle(published, ref)
        headers = {
            "Content-Disposition": f'attachment; filename="evidence-{ref}.zip"',
            "Cache-Control": "private, no-store",
        }
        return Response(packed, 200, headers, media_type="application/zip")

    @router.get("/api/changes", openapi_extra=documented(since=SINCE, format=FORMAT, limit=LIMIT))
    def changes(request: Request) -> Response:
        """Follow what was added, amended, regraded and retracted in a View since a date."""
        asked, found = read_changes(workspace, request)
        query = asked.view.query()
        here = f"{request.url.path}?{query}&since={rfc3339(found.since)}"
        words, home = strings(asked.view.lang), f"/?{query}"
        tag = etag(
            workspace, asked, "changes", found.since, asked.own.get("limit"), _form(request, asked)
        )
        if _form(request, asked) == "atom":
            body = atom_feed(found, words, f"{here}&format=atom", home)
            return answer(request, body, "application/atom+xml", tag)
        feed = json_feed(found, words, here, home)
        return json_answer(request, feed, tag, "application/feed+json")

    return router


def _form(request: Request, asked: params.Asked) -> str:
    wants_atom = "application/atom+xml" in request.headers.get("accept", "")
    return str(asked.own.get("format", "atom" if wants_atom else "json"))


def read_changes(workspace: Workspace, request: Request) -> tuple[params.Asked, Changes]:
    """Read a request for changes, and find them.

    Raises:
        InvalidView: without `since`, or with one that cannot be read.
    """
    own: dict[str, params.Reader] = {"since": str, "format": params.one_of("json", "atom")}
    own["limit"] = params.whole(1, MOST_ITEMS)
    asked = params.read(workspace, request.query_params.multi_items(), own)
    zone = workspace.reference.theatres[asked.view.theatre].zone
    try:
        since = parse_known(asked.own.get("since", ""), zone, asked.now)
    except InvalidWhen as wrong:
        got = asked.own.get("since", "nothing")
        raise InvalidView((Problem("query.since", got, wrong.problem.allowed),)) from wrong
    limit = asked.own.get("limit", DEFAULT_LIMIT)
    return asked, changes_of(asked, since, limit)
