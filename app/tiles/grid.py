"""Tile addresses, and the documents that describe a layer and the grid."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from app.domain.crs import WEB_MERCATOR_CRS
from app.domain.errors import NotFound
from app.domain.place import Bounds
from app.render.frame import TILE_PX

MAX_ZOOM = 18
GRID = "WebMercatorQuad"
WEB_MERCATOR = f"http://www.opengis.net/def/tilematrixset/OGC/1.0/{GRID}"
EDGE_M = 20037508.342789244
"""Half the side of the Web Mercator square, in its metres."""

PIXEL_M = 0.00028
"""The pixel of the standard in metres, which gives the scale (OGC 17-083r4)."""

EXTENT = 4096
RASTER_LAYERS = ("basemap", "labels", "regions", "control", "incidents", "map")
VECTOR_LAYERS = ("regions", "control", "incidents")
LAYERS_OF = {"png": RASTER_LAYERS, "mvt": VECTOR_LAYERS, "json": ("labels",)}
"""The layers that have tiles in each form."""

ADDRESS = re.compile(
    r"(?P<layer>[^/]+)/(?P<z>[0-9]{1,7})/(?P<x>[0-9]{1,7})/(?P<y>[0-9]{1,7})"
    r"(?P<twice>@2x(?=\.png$))?\.(?P<form>mvt|png|json)"
)


class Tile(NamedTuple):
    """One tile of one layer, as addressed; `scale` is 2 for @2x pictures."""

    layer: str
    z: int
    x: int
    y: int
    form: str
    scale: int = 1

    @classmethod
    def parse(cls, path: str) -> Tile:
        """Read `layer/z/x/y.mvt`, `layer/z/x/y[@2x].png` or `labels/z/x/y.json`.

        Raises:
            NotFound: no such layer or form, or no such place in the grid.
        """
        address = ADDRESS.fullmatch(path.strip("/"))
        if address is None:
            raise NotFound(f"No tile at {path!r}; tiles are at layer/z/x/y.png or .mvt.")
        layer, form, scale = address["layer"], address["form"], 2 if address["twice"] else 1
        z, x, y = int(address["z"]), int(address["x"]), int(address["y"])
        layers = LAYERS_OF[form]
        if layer not in layers:
            names = ", ".join(f"{name}.{form}" for name in layers)
            raise NotFound(f"No layer {layer!r} with .{form} tiles; there are {names}.")
        if z > MAX_ZOOM or x >= 1 << z or y >= 1 << z:
            raise NotFound(f"No tile {z}/{x}/{y}: zoom is 0..{MAX_ZOOM}, x and y below 2^zoom.")
        return cls(layer, z, x, y, form, scale)


def tile_matrix_set() -> dict[str, object]:
    """Describe the grid (OGC 17-083r4): 256 px tiles, rows counted from the north."""

    def matrix(zoom: int) -> dict[str, object]:
        cell_m = 2 * EDGE_M / TILE_PX / 2**zoom
        return {
            "id": str(zoom),
            "scaleDenominator": cell_m / PIXEL_M,
            "cellSize": cell_m,
            "cornerOfOrigin": "topLeft",
            "pointOfOrigin": [-EDGE_M, EDGE_M],
            "tileWidth": TILE_PX,
            "tileHeight": TILE_PX,
            "matrixWidth": 2**zoom,
            "matrixHeight": 2**zoom,
        }

    return {
        "id": GRID,
        "title": "Google Maps Compatible for the World",
        "uri": WEB_MERCATOR,
        "crs": WEB_MERCATOR_CRS,
        "orderedAxes": ["X", "Y"],
        "wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
        "tileMatrices": [matrix(zoom) for zoom in range(MAX_ZOOM + 1)],
    }


def tilejson(
    layer: str, tiles: str, bounds: Bounds, fields: dict[str, str] | None, credits: Sequence[str]
) -> dict[str, object]:
    """Describe a layer (TileJSON 3.0); `fields` only for vector tiles."""
    document: dict[str, object] = {
        "tilejson": "3.0.0",
        "name": f"Strikemap {layer}",
        "tiles": [tiles],
        "scheme": "xyz",
        "minzoom": 0,
        "maxzoom": MAX_ZOOM,
        "bounds": list(bounds),
        # Readers may show it as HTML, as the specification allows: a credit is text.
        "attribution": " · ".join(escape(credit, quote=False) for credit in credits),
    }
    if fields is not None:
        document["vector_layers"] = [{"id": layer, "fields": fields}]
    return document
