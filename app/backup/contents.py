"""What a backup holds: a compressed tar archive that begins and ends with what it says of itself.

backup.json stands first, so that a file of a later release is refused before anything is unpacked.
manifest.json stands last: it has the size and the SHA-256 of every member before it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import msgspec

from app.editing.purged import PURGED
from app.store.opening import RECORD

BACKUP_FORMAT = 1
FIRST_MEMBER, LAST_MEMBER = "backup.json", "manifest.json"
BASEMAP = "basemap.json"
CHUNK_BYTES = 1 << 20

FOLDERS = {
    "regions": "[a-z0-9-]+/(active|[0-9a-f]+)[.](json|parquet)",
    "theatres": "[a-z0-9-]+[.]toml",
    "archive": "[0-9a-f]{64}",
    "heads": "[0-9]{1,18}[.]json([.]tsr)?",
}
"""The folders of an instance that a backup has, and how their files are named."""

NAME = re.compile(
    "|".join(
        (
            *map(re.escape, (RECORD, PURGED, BASEMAP)),
            *(f"{folder}/{names}" for folder, names in FOLDERS.items()),
        )
    )
)
"""The names that a member may have; none of them leads out of a folder."""

BytesDone = Callable[[int], None]
"""Told how many bytes are done."""


class RecordEnd(msgspec.Struct, frozen=True):
    """The newest revision of a record, and its hash."""

    seq: int
    hash: str


class Origin(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which release made a backup and when, and the newest revision of its record."""

    format: int
    program: str
    schema: int
    seq: int
    hash: str
    made_at: datetime
    after: RecordEnd | None = None
    """Where the step before this one ends; None for a whole backup."""

    @property
    def end(self) -> RecordEnd:
        """The newest revision of the record."""
        return RecordEnd(self.seq, self.hash)


class PackedFile(msgspec.Struct, frozen=True):
    """The size of a member in bytes, and its SHA-256."""

    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, omit_defaults=True):
    """The members of a backup by name, but for the manifest itself.

    `held` are files beside the record that an earlier step has, with their SHA-256.
    """

    members: dict[str, PackedFile]
    held: dict[str, str] = {}


class Bytes(Protocol):
    """What can be read piece by piece."""

    def read(self, size: int = -1, /) -> bytes:
        """Read at most so many bytes; none at the end."""


class Hashed:
    """A stream that is hashed and counted as it is read."""

    def __init__(self, stream: Bytes, count: BytesDone) -> None:
        self._stream, self._count = stream, count
        self._sha256, self._size = hashlib.sha256(), 0

    def read(self, size: int = -1) -> bytes:
        """Read at most so many bytes."""
        piece = self._stream.read(size)
        self._sha256.update(piece)
        self._size += len(piece)
        self._count(len(piece))
        return piece

    @property
    def member(self) -> PackedFile:
        """What was read until now."""
        return PackedFile(self._size, self._sha256.hexdigest())


class Counter:
    """Adds up the bytes of all members for a line of progress."""

    def __init__(self, progress: BytesDone) -> None:
        self._progress, self._done = progress, 0

    def __call__(self, size: int) -> None:
        """Count bytes that were done."""
        self._done += size
        self._progress(self._done)
