"""The live index of one process: a generation from disk, and the revisions after it.

The revisions after a generation are its delta: each process packs them from the record for itself,
so writers and readers share only files that never change (`app.index.generations`).
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import cast

from app.domain.errors import StoreAway, StoreBusy, StoreError, StrikemapError
from app.domain.revision import Head
from app.domain.store import Store
from app.domain.terms import DatasetKind
from app.index.build import Builder
from app.index.control import Lines, ShapeFiles
from app.index.current import UNSTAMPED, CurrentGeneration
from app.index.delta import Delta, DeltaReader
from app.index.generation import Generation
from app.index.generations import Generations
from app.index.joins import Joins
from app.index.state import State
from app.index.witness import contains
from app.reference.reference import Reference

LOG = logging.getLogger("strikemap.index")
WRITER_GRACE_S = 120.0
"""How long readers wait for the process that wrote a large import to pack it."""

CHECK_EVERY_S = 600.0
"""How often a server compares the files of the index with their checksums."""

MENDING = "The index was damaged and is being built anew from the record; try again shortly."


class Index:
    """The live read model of one process."""

    def __init__(self, folder: Path, store: Store, reference: Reference, delta_rows: int) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._generation: Generation | None = None
        self._delta: Delta | None = None
        self._state: State | None = None
        self._stamp = UNSTAMPED
        self._behind_since: float | None = None
        self.is_mending = False
        shapes = ShapeFiles(folder / "shapes", store)
        self.lines = Lines(folder / "lines", reference)
        self.joins = Joins(folder / "joins", reference, self.lines, store)
        current = CurrentGeneration(folder, store, reference)
        builder = Builder(current.folder, store, reference, shapes)
        self._reader = DeltaReader(store, reference, builder, shapes)
        self.generations = Generations(current, builder, self.joins, delta_rows)

    @property
    def seq(self) -> int:
        """The newest revision that this process has packed; 0 before the first request."""
        state = self._state
        return 0 if state is None else state.seq

    def state(self, min_version: int = 0, wait_s: float = 5.0) -> State:
        """Return the newest state, at least `min_version`.

        Raises:
            StoreBusy: the record did not reach `min_version` in time, or a damaged index is being
                built anew.
        """
        deadline = time.monotonic() + wait_s
        while True:
            state = self._newest()
            if state.seq >= min_version:
                return state
            if time.monotonic() > deadline:
                raise StoreBusy(f"The record is at {state.seq}, not yet at {min_version}.")
            time.sleep(0.02)

    def peek(self) -> State | None:
        """Return the newest state if this process has it already; None if it takes any work."""
        state = self._state
        if state is None or self.is_mending or self._stamp != self.generations.current.stamp:
            return None
        try:
            head = self._store.head()
        except StoreError:
            return None
        return state if (state.seq, state.hash) == (head.seq, head.hash) else None

    def _newest(self) -> State:
        if self.is_mending:
            raise StoreBusy(MENDING)
        state, head = self._state, self._store.head()
        is_swapped = self._stamp != self.generations.current.stamp
        if state is not None and not is_swapped and _is_at(state, head):
            return state
        behind = head.seq - state.seq if state is not None and not is_swapped else 0
        if state is not None and self._is_for_the_writer(behind):
            return state
        # Readers do not wait for a refresh: their state is complete and only a moment old.
        if not self._lock.acquire(blocking=state is None):
            return cast("State", state)
        try:
            return self._refreshed()
        except StoreAway:
            if state is None:
                raise
            return state
        finally:
            self._lock.release()

    def _refreshed(self) -> State:
        """Return what another reader has refreshed meanwhile; refresh it when nobody has."""
        state, is_swapped = self._state, self._stamp != self.generations.current.stamp
        if state is not None and not is_swapped and _is_at(state, self._store.head()):
            return state
        return self._refresh()

    def _is_for_the_writer(self, behind: int) -> bool:
        """Tell whether to wait for the generation of a large import instead of packing it here."""
        if behind <= self.generations.delta_rows:
            self._behind_since = None
            return False
        now = time.monotonic()
        self._behind_since = self._behind_since or now
        return now - self._behind_since < WRITER_GRACE_S

    def _refresh(self) -> State:
        stale = self._delta is not None and self._is_stale(self._delta)
        if self._generation is None or self._stamp != self.generations.current.stamp or stale:
            self._generation, self._stamp = self.generations.open_or_build()
            self._delta = None
        generation = self._generation
        self._delta = self._reader.extend(self._delta or Delta.after(generation))
        self._state = self._reader.state(generation, self._delta, self.generations.mended)
        return self._state

    def _is_stale(self, delta: Delta) -> bool:
        """Tell whether to begin again with a generation: it is far behind, or of another record."""
        if not contains(self._store, Head(delta.seq, delta.hash, None)):
            self.joins.forget()  # they are by numbers of revisions, which mean other ones now
            return True
        return self.generations.is_far_behind(delta.seq)

    def after_write(self) -> None:
        """Build a new generation when the delta is large; called after every write."""
        self.generations.after_write(self._built_seq())
        with suppress(StoreBusy):  # it is written; only the next reader may have to wait
            self.state(self._store.head().seq)  # who has written reads it here from now on
        self.join_ahead()

    def _built_seq(self) -> int:
        """Return up to which revision the current generation was built; 0 without any.

        A process that has it open reads no file for that.
        """
        generation = self._generation
        if generation is not None and self._stamp == self.generations.current.stamp:
            return generation.meta.seq
        return self.generations.current.seq()

    def join_ahead(self) -> None:
        """Derive lines and join incidents with them in advance, so that no reader waits."""
        state = self.state()
        for dataset in state.datasets.values():
            if dataset.kind is not DatasetKind.control:
                continue
            join = state.join(dataset, state.seq)
            for snapshot in join.calendar.snapshots:
                self.lines.km2(state.control, snapshot, dataset.theatre)
            for segment in state.segments:
                self.joins.of(state.control, segment, join)
        self.joins.keep(Head(state.seq, state.hash, None))

    def mend(self) -> int | None:
        """Check the current generation, and build it anew when it is damaged.

        Readers get `StoreBusy` meanwhile, never a number from the damaged files. Returns the
        sequence of the new generation; None when nothing was damaged.
        """
        if self.generations.current.fault() is None:
            return None
        with self._lock:
            self.is_mending = True
            try:
                self._state = self._generation = self._delta = None
                self.generations.mend()
                return self._refresh().seq
            finally:
                self.is_mending = False

    def watch(self, stop: threading.Event, every_s: float = CHECK_EVERY_S) -> None:
        """Check the index now and then, and mend it, until `stop` is set.

        A generation that was too large to be checked when it was opened is checked at once.
        """
        folder, due = None, time.monotonic() + every_s
        self._check_record()
        while not stop.wait(min(every_s, 1.0)):
            self._catch_up()
            opened = self._generation
            is_new = opened is not None and not opened.is_checked and opened.folder != folder
            if is_new or time.monotonic() >= due:
                folder, due = opened and opened.folder, time.monotonic() + every_s
                try:
                    self.mend()
                except (StrikemapError, OSError, ValueError) as wrong:
                    LOG.error("the index could not be checked: %s", wrong)  # noqa: TRY400

    def _catch_up(self) -> None:
        """Build what a large import or a purge on another node asks for.

        The process that wrote has no files here.
        """
        if not self._store.is_shared or self._state is None:
            return
        try:
            state = self.state()  # a node that nobody asks must know of a purge, too
            if self._delta is not None and self._delta.purged > self._built_seq():
                self.generations.forget_purged()
                self.state()
            elif self.generations.is_far_behind(state.seq):
                self.after_write()
        except (StrikemapError, OSError, ValueError) as wrong:
            LOG.error("the index could not be built: %s", wrong)  # noqa: TRY400

    def _check_record(self) -> None:
        """Let the record's engine check its file once; the record remembers what is wrong."""
        try:
            self._store.check_file()
        except StoreError as wrong:
            LOG.error("%s", wrong)  # noqa: TRY400  one line


def _is_at(state: State, head: Head) -> bool:
    return (state.seq, state.hash) == (head.seq, head.hash)
