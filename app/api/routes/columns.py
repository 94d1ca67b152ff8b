"""The data of the map page: the marks, as columns of numbers."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api import params
from app.api.respond import MINUTE, etag, json_answer, zipped_answer
from app.api.schemas import documented
from app.domain.terms import Face
from app.instance.workspace import Workspace
from app.pages.columns import PageColumns
from app.publishing.publish import publish


def routes(workspace: Workspace) -> APIRouter:
    """Build the columns of one instance."""
    router, columns = APIRouter(), PageColumns()

    @router.get("/columns.json", openapi_extra=documented())
    def column_list(request: Request) -> Response:
        """List the page's own data: one file per month."""
        query = params.read_query(workspace, request.query_params.multi_items())
        published = publish(query, Face.points)
        return json_answer(request, columns.listing(published), etag(query, "columns"))

    @router.get("/columns/{name}", openapi_extra=documented("application/octet-stream"))
    def column_file(request: Request, name: str) -> Response:
        """Serve one month of columns; the name carries the hash of its content.

        A copy is kept for a minute only: what is withheld from now on must leave shared caches.
        """
        query = params.read_query(workspace, request.query_params.multi_items())
        published = publish(query, Face.points)
        zipped = columns.zipped(published, name)
        return zipped_answer(request, zipped, "application/octet-stream", f'"{name}"', MINUTE)

    return router
