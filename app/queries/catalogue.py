"""The collections of OGC API Features, with their extents in space and time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from app.domain.answer import JsonObject
from app.domain.errors import NotShared
from app.domain.period import from_epoch_day
from app.domain.place import CRS84, E7
from app.domain.terms import Face
from app.publishing.publish import control_dataset, publish
from app.publishing.query import Query

GREGORIAN = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"
COLLECTIONS = ("incidents", "control", "frontline", "regions")


@dataclass(frozen=True)
class Collection:
    """The description of a collection, without its links: those belong to HTTP."""

    name: str
    title: str
    description: str
    extent: JsonObject
    credits: tuple[str, ...]


def describe(query: Query, name: str) -> Collection:
    """Describe a collection in the View's language; the extent is of what the audience may see."""
    makers = {"incidents": _incidents, "control": _control, "frontline": _control}
    extent, credits = makers.get(name, _regions)(query)
    title, description = query.words[f"collection_{name}"], query.words[f"collection_{name}_about"]
    return Collection(name, title, description, extent, credits)


_Extent = tuple[JsonObject, tuple[str, ...]]


def _extent(box: list[float], first: str | None, last: str | None) -> JsonObject:
    return {
        "spatial": {"bbox": [box], "crs": CRS84},
        "temporal": {"interval": [[first, last]], "trs": GREGORIAN},
    }


def _incidents(query: Query) -> _Extent:
    """Bound the marks; an incident that is withheld or known only by region has no part in it."""
    published = publish(query, Face.points)
    selection = published.select()
    box = list(query.theatre.bounds)
    marks = selection.drawable(published.filter)
    if len(marks):
        lon, lat = marks["lon_e7"] / E7, marks["lat_e7"] / E7
        box = [float(side) for side in (lon.min(), lat.min(), lon.max(), lat.max())]
    if not len(selection):
        return _extent(box, None, None), published.credits
    days = int(np.min(selection["day_first"])), int(np.max(selection["day_last"]))
    first, last = (from_epoch_day(day) for day in days)
    return _extent(box, _beginning(first), f"{last}T23:59:59Z"), published.credits


def _beginning(day: date) -> str:
    """Write a day as an instant: the standard's schema has no days."""
    return f"{day}T00:00:00Z"


def _control(query: Query) -> _Extent:
    box = list(query.theatre.bounds)
    try:
        dataset = control_dataset(query, Face.tiles)
    except NotShared:
        dataset = None
    if dataset is None:
        return _extent(box, None, None), ()
    days = query.state.control.days(dataset.slug, query.seq)
    first = _beginning(days[0]) if days else None
    return _extent(box, first, None), (dataset.credit,)


def _regions(query: Query) -> _Extent:
    return _extent(list(query.theatre.bounds), None, None), ()
