"""The properties of incidents that a filter may use, as their audience gets them, by column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from app.domain.answer import JsonObject
from app.domain.count import TOLLS
from app.domain.place import CRS84, E7, Precision
from app.index.columns import KINDS_OF_EVENT, PRECISIONS, STATUSES
from app.index.select import Selection, is_of_kind
from app.publishing.publish import Published
from app.rows import BOUNDS, EVENT_KINDS, GRAPHIC, KINDS, NEVER, NO_COUNT, NOWHERE, SYNTHETIC


class PropertyValues(NamedTuple):
    """A property of every row: numbers, or indices into `words`, and which of them are known."""

    kind: str
    data: np.ndarray
    is_known: np.ndarray
    words: Sequence[str] = ()


Read: TypeAlias = "Callable[[SelectedRows], PropertyValues]"


@dataclass(frozen=True, eq=False)
class Queryable:
    """A property that a filter may use: its JSON schema, and how to read it from the columns."""

    schema: JsonObject
    read: Read


@dataclass(frozen=True, eq=False)
class SelectedRows:
    """The rows of a selection as their audience gets them; a quiet row shows its region only."""

    published: Published
    selection: Selection
    quiet: np.ndarray
    crs: str = CRS84
    """The reference system of the shapes in the filter."""

    def column(self, name: str) -> np.ndarray:
        """Return a column of the selection's rows."""
        return self.selection[name]


def _words(
    name: str, words: Callable[[SelectedRows], Sequence[str]], *, hidden: str | None = None
) -> Read:
    """Read a column of indices into a list of words; a quiet row gets `hidden` instead."""

    def read(rows: SelectedRows) -> PropertyValues:
        values, data = list(words(rows)), rows.column(name).astype(np.int64)
        if hidden is not None:
            data = np.where(rows.quiet, values.index(hidden), data)
        return PropertyValues("text", data, data >= 0, values)

    return read


def _whole(
    name: str, *, unknown: int = NO_COUNT, is_place: bool = False, kind: str = "number"
) -> Read:
    def read(rows: SelectedRows) -> PropertyValues:
        data = rows.column(name)
        is_known = data != unknown
        return PropertyValues(kind, data, is_known & ~rows.quiet if is_place else is_known)

    return read


def _flag(bit: int) -> Read:
    def read(rows: SelectedRows) -> PropertyValues:
        data = (rows.column("flags") & np.uint8(bit)) != 0
        return PropertyValues("flag", data, np.ones(len(data), bool))

    return read


def _codes(name: str) -> Read:
    def read(rows: SelectedRows) -> PropertyValues:
        data = rows.column(name).astype(np.uint32)
        codes = getattr(rows.published.reference.taxonomy, name).codes
        return PropertyValues("list", data, data != 0, codes)

    return read


def _event_kind(rows: SelectedRows) -> PropertyValues:
    flags = rows.column("flags")
    data = np.zeros(len(flags), np.int64)
    for number, bits in enumerate(EVENT_KINDS):
        data[is_of_kind(flags, (bits,))] = number
    return PropertyValues("text", data, np.ones(len(data), bool), KINDS_OF_EVENT)


def _points(rows: SelectedRows) -> PropertyValues:
    has_mark = np.concatenate(
        [places < segment.marks for segment, places in rows.selection.parts] or [np.empty(0, bool)]
    )
    at = np.stack([rows.column("lon_e7"), rows.column("lat_e7")], axis=1) / E7
    return PropertyValues("geometry", at, has_mark & ~rows.quiet)


def _regions(rows: SelectedRows) -> Sequence[str]:
    return [region.code for _, region in rows.published.reference.regions(1)]


_TEXT, _WHOLE, _FLAG = {"type": "string"}, {"type": "integer", "minimum": 0}, {"type": "boolean"}
_DAY = {"type": "string", "format": "date"}
_CODES = {"type": "array", "items": _TEXT}
PROPERTIES: dict[str, Queryable] = {
    "geometry": Queryable(
        {"format": "geometry-point", "title": "place, null where only a region is known"}, _points
    ),
    "number": Queryable({**_WHOLE, "title": "short number"}, _whole("number")),
    "dataset": Queryable(
        {**_TEXT, "title": "dataset"},
        _words("dataset", lambda rows: rows.published.state.tables.datasets),
    ),
    "first_day": Queryable(
        {**_DAY, "title": "first day"}, _whole("day_first", unknown=NEVER, kind="day")
    ),
    "last_day": Queryable(
        {**_DAY, "title": "last day"}, _whole("day_last", unknown=NOWHERE, kind="day")
    ),
    "status": Queryable(
        {**_TEXT, "title": "how far it was checked"}, _words("status", lambda _: STATUSES)
    ),
    "kind": Queryable({**_TEXT, "title": "strike, battle or other harm"}, _event_kind),
    "precision": Queryable(
        {**_TEXT, "title": "how finely the place is known"},
        _words("precision", lambda _: PRECISIONS, hidden=Precision.admin1.value),
    ),
    "error_m": Queryable(
        {**_WHOLE, "title": "radius of the place in metres"}, _whole("error_m", is_place=True)
    ),
    "region": Queryable(
        {**_TEXT, "title": "ISO 3166-2 code of the region it lies in"}, _words("region1", _regions)
    ),
    "weapons": Queryable({**_CODES, "title": "weapon classes"}, _codes("weapons")),
    "sectors": Queryable({**_CODES, "title": "sectors with damage"}, _codes("sectors")),
    **{
        f"{toll}{'' if kind == 'total' else '_' + kind}_{bound}": Queryable(
            {**_WHOLE, "title": f"{toll}, {kind}, {bound}"}, _whole(f"{toll}_{kind}_{bound}")
        )
        for toll in TOLLS
        for kind in KINDS
        for bound in BOUNDS
    },
    "graphic": Queryable({**_FLAG, "title": "sources show injured or dead people"}, _flag(GRAPHIC)),
    "synthetic": Queryable({**_FLAG, "title": "invented data"}, _flag(SYNTHETIC)),
}


def queryables(published: Published) -> JsonObject:
    """Describe the properties that a filter may use, as JSON schema."""
    values = {
        "dataset": [queryable.slug for queryable in published.datasets],
        "status": list(STATUSES),
        "kind": list(KINDS_OF_EVENT),
        "precision": list(PRECISIONS),
    }
    properties: JsonObject = {}
    for name, queryable in PROPERTIES.items():
        properties[name] = {
            **queryable.schema,
            **({"enum": values[name]} if values.get(name) else {}),
        }
    taxonomy = published.reference.taxonomy
    for name, terms in (("weapons", taxonomy.weapons), ("sectors", taxonomy.sectors)):
        properties[name]["items"] = {"type": "string", "enum": list(terms.codes)}
    return properties
