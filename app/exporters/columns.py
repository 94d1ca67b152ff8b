"""The table that all tabular formats write: its columns, their meaning, and its rows.

Names are those of the native CSV (`docs/formats.md`), so that a table can be imported again. Lists
of a record are JSON text, since they have different lengths.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import pyarrow as pa
import shapely

from app.domain.field import Field
from app.domain.fields import FIELDS
from app.exporters.about import ExportFeature, FieldNote, Properties

BOUNDS = ("low", "best", "high")
GEOMETRY = "geometry"
ARROW = {
    "text": pa.string(),
    "json": pa.string(),
    "day": pa.date32(),
    "whole": pa.int64(),
    "number": pa.float64(),
    "flag": pa.bool_(),
}


@dataclass(frozen=True)
class Column:
    """A column, and the function that reads its cells from the features of a batch."""

    note: FieldNote
    read: Callable[[Sequence[ExportFeature], Sequence[Properties]], list[object]]


Columns = tuple[Column, ...]


def _direct(name: str, kind: str, meaning: str, unit: str = "") -> Column:
    return Column(
        FieldNote(name, kind, meaning, unit),
        lambda _features, properties: [one[name] for one in properties],
    )


def _nested(outer: str, name: str, kind: str, meaning: str, as_name: str = "") -> Column:
    def read(_features: Sequence[ExportFeature], properties: Sequence[Properties]) -> list[object]:
        return [None if one[outer] is None else one[outer].get(name) for one in properties]

    return Column(FieldNote(as_name or f"{outer}_{name}", kind, meaning), read)


def _day(name: str, meaning: str) -> Column:
    def read(_features: Sequence[ExportFeature], properties: Sequence[Properties]) -> list[object]:
        days = np.array([one[name] for one in properties], "datetime64[D]")
        return days.tolist()  # type: ignore[no-any-return]

    return Column(FieldNote(name, "day", meaning), read)


def _coordinate(field: Field, place: int) -> Column:
    def read(features: Sequence[ExportFeature], _properties: Sequence[Properties]) -> list[object]:
        shapes = (one["geometry"] for one in features)
        return [None if shape is None else shape["coordinates"][place] for shape in shapes]

    return Column(FieldNote(field.name, "number", field.meaning, field.unit), read)


def _joined(name: str, meaning: str, parts: Callable[[Properties], Sequence[str]]) -> Column:
    def read(_features: Sequence[ExportFeature], properties: Sequence[Properties]) -> list[object]:
        return ["|".join(parts(one)) or None for one in properties]

    return Column(FieldNote(name, "text", f"{meaning}, separated by |"), read)


def _json_list(name: str, meaning: str) -> Column:
    def read(_features: Sequence[ExportFeature], properties: Sequence[Properties]) -> list[object]:
        return [
            msgspec.json.encode(one[name]).decode() if one[name] else None for one in properties
        ]

    return Column(FieldNote(name, "json", f"{meaning}, as JSON"), read)


def _toll(toll: str, harm: str) -> Iterator[Column]:
    whose = {
        "": ("people", None),
        "_civilian": ("civilians", "civilian"),
        "_military": ("soldiers", "military"),
        "_unknown": ("people of whom no kind is stated", "unknown"),
        "_child": ("children, a part of the total", "child"),
    }
    bounds = {"low": "at least", "best": "best estimate", "high": "at most"}
    for kind, (people, part) in whose.items():
        for bound, words in bounds.items():
            note = FieldNote(
                f"{toll}{kind}_{bound}", "whole", f"{people} {harm}: {words}", "people"
            )
            yield Column(note, _bound(toll, part, bound))


def _bound(
    toll: str, part: str | None, bound: str
) -> Callable[[Sequence[ExportFeature], Sequence[Properties]], list[object]]:
    def read(_features: Sequence[ExportFeature], properties: Sequence[Properties]) -> list[object]:
        counts = [one[toll] for one in properties]
        if part == "child":
            counts = [count and count.get(part) for count in counts]
        elif part is not None:
            counts = [count and count["by_kind"].get(part) for count in counts]
        return [count and count[bound] for count in counts]

    return read


def _control(name: str, kind: str, meaning: str, unit: str = "", of: str = "") -> Column:
    """Read a value of the first source of control; the column `control` has all sources."""

    def read(_features: Sequence[ExportFeature], properties: Sequence[Properties]) -> list[object]:
        return [one["control"][0][of or name] if one["control"] else None for one in properties]

    return Column(FieldNote(f"control_{name}", kind, meaning, unit), read)


def _source_urls(properties: Properties) -> list[str]:
    return [one["url"] for one in properties["sources"] if one.get("url")]


def _sectors(properties: Properties) -> list[str]:
    return list(dict.fromkeys(one["sector"] for one in properties["damage"]))


def _plain(field: Field) -> Columns:
    """Write a field by its kind: the columns of every field without a writer in OWN_COLUMNS."""
    name, meaning = field.name, field.meaning
    match field.kind:
        case "day":
            return (_day(name, meaning),)
        case "codes":
            return (_joined(name, meaning, lambda properties: properties[name]),)
        case "items":
            return (_json_list(name, meaning),)
        case "count":
            return tuple(_toll(name, name))
        case "text" | "whole" | "number" | "flag":
            return (_direct(name, field.kind, meaning, field.unit),)


def _id(field: Field) -> Columns:
    number = _direct("number", "whole", "its short number, as in /incidents/{number}")
    return (*_plain(field), number)


def _region(field: Field) -> Columns:
    how = "whether the region is stated, located, both, or in conflict"
    near = "a region's border lies within the place's error"
    return (
        _nested("region", "admin1", "text", field.meaning, "region"),
        _nested("region", "name", "text", "its name in the language asked for"),
        _nested("region", "how", "text", how),
        _nested("region", "near_border", "flag", near),
    )


def _damage(field: Field) -> Columns:
    return (_joined("sectors", "sectors that `damage` names", _sectors), *_plain(field))


def _sources(field: Field) -> Columns:
    return (_joined("source_urls", "addresses of the sources", _source_urls), *_plain(field))


OWN_COLUMNS: Mapping[str, Callable[[Field], Columns]] = {
    "id": _id,
    "lon": lambda field: (_coordinate(field, 0),),
    "lat": lambda field: (_coordinate(field, 1),),
    "region": _region,
    "attributed_to": lambda field: (
        _nested("attributed_to", "party", "text", field.meaning, field.name),
    ),
    "attributed_confidence": lambda field: (
        _nested("attributed_to", "confidence", "text", field.meaning, field.name),
    ),
    "damage": _damage,
    "sources": _sources,
}
"""Writers of fields that are more than one column, or that an answer has elsewhere."""

DERIVED_COLUMNS: Columns = (
    _control("source", "text", "the source of control asked for that day", of="control"),
    _control("status", "text", "status of the ground there by that source"),
    _control("controller", "text", "who held it by that source"),
    _control("valid_on", "text", "day of that source's snapshot"),
    _control("age_days", "whole", "how old the snapshot was that day", "days"),
    _control("distance_km", "number", "distance to that snapshot's front line", "kilometres"),
    _json_list("control", "every source of control for the place and day"),
    _joined(
        "merged_with",
        "ids of other datasets' records of the same strike",
        lambda properties: [one["id"] for one in properties["merged_with"]],
    ),
    _json_list("redacted", "parts of the text that the public does not see, each with the reason"),
    _direct("revision", "whole", "the revision in the ledger that this row is"),
    _direct("recorded_at", "text", "when that revision was recorded, UTC"),
)
"""What an answer has beside the incident's own fields."""


def columns(fields: Sequence[Field] = FIELDS) -> Columns:
    """Return the columns of all fields, in their order, then those that follow from the record."""
    own = (column for field in fields for column in OWN_COLUMNS.get(field.name, _plain)(field))
    return (*own, *DERIVED_COLUMNS)


def _grades(properties: Properties) -> list[str]:
    return [f"{one['sector']}: {one.get('grade', 'unknown')}" for one in properties["damage"]]


def _publishers(properties: Properties) -> list[str]:
    return [one["publisher"] for one in properties["sources"] if one.get("publisher")]


SHORT_COLUMNS: Mapping[str, Column] = {
    "damage": _joined("damage", "what was damaged: sector and grade", _grades),
    "sources": _joined("sources", "who reports it", _publishers),
}
"""Columns of lists as short texts: a table of attributes in a GIS has no room for JSON."""

EXPORT_COLUMNS = columns()
FLAT_COLUMNS = tuple(SHORT_COLUMNS.get(one.note.name, one) for one in EXPORT_COLUMNS)
NOTES: tuple[FieldNote, ...] = tuple(column.note for column in EXPORT_COLUMNS)


def schema(*, has_geometry: bool) -> pa.Schema:
    """Return the table's schema, with the meaning and unit of each column."""
    fields = [
        pa.field(
            note.name,
            ARROW[note.kind],
            metadata={"description": note.meaning, "unit": note.unit},
        )
        for note in NOTES
    ]
    if has_geometry:
        fields.append(pa.field(GEOMETRY, pa.binary()))
    return pa.schema(fields)


def record_batch(features: Sequence[ExportFeature], *, has_geometry: bool) -> pa.RecordBatch:
    """Turn features into rows of the table; a point becomes WKB, a missing point null."""
    properties = [one["properties"] for one in features]
    arrays = [
        pa.array(column.read(features, properties), ARROW[column.note.kind])
        for column in EXPORT_COLUMNS
    ]
    if has_geometry:
        arrays.append(pa.array(_points(features), pa.binary()))
    return pa.RecordBatch.from_arrays(arrays, schema=schema(has_geometry=has_geometry))


def _points(features: Sequence[ExportFeature]) -> np.ndarray:
    geometries = [one["geometry"] for one in features]
    has_point = np.array([shape is not None for shape in geometries], bool)
    out = np.full(len(geometries), None, object)
    if has_point.any():
        coordinates = np.array(
            [shape["coordinates"] for shape in geometries if shape is not None], float
        )
        out[has_point] = shapely.to_wkb(shapely.points(coordinates))
    return out
