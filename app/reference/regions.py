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
from app.whole_files import whole_file, write_whole


def read_region_set(
    path: Path, set_id: str, countries: tuple[str, ...], level: int = 1
) -> RegionSet:
    """Read the regions of some countries and a level, in the order of their codes."""
    filters = [("country", "in", list(countries)), ("level", "=", level)]
    rows = pq.read_table(path, filters=filters).to_pylist()
    regions = tuple(_region(row) for row in sorted(rows, key=lambda row: row["code"]))
    return RegionSet(set_id, content_hash(regions), level, regions)


def _region(row: dict[str, Any]) -> Region:
    shape = shapely.from_wkb(row.pop("geometry"))
    shape = shape if isinstance(shape, MultiPolygon) else MultiPolygon([shape])
    columns = [name for name in row if name.startswith("name_") and name != "name_en"]
    named = {name.removeprefix("name_"): row.pop(name) for name in columns}
    names = {language: name for language, name in named.items() if name}
    return Region(shape=shape, names=names, **row)


def content_hash(regions: Iterable[Region]) -> str:
    """Hash all fields of regions that an answer may use, in the order of their codes."""
    digest = hashlib.sha256()
    for region in sorted(regions, key=lambda one: one.code):
        fields = (region.code, region.parent, region.pcode, region.name_en, region.names.get("uk"))
        others = sorted(item for item in region.names.items() if item[0] != "uk")
        digest.update(repr((*fields, region.population, region.population_year)).encode())
        if others:  # sets of before there were other languages keep their hash
            digest.update(repr(others).encode())
        digest.update(region.shape.wkb)
    return digest.hexdigest()[:16]


class ImportedSet(msgspec.Struct, frozen=True):
    """The description of imported boundaries."""

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
class ImportedSets:
    """A theatre's imported boundaries: files named by their content, which never change.

    `active.json` names the active set of each level and is replaced by a rename. Sets that are no
    longer active stay: earlier answers and stored Views name them.
    """

    folder: Path

    def active(self) -> Mapping[int, ImportedSet]:
        """Return the active set of each level; empty before the first import."""
        try:
            return _ACTIVE.decode((self.folder / "active.json").read_bytes())
        except FileNotFoundError:
            return {}

    def sets(self) -> list[ImportedSet]:
        """List every set that was ever imported, oldest first."""
        sets = [
            _ABOUT.decode(path.read_bytes())
            for path in self.folder.glob("*.json")
            if path.stem != "active"
        ]
        return sorted(sets, key=lambda one: one.imported_at)

    def path(self, set_hash: str) -> Path:
        """Return the path of a set's file."""
        return self.folder / f"{set_hash}.parquet"

    def read(self, about: ImportedSet, countries: tuple[str, ...]) -> RegionSet:
        """Read an imported set.

        Raises:
            InvalidFile: its file is gone.
        """
        self.checked(about)
        return read_region_set(self.path(about.hash), about.id, countries, about.level)

    def checked(self, about: ImportedSet) -> Path:
        """Return the path of a set's file, which must exist.

        Raises:
            InvalidFile: it is gone.
        """
        path = self.path(about.hash)
        if not path.exists():
            allowed = f"the file back, or `strikemap regions import` of {about.file} again"
            raise InvalidFile(f"boundaries {about.id}", f"no file {path.name}", allowed)
        return path

    def add(self, about: ImportedSet, write: Callable[[Path], None]) -> None:
        """Store a set; every process that starts later uses it for its level."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "LOCK").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with whole_file(self.path(about.hash)) as half:
                write(half)
            write_whole(self.folder / f"{about.hash}.json", msgspec.json.encode(about))
            active = {**self.active(), about.level: about}
            write_whole(self.folder / "active.json", msgspec.json.encode(active))
