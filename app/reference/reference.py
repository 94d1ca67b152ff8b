"""The reference data in `geodata/`: the application opens them once and passes them on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import msgspec

from app.domain.control import Homeland
from app.domain.errors import InputError
from app.domain.place import LocalPlane
from app.domain.region import Region, RegionSet
from app.reference.basemap import Basemap
from app.reference.countries import Countries
from app.reference.opening import Opening
from app.reference.recorded import RecordedTheatre, chosen_opening
from app.reference.regions import ImportedSet, ImportedSets, read_region_set
from app.reference.settlements import Settlements
from app.reference.taxonomy import Taxonomy
from app.reference.theatre import Theatre
from app.reference.theatres import TheatreFault, Theatres, read_theatres

LEVELS = (1, 2)


@dataclass(frozen=True, eq=False)
class Reference:
    """Reference data of all theatres; each part is read when it is first used.

    `imported` is the folder of the boundaries that operators loaded. Which of them are active is
    read once: a process uses the same boundaries until its end, also when others are imported.
    `own_theatres` is the folder of theatres that people wrote by hand, and `recorded` is what the
    record has of theatres; both are read once as well.
    """

    folder: Path
    imported: Path | None = None
    own_theatres: Path | None = None
    recorded: tuple[RecordedTheatre, ...] = ()

    @cached_property
    def theatres(self) -> dict[str, Theatre]:
        """All theatres that can be used, by slug."""
        return self._theatres.by_slug

    @property
    def theatre_faults(self) -> tuple[TheatreFault, ...]:
        """The theatres that cannot be used, and why."""
        return self._theatres.faults

    @cached_property
    def _theatres(self) -> Theatres:
        return read_theatres(self.folder, self.own_theatres, self.recorded)

    def opening(self, theatre: str) -> Opening:
        """Return what was chosen for a theatre to open on; nothing where nobody chose.

        Raises:
            InvalidTheatre: the choice cannot be read.
        """
        return chosen_opening(theatre, self.recorded, self.own_theatres)

    @cached_property
    def taxonomy(self) -> Taxonomy:
        """Weapons, sectors and crosswalks."""
        return Taxonomy(self.folder / "taxonomy")

    @cached_property
    def countries(self) -> Countries:
        """The land of every country of the world."""
        return Countries(self.folder / "regions" / "admin0.parquet")

    @cache  # noqa: B019  a process has one Reference, until its end
    def region_set(self, theatre: str, level: int = 1) -> RegionSet:
        """Read the active boundaries of a level: imported ones if any, else those of the project.

        Without either (the project has only level 1) the set has no regions.
        """
        about = self._serving[theatre].get(level)
        if about is not None:
            return self.imported_sets(theatre).read(about, self.theatres[theatre].countries)
        return self.shipped(theatre) if level == 1 else RegionSet("none", "", level, ())

    @cache  # noqa: B019  as above
    def shipped(self, theatre: str) -> RegionSet:
        """Read the boundaries of level 1 that the project includes; they have every code."""
        place = self.theatres[theatre]
        path = self.folder / place.region_set.file
        return read_region_set(path, place.region_set.id, place.countries)

    def imported_sets(self, theatre: str) -> ImportedSets:
        """The theatre's imported boundaries.

        Raises:
            InputError: this reference was opened without a folder for them.
        """
        if self.imported is None:
            raise InputError("folder of imported boundaries", "none", "a data folder")
        return ImportedSets(self.imported / theatre)

    @cached_property
    def _serving(self) -> Mapping[str, Mapping[int, ImportedSet]]:
        if self.imported is None:
            return {theatre: {} for theatre in self.theatres}
        return {theatre: self.imported_sets(theatre).active() for theatre in self.theatres}

    def region_sets(self, theatre: str) -> dict[int, RegionSet]:
        """Read the boundaries of a theatre, by level; levels without any are left out."""
        sets = {level: self.region_set(theatre, level) for level in LEVELS}
        return {level: region_set for level, region_set in sets.items() if region_set.regions}

    def regions(self, level: int) -> list[tuple[str, Region]]:
        """List every theatre's regions of a level as (theatre, region), in a stable order."""
        return [
            (theatre, region)
            for theatre in self.theatres
            for region in self.region_set(theatre, level).regions
        ]

    @cached_property
    def theatre_hash(self) -> str:
        """A hash of what the theatres' files say: an answer may depend on any of it."""
        return hashlib.sha256(msgspec.json.encode(self.theatres, order="sorted")).hexdigest()[:16]

    @cached_property
    def region_hash(self) -> str:
        """A hash of all region files: an index with another one must be built again.

        It is of the bytes of the files, so that opening an index parses no boundaries.
        """
        digest = hashlib.sha256()
        hash_of = cache(lambda path: hashlib.sha256(path.read_bytes()).digest())
        for slug, theatre in self.theatres.items():  # many of them share a file
            digest.update(f"{slug} {theatre.countries}".encode())
            for path in self._region_files(slug):
                digest.update(hash_of(path))
        return digest.hexdigest()[:16]

    def _region_files(self, theatre: str) -> list[Path]:
        serving = self._serving[theatre]
        shipped = [] if 1 in serving else [self.folder / self.theatres[theatre].region_set.file]
        return shipped + [
            self.imported_sets(theatre).checked(serving[level]) for level in sorted(serving)
        ]

    @cache  # noqa: B019  as above
    def plane(self, theatre: str) -> LocalPlane:
        """The metric plane around a theatre."""
        return LocalPlane(self.theatres[theatre].bounds)

    @cache  # noqa: B019  as above
    def homeland(self, theatre: str) -> Homeland:
        """The theatre's own land, with the strip along its edge in which no line is drawn."""
        land = self.region_set(theatre).land
        tolerance_km = self.theatres[theatre].front_line_tolerance_km
        return Homeland.of(land, self.plane(theatre), tolerance_km)

    @cache  # noqa: B019  as above
    def settlements(self, theatre: str) -> Settlements | None:
        """The list of a theatre's settlements; None where it has none."""
        file = self.theatres[theatre].settlements
        regions = self.region_set(theatre).regions
        iso = {region.pcode: region.code for region in regions if region.pcode}
        return None if file is None else Settlements(self.folder / file, iso)

    @cache  # noqa: B019  as above
    def basemap(self, theatre: str) -> Basemap:
        """The basemap of a theatre; an invented country adds its own to that of the world."""
        return Basemap([self.folder / name for name in self.theatres[theatre].basemap])
