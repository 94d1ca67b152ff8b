"""Files that are complete or missing, never half written, also when several write them at once."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path, *, is_durable: bool = False) -> Iterator[Path]:
    """Give the path of a file to write; it gets its own name at the end, or is removed.

    With `is_durable` its content and its name are on the disk at the end, also if the power fails.
    """
    half = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        yield half
        if is_durable:
            sync_path(half)
        half.replace(path)
        if is_durable:
            sync_path(path.parent)
    finally:
        half.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes, mode: int = 0o666, *, is_durable: bool = False) -> None:
    """Write a file with this content.

    Args:
        path: the file; its folder exists.
        content: all of it.
        mode: who may read and write it, less what the umask takes.
        is_durable: as `whole_file`.
    """

    def opened(name: str, flags: int) -> int:
        return os.open(name, flags, mode)

    with (
        whole_file(path, is_durable=is_durable) as half,
        open(half, "xb", opener=opened) as file,
    ):
        file.write(content)


def sync_path(path: Path) -> None:
    """Wait until a file's content, or the names of a folder's files, are on the disk."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
