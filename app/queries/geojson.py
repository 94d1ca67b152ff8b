"""Regions, control and front lines as GeoJSON: simplified for a screen, or unchanged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import shapely

from app.domain.answer import JsonObject
from app.domain.control import ControlArea, ControlSnapshot, ControlStatus, Extent
from app.domain.errors import NotFound
from app.domain.terms import Dataset, DatasetKind, Face
from app.frames import feature_collection, frame
from app.publishing.publish import control_dataset
from app.publishing.query import Query
from app.queries.shapes import WHOLE_ZOOM, SimplifiedShapes

PAGE_ZOOM = 8
DETAIL_ZOOMS = {"page": PAGE_ZOOM, "full": WHOLE_ZOOM}
"""The zoom of each detail: simplified for a screen, with shared edges, or unchanged."""

LINE_ONLY, ALL_PARTS = ("front_line",), ("area", "front_line")

REGION_PROPERTIES = ("key", "name", "at")
LINE_PROPERTIES = ("id", "kind", "length_km", "border_tolerance_km", "source", "valid_on")
AREA_PROPERTIES = ("controller", "status", "part", "extent", "word", "citation")
"""The names of the properties of each kind of feature; an area has none of a line's lengths."""


def region_features(query: Query, shapes: SimplifiedShapes, detail: str = "page") -> JsonObject:
    """Write a level's regions with code, name and a point inside, for a label."""
    regions = query.regions.regions
    outlines = shapes.regions(query, DETAIL_ZOOMS[detail])
    inside = shapely.get_coordinates(shapely.point_on_surface(list(outlines))).round(4).tolist()
    properties = [
        {"key": region.code, "name": region.name(query.view.lang), "at": at}
        for region, at in zip(regions, inside, strict=True)
    ]
    return _with_ids(feature_collection(frame(outlines, properties)), "key")


def _with_ids(collection: JsonObject, name: str) -> JsonObject:
    for feature in collection["features"]:
        feature["id"] = feature["properties"][name]
    return collection


def control_features(
    query: Query,
    shapes: SimplifiedShapes,
    day: date,
    detail: str = "page",
    kinds: Sequence[str] = ALL_PARTS,
) -> JsonObject:
    """Write the areas and the front line of the snapshot valid on a day; empty without one."""
    source = _source(query, detail)
    if source is None:
        return {"type": "FeatureCollection", "features": [], "about": None}
    snapshot = next(_in_force(query, source, (day, day)), None)
    if snapshot is None:
        return {"type": "FeatureCollection", "features": [], "about": None}
    collection = _snapshot_features(query, shapes, snapshot, detail, kinds)
    return {**collection, "about": _about(query, shapes, snapshot, day)}


def control_between(
    query: Query,
    shapes: SimplifiedShapes,
    days: tuple[date | None, date],
    detail: str = "page",
    kinds: Sequence[str] = ALL_PARTS,
) -> Iterator[JsonObject]:
    """Yield the features of every snapshot that was valid in a period, the newest first."""
    source = _source(query, detail)
    if source is None:
        return
    for snapshot in _in_force(query, source, days):
        yield from _snapshot_features(query, shapes, snapshot, detail, kinds)["features"]


def control_feature(
    query: Query, shapes: SimplifiedShapes, ref: str, kinds: Sequence[str]
) -> JsonObject:
    """Return one area or line by its id, SOURCE.DAY.PART.

    Raises:
        NotFound: no area or line has this id.
        NotShared: the source's terms do not allow it for the public.
    """
    slug, _, rest = ref.partition(".")
    day, _, _part = rest.partition(".")
    dataset = query.state.datasets.get(slug)
    if dataset is not None and dataset.kind is DatasetKind.control:
        own = query.but(control=slug, theatre=dataset.theatre, synthetic=dataset.synthetic)
        source = _source(own, "full")
        snapshots = own.calendar(source).snapshots if source is not None else ()
        for snapshot in (one for one in snapshots if str(one.valid_on) == day):
            collection = _snapshot_features(own, shapes, snapshot, "full", kinds)
            for feature in collection["features"]:
                if feature["id"] == ref:
                    return dict(feature)
    raise NotFound(f"There is no control area or front line {ref!r}.")


def _source(query: Query, detail: str) -> Dataset | None:
    """Return the source of control; unchanged shapes are raw records of it."""
    return control_dataset(query, Face.tiles if detail == "page" else Face.raw)


def _in_force(
    query: Query, source: Dataset, days: tuple[date | None, date]
) -> Iterator[ControlSnapshot]:
    """Yield the snapshots that were valid on a day of a period, the newest first."""
    first, last = days
    for snapshot in reversed(query.calendar(source).snapshots):
        if snapshot.valid_on <= last:
            yield snapshot
            if first is not None and snapshot.valid_on <= first:
                return


def _snapshot_features(
    query: Query,
    shapes: SimplifiedShapes,
    snapshot: ControlSnapshot,
    detail: str,
    kinds: Sequence[str],
) -> JsonObject:
    """Write the areas and the line of a snapshot, each with an id."""
    zoom, key = DETAIL_ZOOMS[detail], f"{snapshot.dataset}.{snapshot.valid_on}"
    drawings, properties = [], []
    if "area" in kinds:
        areas = shapes.areas(query, snapshot, zoom)
        drawings += [shape for _, shape in areas]
        properties += [{"id": f"{key}.{n}", **_area(area)} for n, (area, _) in enumerate(areas, 1)]
    line = query.front_line(snapshot)
    simple = detail == "page"
    drawings.append(line.shape.simplify(360 / 256 / 2**zoom / 2) if simple else line.shape)
    length = round(line.length_km, 1) if line.length_km else None
    properties.append(
        {
            "id": f"{key}.line",
            "kind": "front_line",
            "length_km": length,
            "border_tolerance_km": line.tolerance_km,
        }
    )
    dated = {"source": snapshot.dataset, "valid_on": str(snapshot.valid_on)}
    return _with_ids(
        feature_collection(frame(drawings, [{**one, **dated} for one in properties])), "id"
    )


def _about(
    query: Query, shapes: SimplifiedShapes, snapshot: ControlSnapshot, day: date
) -> JsonObject:
    line = query.front_line(snapshot)
    areas = [area for area, _ in shapes.areas(query, snapshot, PAGE_ZOOM)]
    return {
        "source": snapshot.dataset,
        "valid_on": str(snapshot.valid_on),
        "age_days": (day - snapshot.valid_on).days,
        "includes": [part.value for part in snapshot.includes],
        "length_km": round(line.length_km, 1) if line.length_km else None,
        "border_tolerance_km": line.tolerance_km,
        "controllers": sorted({a.controller for a in areas if _is_drawn_solid(a)}),
        "hasClaims": any(a.status is not ControlStatus.assessed for a in areas if _has_area(a)),
        "hasCited": any(not _has_area(area) for area in areas),
        "note": snapshot.note,
    }


def _has_area(area: ControlArea) -> bool:
    return area.extent is Extent.area


def _is_drawn_solid(area: ControlArea) -> bool:
    return _has_area(area) and area.status is ControlStatus.assessed


def _area(area: ControlArea) -> JsonObject:
    return {
        "kind": "area",
        "controller": area.controller,
        "status": area.status.value,
        "part": area.part.value,
        "extent": area.extent.value,
        "word": area.word,
        "citation": area.citation,
    }
