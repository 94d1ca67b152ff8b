"""Reads region boundaries: GeoParquet in degrees, longitude first, shipped or imported."""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq
import shapely
from shapely import MultiPolygon

from app.domain.errors import InvalidFile
from app.domain.region import Region, RegionSet


def read_region_set(
    path: Path, set_id: str, countries: tuple[str, ...], level: int = 1
) -> RegionSet:
    """Read the regions of some countries and a level, in the order of their codes."""
    wanted = [("country", "in", list(countries)), ("level", "=", level)]
    rows = pq.read_table(path, filters=wanted).to_pylist()
    regions = tuple(_region(row) for row in sorted(rows, key=lambda row: row["code"]))
    return RegionSet(set_id, content_hash(regions), level, regions)


def _region(row: dict[str, Any]) -> Region:
    shape = shapely.from_wkb(row.pop("geometry"))
    shape = shape if isinstance(shape, MultiPolygon) else MultiPolygon([shape])
    return Region(shape=shape, **row)


def content_hash(regions: Iterable[Region]) -> str:
    """Hash everything that an answer may take from regions, in the order of their codes."""
    digest = hashlib.sha256()
    for one in sorted(regions, key=lambda region: region.code):
        told = (one.code, one.parent, one.pcode, one.name_en, one.name_uk)
        digest.update(repr((*told, one.population, one.population_year)).encode())
        digest.update(one.shape.wkb)
    return digest.hexdigest()[:16]


class ImportedSet(msgspec.Struct, frozen=True):
    """What is known of imported boundaries beside the boundaries themselves."""

    id: str
    hash: str
    level: int
    units: int
    file: str
    imported_at: datetime
    population_year: int | None = None


_ABOUT = msgspec.json.Decoder(ImportedSet)
_ACTIVE = msgspec.json.Decoder(dict[int, ImportedSet])


@dataclass(frozen=True)
class Shelf:
    """A theatre's imported boundaries: files named by their content, which never change.

    `active.json` names the set that serves each level and is swapped by rename. Sets that no
    longer serve are kept: answers that were given and Views that were pinned name them.
    """

    folder: Path

    def active(self) -> Mapping[int, ImportedSet]:
        """Say which set serves which level; empty before the first import."""
        try:
            return _ACTIVE.decode((self.folder / "active.json").read_bytes())
        except FileNotFoundError:
            return {}

    def sets(self) -> list[ImportedSet]:
        """List every set that was ever imported, oldest first."""
        found = [
            _ABOUT.decode(path.read_bytes())
            for path in self.folder.glob("*.json")
            if path.stem != "active"
        ]
        return sorted(found, key=lambda one: one.imported_at)

    def path(self, set_hash: str) -> Path:
        """Name the file of a set."""
        return self.folder / f"{set_hash}.parquet"

    def read(self, about: ImportedSet, countries: tuple[str, ...]) -> RegionSet:
        """Read an imported set.

        Raises:
            InvalidFile: its file is gone.
        """
        self.checked(about)
        return read_region_set(self.path(about.hash), about.id, countries, about.level)

    def checked(self, about: ImportedSet) -> Path:
        """Name the file of a set that must be there.

        Raises:
            InvalidFile: it is gone.
        """
        path = self.path(about.hash)
        if not path.exists():
            allowed = f"the file back, or `strikemap regions import` of {about.file} again"
            raise InvalidFile(f"boundaries {about.id}", f"no file {path.name}", allowed)
        return path

    def add(self, about: ImportedSet, write: Callable[[Path], None]) -> None:
        """Keep a set and let it serve its level from the next start of a process on."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "LOCK").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            half = self.folder / f"{about.hash}.part"
            write(half)
            half.replace(self.path(about.hash))
            self._swap(f"{about.hash}.json", about)
            self._swap("active.json", {**self.active(), about.level: about})

    def _swap(self, name: str, content: object) -> None:
        half = self.folder / f"{name}.part"
        half.write_bytes(msgspec.json.encode(content))
        half.replace(self.folder / name)
