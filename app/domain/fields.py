"""An incident as named values, the same for forms, files and comparisons."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from app.domain.count import Count, Toll
from app.domain.incident import Incident
from app.domain.instants import rfc3339

INCIDENT_FIELDS = (
    *("id", "dataset", "source_key", "start", "end", "when_precision", "when_text", "zone"),
    *("lon", "lat", "precision", "error_m", "place", "country", "admin1", "admin2", "region"),
    *("weapons", "mechanism", "attributed_to", "attributed_confidence", "killed", "injured"),
    *("damage", "status", "sources", "claims", "description", "graphic", "public_after"),
    *("synthetic", "wave"),
)

_INCIDENT = msgspec.json.Decoder(Incident)

FIXED_FIELDS = ("id", "dataset", "source_key", "region", "synthetic")
"""Ids never change, `region` is written as admin1 and admin2, and `synthetic` is the dataset's."""

EDITABLE_FIELDS = tuple(name for name in INCIDENT_FIELDS if name not in FIXED_FIELDS)


def incident_values(incident: Incident) -> dict[str, Any]:
    """Return a record as the native fields that the parser reads; unknown values are left out."""
    when, place, by = incident.when, incident.place, incident.attributed_to
    point = place.point
    start, end = when.start or when.first, when.end or when.last
    values = {
        "start": _moment(start),
        "end": _moment(end),
        "when_precision": when.precision.value if when.first and not when.start else None,
        "when_text": when.text,
        "zone": when.zone,
        "lon": None if point is None else point.lon,
        "lat": None if point is None else point.lat,
        "precision": place.precision.value,
        "error_m": place.error_m,
        "place": place.name,
        "country": place.country,
        "admin1": place.admin1,
        "admin2": place.admin2,
        "weapons": list(incident.weapons) or None,
        "mechanism": incident.mechanism.value,
        "attributed_to": None if by is None else by.party,
        "attributed_confidence": None if by is None else by.confidence.value,
        "killed": _toll_values(incident.killed),
        "injured": _toll_values(incident.injured),
        "damage": list(msgspec.to_builtins(incident.damage)) or None,
        "claims": list(msgspec.to_builtins(incident.claims)) or None,
        "sources": list(msgspec.to_builtins(incident.sources)) or None,
        "status": incident.status.value,
        "description": incident.description,
        "graphic": incident.graphic,
        "public_after": _moment(incident.public_after),
        "wave": incident.wave,
    }
    return {name: value for name, value in values.items() if value is not None}


def _moment(value: Any) -> str | None:
    if isinstance(value, datetime):
        return rfc3339(value)
    return None if value is None else str(value)


def _toll_values(toll: Toll) -> dict[str, Any] | None:
    """Return a toll as values from which the parser makes an equal toll.

    Kinds that only repeat the total are left out: they would contradict a corrected total.
    """
    is_plain = not (toll.civilian.is_known or toll.military.is_known)
    names = () if is_plain and toll.unknown == toll.total else ("civilian", "military", "unknown")
    kinds = {name: bounds for name in names if (bounds := _bounds(getattr(toll, name)))}
    out: dict[str, Any] = {**(_bounds(toll.total) or {})}
    if kinds:
        out["by_kind"] = kinds
    if child := _bounds(toll.child):
        out["child"] = child
    return out or None


def _bounds(count: Count) -> dict[str, int] | None:
    bounds = {"low": count.low, "best": count.best, "high": count.high}
    return {name: value for name, value in bounds.items() if value is not None} or None


def changed_fields(before: bytes | None, after: bytes | None) -> list[str]:
    """List the native fields in which two revisions differ; none when one was erased."""
    if before is None or after is None:
        return []
    was, became = (incident_values(_INCIDENT.decode(one)) for one in (before, after))
    return [name for name in EDITABLE_FIELDS if was.get(name) != became.get(name)]
