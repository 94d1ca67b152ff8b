"""The fields of an incident: one table, from which every face of a record is built.

A face writes a field in its own way or, without one, in a general way by the field's kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from app.domain.answer import JsonObject
from app.domain.field import Field, FieldWriter
from app.domain.field_values import (
    attribution,
    confidence,
    damage_of_region,
    item_list,
    lat,
    lon,
    moment_text,
    party,
    toll_answer,
    toll_values,
    unnamed_sources,
    web_claims,
    web_sources,
    when_precision,
)
from app.domain.incident import Incident, decode_incident

FIELDS: tuple[Field, ...] = (
    Field("id", "the incident's id; it never changes", role="fixed", is_answered=False),
    Field(
        "dataset",
        "the dataset that tells it",
        answer=lambda incident: incident.dataset,
        role="fixed",
        of_region="whole",
    ),
    Field(
        "source_key",
        "the source's own id of the event",
        answer=lambda incident: incident.source_key,
        role="fixed",
    ),
    Field(
        "start",
        "beginning: a day, or a time in UTC where the hour is known",
        lambda incident: moment_text(incident.when.start or incident.when.first),
        of_region="whole",
    ),
    Field(
        "end",
        "end, likewise",
        lambda incident: moment_text(incident.when.end or incident.when.last),
        of_region="whole",
    ),
    Field(
        "first_day",
        "first day in the zone",
        answer=lambda incident: moment_text(incident.when.first),
        kind="day",
        role="derived",
        of_region="whole",
    ),
    Field(
        "last_day",
        "last day in the zone",
        answer=lambda incident: moment_text(incident.when.last),
        kind="day",
        role="derived",
        of_region="whole",
    ),
    Field(
        "when_precision",
        "minute, day, week, month, year or unknown",
        when_precision,
        lambda incident: incident.when.precision.value,
        of_region="whole",
    ),
    Field(
        "when_text",
        "the time in the source's own words",
        lambda incident: incident.when.text,
        needs_raw=True,
    ),
    Field(
        "zone", "the time zone of its days", lambda incident: incident.when.zone, of_region="whole"
    ),
    Field(
        "lon",
        "longitude; empty where the place is no point",
        lon,
        kind="number",
        unit="degrees, WGS 84",
        is_answered=False,
    ),
    Field(
        "lat",
        "latitude; empty where the place is no point",
        lat,
        kind="number",
        unit="degrees, WGS 84",
        is_answered=False,
    ),
    Field(
        "precision",
        "exact, street, settlement, admin2, admin1 or country",
        lambda incident: incident.place.precision.value,
        of_region=lambda _: "admin1",
    ),
    Field(
        "error_m",
        "the place lies within this radius",
        lambda incident: incident.place.error_m,
        kind="whole",
        unit="metres",
    ),
    Field("place", "the place's name", lambda incident: incident.place.name),
    Field(
        "country",
        "country as stated, ISO 3166-1",
        lambda incident: incident.place.country,
        of_region="whole",
    ),
    Field(
        "admin1",
        "region as stated, ISO 3166-2",
        lambda incident: incident.place.admin1,
        of_region="whole",
    ),
    Field("admin2", "district as stated, P-code", lambda incident: incident.place.admin2),
    Field("region", "region as stated or located, ISO 3166-2", role="fixed", is_answered=False),
    Field(
        "weapons",
        "weapon classes; empty: not stated",
        lambda incident: list(incident.weapons) or None,
        kind="codes",
        of_region="whole",
    ),
    Field(
        "kind",
        "strike, battle or other_harm (harm that the source does not call a strike)",
        lambda incident: incident.kind.value,
        of_region="whole",
    ),
    Field(
        "mechanism",
        "direct_hit, interception_debris or unknown",
        lambda incident: incident.mechanism.value,
        of_region="whole",
    ),
    Field(
        "attributed_to",
        "party that a source attributes it to",
        party,
        attribution,
        of_region="whole",
    ),
    Field(
        "attributed_confidence", "claimed, suspected or established", confidence, is_answered=False
    ),
    Field(
        "killed",
        "people killed: a number, or low, best and high, with by_kind and child",
        lambda incident: toll_values(incident.killed),
        lambda incident: toll_answer(incident.killed),
        kind="count",
        unit="people",
        of_region="whole",
    ),
    Field(
        "injured",
        "people injured: a number, or low, best and high, with by_kind and child",
        lambda incident: toll_values(incident.injured),
        lambda incident: toll_answer(incident.injured),
        kind="count",
        unit="people",
        of_region="whole",
    ),
    Field(
        "contradiction",
        "a source's figures whose bounds exclude each other, as stated; in no sum",
        lambda incident: incident.contradiction,
        of_region="whole",
    ),
    Field(
        "damage",
        "what was damaged: sector, object_kind, name, grade, count",
        item_list("damage"),
        kind="items",
        of_region=damage_of_region,
    ),
    Field(
        "status",
        "reported, corroborated, geolocated, verified, disputed or retracted",
        lambda incident: incident.status.value,
        of_region="whole",
    ),
    Field(
        "sources",
        "who reports it: publisher, url, published, retrieved, archive_url, …",
        item_list("sources"),
        web_sources,
        kind="items",
        of_region=unnamed_sources,
    ),
    Field(
        "claims",
        "who states what, beside the figures",
        item_list("claims"),
        web_claims,
        kind="items",
        needs_raw=True,
    ),
    Field(
        "description", "the source's text", lambda incident: incident.description, needs_raw=True
    ),
    Field(
        "graphic",
        "the sources show injured or dead people",
        lambda incident: incident.graphic,
        kind="flag",
        of_region="whole",
    ),
    Field(
        "public_after",
        "not for the public before this time",
        lambda incident: moment_text(incident.public_after),
        of_region="whole",
    ),
    Field(
        "synthetic",
        "invented data",
        answer=lambda incident: incident.synthetic,
        kind="flag",
        role="fixed",
        of_region="whole",
    ),
    Field(
        "wave",
        "the night's attack it belongs to",
        lambda incident: incident.wave,
    ),
)

INCIDENT_FIELDS = tuple(one.name for one in FIELDS if one.role != "derived")

EDITABLE_FIELDS = tuple(one.name for one in FIELDS if one.role == "editable")


def in_values(fields: Sequence[Field]) -> tuple[Field, ...]:
    """Order fields as the native values of a record have always been written."""
    ordered = _moved(_moved(fields, "claims", before="sources"), "status", before="description")
    return tuple(one for one in ordered if one.value is not None)


def in_answers(fields: Sequence[Field]) -> tuple[Field, ...]:
    """Order fields as answers have always written them."""
    return tuple(one for one in _moved(fields, "place", before="precision") if one.is_answered)


def _moved(fields: Sequence[Field], name: str, *, before: str) -> list[Field]:
    out = [one for one in fields if one.name != name]
    at = [one.name for one in out].index(before)
    return [*out[:at], *(one for one in fields if one.name == name), *out[at:]]


_IN_VALUES = in_values(FIELDS)


def incident_values(incident: Incident, fields: Sequence[Field] = _IN_VALUES) -> dict[str, Any]:
    """Return a record as the native fields that the parser reads; unknown values are left out."""
    return {
        field.name: value
        for field in fields
        if field.value is not None and (value := field.value(incident)) is not None
    }


@cache
def answer_writers(
    *, is_whole: bool, is_region_only: bool, fields: tuple[Field, ...] = FIELDS
) -> tuple[tuple[str, FieldWriter], ...]:
    """Return the name and the writer of each property of an answer, in order.

    `is_whole`: the reader may read the source's texts; `is_region_only`: of the place the reader
    may know the region alone.
    """
    return tuple(
        (field.name, field.answer_writer(is_whole=is_whole, is_region_only=is_region_only))
        for field in in_answers(fields)
    )


def answer_values(incident: Incident, writers: Iterable[tuple[str, FieldWriter]]) -> JsonObject:
    """Return a record as the properties of an answer."""
    return {name: write(incident) for name, write in writers}


def changed_fields(before: bytes | None, after: bytes | None) -> list[str]:
    """List the native fields in which two revisions differ; none when one was erased."""
    if before is None or after is None:
        return []
    was, became = (incident_values(decode_incident(one)) for one in (before, after))
    return [name for name in EDITABLE_FIELDS if was.get(name) != became.get(name)]
