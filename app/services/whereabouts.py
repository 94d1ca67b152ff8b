"""The ground that one incident fell on, by every loaded source of control."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import shapely
from shapely import Point
from shapely.geometry.base import BaseGeometry

from app.domain.control import ControlArea, ControlSnapshot, ControlStatus
from app.domain.incident import Incident
from app.domain.place import LonLat
from app.domain.terms import Audience, Dataset
from app.domain.view import NOT_STATED
from app.services.publish import Published
from app.services.workspace import Workspace

FIRMEST_FIRST = tuple(ControlStatus)
"""Where areas of several statuses lie over a point, the one that the source is surest of."""


def whereabouts(
    workspace: Workspace, published: Published, incident: Incident
) -> list[dict[str, Any]]:
    """Say, per source, what it gives for an incident's place on the incident's own first day.

    A place that is no point has no status and no distance. `shares` tells how an imprecise place's
    error disk is divided, where the line crosses it; it is null where one side holds all of it.
    """
    day = incident.when.first
    if day is None:
        return []
    told = []
    for dataset in _sources(workspace, published, incident):
        found = published.snapshot.control.on(dataset.slug, day, published.filter.seq)
        if found is None:
            continue
        age = (day - found.valid_on).days
        told.append(
            {
                "control": dataset.slug,
                "name": dataset.name,
                "valid_on": str(found.valid_on),
                "age_days": age,
                "is_stale": age > published.theatre.stale_after_days,
                **_where(workspace, published, incident, found),
            }
        )
    return told


def _sources(workspace: Workspace, published: Published, incident: Incident) -> Iterator[Dataset]:
    for slug in published.snapshot.control.datasets():
        dataset = published.snapshot.datasets.get(slug)
        if dataset is None or dataset.theatre != published.view.theatre:
            continue
        is_shown = workspace.audience is Audience.private or dataset.terms.points
        if is_shown and dataset.synthetic == incident.synthetic:
            yield dataset


def _where(
    workspace: Workspace, published: Published, incident: Incident, found: ControlSnapshot
) -> dict[str, Any]:
    point = incident.place.point if incident.place.is_drawable else None
    if point is None:
        return {
            "status": None,
            "controller": None,
            "word": None,
            "distance_km": None,
            "shares": None,
        }
    control, lines = published.snapshot.control, workspace.index.lines
    area = _area_at(published, found, point)
    metres = lines.distance_m(control, found, published.view.theatre, point)
    return {
        "status": area.status.value if area else NOT_STATED,
        "controller": area.controller if area else None,
        "word": area.word if area else None,
        "distance_km": None if metres is None else round(metres / 1e3, 2),
        "shares": _shares(workspace, published, incident, found, metres),
    }


def _area_at(published: Published, found: ControlSnapshot, point: LonLat) -> ControlArea | None:
    here = Point(point.lon, point.lat)
    read = published.snapshot.control.shapes.read
    over = [area for area in found.areas if area.shape and read(area.shape).intersects(here)]
    return min(over, key=lambda area: FIRMEST_FIRST.index(area.status), default=None)


def _shares(
    workspace: Workspace,
    published: Published,
    incident: Incident,
    found: ControlSnapshot,
    metres: float | None,
) -> dict[str, float] | None:
    """Divide the error disk by who holds it; None when the line does not reach it."""
    point, error_m = incident.place.point, incident.place.error_m
    if metres is None or point is None or not error_m or metres > error_m:
        return None
    plane = workspace.reference.plane(published.view.theatre)
    x, y = plane.flat_xy(np.array([point.lon]), np.array([point.lat]))
    disk = Point(x[0], y[0]).buffer(error_m)
    near = plane.back(disk).envelope
    held = published.snapshot.control.held(found)
    parts: dict[str, float] = {}
    left: BaseGeometry = disk
    for who, ground in held.items():
        clipped = plane.flat(shapely.clip_by_rect(ground, *near.bounds))
        share = disk.intersection(shapely.make_valid(clipped)).area / disk.area
        left = left.difference(shapely.make_valid(clipped))
        if share > 0:
            parts[who] = round(share, 3)
    if left.area > 0:
        parts[NOT_STATED] = round(left.area / disk.area, 3)
    return parts
