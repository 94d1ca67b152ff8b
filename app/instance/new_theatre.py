"""Writes a new theatre from the world's reference data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import msgspec
import shapely

from app.domain.errors import InputError
from app.domain.languages import LANGUAGES
from app.domain.place import Bounds
from app.domain.slug import slug_of
from app.domain.store import Author
from app.instance.recorded_theatres import record_theatre, theatres_now
from app.instance.workspace import Workspace
from app.reference.recorded import RecordedTheatre
from app.reference.reference import Reference
from app.reference.regions import read_region_set
from app.reference.theatre import WORLD_REGIONS, Party, Theatre
from app.reference.theatre_file import (
    PARTY_CODE,
    SLUG,
    SLUG_ALLOWED,
    box_of,
    countries_with_regions,
    parse_theatre,
)
from app.reference.theatres import Theatres

STATE = ",state"
OUTLINE_PX = 300


@dataclass(frozen=True)
class NewTheatre:
    """What a person says of a new theatre; all else comes from reference data and defaults."""

    slug: str
    countries: tuple[str, ...]
    bounds: Bounds | None = None
    parties: tuple[Party, ...] = ()
    zone: str | None = None
    languages: tuple[str, ...] = LANGUAGES[:1]


def add_theatre(order: NewTheatre, workspace: Workspace, author: Author) -> Theatre:
    """Record a theatre, with the text of its file; a process that opens next has it.

    The text is read as the service reads it before it is written: it has no faults.

    Raises:
        InputError: the slug is in use, a country has no regions or is in another theatre, or its
            days can be of several zones and none is stated.
        InvalidTheatre: what was stated has other faults.
        StoreBusy: somebody added the same theatre meanwhile; nothing was written.
    """
    geodata = workspace.reference.folder
    _check(order, geodata, theatres_now(workspace))
    text = _text(order, workspace.reference)
    theatre = parse_theatre(text, order.slug, geodata)
    reason = f"added: {', '.join(order.countries)}"
    record_theatre(workspace, RecordedTheatre(order.slug, text), author, reason)
    return theatre


class Preview(msgspec.Struct, frozen=True):
    """What the theatre of a country gets from reference data, before anybody adds it."""

    code: str
    name: Mapping[str, str]
    slug: str
    theatre: str
    """The theatre that has the country already; empty without one."""

    regions: int
    region_languages: tuple[str, ...]
    zones: tuple[str, ...]
    bounds: Bounds
    outline: Sequence[Sequence[tuple[float, float]]]
    """The edges of its regions in degrees, coarse: a picture of some 300 pixels."""


def preview_of(country: str, workspace: Workspace) -> Preview:
    """Derive what the theatre of a country (ISO 3166-1 code) would be.

    Raises:
        InputError: no country of the world's reference data.
    """
    reference, file = workspace.reference, workspace.reference.folder / WORLD_REGIONS.file
    with_regions = countries_with_regions(file)
    if country not in with_regions:
        raise InputError("country", country, f"one of {', '.join(with_regions)}")
    theatres = theatres_now(workspace).by_slug
    regions = read_region_set(file, WORLD_REGIONS.id, (country,)).regions
    names, bounds = reference.countries.names[country], box_of(file, (country,))
    languages = {LANGUAGES[0], *(language for one in regions for language in one.names)}
    coarse = max(bounds.east - bounds.west, bounds.north - bounds.south) / OUTLINE_PX
    shapes = shapely.clip_by_rect([one.shape for one in regions], *bounds)
    parts = shapely.get_parts(shapely.simplify(shapes, coarse))
    rings = [shapely.get_coordinates(part.exterior) for part in parts if not part.is_empty]
    return Preview(
        country,
        names,
        slug_of(names[LANGUAGES[0]], country.lower()),
        next((slug for slug, one in theatres.items() if country in one.countries), ""),
        len(regions),
        tuple(language for language in LANGUAGES if language in languages),
        tuple(zones_of((country,))),
        bounds,
        [[(round(x, 3), round(y, 3)) for x, y in ring.tolist()] for ring in rings],
    )


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


def _text(order: NewTheatre, reference: Reference) -> str:
    bounds = order.bounds or box_of(reference.folder / WORLD_REGIONS.file, order.countries)
    names = _names(order, reference)
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


def _names(order: NewTheatre, reference: Reference) -> Mapping[str, str]:
    """Name the theatre after its countries, in each language: a reader may use any."""
    names = [reference.countries.names[code] for code in order.countries]
    return {language: ", ".join(one[language] for one in names) for language in LANGUAGES}


def _quoted(text: str) -> str:
    """Write a text as a basic string of TOML, whose escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _list(texts: Sequence[str]) -> str:
    return f"[{', '.join(map(_quoted, texts))}]"
