"""Reads GeoJSON features: shared by all formats that are written in GeoJSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.domain.errors import InvalidFile
from app.files.jsonlines import is_by_line, is_features, values_of
from app.files.source import BadFieldError, SourceFile, load_json


class Feature(TypedDict):
    """A feature of a file; `fault` is the value in its place that is no feature, else None."""

    properties: dict[str, object]
    geometry: object
    fault: object


UNREADABLE = (
    shapely.errors.ShapelyError,
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
    IndexError,
    OverflowError,
)
"""What shapely raises for something that is no geometry."""


def features(source: SourceFile) -> list[Feature]:
    """Read a feature collection.

    Raises:
        InvalidFile: not JSON, or without a list of features.
    """
    return features_of(collection_of(source), source)


def collection_of(source: SourceFile) -> object:
    """Read a feature collection; a Feature on each line, or one alone, is a collection too.

    Raises:
        InvalidFile: not JSON.
    """
    if not is_features(source):
        return load_json(source)
    members = list(values_of(source)) if is_by_line(source) else [load_json(source)]
    return {"type": "FeatureCollection", "features": members}


def features_of(document: object, source: SourceFile) -> list[Feature]:
    """List the features of a parsed feature collection.

    Raises:
        InvalidFile: without a list of features.
    """
    members = document.get("features") if isinstance(document, Mapping) else None
    if not isinstance(members, list):
        raise InvalidFile(source.name, "no list `features`", "a GeoJSON FeatureCollection")
    return [_feature(member) for member in members]


def _feature(member: object) -> Feature:
    if not isinstance(member, dict):
        return {"properties": {}, "geometry": None, "fault": member}
    properties = member.get("properties") or {}
    if not isinstance(properties, dict):
        return {"properties": {}, "geometry": None, "fault": member}
    return {"properties": properties, "geometry": member.get("geometry"), "fault": None}


def is_cut_off(document: Mapping[str, object]) -> bool:
    """Tell whether an ArcGIS service left features out of its answer and says so."""
    properties = document.get("properties")
    parts = (document, properties if isinstance(properties, Mapping) else {})
    return any(part.get("exceededTransferLimit") for part in parts)


def geometry_type(feature: Feature) -> str:
    """Return the type of a feature's geometry; "" without one."""
    shape = feature["geometry"]
    return str(shape.get("type", "")) if isinstance(shape, Mapping) else ""


def geometry(value: object) -> BaseGeometry | None:
    """Read a GeoJSON geometry; None for null and for an empty geometry.

    Raises:
        BadFieldError: it is no geometry.
    """
    if value is None:
        return None
    try:
        with np.errstate(all="ignore"):  # a coordinate that is no number is refused below
            shape = shapely.geometry.shape(value)  # type: ignore[arg-type]  # it checks by itself
    except UNREADABLE as wrong:
        raise BadFieldError("geometry", value, "a GeoJSON geometry or null") from wrong
    if shape.is_empty and _has_coordinates(value):
        raise BadFieldError("geometry", value, "coordinates that are numbers")
    return None if shape.is_empty else shape


def area(feature: Feature) -> BaseGeometry:
    """Read the area of a feature, without heights.

    Raises:
        BadFieldError: no feature, or a feature without a geometry.
    """
    if feature["fault"] is not None:
        raise BadFieldError("feature", feature["fault"], "a GeoJSON Feature")
    shape = geometry(feature["geometry"])
    if shape is None:
        raise BadFieldError("geometry", "", "a Polygon or MultiPolygon with an area")
    return shapely.force_2d(shape)


def _has_coordinates(value: object) -> bool:
    """Tell whether a geometry has any coordinates: one without them is empty, not faulty."""
    return isinstance(value, Mapping) and bool(value.get("coordinates"))
