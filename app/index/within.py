"""Which rows lie in an area that a reader drew."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from app.domain.drawn_area import DrawnArea
from app.domain.place import E7
from app.index.boxes import BoxE7
from app.rows import Rows


@dataclass(frozen=True, eq=False)
class Within:
    """A filter by an area; its box finds candidates in whole numbers, which is far faster."""

    shape: shapely.Polygon
    box_e7: BoxE7

    @classmethod
    def of(cls, area: DrawnArea) -> Within:
        """Prepare an area for many points."""
        shape = area.shape
        shapely.prepare(shape)
        west, south, east, north = (round(side * E7) for side in area.bounds)
        return cls(shape, (west, south, east, north))

    def keep(self, rows: Rows, places: np.ndarray) -> np.ndarray:
        """Return those of the places that lie in the area or on its edge."""
        lon, lat = (rows[name][places] / E7 for name in ("lon_e7", "lat_e7"))
        return np.asarray(places[shapely.intersects_xy(self.shape, lon, lat)])
