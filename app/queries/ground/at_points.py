"""Control of the ground at incidents, by every loaded source of control."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import numpy as np
import shapely
from shapely import Point
from shapely.geometry.base import BaseGeometry

from app.domain.answer import JsonObject
from app.domain.control import ControlArea, ControlSnapshot, ControlStatus
from app.domain.incident import Incident
from app.domain.terms import Dataset, Face
from app.domain.view import NOT_STATED
from app.index.control import Calendar
from app.index.joins import distances_m
from app.publishing.publish import Published

FIRMEST_FIRST = tuple(ControlStatus)
"""The order of statuses where several areas contain a point: the surest one counts."""


def ground_of_incidents(
    published: Published,
    incidents: Sequence[Incident | None],
    face: Face = Face.points,
) -> list[list[JsonObject]]:
    """List, for each incident, what each source gives for its place on its first day.

    A place without a point has no status and no distance. `shares` divides the error disk of an
    imprecise place if the line crosses it, and is null if not. None, and an incident without a day,
    have an empty list. The public gets only sources whose terms allow the face.
    """
    answers: list[list[JsonObject]] = [[] for _ in incidents]
    for dataset in _sources(published, face):
        calendar = published.query.calendar(dataset)
        for snapshot, numbered in _by_snapshot(calendar, incidents, dataset):
            grounds = _ground_at(published, [incident for _, incident in numbered], snapshot)
            for (place, incident), ground in zip(numbered, grounds, strict=True):
                age = ((incident.when.first or snapshot.valid_on) - snapshot.valid_on).days
                answers[place].append(
                    {
                        "control": dataset.slug,
                        "name": dataset.name,
                        "valid_on": str(snapshot.valid_on),
                        "age_days": age,
                        "is_stale": age > published.theatre.stale_after_days,
                        **ground,
                    }
                )
    return answers


def _sources(published: Published, face: Face) -> Iterator[Dataset]:
    for slug in published.state.control.datasets():
        dataset = published.state.datasets.get(slug)
        if dataset is None or dataset.theatre != published.view.theatre:
            continue
        is_open = dataset.terms.points and dataset.terms.allow(face)
        if not published.is_public or is_open:
            yield dataset


def _by_snapshot(
    calendar: Calendar, incidents: Sequence[Incident | None], dataset: Dataset
) -> Iterator[tuple[ControlSnapshot, list[tuple[int, Incident]]]]:
    """Group incidents, each with its index, by the snapshot of their first day."""
    by_day: dict[date, list[tuple[int, Incident]]] = {}
    for place, incident in enumerate(incidents):
        if incident is None or incident.when.first is None:
            continue
        if dataset.synthetic == incident.synthetic:
            by_day.setdefault(incident.when.first, []).append((place, incident))
    groups: dict[date, tuple[ControlSnapshot, list[tuple[int, Incident]]]] = {}
    for day, numbered in by_day.items():
        snapshot = calendar.on(day)
        if snapshot is not None:
            groups.setdefault(snapshot.valid_on, (snapshot, []))[1].extend(numbered)
    yield from groups.values()


FEW = 8
"""Up to so many points, the distance to a line is measured without a tree."""

UNKNOWN_GROUND: Mapping[str, None] = {
    "status": None,
    "controller": None,
    "word": None,
    "distance_km": None,
    "shares": None,
}


def _ground_at(
    published: Published,
    incidents: Sequence[Incident],
    snapshot: ControlSnapshot,
) -> list[JsonObject]:
    """Return what a snapshot gives for each incident's place."""
    answers: list[JsonObject] = [dict(UNKNOWN_GROUND) for _ in incidents]
    drawable = [n for n, one in enumerate(incidents) if one.place.is_drawable]
    points = [point for n in drawable if (point := incidents[n].place.point) is not None]
    if not points:
        return answers
    lon, lat = (np.array(axis) for axis in zip(*points, strict=True))
    metres = _distances_m(published, snapshot, lon, lat)
    areas = _areas_at(published, snapshot, lon, lat)
    for n, area, metres_away in zip(drawable, areas, metres.tolist(), strict=True):
        distance_m = None if math.isnan(metres_away) else metres_away
        answers[n] = {
            "status": area.status.value if area else NOT_STATED,
            "controller": area.controller if area else None,
            "word": area.word if area else None,
            "distance_km": None if distance_m is None else round(distance_m / 1e3, 2),
            "shares": _shares(published, incidents[n], snapshot, distance_m),
        }
    return answers


def _distances_m(
    published: Published,
    snapshot: ControlSnapshot,
    lon: np.ndarray,
    lat: np.ndarray,
) -> np.ndarray:
    """Measure to a snapshot's line; NaN without one. Only many points are worth a tree."""
    control, theatre = published.state.control, published.view.theatre
    plane, lines = published.reference.plane(theatre), published.workspace.index.lines
    if len(lon) > FEW:
        return distances_m(lines.of(control, snapshot, theatre).shape, lon, lat, plane)
    line = lines.flat(control, snapshot, theatre)
    if line.is_empty:
        return np.full(len(lon), np.nan)
    return np.asarray(shapely.distance(line, shapely.points(*plane.flat_xy(lon, lat))))


def _areas_at(
    published: Published, snapshot: ControlSnapshot, lon: np.ndarray, lat: np.ndarray
) -> list[ControlArea | None]:
    """Return the area at each point; where there are several, the one with the surest status."""
    at_point: list[ControlArea | None] = [None] * len(lon)
    is_open = np.ones(len(lon), bool)
    for area in sorted(snapshot.areas, key=lambda area: FIRMEST_FIRST.index(area.status)):
        if area.shape is None or not is_open.any():
            continue
        shape = published.state.control.shapes.read(area.shape)
        shapely.prepare(shape)
        candidates = np.flatnonzero(is_open)
        for place in candidates[
            shapely.intersects_xy(shape, lon[candidates], lat[candidates])
        ].tolist():
            at_point[place], is_open[place] = area, False
    return at_point


def _shares(
    published: Published,
    incident: Incident,
    snapshot: ControlSnapshot,
    distance_m: float | None,
) -> dict[str, float] | None:
    """Divide the error disk by who holds the ground; None if the line does not cross it."""
    point, error_m = incident.place.point, incident.place.error_m
    if distance_m is None or point is None or not error_m or distance_m > error_m:
        return None
    plane = published.reference.plane(published.view.theatre)
    x, y = plane.flat_xy(np.array([point.lon]), np.array([point.lat]))
    disk = Point(x[0], y[0]).buffer(error_m)
    near = plane.back(disk).envelope
    grounds = published.state.control.grounds(snapshot)
    parts: dict[str, float] = {}
    rest: BaseGeometry = disk
    for who, ground in grounds.items():
        clipped = plane.flat(shapely.clip_by_rect(ground, *near.bounds))
        share = disk.intersection(shapely.make_valid(clipped)).area / disk.area
        rest = rest.difference(shapely.make_valid(clipped))
        if share > 0:
            parts[who] = round(share, 3)
    if rest.area > 0:
        parts[NOT_STATED] = round(rest.area / disk.area, 3)
    return parts
