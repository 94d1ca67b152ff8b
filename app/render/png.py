"""Writes PNG fast, with equal bytes for equal pictures, and with text about the picture."""

from __future__ import annotations

import struct
from collections.abc import Mapping

import numpy as np
from isal import isal_zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
RGB, RGBA = 2, 6
"""Colour types (PNG, third edition, 11.2.1)."""


def write_png(pixels: np.ndarray, metadata: Mapping[str, str] | None = None) -> bytes:
    """Compress RGB or RGBA pixels; isal is several times faster than zlib at a similar size.

    Args:
        pixels: height by width by 3 or 4, bytes.
        metadata: text by keyword, such as Title, Description, Copyright (11.3.3.1), in UTF-8.
    """
    height, width, channels = pixels.shape
    rows = np.zeros((height, 1 + width * channels), np.uint8)  # a row begins with its filter: none
    rows[:, 1:] = pixels.reshape(height, -1)
    kind = RGBA if channels == 4 else RGB  # noqa: PLR2004
    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    texts = [_text(keyword, text) for keyword, text in (metadata or {}).items()]
    body = isal_zlib.compress(rows.tobytes(), 1)
    parts = [(b"IHDR", header), *texts, (b"IDAT", body), (b"IEND", b"")]
    return SIGNATURE + b"".join(_chunk(*part) for part in parts)


def _text(keyword: str, text: str) -> tuple[bytes, bytes]:
    """Write international text, not compressed, in no stated language (11.3.3.4)."""
    return b"iTXt", keyword.encode("latin-1") + b"\0\0\0\0\0" + text.encode()


def _chunk(name: bytes, content: bytes) -> bytes:
    """Write a chunk (5.3): length, name, content, check sum."""
    check = isal_zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)
