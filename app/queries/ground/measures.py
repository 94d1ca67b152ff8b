"""The ground that a party held by one source: on a day, over time, and between two days."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

import shapely
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry

from app.domain.answer import JsonObject
from app.domain.cache import BoundedCache
from app.domain.control import ControlSnapshot, ControlStatus
from app.domain.errors import NotFound
from app.domain.place import area_km2
from app.domain.region import Region, RegionSet
from app.domain.terms import Dataset
from app.domain.view import View
from app.frames import feature_collection, frame
from app.index.control import Calendar, areas_by_region, shape_key
from app.index.state import State
from app.publishing.query import Query

NO_GROUND = MultiPolygon()


@dataclass(frozen=True, eq=False)
class ControlSource:
    """One source of control as a View reads it, and the party whose ground is measured."""

    query: Query
    dataset: Dataset
    controller: str

    @classmethod
    def of(cls, query: Query, dataset: Dataset, controller: str | None = None) -> ControlSource:
        """Take a party, or else the theatre's default one."""
        return cls(query, dataset, controller or query.theatre.default_controller)

    @property
    def view(self) -> View:
        """The View of the query."""
        return self.query.view

    @property
    def regions(self) -> RegionSet:
        """The boundaries of the View's level."""
        return self.query.regions

    @property
    def calendar(self) -> Calendar:
        """All snapshots of the source, as the View knows them."""
        return self.query.calendar(self.dataset)

    def on(self, day: date) -> ControlSnapshot:
        """Return the snapshot valid on a day.

        Raises:
            NotFound: the View knows no snapshot of the source on or before that day.
        """
        snapshot = self.query.control_on(self.dataset, day)
        if snapshot is None:
            raise NotFound(f"{self.dataset.slug!r} has no control snapshot on or before {day}.")
        return snapshot

    def ground(self, snapshot: ControlSnapshot) -> BaseGeometry:
        """Return the assessed ground of the party; empty if it has none."""
        return self.query.state.control.grounds(snapshot).get(self.controller, NO_GROUND)

    def km2(self, snapshot: ControlSnapshot) -> float | None:
        """Measure the party's ground; None if the snapshot has no polygon of it, which is not 0."""
        lines, control = self.query.workspace.index.lines, self.query.state.control
        measured = lines.km2(control, snapshot, self.view.theatre)
        return measured.get(self.controller)

    def key(self, *snapshots: ControlSnapshot) -> Hashable:
        """Return a cache key: all that an answer on some snapshots depends on."""
        areas = tuple(shape_key(one) for one in snapshots)
        return (self.view.theatre, self.controller, self.view.level, self.regions.hash, areas)


def control_areas(source: ControlSource, day: date) -> JsonObject:
    """Measure a day's control in the shape of `/api/control/areas`.

    Cited units have no polygon: they are listed with km2 null.
    """
    snapshot = source.on(day)
    total = source.km2(snapshot)
    by_code = areas_by_region(source.ground(snapshot), source.regions.regions)
    return {
        "control": source.dataset.slug,
        "date": str(day),
        **snapshot_age(snapshot, day),
        "baseline": {"includes": [part.value for part in snapshot.includes]},
        "controller": source.controller,
        "total_km2": _rounded(total),
        "areas": _areas(source.query.state, snapshot),
        "regions": region_shares(source, by_code),
        "elsewhere_km2": None if total is None else _rounded(max(total - sum(by_code.values()), 0)),
        "front_line": _line(source, snapshot),
        "region_set": source.regions.identity(),
        "note": snapshot.note,
        "credits": [source.dataset.credit],
    }


def snapshot_age(snapshot: ControlSnapshot, day: date) -> JsonObject:
    """Return the day of a snapshot, and its age on another day."""
    return {"valid_on": str(snapshot.valid_on), "age_days": (day - snapshot.valid_on).days}


def region_shares(source: ControlSource, by_code: Mapping[str, float]) -> list[JsonObject]:
    """List regions with the area and the share that some ground covers, the largest first."""
    regions = {region.code: region for region in source.regions.regions}
    return [
        {
            "key": code,
            "name": regions[code].name(source.view.lang),
            "km2": _rounded(km2),
            "share": round(km2 / area_km2(regions[code].shape), 4),
        }
        for code, km2 in sorted(by_code.items(), key=lambda pair: -pair[1])
    ]


def _rounded(km2: float | None) -> float | None:
    return None if km2 is None else round(km2, 1)


def _line(source: ControlSource, snapshot: ControlSnapshot) -> dict[str, float]:
    line = source.query.front_line(snapshot)
    return {"length_km": round(line.length_km, 1), "border_tolerance_km": line.tolerance_km}


def _areas(state: State, snapshot: ControlSnapshot) -> list[JsonObject]:
    """Measure areas by controller and status; where areas overlap, they count once."""
    pieces: dict[tuple[str, ControlStatus], list[BaseGeometry]] = {}
    cited = []
    for area in snapshot.areas:
        if area.shape is None:
            cited.append(
                {
                    "controller": area.controller,
                    "status": area.status.value,
                    "km2": None,
                    "region": area.region,
                    "extent": area.extent.value,
                    "citation": area.citation,
                }
            )
        else:
            key = (area.controller, area.status)
            pieces.setdefault(key, []).append(state.control.shapes.read(area.shape))
    measured: list[JsonObject] = [
        {
            "controller": who,
            "status": status.value,
            "km2": _rounded(area_km2(shapely.union_all(shapes))),
        }
        for (who, status), shapes in pieces.items()
    ]
    return measured + cited


@dataclass
class GroundCache:
    """Answers on ground, with a cache by what they were computed from."""

    cache: BoundedCache = field(default_factory=BoundedCache)

    def series(self, source: ControlSource) -> JsonObject:
        """List the area of every snapshot in the View's period; other days have no point."""
        calendar = source.calendar
        first, last = source.view.first or date.min, source.view.last or date.max
        key = ("series", source.key(), source.dataset.slug, calendar.mark, first, last)

        def measure() -> list[JsonObject]:
            inside = [one for one in calendar.snapshots if first <= one.valid_on <= last]
            return [
                {"valid_on": str(one.valid_on), "km2": _rounded(source.km2(one))} for one in inside
            ]

        return {
            "control": source.dataset.slug,
            "controller": source.controller,
            "points": self.cache.get(key, measure),
            "credits": [source.dataset.credit],
        }

    def changes(
        self, source: ControlSource, first: date, last: date, *, geometry: bool = False
    ) -> JsonObject:
        """Measure what the party gained and lost between two days, by region."""
        old, new = source.on(first), source.on(last)
        facts, shapes = self.cache.get(
            ("changes", source.key(old, new), source.view.lang),
            lambda: _changes(source, old, new),
        )
        answer = {
            "control": source.dataset.slug,
            "controller": source.controller,
            "from": {"date": str(first), **snapshot_age(old, first)},
            "to": {"date": str(last), **snapshot_age(new, last)},
            **facts,
            "region_set": source.regions.identity(),
            "credits": [source.dataset.credit],
        }
        if geometry:
            kinds = [{"kind": kind, "controller": source.controller} for kind in ("gained", "lost")]
            answer["areas"] = feature_collection(frame(shapes, kinds))
        return answer


def _changes(
    source: ControlSource, old: ControlSnapshot, new: ControlSnapshot
) -> tuple[JsonObject, list[BaseGeometry]]:
    before, after = source.ground(old), source.ground(new)
    moved = {"gained": _less(after, before), "lost": _less(before, after)}
    km2 = {kind: area_km2(shape) for kind, shape in moved.items()}
    by_region = {
        kind: areas_by_region(shape, source.regions.regions) for kind, shape in moved.items()
    }
    rows: list[JsonObject] = []
    for region in source.regions.regions:
        changed = {
            kind: km2_by_code.get(region.code, 0.0) for kind, km2_by_code in by_region.items()
        }
        if any(changed.values()):
            rows.append(
                {"key": region.code, "name": region.name(source.view.lang), **_net(changed)}
            )
    rows.sort(key=lambda row: -(row["gained_km2"] + row["lost_km2"]))
    elsewhere = {kind: max(km2[kind] - sum(by_region[kind].values()), 0.0) for kind in moved}
    return {**_net(km2), "regions": rows, "elsewhere_km2": _net(elsewhere)}, list(moved.values())


def _net(km2: Mapping[str, float]) -> dict[str, float]:
    gained, lost = round(km2["gained"], 2), round(km2["lost"], 2)
    return {"gained_km2": gained, "lost_km2": lost, "net_km2": round(gained - lost, 2)}


def _less(ground: BaseGeometry, other: BaseGeometry) -> BaseGeometry:
    """Subtract ground from ground; keep polygons only: edges that touch leave lines."""
    return only_ground(shapely.difference(ground, other))


def only_ground(shape: BaseGeometry) -> MultiPolygon:
    """Return the polygons among the parts of a shape that an overlay made."""
    parts = shapely.get_parts(shapely.get_parts(shape))
    return MultiPolygon([part for part in parts if part.geom_type == "Polygon" and part.area > 0])


def population_by_region(regions: Iterable[Region]) -> dict[str, dict[str, int]]:
    """Return the population of regions and its year, where it is loaded."""
    return {
        region.code: {
            "population": region.population,
            "population_year": region.population_year,
        }
        for region in regions
        if region.population is not None and region.population_year is not None
    }
