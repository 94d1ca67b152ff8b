"""A folder, or a place in object storage, that one command fills again and again.

A manifest lists what the command wrote, with a digest of each file. So the next run writes only
what changed, removes what it does not write any more, and leaves the files of others alone.
"""

from __future__ import annotations

import hashlib
import mimetypes
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import msgspec

from app.domain.errors import InputError

MANIFEST = "strikemap-files.json"
UNFINISHED = ""
"""The digest of a file that is being written."""

_NAME = re.compile(r"(?!\.)[A-Za-z0-9_=.-]+(/(?!\.)[A-Za-z0-9_=.-]+)*", re.ASCII)
_TYPES = {".pmtiles": "application/vnd.pmtiles", ".parquet": "application/vnd.apache.parquet"}
_SCHEME = re.compile(r"([a-z][a-z0-9]+)://", re.ASCII)
SCHEMES = ("s3", "gs", "az", "memory")


class ShelfManifest(msgspec.Struct):
    """What lies on a shelf: by which command, what it is, and the digest of each file by name."""

    written_by: str
    about: dict[str, str] = msgspec.field(default_factory=dict)
    files: dict[str, str] = msgspec.field(default_factory=dict)


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


@dataclass(frozen=True)
class Bucket:
    """A place in object storage; `store` is one of obstore's, which has no types for us."""

    store: Any

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


@dataclass
class ShelfReport:
    """What a run wrote and removed, by name, and how many files it left as they were."""

    written: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: int = 0


@dataclass
class Shelf:
    """A place that a command fills, with its manifest."""

    place: Storage
    where: str
    manifest: ShelfManifest

    @classmethod
    def open(cls, where: str, command: str) -> Shelf:
        """Open a place for a command: an empty one, or one that the same command filled before.

        Raises:
            InputError: it holds files of others, or cannot be reached.
        """
        place = _place(where)
        content = place.read(MANIFEST)
        if content is None:
            if not place.is_empty():
                raise InputError("OUT", where, f"{_ALLOWED} `strikemap {command}` filled before")
            return cls(place, where, ShelfManifest(command))
        try:
            manifest = msgspec.json.decode(content, type=ShelfManifest)
        except msgspec.DecodeError:
            manifest = ShelfManifest("")
        is_sound = all(_NAME.fullmatch(name) for name in manifest.files)
        if manifest.written_by != command or not is_sound:
            raise InputError("OUT", where, f"{_ALLOWED} `strikemap {command}` filled before")
        return cls(place, where, manifest)

    def fill(self, files: Iterable[tuple[str, bytes]], about: dict[str, str]) -> ShelfReport:
        """Write the files that changed, then remove those that are not among them any more.

        Raises:
            InputError: a file of somebody else has the name of one of ours.
        """
        changes, current = ShelfReport(), dict[str, str]()
        for name, content in files:
            current[name] = hashlib.sha256(content).hexdigest()
            present = self.place.read(name)
            if present == content and name in self.manifest.files:
                changes.unchanged += 1
                continue
            if present is not None and name not in self.manifest.files:
                raise InputError("OUT", name, "a folder without a file of others of this name")
            if name not in self.manifest.files:
                self.manifest.files[name] = UNFINISHED
                self._note()
            self.place.write(name, content)
            changes.written.append(name)
        changes.removed = sorted(set(self.manifest.files) - set(current))
        for name in changes.removed:
            self.place.remove(name)
        self.manifest.files, self.manifest.about = current, about
        self._note()
        return changes

    def _note(self) -> None:
        document = msgspec.json.format(msgspec.json.encode(self.manifest), indent=1)
        if self.place.read(MANIFEST) != document:
            self.place.write(MANIFEST, document)


_ALLOWED = "an empty or new folder, or one that"


def _place(where: str) -> Storage:
    scheme = _SCHEME.match(where)
    if scheme is None:
        path = Path(where)
        if path.exists() and not path.is_dir():
            raise InputError("OUT", where, f"{_ALLOWED} the same command filled before")
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
