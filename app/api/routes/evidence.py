"""Evidence bundles, and the feed of corrections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api import params
from app.api.respond import answer, etag, json_answer
from app.api.schemas import documented
from app.domain.errors import InvalidView, InvalidWhen, Problem
from app.domain.instants import rfc3339
from app.domain.terms import Face
from app.domain.view import parse_known
from app.i18n import strings
from app.instance.workspace import Workspace
from app.publishing.publish import publish
from app.publishing.query import Query
from app.queries.changes import Changes
from app.queries.changes import changes as changes_of
from app.queries.evidence import bundle
from app.queries.feeds import atom_feed, json_feed

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
        query = params.read_query(workspace, request.query_params.multi_items())
        published = publish(query, Face.raw, in_all=True)
        packed = bundle(published, ref)
        headers = {
            "Content-Disposition": f'attachment; filename="evidence-{ref}.zip"',
            "Cache-Control": "private, no-store",
        }
        return Response(packed, 200, headers, media_type="application/zip")

    @router.get("/api/changes", openapi_extra=documented(since=SINCE, format=FORMAT, limit=LIMIT))
    def changes(request: Request) -> Response:
        """Follow what was added, amended, regraded and retracted in a View since a date."""
        query, own, found = read_changes(workspace, request)
        here = f"{request.url.path}?{query.view.query()}&since={rfc3339(found.since)}"
        words, home = strings(query.view.lang), f"/?{query.view.query()}"
        tag = etag(query, "changes", found.since, own.get("limit"), _form(request, own))
        if _form(request, own) == "atom":
            body = atom_feed(found, words, f"{here}&format=atom", home)
            return answer(request, body, "application/atom+xml", tag)
        feed = json_feed(found, words, here, home)
        return json_answer(request, feed, tag, "application/feed+json")

    return router


def _form(request: Request, own: Mapping[str, Any]) -> str:
    wants_atom = "application/atom+xml" in request.headers.get("accept", "")
    return str(own.get("format", "atom" if wants_atom else "json"))


def read_changes(
    workspace: Workspace, request: Request
) -> tuple[Query, Mapping[str, Any], Changes]:
    """Read a request for changes, and find them.

    Raises:
        InvalidView: without `since`, or with one that cannot be read.
    """
    readers: dict[str, params.Reader] = {
        "since": str,
        "format": params.one_of("json", "atom"),
        "limit": params.whole(1, MOST_ITEMS),
    }
    query, own = params.read(workspace, request.query_params.multi_items(), readers)
    zone = query.theatre.zone
    try:
        since = parse_known(own.get("since", ""), zone, query.now)
    except InvalidWhen as wrong:
        got = own.get("since", "nothing")
        raise InvalidView((Problem("query.since", got, wrong.problem.allowed),)) from wrong
    limit = own.get("limit", DEFAULT_LIMIT)
    return query, own, changes_of(query, since, limit)
