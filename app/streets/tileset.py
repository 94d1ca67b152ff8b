"""Opens a basemap file: PMTiles 3 or MBTiles, of vector tiles or of pictures, of any size.

Tiles are read by their place in the file, never through a memory map: a file that is cut while it
is served would otherwise end the process.
"""

from __future__ import annotations

import hashlib
import html
import json
import os
import re
import sqlite3
import weakref
import zlib
from abc import ABC, abstractmethod
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from pmtiles.tile import (
    Compression,
    MagicNumberNotFound,
    SpecVersionUnsupported,
    TileType,
    deserialize_directory,
    deserialize_header,
    find_tile,
    zxy_to_tileid,
)
from typing_extensions import override

from app.domain.errors import InputError, InvalidFile
from app.domain.place import Bounds
from app.streets.decoding import layers_of

FIRST_BYTES, HEADER_BYTES = 16_384, 127
MOST_TILE_BYTES = 8 << 20
"""No tile and no directory may be larger, packed or not: a drawn tile is a hundredth of it."""

MOST_METADATA_BYTES, LONGEST_CREDIT, DEEPEST = 2 << 20, 300, 4
READABLE = "PMTiles 3 or MBTiles, with vector tiles (MVT) or pictures (PNG, JPEG, WebP)"
CONVERTED = f"{READABLE}; `pmtiles convert` makes them from other files"
PICTURES = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg", b"RIFF": "webp"}
FIRST_OF_VECTORS = b"\x1a"
"""A vector tile is a message whose first field is a layer: field 3, with a length."""

ZOOMS = "SELECT min(zoom_level), max(zoom_level) FROM tiles"
FIRST_TILE = "SELECT tile_data FROM tiles WHERE zoom_level = ? LIMIT 1"
ONE_TILE = "SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?"
METADATA = "SELECT name, value FROM metadata"
"""All that MBTiles is asked; it is a format of others, and no part of the record."""

WHOLE_WORLD = Bounds(-180.0, -85.06, 180.0, 85.06)


class TilesetFacts(msgspec.Struct, frozen=True):
    """What a basemap file says of itself, and what its bytes show.

    `form` is "mvt", "png", "jpeg" or "webp"; `bounds` are degrees; `layers` are the names of the
    vector layers. `mark` changes with the content of the file.
    """

    name: str
    form: str
    min_zoom: int
    max_zoom: int
    bounds: Bounds
    credit: str
    layers: tuple[str, ...]
    mark: str

    @property
    def is_vector(self) -> bool:
        """Tell vector tiles from pictures."""
        return self.form == "mvt"


class Tileset(ABC):
    """An open basemap file; tiles have XYZ numbers, with rows from the north."""

    facts: TilesetFacts
    first: bytes
    """The first tile of the smallest zoom, unpacked."""

    def tile(self, z: int, x: int, y: int) -> bytes | None:
        """Read a tile, unpacked; None when the file has none there.

        Raises:
            InvalidFile: it cannot be read, or is too large.
        """
        packed = self._packed(z, x, y)
        return unpacked(packed) if packed else None

    @abstractmethod
    def _packed(self, z: int, x: int, y: int) -> bytes | None:
        """Read the bytes of a tile as they are in the file."""


def open_tileset(path: Path) -> Tileset:
    """Open a basemap file and read what it says of itself; no tile but a first one is read.

    Raises:
        InputError: there is no such file.
        InvalidFile: it is no basemap file, of another version, cut short, or has tiles of a form
            that is not drawn.
    """
    try:
        with path.open("rb") as file:
            first = file.read(FIRST_BYTES)
            file.seek(max(os.fstat(file.fileno()).st_size - FIRST_BYTES, 0))
            last = file.read(FIRST_BYTES)
    except OSError as wrong:
        raise InputError("basemap", str(path), f"a file ({wrong.strerror})") from wrong
    mark = hashlib.sha256(first + last + str(path.stat().st_size).encode()).hexdigest()[:16]
    if first[:2] == b"PM":
        return _PmTiles(path, first, mark)
    if first[:15] == b"SQLite format 3":
        return _MbTiles(path, mark)
    raise InvalidFile("basemap", f"{path.name}, another format", CONVERTED)


class _PmTiles(Tileset):
    """A PMTiles file: header, directories, tiles."""

    def __init__(self, path: Path, first: bytes, mark: str) -> None:
        self._name, self._file = path.name, os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._file)
        self._header = self._checked_header(first)
        self._directory = lru_cache(64)(self._read_directory)
        header = self._header
        metadata = self._metadata()
        west, east = header["min_lon_e7"] / 1e7, header["max_lon_e7"] / 1e7
        south, north = header["min_lat_e7"] / 1e7, header["max_lat_e7"] / 1e7
        is_box = west < east and south < north
        self.first = self._sample()
        self.facts = TilesetFacts(
            str(metadata.get("name") or path.stem),
            _form_of(self.first, path.name),
            header["min_zoom"],
            header["max_zoom"],
            Bounds(west, south, east, north) if is_box else WHOLE_WORLD,
            credit_of(metadata),
            _layers_of(metadata, self.first),
            mark,
        )

    def _checked_header(self, first: bytes) -> dict[str, Any]:
        try:
            header: dict[str, Any] = dict(deserialize_header(first[:HEADER_BYTES]))
        except SpecVersionUnsupported as wrong:
            raise InvalidFile("basemap", f"PMTiles version {first[7]}", CONVERTED) from wrong
        except (MagicNumberNotFound, ValueError, IndexError) as wrong:
            raise InvalidFile("basemap", f"{self._name}, another format", CONVERTED) from wrong
        kind, packing = header["tile_type"], header["tile_compression"]
        if kind in (TileType.AVIF, TileType.MLT):
            raise InvalidFile("basemap", f"tiles of the form {kind.name}", READABLE)
        for name, used in (("tiles", packing), ("directories", header["internal_compression"])):
            if used not in (Compression.NONE, Compression.GZIP, Compression.UNKNOWN):
                got = f"{name} packed with {used.name.lower()}"
                raise InvalidFile("basemap", got, "gzip, or not packed")
        parts = ("root", "metadata", "leaf_directory", "tile_data")
        end = max(header[f"{part}_offset"] + header[f"{part}_length"] for part in parts)
        size = os.fstat(self._file).st_size
        if size < end:
            raise InvalidFile("basemap", f"{size:,} bytes", f"the whole file of {end:,} bytes")
        return header

    def _bytes(self, offset: int, length: int, most: int = MOST_TILE_BYTES) -> bytes:
        if length > most:
            raise InvalidFile("basemap", f"a part of {length:,} bytes", f"at most {most:,}")
        found = os.pread(self._file, length, offset)
        if len(found) < length:
            raise InvalidFile("basemap", "a file that was cut", "the whole file")
        return found

    def _metadata(self) -> dict[str, Any]:
        header = self._header
        packed = self._bytes(
            header["metadata_offset"], header["metadata_length"], MOST_METADATA_BYTES
        )
        return _object(unpacked(packed)) if packed else {}

    def _read_directory(self, offset: int, length: int) -> list[Any]:
        packed = self._bytes(offset, length)
        unpacked(packed)  # checks the size, which the library does not
        try:
            return list(deserialize_directory(packed))
        except (OSError, EOFError, IndexError, zlib.error) as wrong:
            raise InvalidFile("basemap", "a damaged directory", "a whole file") from wrong

    def _sample(self) -> bytes:
        header = self._header
        offset, length = header["root_offset"], header["root_length"]
        for _ in range(DEEPEST):
            entries = self._directory(offset, length)
            if not entries:
                break
            entry = entries[0]
            if entry.run_length:
                found = self._bytes(header["tile_data_offset"] + entry.offset, entry.length)
                return unpacked(found)
            offset, length = header["leaf_directory_offset"] + entry.offset, entry.length
        raise InvalidFile("basemap", "a file without tiles", "one with tiles")

    @override
    def _packed(self, z: int, x: int, y: int) -> bytes | None:
        header, number = self._header, zxy_to_tileid(z, x, y)
        offset, length = header["root_offset"], header["root_length"]
        for _ in range(DEEPEST):
            entry = find_tile(self._directory(offset, length), number)
            if entry is None:
                return None
            if entry.run_length:
                return self._bytes(header["tile_data_offset"] + entry.offset, entry.length)
            offset, length = header["leaf_directory_offset"] + entry.offset, entry.length
        return None


class _MbTiles(Tileset):
    """An MBTiles file: a SQLite database with a table `tiles`, rows from the south."""

    def __init__(self, path: Path, mark: str) -> None:
        # Nobody writes while it is open; if somebody does, the mark differs and it is opened anew.
        address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        try:
            self._database = sqlite3.connect(address, uri=True, check_same_thread=False)
            weakref.finalize(self, self._database.close)
            zooms = self._row(ZOOMS)
            if not zooms or zooms[1] is None:
                raise InvalidFile("basemap", "a file without tiles", "one with tiles")
            sample = self._row(FIRST_TILE, zooms[0])
            metadata = self._metadata()
        except sqlite3.Error as wrong:
            got = f"{path.name}: {wrong}"
            raise InvalidFile(
                "basemap", got, f"MBTiles with a table `tiles`; {READABLE}"
            ) from wrong
        self.first = unpacked(bytes((sample or (b"",))[0]))
        self.facts = TilesetFacts(
            str(metadata.get("name") or path.stem),
            _form_of(self.first, path.name),
            int(zooms[0]),
            int(zooms[1]),
            _box_of(metadata.get("bounds")),
            credit_of(metadata),
            _layers_of(_object(str(metadata.get("json") or "{}").encode()), self.first),
            mark,
        )

    def _row(self, statement: str, *values: int) -> tuple[Any, ...] | None:
        row = self._database.execute(statement, values).fetchone()
        return None if row is None else tuple(row)

    def _metadata(self) -> dict[str, Any]:
        """Read what the file says of itself; a file without that is read by its tiles alone."""
        try:
            rows = self._database.execute(METADATA).fetchall()
        except sqlite3.OperationalError:
            return {}
        return dict(rows)

    @override
    def _packed(self, z: int, x: int, y: int) -> bytes | None:
        try:
            row = self._row(ONE_TILE, z, x, (1 << z) - 1 - y)
        except sqlite3.Error as wrong:
            raise InvalidFile("basemap", str(wrong), "a file that can be read") from wrong
        return bytes(row[0]) if row and row[0] else None


def unpacked(data: bytes) -> bytes:
    """Unpack gzip, or return what is not packed.

    Raises:
        InvalidFile: it is damaged, or larger than a tile may be.
    """
    if data[:2] != b"\x1f\x8b":
        return data
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        content = unpacker.decompress(data, MOST_TILE_BYTES)
    except zlib.error as wrong:
        raise InvalidFile("basemap", f"a damaged tile ({wrong})", "a whole file") from wrong
    if unpacker.unconsumed_tail:
        raise InvalidFile("basemap", "a tile that is larger", f"at most {MOST_TILE_BYTES:,} bytes")
    return content


def _form_of(sample: bytes, name: str) -> str:
    """Tell the form of tiles by their bytes: what a file says of itself may be wrong."""
    for magic, form in PICTURES.items():
        if sample.startswith(magic):
            return form
    if sample and sample[:1] != FIRST_OF_VECTORS:
        got = "AVIF" if sample[4:12] == b"ftypavif" else "another form"
        raise InvalidFile("basemap", f"{name}, whose tiles have {got}", READABLE)
    return "mvt"


def _object(text: bytes) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _layers_of(document: dict[str, Any], sample: bytes) -> tuple[str, ...]:
    """List the vector layers that a file names; without that, those of a first tile."""
    layers = document.get("vector_layers")
    if isinstance(layers, list):
        return tuple(str(one["id"]) for one in layers if isinstance(one, dict) and "id" in one)
    if sample[:1] != FIRST_OF_VECTORS:
        return ()
    try:
        return tuple(layer.name for layer in layers_of(sample))
    except InvalidFile:
        return ()


def _box_of(text: object) -> Bounds:
    try:
        return Bounds.of([float(side) for side in str(text).split(",")])
    except (ValueError, InputError):
        return WHOLE_WORLD


def credit_of(metadata: dict[str, Any]) -> str:
    """Read whom a file credits, as text without links."""
    text = re.sub(r"<[^>]*>", "", str(metadata.get("attribution") or ""))
    return " ".join(html.unescape(text).split())[:LONGEST_CREDIT]
