"""The one door to `geodata/`: made once by the application and passed to whoever needs it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from app.domain.control import Homeland
from app.domain.errors import InputError
from app.domain.place import LocalPlane
from app.domain.region import Region, RegionSet
from app.reference.basemap import Basemap
from app.reference.regions import ImportedSet, Shelf, read_region_set
from app.reference.settlements import Settlements
from app.reference.taxonomy import Taxonomy
from app.reference.theatre import Theatre, read_theatres

LEVELS = (1, 2)


@dataclass(frozen=True, eq=False)
class Reference:
    """Reference data of all theatres; nothing is read before it is asked for.

    `imported` is the folder of the boundaries that operators loaded. Which of them serve is read
    once: a process keeps its boundaries for life, however often others import new ones.
    """

    folder: Path
    imported: Path | None = None

    @cached_property
    def theatres(self) -> dict[str, Theatre]:
        """All theatres, by slug."""
        return read_theatres(self.folder / "theatre")

    @cached_property
    def taxonomy(self) -> Taxonomy:
        """Weapons, sectors and crosswalks."""
        return Taxonomy(self.folder / "taxonomy")

    @cache  # noqa: B019  as above
    def region_set(self, theatre: str, level: int = 1) -> RegionSet:
        """Read the boundaries that serve a level: imported ones if any, else the shipped.

        Without either (only level 1 is shipped) the set has no regions.
        """
        about = self._serving[theatre].get(level)
        if about is not None:
            return self.shelf(theatre).read(about, self.theatres[theatre].countries)
        return self.shipped(theatre) if level == 1 else RegionSet("none", "", level, ())

    @cache  # noqa: B019  as above
    def shipped(self, theatre: str) -> RegionSet:
        """Read the boundaries of level 1 that come with the project; they know every code."""
        place = self.theatres[theatre]
        path = self.folder / place.region_set.file
        return read_region_set(path, place.region_set.id, place.countries)

    def shelf(self, theatre: str) -> Shelf:
        """The theatre's imported boundaries.

        Raises:
            InputError: this reference was opened without a folder for them.
        """
        if self.imported is None:
            raise InputError("folder of imported boundaries", "none", "a data folder")
        return Shelf(self.imported / theatre)

    @cached_property
    def _serving(self) -> Mapping[str, Mapping[int, ImportedSet]]:
        if self.imported is None:
            return {theatre: {} for theatre in self.theatres}
        return {theatre: self.shelf(theatre).active() for theatre in self.theatres}

    def region_sets(self, theatre: str) -> dict[int, RegionSet]:
        """Read the levels that a theatre has boundaries of."""
        sets = {level: self.region_set(theatre, level) for level in LEVELS}
        return {level: found for level, found in sets.items() if found.regions}

    def regions(self, level: int) -> list[tuple[str, Region]]:
        """List every theatre's regions of a level as (theatre, region), in a stable order."""
        return [
            (theatre, region)
            for theatre in self.theatres
            for region in self.region_set(theatre, level).regions
        ]

    @cached_property
    def region_hash(self) -> str:
        """One hash over all region files: an index built on others must be built anew.

        Of the files' bytes, so that opening an index need not read a single boundary.
        """
        digest = hashlib.sha256()
        for slug, theatre in self.theatres.items():
            digest.update(f"{slug} {theatre.countries}".encode())
            for path in self._region_files(slug):
                digest.update(path.read_bytes())
        return digest.hexdigest()[:16]

    def _region_files(self, theatre: str) -> list[Path]:
        serving = self._serving[theatre]
        shipped = [] if 1 in serving else [self.folder / self.theatres[theatre].region_set.file]
        return shipped + [self.shelf(theatre).checked(serving[level]) for level in sorted(serving)]

    @cache  # noqa: B019  as above
    def plane(self, theatre: str) -> LocalPlane:
        """The metric plane around a theatre."""
        return LocalPlane(self.theatres[theatre].bounds)

    @cache  # noqa: B019  as above
    def homeland(self, theatre: str) -> Homeland:
        """The theatre's own land, with the strip along its edge where no line is drawn."""
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
        """The basemap of a theatre; an invented land brings its own on top of the world's."""
        return Basemap([self.folder / name for name in self.theatres[theatre].basemap])
