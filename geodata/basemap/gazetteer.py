"""Joins GeoNames positions with the official Ukrainian codifier; names repeat, so with care."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from itertools import takewhile
from statistics import median
from typing import Any, NamedTuple

from geodata import codifier
from geodata.codifier import Unit
from geodata.romanise import romanise

# GeoNames numbers Ukraine's units by FIPS 10-4; the value is the P-code.
_PCODES = {
    "01": "UA71", "02": "UA74", "03": "UA73", "04": "UA12", "05": "UA14", "06": "UA26",
    "07": "UA63", "08": "UA65", "09": "UA68", "10": "UA35", "11": "UA01", "12": "UA80",
    "13": "UA32", "14": "UA44", "15": "UA46", "16": "UA48", "17": "UA51", "18": "UA53",
    "19": "UA56", "20": "UA85", "21": "UA59", "22": "UA61", "23": "UA05", "24": "UA07",
    "25": "UA21", "26": "UA23", "27": "UA18",
}  # fmt: skip
# A district of a city can bear a village's name; its population then gives it away.
_MAX_POPULATION = {codifier.VILLAGE: 15_000, codifier.TOWN: 30_000}
# From this many people on, a row is the city or the hromada's centre rather than its namesake.
_CENTRE_POPULATION = 3_000
# How far from the middle of its raion a settlement can lie, in degrees of latitude.
_FARTHEST_DEG = 0.9
# The nearer of two namesakes is taken only when the other is at least this much farther away.
_CLEARLY = 2.0
# Raion seats that do not begin like the raion's adjective (resolution 807-IX of 17 July 2020).
_SEATS = {"UA0114": "Яни Капу", "UA3508": "Олександрія", "UA7304": "Кельменці"}


class Match(NamedTuple):
    """A settlement of the codifier with its GeoNames row."""

    unit: Unit
    city: dict[str, Any]


def raion_seats(units: Iterable[Unit]) -> set[str]:
    """Return the codes of the seats of the 136 raions; the codifier does not mark them.

    A raion is an adjective of its seat's name: the city, or else the town, that shares the
    longest beginning with it. Three that do not are listed; of namesakes the centre of a hromada.
    """
    raions = {unit.code: unit.name for unit in units if unit.category == codifier.RAION}
    places: dict[str, list[Unit]] = defaultdict(list)
    for unit in units:
        if unit.raion and unit.category in (codifier.CITY, codifier.TOWN):
            places[unit.raion].append(unit)
    seats = set()
    for code, adjective in raions.items():
        model = _SEATS.get(code[:6], adjective)
        best = min(places[code], key=lambda place: _distance_in_letters(place, model))
        seats.add(best.code)
    return seats


def _distance_in_letters(place: Unit, model: str) -> tuple[int, bool, str]:
    pairs = zip(place.name.lower(), model.lower(), strict=False)
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return -shared, place.category != codifier.CITY, place.code[9:12]


def matches(units: Iterable[Unit], cities: Iterable[dict[str, Any]]) -> list[Match]:
    """Return each settlement of Ukraine that has exactly one plausible GeoNames row.

    Matched by name and first-level unit. Names that only one settlement of the unit bears come
    first and show where its raions and hromadas are; with these the namesakes are told apart.
    """
    by_unit: dict[str, list[Unit]] = defaultdict(list)
    for unit in units:
        if unit.category in codifier.SETTLEMENTS:
            by_unit[unit.pcode].append(unit)
    # GeoNames counts Inkerman as Sevastopol, the codifier as Crimea.
    by_unit["UA85"] += [unit for unit in by_unit["UA01"] if unit.category == codifier.CITY]
    indexes = {pcode: _Index(settlements) for pcode, settlements in by_unit.items()}
    found = [(city, indexes[_PCODES[city["admin1code"]]].candidates(city)) for city in cities]
    middles = _middles((city, alone[0]) for city, alone in found if len(alone) == 1)
    chosen: dict[str, Match] = {}
    for city, candidates in found:
        nearest = _nearest(city, candidates, middles)
        if nearest is None:
            continue
        rival = chosen.get(nearest.code)
        if rival is None or city["population"] > rival.city["population"]:
            chosen[nearest.code] = Match(nearest, city)
    return [chosen[code] for code in sorted(chosen)]


class _Index:
    """The settlements of one first-level unit by Cyrillic and by Latin name."""

    def __init__(self, settlements: Iterable[Unit]) -> None:
        self._cyrillic: dict[str, list[Unit]] = defaultdict(list)
        self._latin: dict[str, list[Unit]] = defaultdict(list)
        for unit in settlements:
            self._cyrillic[_plain(unit.name)].append(unit)
            self._latin[_loose(romanise(unit.name))].append(unit)

    def candidates(self, city: dict[str, Any]) -> list[Unit]:
        """Return the settlements that the row can be; those that match in both scripts first."""
        names = sorted({_plain(name) for name in city["alternatenames"]})
        cyrillic = [unit for name in names for unit in self._cyrillic.get(name, [])]
        latin = self._latin.get(_loose(city["name"]), [])
        both = [unit for unit in cyrillic if unit in latin]
        return _likely(both or latin or cyrillic, city["population"])


def _likely(candidates: list[Unit], population: int) -> list[Unit]:
    plausible = [u for u in candidates if population <= _MAX_POPULATION.get(u.category, population)]
    if population < _CENTRE_POPULATION:
        return plausible
    cities = [u for u in plausible if u.category == codifier.CITY]
    centres = [u for u in plausible if _is_hromada_centre(u)]
    return cities or centres or plausible


def _is_hromada_centre(unit: Unit) -> bool:
    """Tell by the code: "UA", unit, raion, three digits of hromada, three of settlement."""
    return unit.code[9:12] == "001"


Middles = dict[str, tuple[float, float]]


def _middles(pairs: Iterable[tuple[dict[str, Any], Unit]]) -> Middles:
    """Return the median place of each raion and hromada; the median ignores a wrong match."""
    places: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for city, unit in pairs:
        for area in filter(None, (unit.raion, unit.hromada)):
            places[area].append((city["longitude"], city["latitude"]))
    return {
        area: (median(lon for lon, _ in points), median(lat for _, lat in points))
        for area, points in places.items()
    }


def _nearest(city: dict[str, Any], candidates: list[Unit], middles: Middles) -> Unit | None:
    near = sorted((_away_deg(city, unit, middles), unit.code, unit) for unit in candidates)
    near = [entry for entry in near if entry[0] <= _FARTHEST_DEG]
    if not near:
        return None
    if len(near) > 1 and near[1][0] < _CLEARLY * near[0][0]:
        return None
    return near[0][2]


def _away_deg(city: dict[str, Any], unit: Unit, middles: Middles) -> float:
    """Return roughly how far the row is from where the settlement's hromada or raion lies."""
    middle = middles.get(unit.hromada or "") or middles.get(unit.raion or "")
    if middle is None:
        return 0.0
    east = (city["longitude"] - middle[0]) * 0.65  # cosine of Ukraine's middle latitude
    north = city["latitude"] - middle[1]
    return float((east**2 + north**2) ** 0.5)


def _plain(name: str) -> str:
    """Drop case, stress marks and apostrophes; й and ї stay letters of their own."""
    composed = unicodedata.normalize("NFC", name.lower()).replace("\u0301", "")
    return re.sub("['`\u00b4\u2018\u2019\u02bc]", "", composed).strip()


def _loose(latin: str) -> str:
    """Make the romanisations in use alike: "Kryvyy Rih" and "Kryvyi Rih"."""
    letters = re.sub(r"[^a-z]", "", unicodedata.normalize("NFD", latin.lower()))
    return re.sub(r"[iy]+", "i", letters)
