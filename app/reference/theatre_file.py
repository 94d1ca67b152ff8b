"""Reads a theatre's file, and says every fault of it in a sentence."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from app.domain.errors import InputError, InvalidTheatre, Problem
from app.domain.languages import LANGUAGES
from app.domain.place import Bounds
from app.reference.theatre import Party, RegionFile, Theatre

NAMES = 'a table of texts by language, such as { en = "Sudan" }'
CODES = "a list of codes, such as"
ALLOWED = {
    "zone": "an IANA time zone, such as Africa/Khartoum",
    "countries": f'{CODES} ["SD"] (ISO 3166-1, two capital letters)',
    "bounds": "[west, south, east, north] in degrees, west < east and south < north",
    "languages": f"a list of {', '.join(LANGUAGES)}",
    "synthetic": "true or false",
    "first_period": 'two days, the first and the last, such as ["2024-03-01", "2024-04-29"]',
    "region_set": "an id and a file of geodata, such as "
    '{ id = "natural-earth-10m", file = "regions/admin1.parquet" }',
    "basemap": 'a list of folders of geodata, such as ["basemap"]',
    "default_datasets": f'{CODES} ["my-incidents"]',
    "demo_datasets": f'{CODES} ["demo"]',
    "default_control": "the slug of a dataset, as a text",
    "default_controller": "the code of a party, as a text",
    "front_line_tolerance_km": "a number of kilometres, 0 or more",
    "stale_after_days": "a whole number of days, 0 or more",
    "embargo_hours": "whole hours by kind of place, such as { civilian = 3, military = 12 }",
    "generalise_days": "a whole number of days, 0 or more",
    "name": NAMES,
    "note": NAMES,
    "party": "one [[party]] with a code for each party",
    "baseline": "lists of regions' codes by part of the baseline",
    "settlements": "a file of geodata, as a text",
}
"""What each field of the file may hold, in the words of a message."""

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
SLUG_ALLOWED = "small letters, digits and single hyphens, such as south-sudan"
PARTY_CODE = re.compile(r"[a-z][a-z0-9_]*")
LANGUAGE = re.compile(r"[a-z]{2,3}")
NO_VALUE = "nothing"
NO_FIELD = object()
NOT_NEGATIVE = ("front_line_tolerance_km", "stale_after_days", "generalise_days")


def parse_theatre(text: str, slug: str, geodata: Path) -> Theatre:
    """Read the text of a theatre's file; fields that are not there get their defaults.

    Raises:
        InvalidTheatre: it has faults; all of them are listed.
    """
    try:
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as wrong:
        raise InvalidTheatre((Problem("the file", str(wrong), "TOML"),)) from wrong
    return _Reader(values, slug, geodata).theatre()


def read_theatre(path: Path, geodata: Path) -> Theatre:
    """Read a theatre's file; its name without the ending is the slug.

    Raises:
        InvalidTheatre: it cannot be read or has faults; all of them are listed.
    """
    return parse_theatre(theatre_text(path), path.stem, geodata)


def theatre_text(path: Path) -> str:
    """Read the text of a theatre's file.

    Raises:
        InvalidTheatre: it cannot be read.
    """
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as wrong:
        raise InvalidTheatre((Problem("the file", str(wrong.reason), "text in UTF-8"),)) from wrong
    except OSError as wrong:
        got = wrong.strerror or "an error"
        raise InvalidTheatre((Problem("the file", got, "a file that can be read"),)) from wrong


class _Reader:
    """Reads the values of one file and collects their faults."""

    def __init__(self, values: Mapping[str, Any], slug: str, geodata: Path) -> None:
        self._values, self._slug, self._geodata = values, slug, geodata
        self._problems: list[Problem] = []

    def theatre(self) -> Theatre:
        if not SLUG.fullmatch(self._slug):
            self._refuse("name of the file", self._slug, SLUG_ALLOWED)
        for name in (name for name in self._values if name not in ALLOWED):
            self._refuse(name, self._values[name], f"one of the fields {', '.join(ALLOWED)}")
        fields = {
            field.name: self._field(field)
            for field in msgspec.structs.fields(Theatre)
            if field.name != "slug"
        }
        theatre = {name: value for name, value in fields.items() if value is not NO_FIELD}
        self._check(theatre)
        if not self._problems and "bounds" not in theatre:
            region_file = theatre.get("region_set", RegionFile("", "regions/admin1.parquet"))
            theatre["bounds"] = box_of(self._geodata / region_file.file, theatre["countries"])
        if self._problems:
            raise InvalidTheatre(tuple(self._problems))
        others = [party.code for party in theatre.get("party", ()) if not party.state]
        theatre.setdefault("default_controller", others[0] if others else "")
        return Theatre(**theatre, slug=self._slug)

    def _refuse(self, where: str, got: object, allowed: str) -> None:
        self._problems.append(Problem(where, str(got), allowed))

    def _field(self, field: msgspec.structs.FieldInfo) -> Any:
        """Read one field; NO_FIELD when it is not there or has a fault."""
        name = field.name
        if name not in self._values:
            if field.required and name != "bounds":
                self._refuse(name, NO_VALUE, ALLOWED[name])
            return NO_FIELD
        value = self._values[name]
        if name == "party":
            return self._parties(value)
        try:
            return msgspec.convert(value, field.type)
        except msgspec.ValidationError:
            self._refuse(name, value, ALLOWED[name])
            return NO_FIELD

    def _parties(self, tables: Any) -> Any:
        if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
            self._refuse("party", tables, ALLOWED["party"])
            return NO_FIELD
        parties = tuple(self._party(f"party {n}", table) for n, table in enumerate(tables, 1))
        codes = [party.code for party in parties]
        if len(codes) != len(set(codes)):
            self._refuse("party", ", ".join(codes), "each code only once")
        return parties

    def _party(self, where: str, table: Mapping[str, Any]) -> Party:
        code, state = table.get("code"), table.get("state", False)
        if not isinstance(code, str) or not PARTY_CODE.fullmatch(code):
            got = NO_VALUE if code is None else code
            self._refuse(f"{where}, code", got, "small letters, digits and _, such as saf")
        if not isinstance(state, bool):
            self._refuse(f"{where}, state", state, "true or false")
        names = {key: text for key, text in table.items() if key not in ("code", "state")}
        for key, text in names.items():
            if not LANGUAGE.fullmatch(key):
                allowed = "code, state, or a name by the code of its language, such as en"
                self._refuse(f"{where}, {key}", text, allowed)
            elif not isinstance(text, str):
                self._refuse(f"{where}, {key}", text, "a text")
        return Party(str(code), names, state is True)

    def _check(self, theatre: Mapping[str, Any]) -> None:
        """Check what the types of the fields cannot say."""
        for name, fits in CHECKS.items():
            if name in theatre and not fits(theatre[name]):
                self._refuse(name, _plain(theatre[name]), ALLOWED[name])
        self._check_files(theatre)
        codes = [party.code for party in theatre.get("party", ())]
        controller = theatre.get("default_controller", "")
        if controller and "party" in theatre and controller not in codes:
            self._refuse("default_controller", controller, f"one of {', '.join(codes) or 'none'}")

    def _check_files(self, theatre: Mapping[str, Any]) -> None:
        for folder in theatre.get("basemap", ()):
            if not _is_there(self._geodata / folder, Path.is_dir):
                self._refuse("basemap", folder, "folders of geodata that exist")
        settlements = theatre.get("settlements")
        if settlements is not None and not _is_there(self._geodata / settlements, Path.is_file):
            self._refuse("settlements", settlements, "a file of geodata that exists")
        file = theatre.get("region_set", RegionFile("", "regions/admin1.parquet")).file
        path = self._geodata / file
        if not _is_there(path, Path.is_file):
            self._refuse("region_set", file, "a file of geodata that exists")
            return
        try:
            with_regions = countries_with_regions(path)
        except (KeyError, pa.ArrowInvalid):
            self._refuse("region_set", file, "a file of geodata with the regions of countries")
            return
        for code in theatre.get("countries", ()):
            if code not in with_regions:
                near = [one for one in with_regions if one.lower() == code.lower()]
                example = near[0] if near else "SD"
                allowed = f"ISO 3166-1 codes of two capital letters, such as {example}"
                self._refuse("countries", code, f"{allowed}, that have regions in {file}")


def _plain(value: Any) -> Any:
    """Write days, boxes and lists as a person types them."""
    return ", ".join(map(str, value)) if isinstance(value, tuple | list) else value


def _is_there(path: Path, kind: Callable[[Path], bool]) -> bool:
    try:
        return kind(path)
    except (OSError, ValueError):  # no name of a file: too long, or with a zero byte
        return False


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
        return False
    except KeyError:
        return False
    return bool(name)


def _is_box(bounds: Bounds) -> bool:
    try:
        west, _, east, _ = Bounds.of(bounds)
    except InputError:
        return False
    return west < east


CHECKS: Mapping[str, Callable[[Any], bool]] = {
    "zone": _is_zone,
    "countries": bool,
    "bounds": _is_box,
    "languages": lambda codes: bool(codes) and set(codes) <= set(LANGUAGES),
    "first_period": lambda days: days is None or days[0] <= days[1],
    "embargo_hours": lambda hours: all(number >= 0 for number in hours.values()),
    **dict.fromkeys(NOT_NEGATIVE, lambda number: number >= 0),
}
"""What a value must fulfil beside its type, by field."""


@cache
def countries_with_regions(path: Path) -> tuple[str, ...]:
    """List the countries that have regions in a file of boundaries, in alphabetical order."""
    with pq.ParquetFile(path) as file:  # `read_table` first loads a package that it needs not here
        return tuple(sorted(set(file.read(columns=["country"])["country"].to_pylist())))


def box_of(path: Path, countries: tuple[str, ...]) -> Bounds:
    """Return the box around the regions of countries, as `box_around`."""
    filters = [("country", "in", list(countries))]
    rows = pq.read_table(path, columns=["geometry"], filters=filters)
    return box_around(shapely.from_wkb(rows["geometry"].to_numpy()))


def box_around(shapes: np.ndarray) -> Bounds:
    """Return the box around shapes, a little wider, in degrees.

    Where they lie on both sides of the antimeridian, it is the side with more of their area: a map
    opens on one side.
    """
    parts = shapely.get_parts(shapes)
    edges = shapely.bounds(parts)
    if np.ptp(edges[:, (0, 2)]) > 180:  # noqa: PLR2004  more than half of the globe
        is_east = edges[:, 0] >= 0
        areas = shapely.area(parts)
        east_is_larger = areas[is_east].sum() >= areas[~is_east].sum()
        edges = edges[is_east if east_is_larger else ~is_east]
    west, south = edges[:, 0].min(), edges[:, 1].min()
    east, north = edges[:, 2].max(), edges[:, 3].max()
    margin = max(0.02 * max(east - west, north - south), 0.01)
    sides = (west - margin, south - margin, east + margin, north + margin)
    limits = ((-180, 180), (-90, 90), (-180, 180), (-90, 90))
    clipped = (
        min(max(side, least), most) for side, (least, most) in zip(sides, limits, strict=True)
    )
    return Bounds(*(round(float(side), 2) for side in clipped))
