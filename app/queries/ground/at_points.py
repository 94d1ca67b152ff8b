"""The ground that incidents fell on, by every loaded source of control."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import shapely
from shapely import Point
from shapely.geometry.base import BaseGeometry

from app.domain.control import ControlArea, ControlSnapshot, ControlStatus
from app.domain.incident import Incident
from app.domain.terms import Dataset, Face
from app.domain.view import NOT_STATED
from app.index.control import Calendar
from app.index.joins import distances_m
from app.publishing.publish import Published

FIRMEST_FIRST = tuple(ControlStatus)
"""Where areas of several statuses lie over a point, the one that the source is surest of."""


def whereabouts_of(
    published: Published,
    incidents: Sequence[Incident | None],
    face: Face = Face.points,
) -> list[list[dict[str, Any]]]:
    """Say, per source, what it gives for each incident's place on the incident's own first day.

    A place that is no point has no status and no distance. `shares` tells how an imprecise place's
    error disk is divided, where the line crosses it; it is null where one side holds all of it.
    None, and an incident without a day, get nothing. A source whose terms keep it from the face
    says nothing to the public.
    """
    told: list[list[dict[str, Any]]] = [[] for _ in incidents]
    for dataset in _sources(published, face):
        calendar = published.state.control.calendar(dataset.slug, published.filter.seq)
        for found, places in _by_snapshot(calendar, incidents, dataset):
            some = [one for n in places if (one := incidents[n]) is not None]
            answers = _where(published, some, found)
            for place, incident, where in zip(places, some, answers, strict=True):
                age = ((incident.when.first or found.valid_on) - found.valid_on).days
                told[place].append(
                    {
                        "control": dataset.slug,
                        "name": dataset.name,
                        "valid_on": str(found.valid_on),
                        "age_days": age,
                        "is_stale": age > published.theatre.stale_after_days,
                        **where,
                    }
                )
    return told


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
) -> Iterator[tuple[ControlSnapshot, list[int]]]:
    """Gather the incidents that one snapshot is asked for: many share a day."""
    asked: dict[date, list[int]] = {}
    for place, incident in enumerate(incidents):
        if incident is None or incident.when.first is None:
            continue
        if dataset.synthetic == incident.synthetic:
            asked.setdefault(incident.when.first, []).append(place)
    found: dict[date, tuple[ControlSnapshot, list[int]]] = {}
    for day, places in asked.items():
        state = calendar.on(day)
        if state is not None:
            found.setdefault(state.valid_on, (state, []))[1].extend(places)
    yield from found.values()


FEW = 8
"""Points up to which a line is walked for each."""

NOWHERE: Mapping[str, Any] = {
    "status": None,
    "controller": None,
    "word": None,
    "distance_km": None,
    "shares": None,
}


def _where(
    published: Published,
    incidents: Sequence[Incident],
    found: ControlSnapshot,
) -> list[dict[str, Any]]:
    """Place incidents on a snapshot's ground, all at once."""
    told = [dict(NOWHERE) for _ in incidents]
    drawn = [n for n, one in enumerate(incidents) if one.place.is_drawable]
    points = [point for n in drawn if (point := incidents[n].place.point) is not None]
    if not points:
        return told
    lon, lat = (np.array(axis) for axis in zip(*points, strict=True))
    metres = _distances_m(published, found, lon, lat)
    areas = _areas_at(published, found, lon, lat)
    for n, area, metre in zip(drawn, areas, metres.tolist(), strict=True):
        known = None if math.isnan(metre) else metre
        told[n] = {
            "status": area.status.value if area else NOT_STATED,
            "controller": area.controller if area else None,
            "word": area.word if area else None,
            "distance_km": None if known is None else round(known / 1e3, 2),
            "shares": _shares(published, incidents[n], found, known),
        }
    return told


def _distances_m(
    published: Published,
    found: ControlSnapshot,
    lon: np.ndarray,
    lat: np.ndarray,
) -> np.ndarray:
    """Measure to a snapshot's line; NaN without one. A tree is worth its making for many points."""
    control, theatre = published.state.control, published.view.theatre
    plane, lines = published.reference.plane(theatre), published.workspace.index.lines
    if len(lon) > FEW:
        return distances_m(lines.of(control, found, theatre).shape, lon, lat, plane)
    line = lines.flat(control, found, theatre)
    if line.is_empty:
        return np.full(len(lon), np.nan)
    return np.asarray(shapely.distance(line, shapely.points(*plane.flat_xy(lon, lat))))


def _areas_at(
    published: Published, found: ControlSnapshot, lon: np.ndarray, lat: np.ndarray
) -> list[ControlArea | None]:
    """Find the area over each point; where several lie, the one that the source is surest of."""
    over: list[ControlArea | None] = [None] * len(lon)
    left = np.ones(len(lon), bool)
    for area in sorted(found.areas, key=lambda area: FIRMEST_FIRST.index(area.status)):
        if area.shape is None or not left.any():
            continue
        shape = published.state.control.shapes.read(area.shape)
        shapely.prepare(shape)
        here = np.flatnonzero(left)
        for place in here[shapely.intersects_xy(shape, lon[here], lat[here])].tolist():
            over[place], left[place] = area, False
    return over


def _shares(
    published: Published,
    incident: Incident,
    found: ControlSnapshot,
    metres: float | None,
) -> dict[str, float] | None:
    """Divide the error disk by who holds it; None when the line does not reach it."""
    point, error_m = incident.place.point, incident.place.error_m
    if metres is None or point is None or not error_m or metres > error_m:
        return None
    plane = published.reference.plane(published.view.theatre)
    x, y = plane.flat_xy(np.array([point.lon]), np.array([point.lat]))
    disk = Point(x[0], y[0]).buffer(error_m)
    near = plane.back(disk).envelope
    held = published.state.control.grounds(found)
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
