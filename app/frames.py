"""Rows and shapes as GeoDataFrames; the only place that names a frame's CRS."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

GeoDataFrame = gpd.GeoDataFrame
DataFrame = pd.DataFrame
"""The types, for modules that only pass frames on."""

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


CODES = frozenset(
    (
        *("dataset", "status", "precision", "region", "region_how", "attributed_to"),
        *("attributed_confidence", "control_source", "control_status", "control_controller"),
    )
)
"""Columns of few different texts: a category takes less memory and groups faster."""

DTYPES = {
    "text": "string",
    "json": "string",
    "day": "datetime64[s]",
    "whole": "Int64",
    "number": "Float64",
    "flag": "boolean",
}
"""The type of a column by its kind in the data dictionary; what is not known is missing."""

INSTANTS = ("recorded_at",)


def typed(table: gpd.GeoDataFrame, kinds: Mapping[str, str]) -> gpd.GeoDataFrame:
    """Give columns the types of their kinds; a missing whole number stays missing, never 0."""
    types = {
        name: "category" if name in CODES else DTYPES[kind]
        for name, kind in kinds.items()
        if name in table.columns and name not in INSTANTS
    }
    table = table.astype(types)
    for name in INSTANTS:
        if name in table.columns:
            table[name] = pd.to_datetime(table[name], utc=True, format="ISO8601")
    return table


def plain_table(rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """Make a table without shapes, of the types that the values have; None is missing."""
    return pd.DataFrame(list(rows)).convert_dtypes()


def read_geoparquet(content: bytes) -> gpd.GeoDataFrame:
    """Read a GeoParquet file."""
    return gpd.read_parquet(io.BytesIO(content))  # type: ignore[arg-type] # stubs: paths only


def feature_collection(table: gpd.GeoDataFrame) -> dict[str, Any]:
    """Write a frame as GeoJSON for drawing, without features whose shape is empty.

    Outer rings run counter-clockwise (RFC 7946 3.1.6); coordinates are rounded to about a metre.
    """
    rounded = shapely.transform(table.geometry.to_numpy(), lambda points: np.round(points, DIGITS))
    wound = table.set_geometry(shapely.orient_polygons(rounded), crs=CRS)
    document: dict[str, Any] = wound[~wound.geometry.is_empty].to_geo_dict(drop_id=True)
    return document
