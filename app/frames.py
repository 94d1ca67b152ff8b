"""Rows and shapes as GeoDataFrames; the only place that names a frame's CRS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

GeoDataFrame = gpd.GeoDataFrame
"""The type, for modules that only pass frames on."""

CRS = "EPSG:4326"
"""WGS 84 in degrees; in shapely the longitude comes first. One name only: GeoPandas takes OGC:CRS84
for another system and only warns."""

DIGITS = 5
"""Decimals in answers: 1e-5 degrees is about a metre."""


def frame(
    shapes: Sequence[BaseGeometry | None], rows: Sequence[Mapping[str, object]]
) -> gpd.GeoDataFrame:
    """Make a frame of shapes and their properties; None stays None and never becomes NaN."""
    names = dict.fromkeys(name for row in rows for name in row)
    table = pd.DataFrame({name: [row.get(name) for row in rows] for name in names}, dtype=object)
    return gpd.GeoDataFrame(table, geometry=np.array(shapes, object), crs=CRS)


def feature_collection(table: gpd.GeoDataFrame) -> dict[str, Any]:
    """Write a frame as GeoJSON for drawing, without features whose shape is empty.

    Outer rings run counter-clockwise (RFC 7946 3.1.6); coordinates are rounded to about a metre.
    """
    rounded = shapely.transform(table.geometry.to_numpy(), lambda points: np.round(points, DIGITS))
    wound = table.set_geometry(shapely.orient_polygons(rounded), crs=CRS)
    document: dict[str, Any] = wound[~wound.geometry.is_empty].to_geo_dict(drop_id=True)
    return document
