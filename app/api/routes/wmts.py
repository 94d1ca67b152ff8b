"""Web Map Tile Service 1.0.0 (KVP and REST) over the tiles of `/tiles`."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api.problems import problem_of
from app.api.respond import answer, etag
from app.api.services import (
    XML,
    ServiceRequest,
    Wrong,
    faults_of,
    layer_titles,
    own_address,
    read_service,
    service_xml,
)
from app.api.tiles import TileApp
from app.domain.errors import InputError, NotFound, StrikemapError
from app.domain.place import Bounds
from app.tiles.grid import EDGE_M, GRID, MAX_ZOOM, RASTER_LAYERS, Tile, tile_matrix_set

NAMES = (
    *("service", "version", "request", "layer", "style", "format", "tilematrixset"),
    *("tilematrix", "tilerow", "tilecol", "acceptversions", "sections", "acceptformats"),
)
PNG = "image/png"


def routes(tiles: TileApp) -> APIRouter:
    """Build the tile service of one instance; REST tiles are those of `/tiles`."""
    router, service = APIRouter(), _Service(tiles)
    description = {
        "responses": {
            "200": {"description": "A tile, or the capabilities", "content": {PNG: {}, XML: {}}},
            "400": {"description": "ExceptionReport of OWS 1.1", "content": {XML: {}}},
        }
    }
    for path in ("/wmts", "/wmts/1.0.0/WMTSCapabilities.xml"):
        endpoint = tiles.lane.endpoint(service.answered)
        router.add_api_route(path, endpoint, name=path, openapi_extra=description)
    return router


@dataclass(frozen=True)
class _Service:
    tiles: TileApp

    def answered(self, request: Request) -> Response:
        """Answer GetCapabilities or GetTile; a refusal is an ExceptionReport."""
        try:
            pairs = request.query_params.multi_items()
            parameters = read_service(self.tiles.workspace, pairs, NAMES)
            operation = parameters.text("request", "GetCapabilities")
            if operation.lower() == "getcapabilities":
                return self._capabilities(request, parameters)
            if operation.lower() == "gettile":
                return self._tile(request, parameters)
            raise Wrong("REQUEST", operation, "GetCapabilities, GetTile", "OperationNotSupported")
        except StrikemapError as wrong:
            return _report(wrong)

    def _capabilities(self, request: Request, parameters: ServiceRequest) -> Response:
        query = parameters.query
        address = own_address(request, "/wmts")
        body = service_xml(
            "wmts.xml",
            address=f"{address}?{query.view.query()}&",
            pictures=own_address(request, "/tiles"),
            view=query.view.query(),
            title=f"Strikemap: {query.theatre.title(query.view.lang)}",
            abstract=query.words["wms_abstract"],
            layers=layer_titles(query),
            box=Bounds(*query.theatre.bounds),
            grid=GRID,
            edge=EDGE_M,
            matrices=tile_matrix_set()["tileMatrices"],
        )
        return answer(request, body, XML, etag(query, "wmts", address))

    def _tile(self, request: Request, parameters: ServiceRequest) -> Response:
        layer = _choice(parameters, "layer", *RASTER_LAYERS)
        _choice(parameters, "style", "default", "")
        _choice(parameters, "format", PNG)
        _choice(parameters, "tilematrixset", GRID)
        zoom = _choice(parameters, "tilematrix", *map(str, range(MAX_ZOOM + 1)))
        try:
            path = f"{layer}/{zoom}/{parameters.text('tilecol')}/{parameters.text('tilerow')}.png"
            tile = Tile.parse(path)
        except NotFound as wrong:
            got = f"{parameters.text('tilecol')}, {parameters.text('tilerow')}"
            allowed = f"0 to {2 ** int(zoom) - 1}"
            raise Wrong("TILECOL, TILEROW", got, allowed, "TileOutOfRange") from wrong
        return self.tiles.answer(request, parameters.query, tile)


def _choice(parameters: ServiceRequest, name: str, *choices: str) -> str:
    text = parameters.text(name, "" if "" in choices else None)
    if text not in choices:
        raise Wrong(name.upper(), text, ", ".join(choices), "InvalidParameterValue")
    return text


def _report(wrong: StrikemapError) -> Response:
    status, sentences, code = problem_of(wrong).status_code, [str(wrong)], "NoApplicableCode"
    if isinstance(wrong, InputError):
        status, sentences = 400, [fault.sentence() for fault in faults_of(wrong)]
    if isinstance(wrong, Wrong):
        code = wrong.code
    body = service_xml("wmts_exception.xml", code=code, sentences=sentences)
    return Response(body, status, {"Cache-Control": "no-store"}, media_type=XML)
