"""Says in which theatre the points of a file lie, where that is not the one it is imported into.

A point outside the theatre is kept and counts under "elsewhere"; nothing is moved or left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import shapely

from app.domain.errors import OtherTheatre
from app.domain.place import Bounds
from app.domain.slug import slug_of
from app.instance.new_theatre import zones_of
from app.reference.reference import Reference
from app.reference.theatre import Theatre

MOST = 0.5
"""A file has "most" points somewhere when their share is larger than this."""

GRID_DEG = 0.001
"""Points are put together in cells of about 100 m first: a border is no finer here."""

MOST_PLACES, MOST_NAMED_ROWS = 4, 10
NOWHERE = "no country"


class Advice(msgspec.Struct, frozen=True, omit_defaults=True):
    """What to do about points that lie elsewhere.

    `theatre` is the one in which most of them lie; it is still to be added when there is a
    `country` to add it for, whose `zones` its days can be of. `is_most`: most points lie elsewhere,
    be it in one place or several.
    """

    sentence: str
    theatre: str = ""
    country: str = ""
    is_most: bool = False
    zones: tuple[str, ...] = ()

    def refusal(self, name: str, theatre: str) -> OtherTheatre:
        """Return the error of a file whose theatre nobody stated."""
        allowed = self.sentence.rstrip(".")
        got = f"the theatre {theatre}"
        refusal = OtherTheatre(f"points of {name}", got, allowed)
        refusal.theatre, refusal.country, refusal.zones = self.theatre, self.country, self.zones
        return refusal


class _Place(NamedTuple):
    """Where a point lies: a theatre that exists, a country without one, or neither."""

    name: str
    theatre: str = ""
    country: str = ""


def advice_on(points: np.ndarray, slug: str, reference: Reference) -> Advice | None:
    """Say where points (rows of lon, lat) lie that are not in a theatre; None where all is well.

    Where most points look swapped, `swapped_notes` says it.

    A few points beyond the border, in the theatre's box, are usual and not worth a sentence.
    """
    bounds = reference.theatres[slug].bounds
    if not len(points) or look_swapped(points, bounds).sum() > MOST * len(points):
        return None
    cells, inverse = np.unique(np.round(points / GRID_DEG), axis=0, return_inverse=True)
    places, rows = cells * GRID_DEG, np.bincount(inverse.ravel(), minlength=len(cells))
    in_box = lie_within(points, bounds)
    is_home = _lie_on_land_of(places, slug, reference)
    strays = rows[~is_home].sum()
    if in_box.all() and strays <= MOST * len(points):
        return None
    counts = Counter[_Place]()
    for place, count in zip(_places_of(places[~is_home], reference), rows[~is_home], strict=True):
        counts[place] += int(count)
    if strays <= MOST * len(points):
        return _of_few(counts, len(points), int((~in_box).sum()), slug)
    return _of_most(counts, len(points))


def lie_within(points: np.ndarray, bounds: Bounds) -> np.ndarray:
    """Tell of each point (rows of lon, lat) whether it lies in a box."""
    lon, lat = points[:, 0], points[:, 1]
    across = np.zeros(len(points), bool)
    for part in bounds.parts:
        across |= (lon >= part.west) & (lon <= part.east)
    return np.asarray(across & (lat >= bounds.south) & (lat <= bounds.north))


def swapped_notes(points: np.ndarray, rows: Sequence[int], bounds: Bounds) -> Iterator[str]:
    """Warn of points that fit the theatre only with their axes swapped; name the first rows."""
    swapped = look_swapped(points, bounds)
    count = int(swapped.sum())
    would = "lie outside the theatre and would lie inside with longitude and latitude swapped"
    if count > MOST * len(swapped):
        yield f"Most points {would}: check the order of the columns (longitude first)."
    elif count:
        first = ", ".join(str(rows[one]) for one in np.flatnonzero(swapped)[:MOST_NAMED_ROWS])
        more = f" and {count - MOST_NAMED_ROWS:,} more" if count > MOST_NAMED_ROWS else ""
        what = "rows" if count > 1 else "row"
        yield f"{count:,} of {len(swapped):,} points {would}: {what} {first}{more}."


def swapped_advice(points: np.ndarray, theatre: Theatre) -> Advice | None:
    """Say that most points lie in the theatre with their axes swapped; None when they do not."""
    swapped = int(look_swapped(points, theatre.bounds).sum())
    if swapped <= MOST * len(points):
        return None
    return Advice(
        f"{swapped:,} of {len(points):,} points lie in the theatre {theatre.slug} when latitude "
        "and longitude are swapped: name the column of longitudes as lat, and that of latitudes as "
        "lon.",
        is_most=True,
    )


def look_swapped(points: np.ndarray, bounds: Bounds) -> np.ndarray:
    """Tell of each point (rows of lon, lat) whether it fits the box only with its axes swapped."""
    return np.asarray(~lie_within(points, bounds) & lie_within(points[:, ::-1], bounds))


def _lie_on_land_of(points: np.ndarray, slug: str, reference: Reference) -> np.ndarray:
    inside = np.zeros(len(points), bool)
    for region in reference.region_set(slug).regions:
        box = lie_within(points, Bounds(*region.shape.bounds))
        rows = np.flatnonzero(box & ~inside)
        shapely.prepare(region.shape)
        inside[rows] = shapely.contains_xy(region.shape, points[rows])
    return inside


def _places_of(points: np.ndarray, reference: Reference) -> list[_Place]:
    theatres = {
        country: _Place(theatre.title("en"), theatre=slug)
        for slug, theatre in reference.theatres.items()
        for country in theatre.countries
    }
    codes = reference.countries.at(points)
    for slug, theatre in reference.theatres.items():
        if theatre.synthetic:  # an invented land lies in no country of the world
            codes[_lie_on_land_of(points, slug, reference)] = theatre.countries[0]
    by_code = {
        code: theatres.get(code) or _Place(reference.countries.name(code), country=code)
        for code in map(str, np.unique(codes))
    }
    by_code[""] = _Place(NOWHERE)
    return [by_code[code] for code in codes]


def _of_few(counts: Counter[_Place], points: int, outside: int, slug: str) -> Advice:
    lie = "lies" if outside == 1 else "lie"
    return Advice(
        f"{outside:,} of {points:,} points {lie} outside the box of the theatre {slug}. Beyond its "
        f"borders: {_listed(counts)}. They are kept, and count under elsewhere."
    )


def _of_most(counts: Counter[_Place], points: int) -> Advice:
    (place, count), *_others = _by_count(counts)
    if count <= MOST * points:
        return Advice(
            f"Of {points:,} points lie {_listed(counts)}. One import is of one theatre: name it "
            "with --theatre, or add one of several countries with `strikemap theatre add SLUG "
            "--country A,B`. In any of them every row is kept.",
            is_most=True,
        )
    lie = f"{count:,} of {points:,} points lie in {place.name}"
    if place.theatre:
        return Advice(f"{lie}: use --theatre {place.theatre}.", place.theatre, is_most=True)
    if not place.country:
        sentence = f"{lie}: check the columns of the coordinates, and their order."
        return Advice(sentence, is_most=True)
    slug = slug_of(place.name, place.country.lower())
    sentence = f"{lie}: use --add-theatre, which makes the theatre {slug}."
    zones = tuple(zones_of((place.country,)))
    return Advice(sentence, slug, place.country, is_most=True, zones=zones)


def _listed(counts: Counter[_Place]) -> str:
    parts = [f"{count:,} in {place.name}" for place, count in _by_count(counts)[:MOST_PLACES]]
    more = len(counts) - len(parts)
    return ", ".join(parts) + (f" and the rest in {more:,} more" if more else "")


def _by_count(counts: Counter[_Place]) -> list[tuple[_Place, int]]:
    """Sort by the number of points, equal ones by name, no country last."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0].name == NOWHERE, item[0]))
