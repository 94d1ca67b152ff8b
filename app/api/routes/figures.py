"""A View as a picture for a report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api import params
from app.api.respond import REVALIDATE, answer, etag, unchanged
from app.api.schemas import documented
from app.domain.cache import BoundedCache
from app.instance.workspace import Workspace
from app.pictures.figures import FIGURE_FORMS, LEAST_PX, MOST_PX, MOST_SCALE, FigureOptions, Figures

MEDIA = {"png": "image/png", "svg": "image/svg+xml", "pdf": "application/pdf"}
SVG_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; font-src data:; img-src data:; "
    "frame-ancestors 'self'; sandbox"
)
"""An SVG opened by itself brings its own font and runs nothing."""

SIZE: Mapping[str, Any] = {"type": "integer", "minimum": LEAST_PX, "maximum": MOST_PX}
OWN: Mapping[str, tuple[str, dict[str, Any]]] = {
    "width": ("px at 1x, 1200 by default", {**SIZE}),
    "height": ("px at 1x, 630 by default", {**SIZE}),
    "scale": (
        "px of the picture to one px at 1x; detail of a vector form",
        {"type": "integer", "minimum": 1, "maximum": MOST_SCALE},
    ),
    "title": ("plain text; ours by default", {"type": "string"}),
    "subtitle": ("plain text", {"type": "string"}),
}
READERS: Mapping[str, params.Reader] = {
    "width": params.whole(LEAST_PX, MOST_PX),
    "height": params.whole(LEAST_PX, MOST_PX),
    "scale": params.whole(1, MOST_SCALE),
    "title": str,
    "subtitle": str,
}
MOST_KEPT = 24


def routes(workspace: Workspace, figures: Figures) -> APIRouter:
    """Build the figures of one instance."""
    router, kept = APIRouter(), BoundedCache(MOST_KEPT)
    for form in FIGURE_FORMS:
        told = documented(MEDIA[form], **OWN)
        made = _route(workspace, figures, form, kept)
        router.add_api_route(f"/figure.{form}", made, openapi_extra=told, response_class=Response)
    return router


def _route(
    workspace: Workspace, figures: Figures, form: str, kept: BoundedCache
) -> Callable[[Request], Response]:
    def figure(request: Request) -> Response:
        """Draw a View with its legend, sources, terms and as-of, for a report."""
        query, own = params.read(workspace, request.query_params.multi_items(), READERS)
        wanted = FigureOptions(form, **own)
        tag = etag(query, "figure", wanted)
        if (same := unchanged(request, tag)) is not None:
            return same
        body = kept.get(tag, lambda: figures.figure(query, wanted))
        headers = {"Content-Security-Policy": SVG_POLICY} if form == "svg" else {}
        return answer(request, body, MEDIA[form], tag, REVALIDATE, headers)

    figure.__name__ = f"figure_{form}"
    return figure
