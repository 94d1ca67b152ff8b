"""Administrative regions and the sets they come in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shapely import MultiPolygon


@dataclass(frozen=True, slots=True)
class Region:
    """One unit: ISO 3166-2 code at level 1, OCHA P-code at level 2.

    ISO code and P-code differ for five Ukrainian units, so both are kept. `name_uk` may be None
    outside Ukraine. A population without its year is not used.
    """

    code: str
    country: str
    level: int
    name_en: str
    name_uk: str | None
    pcode: str | None
    parent: str | None
    shape: MultiPolygon
    population: int | None = None
    population_year: int | None = None

    def name(self, language: str) -> str:
        """Name the region in the language asked for, in English when it has no other name."""
        return self.name_uk if language == "uk" and self.name_uk else self.name_en


@dataclass(frozen=True, slots=True)
class RegionSet:
    """Boundaries from one source, with an id and a hash that every answer names."""

    id: str
    hash: str
    levels: Mapping[int, tuple[Region, ...]]

    def at(self, level: int) -> tuple[Region, ...]:
        """List the regions of a level; empty when the set has none."""
        return self.levels.get(level, ())
