"""What there is to read by address: collections with their extents, and the tiles over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np

from app.domain.errors import NotShared
from app.domain.period import from_epoch_day
from app.domain.place import CRS84, E7
from app.domain.terms import Face
from app.domain.view import View
from app.i18n import strings
from app.index.build import Snapshot
from app.services.nearness import known_at
from app.services.publish import control_dataset, publish
from app.services.tiling import Tiler

GREGORIAN = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"
COLLECTIONS = ("incidents", "control", "frontline", "regions")


@dataclass(frozen=True)
class Listed:
    """One collection as it is described: without its links, which are HTTP's."""

    name: str
    title: str
    description: str
    extent: Mapping[str, Any]
    credits: tuple[str, ...]


def describe(tiler: Tiler, snapshot: Snapshot, view: View, name: str, now: datetime) -> Listed:
    """Describe a collection in the View's language, with what its audience gets of it."""
    words = strings(view.lang)
    makers = {"incidents": _incidents, "control": _control, "frontline": _control}
    extent, credits = makers.get(name, _regions)(tiler, snapshot, view, now)
    title, description = words[f"collection_{name}"], words[f"collection_{name}_about"]
    return Listed(name, title, description, extent, credits)


Extent = tuple[dict[str, Any], tuple[str, ...]]


def _extent(box: list[float], first: str | None, last: str | None) -> dict[str, Any]:
    return {
        "spatial": {"bbox": [box], "crs": CRS84},
        "temporal": {"interval": [[first, last]], "trs": GREGORIAN},
    }


def _theatre_box(tiler: Tiler, view: View) -> list[float]:
    return list(tiler.workspace.reference.theatres[view.theatre].bounds)


def _incidents(tiler: Tiler, snapshot: Snapshot, view: View, now: datetime) -> Extent:
    """Bound what may be drawn; what is withheld or known only to a region bounds nothing."""
    published = publish(tiler.workspace, snapshot, view, Face.points, now)
    selection = published.select()
    box = _theatre_box(tiler, view)
    drawn = selection.drawable(published.filter)
    if len(drawn):
        lon, lat = drawn["lon_e7"] / E7, drawn["lat_e7"] / E7
        box = [float(side) for side in (lon.min(), lat.min(), lon.max(), lat.max())]
    if not len(selection):
        return _extent(box, None, None), published.credits
    days = int(np.min(selection["day_first"])), int(np.max(selection["day_last"]))
    first, last = (from_epoch_day(day) for day in days)
    return _extent(box, _beginning(first), f"{last}T23:59:59Z"), published.credits


def _beginning(day: date) -> str:
    """Write a bound as the standard's schema wants it: it has no days, only instants."""
    return f"{day}T00:00:00Z"


def _control(tiler: Tiler, snapshot: Snapshot, view: View, _now: datetime) -> Extent:
    box = _theatre_box(tiler, view)
    try:
        dataset = control_dataset(tiler.workspace, snapshot, view, Face.tiles)
    except NotShared:
        dataset = None
    if dataset is None:
        return _extent(box, None, None), ()
    days = snapshot.control.days(dataset.slug, known_at(tiler.workspace, snapshot, view))
    first = _beginning(days[0]) if days else None
    return _extent(box, first, None), (dataset.credit,)


def _regions(tiler: Tiler, _snapshot: Snapshot, view: View, _now: datetime) -> Extent:
    return _extent(_theatre_box(tiler, view), None, None), ()
