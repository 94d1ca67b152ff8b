"""The ground of an operator's basemap: areas, ways and names, tile by tile."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np

from app.domain.cache import BoundedCache, bytes_of
from app.domain.errors import InvalidFile
from app.domain.mercator import tile_at
from app.streets.decoding import POINT, POLYGON, Parts, Tags, layers_of, parts_of
from app.streets.schema import (
    ROAD_NAMES,
    SETTLEMENTS,
    WATER_NAMES,
    Ground,
    Schema,
    is_ocean,
    read_ground,
    schema_of,
)
from app.streets.tileset import Tileset

LOG = logging.getLogger("strikemap.basemap")
CREDIT = "© OpenStreetMap contributors"
"""Credited when a file of a known schema names nobody: each of them is made from OpenStreetMap."""

KEPT_TILES = 32
OCEAN_ZOOMS = (3, 6, 9)
NAME_TAGS = ("name", "int_name", "pgf:name")
NAMED = (*SETTLEMENTS, *ROAD_NAMES, *WATER_NAMES)


class GroundName(NamedTuple):
    """A name on the ground: its kind, its tags, and where it is, as shares of its tile."""

    kind: str
    tags: Tags
    points: np.ndarray


@dataclass(frozen=True)
class GroundTile:
    """What a vector tile shows, by kind; places are shares of the tile, y downwards."""

    areas: Mapping[str, Parts]
    ways: Mapping[str, Parts]
    names: tuple[GroundName, ...]
    has_ocean: bool = False

    @property
    def nbytes(self) -> int:
        """About its size in bytes."""
        return bytes_of((self.areas, self.ways, self.names))


class TilePlace(NamedTuple):
    """The number of a tile in the grid."""

    z: int
    x: int
    y: int


@dataclass
class StreetMap:
    """An operator's basemap file, with the tiles that were decoded last."""

    tileset: Tileset
    own_credit: str | None = None
    _tiles: BoundedCache = field(default_factory=lambda: BoundedCache(KEPT_TILES))

    @cached_property
    def schema(self) -> Schema | None:
        """The schema of its vector tiles; None for an unknown one, and for pictures."""
        return schema_of(self.tileset.facts.layers)

    @property
    def credit(self) -> str:
        """Whom the ground is credited to on every picture."""
        facts = self.tileset.facts
        return self.own_credit or facts.credit or (CREDIT if self.schema else facts.name)

    @cached_property
    def has_ocean(self) -> bool:
        """Tell whether the file knows the sea: without it, land cannot be told from water."""
        if not self.tileset.facts.is_vector:
            return False
        facts = self.tileset.facts
        box = facts.bounds
        lon, lat = (box.west + box.east) / 2, (box.south + box.north) / 2
        zooms = {min(max(zoom, facts.min_zoom), facts.max_zoom) for zoom in OCEAN_ZOOMS}
        tiles = [self.tile(TilePlace(zoom, *tile_at(lon, lat, zoom))) for zoom in zooms]
        tiles.append(self._decoded(self.tileset.first))
        return any(isinstance(tile, GroundTile) and tile.has_ocean for tile in tiles)

    def tile(self, place: TilePlace) -> bytes | GroundTile | None:
        """Read a tile: decoded if it is a vector tile, the bytes of a picture as they are.

        None when the file has nothing there, or what it has cannot be read (said in the log).
        """
        return self._tiles.get(place, partial(self._read, place))

    def _read(self, place: TilePlace) -> bytes | GroundTile | None:
        try:
            content = self.tileset.tile(*place)
        except InvalidFile as wrong:
            LOG.warning("basemap tile %d/%d/%d: %s", *place, wrong)
            return None
        is_picture = not self.tileset.facts.is_vector
        return content if content is None or is_picture else self._decoded(content)

    def _decoded(self, content: bytes) -> GroundTile | None:
        try:
            return ground_tile(content, self.schema)
        except InvalidFile as wrong:
            LOG.warning("a tile of the basemap: %s", wrong)
            return None


def ground_tile(content: bytes, schema: Schema | None) -> GroundTile:
    """Decode a vector tile: what is drawn of it, by kind, and its names.

    Raises:
        InvalidFile: it is damaged.
    """
    areas: dict[str, list[Parts]] = {}
    ways: dict[str, list[Parts]] = {}
    names: list[GroundName] = []
    has_ocean = False
    for layer in layers_of(content):
        if schema is not None and layer.name not in schema.readers:
            continue
        drawn: dict[tuple[str, int], list[Any]] = {}
        named: list[tuple[Ground, Tags, Any]] = []
        for feature, tags in layer.features():
            ground = read_ground(schema, layer.name, tags, feature.type)
            has_ocean |= is_ocean(layer.name, tags)
            if ground.kind and not ground.is_name and feature.type != POINT:
                drawn.setdefault((ground.kind, feature.type), []).append(feature)
            carries = schema is not None and schema.names_roads and ground.kind in ROAD_NAMES
            if ground.kind in NAMED and (ground.is_name or carries):
                own = {key: tags[key] for key in tags if key.startswith(NAME_TAGS)}
                if own:
                    named.append((ground, own, feature))
        for (kind, geometry), features in drawn.items():
            group = areas if geometry == POLYGON else ways
            group.setdefault(kind, []).append(_shares(parts_of(features), layer.extent))
        names += _names(named, layer.extent)
    return GroundTile(_joined(areas), _joined(ways), tuple(names), has_ocean)


def _names(named: list[tuple[Ground, Tags, Any]], extent: int) -> list[GroundName]:
    """Place names: each at its point, or along the longest part of its line."""
    if not named:
        return []
    parts = _shares(parts_of([feature for *_, feature in named]), extent)
    longest: dict[int, tuple[int, int]] = {}
    for start, length, owner in zip(parts.starts, parts.lengths, parts.owners, strict=True):
        if length > longest.get(int(owner), (0, 0))[1]:
            longest[int(owner)] = (int(start), int(length))
    return [
        GroundName(named[owner][0].kind, named[owner][1], parts.points[start : start + length])
        for owner, (start, length) in longest.items()
    ]


def _shares(parts: Parts, extent: int) -> Parts:
    return Parts(parts.points / extent, parts.starts, parts.owners)


def _joined(groups: Mapping[str, list[Parts]]) -> dict[str, Parts]:
    """Join the parts of several layers that have one kind."""
    joined = {}
    for kind, many in groups.items():
        vertices = np.cumsum([0, *(len(parts.points) for parts in many)])
        owners = np.cumsum([0, *(int(parts.owners.max(initial=-1)) + 1 for parts in many)])
        joined[kind] = Parts(
            np.concatenate([parts.points for parts in many]),
            np.concatenate([p.starts + base for p, base in zip(many, vertices, strict=False)]),
            np.concatenate([p.owners + base for p, base in zip(many, owners, strict=False)]),
        )
    return joined
