"""Archived images of incidents, written anew: without the original's metadata, in three sizes."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api import params
from app.api.lanes import Lane
from app.api.respond import answer, etag, unchanged
from app.api.schemas import documented
from app.domain.cache import BoundedCache
from app.domain.errors import InputError, NotFound
from app.domain.terms import Face
from app.instance.workspace import Workspace
from app.publishing.publish import publish
from app.queries.images import ShownImage, shown_image
from app.render.renditions import COPY_TYPE, Rendition, outside_image, render_image

COPY = "copy"
MOST_RENDITIONS = 64
"""Kept in memory, about 16 MB: a copy on the disk would outlive a purge."""


def routes(workspace: Workspace, lane: Lane) -> APIRouter:
    """Build the addresses of archived images."""
    router = APIRouter()
    renditions = BoundedCache(MOST_RENDITIONS)

    @router.get(
        "/api/incidents/{ref}/images/{sha256}/{form}.jpg", openapi_extra=documented("image/jpeg")
    )
    @lane.endpoint
    def image(request: Request, ref: str, sha256: str, form: str) -> Response:
        """Give an archived image as JPEG without its metadata: small, large or blurred.

        `copy` is the covered copy of an image as it lies in the archive, where it has covers.
        """
        query = params.read_query(workspace, request.query_params.multi_items())
        if form not in (*Rendition, COPY):
            raise InputError("form", form, ", ".join((*Rendition, COPY)))
        image = shown_image(publish(query, Face.points, in_all=True), ref, sha256)
        if form == COPY and image.copy is None:
            raise NotFound(f"The image {sha256!r} has no covered copy.")
        tag = etag(query, "image", ref, sha256, form)
        if (same := unchanged(request, tag)) is not None:
            return same
        body = renditions.get((sha256, form), lambda: _written(workspace, image, form))
        return answer(request, body, COPY_TYPE, tag)

    return router


def _written(workspace: Workspace, image: ShownImage, form: str) -> bytes:
    if form == COPY:
        return image.content
    facts = (image.content, image.media_type, Rendition(form))
    return workspace.readings.run(outside_image(image.content), render_image, *facts)
