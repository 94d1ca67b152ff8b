"""Regions, control and incidents as GeoJSON."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api import params
from app.api.respond import etag, json_answer
from app.api.schemas import documented
from app.domain.terms import Face
from app.domain.view import rfc3339
from app.services.features import control_features, region_features
from app.services.listing import find_incident, list_incidents
from app.services.publish import publish
from app.services.tiling import Tiler
from app.services.workspace import Workspace

GEOJSON = "application/geo+json"
DEFAULT_LIMIT, MOST_ITEMS = 100, 1000
DAY = ("the day", {"type": "string", "format": "date"})


def routes(tiler: Tiler) -> APIRouter:
    """Build the collections of one instance."""
    router, workspace = APIRouter(), tiler.workspace

    @router.get("/api/collections/regions/items", openapi_extra=documented(GEOJSON))
    def region_items(request: Request) -> Response:
        """Give the regions of a level as GeoJSON, simplified for the page."""
        asked = params.read(workspace, request.query_params.multi_items())
        told = region_features(tiler, asked.view)
        tag = etag(workspace, asked, "regions")
        return json_answer(request, told, tag, GEOJSON)

    @router.get("/api/collections/control/items", openapi_extra=documented(GEOJSON, datetime=DAY))
    def control_items(request: Request) -> Response:
        """Give the control areas and the front line valid on a day."""
        asked = params.read(workspace, request.query_params.multi_items(), {"datetime": params.day})
        day = asked.own.get("datetime") or asked.view.last or _today(workspace, asked)
        told = control_features(tiler, asked.snapshot, asked.view, day, asked.now)
        return json_answer(request, told, etag(workspace, asked, "control", day), GEOJSON)

    limit = ("most rows", {"type": "integer", "minimum": 1, "maximum": MOST_ITEMS})
    offset = ("rows to leave out", {"type": "integer", "minimum": 0})

    @router.get(
        "/api/collections/incidents/items",
        openapi_extra=documented(GEOJSON, limit=limit, offset=offset),
    )
    def incident_items(request: Request) -> Response:
        """List a View's incidents as GeoJSON, newest first."""
        own = {"limit": params.whole(1, MOST_ITEMS), "offset": params.whole(0, 10**9 - 1)}
        asked = params.read(workspace, request.query_params.multi_items(), own)
        limit, offset = asked.own.get("limit", DEFAULT_LIMIT), asked.own.get("offset", 0)
        published = publish(workspace, asked.snapshot, asked.view, Face.points, asked.now)
        listed = list_incidents(workspace, published, limit, offset)
        told = {
            "type": "FeatureCollection",
            "numberMatched": listed.matched,
            "numberReturned": len(listed.features),
            "timeStamp": rfc3339(asked.now.replace(microsecond=0)),
            "links": _links(request, asked, limit, offset, listed.matched),
            "features": listed.features,
        }
        return json_answer(request, told, None, GEOJSON)

    @router.get("/api/collections/incidents/items/{ref}", openapi_extra=documented(GEOJSON))
    def incident_item(request: Request, ref: str) -> Response:
        """Give one incident, by id or short number."""
        asked = params.read(workspace, request.query_params.multi_items())
        published = publish(
            workspace, asked.snapshot, asked.view, Face.points, asked.now, in_all=True
        )
        found = find_incident(workspace, published, ref)
        return json_answer(request, found, etag(workspace, asked, "incident", ref), GEOJSON)

    return router


def _today(workspace: Workspace, asked: params.Asked) -> date:
    return workspace.reference.theatres[asked.view.theatre].today(asked.now)


def _links(
    request: Request, asked: params.Asked, limit: int, offset: int, matched: int
) -> list[dict[str, str]]:
    here = f"{request.url.path}?{asked.view.query()}&limit={limit}"
    links = [{"rel": "self", "type": GEOJSON, "href": f"{here}&offset={offset}"}]
    if offset + limit < matched:
        links.append({"rel": "next", "type": GEOJSON, "href": f"{here}&offset={offset + limit}"})
    return links
