"""The project's own GeoJSON: incidents as points (or null geometry), control areas as polygons."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import shapely
from shapely import Point
from shapely.geometry.base import BaseGeometry

from app.domain.errors import InputError, InvalidFile
from app.domain.place import LonLat
from app.importers import native
from app.importers.base import (
    BadFieldError,
    Context,
    Found,
    Outcome,
    Source,
    Warned,
    decoded_head,
    load_json,
)
from app.importers.control_days import ControlDays

NOT_READ = frozenset({"lon", "lat"})
"""Columns of the CSV form: here the place is the feature's geometry."""


class NativeGeoJson:
    """Reads a FeatureCollection whose properties are those of the API."""

    name = "native_geojson"
    dataset = None
    publisher = None
    licence = "internal"

    def recognises(self, source: Source) -> str | None:
        """Look for a feature collection with our own property names."""
        head = decoded_head(source)
        if not head.lstrip().startswith("{") or "FeatureCollection" not in head:
            return None
        if re.search(r'"valid_on"\s*:', head) and re.search(r'"controller"\s*:', head):
            return "a feature collection whose features carry valid_on and controller"
        if re.search(r'"source_key"\s*:', head) and re.search(r'"start"\s*:', head):
            return "a feature collection whose features carry source_key and start"
        return None

    def mapping(self, source: Source) -> dict[str, str]:
        """Our own names map to themselves."""
        names = sorted({name for feature in _features(source) for name in feature["properties"]})
        known = {*native.INCIDENT_FIELDS, *native.CONTROL_FIELDS} - NOT_READ
        return {name: name for name in names if name in known}

    def read(self, source: Source, context: Context) -> Iterator[Outcome]:
        """Yield one outcome per feature; areas of one day make one snapshot."""
        features = _features(source)
        known = {*native.INCIDENT_FIELDS, *native.CONTROL_FIELDS, *native.DERIVED_FIELDS}
        strange = {name for one in features for name in one["properties"]} - (known - NOT_READ)
        if strange:
            yield Warned(f"Properties that nobody reads: {', '.join(sorted(strange))}.")
        days = ControlDays(context)
        for row, feature in enumerate(features, 1):
            try:
                values, shape = _taken(feature)
                if "valid_on" in values or "controller" in values:
                    days.add(row, values, shape)
                else:
                    yield Found(row, native.incident_from(values, _point(shape), context))
            except (BadFieldError, InputError) as wrong:
                yield native.bad(row, wrong)
        yield from days.outcomes()


def _features(source: Source) -> list[dict[str, Any]]:
    document = load_json(source)
    features = document.get("features") if isinstance(document, Mapping) else None
    if not isinstance(features, list):
        raise InvalidFile(source.name, "no list `features`", "a GeoJSON FeatureCollection")
    return [_feature(one) for one in features]


def _taken(feature: dict[str, Any]) -> tuple[native.Values, BaseGeometry | None]:
    if feature["fault"] is not None:
        raise BadFieldError("feature", feature["fault"], "a GeoJSON Feature")
    return feature["properties"], _geometry(feature["geometry"])


def _feature(one: object) -> dict[str, Any]:
    """Take a feature apart; `fault` is what stands where no feature can be read."""
    if not isinstance(one, dict):
        return {"properties": {}, "geometry": None, "fault": one}
    properties = one.get("properties") or {}
    if not isinstance(properties, dict):
        return {"properties": {}, "geometry": None, "fault": one}
    return {"properties": properties, "geometry": one.get("geometry"), "fault": None}


def _geometry(given: object) -> BaseGeometry | None:
    if given is None:
        return None
    try:
        shape = shapely.geometry.shape(given)  # type: ignore[arg-type]  # told by what it raises
    except (
        shapely.errors.ShapelyError,
        ValueError,
        TypeError,
        AttributeError,
        KeyError,
        IndexError,
    ) as wrong:
        raise BadFieldError("geometry", given, "a GeoJSON geometry or null") from wrong
    if shape.is_empty and _has_coordinates(given):
        raise BadFieldError("geometry", given, "coordinates that are numbers")
    return None if shape.is_empty else shape


def _has_coordinates(given: object) -> bool:
    """Tell a geometry that is written as empty from one whose numbers are missing."""
    return isinstance(given, Mapping) and bool(given.get("coordinates"))


def _point(shape: BaseGeometry | None) -> LonLat | None:
    if shape is None:
        return None
    if not isinstance(shape, Point):
        raise BadFieldError("geometry", shape.geom_type, "a Point or null")
    return LonLat.checked(lon=shape.x, lat=shape.y)
