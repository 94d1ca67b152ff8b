"""Small basemap files, made by hand: the same ground in three schemas, and pictures."""

from __future__ import annotations

import gzip
import io
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mapbox_vector_tile
from PIL import Image
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer
from shapely import LineString, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

Place = tuple[int, int, int]
WOOD = box(0, 0, 1600, 1600)
LAKE = Polygon(box(2200, 200, 3800, 1800).exterior, [box(2700, 700, 3300, 1300).exterior])
HOUSE = box(2400, 2600, 2800, 3000)
ROAD = LineString([(0, 2200), (4096, 2200)])
RAIL = LineString([(600, 4096), (600, 0)])
TOWN = Point(1000, 3400)
SEA = box(3900, 0, 4096, 4096)

GROUND: Mapping[str, list[tuple[str, BaseGeometry, dict[str, Any]]]] = {
    "OpenMapTiles": [
        ("landcover", WOOD, {"class": "wood"}),
        ("water", LAKE, {"class": "lake"}),
        ("water", SEA, {"class": "ocean"}),
        ("building", HOUSE, {}),
        ("transportation", ROAD, {"class": "primary"}),
        ("transportation", RAIL, {"class": "rail"}),
        (
            "transportation_name",
            ROAD,
            {"class": "primary", "name": "Головна", "name:latin": "Holovna", "name:uk": "Головна"},
        ),
        ("place", TOWN, {"class": "suburb", "name": "Поділ", "name:en": "Podil"}),
        ("boundary", LineString([(0, 0), (4096, 4096)]), {"admin_level": 2}),
    ],
    "Protomaps": [
        ("earth", box(0, 0, 4096, 4096), {"kind": "earth"}),
        ("landuse", WOOD, {"kind": "forest"}),
        ("water", LAKE, {"kind": "lake"}),
        ("water", SEA, {"kind": "ocean"}),
        ("buildings", HOUSE, {"kind": "building"}),
        (
            "roads",
            ROAD,
            {
                "kind": "major_road",
                "kind_detail": "primary",
                "name": "Головна",
                "name:en": "Holovna",
                "name:uk": "Головна",
            },
        ),
        ("roads", RAIL, {"kind": "rail", "kind_detail": "rail"}),
        (
            "places",
            TOWN,
            {"kind": "neighbourhood", "kind_detail": "suburb", "name": "Поділ", "name:en": "Podil"},
        ),
        ("boundaries", LineString([(0, 0), (4096, 4096)]), {"kind": "country"}),
    ],
    "Shortbread": [
        ("land", WOOD, {"kind": "forest"}),
        ("water_polygons", LAKE, {"kind": "water"}),
        ("ocean", SEA, {}),
        ("buildings", HOUSE, {}),
        ("streets", ROAD, {"kind": "primary"}),
        ("streets", RAIL, {"kind": "rail", "rail": True}),
        (
            "street_labels",
            ROAD,
            {"kind": "primary", "name": "Головна", "name_en": "Holovna", "name_uk": "Головна"},
        ),
        ("place_labels", TOWN, {"kind": "suburb", "name": "Поділ", "name_en": "Podil"}),
        ("boundaries", LineString([(0, 0), (4096, 4096)]), {"admin_level": 2}),
    ],
}
"""The same wood, lake with an island, sea, house, road, rail and quarter, in each schema."""


def vector_tile(features: list[tuple[str, BaseGeometry, dict[str, Any]]]) -> bytes:
    """Encode features by layer; y runs downwards."""
    layers: dict[str, list[dict[str, Any]]] = {}
    for layer, shape, tags in features:
        layers.setdefault(layer, []).append({"geometry": shape, "properties": tags})
    content = [{"name": name, "features": many} for name, many in layers.items()]
    options = {"y_coord_down": True, "extents": 4096}
    return bytes(mapbox_vector_tile.encode(content, default_options=options))


def layers_of(name: str) -> list[str]:
    return list(dict.fromkeys(layer for layer, *_ in GROUND[name]))


def picture(form: str = "PNG", colour: str = "#336699", side: int = 256) -> bytes:
    """Make a picture of one colour."""
    out = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(out, form)
    return out.getvalue()


def write_mbtiles(
    path: Path, tiles: Mapping[Place, bytes], metadata: Mapping[str, str] | None = None
) -> Path:
    """Write MBTiles; tiles have XYZ numbers."""
    with sqlite3.connect(path) as database:
        database.execute(
            "CREATE TABLE tiles (zoom_level INT, tile_column INT, tile_row INT, tile_data BLOB)"
        )
        for (z, x, y), content in tiles.items():
            row = (z, x, (1 << z) - 1 - y, content)
            database.execute("INSERT INTO tiles VALUES (?, ?, ?, ?)", row)
        if metadata is not None:
            database.execute("CREATE TABLE metadata (name TEXT, value TEXT)")
            database.executemany("INSERT INTO metadata VALUES (?, ?)", metadata.items())
    database.close()
    return path


def write_pmtiles(
    path: Path,
    tiles: Mapping[Place, bytes],
    metadata: Mapping[str, Any],
    *,
    kind: TileType = TileType.MVT,
    packing: Compression = Compression.GZIP,
) -> Path:
    """Write PMTiles 3."""
    with path.open("wb") as file:
        writer = Writer(file)
        for place in sorted(tiles, key=lambda place: zxy_to_tileid(*place)):
            content = tiles[place]
            is_packed = packing is Compression.GZIP
            writer.write_tile(
                zxy_to_tileid(*place), gzip.compress(content) if is_packed else content
            )
        zooms = [z for z, _x, _y in tiles]
        header = {
            "tile_type": kind,
            "tile_compression": packing,
            "min_zoom": min(zooms),
            "max_zoom": max(zooms),
            "min_lon_e7": -1_800_000_000,
            "min_lat_e7": -850_000_000,
            "max_lon_e7": 1_800_000_000,
            "max_lat_e7": 850_000_000,
            "center_zoom": 0,
            "center_lon_e7": 0,
            "center_lat_e7": 0,
        }
        writer.finalize(header, dict(metadata))
    return path


def ground_file(path: Path, name: str, zooms: range = range(11, 15)) -> Path:
    """Write PMTiles of a schema, with the same tile at a place of Kyiv at each zoom."""
    content = vector_tile(GROUND[name])
    tiles = {(z, *kyiv(z)): content for z in zooms}
    metadata = {"vector_layers": [{"id": layer} for layer in layers_of(name)], "name": name}
    return write_pmtiles(path, tiles, metadata)


def kyiv(zoom: int) -> tuple[int, int]:
    """The tile of Kyiv's middle."""
    x, y = 9581, 5520  # at zoom 14
    return (x >> 14 - zoom, y >> 14 - zoom) if zoom <= 14 else (x << zoom - 14, y << zoom - 14)
