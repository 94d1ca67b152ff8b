"""A finished file as a stream of bytes, for formats that cannot be written as one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

PIECE_BYTES = 1 << 18


def pieces(path: Path) -> Iterator[bytes]:
    """Read a file piece by piece."""
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece
