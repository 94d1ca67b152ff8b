"""Where files lie by name: a folder on this machine, or a place in object storage."""

from __future__ import annotations

import mimetypes
import os
import re
import shutil
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from app.domain.errors import InputError

SCHEMES = ("s3", "gs", "az", "memory")
OWN_PLACE = "an empty or new folder, or one that"
_TYPES = {".pmtiles": "application/vnd.pmtiles", ".parquet": "application/vnd.apache.parquet"}
_SCHEME = re.compile(r"([a-z][a-z0-9]+)://", re.ASCII)


class Storage(Protocol):
    """Where files lie, by names with slashes."""

    def read(self, name: str) -> bytes | None:
        """Return a file's content; None without the file."""

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
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        """Write a file, whole or not at all."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_name(f".{path.name}.part")
        try:
            half.write_bytes(content)
            half.replace(path)
        finally:
            half.unlink(missing_ok=True)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there, and the folders that are empty without it."""
        (self.path / name).unlink(missing_ok=True)
        for folder in (self.path / name).parents:
            if folder == self.path or not folder.is_dir() or any(folder.iterdir()):
                return
            folder.rmdir()

    def is_empty(self) -> bool:
        """Tell whether there is no file."""
        return not self.path.exists() or not any(self.path.iterdir())

    def names(self) -> list[str]:
        """List the files at the top, but for hidden ones."""
        paths = self.path.iterdir() if self.path.exists() else ()
        return sorted(path.name for path in paths if path.is_file() and path.name[0] != ".")

    def create(self, name: str, content: bytes) -> bool:
        """Write a file unless there is one; tell whether it was written."""
        half = self.path / f".{name}.{os.getpid()}.part"
        try:
            _write_durably(half, content)
            (self.path / name).hardlink_to(half)
        except FileExistsError:
            return False
        finally:
            half.unlink(missing_ok=True)
        _settle(self.path)
        return True

    def take(self, name: str, path: Path) -> None:
        """Move a finished file of this machine here; both lie on one disk."""
        path.replace(self.path / name)
        _settle(self.path)

    def fetch(self, name: str, path: Path) -> None:
        """Copy a file to this machine."""
        shutil.copyfile(self.path / name, path)


@dataclass(frozen=True)
class Bucket:
    """A place in object storage; `store` is one of obstore's, which has no types for us."""

    store: Any

    @staticmethod
    def fault() -> type[Exception]:
        """Return what a store raises when it cannot be reached, or does not let us."""
        try:
            return cast("type[Exception]", import_module("obstore.exceptions").BaseError)
        except ImportError:
            return InputError

    def read(self, name: str) -> bytes | None:
        """Return a file's content; None without the file."""
        try:
            return bytes(self.store.get(name).bytes())
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        """Write a file, whole or not at all."""
        kind = _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0]
        self.store.put(name, content, attributes={"Content-Type": kind} if kind else None)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        try:
            self.store.delete(name)
        except FileNotFoundError:
            return

    def is_empty(self) -> bool:
        """Tell whether there is no file."""
        return not self.store.list(chunk_size=1).collect()

    def names(self) -> list[str]:
        """List the files at the top."""
        paths = (one["path"] for one in self.store.list_with_delimiter()["objects"])
        return sorted(path.rpartition("/")[2] for path in paths)

    def create(self, name: str, content: bytes) -> bool:
        """Write a file unless there is one; tell whether it was written."""
        try:
            self.store.put(name, content, mode="create")
        except import_module("obstore.exceptions").AlreadyExistsError:
            return False
        return True

    def take(self, name: str, path: Path) -> None:
        """Move a finished file of this machine here, in several parts if it is large."""
        self.store.put(name, path)
        path.unlink()

    def fetch(self, name: str, path: Path) -> None:
        """Copy a file to this machine, piece by piece."""
        with path.open("wb") as out:
            for piece in self.store.get(name).stream():
                out.write(piece)


def _write_durably(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _settle(folder: Path) -> None:
    """Wait until the names of a folder's files are on disk."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def open_place(where: str) -> Storage:
    """Open a folder, or a place in object storage by its address.

    Raises:
        InputError: a file, an unknown scheme, or no package for object storage.
    """
    scheme = _SCHEME.match(where)
    if scheme is None:
        path = Path(where)
        if path.exists() and not path.is_dir():
            raise InputError("OUT", where, f"{OWN_PLACE} the same command filled before")
        return Folder(path)
    if scheme[1] not in SCHEMES:
        allowed = ", ".join(f"{name}://…" for name in SCHEMES[:-1])
        raise InputError("OUT", where, f"a folder, {allowed}")
    try:
        stores = import_module("obstore.store")
    except ImportError as missing:
        raise InputError("OUT", where, "a folder; `pip install strikemap[scale]` for s3://…") from (
            missing
        )
    return Bucket(stores.from_url(where))
