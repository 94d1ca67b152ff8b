"""The spool: where an upload waits, with its options, until it is committed."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec

from app.domain.errors import NotFound, TooLarge
from app.intake.options import ImportOptions
from app.whole_files import write_whole

WAITS_FOR = timedelta(days=1)
SPOOL_FILES = 16
"""The spool holds up to so many files of the largest size, of all senders together."""


class SpooledImport(msgspec.Struct, frozen=True):
    """A file in the spool, with the answer of its dry run and the version that it planned for."""

    id: str
    name: str
    options: ImportOptions
    sha256: str
    version: int
    actor: str
    answer: dict[str, Any]
    is_committed: bool = False


class Upload(msgspec.Struct, frozen=True):
    """A file that has just arrived, with the name that its sender uses."""

    id: str
    name: str


@dataclass(frozen=True)
class Spool:
    """The folder where uploads wait; a file's name is a number of ours, never its sender's name."""

    folder: Path
    most_bytes: int

    def place(self) -> Path:
        """Return a new path for one upload.

        Raises:
            TooLarge: too much is waiting already.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        size, most = self._size_bytes(), SPOOL_FILES * self.most_bytes
        if size + self.most_bytes > most:
            raise TooLarge("spool", f"{size:,} bytes waiting", f"{most:,}; commit or delete some")
        return self.folder / f"{uuid4()}.bin"

    def _size_bytes(self) -> int:
        size = 0
        for path in self.folder.iterdir():
            with contextlib.suppress(FileNotFoundError):  # another process removes files, too
                size += path.stat().st_size
        return size

    def file(self, number: str) -> Path:
        """Return the path of an upload."""
        return self._path(number, ".bin")

    def keep(self, spooled: SpooledImport) -> None:
        """Write the facts of an upload beside it, whole or not at all; several may at once."""
        path = self._path(spooled.id, ".json")
        write_whole(path, msgspec.json.encode(spooled))

    def find(self, number: str) -> SpooledImport | None:
        """Find the facts of an upload; None when it is not in the spool, or no longer.

        What another release wrote in other fields is as good as gone: it is sent again.
        """
        try:
            return msgspec.json.decode(self._path(number, ".json").read_bytes(), type=SpooledImport)
        except (FileNotFoundError, msgspec.ValidationError):
            return None

    def drop(self, number: str) -> None:
        """Remove an upload and its facts."""
        for ending in (".bin", ".json"):
            self._path(number, ending).unlink(missing_ok=True)

    def sweep(self, now: datetime) -> None:
        """Remove what has waited for longer than a day."""
        oldest = (now - WAITS_FOR).timestamp()
        for path in self.folder.glob("*"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < oldest:
                    path.unlink()

    def _path(self, number: str, ending: str) -> Path:
        return self.folder / f"{import_number(number)}{ending}"


def import_number(text: str) -> str:
    """Read the id of an import; nothing else ever becomes part of a path.

    Raises:
        NotFound: it is no UUID.
    """
    try:
        return str(UUID(text))
    except ValueError as wrong:
        raise NotFound(f"There is no import {text[:60]!r}: an id is a UUID.") from wrong
