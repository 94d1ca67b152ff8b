"""The project's own GeoJSON: incidents as points (or null geometry), control areas as polygons."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shapely import Point
from shapely.geometry.base import BaseGeometry

from app.domain.errors import InputError
from app.domain.fields import INCIDENT_FIELDS
from app.domain.place import LonLat
from app.files import parsing
from app.files.features import Feature, features, geometry
from app.files.source import BadFieldError, SourceFile, decoded_head, rejection
from app.importers import native
from app.importers.base import Context, Outcome, ParsedRecord, Warned
from app.importers.control_days import ControlDays
from app.importers.header import joined_names

NOT_READ = frozenset({"lon", "lat"})
"""Columns of the CSV form: here the place is the feature's geometry."""


class NativeGeoJson:
    """Reads a FeatureCollection whose properties are those of the API."""

    name = "native_geojson"
    dataset = None
    publisher = None
    licence = "internal"

    def recognises(self, source: SourceFile) -> str | None:
        """Recognise a feature collection with our own property names."""
        head = decoded_head(source)
        if not head.lstrip().startswith("{") or "FeatureCollection" not in head:
            return None
        # Incidents first: exported incidents too have the day and the party of control there.
        if re.search(r'"source_key"\s*:', head) and re.search(r'"start"\s*:', head):
            return "a feature collection whose features carry source_key and start"
        if re.search(r'"valid_on"\s*:', head) and re.search(r'"controller"\s*:', head):
            return "a feature collection whose features carry valid_on and controller"
        return None

    def mapping(self, source: SourceFile) -> dict[str, str]:
        """Map our own property names to themselves."""
        names = sorted({name for feature in features(source) for name in feature["properties"]})
        fields = {*INCIDENT_FIELDS, *native.CONTROL_FIELDS} - NOT_READ
        return {name: name for name in names if name in fields}

    def read(self, source: SourceFile, context: Context) -> Iterator[Outcome]:
        """Yield one outcome per incident, and one snapshot per day of control areas."""
        collection = features(source)
        fields = {*INCIDENT_FIELDS, *native.CONTROL_FIELDS, *native.DERIVED_FIELDS}
        unknown = {name for one in collection for name in one["properties"]} - (fields - NOT_READ)
        if unknown:
            yield Warned(f"Properties that nobody reads: {joined_names(sorted(unknown))}.")
        days = ControlDays(context)
        for row, feature in enumerate(collection, 1):
            try:
                values, shape = _values_and_shape(feature)
                if "valid_on" in values or "controller" in values:
                    days.add(row, values, shape)
                else:
                    yield ParsedRecord(row, native.incident_from(values, _point(shape), context))
            except (BadFieldError, InputError) as wrong:
                yield rejection(row, wrong)
        yield from days.outcomes()


def _values_and_shape(feature: Feature) -> tuple[parsing.Values, BaseGeometry | None]:
    if feature["fault"] is not None:
        raise BadFieldError("feature", feature["fault"], "a GeoJSON Feature")
    return feature["properties"], geometry(feature["geometry"])


def _point(shape: BaseGeometry | None) -> LonLat | None:
    if shape is None:
        return None
    if not isinstance(shape, Point):
        raise BadFieldError("geometry", shape.geom_type, "a Point or null")
    return parsing.stated_point(shape.x, shape.y)
