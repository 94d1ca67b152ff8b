"""PMTiles 3: all tiles of a View in one file that any host with range requests can serve.

Tiles are in the order of their numbers along a Hilbert curve, so that the requests of a map read
neighbouring bytes; equal tiles are written once. Directories that are too large to stand beside the
header become leaves.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, NamedTuple

import msgspec
import numpy as np
from isal import igzip

from app.domain.place import E7, Bounds
from app.tiles.vector import varint

HEADER_BYTES, FIRST_READ_BYTES = 127, 16_384
"""The first bytes that a reader requests: header and root directory must fit into them."""

LEAF_ENTRIES = 4_096
GZIP, MVT = 2, 1
HEADER = struct.Struct("<7sB11Q6B4iB2i")


class ArchiveEntry(NamedTuple):
    """A run of equal tiles with the place of their bytes; a run of 0 is a leaf directory."""

    number: int
    offset: int
    length: int
    run: int


def tile_numbers(zoom: int, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Number tiles of one zoom along the Hilbert curve, after all tiles of smaller zooms."""
    x, y = x.astype(np.int64), y.astype(np.int64)
    number = np.full(len(x), (4**zoom - 1) // 3, np.int64)
    for bit in reversed(range(zoom)):
        side = 1 << bit
        right, lower = (x >> bit) & 1, (y >> bit) & 1
        number += side * side * ((3 * right) ^ lower)
        x, y = x & (side - 1), y & (side - 1)
        flips = (lower == 0) & (right == 1)
        x, y = np.where(flips, side - 1 - x, x), np.where(flips, side - 1 - y, y)
        turns = lower == 0
        x, y = np.where(turns, y, x), np.where(turns, x, y)
    return number


def packed(content: bytes) -> bytes:
    """Compress with gzip, the same bytes every time."""
    return igzip.compress(content, compresslevel=2, mtime=0)


@dataclass
class Archive:
    """Collects tiles in the order of their numbers; their bytes are written to `data` at once."""

    data: IO[bytes]
    entries: list[ArchiveEntry] = field(default_factory=list)
    tiles: int = 0
    _at: int = 0
    _seen: dict[bytes, tuple[int, int]] = field(default_factory=dict)

    def add(self, number: int, content: bytes) -> None:
        """Add a tile by its Hilbert number, which must rise; equal content is written once."""
        body = packed(content)
        offset, length = self._seen.get(body, (self._at, len(body)))
        if offset == self._at:
            self.data.write(body)
            self._at += length
            self._seen[body] = (offset, length)
        self.tiles += 1
        if self.entries:
            last = self.entries[-1]
            if last.offset == offset and last.number + last.run == number:
                self.entries[-1] = last._replace(run=last.run + 1)
                return
        self.entries.append(ArchiveEntry(number, offset, length, 1))

    def head(self, metadata: Mapping[str, object], bounds: Bounds, zooms: tuple[int, int]) -> bytes:
        """Return the bytes before the tiles: header, root directory, metadata, leaves."""
        root, leaves = directories(self.entries)
        metadata_bytes = packed(msgspec.json.encode(metadata))
        starts = [HEADER_BYTES]
        for part in (root, metadata_bytes, leaves):
            starts.append(starts[-1] + len(part))
        west, south, east, north = (round(side * E7) for side in bounds)
        header = HEADER.pack(
            b"PMTiles",
            3,
            *(starts[0], len(root), starts[1], len(metadata_bytes), starts[2], len(leaves)),
            *(starts[3], self._at, self.tiles, len(self.entries), len(self._seen)),
            *(1, GZIP, GZIP, MVT, *zooms),
            *(west, south, east, north),
            *(zooms[0], (west + east) // 2, (south + north) // 2),
        )
        return header + root + metadata_bytes + leaves


def directories(entries: Sequence[ArchiveEntry]) -> tuple[bytes, bytes]:
    """Write the root directory and the leaves; no leaves when the root has every entry."""
    root, size = directory(entries), LEAF_ENTRIES
    most = FIRST_READ_BYTES - HEADER_BYTES
    leaves = b""
    while len(root) > most:
        parts = [directory(entries[at : at + size]) for at in range(0, len(entries), size)]
        places, offset = [], 0
        for at, part in zip(range(0, len(entries), size), parts, strict=True):
            places.append(ArchiveEntry(entries[at].number, offset, len(part), 0))
            offset += len(part)
        root, leaves = directory(places), b"".join(parts)
        size *= 2
    return root, leaves


def directory(entries: Iterable[ArchiveEntry]) -> bytes:
    """Write a directory: numbers as steps, runs, lengths, and offsets where there is a gap."""
    return packed(b"".join(map(varint, _directory(list(entries)))))


def _directory(entries: Sequence[ArchiveEntry]) -> Iterator[int]:
    yield len(entries)
    before = 0
    for entry in entries:
        yield entry.number - before
        before = entry.number
    yield from (one.run for one in entries)
    yield from (one.length for one in entries)
    follows = -1
    for entry in entries:
        yield 0 if entry.offset == follows else entry.offset + 1
        follows = entry.offset + entry.length
