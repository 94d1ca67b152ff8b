"""The preview of an import, small enough for a page: an even sample of its places."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.domain.control import ControlSnapshot
from app.domain.incident import decode_incident
from app.domain.place import E7
from app.domain.revision import Action, Subject
from app.domain.store import Store
from app.intake.planning import Planned

GeoJson = dict[str, Any]

MOST_FEATURES = 2000
FINEST_DEG, MOST_VERTICES = 0.001, 100_000
"""Areas of a preview are simplified from here on, ever coarser until they fit."""

_CONTROL = msgspec.json.Decoder(ControlSnapshot)


@dataclass
class PreviewBuilder:
    """Collects, change by change, what the preview of a plan shows.

    Of incidents it collects every n-th point; n doubles whenever there are too many, so that the
    sample is even over the file and the same each time. Of control it collects the newest day.
    """

    store: Store
    retracted: int = 0
    _points: list[tuple[Action, bytes]] = field(default_factory=list)
    _every: int = 1
    _with_point: int = 0
    _day: Planned | None = None
    _days: int = 0

    def add(self, planned: Planned) -> None:
        """Add one change."""
        change = planned.change
        self.retracted += change.action is Action.retract
        if change.subject is Subject.control:
            self._days += 1
            if self._day is None or change.key > self._day.change.key:
                self._day = planned
        elif planned.record.point:
            self._add_point(change.action, change.payload)

    def _add_point(self, action: Action, payload: bytes) -> None:
        if self._with_point % self._every == 0:
            self._points.append((action, payload))
            if len(self._points) > MOST_FEATURES:
                self._points = self._points[::2]
                self._every *= 2
        self._with_point += 1

    def geojson(self) -> GeoJson:
        """Write the sample as GeoJSON, with the number of all `points` and `days`."""
        features = [_point(action, payload) for action, payload in self._points[:MOST_FEATURES]]
        features += [] if self._day is None else self._areas(self._day)
        day = None if self._day is None else self._day.change.key.rsplit("/", 1)[-1]
        return {
            "type": "FeatureCollection",
            "features": features,
            "numberReturned": len(features),
            "points": self._with_point,
            "days": self._days,
            "day": day,
        }

    def _areas(self, planned: Planned) -> list[GeoJson]:
        areas = _CONTROL.decode(planned.change.payload).areas[:MOST_FEATURES]
        hashes = {area.shape for area in areas if area.shape}
        wkb = {**self.store.shapes(hashes), **planned.record.shapes}
        shapes = {sha256: shapely.from_wkb(wkb[sha256]) for sha256 in hashes if sha256 in wkb}
        small = _simplified(shapes)
        return [
            {
                "type": "Feature",
                "geometry": small.get(area.shape or ""),
                "properties": {
                    "fate": planned.change.action.value,
                    "controller": area.controller,
                    "status": area.status.value,
                    "region": area.region,
                },
            }
            for area in areas
        ]


def _point(action: Action, payload: bytes) -> GeoJson:
    incident = decode_incident(payload)
    place, day = incident.place, incident.when.first
    lon, lat = (place.lon_e7 or 0) / E7, (place.lat_e7 or 0) / E7
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [lon, lat]},
        "properties": {
            "fate": action.value,
            "source_key": incident.source_key,
            "day": None if day is None else str(day),
            "place": place.name,
            "precision": place.precision.value,
            "status": incident.status.value,
        },
    }


def _simplified(shapes: dict[str, BaseGeometry]) -> dict[str, GeoJson]:
    """Write shapes as GeoJSON geometries of at most so many vertices together."""
    names, wide = list(shapes), FINEST_DEG
    whole = np.array([shapes[name] for name in names], object)
    small = whole
    while shapely.get_num_coordinates(small).sum() > MOST_VERTICES and wide < 1:
        small, wide = shapely.simplify(whole, wide), wide * 2
    rounded = shapely.transform(small, lambda xy: np.round(xy, 5))
    return {
        name: json.loads(text)
        for name, text in zip(names, shapely.to_geojson(rounded), strict=True)
        if text is not None
    }
