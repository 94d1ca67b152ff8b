"""Writes the file of a new theatre from the world's reference data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import pyarrow.parquet as pq

from app.domain.errors import InputError
from app.domain.languages import LANGUAGES
from app.domain.place import Bounds
from app.reference.theatre import WORLD_REGIONS, Party
from app.reference.theatre_file import (
    PARTY_CODE,
    SLUG,
    SLUG_ALLOWED,
    Theatres,
    box_of,
    countries_with_regions,
    parse_theatre,
    read_theatres,
)
from app.whole_files import write_whole

STATE = ",state"


@dataclass(frozen=True)
class NewTheatre:
    """What a person says of a new theatre; all else comes from reference data and defaults."""

    slug: str
    countries: tuple[str, ...]
    bounds: Bounds | None = None
    parties: tuple[Party, ...] = ()
    zone: str | None = None
    languages: tuple[str, ...] = LANGUAGES[:1]


def add_theatre(order: NewTheatre, geodata: Path, folder: Path) -> Path:
    """Write a theatre's file into the folder of the instance's own theatres; return its path.

    The file is read as the service reads it before it gets its name: it has no faults.

    Raises:
        InputError: the slug is in use, a country has no regions or is in another theatre, or its
            days can be of several zones and none is stated.
        InvalidTheatre: what was stated has other faults.
    """
    _check(order, geodata, read_theatres(geodata, folder))
    path = folder / f"{order.slug}.toml"
    text = _text(order, geodata)
    parse_theatre(text, order.slug, geodata)
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(path, text.encode())
    return path


def _check(order: NewTheatre, geodata: Path, before: Theatres) -> None:
    if not SLUG.fullmatch(order.slug):
        raise InputError("slug", order.slug, SLUG_ALLOWED)
    for language in order.languages:
        if language not in LANGUAGES:
            raise InputError("languages", language, f"one of {', '.join(LANGUAGES)}")
    in_use = {*before.by_slug, *(fault.slug for fault in before.faults)}
    if order.slug in in_use:
        raise InputError(
            "slug", order.slug, f"a name that is not in use: {', '.join(sorted(in_use))}"
        )
    _check_countries(order, geodata, before)


def _check_countries(order: NewTheatre, geodata: Path, before: Theatres) -> None:
    with_regions = countries_with_regions(geodata / WORLD_REGIONS.file)
    for code in order.countries:
        if code not in with_regions:
            raise InputError("country", code, f"one of {', '.join(with_regions)}")
        for slug, theatre in before.by_slug.items():
            if code in theatre.countries:
                allowed = f"countries of no other theatre; {slug} has {code}"
                raise InputError("country", code, allowed)


def zones_of(countries: Sequence[str]) -> list[str]:
    """List the time zones of countries (ISO 3166-1 codes) by the tz database, each once."""
    table = (resources.files("tzdata") / "zoneinfo" / "zone.tab").read_text("utf-8")
    rows = [line.split("\t") for line in table.splitlines() if not line.startswith("#")]
    return sorted({zone for code, _, zone, *_ in rows if code in countries})


def party_from(text: str) -> Party:
    """Read a party as it is typed, such as `saf=Sudanese Armed Forces,state`.

    Raises:
        InputError: no code, or no name.
    """
    code, _, name = text.partition("=")
    is_state = name.endswith(STATE)
    name = name.removesuffix(STATE).strip()
    if not PARTY_CODE.fullmatch(code) or not name:
        allowed = 'CODE="Name" with a code of small letters, digits and _; with ,state for one'
        raise InputError("--party", text, allowed)
    return Party(code, {LANGUAGES[0]: name}, is_state)


def _text(order: NewTheatre, geodata: Path) -> str:
    bounds = order.bounds or box_of(geodata / WORLD_REGIONS.file, order.countries)
    names = _names(order, geodata)
    lines = [
        f"zone = {_quoted(order.zone or _only_zone(order.countries))}",
        f"countries = {_list(order.countries)}",
        f"languages = {_list(order.languages)}",
        f"bounds = [{', '.join(map(str, bounds))}]  # west, south, east, north in degrees",
        "",
        "[name]",
        *(f"{language} = {_quoted(name)}" for language, name in names.items()),
    ]
    for party in order.parties:
        lines += ["", "[[party]]", f"code = {_quoted(party.code)}"]
        lines += [f"{language} = {_quoted(name)}" for language, name in party.names.items()]
        lines += ["state = true"] if party.state else []
    return "\n".join(lines) + "\n"


def _only_zone(countries: Sequence[str]) -> str:
    zones = zones_of(countries)
    if len(zones) != 1:
        raise InputError("zone", "nothing", f"one of {', '.join(zones) or 'the IANA time zones'}")
    return zones[0]


def _names(order: NewTheatre, geodata: Path) -> Mapping[str, str]:
    """Name the theatre after its countries, in English and in its languages that have names."""
    path = (geodata / WORLD_REGIONS.file).with_name("admin0.parquet")
    languages = tuple(dict.fromkeys((LANGUAGES[0], *order.languages)))
    known = [one for one in languages if f"name_{one}" in pq.read_schema(path).names]
    rows = pq.read_table(path, columns=["code", *(f"name_{one}" for one in known)]).to_pylist()
    by_code = {row["code"]: row for row in rows}
    return {
        language: ", ".join(by_code[code][f"name_{language}"] or code for code in order.countries)
        for language in known
    }


def _quoted(text: str) -> str:
    """Write a text as a basic string of TOML, whose escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _list(texts: Sequence[str]) -> str:
    return f"[{', '.join(map(_quoted, texts))}]"
