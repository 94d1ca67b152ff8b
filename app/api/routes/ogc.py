"""The entry of OGC API Features: landing page, conformance, collections, queryables."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api import links, params
from app.api.links import GEOJSON, SCHEMA, Link, link_to
from app.api.respond import etag, json_answer
from app.api.schemas import documented
from app.domain.answer import JsonObject
from app.domain.place import CRS84
from app.domain.terms import Face
from app.instance.workspace import Workspace
from app.publishing.publish import publish
from app.publishing.query import Query
from app.queries.catalogue import COLLECTIONS, describe
from app.queries.queryables import queryables
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


def routes(workspace: Workspace) -> APIRouter:
    """Build the addresses that describe one instance."""
    router = APIRouter()
    _landing(router, workspace)
    for name in COLLECTIONS:
        _collection(router, workspace, name)
    _queryables(router, workspace)
    return router


def _landing(router: APIRouter, workspace: Workspace) -> None:
    @router.get("/api", openapi_extra=documented())
    def landing(request: Request) -> Response:
        """Begin here: links to all that this instance offers to GIS and other programs."""
        query = params.read_query(workspace, request.query_params.multi_items())
        theatre, view = query.theatre, query.view.query()
        addresses = (
            ("self", "/api", links.JSON, "this document"),
            ("service-desc", "/api/openapi.json", links.OPENAPI, "description for programs"),
            ("service-doc", "/method", links.WEB_PAGE, "rules, terms, credits"),
            ("conformance", "/api/conformance", links.JSON, "standards that are met"),
            (links.REL_CONFORMANCE, "/api/conformance", links.JSON, "standards that are met"),
            ("data", "/api/collections", links.JSON, "collections"),
            (links.REL_SCHEMES, "/api/tileMatrixSets", links.JSON, "the grid of the tiles"),
            (links.REL_TILESETS, "/api/tiles", links.JSON, "vector tiles"),
            (links.REL_MAP_TILESETS, "/api/map/tiles", links.JSON, "the map as pictures"),
        )
        document = {
            "title": f"Strikemap: {theatre.title(query.view.lang)}",
            "description": theatre.remark(query.view.lang),
            "links": [
                link_to(request, rel, path if "openapi" in path else f"{path}?{view}", kind, title)
                for rel, path, kind, title in addresses
            ],
        }
        return json_answer(request, document, etag(query, "landing"))

    @router.get("/api/conformance", openapi_extra=documented())
    def conformance(request: Request) -> Response:
        """List the conformance classes of the standards that this API meets."""
        query = params.read_query(workspace, request.query_params.multi_items())
        document = {"conformsTo": CONFORMS}
        return json_answer(request, document, etag(query, "conformance"))

    @router.get("/api/collections", openapi_extra=documented())
    def collections(request: Request) -> Response:
        """List the collections with their extents."""
        query = params.read_query(workspace, request.query_params.multi_items())
        address = f"/api/collections?{query.view.query()}"
        document = {
            "links": [link_to(request, "self", address)],
            "collections": [_described(request, query, name) for name in COLLECTIONS],
        }
        return json_answer(request, document, etag(query, "collections"))


def _collection(router: APIRouter, workspace: Workspace, name: str) -> None:
    def collection(request: Request) -> Response:
        """Describe a collection: its content, its extent, and the address of its items."""
        query = params.read_query(workspace, request.query_params.multi_items())
        document = _described(request, query, name)
        return json_answer(request, document, etag(query, "collection", name))

    router.add_api_route(
        f"/api/collections/{name}", collection, name=name, openapi_extra=documented()
    )


def _queryables(router: APIRouter, workspace: Workspace) -> None:
    @router.get("/api/collections/incidents/queryables", openapi_extra=documented(SCHEMA))
    def incident_queryables(request: Request) -> Response:
        """Describe the properties that a filter may use, as JSON schema."""
        query = params.read_query(workspace, request.query_params.multi_items())
        published = publish(query, Face.points)
        schema = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": f"{links.base(request)}/api/collections/incidents/queryables",
            "type": "object",
            "title": "Incidents",
            "properties": queryables(published),
            "additionalProperties": False,
        }
        tag = etag(query, "queryables")
        return json_answer(request, schema, tag, SCHEMA)


def _described(request: Request, query: Query, name: str) -> JsonObject:
    description = describe(query, name)
    view = query.view.query()
    path = f"/api/collections/{name}"
    references: list[Link] = [
        link_to(request, "self", f"{path}?{view}"),
        link_to(request, "items", f"{path}/items?{view}", GEOJSON, description.title),
        link_to(request, "license", f"/method?{view}", links.WEB_PAGE),
    ]
    if name == "incidents":
        references.append(
            link_to(request, links.REL_QUERYABLES, f"{path}/queryables?{view}", SCHEMA)
        )
    if name in VECTOR_LAYERS:
        references.append(link_to(request, links.REL_TILESETS, f"{path}/tiles?{view}"))
        references.append(
            link_to(request, "describedby", f"/tiles/{name}.json?{view}", title="TileJSON")
        )
    return {
        "id": name,
        "title": description.title,
        "description": description.description,
        "attribution": " · ".join(description.credits),
        "extent": description.extent,
        "itemType": "feature",
        "crs": [CRS84],
        "storageCrs": CRS84,
        "links": references,
    }
