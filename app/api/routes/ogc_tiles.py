"""OGC API Tiles: the tiles of `/tiles` under the standard's addresses, row before column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api import links, params
from app.api.links import link_to
from app.api.respond import MINUTE, answer, etag, json_answer
from app.api.schemas import STANDARD_REFUSALS, standard
from app.api.tiles import MEDIA, TileApp
from app.domain.answer import JsonObject
from app.domain.crs import WEB_MERCATOR_CRS
from app.domain.errors import NotShared
from app.domain.place import CRS84, Bounds
from app.publishing.query import Query
from app.tiles.grid import GRID, VECTOR_LAYERS, WEB_MERCATOR, Tile, tile_matrix_set

Maker = Callable[[Request, Query, int, int, int], Response]
NUMBER = {"type": "integer", "minimum": 0}


def routes(tiles: TileApp) -> APIRouter:
    """Build the standard's addresses for one instance's tiles."""
    router = APIRouter(responses=STANDARD_REFUSALS)
    _grids(router, tiles)
    for layer in VECTOR_LAYERS:
        path, make = f"/api/collections/{layer}/tiles", _single(tiles, layer)
        _Tileset(tiles, path, [layer], make).add_to(router)
    _Tileset(tiles, "/api/tiles", VECTOR_LAYERS, _joined(tiles)).add_to(router)
    make = _single(tiles, "map", "png")
    _Tileset(tiles, "/api/map/tiles", ["map"], make, "png").add_to(router)
    return router


def _grids(router: APIRouter, tiles: TileApp) -> None:
    workspace = tiles.workspace

    @router.get("/api/tileMatrixSets", openapi_extra=standard())
    def grids(request: Request) -> Response:
        """List the grids: there is one, the grid of every web map."""
        query, _ = params.read_standard(workspace, request.query_params.multi_items())
        address = f"/api/tileMatrixSets/{GRID}"
        grid = {"id": GRID, "title": "Google Maps Compatible for the World", "uri": WEB_MERCATOR}
        document = {"tileMatrixSets": [{**grid, "links": [link_to(request, "self", address)]}]}
        return json_answer(request, document, etag(query, "grids"))

    @router.get(f"/api/tileMatrixSets/{GRID}", openapi_extra=standard())
    def grid(request: Request) -> Response:
        """Describe the grid, zoom by zoom."""
        query, _ = params.read_standard(workspace, request.query_params.multi_items())
        return json_answer(request, tile_matrix_set(), etag(query, "grid"))


def _single(tiles: TileApp, layer: str, form: str = "mvt") -> Maker:
    def make(request: Request, query: Query, z: int, row: int, col: int) -> Response:
        return tiles.answer(request, query, Tile.parse(f"{layer}/{z}/{col}/{row}.{form}"))

    return make


def _joined(tiles: TileApp) -> Maker:
    """Join the layers of a tile: the bytes of vector tiles, one after the other, are one tile."""

    def make(request: Request, query: Query, z: int, row: int, col: int) -> Response:
        parts = []
        for layer in VECTOR_LAYERS:
            tile = Tile.parse(f"{layer}/{z}/{col}/{row}.mvt")
            try:
                parts.append(tiles.tiler.tile(query, tile))
            except NotShared:
                continue  # terms that withhold one layer do not withhold the others
        tag = etag(query, "tiles", z, row, col)
        return answer(request, b"".join(parts), MEDIA["mvt"], tag, MINUTE)

    return make


@dataclass(frozen=True)
class _Tileset:
    """The tiles of some layers at one address, and what makes a tile."""

    tiles: TileApp
    path: str
    layers: Sequence[str]
    make: Maker
    form: str = "mvt"

    def add_to(self, router: APIRouter) -> None:
        """Add the addresses of the list, of the tileset and of its tiles."""
        name, set_path = self.path.strip("/").replace("/", "_"), f"{self.path}/{GRID}"
        tile_path = f"{set_path}/{{z}}/{{row}}/{{col}}"
        for path, route, suffix, extra in (
            (self.path, self.listing, "list", standard()),
            (set_path, self.description, "set", standard()),
            (
                tile_path,
                self.tiles.lane.endpoint(self.tile),
                "tile",
                standard(MEDIA[self.form], self.form),
            ),
        ):
            router.add_api_route(path, route, name=f"{name}_{suffix}", openapi_extra=extra)

    def _query(self, request: Request, form: str = "json") -> Query:
        pairs = request.query_params.multi_items()
        query, _ = params.read_standard(self.tiles.workspace, pairs, form=form)
        return query

    def listing(self, request: Request) -> Response:
        """List the tilesets at this place."""
        query = self._query(request)
        document = {
            "links": [link_to(request, "self", f"{self.path}?{query.view.query()}")],
            "tilesets": [self._described(request, query)],
        }
        return json_answer(request, document, etag(query, "tilesets", self.path))

    def description(self, request: Request) -> Response:
        """Describe a tileset: its grid, its bounds, its layers and the address of its tiles."""
        query = self._query(request)
        document = self._described(request, query)
        return json_answer(request, document, etag(query, "tileset", self.path))

    def tile(self, request: Request, z: int, row: int, col: int) -> Response:
        """Give one tile: zoom, then row from the north, then column from the west."""
        return self.make(request, self._query(request, self.form), z, row, col)

    def _described(self, request: Request, query: Query) -> JsonObject:
        view, box = query.view.query(), Bounds(*query.theatre.bounds)
        set_path = f"{self.path}/{GRID}"
        template = f"{set_path}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}?{view}"
        item: JsonObject = link_to(request, "item", template, MEDIA[self.form])
        document: JsonObject = {
            "title": f"Strikemap {', '.join(self.layers)}",
            "dataType": "vector" if self.form == "mvt" else "map",
            "crs": WEB_MERCATOR_CRS,
            "tileMatrixSetId": GRID,
            "tileMatrixSetURI": WEB_MERCATOR,
            "boundingBox": {
                "lowerLeft": [box.west, box.south],
                "upperRight": [box.east, box.north],
                "crs": CRS84,
            },
            "links": [
                link_to(request, "self", f"{set_path}?{view}"),
                link_to(request, links.REL_SCHEME, f"/api/tileMatrixSets/{GRID}"),
                {**item, "templated": True},
            ],
        }
        if self.form == "mvt":
            document["layers"] = [{"id": layer, "dataType": "vector"} for layer in self.layers]
        return document
