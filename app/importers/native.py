"""Reads a record from nested values: shared by the project's own GeoJSON and CSV formats.

Field names are those of a feature's properties in `/api/collections/incidents/items`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.domain.control import Baseline, ControlArea, ControlStatus, Extent
from app.domain.count import NO_TOLL, UNKNOWN, Count, Toll
from app.domain.damage import Damage, Grade
from app.domain.errors import InvalidCount
from app.domain.field import Field
from app.domain.fields import FIELDS, INCIDENT_FIELDS
from app.domain.incident import (
    Attribution,
    Confidence,
    EventKind,
    Incident,
    Mechanism,
    Status,
    incident_id,
)
from app.domain.period import FIRST_DAY, LAST_DAY, When, WhenPrecision
from app.domain.place import LonLat, Place, Precision
from app.domain.revision import canonical
from app.domain.source import Claim, SourceRef
from app.files import parsing
from app.files.source import BadFieldError
from app.importers.base import Context

Reader = Callable[[parsing.Values, LonLat | None, Context], Any]
"""Reads a part of an incident from a row's values and its point."""


class Part(NamedTuple):
    """A part of an incident: the names of the values it is read from, and its reader."""

    names: tuple[str, ...]
    read: Reader


KEYS = {"id", "dataset", "source_key"}
"""Fields by which a record is known; they are read before its parts."""

DERIVED_FIELDS = (
    *("revision", "recorded_at", "control", "number", "merged_with", "redacted"),
    *(one.name for one in FIELDS if one.role == "derived"),
)
"""Fields that exports write and an import ignores."""

CONTROL_FIELDS = (
    *("valid_on", "controller", "status", "part", "extent", "region", "word", "citation"),
    *("assessed_at", "fetched_at", "includes", "note", "synthetic"),
)


def incident_from(values: parsing.Values, point: LonLat | None, context: Context) -> Incident:
    """Build an incident from nested values; an absent value is unknown.

    Raises:
        BadFieldError: a field that does not fit.
        InputError: a place, day or count that cannot be.
    """
    if point is None and not any(values.get(name) for name in INCIDENT_FIELDS):
        raise BadFieldError("row", "", "at least one field with a value")
    record_id = _id(values)
    key = None if record_id else parsing.text(values, "source_key") or parsing.text(values, "id")
    key = key if record_id else key or content_key(values, point)
    return Incident(
        id=record_id or incident_id(context.dataset, key or ""),
        dataset=context.dataset,
        source_key=key,
        **{name: part.read(values, point, context) for name, part in PARTS.items()},
    )


def content_key(values: parsing.Values, point: LonLat | None) -> str:
    """Make a key from the content of a record without one: other content is another record."""
    whole = canonical([{name: str(values[name]) for name in sorted(values)}, str(point)])
    return "content-" + hashlib.sha256(whole).hexdigest()[:24]


def keep_when_text(values: dict[str, object], text: str, point: LonLat | None) -> None:
    """Keep how a source writes a time that is not read; the key is the same as without it."""
    if not values.get("when_text"):
        if not parsing.text(values, "source_key"):
            values["source_key"] = content_key(values, point)
        values["when_text"] = text


def _id(values: parsing.Values) -> UUID | None:
    """Read the id of a record that was entered by hand; None where the source has its own key."""
    value = values.get("id")
    if not value or values.get("source_key"):
        return None
    try:
        return UUID(str(value))
    except ValueError:
        return None


def when_from(values: parsing.Values, zone: str) -> When:
    """Read the time: days, or instants where the start has an hour; no hour is assumed."""
    zone = _zone(parsing.text(values, "zone") or zone)
    start, end = parsing.text(values, "start"), parsing.text(values, "end")
    when_text = parsing.text(values, "when_text")
    if start is None:
        if end is not None:
            raise BadFieldError("start", "", "needed when there is an end")
        return When.days(None, text=when_text, zone=zone)
    if len(start) > parsing.DAY_LENGTH:
        first = parsing.instant(start, "start")
        last = None if end is None else parsing.instant(end, "end")
        try:
            return When.instants(_required_instant(first), last, zone, text=when_text)
        except OverflowError as wrong:
            raise BadFieldError("start", start, f"{FIRST_DAY} to {LAST_DAY}") from wrong
    precision = parsing.one_of(
        WhenPrecision, values.get("when_precision"), WhenPrecision.day, "when_precision"
    )
    return When.days(
        parsing.iso_day(start, "start"),
        None if end is None else _last_day(end, zone),
        precision=precision,
        text=when_text,
        zone=zone,
    )


@lru_cache(maxsize=1024)
def _zone(name: str) -> str:
    """Check that a time zone exists."""
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as wrong:
        allowed = "an IANA time zone, such as Europe/Kyiv"
        raise BadFieldError("zone", name, allowed) from wrong


def _last_day(text: str, zone: str) -> date:
    """Read the end of a period whose start is a day; an instant gives its local day."""
    if len(text) <= parsing.DAY_LENGTH:
        return parsing.iso_day(text, "end")
    try:
        return _required_instant(parsing.instant(text, "end")).astimezone(ZoneInfo(zone)).date()
    except OverflowError as wrong:
        raise BadFieldError("end", text, f"{FIRST_DAY} to {LAST_DAY}") from wrong


def _required_instant(value: datetime | None) -> datetime:
    if value is None:
        raise BadFieldError("start", "", "a time with its offset")
    return value


def _place(values: parsing.Values, point: LonLat | None, context: Context) -> Place:
    stated = values.get("region") or {}
    stated = stated if isinstance(stated, dict) else {"admin1": stated}
    # If `admin1` is there too, `region` is the region that an export computed from the point, not
    # the one that the source states. Without the point nobody can compute it again.
    if point is not None or values.get("admin1"):
        stated = {name: code for name, code in stated.items() if name not in values}
    admin1 = parsing.text(values, "admin1") or parsing.text(stated, "admin1")
    precision = values.get("precision") or ""
    if precision == "" and point is not None:
        raise BadFieldError(
            "precision", "", f"one of {', '.join(Precision)}: how fine the point is"
        )
    return Place.at(
        point,
        parsing.one_of(
            Precision, precision, Precision.admin1 if admin1 else Precision.country, "precision"
        ),
        error_m=parsing.whole(values.get("error_m"), "error_m"),
        name=parsing.text(values, "place"),
        country=parsing.text(values, "country"),
        admin1=region_code(admin1, context),
        admin2=parsing.text(values, "admin2") or parsing.text(stated, "admin2"),
    )


def region_code(code: str | None, context: Context) -> str | None:
    """Return an ISO 3166-2 code; a P-code of the theatre is translated into it."""
    return None if code is None else context.iso_by_pcode.get(code, code)


def _attribution(values: parsing.Values, context: Context) -> Attribution | None:
    value = values.get("attributed_to")
    if not value:
        return None
    nested = value if isinstance(value, Mapping) else {"party": value}
    party = parsing.text(nested, "party") or ""
    _check_party(party, "attributed_to", context)
    confidence = nested.get("confidence", values.get("attributed_confidence"))
    return Attribution(
        party, parsing.one_of(Confidence, confidence, Confidence.claimed, "attributed_confidence")
    )


def _check_party(code: str, name: str, context: Context) -> None:
    parties = [party.code for party in context.theatre.party]
    if code not in parties:
        raise BadFieldError(name, code, f"one of {', '.join(parties)}")


def toll_from(value: object, name: str) -> Toll:
    """Read a toll: a number, a range {low, best, high}, or one with by_kind and child."""
    if value is None or value in ("", {}):
        return NO_TOLL
    if not isinstance(value, dict):
        return Toll.of(Count.exactly(_number(value, name)))
    kinds = value.get("by_kind") or {}
    if not isinstance(kinds, dict):
        raise BadFieldError(f"{name}.by_kind", kinds, "civilian, military, unknown")
    if not kinds and "child" not in value:
        count = count_from(value, name)
        return Toll.of(count) if count.is_known else NO_TOLL
    toll = Toll.of(
        count_from(value, name),
        civilian=count_from(kinds.get("civilian"), f"{name}.civilian"),
        military=count_from(kinds.get("military"), f"{name}.military"),
        unknown=count_from(kinds.get("unknown"), f"{name}.unknown"),
        child=count_from(value.get("child"), f"{name}.child"),
    )
    return NO_TOLL if toll == NO_TOLL else toll  # one value for "unknown", however it is written


def count_from(value: object, name: str) -> Count:
    """Read a range, or an exact number; unknown for an empty value."""
    if value is None or value == "":
        return UNKNOWN
    if not isinstance(value, dict):
        return Count.exactly(_number(value, name))
    low = parsing.whole(value.get("low"), f"{name}.low")
    best = parsing.whole(value.get("best"), f"{name}.best")
    high = parsing.whole(value.get("high"), f"{name}.high")
    if low is None and best is None and high is None:
        return UNKNOWN
    try:
        return Count(low, best, high)
    except InvalidCount as wrong:
        got = f"low {low}, best {best}, high {high}".replace("None", "empty")
        raise BadFieldError(name, got, wrong.problem.allowed) from wrong


def _number(value: object, name: str) -> int:
    number = parsing.whole(value, name)
    if number is None:
        raise BadFieldError(name, value, "a whole number of people")
    return number


def _damage(item: parsing.Values, context: Context) -> Damage:
    sector = parsing.text(item, "sector") or "unknown"
    if sector not in context.taxonomy.sectors.bit:
        codes = ", ".join(context.taxonomy.sectors.codes)
        raise BadFieldError("damage.sector", sector, f"one of {codes}")
    return Damage(
        sector,
        parsing.text(item, "object_kind"),
        parsing.text(item, "name"),
        parsing.one_of(Grade, item.get("grade"), Grade.unknown, "damage.grade"),
        parsing.whole(item.get("count"), "damage.count"),
    )


def _claim(item: parsing.Values) -> Claim:
    by, statement = parsing.text(item, "by"), parsing.text(item, "text")
    if not by or not statement:
        raise BadFieldError("claims", dict(item), "each claim with `by` and `text`")
    return Claim(by, statement, parsing.text(item, "url"))


def _source(item: parsing.Values) -> SourceRef:
    published = parsing.text(item, "published")
    return SourceRef(
        parsing.text(item, "publisher"),
        parsing.text(item, "url"),
        None if published is None else parsing.iso_day(published, "sources.published"),
        parsing.instant(item.get("retrieved"), "sources.retrieved"),
        parsing.text(item, "archive_url"),
        parsing.text(item, "sha256"),
        parsing.text(item, "upstream"),
    )


def control_area(values: parsing.Values, shape: str | None, context: Context) -> ControlArea:
    """Build one control area: of a polygon (its SHA-256), or of a region without a polygon."""
    controller = parsing.text(values, "controller")
    if controller is None:
        raise BadFieldError("controller", "", "who holds the area, as a party's code")
    _check_party(controller, "controller", context)
    default = Extent.area if shape else Extent.part_of_region
    extent = parsing.one_of(Extent, values.get("extent"), default, "extent")
    region = region_code(parsing.text(values, "region"), context)
    if shape is None and region is None:
        raise BadFieldError("geometry", "", "a polygon, or a region code in `region`")
    return ControlArea(
        controller,
        parsing.one_of(ControlStatus, values.get("status"), ControlStatus.assessed, "status"),
        parsing.one_of(Baseline, values.get("part"), Baseline.main, "part"),
        extent,
        shape,
        None if shape else region,
        parsing.text(values, "word"),
        parsing.text(values, "citation"),
    )


OWN_PARTS: Mapping[str, Part] = {
    "weapons": Part(
        ("weapons",),
        lambda values, _, context: parsing.many(values, "weapons", context.taxonomy.weapons.bit),
    ),
    "when": Part(
        ("start", "end", "when_precision", "when_text", "zone"),
        lambda values, _, context: when_from(values, context.theatre.zone),
    ),
    "place": Part(
        ("lon", "lat", "precision", "error_m", "place", "country", "admin1", "admin2", "region"),
        _place,
    ),
    "mechanism": Part(
        ("mechanism",),
        lambda values, *_: parsing.one_of(
            Mechanism, values.get("mechanism"), Mechanism.unknown, "mechanism"
        ),
    ),
    "kind": Part(
        ("kind",),
        lambda values, *_: parsing.one_of(EventKind, values.get("kind"), EventKind.strike, "kind"),
    ),
    "attributed_to": Part(
        ("attributed_to", "attributed_confidence"),
        lambda values, _, context: _attribution(values, context),
    ),
    "killed": Part(("killed",), lambda values, *_: toll_from(values.get("killed"), "killed")),
    "injured": Part(("injured",), lambda values, *_: toll_from(values.get("injured"), "injured")),
    "damage": Part(
        ("damage",),
        lambda values, _, context: tuple(
            _damage(one, context) for one in parsing.items(values, "damage")
        ),
    ),
    "claims": Part(
        ("claims",), lambda values, *_: tuple(map(_claim, parsing.items(values, "claims")))
    ),
    "sources": Part(
        ("sources",), lambda values, *_: tuple(map(_source, parsing.items(values, "sources")))
    ),
    "status": Part(
        ("status",),
        lambda values, *_: parsing.one_of(Status, values.get("status"), Status.reported, "status"),
    ),
}
"""Parts of an incident that are read from several values, or from codes and lists."""

OWN_READERS: Mapping[str, Reader] = {
    "public_after": lambda values, *_: parsing.instant(values.get("public_after"), "public_after"),
    "synthetic": lambda values, _, context: parsing.flag(values, "synthetic") or context.synthetic,
}
"""Readers of fields of one value that need more than their kind."""


def _plain_reader(field: Field) -> Reader:
    """Read a field by its kind: the reader of every field without one of its own."""
    name = field.name
    match field.kind:
        case "text":
            return lambda values, *_: parsing.text(values, name)
        case "whole":
            return lambda values, *_: parsing.whole(values.get(name), name)
        case "flag":
            return lambda values, *_: parsing.flag(values, name)
        case "count":
            return lambda values, *_: toll_from(values.get(name), name)
        case kind:
            raise TypeError(f"{name}: a field of kind {kind} needs a reader of its own")


def parts(fields: Sequence[Field] = FIELDS) -> dict[str, Part]:
    """Return the reader of each part of an incident, in the order in which faults are reported.

    The part of a field without a reader of its own is the incident's attribute of the same name.
    """
    own = {name for part in OWN_PARTS.values() for name in part.names}
    plain = {
        field.name: Part((field.name,), OWN_READERS.get(field.name) or _plain_reader(field))
        for field in fields
        if field.role != "derived" and field.name not in own | KEYS
    }
    return {**OWN_PARTS, **plain}


PARTS = parts()
"""The reader of each part of an incident; the first part with a fault is reported."""
