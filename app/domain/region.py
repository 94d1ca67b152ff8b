"""Administrative regions and the sets they come in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import shapely
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry


@dataclass(frozen=True, slots=True)
class Region:
    """One unit: ISO 3166-2 code at level 1, OCHA P-code at level 2.

    ISO code and P-code differ for five Ukrainian units, so both are stored. `names` has those of
    other languages than English. A population without its year is not used.
    """

    code: str
    country: str
    level: int
    name_en: str
    names: Mapping[str, str]
    pcode: str | None
    parent: str | None
    shape: MultiPolygon
    population: int | None = None
    population_year: int | None = None

    def name(self, language: str) -> str:
        """Name the region in a language, in English when it has no other name."""
        return self.names.get(language, self.name_en)


@dataclass(frozen=True, slots=True)
class RegionSet:
    """One level's boundaries from one source, with an id and a hash that every answer names."""

    id: str
    hash: str
    level: int
    regions: tuple[Region, ...]

    @property
    def has_population(self) -> bool:
        """Tell whether rates per inhabitant exist for any region."""
        return any(region.population for region in self.regions)

    @property
    def land(self) -> BaseGeometry:
        """The regions as one shape, in degrees; slow where their edges are not exactly equal."""
        shapes = [region.shape for region in self.regions]
        is_coverage = shapely.coverage_is_valid(shapes)
        return shapely.coverage_union_all(shapes) if is_coverage else shapely.union_all(shapes)

    def identity(self) -> dict[str, str]:
        """Return the id and the hash, as answers state them."""
        return {"id": self.id, "hash": self.hash}
