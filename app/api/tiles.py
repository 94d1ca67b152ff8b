"""Tiles: a small ASGI application beside FastAPI, since a page requests hundreds of tiles."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.api import links
from app.api.lanes import Lane
from app.api.params import read_query
from app.api.problems import problem_of
from app.api.respond import MINUTE, answer, etag
from app.domain.cache import BoundedCache
from app.domain.errors import NotFound, StrikemapError
from app.domain.place import Bounds
from app.instance.workspace import Workspace
from app.pictures.tiles import Tiler
from app.publishing.query import Query
from app.tiles.grid import RASTER_LAYERS, VECTOR_LAYERS, Tile, tilejson
from app.tiles.points import FIELDS_OF

MEDIA = {
    "png": "image/png",
    "mvt": "application/vnd.mapbox-vector-tile",
    "json": "application/json",
}


@dataclass
class TileApp:
    """Serves `/tiles/{layer}/{z}/{x}/{y}.{mvt,png,json}` and `/tiles/{layer}.json`."""

    workspace: Workspace
    tiler: Tiler
    lane: Lane
    _tiles: BoundedCache = field(default_factory=lambda: BoundedCache(2048))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; errors become problem documents here, outside FastAPI."""
        request = Request(scope, receive)
        if request.method not in ("GET", "HEAD"):
            raise HTTPException(405)
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        try:
            response = await self.lane.run(self._answer, request, path)
        except StrikemapError as wrong:
            response = problem_of(wrong)
        await response(scope, receive, send)

    def _answer(self, request: Request, path: str) -> Response:
        pairs = parse_qsl(request.url.query, keep_blank_values=True)
        query = read_query(self.workspace, pairs)
        if path.endswith(".json") and path.count("/") == 1:
            return self._tilejson(request, path.strip("/").removesuffix(".json"), query)
        return self.answer(request, query, Tile.parse(path))

    def answer(self, request: Request, query: Query, tile: Tile) -> Response:
        """Answer with one tile; the newest tiles are remembered."""
        tag = etag(query, tile)
        body = self._tiles.get(tag, lambda: self.tiler.tile(query, tile))
        return answer(request, body, MEDIA[tile.form], tag, MINUTE)

    def _tilejson(self, request: Request, layer: str, query: Query) -> Response:
        if layer not in RASTER_LAYERS:
            raise NotFound(f"No layer {layer!r}; there are {', '.join(RASTER_LAYERS)}.")
        is_vector = layer in VECTOR_LAYERS
        form = "mvt" if is_vector else "png"
        base = links.base(request).removesuffix("/tiles")
        tiles = f"{base}/tiles/{layer}/{{z}}/{{x}}/{{y}}.{form}?{query.view.query()}"
        fields = FIELDS_OF[layer] if is_vector else None
        credits = self.tiler.credits(query, layer)
        document = tilejson(layer, tiles, Bounds(*query.theatre.bounds), fields, credits)
        tag = etag(query, layer, "json")
        return answer(request, msgspec.json.encode(document), "application/json", tag)
