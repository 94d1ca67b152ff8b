"""The entry of OGC API Features: landing page, conformance, collections, queryables."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api import links, params
from app.api.features import FLAT, flat_suffix
from app.api.links import GEOJSON, SCHEMA, Link, link_to
from app.api.people import PeopleRoute
from app.api.respond import etag, json_answer
from app.api.schemas import STANDARD_REFUSALS, standard_page
from app.domain.answer import JsonObject
from app.domain.crs import REFERENCE_SYSTEMS
from app.domain.place import CRS84
from app.domain.terms import Face
from app.instance.workspace import Workspace
from app.publishing.publish import publish
from app.publishing.query import Query
from app.queries.attributes import property_schemas
from app.queries.catalogue import COLLECTIONS, describe
from app.queries.queryables import PROPERTIES, queryables
from app.tiles.grid import VECTOR_LAYERS

CONFORMS = (
    *(
        f"http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/{name}"
        for name in ("core", "landing-page", "json")
    ),
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    *(
        f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{name}"
        for name in ("core", "geojson", "html", "oas30")
    ),
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
    *(
        f"http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/{name}"
        for name in ("queryables", "filter", "features-filter")
    ),
    *(
        f"http://www.opengis.net/spec/cql2/1.0/conf/{name}"
        for name in (
            *("cql2-text", "cql2-json", "basic-cql2", "advanced-comparison-operators"),
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
    *(
        f"https://www.opengis.net/spec/ogcapi-maps-1/1.0/conf/{name}"
        for name in ("core", "crs", "collection-map", "dataset-map", "png", "oas30")
    ),
    "http://www.opengis.net/spec/tms/2.0/conf/json-tilematrixset",
)


READERS: dict[str, params.Reader] = {"flat": params.read_flag}
"""Every address here takes `flat`, and its links pass it on to the items."""


def routes(workspace: Workspace) -> APIRouter:
    """Build the addresses that describe one instance."""
    router = APIRouter(route_class=PeopleRoute, responses=STANDARD_REFUSALS)
    _landing(router, workspace)
    for name in COLLECTIONS:
        _collection(router, workspace, name)
    _schemas(router, workspace)
    return router


def _landing(router: APIRouter, workspace: Workspace) -> None:
    @router.get("/api", openapi_extra=standard_page(flat=FLAT))
    def landing(request: Request) -> Response:
        """Begin here: links to all that this instance offers to GIS and other programs."""
        query, own = params.read_standard(workspace, request.query_params.multi_items(), READERS)
        theatre, carried = query.theatre, query.view.query() + flat_suffix(own)
        document = {
            "title": f"Strikemap: {theatre.title(query.view.lang)}",
            "description": theatre.remark(query.view.lang),
            "links": _landing_links(request, query, carried),
        }
        return json_answer(request, document, etag(query, "landing", carried))

    @router.get("/api/conformance", openapi_extra=standard_page(flat=FLAT))
    def conformance(request: Request) -> Response:
        """List the conformance classes of the standards that this API meets."""
        query, _ = params.read_standard(workspace, request.query_params.multi_items(), READERS)
        document = {"conformsTo": CONFORMS}
        return json_answer(request, document, etag(query, "conformance"))

    @router.get("/api/collections", openapi_extra=standard_page(flat=FLAT))
    def collections(request: Request) -> Response:
        """List the collections with their extents."""
        query, own = params.read_standard(workspace, request.query_params.multi_items(), READERS)
        carried = query.view.query() + flat_suffix(own)
        address = f"/api/collections?{carried}"
        document = {
            "links": [link_to(request, "self", address), links.as_page(request, address)],
            "collections": [_described(request, query, name, carried) for name in COLLECTIONS],
        }
        return json_answer(request, document, etag(query, "collections", carried))


def _landing_links(request: Request, query: Query, carried: str) -> list[Link]:
    """Link to all that there is; `carried` goes along to the items, the View to everything."""
    view, met = query.view.query(), "standards that are met"
    addresses = (
        ("self", "/api", links.JSON, "this document", carried),
        ("alternate", "/api", links.WEB_PAGE, "this document as a page", f"{carried}&f=html"),
        ("service-desc", "/api/openapi.json", links.OPENAPI, "description for programs", ""),
        ("service-doc", "/api/docs", links.WEB_PAGE, "every address, to read", view),
        ("about", "/method", links.WEB_PAGE, "rules, terms, credits", view),
        ("describedby", "/catalog.jsonld", links.CATALOGUE, "catalogue (DCAT-AP)", view),
        ("conformance", "/api/conformance", links.JSON, met, view),
        (links.REL_CONFORMANCE, "/api/conformance", links.JSON, met, view),
        ("data", "/api/collections", links.JSON, "collections", carried),
        (links.REL_SCHEMES, "/api/tileMatrixSets", links.JSON, "the grid of the tiles", view),
        (links.REL_TILESETS, "/api/tiles", links.JSON, "vector tiles", view),
        (links.REL_MAP, "/api/map", "image/png", "the map as one picture", view),
        (links.REL_MAP_TILESETS, "/api/map/tiles", links.JSON, "the map as pictures", view),
    )
    return [
        link_to(request, rel, f"{path}?{parameters}".rstrip("?"), kind, title)
        for rel, path, kind, title, parameters in addresses
    ]


def _collection(router: APIRouter, workspace: Workspace, name: str) -> None:
    def collection(request: Request) -> Response:
        """Describe a collection: its content, its extent, and the address of its items."""
        query, own = params.read_standard(workspace, request.query_params.multi_items(), READERS)
        carried = query.view.query() + flat_suffix(own)
        document = _described(request, query, name, carried)
        return json_answer(request, document, etag(query, "collection", name, carried))

    router.add_api_route(
        f"/api/collections/{name}", collection, name=name, openapi_extra=standard_page(flat=FLAT)
    )


def _schemas(router: APIRouter, workspace: Workspace) -> None:
    @router.get(
        "/api/collections/incidents/queryables", openapi_extra=standard_page(SCHEMA, flat=FLAT)
    )
    def incident_queryables(request: Request) -> Response:
        """Describe the properties that a filter may use, as JSON schema."""
        query, _ = params.read_standard(workspace, request.query_params.multi_items(), READERS)
        properties = queryables(publish(query, Face.points))
        document = {**_schema(request, properties), "additionalProperties": False}
        return json_answer(request, document, etag(query, "queryables"), SCHEMA)

    @router.get("/api/collections/incidents/schema", openapi_extra=standard_page(SCHEMA, flat=FLAT))
    def incident_schema(request: Request) -> Response:
        """Describe the properties that incidents have, as JSON schema; with `flat`, the columns."""
        query, own = params.read_standard(workspace, request.query_params.multi_items(), READERS)
        geometry = {"geometry": PROPERTIES["geometry"].schema}
        is_flat = bool(own.get("flat"))
        document = _schema(request, {**geometry, **property_schemas(is_flat=is_flat)})
        return json_answer(request, document, etag(query, "schema", is_flat), SCHEMA)


def _schema(request: Request, properties: JsonObject) -> JsonObject:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": links.base(request) + request.url.path,
        "type": "object",
        "title": "Incidents",
        "properties": properties,
    }


def _described(request: Request, query: Query, name: str, carried: str) -> JsonObject:
    """Describe a collection; `carried` are the parameters that its links pass on."""
    description = describe(query, name)
    view = query.view.query()
    path = f"/api/collections/{name}"
    references: list[Link] = [
        link_to(request, "self", f"{path}?{carried}"),
        links.as_page(request, f"{path}?{carried}"),
        link_to(request, "items", f"{path}/items?{carried}", GEOJSON, description.title),
        link_to(request, "license", f"/method?{view}", links.WEB_PAGE),
    ]
    if name == "incidents":
        references += [
            link_to(request, rel, f"{path}/{page}?{carried}", SCHEMA)
            for rel, page in (
                (links.REL_QUERYABLES, "queryables"),
                (links.REL_SCHEMA, "schema"),
            )
        ]
    if name in VECTOR_LAYERS:
        references.append(link_to(request, links.REL_TILESETS, f"{path}/tiles?{view}"))
        references.append(link_to(request, links.REL_MAP, f"{path}/map?{view}", "image/png"))
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
        "crs": list(REFERENCE_SYSTEMS),
        "storageCrs": CRS84,
        "links": references,
    }
