"""Mapbox Vector Tiles 2.1, written from columns: one NumPy pass for any number of points.

A point feature consists of a few varints. Each byte of each varint is one column of a matrix of
bytes, with a mask of the rows that have it; the bytes under the mask, row by row, are the layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import shapely
from shapely import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from app.tiles.grid import EXTENT

MOVE_TO, LINE_TO, CLOSE_PATH = 1, 2, 7
POINT, LINE, POLYGON = 1, 2, 3
SEVEN_BITS = 127
FEW = 64
"""Fewer values are written one by one: most of them were written for another tile before."""


@dataclass(frozen=True, eq=False)
class Property:
    """One property of point features: a number in the table of values for each feature."""

    codes: np.ndarray
    values: Sequence[str | int | float] | np.ndarray
    mask: np.ndarray | None = None
    """True where a feature has the value; None: every feature has it."""

    @classmethod
    def numbers(cls, column: np.ndarray, mask: np.ndarray | None = None) -> Property:
        """Make a property of a column of whole numbers; features outside `mask` do not have it."""
        low, high = int(column.min(initial=0)), int(column.max(initial=0))
        if high - low < 1 << 16:  # a lookup table is several times faster than a sort
            seen = np.zeros(high - low + 1, bool)
            seen[column - low] = True
            used = np.flatnonzero(seen)
            place = np.zeros(len(seen), np.int64)
            place[used] = np.arange(len(used))
            return cls(place[column - low], used + low, mask)
        values, codes = np.unique(column, return_inverse=True)
        return cls(codes, values, mask)


def varint(number: int) -> bytes:
    """Write a protobuf varint."""
    out = bytearray()
    while number > SEVEN_BITS:
        out.append(number & SEVEN_BITS | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def _message(field: int, body: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(body)) + body


@lru_cache(maxsize=8_192, typed=True)  # days and weapons repeat in every tile; 1 is not 1.0
def _value(value: str | float) -> bytes:
    if isinstance(value, str):
        return _message(4, _message(1, value.encode()))
    if not isinstance(value, int):
        return _message(4, b"\x19" + np.float64(value).tobytes())
    if value >= 0:
        return _message(4, b"\x28" + varint(value))
    return _message(4, b"\x30" + varint(-value * 2 - 1))


def _values(values: Sequence[str | int | float] | np.ndarray) -> bytes:
    if not isinstance(values, np.ndarray) or len(values) < FEW or values.min() < 0:
        plain = values.tolist() if isinstance(values, np.ndarray) else values
        return b"".join(map(_value, plain))
    columns = _Columns(len(values))
    columns.constant(0x22)
    columns.varints(1 + varint_lengths(values.astype(np.uint64)))
    columns.constant(0x28)
    columns.varints(values)
    return columns.flatten()


def _layer(name: str, features: bytes, keys: Sequence[str], values: Sequence[bytes]) -> bytes:
    body = _message(1, name.encode()) + features
    body += b"".join(_message(3, key.encode()) for key in keys) + b"".join(values)
    return _message(3, body + b"\x28" + varint(EXTENT) + b"\x78\x02")


class _Columns:
    """Byte columns with masks (None: every row), in the order in which they are written."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._columns: list[tuple[np.ndarray | int, np.ndarray | None]] = []

    def constant(self, byte: int, mask: np.ndarray | None = None) -> None:
        self._columns.append((byte, mask))

    def varints(self, values: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray | int:
        """Add a varint column; returns the number of bytes of each row, or of every row."""
        greatest = int(values.max(initial=0))
        if greatest < 1 << 7:
            self._columns.append((values.astype(np.uint8), mask))
            return 1 if mask is None else mask
        values = values.astype(np.uint32 if greatest < 1 << 32 else np.uint64)
        lengths = varint_lengths(values)
        for place in range(int(lengths.max())):
            # The last byte of a number is under 128; the bytes before it get the bit of 128.
            goes_on = (lengths > place + 1).view(np.uint8) << 7
            byte = (values >> 7 * place).astype(np.uint8) | goes_on
            if place:
                has_byte = lengths > place
                self._columns.append((byte, has_byte if mask is None else mask & has_byte))
            else:
                self._columns.append((byte, mask))
        return lengths if mask is None else lengths * mask

    def extend(self, other: _Columns) -> None:
        self._columns += other._columns

    def flatten(self) -> bytes:
        shape = (self._rows, len(self._columns))
        matrix, is_used = np.empty(shape, np.uint8), np.ones(shape, bool)
        matrix[:] = [byte if isinstance(byte, int) else 0 for byte, _ in self._columns]
        for place, (byte, mask) in enumerate(self._columns):
            if not isinstance(byte, int):
                matrix[:, place] = byte
            if mask is not None:
                is_used[:, place] = mask
        return bytes(np.compress(is_used.ravel(), matrix.ravel()))


def varint_lengths(values: np.ndarray) -> np.ndarray:
    """Count the bytes of each number as a varint."""
    lengths = np.ones(values.shape, np.int64)
    for place in range(1, 10):
        if 7 * place >= values.dtype.itemsize * 8:
            break
        longer = values >= values.dtype.type(1 << 7 * place)
        if not longer.any():
            break
        lengths += longer
    return lengths


def encode_points(
    name: str, x: np.ndarray, y: np.ndarray, ids: np.ndarray, properties: Mapping[str, Property]
) -> bytes:
    """Encode a layer of points.

    Args:
        name: the layer's name.
        x: in tile units, 0..4095 inside the tile, eastwards.
        y: likewise, southwards.
        ids: feature ids.
        properties: by name; a feature without the value does not have the tag.
    """
    rows = len(x)
    tags, tags_length = _tags(rows, properties)
    geometry = _Columns(rows)
    geometry.constant(MOVE_TO | 1 << 3)
    geometry_length = np.ones(rows, np.int64)
    geometry_length += geometry.varints(zigzag(x))
    geometry_length += geometry.varints(zigzag(y))
    body = _Columns(rows)
    body.constant(0x08)
    length = 1 + body.varints(ids)
    body.constant(0x12)
    length += 1 + body.varints(tags_length) + tags_length
    body.extend(tags)
    body.constant(0x18)
    body.constant(POINT)
    body.constant(0x22)
    length += 3 + body.varints(geometry_length) + geometry_length
    body.extend(geometry)
    features = _Columns(rows)
    features.constant(0x12)
    features.varints(length)
    features.extend(body)
    values = [_values(prop.values) for prop in properties.values()]
    return _layer(name, features.flatten(), list(properties), values)


def _tags(rows: int, properties: Mapping[str, Property]) -> tuple[_Columns, np.ndarray]:
    tags, length, base = _Columns(rows), np.zeros(rows, np.int64), 0
    for key, prop in enumerate(properties.values()):
        tags.constant(key, prop.mask)
        length += tags.varints(prop.codes + base, prop.mask)
        length += 1 if prop.mask is None else prop.mask
        base += len(prop.values)
    return tags, length


def zigzag(values: np.ndarray) -> np.ndarray:
    """Map signed numbers to unsigned ones, small to small (protobuf)."""
    signed = values.astype(np.int64)
    return ((signed << 1) ^ (signed >> 63)).astype(np.uint64)


def encode_shapes(
    name: str,
    shapes: Sequence[BaseGeometry],
    ids: Sequence[int],
    properties: Sequence[Mapping[str, str | float]],
) -> bytes:
    """Encode a layer of lines or polygons given in tile units; empty ones are left out."""
    keys: dict[str, int] = {}
    values: dict[bytes, int] = {}
    features = []
    for shape, number, fields in zip(shapes, ids, properties, strict=True):
        kind, commands = _geometry(shape)
        if not commands:
            continue
        tags = b"".join(
            varint(keys.setdefault(key, len(keys)))
            + varint(values.setdefault(_value(value), len(values)))
            for key, value in fields.items()
        )
        body = b"\x08" + varint(number) + _message(2, tags) + b"\x18" + varint(kind)
        features.append(_message(2, body + _message(4, b"".join(map(varint, commands)))))
    return _layer(name, b"".join(features), list(keys), list(values))


def _geometry(shape: BaseGeometry) -> tuple[int, list[int]]:
    """Write commands (MVT 2.1, 4.3): outer rings clockwise with y down, holes the other way.

    A feature has one kind: lines beside polygons, which clipping may produce, are not written.
    """
    parts = _parts(shape)
    polygons = [part for part in parts if isinstance(part, Polygon)]
    if polygons:
        return POLYGON, _paths([ring for part in polygons for ring in _rings(part)], closes=True)
    lines = [_rounded(part) for part in parts if isinstance(part, LineString)]
    return LINE, _paths([line for line in lines if len(line) > 1], closes=False)


def _parts(shape: BaseGeometry) -> list[BaseGeometry]:
    parts = list(shapely.get_parts(shape))
    nested = any(hasattr(part, "geoms") for part in parts)
    return [piece for part in parts for piece in _parts(part)] if nested else parts


def _rounded(line: BaseGeometry) -> np.ndarray:
    """Round a line to whole units, without points that repeat the one before."""
    points = np.rint(shapely.get_coordinates(line)).astype(np.int64)
    keep = np.ones(len(points), bool)
    keep[1:] = (np.diff(points, axis=0) != 0).any(axis=1)
    return points[keep]


def _rings(polygon: Polygon) -> list[np.ndarray]:
    """Round a polygon's rings, then wind them: rounding may turn or remove a very small ring."""
    outer, *holes = (_wound(ring, sign) for ring, sign in _signed(polygon))
    return [ring for ring in (outer, *holes) if len(ring)] if len(outer) else []


def _signed(polygon: Polygon) -> list[tuple[BaseGeometry, int]]:
    return [(polygon.exterior, 1), *((hole, -1) for hole in polygon.interiors)]


def _wound(line: BaseGeometry, sign: int) -> np.ndarray:
    """Round a ring and wind it by the surveyor's formula (MVT 2.1, 4.3.4.4); empty without area."""
    ring = _rounded(line)[:-1]
    x, y = ring.T
    double_area = int((x * np.roll(y, -1) - np.roll(x, -1) * y).sum())
    if not double_area:
        return ring[:0]
    return ring if (double_area > 0) is (sign > 0) else ring[::-1]


def _paths(paths: Sequence[np.ndarray], *, closes: bool) -> list[int]:
    commands: list[int] = []
    at = np.zeros(2, np.int64)
    for points in paths:
        steps = zigzag(np.diff(np.vstack([at, points]), axis=0)).ravel().tolist()
        commands += [MOVE_TO | 1 << 3, *steps[:2], LINE_TO | (len(points) - 1) << 3, *steps[2:]]
        if closes:
            commands.append(CLOSE_PATH | 1 << 3)
        at = points[-1]
    return commands
