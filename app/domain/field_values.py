"""Writers of those parts of a record that are not a plain attribute."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from typing import Literal

import msgspec

from app.domain.answer import JsonObject
from app.domain.count import Count, Toll
from app.domain.field import FieldWriter
from app.domain.incident import Incident
from app.domain.instants import rfc3339
from app.domain.source import has_other_scheme, without_other_schemes


@lru_cache(maxsize=4096)  # many records share a day
def moment_text(value: datetime | date | None) -> str | None:
    """Write a time in UTC, or a day, in ISO form."""
    if isinstance(value, datetime):
        return rfc3339(value)
    return None if value is None else str(value)


def lon(incident: Incident) -> float | None:
    """Write the longitude in degrees (WGS 84)."""
    point = incident.place.point
    return None if point is None else point.lon


def lat(incident: Incident) -> float | None:
    """Write the latitude in degrees (WGS 84)."""
    point = incident.place.point
    return None if point is None else point.lat


def when_precision(incident: Incident) -> str | None:
    """Write how fine a day is; a time needs no word for it."""
    when = incident.when
    return when.precision.value if when.first and not when.start else None


def item_list(name: Literal["damage", "claims", "sources"]) -> FieldWriter:
    """Return the writer of a list of nested values."""
    return lambda incident: list(msgspec.to_builtins(getattr(incident, name))) or None


def damage_of_region(incident: Incident) -> list[dict[str, str]]:
    """Leave out names and kinds of objects: they tell where it was."""
    return [{"sector": one.sector, "grade": one.grade.value} for one in incident.damage]


def web_sources(incident: Incident) -> list[JsonObject]:
    """Write the sources; an address that is not of the web is left out."""
    return [msgspec.to_builtins(without_other_schemes(one)) for one in incident.sources]


def web_claims(incident: Incident) -> list[JsonObject]:
    """Write the claims; an address that is not of the web is left out."""
    return [
        msgspec.to_builtins(
            msgspec.structs.replace(claim, url=None) if has_other_scheme(claim.url) else claim
        )
        for claim in incident.claims
    ]


def unnamed_sources(incident: Incident) -> list[dict[str, str]]:
    """Count the sources without naming any: a town's own channel names the town."""
    return [{} for _ in incident.sources]


def party(incident: Incident) -> str | None:
    """Write the party to which a source attributes the strike."""
    return None if incident.attributed_to is None else incident.attributed_to.party


def confidence(incident: Incident) -> str | None:
    """Write how sure the attribution is."""
    by = incident.attributed_to
    return None if by is None else by.confidence.value


def attribution(incident: Incident) -> dict[str, str] | None:
    """Write the party and the confidence together, as answers have them."""
    by = incident.attributed_to
    return None if by is None else {"party": by.party, "confidence": by.confidence.value}


def toll_values(toll: Toll) -> JsonObject | None:
    """Return a toll as values from which the parser makes an equal toll.

    Kinds that only repeat the total are left out: they would contradict a corrected total.
    """
    is_plain = not (toll.civilian.is_known or toll.military.is_known)
    names = () if is_plain and toll.unknown == toll.total else ("civilian", "military", "unknown")
    kinds = {name: bounds for name in names if (bounds := _bounds(getattr(toll, name)))}
    out: JsonObject = {**(_bounds(toll.total) or {})}
    if kinds:
        out["by_kind"] = kinds
    if child := _bounds(toll.child):
        out["child"] = child
    return out or None


def _bounds(count: Count) -> dict[str, int] | None:
    bounds = {"low": count.low, "best": count.best, "high": count.high}
    return {name: value for name, value in bounds.items() if value is not None} or None


def toll_answer(toll: Toll) -> JsonObject | None:
    """Write a toll with all bounds and kinds; None when no part of it is known."""
    if not toll.total.is_known:
        return None
    whole = {"low": toll.total.low, "best": toll.total.best, "high": toll.total.high}
    kinds = {
        name: {"low": count.low, "best": count.best, "high": count.high}
        for name in ("civilian", "military", "unknown")
        if (count := getattr(toll, name)).is_known
    }
    out: JsonObject = {**whole, "by_kind": kinds}
    if toll.child.is_known:
        out["child"] = {"low": toll.child.low, "best": toll.child.best, "high": toll.child.high}
    return out
