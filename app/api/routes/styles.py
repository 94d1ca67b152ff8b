"""Styles that travel: the look of our tiles and tables in other programs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api import links, params
from app.api.respond import answer, etag, json_answer
from app.api.schemas import documented
from app.domain.errors import NotFound
from app.instance.workspace import Workspace
from app.pictures.sprite import sprite
from app.pictures.styles import STYLE_NAMES, TileStyles
from app.pictures.tiles import Tiler
from app.publishing.query import Query
from app.queries.looks import file_style
from app.render.qml import marks_qml
from app.render.sld import marks_sld

QML, SLD = "application/x-qgis-layer-settings", "application/vnd.ogc.sld+xml"
DAY = {"Cache-Control": "public, max-age=86400"}


def routes(workspace: Workspace, tiler: Tiler) -> APIRouter:
    """Build the styles of one instance."""
    router, styles = APIRouter(), _Styles(workspace, tiler)
    for scale, suffix in ((1, ""), (2, "@2x")):
        for form in ("json", "png"):
            router.add_api_route(
                f"/styles/sprite{suffix}.{form}",
                styles.sprite(scale, form),
                name=f"sprite_{scale}_{form}",
                include_in_schema=False,
            )
    for form, media, style in (
        ("json", "application/json", styles.maplibre),
        ("qml", QML, styles.tiles_qml),
    ):
        router.add_api_route(
            f"/styles/{{name}}.{form}", style, name=f"style_{form}", openapi_extra=documented(media)
        )
    for path, media, made in (
        ("/api/export.qml", QML, lambda query: marks_qml(file_style(query))),
        ("/api/export.sld", SLD, lambda query: marks_sld(file_style(query))),
    ):
        router.add_api_route(
            path, styles.of_table(media, made), name=path, openapi_extra=documented(media)
        )
    return router


@dataclass(frozen=True)
class _Styles:
    workspace: Workspace
    tiler: Tiler

    def _of(self, request: Request, name: str) -> tuple[Query, TileStyles]:
        if name not in STYLE_NAMES:
            raise NotFound(f"No style {name!r}; there are {', '.join(STYLE_NAMES)}.")
        query = params.read_query(self.workspace, request.query_params.multi_items())
        return query, TileStyles(query, self.tiler.choropleths, links.base(request))

    def maplibre(self, request: Request, name: str) -> Response:
        """Give a style of MapLibre for a View's vector tiles, over our basemap."""
        query, styles = self._of(request, name)
        tag = etag(query, "style", name, styles.base)
        return json_answer(request, styles.maplibre(name), tag)

    def tiles_qml(self, request: Request, name: str) -> Response:
        """Give a style of QGIS for a View's vector tiles."""
        query, styles = self._of(request, name)
        return answer(request, styles.qgis(name), QML, etag(query, "qml", name))

    def of_table(self, media: str, made: Callable[[Query], str]) -> Callable[[Request], Response]:
        def style(request: Request) -> Response:
            """Give the style of a table of incidents, as an export or OGC API Features has it."""
            query = params.read_query(self.workspace, request.query_params.multi_items())
            return answer(request, made(query), media, etag(query, media))

        return style

    def sprite(self, scale: int, form: str) -> Callable[[Request], Response]:
        def pictures(request: Request) -> Response:
            """Give the marks and hatches of the palette as one picture, or where each lies."""
            cells, sheet = sprite(scale, self.tiler.fonts)
            tag = f'"{sha256(sheet).hexdigest()[:24]}"'
            body = sheet if form == "png" else msgspec.json.encode(cells)
            media = "image/png" if form == "png" else "application/json"
            return answer(request, body, media, tag, DAY)

        return pictures
