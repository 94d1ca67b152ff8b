"""Search of places and regions by name, in English and Ukrainian, in local data."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

import numpy as np
import shapely

from app.domain.answer import JsonObject
from app.domain.cache import BoundedCache
from app.domain.region import Region, RegionSet
from app.domain.view import View
from app.reference.basemap import Places
from app.reference.reference import Reference

_APOSTROPHES = str.maketrans(dict.fromkeys("'’ʼ`´‘", "")) | str.maketrans("-–", "  ")


def comparable_name(name: str) -> str:
    """Normalise a name so that two spellings can be compared.

    >>> [comparable_name(name) for name in ("Slov'yans'k", "Кам'янське", "Ivano-Frankivsk")]
    ['slovyansk', 'камянське', 'ivano frankivsk']
    """
    folded = unicodedata.normalize("NFC", name).casefold().translate(_APOSTROPHES)
    return " ".join(folded.split())


@dataclass
class PlaceFinder:
    """Searches names in the theatre's basemap and regions."""

    reference: Reference
    _cache: BoundedCache = field(default_factory=lambda: BoundedCache(4))

    def find(self, view: View, text: str, limit: int) -> list[JsonObject]:
        """List regions that begin with a text, then places that contain it.

        Places of the theatre's countries come first, then those that begin with the text, then the
        larger ones. The region distinguishes places of the same name. An empty text has no match.
        """
        name = comparable_name(text)
        if not name:
            return []
        regions = self.reference.region_set(view.theatre)
        matches = [_region(one, view) for one in regions.regions if _names(one, name)]
        return [*matches, *self._places(view, name, limit, regions)][:limit]

    def _places(self, view: View, name: str, limit: int, regions: RegionSet) -> list[JsonObject]:
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
    languages = dict.fromkeys(language for names in places.names for language in names)
    return [
        np.array([comparable_name(names.get(language, "")) for names in places.names])
        for language in languages
    ]


def _contains(column: np.ndarray, text: str) -> np.ndarray:
    return np.asarray(np.strings.find(column, text) >= 0)


def _names(region: Region, text: str) -> bool:
    names = (region.name_en, *region.names.values())
    return any(comparable_name(name).startswith(text) for name in names)


def _region(region: Region, view: View) -> JsonObject:
    west, south, east, north = region.shape.bounds
    return {
        "kind": "region",
        "key": region.code,
        "name": region.name(view.lang),
        "bbox": [west, south, east, north],
    }


def _place(places: Places, number: int, view: View, regions: RegionSet) -> JsonObject:
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
