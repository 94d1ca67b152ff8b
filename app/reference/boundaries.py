"""Reads boundaries out of any vector file that GDAL knows: polygons in degrees, longitude first."""

from __future__ import annotations

import math
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import pyogrio
import pyogrio.raw
import shapely
from pyogrio.errors import DataLayerError, DataSourceError, FieldError
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry

from app.domain.errors import InvalidFile, InvalidPlace, TooLarge
from app.domain.place import LonLat

READABLE = "a vector file such as GeoJSON, GeoPackage or a zipped Shapefile"
KINDS_THAT_MAY = ("Unknown", "GeometryCollection")
INSIDE_ZIP = (".shp", ".gpkg", ".geojson", ".json")


@dataclass(frozen=True)
class Layer:
    """One layer of a file: its place and its columns; `shapes` reads the shapes."""

    source: str
    name: str
    columns: Mapping[str, np.ndarray]
    crs: str | None

    def shapes(self) -> Outlines:
        """Read the shapes: in degrees, valid, only polygons.

        Raises:
            InvalidFile: the file states no coordinate reference system, a ring is open, or
                coordinates are not on Earth.
        """
        if self.crs is None:
            allowed = "a stated coordinate reference system (a Shapefile needs its .prj file)"
            raise InvalidFile(f"coordinates of {self.name}", "no reference system", allowed)
        with _quiet():
            *_, wkb, _cells = pyogrio.raw.read(self.source, layer=self.name, columns=[])
        try:
            read = shapely.from_wkb(wkb)
        except shapely.errors.GEOSException as wrong:
            allowed = "polygons with closed rings of four points or more"
            raise InvalidFile(f"shapes of {self.name}", str(wrong), allowed) from wrong
        shapes = _in_degrees(shapely.force_2d(read), self.crs, self.name)
        has_shape = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
        repaired = np.flatnonzero(has_shape & ~shapely.is_valid(shapes)).tolist()
        polygons = [
            _polygons(one) if exists else None
            for one, exists in zip(shapes, has_shape, strict=True)
        ]
        return Outlines(polygons, repaired)


@dataclass(frozen=True)
class Outlines:
    """The shapes of a layer, row by row (None without a polygon), and the repaired rows."""

    shapes: Sequence[MultiPolygon | None]
    repaired: Sequence[int]


def read_layers(path: Path, most_bytes: int) -> list[Layer]:
    """List a file's layers of polygons with their columns.

    Raises:
        InvalidFile: it is missing, or no format that GDAL reads.
        TooLarge: it is over the limit, packed or unpacked.
    """
    if not path.is_file():
        raise InvalidFile("file", path.name, "an existing file")
    size = path.stat().st_size
    if size > most_bytes:
        raise TooLarge(f"size of {path.name}", f"{size:,} bytes", f"at most {most_bytes:,} bytes")
    try:
        with _quiet():
            return [
                _layer(source, name)
                for source in _sources(path, most_bytes)
                for name, kind in pyogrio.list_layers(source)
                if kind is not None and ("Polygon" in kind or kind in KINDS_THAT_MAY)
            ]
    except (DataSourceError, DataLayerError, FieldError, UnicodeDecodeError) as wrong:
        raise InvalidFile("file", path.name, READABLE) from wrong


@contextmanager
def _quiet() -> Iterator[None]:
    """Let GDAL not warn of what is refused or noted here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield


def _sources(path: Path, most_bytes: int) -> list[str]:
    """List what GDAL must open: in a zip it reads only the first folder by itself."""
    if not zipfile.is_zipfile(path):
        return [str(path)]
    try:
        with zipfile.ZipFile(path) as packed:
            members = packed.infolist()
    except zipfile.BadZipFile as wrong:
        raise InvalidFile("file", path.name, READABLE) from wrong
    size = sum(member.file_size for member in members)
    if size > most_bytes:
        raise TooLarge(f"unpacked {path.name}", f"{size:,} bytes", f"at most {most_bytes:,} bytes")
    names = [PurePosixPath(member.filename) for member in members]
    files = [name for name in names if name.suffix.lower() in INSIDE_ZIP and name.parts]
    if not files or any(".." in name.parts or name.is_absolute() for name in files):
        raise InvalidFile("file", path.name, f"{READABLE}; the zip holds no such file")
    return [f"/vsizip/{path.resolve()}/{name}" for name in files if "__MACOSX" not in name.parts]


def _layer(source: str, name: str) -> Layer:
    about = pyogrio.read_info(source, layer=name)
    *_, cells = pyogrio.raw.read(source, layer=name, read_geometry=False)
    columns = dict(zip(about["fields"].tolist(), cells, strict=True))
    return Layer(source, name, columns, about["crs"])


def _in_degrees(shapes: np.ndarray, crs: str, name: str) -> np.ndarray:
    """Project shapes to WGS 84; shapes in WGS 84 keep every digit."""
    try:
        system = CRS.from_user_input(crs)
        if not system.equals(CRS.from_epsg(4326), ignore_axis_order=True):
            # GDAL returns coordinates as x, y, in whatever order the system has its axes.
            to_degrees = Transformer.from_crs(system, "OGC:CRS84", always_xy=True)
            shapes = shapely.transform(
                shapes,
                lambda points: np.column_stack(to_degrees.transform(points[:, 0], points[:, 1])),
            )
    except CRSError as wrong:
        allowed = "a coordinate reference system that PROJ knows"
        raise InvalidFile(f"coordinates of {name}", crs[:40], allowed) from wrong
    west, south, east, north = shapely.total_bounds(shapes).tolist()
    if math.isnan(west):  # only empty shapes
        return shapes
    try:
        LonLat.checked(lon=west, lat=south)
        LonLat.checked(lon=east, lat=north)
    except InvalidPlace as wrong:
        raise InvalidFile(f"coordinates of {name}", *wrong.problem[1:]) from wrong
    return shapes


def _polygons(shape: BaseGeometry) -> MultiPolygon | None:
    valid = shape if shape.is_valid else shapely.make_valid(shape)
    # Twice, because make_valid can put a MultiPolygon into a collection.
    parts = shapely.get_parts(shapely.get_parts(valid))
    polygons = [part for part in parts if part.geom_type == "Polygon" and not part.is_empty]
    return shapely.orient_polygons(MultiPolygon(polygons)) if polygons else None
