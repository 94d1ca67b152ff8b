"""Finds places and regions by name, in every language of the theatre, without asking anybody."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely

from app.domain.cache import BoundedCache
from app.domain.region import Region, RegionSet
from app.domain.view import View
from app.reference.basemap import Places
from app.reference.reference import Reference

APOSTROPHES = str.maketrans(dict.fromkeys("'’ʼ`´‘", "")) | str.maketrans("-–", "  ")


def comparable_name(name: str) -> str:
    """Bring a name to the form in which names are compared.

    >>> plain("Slov'yans'k"), plain("Кам'янське"), plain("Ivano-Frankivsk")
    ('slovyansk', 'камянське', 'ivano frankivsk')
    """
    folded = unicodedata.normalize("NFC", name).casefold().translate(APOSTROPHES)
    return " ".join(folded.split())


@dataclass
class PlaceFinder:
    """Looks names up in the theatre's basemap and regions."""

    reference: Reference
    _cache: BoundedCache = field(default_factory=lambda: BoundedCache(4))

    def find(self, view: View, text: str, limit: int) -> list[dict[str, Any]]:
        """List what begins with a text, else what contains it: regions, then places by population.

        The theatre's own countries come first; namesakes are told apart by their region. Nothing
        is found for an empty text.
        """
        name = comparable_name(text)
        if not name:
            return []
        regions = self.reference.region_set(view.theatre)
        matches = [_region(one, view) for one in regions.regions if _names(one, name)]
        return [*matches, *self._places(view, name, limit, regions)][:limit]

    def _places(
        self, view: View, name: str, limit: int, regions: RegionSet
    ) -> list[dict[str, Any]]:
        basemap = self.reference.basemap(view.theatre)
        places = basemap.places
        names = self._cache.get(("names", view.theatre), lambda: _searchable(places))
        theatre = self.reference.theatres[view.theatre]
        begins, contains = (
            np.logical_or.reduce([test(column, name) for column in names])
            for test in (np.strings.startswith, _contains)
        )
        near = np.isin(places.country, theatre.countries)
        hits = np.flatnonzero(contains)
        order = np.lexsort((-places.population[hits], ~begins[hits], ~near[hits]))
        return [_place(places, int(n), view, regions) for n in hits[order][:limit]]


def _searchable(places: Places) -> list[np.ndarray]:
    return [
        np.array([comparable_name(name or "") for name in column])
        for column in (places.name_en, places.name_uk)
    ]


def _contains(column: np.ndarray, text: str) -> np.ndarray:
    return np.asarray(np.strings.find(column, text) >= 0)


def _names(region: Region, text: str) -> bool:
    return any(comparable_name(region.name(language)).startswith(text) for language in ("en", "uk"))


def _region(region: Region, view: View) -> dict[str, Any]:
    west, south, east, north = region.shape.bounds
    return {
        "kind": "region",
        "key": region.code,
        "name": region.name(view.lang),
        "bbox": [west, south, east, north],
    }


def _place(places: Places, number: int, view: View, regions: RegionSet) -> dict[str, Any]:
    lon, lat = float(places.lon[number]), float(places.lat[number])
    spot = shapely.Point(lon, lat)
    inside = next((one for one in regions.regions if one.shape.contains(spot)), None)
    return {
        "kind": "place",
        "name": places.name(number, view.lang),
        "lon": lon,
        "lat": lat,
        "population": int(places.population[number]) or None,
        "country": str(places.country[number]),
        "region": None if inside is None else {"key": inside.code, "name": inside.name(view.lang)},
    }
