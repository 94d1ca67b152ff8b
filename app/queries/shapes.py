"""Shapes of regions and control areas, simplified for a zoom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.domain.cache import BoundedCache
from app.domain.control import ControlArea, ControlSnapshot, ControlStatus
from app.index.control import shape_key
from app.publishing.query import Query

WHOLE_ZOOM = 9
"""From this zoom on, shapes are not simplified; below it, to half a px."""


@dataclass
class SimplifiedShapes:
    """Simplifies shapes; a cache has them by the boundaries and areas that they come from."""

    _cache: BoundedCache = field(default_factory=BoundedCache)

    def regions(self, query: Query, z: int, level: int | None = None) -> Sequence[BaseGeometry]:
        """Return the regions of the View's level, or of another, for a zoom, with shared edges."""
        level = level or query.view.level
        boundaries = query.reference.region_set(query.view.theatre, level)
        shapes = [region.shape for region in boundaries.regions]
        key = ("regions", boundaries.hash, level, min(z, WHOLE_ZOOM))
        return self._cache.get(key, lambda: simplified(shapes, z))

    def areas(
        self, query: Query, snapshot: ControlSnapshot, z: int
    ) -> list[tuple[ControlArea, BaseGeometry]]:
        """Return a snapshot's areas for a zoom; a cited unit has its region's shape."""
        key = ("areas", query.view.theatre, shape_key(snapshot), min(z, WHOLE_ZOOM))
        shapes = self._cache.get(key, lambda: self._simplify_areas(query, snapshot, z))
        return [
            (area, shape)
            for area, shape in zip(snapshot.areas, shapes, strict=True)
            if shape is not None
        ]

    def _simplify_areas(
        self, query: Query, snapshot: ControlSnapshot, z: int
    ) -> list[BaseGeometry | None]:
        regions = query.largest_regions.regions
        by_code = {
            region.code: shape
            for region, shape in zip(regions, self.regions(query, z, level=1), strict=True)
        }
        out: list[BaseGeometry | None] = [by_code.get(area.region or "") for area in snapshot.areas]
        for status in ControlStatus:  # areas of one status lie side by side and share edges
            places = [
                n for n, area in enumerate(snapshot.areas) if area.shape and area.status is status
            ]
            files = query.state.control.shapes
            shapes = [files.read(snapshot.areas[n].shape or "") for n in places]
            for place, shape in zip(places, simplified(shapes, z), strict=True):
                out[place] = shape
        return out


def simplified(shapes: Sequence[BaseGeometry], z: int) -> list[BaseGeometry]:
    """Simplify neighbouring polygons for a zoom; edges that two of them share stay shared.

    The tolerance is half a px. Shapes that overlap are no coverage: shapely still returns them,
    each simplified for itself.
    """
    if z >= WHOLE_ZOOM or not shapes:
        return list(shapes)
    tolerance = 360 / 256 / 2**z / 2
    return list(shapely.coverage_simplify(np.array(shapes, object), tolerance))
