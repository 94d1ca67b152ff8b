"""Incidents with any values, for laws, and their fields as the native formats write them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from app.domain.count import Count, Toll
from app.domain.damage import Damage, Grade
from app.domain.incident import (
    Attribution,
    Confidence,
    Incident,
    Mechanism,
    Status,
    incident_id,
)
from app.domain.period import When, WhenPrecision
from app.domain.place import LonLat, Place, Precision
from app.domain.source import Claim, SourceRef
from tests.strategies import days, points, tolls
from tests.support import feature, point, reference

DATASET = "test"
ZONES = st.sampled_from(["Etc/GMT+8", "Europe/Kyiv", "Asia/Kathmandu"])
WORDS = (
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)
    .map(str.strip)
    .filter(bool)
)
MAYBE = st.none() | WORDS
NUMBERS = st.none() | st.integers(0, 2**31 - 1)
INSTANTS = st.datetimes(datetime(1950, 1, 2), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  the zone is added
PARTIES = ("orra", "tarn", "mirel")


@st.composite
def _whens(draw: st.DrawFn) -> When:
    zone, text = draw(ZONES), draw(MAYBE)
    kind = draw(st.sampled_from(["undated", "days", "instants"]))
    if kind == "instants":
        start, end = sorted(draw(st.tuples(INSTANTS, INSTANTS)))
        return When.instants(start, end, zone, text=text)
    if kind == "undated":
        return When.days(None, text=text, zone=zone)
    first, last = sorted(draw(st.tuples(days, days)))
    precision = draw(st.sampled_from(WhenPrecision))
    return When.days(first, last, precision=precision, text=text, zone=zone)


@st.composite
def _places(draw: st.DrawFn) -> Place:
    at: LonLat | None = draw(st.none() | points)
    return Place.at(
        at,
        draw(st.sampled_from(Precision)),
        error_m=draw(NUMBERS),
        name=draw(MAYBE),
        country=draw(st.sampled_from([None, "XE"])),
        admin1=draw(st.sampled_from([None, "XE-01", "XE-08"])),
        admin2=draw(MAYBE),
    )


def _codes(codes: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(codes), unique=True, max_size=3).map(tuple)


_damages = st.builds(
    Damage,
    st.sampled_from(reference().taxonomy.sectors.codes),
    MAYBE,
    MAYBE,
    st.sampled_from(Grade),
    NUMBERS,
)
_claims = st.builds(Claim, WORDS, WORDS, MAYBE)
_sources = st.builds(
    SourceRef, MAYBE, MAYBE, st.none() | days, st.none() | INSTANTS, MAYBE, MAYBE, MAYBE
)


@st.composite
def _incidents(draw: st.DrawFn) -> Incident:
    """Build an incident that was imported (by its key) or typed in (by its id)."""
    key, typed = draw(WORDS), draw(st.none() | st.uuids())
    attribution = st.builds(Attribution, st.sampled_from(PARTIES), st.sampled_from(Confidence))
    return Incident(
        id=typed or incident_id(DATASET, key),
        dataset=DATASET,
        source_key=None if typed else key,
        when=draw(_whens()),
        place=draw(_places()),
        weapons=draw(_codes(reference().taxonomy.weapons.codes)),
        mechanism=draw(st.sampled_from(Mechanism)),
        attributed_to=draw(st.none() | attribution),
        killed=draw(tolls),
        injured=draw(tolls),
        damage=tuple(draw(st.lists(_damages, max_size=2))),
        claims=tuple(draw(st.lists(_claims, max_size=2))),
        sources=tuple(draw(st.lists(_sources.filter(_says_something), max_size=2))),
        status=draw(st.sampled_from(Status)),
        description=draw(MAYBE),
        graphic=draw(st.booleans()),
        public_after=draw(st.none() | INSTANTS),
        synthetic=True,
        wave=draw(MAYBE),
    )


def _says_something(source: SourceRef) -> bool:
    return source != SourceRef()


incidents = _incidents()


def as_feature(record: Incident) -> dict[str, Any]:
    """Write an incident as `/api/collections/incidents/items` does (docs/api.md)."""
    at = record.place.point
    return feature(as_properties(record), None if at is None else point(at.lon, at.lat))


def as_properties(record: Incident) -> dict[str, Any]:
    """Write the properties, with those that only an answer of the API has."""
    when, place, who = record.when, record.place, record.attributed_to
    start, end = when.start or when.first, when.end or when.last
    return {
        "id": str(record.id),
        "dataset": record.dataset,
        "source_key": record.source_key,
        "start": _text(start),
        "end": _text(end),
        "when_precision": when.precision.value,
        "when_text": when.text,
        "zone": when.zone,
        "place": place.name,
        "precision": place.precision.value,
        "error_m": place.error_m,
        "country": place.country,
        "region": {"admin1": place.admin1, "admin2": place.admin2},
        "weapons": list(record.weapons),
        "mechanism": record.mechanism.value,
        "attributed_to": who and {"party": who.party, "confidence": who.confidence.value},
        "killed": _toll(record.killed),
        "injured": _toll(record.injured),
        "damage": [_damage(one) for one in record.damage],
        "status": record.status.value,
        "sources": [_source(one) for one in record.sources],
        "claims": [{"by": one.by, "text": one.text, "url": one.url} for one in record.claims],
        "description": record.description,
        "graphic": record.graphic,
        "public_after": _text(record.public_after),
        "synthetic": record.synthetic,
        "wave": record.wave,
        "revision": 7,
        "recorded_at": "2026-01-01T00:00:00Z",
        "control": [],
    }


def as_cells(record: Incident) -> dict[str, str]:
    """Write an incident as a row of the native CSV."""
    values = as_properties(record)
    at, who = record.place.point, record.attributed_to
    cells: dict[str, object] = {
        name: values[name]
        for name in (
            *("id", "source_key", "start", "end", "when_precision", "when_text", "zone", "place"),
            *("precision", "error_m", "country", "mechanism", "status", "description"),
            *("graphic", "public_after", "synthetic", "wave"),
        )
    }
    cells |= {"lon": at and repr(at.lon), "lat": at and repr(at.lat)}
    cells |= {"admin1": record.place.admin1, "admin2": record.place.admin2}
    cells |= {"weapons": "|".join(record.weapons)}
    cells |= {"attributed_to": who and who.party}
    cells |= {"attributed_confidence": who and who.confidence.value}
    for toll in ("killed", "injured"):
        cells |= _flat_toll(toll, getattr(record, toll))
    for what, name in (("damage", "damage"), ("claim", "claims"), ("source", "sources")):
        for number, item in enumerate(values[name], 1):
            cells |= {f"{what}{number}_{key}": value for key, value in item.items()}
    return {name: "" if cell is None else str(cell) for name, cell in cells.items()}


def _text(value: object) -> str | None:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return None if value is None else str(value)


def _count(count: Count) -> dict[str, int | None]:
    tally = {"high_known": count.high, "known": int(count.is_known), "of": 1}
    return {"low": count.low, "best": count.best, "high": count.high, **tally}


def _toll(toll: Toll) -> dict[str, Any]:
    kinds = {kind: _count(getattr(toll, kind)) for kind in ("civilian", "military", "unknown")}
    return {**_count(toll.total), "by_kind": kinds, "child": _count(toll.child)}


def _flat_toll(name: str, toll: Toll) -> dict[str, object]:
    parts = {"": toll.total, "_child": toll.child}
    parts |= {f"_{kind}": getattr(toll, kind) for kind in ("civilian", "military", "unknown")}
    return {
        f"{name}{part}_{bound}": getattr(count, bound)
        for part, count in parts.items()
        for bound in ("low", "best", "high")
    }


def _damage(damage: Damage) -> dict[str, Any]:
    names = {"sector": damage.sector, "object_kind": damage.object_kind, "name": damage.name}
    return {**names, "grade": damage.grade.value, "count": damage.count}


def _source(source: SourceRef) -> dict[str, Any]:
    return {
        "publisher": source.publisher,
        "url": source.url,
        "published": _text(source.published),
        "retrieved": _text(source.retrieved),
        "archive_url": source.archive_url,
        "sha256": source.sha256,
        "upstream": source.upstream,
    }
