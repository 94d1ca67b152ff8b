"""Where files lie by name: a folder on this machine, or a place in object storage."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.domain.errors import InputError
from app.files.bucket import open_bucket, without_keys
from app.whole_files import sync_path, write_whole

SCHEMES = ("s3", "gs", "az", "memory")
OWN_PLACE = "an empty or new folder, or one that"
_SCHEME = re.compile(r"([a-z][a-z0-9]+)://", re.ASCII)


class Storage(Protocol):
    """Where files lie, by names with slashes.

    Every method raises `InputError` where the place or the permission is wrong, and `StorageAway`
    where nothing answers.
    """

    def read(self, name: str) -> bytes | None:
        """Return a file's content; None without the file."""

    def size(self, name: str) -> int | None:
        """Return the size of a file in bytes; None without the file."""

    def write(self, name: str, content: bytes) -> None:
        """Write a file, whole or not at all."""

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""

    def is_empty(self) -> bool:
        """Tell whether there is no file."""

    def names(self) -> list[str]:
        """List the files at the top, but for hidden ones."""

    def create(self, name: str, content: bytes) -> bool:
        """Write a file unless there is one; tell whether it was written."""

    def take(self, name: str, path: Path) -> None:
        """Move a finished file of this machine here, however large; it is durable then."""

    def fetch(self, name: str, path: Path) -> None:
        """Copy a file to this machine, however large.

        Raises:
            FileNotFoundError: there is none.
        """


@dataclass(frozen=True)
class Folder:
    """A folder on this machine."""

    path: Path

    def read(self, name: str) -> bytes | None:
        """Return a file's content; None without the file."""
        with self._permitted():
            try:
                return (self.path / name).read_bytes()
            except FileNotFoundError:
                return None

    def size(self, name: str) -> int | None:
        """Return the size of a file in bytes; None without the file."""
        with self._permitted():
            try:
                return (self.path / name).stat().st_size
            except FileNotFoundError:
                return None

    def write(self, name: str, content: bytes) -> None:
        """Write a file, whole or not at all."""
        path = self.path / name
        with self._permitted():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, content)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there, and the folders that are empty without it."""
        with self._permitted():
            (self.path / name).unlink(missing_ok=True)
            for folder in (self.path / name).parents:
                if folder == self.path or not folder.is_dir() or any(folder.iterdir()):
                    return
                folder.rmdir()

    def is_empty(self) -> bool:
        """Tell whether there is no file."""
        with self._permitted():
            return not self.path.exists() or not any(self.path.iterdir())

    def names(self) -> list[str]:
        """List the files at the top, but for hidden ones."""
        with self._permitted():
            paths = list(self.path.iterdir()) if self.path.exists() else []
            return sorted(path.name for path in paths if path.is_file() and path.name[0] != ".")

    def create(self, name: str, content: bytes) -> bool:
        """Write a file unless there is one; tell whether it was written."""
        half = self.path / f".{name}.{os.getpid()}.part"
        with self._permitted():
            try:
                _write_durably(half, content)
                (self.path / name).hardlink_to(half)
            except FileExistsError:
                return False
            finally:
                half.unlink(missing_ok=True)
            sync_path(self.path)
        return True

    def take(self, name: str, path: Path) -> None:
        """Move a finished file of this machine here; both lie on one disk."""
        with self._permitted():
            path.replace(self.path / name)
            sync_path(self.path)

    def fetch(self, name: str, path: Path) -> None:
        """Copy a file to this machine."""
        with self._permitted():
            shutil.copyfile(self.path / name, path)

    @contextmanager
    def _permitted(self) -> Iterator[None]:
        try:
            yield
        except (PermissionError, NotADirectoryError) as wrong:
            allowed = "a folder that this user may read and write"
            raise InputError("storage", self.path, allowed) from wrong


def _write_durably(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def open_place(where: str, name: str = "OUT") -> Storage:
    """Open a folder, or a place in object storage by its address; errors call it by `name`.

    Raises:
        InputError: a file, an address of no place, or no package for object storage.
    """
    scheme = _SCHEME.match(where)
    if scheme is None:
        path = Path(where)
        if path.exists() and not path.is_dir():
            raise InputError(name, where, f"{OWN_PLACE} the same command filled before")
        return Folder(path)
    allowed = "a folder, " + ", ".join(f"{known}://…" for known in SCHEMES[:-1])
    if scheme[1] not in SCHEMES or "@" in where:
        raise InputError(name, without_keys(where), allowed)
    return open_bucket(where, name, allowed)
