"""The one door to `geodata/`: made once by the application and passed to whoever needs it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import shapely

from app.domain.control import Homeland
from app.domain.place import LocalPlane
from app.domain.region import Region, RegionSet
from app.reference.basemap import Basemap
from app.reference.regions import read_region_set
from app.reference.taxonomy import Taxonomy
from app.reference.theatre import Theatre, read_theatres


@dataclass(frozen=True, eq=False)
class Reference:
    """Reference data of all theatres; nothing is read before it is asked for."""

    folder: Path

    @cached_property
    def theatres(self) -> dict[str, Theatre]:
        """All theatres, by slug."""
        return read_theatres(self.folder / "theatre")

    @cached_property
    def taxonomy(self) -> Taxonomy:
        """Weapons, sectors and crosswalks."""
        return Taxonomy(self.folder / "taxonomy")

    @cache  # noqa: B019  one Reference lives as long as the process
    def region_set(self, theatre: str) -> RegionSet:
        """Read the boundaries that a theatre uses."""
        place = self.theatres[theatre]
        path = self.folder / place.region_set.file
        return read_region_set(path, place.region_set.id, place.countries)

    def regions(self, level: int) -> list[tuple[str, Region]]:
        """List every theatre's regions of a level as (theatre, region), in a stable order."""
        return [
            (theatre, region)
            for theatre in self.theatres
            for region in self.region_set(theatre).at(level)
        ]

    @cached_property
    def region_hash(self) -> str:
        """One hash over all region files: an index built on others must be built anew.

        Of the files' bytes, so that opening an index need not read a single boundary.
        """
        digest = hashlib.sha256()
        for slug, theatre in self.theatres.items():
            digest.update(f"{slug} {theatre.countries}".encode())
            digest.update((self.folder / theatre.region_set.file).read_bytes())
        return digest.hexdigest()[:16]

    @cache  # noqa: B019  as above
    def plane(self, theatre: str) -> LocalPlane:
        """The metric plane around a theatre."""
        return LocalPlane(self.theatres[theatre].bounds)

    @cache  # noqa: B019  as above
    def homeland(self, theatre: str) -> Homeland:
        """The theatre's own land, with the strip along its edge where no line is drawn."""
        land = shapely.coverage_union_all(
            [region.shape for region in self.region_set(theatre).at(1)]
        )
        tolerance_km = self.theatres[theatre].front_line_tolerance_km
        return Homeland.of(land, self.plane(theatre), tolerance_km)

    @cache  # noqa: B019  as above
    def basemap(self, theatre: str) -> Basemap:
        """The basemap of a theatre; an invented land brings its own on top of the world's."""
        return Basemap([self.folder / name for name in self.theatres[theatre].basemap])
