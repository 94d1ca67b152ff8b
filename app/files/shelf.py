"""A folder, or a place in object storage, that one command fills again and again.

A manifest lists what the command wrote, with a digest of each file. So the next run writes only
what changed, removes what it does not write any more, and leaves the files of others alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from app.domain.errors import InputError, StoreBusy
from app.files.storage import OWN_PLACE, Storage, open_place

MANIFEST = "strikemap-files.json"
UNFINISHED = ""
"""The digest of a file that is being written."""

_NAME = re.compile(r"(?!\.)[A-Za-z0-9_=.-]+(/(?!\.)[A-Za-z0-9_=.-]+)*", re.ASCII)


class ShelfManifest(msgspec.Struct):
    """What lies on a shelf: by which command, what it is, and the digest of each file by name."""

    written_by: str
    about: dict[str, str] = msgspec.field(default_factory=dict)
    files: dict[str, str] = msgspec.field(default_factory=dict)


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
    def open(cls, where: str, command: str, name: str = "OUT") -> Shelf:
        """Open a place for a command: an empty one, or one that the same command filled before.

        Errors call the place by `name`, as the command's help does.

        Raises:
            InputError: it holds files of others, or cannot be read and written.
            StorageAway: nothing answers there.
        """
        place = open_place(where, name)
        allowed = f"{OWN_PLACE} `strikemap {command}` filled before"
        content = place.read(MANIFEST)
        if content is None and place.is_empty():
            return cls(place, where, ShelfManifest(command))
        manifest = _manifest(content)
        is_sound = all(_NAME.fullmatch(name) for name in manifest.files)
        if manifest.written_by != command or not is_sound:
            raise InputError(name, where, allowed)
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
        changes.removed = self._finish(current, about)
        return changes

    def fill_by_content(self, files: Mapping[str, Path], about: dict[str, str]) -> ShelfReport:
        """Write files whose names say their content (`content_name`).

        A file that is there is not read again. What the manifest said before stays whole until all
        new files are there: a reader gets the earlier state or the new one.

        Raises:
            StoreBusy: a file changed since it was named.
        """
        digests = {name: name.rpartition(".")[2] for name in files}
        sizes = {name: path.stat().st_size for name, path in files.items()}
        missing = [
            name
            for name, size in sizes.items()
            if not self.manifest.files.get(name) or self.place.size(name) != size
        ]
        changes = ShelfReport(written=missing, unchanged=len(files) - len(missing))
        new = [name for name in missing if name not in self.manifest.files]
        self.manifest.files |= dict.fromkeys(new, UNFINISHED)
        self._note()
        for name in missing:
            content = files[name].read_bytes()
            if hashlib.sha256(content).hexdigest() != digests[name]:
                raise StoreBusy(f"{files[name].name} changed while it was read; try again.")
            self.place.write(name, content)
        changes.removed = self._finish(digests, about)
        return changes

    def _finish(self, current: dict[str, str], about: dict[str, str]) -> list[str]:
        """Name the new files in the manifest, and only then remove the others; returns those."""
        gone = sorted(set(self.manifest.files) - set(current))
        self.manifest.files, self.manifest.about = current | dict.fromkeys(gone, UNFINISHED), about
        self._note()
        for name in gone:
            self.place.remove(name)
        self.manifest.files = current
        self._note()
        return gone

    def _note(self) -> None:
        document = msgspec.json.format(msgspec.json.encode(self.manifest), indent=1)
        if self.place.read(MANIFEST) != document:
            self.place.write(MANIFEST, document)


def content_name(path: Path, name: str) -> str:
    """Name a file after its own name and its content, as `Shelf.fill_by_content` takes it."""
    with path.open("rb") as file:
        return f"{name}.{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _manifest(content: bytes | None) -> ShelfManifest:
    """Read a manifest; one of no command where there is none, or it is spoilt."""
    try:
        return msgspec.json.decode(content or b"", type=ShelfManifest)
    except msgspec.DecodeError:
        return ShelfManifest("")
