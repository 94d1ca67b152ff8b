"""Decodes vector tiles (Mapbox Vector Tile 2.1) into columns of shapes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import shapely
from google.protobuf.message import DecodeError
from mapbox_vector_tile.Mapbox import vector_tile_pb2

from app.domain.errors import InvalidFile

MOVE, LINE, CLOSE = 1, 2, 7
POINT, LINES, POLYGON = 1, 2, 3
"""The types of geometry in a tile."""

FEWEST_CORNERS = 3
Tags = dict[str, Any]


@dataclass(frozen=True, eq=False)
class TileLayer:
    """One layer of a tile; its geometry is decoded only for the features that are drawn."""

    name: str
    message: Any

    @property
    def extent(self) -> int:
        """The side of the tile in its own units."""
        return int(self.message.extent) or 4096

    def features(self) -> Iterator[tuple[Any, Tags]]:
        """Walk the features, each with its tags."""
        keys, values = list(self.message.keys), [_value(one) for one in self.message.values]
        for feature in self.message.features:
            pairs = feature.tags
            try:
                yield (
                    feature,
                    {keys[pairs[at]]: values[pairs[at + 1]] for at in range(0, len(pairs), 2)},
                )
            except IndexError as wrong:
                raise InvalidFile("tile", "a tag without a name", "a whole tile") from wrong


@dataclass(frozen=True, eq=False)
class Parts:
    """Lines, rings or points of many features: vertices, and where each part begins.

    `points` are x and y in units of the tile, y downwards; `starts` has the first vertex of each
    part, and `owners` the number of its feature.
    """

    points: np.ndarray
    starts: np.ndarray
    owners: np.ndarray

    @property
    def nbytes(self) -> int:
        """Its size in bytes."""
        return self.points.nbytes + self.starts.nbytes + self.owners.nbytes

    @property
    def lengths(self) -> np.ndarray:
        """The number of vertices of each part."""
        return np.diff(self.starts, append=len(self.points))


def layers_of(content: bytes) -> list[TileLayer]:
    """Read the layers of a tile.

    Raises:
        InvalidFile: it is no vector tile.
    """
    message = vector_tile_pb2.tile()
    try:
        message.ParseFromString(content)
    except DecodeError as wrong:
        raise InvalidFile("tile", str(wrong), "a vector tile (MVT)") from wrong
    return [TileLayer(layer.name, layer) for layer in message.layers]


def parts_of(features: Sequence[Any]) -> Parts:
    """Decode the geometry of many features at once.

    Raises:
        InvalidFile: a command goes past the end of its feature.
    """
    commands = list(chain.from_iterable(feature.geometry for feature in features))
    starts, counts, moves, owners = [], [], [], []
    at = 0
    for owner, feature in enumerate(features):
        end = at + len(feature.geometry)
        while at < end:
            command, count = commands[at] & 7, commands[at] >> 3
            at += 1
            if command == CLOSE:
                continue
            if command not in (MOVE, LINE) or at + 2 * count > end:
                raise InvalidFile("tile", "a geometry that was cut", "a whole tile")
            starts.append(at)
            counts.append(count)
            moves.append(command == MOVE)
            owners.append(owner)
            at += 2 * count
    columns = (commands, starts, counts, moves, owners)
    return _placed(*(np.array(column, np.int64) for column in columns))


def _placed(
    commands: np.ndarray,
    starts: np.ndarray,
    counts: np.ndarray,
    moves: np.ndarray,
    owners: np.ndarray,
) -> Parts:
    """Add up the steps of each feature; every MoveTo begins a part."""
    ends = np.cumsum(counts)
    vertices = int(ends[-1]) if len(ends) else 0
    within = np.arange(vertices) - np.repeat(ends - counts, counts)
    first = np.repeat(starts, counts) + 2 * within
    raw = np.column_stack((commands[first], commands[first + 1])) if vertices else np.empty((0, 2))
    steps = (raw.astype(np.int64) >> 1) ^ -(raw.astype(np.int64) & 1)
    owner = np.repeat(owners, counts)
    whole = np.cumsum(steps, axis=0)
    is_new = np.diff(owner, prepend=-1) != 0
    before = (whole - steps)[is_new]
    points = whole - before[np.cumsum(is_new) - 1] if vertices else whole
    begins = np.flatnonzero((np.repeat(moves, counts) > 0) | is_new)
    return Parts(points.astype(float), begins, owner[begins])


def tile_lines(parts: Parts, points: np.ndarray) -> np.ndarray:
    """Make lines of parts, at these places of their vertices; parts of one vertex are left out."""
    part = np.repeat(np.arange(len(parts.starts)), parts.lengths)
    is_line = (parts.lengths > 1)[part]
    if not is_line.any():
        return np.empty(0, object)
    return np.asarray(shapely.linestrings(points[is_line], indices=_renumbered(part[is_line])))


def tile_polygons(parts: Parts, points: np.ndarray) -> np.ndarray:
    """Make polygons of rings: one that turns clockwise on the screen begins a polygon.

    Rings that turn the other way are its holes (Mapbox Vector Tile 2.1, 4.3.4.4).
    """
    lengths = parts.lengths
    part = np.repeat(np.arange(len(lengths)), lengths)
    x, y = parts.points.T
    following = np.arange(len(x)) + 1
    following[parts.starts + lengths - 1] = parts.starts
    doubled = np.bincount(part, x * y[following] - x[following] * y, len(lengths))
    is_ring = (lengths >= FEWEST_CORNERS) & (doubled != 0)
    if not is_ring.any():
        return np.empty(0, object)
    is_new = np.diff(parts.owners, prepend=-1) != 0
    number = np.cumsum((doubled > 0) | is_new)[is_ring]
    kept = is_ring[part]
    rings = shapely.linearrings(points[kept], indices=_renumbered(part[kept]))
    return np.asarray(shapely.polygons(rings, indices=_renumbered(number)))


def _renumbered(numbers: np.ndarray) -> np.ndarray:
    """Number runs of equal values from 0 without gaps."""
    return np.cumsum(np.diff(numbers, prepend=numbers[0]) != 0)


def _value(value: Any) -> object:
    fields = value.ListFields()
    return fields[0][1] if fields else None
