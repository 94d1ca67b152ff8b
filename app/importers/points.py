"""Reads points from GeoPackage, zipped shapefile, file geodatabase, GeoJSON and GeoParquet.

Fields are text, as the cells of a table are; points are in degrees on WGS 84.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import shapely
from pyarrow import parquet
from shapely import MultiPoint, Point
from shapely.geometry.base import BaseGeometry

from app.domain.errors import InputError, InvalidFile, TooLarge
from app.domain.place import LonLat
from app.files import parsing
from app.files.features import UNREADABLE, collection_of, features_of, geometry
from app.files.jsonlines import is_features
from app.files.layers import (
    FLATGEOBUF,
    FORMS,
    GPX,
    LONGITUDE_FIRST,
    MOST_UNPACKED_BYTES,
    TOPOJSON,
    Area,
    form_areas,
    geodatabase_areas,
    geopackage_areas,
    geopackage_kinds,
    has_form,
    has_geodatabase,
    has_shapefile,
    in_degrees,
    is_geopackage,
    shapefile_areas,
    stated_crs,
    zipped_bytes,
    zipped_names,
)
from app.files.sheets import cell_text
from app.files.source import MOST_COLUMNS, BadFieldError, SourceFile, decoded_head

PARQUET = b"PAR1"
SHAPE_TYPES_OF_POINTS = (1, 8, 11, 18, 21, 28)
"""Point and MultiPoint, also with heights and measures (ESRI Shapefile Technical Description)."""

A_POINT = "a Point; areas and lines are no incidents"
POINTS = re.compile(r'"type"\s*:\s*"(Multi)?Point"')
POLYGONS = re.compile(r'"type"\s*:\s*"(Multi)?Polygon"')
BATCH = 4_096
Is = Callable[[SourceFile], bool]


class PointFeature(NamedTuple):
    """One feature: its fields as text, its point or None, and the fault of its geometry."""

    fields: dict[str, str]
    point: LonLat | None
    fault: BadFieldError | None = None

    def checked_point(self) -> LonLat | None:
        """Return the point.

        Raises:
            BadFieldError: the geometry is faulty, or no point.
        """
        if self.fault is not None:
            raise self.fault
        return self.point


def kind_of(source: SourceFile) -> str | None:
    """Return the kind of a file of points; None for any other file."""
    for is_one, kind, has_points in _PACKED:
        if is_one(source):
            return kind if has_points(source) else None
    head = decoded_head(source)
    if not POINTS.search(head) or POLYGONS.search(head):
        return None
    if has_form(source, TOPOJSON):
        return "TopoJSON with points"
    if head.lstrip().startswith("{") and "FeatureCollection" in head:
        return "a feature collection of points"
    return "GeoJSON features of points" if is_features(source) else None


def point_features(source: SourceFile) -> Iterator[PointFeature]:
    """Read every feature.

    Raises:
        InvalidFile: no file of points, or one without a reference system.
        TooLarge: over a bound.
    """
    if source.head.startswith(PARQUET):
        yield from _parquet_features(source)
    elif has_geodatabase(source):
        yield from map(_from_area, geodatabase_areas(source))
    elif has_shapefile(source):
        yield from map(_from_area, shapefile_areas(source))
    elif is_geopackage(source):
        yield from map(_from_area, geopackage_areas(source))
    elif form := next((one for one in FORMS if has_form(source, one)), None):
        yield from map(_from_area, form_areas(source, form))
    else:
        yield from _geojson_features(source)


def _from_area(area: Area) -> PointFeature:
    return _point_feature(area.fields, area.shape)


def _point_feature(fields: Mapping[str, object], shape: BaseGeometry | None) -> PointFeature:
    cells = {name: text for name, value in fields.items() if (text := _text(value))}
    if isinstance(shape, MultiPoint) and len(shape.geoms) == 1:
        shape = shape.geoms[0]
    if shape is None or shape.is_empty:
        return PointFeature(cells, None)
    if not isinstance(shape, Point):
        return PointFeature(cells, None, BadFieldError("geometry", shape.geom_type, A_POINT))
    try:
        return PointFeature(cells, parsing.stated_point(shape.x, shape.y))
    except BadFieldError as wrong:
        return PointFeature(cells, None, wrong)
    except InputError as wrong:
        problem = wrong.problem
        return PointFeature(cells, None, BadFieldError("geometry", problem.got, problem.allowed))


def _text(value: object) -> str:
    """Write a field's value as text; "" for missing numbers and days."""
    if isinstance(value, np.datetime64):
        return "" if np.isnat(value) else cell_text(value.astype("datetime64[s]").item())
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    return cell_text(value)


def _geojson_features(source: SourceFile) -> Iterator[PointFeature]:
    document = collection_of(source)
    stated = stated_crs(document)
    for feature in features_of(document, source):
        if feature["fault"] is not None:
            yield PointFeature(
                {}, None, BadFieldError("feature", feature["fault"], "a GeoJSON Feature")
            )
            continue
        fields = feature["properties"]
        if len(fields) > MOST_COLUMNS:
            most = f"at most {MOST_COLUMNS:,}"
            raise TooLarge(f"properties of {source.name}", f"{len(fields):,}", most)
        try:
            shape = geometry(feature["geometry"])
        except BadFieldError as wrong:
            yield PointFeature(_point_feature(fields, None).fields, None, wrong)
            continue
        (moved,) = in_degrees(np.array([shape], dtype=object), stated, source)
        yield _point_feature(fields, moved)


def _shapes_are_points(source: SourceFile) -> bool:
    """Tell whether all shapefiles of a zip hold points: the type is at byte 32 of the header."""
    names = [name for name in zipped_names(source) if name.lower().endswith(".shp")]
    try:
        heads = [zipped_bytes(source, name)[32:36] for name in names]
    except InputError:
        return False
    return all(int.from_bytes(head, "little") in SHAPE_TYPES_OF_POINTS for head in heads)


def _package_has_points(source: SourceFile) -> bool:
    try:
        kinds = {kind.split()[0] for kind in geopackage_kinds(source)}
    except InputError:
        return False
    return bool(kinds) and kinds <= {"Point", "MultiPoint"}


def _kinds_are_points(source: SourceFile) -> bool:
    try:
        first = next(iter(form_areas(source, FLATGEOBUF)), None)
    except InputError:
        return False
    return first is not None and isinstance(first.shape, (Point, MultiPoint))


def _is_geoparquet(source: SourceFile) -> bool:
    try:
        return b"geo" in (parquet.read_metadata(source.path).metadata or {})
    except (pa.ArrowInvalid, OSError):
        return False


def _parquet_features(source: SourceFile) -> Iterator[PointFeature]:
    try:
        with parquet.ParquetFile(source.path) as file:
            column, stated = _geometry_metadata(file, source)
            for batch in file.iter_batches(batch_size=BATCH):
                yield from _batch_features(batch, column, stated, source)
    except (pa.ArrowException, OSError) as wrong:
        raise InvalidFile(source.name, str(wrong)[:200], "a complete GeoParquet file") from wrong


def _geometry_metadata(file: parquet.ParquetFile, source: SourceFile) -> tuple[str, str]:
    """Return the column of a file's geometry and its reference system.

    Raises:
        InvalidFile: no such metadata, or another encoding than WKB.
        TooLarge: it unpacks to more than the bound.
    """
    size = sum(file.metadata.row_group(n).total_byte_size for n in range(file.num_row_groups))
    if size > MOST_UNPACKED_BYTES or len(file.schema_arrow.names) > MOST_COLUMNS:
        most = f"at most {MOST_UNPACKED_BYTES:,} bytes and {MOST_COLUMNS:,} columns"
        raise TooLarge(f"unpacked size of {source.name}", f"{size:,} bytes", most)
    try:
        metadata = json.loads((file.metadata.metadata or {})[b"geo"])
        column = metadata["primary_column"]
        column_metadata = metadata["columns"][column]
        encoding, crs = column_metadata["encoding"], column_metadata.get("crs", LONGITUDE_FIRST)
    except (KeyError, TypeError, ValueError) as wrong:
        allowed = "GeoParquet, with its metadata under `geo`"
        raise InvalidFile(source.name, "no readable metadata", allowed) from wrong
    if encoding != "WKB":
        raise InvalidFile(f"geometry of {source.name}", encoding, "the encoding WKB")
    return str(column), crs if isinstance(crs, str) else json.dumps(crs)


def _batch_features(
    batch: pa.RecordBatch, column: str, stated: str, source: SourceFile
) -> Iterable[PointFeature]:
    rows = batch.to_pylist()
    try:
        shapes = shapely.from_wkb([row.pop(column, None) for row in rows])
    except UNREADABLE as wrong:
        raise InvalidFile(f"geometry of {source.name}", str(wrong), "WKB") from wrong
    moved = in_degrees(np.asarray(shapes, dtype=object), stated, source)
    return [_point_feature(row, shape) for row, shape in zip(rows, moved, strict=True)]


_PACKED: tuple[tuple[Is, str, Is], ...] = (
    (lambda source: source.head.startswith(PARQUET), "GeoParquet", _is_geoparquet),
    (has_geodatabase, "a file geodatabase in a zip", lambda _source: True),
    (has_shapefile, "a zip with a shapefile of points", _shapes_are_points),
    (is_geopackage, "a GeoPackage with points", _package_has_points),
    (lambda source: has_form(source, FLATGEOBUF), "a FlatGeobuf with points", _kinds_are_points),
    (lambda source: has_form(source, GPX), "waypoints of GPX", lambda _source: True),
)
"""How a file of another sort than JSON is known, its kind, and how it is known to be of points."""
