"""Regions and control as GeoJSON for the page: simplified for a screen, shared edges kept."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import shapely

from app.domain.control import ControlArea, ControlStatus, Extent
from app.domain.view import View
from app.frames import feature_collection, frame
from app.index.build import Snapshot
from app.services.tiling import Tiler

PAGE_ZOOM = 8


def region_features(tiler: Tiler, view: View) -> dict[str, Any]:
    """Write a level's regions with code, name and a point inside, where a count may stand."""
    regions = tiler.workspace.reference.region_set(view.theatre, view.level).regions
    shapes = tiler.region_shapes(view.theatre, view.level, PAGE_ZOOM)
    inside = shapely.get_coordinates(shapely.point_on_surface(list(shapes))).round(4).tolist()
    told = [
        {"key": region.code, "name": region.name(view.lang), "at": at}
        for region, at in zip(regions, inside, strict=True)
    ]
    return feature_collection(frame(shapes, told))


def control_features(
    tiler: Tiler, snapshot: Snapshot, view: View, day: date, now: datetime
) -> dict[str, Any]:
    """Write the areas and the front line of the snapshot valid on a day; none gives no feature."""
    found = tiler.control_of(snapshot, view.but(last=day), now)
    if found is None:
        return {"type": "FeatureCollection", "features": [], "about": None}
    areas = tiler.area_shapes(snapshot, found, view.theatre, PAGE_ZOOM)
    line = tiler.workspace.index.lines.of(snapshot.control, found, view.theatre)
    simple = line.shape.simplify(360 / 256 / 2**PAGE_ZOOM / 2)
    shapes = [*(shape for _, shape in areas), simple]
    told = [*(_area(area) for area, _ in areas), {"kind": "front_line"}]
    listed = [area for area, _ in areas]
    about = {
        "source": found.dataset,
        "valid_on": str(found.valid_on),
        "age_days": (day - found.valid_on).days,
        "includes": [part.value for part in found.includes],
        "length_km": round(line.length_km, 1) if line.length_km else None,
        "border_tolerance_km": line.tolerance_km,
        "controllers": sorted({a.controller for a in listed if _is_drawn_solid(a)}),
        "hasClaims": any(a.status is not ControlStatus.assessed for a in listed if _has_area(a)),
        "hasCited": any(not _has_area(area) for area in listed),
        "note": found.note,
    }
    return {**feature_collection(frame(shapes, told)), "about": about}


def _has_area(area: ControlArea) -> bool:
    return area.extent is Extent.area


def _is_drawn_solid(area: ControlArea) -> bool:
    return _has_area(area) and area.status is ControlStatus.assessed


def _area(area: ControlArea) -> dict[str, Any]:
    return {
        "kind": "area",
        "controller": area.controller,
        "status": area.status.value,
        "part": area.part.value,
        "extent": area.extent.value,
        "word": area.word,
        "citation": area.citation,
    }
