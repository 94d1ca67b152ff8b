"""GeoJSON features taken apart with care: shared by every format that is written in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.domain.errors import InvalidFile
from app.importers.base import BadFieldError, Source, load_json

Feature = dict[str, Any]
"""`properties`, `geometry`, and `fault`: what stands where no feature can be read, else None."""

UNREADABLE = (
    shapely.errors.ShapelyError,
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
    IndexError,
    OverflowError,
)
"""What shapely raises of a geometry that is none."""


def features(source: Source) -> list[Feature]:
    """Read a feature collection.

    Raises:
        InvalidFile: not JSON, or without a list of features.
    """
    return features_of(load_json(source), source)


def features_of(document: object, source: Source) -> list[Feature]:
    """Take a parsed feature collection apart.

    Raises:
        InvalidFile: without a list of features.
    """
    listed = document.get("features") if isinstance(document, Mapping) else None
    if not isinstance(listed, list):
        raise InvalidFile(source.name, "no list `features`", "a GeoJSON FeatureCollection")
    return [_feature(one) for one in listed]


def _feature(one: object) -> Feature:
    if not isinstance(one, dict):
        return {"properties": {}, "geometry": None, "fault": one}
    properties = one.get("properties") or {}
    if not isinstance(properties, dict):
        return {"properties": {}, "geometry": None, "fault": one}
    return {"properties": properties, "geometry": one.get("geometry"), "fault": None}


def kind_of(feature: Feature) -> str:
    """Name the type of a feature's geometry; "" when it has none."""
    given = feature["geometry"]
    return str(given.get("type", "")) if isinstance(given, Mapping) else ""


def geometry(given: object) -> BaseGeometry | None:
    """Read a GeoJSON geometry; None for null and for one that is written as empty.

    Raises:
        BadFieldError: it is no geometry.
    """
    if given is None:
        return None
    try:
        with np.errstate(all="ignore"):  # a coordinate that is no number is told below
            shape = shapely.geometry.shape(given)  # type: ignore[arg-type]  # told by what it raises
    except UNREADABLE as wrong:
        raise BadFieldError("geometry", given, "a GeoJSON geometry or null") from wrong
    if shape.is_empty and _has_coordinates(given):
        raise BadFieldError("geometry", given, "coordinates that are numbers")
    return None if shape.is_empty else shape


def area(feature: Feature) -> BaseGeometry:
    """Read the area that a feature draws, flat: heights are the format's and mean nothing.

    Raises:
        BadFieldError: no feature, or none with a geometry.
    """
    if feature["fault"] is not None:
        raise BadFieldError("feature", feature["fault"], "a GeoJSON Feature")
    shape = geometry(feature["geometry"])
    if shape is None:
        raise BadFieldError("geometry", "", "a Polygon or MultiPolygon with an area")
    return shapely.force_2d(shape)


def _has_coordinates(given: object) -> bool:
    """Tell a geometry that is written as empty from one whose numbers are missing."""
    return isinstance(given, Mapping) and bool(given.get("coordinates"))
