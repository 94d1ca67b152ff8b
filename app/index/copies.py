"""A copy of the index in a folder or in object storage, from which a new node begins.

It holds one generation and what was derived beside it, under names of their content, so that a
later push sends only what changed. The manifest is written last: it names the generation, whose own
name and description hold the sums of all its files.

The index holds places and figures of every record, withheld ones too: the copy must be as private
as the record.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import msgspec

from app.domain.errors import InputError, StoreBusy
from app.domain.revision import Head, Subject
from app.files.shelf import Shelf, ShelfReport, content_name
from app.index.current import CurrentGeneration, taxonomy_codes
from app.index.generation import (
    FORMAT,
    META,
    Meta,
    adopt_generation,
    is_generation,
    read_meta,
)
from app.index.sums import DamagedFile, check_sums
from app.index.witness import contains

COMMAND = "index push"
GENERATION = "generation"
DERIVED_PARTS = ("shapes", "lines", "joins")
"""Folders beside the generations; each of their files is checked when it is read."""

ATTEMPTS = 3
"""How often a pull begins again because a push replaced what it was reading."""


class _Replaced(Exception):
    """A later push removed a file while the earlier manifest was read."""


@dataclass(frozen=True)
class Copies:
    """Sends the current generation of an index, and takes one in place of building it."""

    current: CurrentGeneration

    def push(self, shelf: Shelf) -> ShelfReport:
        """Send the current generation; what was sent before stays valid until all of it is there.

        Raises:
            InputError: the place cannot be written.
            StorageAway: it stopped answering.
            StoreBusy: there is no whole generation, or it was replaced meanwhile.
        """
        try:
            described = self.current.described()
            if described is None:
                raise StoreBusy("There is no index yet: run `strikemap index rebuild`.")
            folder, meta = described
            check_sums(folder, meta.files)
            files = {f"{GENERATION}/{name}": folder / name for name in (*meta.files, META)}
            files |= self._derived()
            named = {content_name(path, name): path for name, path in files.items()}
            return shelf.fill_by_content(named, _about(folder.name, meta))
        except FileNotFoundError as missing:
            raise StoreBusy("The index was replaced while it was read; try again.") from missing
        except DamagedFile as damaged:
            raise StoreBusy(f"{damaged}: run `strikemap index check` first.") from damaged

    def _derived(self) -> dict[str, Path]:
        """List the files beside the generations that another node would have to derive again."""
        folder = self.current.index_folder
        paths = (path for part in DERIVED_PARTS for path in sorted((folder / part).glob("*")))
        return {f"{path.parent.name}/{path.name}": path for path in paths if path.suffix != ".part"}

    def pull(self, shelf: Shelf) -> Meta:
        """Take a pushed generation; returns its description.

        Nothing changes when the current one is as new.

        Raises:
            InputError: there is none, it is damaged, or it is not one of this record.
            StorageAway: the place stopped answering.
        """
        for _attempt in range(ATTEMPTS):
            try:
                return self._pull(shelf)
            except _Replaced:
                shelf = Shelf.open(shelf.where, COMMAND, "TARGET")
        raise InputError("TARGET", shelf.where, "a whole copy: a file of it is missing; push again")

    def _pull(self, shelf: Shelf) -> Meta:
        self.current.index_folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.current.index_folder, prefix="pull-") as name:
            return _Pull(self.current, shelf, Path(name)).run()


def _about(generation: str, meta: Meta) -> dict[str, str]:
    return {
        "generation": generation,
        "format": str(meta.format),
        "head": f"{meta.seq}:{meta.hash.hex()}",
        "release": version("strikemap"),
    }


@dataclass(frozen=True)
class _Pull:
    """One attempt to take what a manifest names, into a folder that is removed if it fails."""

    current: CurrentGeneration
    shelf: Shelf
    half: Path

    def run(self) -> Meta:
        about, files = self.shelf.manifest.about, self._files()
        if not files or not is_generation(about.get("generation", "")):
            raise self._refused(f"a place that `strikemap {COMMAND}` filled")
        if about.get("format") != str(FORMAT):
            allowed = f"an index of format {FORMAT}, as this release writes it; that one has "
            raise self._refused(f"{allowed}{about.get('format')} (release {about.get('release')})")
        generation = self.half / about["generation"]
        self._fetch(files, f"{GENERATION}/{META}", generation / META)
        meta = self._meta(generation)
        self._refuse_other(meta)
        if self.current.seq() >= meta.seq:
            return meta
        for name in meta.files:
            self._fetch(files, f"{GENERATION}/{name}", generation / name)
        for name in files:
            part, _, file = name.partition("/")
            if part in DERIVED_PARTS and not (self.current.index_folder / name).exists():
                self._fetch(files, name, self.half / part / file)
        self._adopt(generation, meta)
        return meta

    def _files(self) -> Mapping[str, str]:
        """Map the name of each whole file to that of its content."""
        whole = (name for name, digest in self.shelf.manifest.files.items() if digest)
        return {name.rpartition(".")[0]: name for name in whole}

    def _fetch(self, files: Mapping[str, str], name: str, path: Path) -> None:
        content = self.shelf.place.read(files[name]) if name in files else None
        if content is None:
            raise _Replaced
        if hashlib.sha256(content).hexdigest() != files[name].rpartition(".")[2]:
            raise self._refused(f"an undamaged copy: {name} has another sum; remove it, push again")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def _meta(self, generation: Path) -> Meta:
        try:
            return read_meta(generation)
        except (DamagedFile, msgspec.DecodeError) as wrong:
            raise self._refused(f"an undamaged copy: {META} is not what it was; push again") from (
                wrong
            )

    def _refuse_other(self, meta: Meta) -> None:
        """Refuse what does not fit this record, this release or this node's boundaries."""
        store, reference = self.current.store, self.current.reference
        head, purged = store.head().seq, store.newest(Subject.erasure)
        if meta.seq > head:
            allowed = f"an index of this record, which ends at revision {head:,}; that one is at "
            raise self._refused(f"{allowed}{meta.seq:,}, so it is of another or a newer record")
        if not contains(store, Head(meta.seq, meta.hash, None)):
            raise self._refused(
                f"an index of this record; revision {meta.seq:,} is another one there"
            )
        if purged > meta.seq:
            raise self._refused(
                f"an index from after the last purge, revision {purged:,}; push one again"
            )
        codes = (reference.region_hash, taxonomy_codes(reference))
        if (meta.region_hash, meta.taxonomy) != codes:
            raise self._refused("an index with this node's boundaries and codes of weapons")

    def _adopt(self, generation: Path, meta: Meta) -> None:
        check_sums(generation, meta.files)
        for part in DERIVED_PARTS:
            for path in (self.half / part).glob("*"):
                (self.current.index_folder / part).mkdir(exist_ok=True)
                path.rename(self.current.index_folder / part / path.name)
        adopt_generation(generation, self.current.folder)

    def _refused(self, allowed: str) -> InputError:
        return InputError("TARGET", self.shelf.where, allowed)
