"""Tells a running service that theatres were added or changed since it opened them."""

from __future__ import annotations

import contextlib
from pathlib import Path

from app.domain.errors import StoreError
from app.domain.revision import Subject
from app.domain.store import Store
from app.instance.workspace import recorded_theatres
from app.reference.theatre import Theatre
from app.reference.theatres import read_theatres

Files = frozenset[tuple[str, int]]
"""The files of a folder of theatres, each with the time at which it was last written."""


class TheatreChanges:
    """What was added or changed since this was made: only then are theatres read again.

    A theatre that was taken away, or has a fault now, stays open until the next start; so does
    everything while the default theatre cannot be opened.
    """

    def __init__(self, geodata: Path, own: Path, store: Store, default: str) -> None:
        self._geodata, self._own, self._store, self._default = geodata, own, store, default
        self._seq = self._revision = 0
        self._mark = self._written()
        self._open = self._readable()

    def any(self) -> bool:
        """Tell whether there is one; it is told once."""
        try:
            mark = self._written()
            if mark == self._mark:
                return False
            readable, before = self._readable(), self._open
        except StoreError:  # the server is away: the next call reads it
            return False
        self._mark = mark
        if self._default not in readable or before | readable == before:
            return False
        self._open = readable
        return True

    def _written(self) -> tuple[int, Files]:
        """Return the newest revision of a theatre, and the files as they are."""
        if (seq := self._store.head().seq) != self._seq:
            self._revision, self._seq = self._store.newest(Subject.theatre), seq
        files = set[tuple[str, int]]()
        for path in self._own.glob("*.toml"):
            with contextlib.suppress(FileNotFoundError):  # taken away since it was listed
                files.add((path.name, path.stat().st_mtime_ns))
        return self._revision, frozenset(files)

    def _readable(self) -> dict[str, Theatre]:
        recorded = recorded_theatres(self._store)
        return read_theatres(self._geodata, self._own, recorded).by_slug
