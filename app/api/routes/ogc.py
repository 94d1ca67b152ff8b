"""The doors of OGC API Features: landing page, conformance, collections, queryables."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api import links, params
from app.api.links import GEOJSON, SCHEMA, Link, link
from app.api.respond import etag, json_answer
from app.api.schemas import documented
from app.domain.place import CRS84
from app.domain.terms import Face
from app.services.catalogue import COLLECTIONS, describe
from app.services.publish import publish
from app.services.queryables import queryables
from app.services.tiling import Tiler
from app.tiles.grid import VECTOR_LAYERS

CONFORMS = (
    *(
        f"http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/{name}"
        for name in ("core", "landing-page", "json")
    ),
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    *(
        f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{name}"
        for name in ("core", "geojson", "oas30")
    ),
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
    *(
        f"http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/{name}"
        for name in ("queryables", "filter", "features-filter")
    ),
    *(
        f"http://www.opengis.net/spec/cql2/1.0/conf/{name}"
        for name in (
            *("cql2-text", "basic-cql2", "advanced-comparison-operators"),
            *("basic-spatial-functions", "basic-spatial-functions-plus", "array-functions"),
        )
    ),
    *(
        f"http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/{name}"
        for name in (
            *("core", "tileset", "tilesets-list", "dataset-tilesets", "geodata-tilesets"),
            *("mvt", "png", "oas30"),
        )
    ),
    "http://www.opengis.net/spec/tms/2.0/conf/json-tilematrixset",
)


def routes(tiler: Tiler) -> APIRouter:
    """Build the doors of one instance."""
    router = APIRouter()
    _doors(router, tiler)
    for name in COLLECTIONS:
        _collection(router, tiler, name)
    _queryables(router, tiler)
    return router


def _doors(router: APIRouter, tiler: Tiler) -> None:
    workspace = tiler.workspace

    @router.get("/api", openapi_extra=documented())
    def landing(request: Request) -> Response:
        """Begin here: what this instance offers to GIS and programs, as links."""
        asked = params.read(workspace, request.query_params.multi_items())
        theatre = workspace.reference.theatres[asked.view.theatre]
        query = links.asked_for(asked)
        listed = (
            ("self", "/api", links.JSON, "this document"),
            ("service-desc", "/api/openapi.json", links.OPENAPI, "description for programs"),
            ("service-doc", "/method", links.HTML, "rules, terms, credits"),
            ("conformance", "/api/conformance", links.JSON, "standards that are met"),
            (links.CONFORMANCE, "/api/conformance", links.JSON, "standards that are met"),
            ("data", "/api/collections", links.JSON, "collections"),
            (links.SCHEMES, "/api/tileMatrixSets", links.JSON, "the grid of the tiles"),
            (links.TILESETS, "/api/tiles", links.JSON, "vector tiles"),
            (links.MAP_TILESETS, "/api/map/tiles", links.JSON, "the map as pictures"),
        )
        told = {
            "title": f"Strikemap: {theatre.name[asked.view.lang]}",
            "description": theatre.note[asked.view.lang],
            "links": [
                link(request, rel, path if "openapi" in path else f"{path}?{query}", kind, title)
                for rel, path, kind, title in listed
            ],
        }
        return json_answer(request, told, etag(workspace, asked, "landing"))

    @router.get("/api/conformance", openapi_extra=documented())
    def conformance(request: Request) -> Response:
        """List the classes of the standards that are met."""
        asked = params.read(workspace, request.query_params.multi_items())
        told = {"conformsTo": CONFORMS}
        return json_answer(request, told, etag(workspace, asked, "conformance"))

    @router.get("/api/collections", openapi_extra=documented())
    def collections(request: Request) -> Response:
        """List the collections with their extents."""
        asked = params.read(workspace, request.query_params.multi_items())
        here = f"/api/collections?{links.asked_for(asked)}"
        told = {
            "links": [link(request, "self", here)],
            "collections": [_described(request, tiler, asked, name) for name in COLLECTIONS],
        }
        return json_answer(request, told, etag(workspace, asked, "collections"))


def _collection(router: APIRouter, tiler: Tiler, name: str) -> None:
    workspace = tiler.workspace

    def collection(request: Request) -> Response:
        """Describe a collection: what it holds, where and when, and where its items are."""
        asked = params.read(workspace, request.query_params.multi_items())
        told = _described(request, tiler, asked, name)
        return json_answer(request, told, etag(workspace, asked, "collection", name))

    router.add_api_route(
        f"/api/collections/{name}", collection, name=name, openapi_extra=documented()
    )


def _queryables(router: APIRouter, tiler: Tiler) -> None:
    workspace = tiler.workspace

    @router.get("/api/collections/incidents/queryables", openapi_extra=documented(SCHEMA))
    def incident_queryables(request: Request) -> Response:
        """Describe what a filter may name, as JSON schema."""
        asked = params.read(workspace, request.query_params.multi_items())
        published = publish(workspace, asked.snapshot, asked.view, Face.points, asked.now)
        told = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": f"{links.base(request)}/api/collections/incidents/queryables",
            "type": "object",
            "title": "Incidents",
            "properties": queryables(workspace, published),
            "additionalProperties": False,
        }
        tag = etag(workspace, asked, "queryables")
        return json_answer(request, told, tag, SCHEMA)


def _described(request: Request, tiler: Tiler, asked: params.Asked, name: str) -> dict[str, Any]:
    found = describe(tiler, asked.snapshot, asked.view, name, asked.now)
    query = links.asked_for(asked)
    path = f"/api/collections/{name}"
    told: list[Link] = [
        link(request, "self", f"{path}?{query}"),
        link(request, "items", f"{path}/items?{query}", GEOJSON, found.title),
        link(request, "license", f"/method?{query}", links.HTML),
    ]
    if name == "incidents":
        told.append(link(request, links.QUERYABLES, f"{path}/queryables?{query}", SCHEMA))
    if name in VECTOR_LAYERS:
        told.append(link(request, links.TILESETS, f"{path}/tiles?{query}"))
        told.append(link(request, "describedby", f"/tiles/{name}.json?{query}", title="TileJSON"))
    return {
        "id": name,
        "title": found.title,
        "description": found.description,
        "attribution": " · ".join(found.credits),
        "extent": found.extent,
        "itemType": "feature",
        "crs": [CRS84],
        "storageCrs": CRS84,
        "links": told,
    }
