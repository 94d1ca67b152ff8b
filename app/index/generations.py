"""The generations of an index on disk: built, replaced, removed and copied under one lock.

The file `CURRENT` names an immutable generation; a new one is written beside it, and a rename under
the lock makes it the current one, for all processes of the machine.

The folder of generations is named after the boundaries in which their incidents were located. So a
server with the old boundaries and a process with new ones do not undo each other's work.

A damaged generation, and one of another record, is dropped and built anew (`app.index.sums`).
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from app.domain.errors import StoreBusy
from app.domain.revision import Subject
from app.domain.store import Store
from app.files.shelf import Shelf, ShelfReport
from app.index.build import Builder
from app.index.copies import Copies
from app.index.current import CurrentGeneration, Stamp
from app.index.generation import Generation, current_name
from app.index.joins import Joins
from app.index.witness import Witness, contains
from app.whole_files import write_whole

LOG = logging.getLogger("strikemap.index")
BOUNDARY_FOLDERS = "[0-9a-f]" * 16
"""The pattern of the folders' names: a hash of the boundaries."""


@dataclass(eq=False)
class Generations:
    """The generations in one folder, as one process sees and changes them."""

    current: CurrentGeneration
    builder: Builder
    joins: Joins
    delta_rows: int
    """After so many revisions a generation is far behind."""
    mended: str = field(init=False)
    """When a damaged generation was last built anew; part of what tells states apart."""

    def __post_init__(self) -> None:
        self.mended = self._last_mending()

    @property
    def _folder(self) -> Path:
        return self.current.index_folder

    @property
    def _store(self) -> Store:
        return self.current.store

    @cached_property
    def witness(self) -> Witness:
        """The newest head that the index knew of."""
        return Witness(self._folder / "HEAD")

    @property
    def needs_building(self) -> bool:
        """Whether the next reader would build a generation from the record."""
        seq = self.current.seq()
        return seq == 0 or self._is_outdated(seq)

    def is_far_behind(self, seq: int) -> bool:
        """Tell whether the record has too many revisions after this one for a delta."""
        return self._store.head().seq - seq > self.delta_rows

    def open_or_build(self) -> tuple[Generation, Stamp]:
        """Open the current generation; build it first where it is missing, damaged or outdated.

        Raises:
            StoreBusy: it was swapped while it was opened.
        """
        generation, fault, stamp = self.current.open()
        if generation is None or self._is_outdated(generation.meta.seq):
            with self._lock():
                # Another process may have built it meanwhile.
                generation, fault, stamp = self.current.open()
                if generation is None or self._is_outdated(generation.meta.seq):
                    if fault is not None:
                        self._note_damage(fault)
                    self._build_outdated()
                    generation, fault, stamp = self.current.open()
        if generation is None:
            raise StoreBusy("The index was swapped while it was opened; try again.")
        self._note_mending()
        return generation, stamp

    def after_write(self, built_seq: int) -> None:
        """Build a generation when the current one, of `built_seq`, is far behind the record."""
        with self._lock():
            if self.is_far_behind(built_seq):
                self._build()
            else:
                self.witness.note(self._store)

    def rebuild(self) -> int:
        """Build a generation from the whole record and make it current; returns its sequence."""
        with self._lock():
            return self._build_outdated()

    def forget(self) -> int:
        """Build again and delete every older file: erased data must not stay in any of them.

        Returns the sequence of the new generation.
        """
        with self._lock():
            return self._build_alone()

    def forget_purged(self) -> None:
        """Build anew after a purge of another node, once for all processes of this one."""
        with self._lock():
            if self._is_purged_since(self.current.seq()):
                self._build_outdated()

    def mend(self) -> None:
        """Build the current generation anew when it is damaged."""
        with self._lock():
            fault = self.current.fault()  # another process may have mended it meanwhile
            if fault is not None:
                self._note_damage(fault)
                self._build()

    def sweep(self) -> None:
        """Remove generations with other boundaries; a process that has those builds them again."""
        with self._lock():
            (self._folder / "CURRENT").unlink(missing_ok=True)  # releases before 0.2 had one folder
            for kind in (BOUNDARY_FOLDERS, "gen-*"):
                for path in self._folder.glob(kind):
                    if path != self.current.folder:
                        shutil.rmtree(path, ignore_errors=True)

    def push(self, shelf: Shelf) -> ShelfReport:
        """Send the current generation to a place from which other nodes take it.

        Raises:
            StrikemapError: as `Copies.push`.
        """
        return Copies(self.current).push(shelf)

    def pull(self, shelf: Shelf) -> int:
        """Take a generation that was pushed, in place of building it; returns its sequence.

        Raises:
            StrikemapError: as `Copies.pull`.
        """
        with self._lock():
            is_purged = self._is_purged_since(self.current.seq())
            if is_purged:  # what lies here holds what was erased
                self.joins.forget()
            seq = Copies(self.current).pull(shelf).seq
            if is_purged:
                self._remove_all_but(current_name(self.current.folder))
            self.witness.note(self._store)
            return seq

    def behind(self) -> int:
        """Return how many revisions of the record the current generation does not hold."""
        return self._store.head().seq - self.current.seq()

    def lost(self) -> str | None:
        """Return a sentence when the record lacks a revision that its index knew; else None."""
        heads = (self.witness.head(), self.current.head())
        later = [one for one in heads if one is not None and not contains(self._store, one)]
        if not later:
            return None
        newest, ends = max(later, key=lambda one: one.seq), self._store.head().seq
        return (
            f"The record ends at revision {ends}, and does not contain revision {newest.seq} "
            f"({newest.hash.hex()[:16]}…), which its index knew: its end was cut off, or an older "
            "or another record was put in its place. If that is meant, run `strikemap index "
            "rebuild`."
        )

    def _is_outdated(self, seq: int) -> bool:
        return self.is_far_behind(seq) or self._is_purged_since(seq)

    def _is_purged_since(self, seq: int) -> bool:
        """Tell whether a record was purged that a generation up to this revision still holds."""
        return self._store.newest(Subject.erasure) > seq

    def _build_outdated(self) -> int:
        """Build a generation in place of an older one; of a purge no older file stays."""
        is_purged = self._is_purged_since(self.current.seq())
        return self._build_alone() if is_purged else self._build()

    def _build_alone(self) -> int:
        """Delete all that was computed from incidents, and build a generation."""
        self.joins.forget()
        self._remove_all_but(None)
        return self._build()

    def _build(self) -> int:
        seq = self.builder.build()
        self.witness.note(self._store)
        return seq

    def _remove_all_but(self, kept: str | None) -> None:
        """Delete the generations of all boundaries, but for one."""
        for path in self._folder.glob("*/gen-*"):
            if kept is None or path != self.current.folder / kept:
                shutil.rmtree(path, ignore_errors=True)

    def _note_damage(self, fault: str) -> None:
        """Log a damage once, and drop all that may have been computed from damaged files."""
        LOG.error("the index is damaged, and is built anew from the record: %s", fault)
        self.joins.forget()
        write_whole(self._folder / "MENDED", f"{time.time_ns():x}".encode())

    def _note_mending(self) -> None:
        """Drop what may have been computed from damaged files, also when another process mended."""
        mended = self._last_mending()
        if mended != self.mended:
            self.joins.forget()
            self.mended = mended

    def _last_mending(self) -> str:
        try:
            return "-" + (self._folder / "MENDED").read_bytes()[:32].hex()
        except OSError:
            return ""

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "LOCK").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
