"""What there is to read by address: collections with their extents, and the tiles over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

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
    """One collection as it is described: without its links, which are HTTP's."""

    name: str
    title: str
    description: str
    extent: Mapping[str, Any]
    credits: tuple[str, ...]


def describe(query: Query, name: str) -> Collection:
    """Describe a collection in the View's language, with what its audience gets of it."""
    makers = {"incidents": _incidents, "control": _control, "frontline": _control}
    extent, credits = makers.get(name, _regions)(query)
    title, description = query.words[f"collection_{name}"], query.words[f"collection_{name}_about"]
    return Collection(name, title, description, extent, credits)


Extent = tuple[dict[str, Any], tuple[str, ...]]


def _extent(box: list[float], first: str | None, last: str | None) -> dict[str, Any]:
    return {
        "spatial": {"bbox": [box], "crs": CRS84},
        "temporal": {"interval": [[first, last]], "trs": GREGORIAN},
    }


def _incidents(query: Query) -> Extent:
    """Bound what may be drawn; what is withheld or known only to a region bounds nothing."""
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
    """Write a bound as the standard's schema wants it: it has no days, only instants."""
    return f"{day}T00:00:00Z"


def _control(query: Query) -> Extent:
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


def _regions(query: Query) -> Extent:
    return _extent(list(query.theatre.bounds), None, None), ()
