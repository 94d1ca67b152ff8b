"""Tells a running service that its data folder has a theatre that it has not opened yet."""

from __future__ import annotations

import contextlib
from pathlib import Path

from app.reference.theatre_file import read_theatres

Files = frozenset[tuple[str, int]]
"""The files of a folder of theatres, each with the time at which it was last written."""


class AddedTheatres:
    """What was added since this was made: only then are theatres read again.

    A change of a theatre that is open, or one that was taken away, waits for the next start; so
    does everything while the default theatre cannot be opened.
    """

    def __init__(self, geodata: Path, own: Path, default: str) -> None:
        self._geodata, self._own, self._default = geodata, own, default
        self._files = self._written()
        self._open = self._readable()

    def any(self) -> bool:
        """Tell whether there is one; after each change of the folder it is told once."""
        files = self._written()
        if files == self._files:
            return False
        self._files = files
        readable = self._readable()
        return self._default in readable and not readable <= self._open

    def _written(self) -> Files:
        files = set[tuple[str, int]]()
        for path in self._own.glob("*.toml"):
            with contextlib.suppress(FileNotFoundError):  # taken away since it was listed
                files.add((path.name, path.stat().st_mtime_ns))
        return frozenset(files)

    def _readable(self) -> frozenset[str]:
        return frozenset(read_theatres(self._geodata, self._own).by_slug)
