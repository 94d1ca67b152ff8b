"""The current generation: which one it is, whether it fits the record, and whether it is whole."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import msgspec

from app.domain.revision import Head
from app.domain.store import Store
from app.index.generation import (
    FORMAT,
    Generation,
    Meta,
    current_name,
    open_generation,
    read_meta,
)
from app.index.sums import DamagedFile, check_sums
from app.index.witness import contains
from app.reference.reference import Reference

Stamp = tuple[int, int]
"""The time and the number of a file `CURRENT`: other ones after each swap."""

UNSTAMPED: Stamp = (0, 0)


class Opened(NamedTuple):
    """The generation, or None when it must be built; then also what is damaged, if anything is.

    `stamp` was read before the generation: a swap since then gave `CURRENT` another one.
    """

    generation: Generation | None
    fault: str | None
    stamp: Stamp


def taxonomy_codes(reference: Reference) -> list[str]:
    """List the codes of weapons and sectors, whose places are bits in the columns."""
    taxonomy = reference.taxonomy
    return [*taxonomy.weapons.codes, *taxonomy.sectors.codes]


@dataclass(frozen=True, eq=False)
class CurrentGeneration:
    """Reads what `CURRENT` names in the folder for this process's boundaries."""

    index_folder: Path
    store: Store
    reference: Reference

    @cached_property
    def folder(self) -> Path:
        """The folder of the generations with this process's boundaries."""
        return self.index_folder / self.reference.region_hash

    @cached_property
    def _name(self) -> str:
        return str(self.folder / "CURRENT")

    @property
    def stamp(self) -> Stamp:
        """Identify the file `CURRENT`; zeros without a file."""
        try:
            status = os.stat(self._name)  # noqa: PTH116  several times faster, for every request
        except FileNotFoundError:
            return UNSTAMPED
        return (status.st_mtime_ns, status.st_ino)

    def open(self) -> Opened:
        """Check the current generation and open it."""
        fault, stamp = None, UNSTAMPED
        for _attempt in range(3):  # another process may remove what CURRENT named
            stamp = self.stamp
            try:
                described = self.described()
                generation = None if described is None else open_generation(*described)
            except FileNotFoundError as missing:
                fault = self._missing(missing)
            except DamagedFile as wrong:
                return Opened(None, str(wrong), stamp)
            else:
                return Opened(generation, None, stamp)
        return Opened(None, fault, stamp)

    def seq(self) -> int:
        """Return up to which revision it was built; 0 when it must be built.

        Nothing but the description is read.
        """
        with contextlib.suppress(FileNotFoundError, DamagedFile):
            described = self.described()
            return 0 if described is None else described[1].seq
        return 0

    def head(self) -> Head | None:
        """Return the revision it was built up to, of whatever record; None when it is damaged."""
        with contextlib.suppress(FileNotFoundError, DamagedFile, msgspec.DecodeError):
            name = current_name(self.folder)
            if name is not None:
                meta = read_meta(self.folder / name)
                return Head(meta.seq, meta.hash, None)
        return None

    def fault(self) -> str | None:
        """Compare every file of it with its checksum.

        Returns what is damaged first; None when all is right, and when there is no generation that
        this process would use.
        """
        fault = None
        for _attempt in range(3):
            try:
                described = self.described()
                if described is not None:
                    check_sums(described[0], described[1].files)
            except FileNotFoundError as missing:
                fault = self._missing(missing)
            except DamagedFile as wrong:
                return str(wrong)
            else:
                return None
        return fault

    def _missing(self, missing: FileNotFoundError) -> str | None:
        """Name a missing file; None where no generation was ever built."""
        if not list(self.folder.glob("gen-*")):
            return None
        return f"{Path(str(missing.filename)).name} is missing"

    def described(self) -> tuple[Path, Meta] | None:
        """Return its folder and its description; None when it does not fit.

        Raises:
            FileNotFoundError: there is none.
            DamagedFile: its description is not as it was written, or it is of another record.
        """
        name = current_name(self.folder)
        if name is None:
            return None
        try:
            meta = read_meta(self.folder / name)
        except msgspec.DecodeError:  # the checksum is right: another release wrote it
            return None
        return (self.folder / name, meta) if self._fits(meta) else None

    def _fits(self, meta: Meta) -> bool:
        if (meta.format, meta.region_hash) != (FORMAT, self.reference.region_hash):
            return False
        if meta.taxonomy != taxonomy_codes(self.reference):
            return False
        if contains(self.store, Head(meta.seq, meta.hash, None)):
            return True
        raise DamagedFile(f"it knows revision {meta.seq:,}, which this record does not have")
