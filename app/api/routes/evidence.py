"""Evidence bundles, and the feed of corrections."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api import links, params
from app.api.changes import MOST_CHANGES, read_changes
from app.api.respond import answer, etag, json_answer
from app.api.schemas import documented
from app.domain.instants import rfc3339
from app.domain.terms import Face
from app.instance.workspace import Workspace
from app.publishing.publish import publish
from app.queries.evidence import bundle
from app.queries.feeds import atom_feed, json_feed

SINCE = ("what was known then: an instant, or a past date for its end", {"type": "string"})
FORMAT = ("json (JSON Feed) or atom", {"type": "string", "enum": ["json", "atom"]})
LIMIT = ("most items", {"type": "integer", "minimum": 1, "maximum": MOST_CHANGES})


def routes(workspace: Workspace) -> APIRouter:
    """Build the evidence bundles and the feed of one instance."""
    router = APIRouter()

    @router.get("/api/evidence/{ref}.zip", openapi_extra=documented("application/zip"))
    def evidence(request: Request, ref: str) -> Response:
        """Pack an incident's evidence; it can be checked offline; the public does not get it."""
        query = params.read_query(workspace, request.query_params.multi_items())
        published = publish(query, Face.raw, in_all=True)
        packed = bundle(published, ref)
        headers = {
            "Content-Disposition": f'attachment; filename="evidence-{ref}.zip"',
            "Cache-Control": "private, no-store",
        }
        return Response(packed, 200, headers, media_type="application/zip")

    @router.get(
        "/api/changes",
        name="changes",
        openapi_extra=documented(since=SINCE, format=FORMAT, limit=LIMIT),
    )
    def change_feed(request: Request) -> Response:
        """List the records of a View that were added, amended, regraded or retracted since then."""
        query, changes, limit, form = read_changes(workspace, request)
        base = links.base(request)
        address = f"{base}{request.url.path}?{query.view.query()}&since={rfc3339(changes.since)}"
        words, home = query.words, f"{base}/?{query.view.query()}"
        tag = etag(query, "changes", changes.since, limit, form, base)
        if form == "atom":
            body = atom_feed(changes, words, f"{address}&format=atom", home, base)
            return answer(request, body, "application/atom+xml", tag)
        feed = json_feed(changes, words, address, home, base)
        return json_answer(request, feed, tag, "application/feed+json")

    return router
