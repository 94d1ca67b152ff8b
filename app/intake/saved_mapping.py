"""Reads the saved mapping of a table's columns: a file of TOML or JSON."""

from __future__ import annotations

from pathlib import Path

import msgspec

from app.domain.errors import InvalidFile
from app.domain.mapping import TableMapping, checked

MOST_BYTES = 1 << 20


def read_mapping(path: Path) -> TableMapping:
    """Read a saved mapping.

    Raises:
        InvalidFile: neither TOML nor JSON, with a key that no mapping has, or of no use.
    """
    name = path.name
    if not path.is_file():
        raise InvalidFile("mapping", name, "an existing file")
    if path.stat().st_size > MOST_BYTES:
        raise InvalidFile(f"size of {name}", "more", f"at most {MOST_BYTES:,} bytes")
    return mapping_from(path.read_bytes(), name)


def mapping_from(content: bytes, name: str = "mapping") -> TableMapping:
    """Read a mapping as TOML, or as JSON of the same members.

    Raises:
        InvalidFile: neither, with a key that no mapping has, or of no use.
    """
    is_json = content.lstrip().startswith(b"{")
    decode = msgspec.json.decode if is_json else msgspec.toml.decode
    try:
        mapping = decode(content, type=TableMapping)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
        allowed = "a mapping as `strikemap mapping suggest` writes it"
        raise InvalidFile(f"mapping {name}", str(wrong), allowed) from wrong
    return checked(mapping, name)
