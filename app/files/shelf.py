"""A folder, or a place in object storage, that one command fills again and again.

A manifest lists what the command wrote, with a digest of each file. So the next run writes only
what changed, removes what it does not write any more, and leaves the files of others alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from app.domain.errors import InputError
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
    def open(cls, where: str, command: str) -> Shelf:
        """Open a place for a command: an empty one, or one that the same command filled before.

        Raises:
            InputError: it holds files of others, or cannot be reached.
        """
        place = open_place(where)
        content = place.read(MANIFEST)
        if content is None:
            if not place.is_empty():
                raise InputError("OUT", where, f"{OWN_PLACE} `strikemap {command}` filled before")
            return cls(place, where, ShelfManifest(command))
        try:
            manifest = msgspec.json.decode(content, type=ShelfManifest)
        except msgspec.DecodeError:
            manifest = ShelfManifest("")
        is_sound = all(_NAME.fullmatch(name) for name in manifest.files)
        if manifest.written_by != command or not is_sound:
            raise InputError("OUT", where, f"{OWN_PLACE} `strikemap {command}` filled before")
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
