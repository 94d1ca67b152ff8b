"""Finds the codes, names and parents in a boundary file, by the names of its columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from app.domain.languages import LANGUAGES

ISO_CODE = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}")
ADMIN_LEVELS = (4, 3, 2, 1, 0)
"""A COD-AB layer has columns of the levels above as well: the finest level is its own."""

COD_AB, GEO_BOUNDARIES = "OCHA COD-AB", "geoBoundaries"
OWN_IDS = "geoBoundaries, by its own ids"
"""For files of geoBoundaries without ISO codes: its ids are no P-codes, but unique."""

Table = Mapping[str, np.ndarray]
"""A layer's columns by name."""


class Columns(NamedTuple):
    """The columns of one layer that a region needs, by their names in the file.

    `country_from_parent`: the code has not the two letters of the country, but the parent's has.
    """

    source: str
    level: int | None
    code: str | None = None
    name_en: str | None = None
    names: Mapping[str, str] = {}
    """The column of names in each other language."""

    parent: str | None = None
    population: str | None = None
    country_from_parent: bool = False


class Recipe(NamedTuple):
    """The names of columns in one kind of file, in lower case; the first that exists is used."""

    source: str
    level: int | None
    code: Sequence[str]
    name_en: Sequence[str] = ()
    names: Mapping[str, Sequence[str]] = {}
    parent: Sequence[str] = ()
    population: Sequence[str] = ()
    country_from_parent: bool = False
    also: Sequence[str] = ()


NAMES_EN = ("name:en", "name_en", "int_name", "name")
NAMES = {one: (f"name:{one}", f"name_{one}") for one in LANGUAGES[1:]}
POPULATIONS = ("population", "raion_pop")


def recognise(
    table: Table, languages: Sequence[str], countries: Sequence[str] = ()
) -> Columns | None:
    """Find the columns of a layer by the first recipe that fits, or None.

    Args:
        table: the layer's columns.
        languages: those of the theatre beside English. COD-AB has a column for each (ADM1_AR).
        countries: some editions of COD-AB name the first language by the country (ADM1_UA).
    """
    by_lower = {name.lower(): name for name in table}
    for recipe in _recipes(languages, countries):
        code = _first(recipe.code, by_lower)
        if code is not None and all(name in by_lower for name in recipe.also):
            columns = Columns(
                recipe.source,
                _level_of_rows(table, by_lower) if recipe.level is None else recipe.level,
                code,
                _first(recipe.name_en, by_lower),
                {
                    language: column
                    for language, names in recipe.names.items()
                    if (column := _first(names, by_lower))
                },
                _first(recipe.parent, by_lower),
                _first(recipe.population, by_lower),
                recipe.country_from_parent,
            )
            return _by_values(columns, table, by_lower)
    return None


def _recipes(languages: Sequence[str], countries: Sequence[str]) -> Iterator[Recipe]:
    for level in ADMIN_LEVELS:
        adm = f"adm{level}"
        yield Recipe(
            COD_AB,
            level,
            (f"{adm}_pcode", f"admin{level}pcode"),
            (f"{adm}_en", f"{adm}_name", f"admin{level}name_en"),
            {
                language: (
                    f"{adm}_{language}",
                    *(f"{adm}_{country}" for country in countries if place == 0),
                    *((f"{adm}_name1",) if place == 0 else ()),
                )
                for place, language in enumerate(languages)
            },
            (f"adm{level - 1}_pcode", f"admin{level - 1}pcode") if level > 1 else (),
        )
    yield Recipe(GEO_BOUNDARIES, None, ("shapeiso",), ("shapename",), also=("shapeid", "shapetype"))
    yield Recipe(
        "GeoNames second level",
        2,
        ("geonames_admin2",),
        NAMES_EN,
        NAMES,
        ("iso_3166_2",),
        POPULATIONS,
        country_from_parent=True,
        also=("iso_3166_2",),
    )
    iso = ("iso3166-2", "iso_3166_2", "iso3166_2", "iso_3166-2", "iso2")
    yield Recipe("ISO 3166-2 codes", 1, iso, NAMES_EN, NAMES, (), POPULATIONS)


def _first(names: Sequence[str], by_lower: Mapping[str, str]) -> str | None:
    return next((by_lower[name] for name in names if name in by_lower), None)


def _level_of_rows(table: Table, by_lower: Mapping[str, str]) -> int | None:
    """Read the level that geoBoundaries writes into every row ("ADM1")."""
    kinds = {text_of(value) for value in table[by_lower["shapetype"]]}
    numbers = {match[1] for kind in kinds if (match := re.fullmatch(r"ADM(\d)", kind or ""))}
    return int(numbers.pop()) if len(numbers) == 1 else None


def _by_values(columns: Columns, table: Table, by_lower: Mapping[str, str]) -> Columns:
    """Correct the columns by the values in them.

    geoBoundaries often leaves shapeISO empty; new editions of COD-AB state in `lang`, `lang1`… the
    language of `adm1_name`, `adm1_name1`….
    """
    codes = table[columns.code or ""]
    if columns.source == GEO_BOUNDARIES and not any(text_of(code) for code in codes):
        return columns._replace(code=by_lower["shapeid"], source=OWN_IDS)
    if columns.source == COD_AB and "lang" in by_lower:
        names = {
            text_of(value): by_lower.get(f"adm{columns.level}_name{suffix}")
            for suffix in ("3", "2", "1", "")
            for value in table.get(by_lower.get(f"lang{suffix}", ""), np.empty(0))[:1]
        }
        others = {one: column for one, column in names.items() if one and one != "en" and column}
        return columns._replace(name_en=names.get("en", columns.name_en), names=others)
    return columns


def text_of(value: object) -> str | None:
    """Read a cell as text; empty, None and NaN are None, and 102.0 is "102"."""
    if value is None or (isinstance(value, float | np.floating) and not np.isfinite(value)):
        return None
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip() or None
