"""The properties of incidents in an answer: which there are, some of them, or as a flat table."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from app.domain.answer import JsonObject
from app.domain.field import FieldKind
from app.domain.fields import FIELDS, in_answers
from app.exporters.columns import FLAT_COLUMNS

_TEXT, _OBJECT, _OBJECTS = (
    {"type": "string"},
    {"type": "object"},
    {"type": "array", "items": {"type": "object"}},
)
_WHOLE = {"type": "integer", "minimum": 0}
KIND_SCHEMAS: Mapping[FieldKind | str, JsonObject] = {
    "text": _TEXT,
    "json": _TEXT,
    "whole": _WHOLE,
    "number": {"type": "number"},
    "day": {"type": "string", "format": "date"},
    "flag": {"type": "boolean"},
    "codes": {"type": "array", "items": _TEXT},
    "items": _OBJECTS,
    "count": _OBJECT,
}
"""What a property of each kind is in JSON, where it is known; null where it is not."""

BESIDE_FIELDS: Mapping[str, JsonObject] = {
    "id": {**_TEXT, "format": "uuid", "title": "the incident's id; it never changes"},
    "number": {**_WHOLE, "title": "its short number, as in /incidents/{number}"},
    "region": {**_OBJECT, "title": "region as stated or located: admin1, admin2, name, how"},
    "revision": {**_WHOLE, "title": "the revision in the ledger that this is"},
    "recorded_at": {**_TEXT, "format": "date-time", "title": "when that revision was recorded"},
    "control": {**_OBJECTS, "title": "who held the ground that day, by each source"},
    "merged_with": {**_OBJECTS, "title": "other datasets' records of the same strike"},
    "redacted": {**_OBJECTS, "title": "parts of the text that the public does not see"},
}
"""What an answer has beside the incident's own fields."""


def property_schemas(*, is_flat: bool) -> dict[str, JsonObject]:
    """Describe the properties of incidents, by name, as JSON Schema."""
    if is_flat:
        notes = [column.note for column in FLAT_COLUMNS]
        return {note.name: _titled(note.kind, note.meaning, note.unit) for note in notes}
    own = {one.name: _titled(one.kind, one.meaning, one.unit) for one in in_answers(FIELDS)}
    own["attributed_to"] = {**own["attributed_to"], **_OBJECT}
    return {**own, **BESIDE_FIELDS}


def _titled(kind: FieldKind | str, meaning: str, unit: str) -> JsonObject:
    return {**KIND_SCHEMAS[kind], "title": f"{meaning} ({unit})" if unit else meaning}


def flat_features(features: Sequence[JsonObject]) -> list[JsonObject]:
    """Write the properties of incidents as the columns of an export, for a table of a GIS.

    The geometry must still be in degrees: `lon` and `lat` are read from it.
    """
    properties = [one["properties"] for one in features]
    names = [column.note.name for column in FLAT_COLUMNS]
    cells = [column.read(features, properties) for column in FLAT_COLUMNS]
    return [
        {**feature, "properties": dict(zip(names, row, strict=True))}
        for feature, row in zip(features, zip(*cells, strict=True), strict=False)
    ]


def with_properties(features: Sequence[JsonObject], names: Collection[str]) -> list[JsonObject]:
    """Leave in features only the properties of these names."""
    return [
        {
            **feature,
            "properties": {
                name: value for name, value in feature["properties"].items() if name in names
            },
        }
        for feature in features
    ]
