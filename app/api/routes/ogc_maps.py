"""OGC API Maps: a View, or one collection of it, as a picture of any box and size."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api import params
from app.api.features import CRS
from app.api.lanes import Lane
from app.api.respond import MINUTE, answer, etag, unchanged
from app.api.schemas import STANDARD_REFUSALS, Described, standard
from app.domain.crs import WEB_MERCATOR_CRS, box_from_degrees
from app.domain.errors import InputError
from app.domain.place import CRS84, Bounds
from app.instance.workspace import Workspace
from app.pictures.maps import MOST_SIDE_PX, MapOptions, draw_map
from app.pictures.tiles import Tiler
from app.publishing.query import Query
from app.queries.catalogue import describe
from app.tiles.grid import VECTOR_LAYERS

PNG = "image/png"
USUAL_PX = 1024
SIDE = {"type": "integer", "minimum": 1, "maximum": MOST_SIDE_PX}
MAP: Mapping[str, Described] = {
    "width": (f"px; {USUAL_PX}, or what the height and the box give", {**SIDE}),
    "height": ("px; by default what the width and the box give", {**SIDE}),
    "crs": CRS,
    "bbox-crs": CRS,
}
READERS: Mapping[str, params.Reader] = {
    "width": params.whole_number(1, MOST_SIDE_PX),
    "height": params.whole_number(1, MOST_SIDE_PX),
    "crs": params.read_crs,
    "bbox-crs": params.read_crs,
}


def routes(workspace: Workspace, tiler: Tiler, lane: Lane) -> APIRouter:
    """Build the maps of one instance."""
    router = APIRouter(responses=STANDARD_REFUSALS)
    layers = {f"/api/collections/{layer}/map": layer for layer in VECTOR_LAYERS}
    for path, layer in {"/api/map": "map", **layers}.items():
        router.add_api_route(
            path,
            lane.endpoint(_route(workspace, tiler, layer)),
            name=f"map_of_{layer}",
            openapi_extra=standard(PNG, "png", **MAP),
            response_class=Response,
        )
    return router


def _route(workspace: Workspace, tiler: Tiler, layer: str) -> Callable[[Request], Response]:
    def map_(request: Request) -> Response:
        """Draw a map of the box, which is the theatre's by default."""
        pairs = request.query_params.multi_items()
        query, own = params.read_standard(workspace, pairs, READERS, "png")
        theatre = Bounds(*query.theatre.bounds)
        box = query.view.bbox or theatre
        if box.is_exchanged(theatre):
            sides, allowed = ",".join(f"{side:g}" for side in box), "the order of axes of bbox-crs"
            raise InputError("query.bbox", sides, allowed)
        crs = own.get("crs", CRS84)
        options = _options(layer, box, crs, own)
        query = query.but(bbox=None)  # marks at the edge are whole
        tag = etag(query, "ogc map", crs, options)
        if (same := unchanged(request, tag)) is not None:
            return same
        body = draw_map(tiler, query, options)
        return answer(request, body, PNG, tag, {**MINUTE, **_headers(query, layer, crs, box)})

    return map_


def _options(layer: str, box: Bounds, crs: str, own: params.Own) -> MapOptions:
    """Complete the size of a map by the proportions of its box.

    Raises:
        InputError: the box crosses the antimeridian: a map has one side of it.
    """
    if box.west >= box.east:
        raise InputError("bbox", ",".join(f"{side:g}" for side in box), "west < east for a map")
    is_mercator = crs == WEB_MERCATOR_CRS
    sides = box_from_degrees(crs, box) if is_mercator else box
    share = (sides.north - sides.south) / (sides.east - sides.west)
    width, height = own.get("width"), own.get("height")
    if width is None:
        width = USUAL_PX if height is None else _px(height / max(share, 1e-9))
    return MapOptions((layer,), sides, width, height or _px(width * share), is_mercator, "#ffffff")


def _px(length: float) -> int:
    return min(max(round(length), 1), MOST_SIDE_PX)


def _headers(query: Query, layer: str, crs: str, box: Bounds) -> dict[str, str]:
    """Say of what place and time a map is, in the reference system of the map."""
    sides = box_from_degrees(crs, box)
    headers = {"Content-Crs": f"<{crs}>", "Content-Bbox": ",".join(f"{s:.10g}" for s in sides)}
    collection = layer if layer in VECTOR_LAYERS else "incidents"
    (first, last), view = describe(query, collection).extent["temporal"]["interval"][0], query.view
    first, last = view.first or first, view.last or last
    if first and last:
        headers["Content-Datetime"] = f"{str(first)[:10]}/{str(last)[:10]}"
    return headers
