"""A View as a picture for a report."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api import params
from app.api.lanes import Lane
from app.api.respond import answer, etag, unchanged
from app.api.schemas import Described, documented
from app.domain.answer import JsonObject
from app.domain.cache import BoundedCache
from app.domain.story import MOST_NOTES
from app.domain.terms import Audience
from app.instance.workspace import Workspace
from app.pictures.figures import (
    FIGURE_FORMS,
    FIGURE_SIZES,
    LEAST_PX,
    MOST_PX,
    MOST_SCALE,
    FigureOptions,
    Figures,
    figure_size,
)

MEDIA_TYPES = {"png": "image/png", "svg": "image/svg+xml", "pdf": "application/pdf"}
SVG_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; font-src data:; img-src data:; "
    "frame-ancestors 'self'; sandbox"
)
"""An SVG that is opened alone uses the font inside it and runs no script."""

SIZE: JsonObject = {"type": "integer", "minimum": LEAST_PX, "maximum": MOST_PX}
FIGURE_PARAMETERS: Mapping[str, Described] = {
    "size": (
        "a size by its name, instead of width and height",
        {"type": "string", "enum": [*FIGURE_SIZES]},
    ),
    "width": ("px at 1x, 1200 by default", {**SIZE}),
    "height": ("px at 1x, 630 by default", {**SIZE}),
    "scale": (
        "px of the picture to one px at 1x; detail of a vector form",
        {"type": "integer", "minimum": 1, "maximum": MOST_SCALE},
    ),
    "title": ("plain text; ours by default", {"type": "string"}),
    "subtitle": ("plain text", {"type": "string"}),
    "notes": (
        "labels on the map, a line each: longitude, latitude, side, text",
        {"type": "string"},
    ),
}
READERS: Mapping[str, params.Reader] = {
    "size": params.choice_of(*FIGURE_SIZES),
    "width": params.whole_number(LEAST_PX, MOST_PX),
    "height": params.whole_number(LEAST_PX, MOST_PX),
    "scale": params.whole_number(1, MOST_SCALE),
    "title": str,
    "subtitle": str,
    "notes": params.notes_of(MOST_NOTES),
}
SIZES = ("size", "width", "height", "scale")
MOST_REMEMBERED = 24


def routes(workspace: Workspace, figures: Figures, lane: Lane) -> APIRouter:
    """Build the figures of one instance."""
    router, pictures = APIRouter(), BoundedCache(MOST_REMEMBERED)
    for form in FIGURE_FORMS:
        description = documented(MEDIA_TYPES[form], **FIGURE_PARAMETERS)
        endpoint = lane.endpoint(_route(workspace, figures, form, pictures))
        router.add_api_route(
            f"/figure.{form}", endpoint, openapi_extra=description, response_class=Response
        )
    return router


def _route(
    workspace: Workspace, figures: Figures, form: str, pictures: BoundedCache
) -> Callable[[Request], Response]:
    def figure(request: Request) -> Response:
        """Draw a View with its legend, sources, terms and its time of knowledge, for a report."""
        query, own = params.read(workspace, request.query_params.multi_items(), READERS)
        size = figure_size(**{name: own[name] for name in SIZES if name in own})
        texts = {name: text for name, text in own.items() if name not in SIZES}
        is_own = query.workspace.audience is Audience.private
        order = FigureOptions(form, *size, **texts, may_be_signed=is_own or not texts)
        tag = etag(query, "figure", order)
        if form == "png" and query.workspace.picture_signer.is_on:
            tag = f"W/{tag}"  # no two signatures are alike
        if (same := unchanged(request, tag)) is not None:
            return same
        body = pictures.get(tag, lambda: figures.figure(query, order))
        headers = {"Content-Security-Policy": SVG_POLICY} if form == "svg" else {}
        return answer(request, body, MEDIA_TYPES[form], tag, headers)

    figure.__name__ = f"figure_{form}"
    return figure
