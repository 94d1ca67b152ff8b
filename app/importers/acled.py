"""ACLED's event CSV: today's 31 columns, older forms, one row per pair of actors or per actor.

Strikes, battles and other harm are kept; protests and movements are out of scope. A file with a
row per actor gives one incident per event: its rows differ only in columns that are not read. See
`docs/formats.md`, section acled.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache

from app.domain.count import UNKNOWN, Count, Toll
from app.domain.incident import Attribution, EventKind, Incident, incident_id
from app.domain.period import When, WhenPrecision
from app.domain.place import Place, Precision
from app.domain.source import Claim, SourceRef
from app.files import parsing
from app.files.delimited import header_of
from app.files.source import BadFieldError, SourceFile
from app.importers import events
from app.importers.base import Context, Dropped, Outcome, ParsedRecord
from app.importers.header import Header

COLUMNS = {
    "event_id_cnty": "source_key",
    "event_date": "start",
    "year": "(kept in no field)",
    "time_precision": "when_precision",
    "disorder_type": "(kept in no field)",
    "event_type": "(scope), kind",
    "sub_event_type": "(scope), kind, weapons, claims",
    "actor1": "attributed_to",
    "assoc_actor_1": "(kept in no field)",
    "inter1": "(kept in no field)",
    "actor2": "(attribution)",
    "assoc_actor_2": "(kept in no field)",
    "inter2": "(kept in no field)",
    "interaction": "(attribution)",
    "civilian_targeting": "(scope)",
    "iso": "(kept in no field)",
    "region": "(kept in no field)",
    "country": "country",
    "admin1": "admin1",
    "admin2": "(kept in no field)",
    "admin3": "(kept in no field)",
    "location": "place",
    "latitude": "lat",
    "longitude": "lon",
    "geo_precision": "precision, error_m",
    "source": "sources",
    "source_scale": "(kept in no field)",
    "notes": "description",
    "fatalities": "killed.best",
    "tags": "(kept in no field)",
    "timestamp": "(kept in no field)",
}
HEADER = Header(
    COLUMNS,
    needed=(
        *("event_id_cnty", "event_date", "time_precision", "event_type", "sub_event_type"),
        *("longitude", "latitude", "geo_precision", "fatalities"),
    ),
    may_lack=frozenset({"actor2"}),  # a file with a row per actor has none
    older=frozenset(
        (
            *("data_id", "iso3", "event_id_no_cnty", "population_best"),
            *(f"population_{km}km" for km in (1, 2, 5)),
        )
    ),
)
READ = frozenset(name for name, of in COLUMNS.items() if of != "(kept in no field)")
NOTATIONS = (events.ISO, events.NAMED, events.DAY_FIRST)
HALF_WEEK = timedelta(days=3)
PLACES = {
    "1": (Precision.settlement, 5_000),
    "2": (Precision.admin2, 25_000),
    "3": (Precision.admin1, None),
}
CODES = ("sub_event_type", "geo_precision", "time_precision")
STRIKE, BATTLE, OTHER_HARM, IF_HARM = "strike", "battle", "other_harm", "if_harm"


class Acled:
    """Reads one export."""

    name = "acled"
    dataset = "acled"
    publisher = "ACLED"
    licence = "ACLED"

    def recognises(self, source: SourceFile) -> str | None:
        """Recognise the columns that no other format has together."""
        if {"event_id_cnty", "event_date", "sub_event_type"} <= set(header_of(source)[0]):
            return "columns event_id_cnty, event_date and sub_event_type of ACLED's export"
        return None

    def mapping(self, source: SourceFile) -> dict[str, str]:
        """Map the columns that the file has."""
        return HEADER.mapped(source)

    def read(self, source: SourceFile, context: Context) -> Iterator[Outcome]:
        """Yield one outcome per row.

        Raises:
            InvalidFile: a needed column is missing; new ones only warn.
        """
        yield from HEADER.guard(source)
        crosswalk = events.Crosswalk(context, "acled")
        yield from events.table_outcomes(
            source, lambda row, cells: _outcome(row, cells, crosswalk), READ
        )


def _outcome(row: int, cells: dict[str, str], crosswalk: events.Crosswalk) -> Outcome:
    kind = _kind(cells, crosswalk)
    if not isinstance(kind, EventKind):
        return Dropped(row, kind)
    return ParsedRecord(row, _incident(cells, kind, crosswalk))


def _kind(cells: dict[str, str], crosswalk: events.Crosswalk) -> EventKind | str:
    """Return the kind of an event, or why it is out of scope.

    Raises:
        BadFieldError: an event type that the crosswalk does not know.
    """
    event_type, sub_type = cells.get("event_type", ""), cells.get("sub_event_type", "")
    types, sub_types = crosswalk.tables["types"], crosswalk.tables["scope"]
    scope = sub_types.get(sub_type) or types.get(event_type)
    if scope is None:
        allowed = f"one of {', '.join(sub_types)}, or an event_type of {', '.join(types)}"
        raise BadFieldError("sub_event_type", sub_type, allowed)
    is_strike = scope in (STRIKE, IF_HARM)
    if scope == OTHER_HARM:
        is_strike = bool(crosswalk.word_in("weapons", cells.get("notes")))
    if scope == IF_HARM or (scope == OTHER_HARM and not is_strike):
        has_harm = cells.get("civilian_targeting") or _number(cells.get("fatalities"))
        if not has_harm:
            return "no_harm_reported"
    if is_strike:
        return EventKind.strike
    return EventKind(scope) if scope in (BATTLE, OTHER_HARM) else scope


def _number(text: str | None) -> int | None:
    return parsing.whole(text, "fatalities")


def _incident(cells: dict[str, str], kind: EventKind, crosswalk: events.Crosswalk) -> Incident:
    key, context = cells.get("event_id_cnty"), crosswalk.context
    if not key:
        allowed = "the event's id: without it, rows would be taken for one another"
        raise BadFieldError("event_id_cnty", "", allowed)
    return Incident(
        id=incident_id(context.dataset, key),
        dataset=context.dataset,
        source_key=key,
        when=_when(
            cells.get("event_date", ""), cells.get("time_precision", ""), context.theatre.zone
        ),
        place=_place(cells, crosswalk),
        kind=kind,
        weapons=_weapons(cells, crosswalk),
        attributed_to=_attribution(cells, crosswalk),
        killed=_killed(cells.get("fatalities")),
        claims=_claims(*(cells.get(name) for name in CODES)),
        sources=_sources(cells.get("source", "")),
        description=cells.get("notes"),
        synthetic=context.synthetic,
    )


def _weapons(cells: dict[str, str], crosswalk: events.Crosswalk) -> tuple[str, ...]:
    """Return the coarse class that a sub-event names; none for a sub-event that names none."""
    code = crosswalk.tables["weapon_of_sub_event"].get(cells.get("sub_event_type", ""))
    return (code,) if code else ()


@lru_cache(maxsize=4_096)
def _killed(text: str | None) -> Toll:
    killed = _number(text)
    return Toll.of(UNKNOWN if killed is None else Count(None, killed, None))


@lru_cache(maxsize=4_096)
def _claims(*codes: str | None) -> tuple[Claim, ...]:
    return events.coded("ACLED", **dict(zip(CODES, codes, strict=True)))


@lru_cache(maxsize=65_536)
def _when(text: str, code: str, zone: str) -> When:
    """Read the day with its precision; a week or a month becomes a span of days.

    Precision 3 means "middle of the week" in one codebook and "month" in another: the month is
    used, since it contains the week.
    """
    day = events.day(text, "event_date", NOTATIONS)
    if code == "1":
        return When.days(day, zone=zone)
    if code == "2":
        first, last, precision = day - HALF_WEEK, day + HALF_WEEK, WhenPrecision.week
    elif code == "3":
        first, last, precision = *_month(day), WhenPrecision.month
    else:
        raise BadFieldError("time_precision", code, "1 (day), 2 (week) or 3 (month)")
    return When.days(first, last, precision=precision, text=text, zone=zone)


def _month(day: date) -> tuple[date, date]:
    last = calendar.monthrange(day.year, day.month)[1]
    return day.replace(day=1), day.replace(day=last)


def _place(cells: dict[str, str], crosswalk: events.Crosswalk) -> Place:
    code = cells.get("geo_precision", "")
    if code not in PLACES:
        raise BadFieldError("geo_precision", code, "1 (town), 2 (near a town) or 3 (region)")
    precision, error_m = PLACES[code]
    point = events.point(cells)
    return Place.at(
        point,
        precision if point else Precision.admin1 if cells.get("admin1") else Precision.country,
        error_m=error_m if point else None,
        name=cells.get("location") if precision is not Precision.admin1 else None,
        country=crosswalk.country(cells.get("country")),
        admin1=crosswalk.region(cells.get("admin1")),
    )


def _attribution(cells: dict[str, str], crosswalk: events.Crosswalk) -> Attribution | None:
    """Attribute a strike to the first actor only where no other armed actor is named.

    The order of two armed actors has no meaning, and a file with a row per actor names only one
    of them in each row.
    """
    other, interaction = cells.get("actor2", ""), cells.get("interaction", "")
    is_alone = not other and (
        interaction.endswith("only") or interaction in crosswalk.tables["alone"]
    )
    if not is_alone and not other.startswith("Civilians"):
        return None
    party = crosswalk.party(cells.get("actor1"))
    return Attribution(party) if party else None


@lru_cache(maxsize=65_536)
def _sources(text: str) -> tuple[SourceRef, ...]:
    return tuple(SourceRef(name) for name in map(str.strip, text.split(";")) if name)
