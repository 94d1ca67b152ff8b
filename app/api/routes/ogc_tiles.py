"""OGC API Tiles: the tiles of `/tiles` under the standard's addresses, row before column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api import links, params
from app.api.links import link
from app.api.respond import TILE, answer, etag, json_answer
from app.api.schemas import documented
from app.api.tiles import MEDIA, TileApp
from app.domain.errors import NotShared
from app.domain.place import CRS84, Bounds
from app.tiles.grid import GRID, VECTOR_LAYERS, WEB_MERCATOR, Tile, tile_matrix_set

Maker = Callable[[Request, params.Asked, int, int, int], Response]
NUMBER = {"type": "integer", "minimum": 0}


def routes(tiles: TileApp) -> APIRouter:
    """Build the standard's addresses for one instance's tiles."""
    router = APIRouter()
    _grids(router, tiles)
    for layer in VECTOR_LAYERS:
        _tileset(router, tiles, f"/api/collections/{layer}/tiles", [layer], _one(tiles, layer))
    _tileset(router, tiles, "/api/tiles", list(VECTOR_LAYERS), _together(tiles))
    _tileset(router, tiles, "/api/map/tiles", ["map"], _one(tiles, "map", "png"), "png")
    return router


def _grids(router: APIRouter, tiles: TileApp) -> None:
    workspace = tiles.tiler.workspace

    @router.get("/api/tileMatrixSets", openapi_extra=documented())
    def grids(request: Request) -> Response:
        """List the grids: there is one, that of every web map."""
        asked = params.read(workspace, request.query_params.multi_items())
        there = f"/api/tileMatrixSets/{GRID}"
        told = {"id": GRID, "title": "Google Maps Compatible for the World", "uri": WEB_MERCATOR}
        listed = {"tileMatrixSets": [{**told, "links": [link(request, "self", there)]}]}
        return json_answer(request, listed, etag(workspace, asked, "grids"))

    @router.get(f"/api/tileMatrixSets/{GRID}", openapi_extra=documented())
    def grid(request: Request) -> Response:
        """Describe the grid, zoom by zoom."""
        asked = params.read(workspace, request.query_params.multi_items())
        return json_answer(request, tile_matrix_set(), etag(workspace, asked, "grid"))


def _one(tiles: TileApp, layer: str, form: str = "mvt") -> Maker:
    def make(request: Request, asked: params.Asked, z: int, row: int, col: int) -> Response:
        return tiles.answer(request, asked, Tile.parse(f"{layer}/{z}/{col}/{row}.{form}"))

    return make


def _together(tiles: TileApp) -> Maker:
    """Join the layers of a place: a vector tile of several layers is their bytes in a row."""

    def make(request: Request, asked: params.Asked, z: int, row: int, col: int) -> Response:
        parts = []
        for layer in VECTOR_LAYERS:
            tile = Tile.parse(f"{layer}/{z}/{col}/{row}.mvt")
            try:
                parts.append(tiles.tiler.tile(asked.snapshot, asked.view, tile, asked.now))
            except NotShared:
                continue  # the terms of one source of control do not close the others
        tag = etag(tiles.tiler.workspace, asked, "tiles", z, row, col)
        return answer(request, b"".join(parts), MEDIA["mvt"], tag, TILE)

    return make


def _tileset(  # noqa: PLR0913, PLR0917  an address, what is there and what makes it
    router: APIRouter,
    tiles: TileApp,
    path: str,
    layers: Sequence[str],
    make: Maker,
    form: str = "mvt",
) -> None:
    workspace, media = tiles.tiler.workspace, MEDIA[form]

    def listed(request: Request) -> Response:
        """List the tilesets at this place."""
        asked = params.read(workspace, request.query_params.multi_items())
        query = links.asked_for(asked)
        told = {
            "links": [link(request, "self", f"{path}?{query}")],
            "tilesets": [_described(request, tiles, asked, path, layers, form)],
        }
        return json_answer(request, told, etag(workspace, asked, "tilesets", path))

    def described(request: Request) -> Response:
        """Describe a tileset: its grid, its bounds, its layers and where its tiles are."""
        asked = params.read(workspace, request.query_params.multi_items())
        told = _described(request, tiles, asked, path, layers, form)
        return json_answer(request, told, etag(workspace, asked, "tileset", path))

    def tile(request: Request, z: int, row: int, col: int) -> Response:
        """Give one tile: zoom, then row from the north, then column from the west."""
        asked = params.read(workspace, request.query_params.multi_items())
        return make(request, asked, z, row, col)

    name, there = path.strip("/").replace("/", "_"), f"{path}/{GRID}"
    router.add_api_route(path, listed, name=f"{name}_list", openapi_extra=documented())
    router.add_api_route(there, described, name=f"{name}_set", openapi_extra=documented())
    router.add_api_route(
        f"{there}/{{z}}/{{row}}/{{col}}", tile, name=f"{name}_tile", openapi_extra=documented(media)
    )


def _described(  # noqa: PLR0913, PLR0917  an address and what is there
    request: Request,
    tiles: TileApp,
    asked: params.Asked,
    path: str,
    layers: Sequence[str],
    form: str,
) -> dict[str, Any]:
    query = links.asked_for(asked)
    box = Bounds(*tiles.tiler.workspace.reference.theatres[asked.view.theatre].bounds)
    there = f"{path}/{GRID}"
    template = f"{there}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}?{query}"
    item: dict[str, Any] = link(request, "item", template, MEDIA[form])
    told: dict[str, Any] = {
        "title": f"Strikemap {', '.join(layers)}",
        "dataType": "vector" if form == "mvt" else "map",
        "crs": "http://www.opengis.net/def/crs/EPSG/0/3857",
        "tileMatrixSetId": GRID,
        "tileMatrixSetURI": WEB_MERCATOR,
        "boundingBox": {
            "lowerLeft": [box.west, box.south],
            "upperRight": [box.east, box.north],
            "crs": CRS84,
        },
        "links": [
            link(request, "self", f"{there}?{query}"),
            link(request, links.SCHEME, f"/api/tileMatrixSets/{GRID}"),
            {**item, "templated": True},
        ],
    }
    if form == "mvt":
        told["layers"] = [{"id": layer, "dataType": "vector"} for layer in layers]
    return told
