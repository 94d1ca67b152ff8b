"""Reads areas from shapefiles, GeoPackages, file geodatabases, ArcGIS answers and GeoJSON.

Shapes are transformed from the reference system that their file states to longitude and latitude
on WGS 84. A file that states none is refused, since a wrong guess would move every area.
"""

from __future__ import annotations

import contextlib
import copy
import re
import sqlite3
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import quote

import numpy as np
import pyogrio.raw
import shapely
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError
from shapely.geometry.base import BaseGeometry

from app.domain.errors import InvalidFile, TooLarge
from app.files.features import area, features_of
from app.files.source import MAX_VERTICES, BadFieldError, SourceFile

ZIP, SQLITE = b"PK\x03\x04", b"SQLite format 3\x00"
MOST_UNPACKED_BYTES = 512 << 20
BLOCK = 1 << 20
VIEWS = "SELECT name FROM sqlite_master WHERE type = 'view'"
PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
LONGITUDE_FIRST = "OGC:CRS84"
ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    RuntimeError,
    NotImplementedError,
    ValueError,
    KeyError,
)
"""What the standard library raises for a zip that is cut, corrupt, encrypted or unsupported."""


class Area(NamedTuple):
    """One feature: its layer's name, its fields, its shape in degrees or None, and its fault."""

    layer: str
    fields: Mapping[str, object]
    shape: BaseGeometry | None
    fault: BadFieldError | None = None

    def required_shape(self) -> BaseGeometry:
        """Return the shape.

        Raises:
            BadFieldError: the feature has none, or a faulty one.
        """
        if self.fault is not None:
            raise self.fault
        if self.shape is None:
            raise BadFieldError("geometry", "", "a Polygon or MultiPolygon with an area")
        return self.shape


class UnpackedSize:
    """Adds up the bytes that a file unpacks to."""

    def __init__(self, source: SourceFile) -> None:
        self._source = source
        self._size = 0

    def add(self, content: bytes) -> None:
        """Add a block.

        Raises:
            TooLarge: all blocks together are over the bound.
        """
        self._size += len(content)
        if self._size > MOST_UNPACKED_BYTES:
            most = f"at most {MOST_UNPACKED_BYTES:,} bytes"
            raise TooLarge(f"unpacked size of {self._source.name}", "more", most)


def zipped_names(source: SourceFile) -> list[str]:
    """List the files of a zip; an empty list for any other file."""
    if not source.head.startswith(ZIP):
        return []
    try:
        with zipfile.ZipFile(source.path) as archive:
            return [name for name in archive.namelist() if not name.startswith("__MACOSX")]
    except ZIP_ERRORS:
        return []


def zipped_bytes(source: SourceFile, name: str) -> bytes:
    """Unpack one file of a zip into memory.

    Raises:
        TooLarge: it unpacks to more than the bound.
        InvalidFile: it is cut, corrupt or encrypted.
    """
    try:
        with zipfile.ZipFile(source.path) as archive:
            return b"".join(unpacked_blocks(archive, archive.getinfo(name), source))
    except ZIP_ERRORS as wrong:
        allowed = "a complete zip without a password"
        raise InvalidFile(f"{name} in {source.name}", str(wrong), allowed) from wrong


def unpacked_blocks(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, source: SourceFile
) -> Iterator[bytes]:
    """Unpack one file of a zip block by block; its stated size is not trusted.

    Raises:
        TooLarge: it unpacks to more than the bound.
    """
    member, unpacked = copy.copy(member), UnpackedSize(source)
    # The library compares with the stated size only after it has unpacked far more than that.
    member.file_size = MOST_UNPACKED_BYTES + 1
    with archive.open(member) as stream:
        while block := stream.read(BLOCK):
            unpacked.add(block)
            yield block


def has_shapefile(source: SourceFile) -> bool:
    """Tell whether a file is a zip with at least one shapefile."""
    return any(name.lower().endswith(".shp") for name in zipped_names(source))


def is_geopackage(source: SourceFile) -> bool:
    """Tell whether a file is a GeoPackage: SQLite, with the GeoPackage mark at byte 68."""
    return source.head.startswith(SQLITE) and source.head[68:72] in (b"GPKG", b"GP10", b"GP11")


def shapefile_areas(source: SourceFile) -> Iterator[Area]:
    """Read every shapefile of a zip.

    Raises:
        InvalidFile: a shapefile cannot be read, or has no .prj.
    """
    with tempfile.TemporaryDirectory(prefix="strikemap-") as folder:
        for path in _unpacked_shapefiles(source, Path(folder)):
            if not path.with_suffix(".prj").exists():
                allowed = "a .prj beside it, which says what its numbers mean"
                raise InvalidFile(f"{path.name} in {source.name}", "no .prj", allowed)
            yield from _areas(path, None, source)


def geopackage_areas(source: SourceFile) -> Iterator[Area]:
    """Read every layer of a GeoPackage that has shapes.

    Raises:
        InvalidFile: it cannot be read, or states no reference system.
    """
    with _open_geopackage(source) as (path, layers):
        for name in layers:
            yield from _areas(path, name, source)


def geopackage_kinds(source: SourceFile) -> set[str]:
    """Return the geometry types that the layers of a GeoPackage declare.

    Raises:
        InvalidFile: it cannot be read.
    """
    with _open_geopackage(source) as (_path, layers):
        return set(layers.values())


def _refuse_views(source: SourceFile) -> None:
    """Refuse a GeoPackage with views: a view is a program, which may run for ever.

    Raises:
        InvalidFile: it has one.
    """
    address = f"file:{quote(str(source.path.resolve()))}?mode=ro&immutable=1"
    with (
        contextlib.suppress(sqlite3.DatabaseError),  # GDAL says what is wrong with the file
        contextlib.closing(sqlite3.connect(address, uri=True)) as connection,
    ):
        for (name,) in connection.execute(VIEWS):
            allowed = "tables alone: save the layer as a table, for example in QGIS"
            raise InvalidFile(source.name, f"the view {str(name)[:80]!r}", allowed)


@contextlib.contextmanager
def _open_geopackage(source: SourceFile) -> Iterator[tuple[Path, dict[str, str]]]:
    """Open a GeoPackage: its path, and the geometry type of each layer with shapes."""
    _refuse_views(source)
    with tempfile.TemporaryDirectory(prefix="strikemap-") as folder:
        path = Path(folder) / "file.gpkg"  # the library looks at the extension too
        path.symlink_to(source.path.resolve())
        with _gdal_errors(source):
            layers = pyogrio.list_layers(path)
        yield path, {str(name): str(kind) for name, kind in layers if kind is not None}


def has_geodatabase(source: SourceFile) -> bool:
    """Tell whether a file is a zip with a file geodatabase, a folder named NAME.gdb."""
    return bool(_geodatabases(source))


def _geodatabases(source: SourceFile) -> list[str]:
    """List the folders of geodatabases in a zip."""
    paths = [PurePosixPath(name.replace("\\", "/")) for name in zipped_names(source)]
    folders = {str(one) for path in paths for one in path.parents if one.suffix.lower() == ".gdb"}
    return sorted(folders)


def geodatabase_areas(source: SourceFile) -> Iterator[Area]:
    """Read every layer with shapes of the file geodatabases in a zip.

    Raises:
        InvalidFile: a geodatabase cannot be read, or states no reference system.
    """
    with tempfile.TemporaryDirectory(prefix="strikemap-") as folder:
        for number, within in enumerate(_geodatabases(source)):
            path = Path(folder) / f"{number}.gdb"
            path.mkdir()
            unpacked = UnpackedSize(source)
            for name in zipped_names(source):
                inner = PurePosixPath(name.replace("\\", "/"))
                if str(inner.parent) == within and not name.endswith("/"):
                    content = zipped_bytes(source, name)
                    unpacked.add(content)
                    (path / inner.name).write_bytes(content)
            with _gdal_errors(source):
                layers = [str(one) for one, kind in pyogrio.list_layers(path) if kind is not None]
            for layer in layers:
                yield from _areas(path, layer, source)


class VectorForm(NamedTuple):
    """A form of vector file that GDAL reads by its ending: its first bytes, and its layer.

    `crs` is that of files that do not state one.
    """

    ending: str
    mark: re.Pattern[bytes]
    layer: str | None = None
    crs: str | None = None


FLATGEOBUF = VectorForm("fgb", re.compile(rb"^fgb\x03fgb"))
TOPOJSON = VectorForm(
    "topojson", re.compile(rb'^\s*\{.*?"type"\s*:\s*"Topology"', re.DOTALL), None, LONGITUDE_FIRST
)
GPX = VectorForm("gpx", re.compile(rb"<gpx[\s>]"), "waypoints")
FORMS = (FLATGEOBUF, TOPOJSON, GPX)
"""Of GPX only the waypoints: a track is where somebody went, and no incident."""


def has_form(source: SourceFile, form: VectorForm) -> bool:
    """Tell whether a file has a form, by its first bytes."""
    return form.mark.search(source.head[:2_000]) is not None


def form_areas(source: SourceFile, form: VectorForm) -> Iterator[Area]:
    """Read the features of a file in one of these forms.

    Raises:
        InvalidFile: it cannot be read, or declares an entity.
    """
    if form is GPX and b"<!DOCTYPE" in source.head:
        raise InvalidFile(f"content of {source.name}", "a DOCTYPE", "GPX without one")
    with tempfile.TemporaryDirectory(prefix="strikemap-") as folder:
        path = Path(folder) / f"file.{form.ending}"  # the library looks at the extension
        path.symlink_to(source.path.resolve())
        yield from _areas(path, form.layer, source, form.crs)


def geojson_areas(
    document: object, source: SourceFile, crs: str = LONGITUDE_FIRST
) -> Iterator[Area]:
    """Read the areas of a parsed GeoJSON file whose coordinates are in `crs`.

    Raises:
        InvalidFile: without a list of features.
    """
    for feature in features_of(document, source):
        try:
            shape = area(feature)
        except BadFieldError as wrong:
            yield Area(source.name, feature["properties"], None, wrong)
            continue
        (moved,) = in_degrees(np.array([shape], dtype=object), crs, source)
        yield Area(source.name, feature["properties"], moved)


def stated_crs(document: object) -> str:
    """Read the member `crs` of old GeoJSON; RFC 7946 allows only longitude and latitude."""
    crs = document.get("crs") if isinstance(document, Mapping) else None
    properties = crs.get("properties") if isinstance(crs, Mapping) else None
    if isinstance(properties, Mapping) and "name" in properties:
        return str(properties["name"])
    return LONGITUDE_FIRST


def esri_areas(source: SourceFile) -> Iterator[Area]:
    """Read an answer of an ArcGIS service in Esri's JSON.

    Raises:
        InvalidFile: it cannot be read, or states no reference system.
    """
    with tempfile.TemporaryDirectory(prefix="strikemap-") as folder:
        path = Path(folder) / f"{Path(source.name).stem or 'file'}.json"
        path.symlink_to(source.path.resolve())
        yield from _areas(path, None, source)


@contextlib.contextmanager
def _gdal_errors(source: SourceFile) -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # GDAL warns of unusual files
            yield
    except UnboundLocalError as wrong:  # a bug of the library, for a system that GDAL cannot write
        got = "one that GDAL cannot read"
        where = f"reference system of {source.name}"
        raise InvalidFile(where, got, "one that PROJ knows") from wrong
    except (DataSourceError, DataLayerError, UnicodeDecodeError, IndexError) as wrong:
        raise InvalidFile(source.name, str(wrong)[:200], "a file that GDAL can read") from wrong


def _unpacked_shapefiles(source: SourceFile, folder: Path) -> list[Path]:
    """Unpack the shapefiles of a zip, each of its folders apart; return their paths by name.

    Folders may hold files of one name, as a folder for each day does.
    """
    paths, unpacked = list[Path](), UnpackedSize(source)
    folders = dict[PurePosixPath, Path]()
    for name in sorted(zipped_names(source)):
        inner = PurePosixPath(name.replace("\\", "/"))
        if inner.is_absolute() or ".." in inner.parts:
            raise InvalidFile(f"path in {source.name}", name, "paths inside it")
        if inner.suffix.lower() in PARTS:
            content = zipped_bytes(source, name)
            unpacked.add(content)
            own = folders.setdefault(inner.parent, folder / str(len(folders)))
            own.mkdir(exist_ok=True)
            target = own / f"{inner.stem}{inner.suffix.lower()}"
            target.write_bytes(content)
            paths += [target] if target.suffix == ".shp" else []
    return paths


def _areas(
    path: Path, layer: str | None, source: SourceFile, crs: str | None = None
) -> Iterator[Area]:
    with _gdal_errors(source):
        meta, _ids, wkb, columns = pyogrio.raw.read(path, layer=layer, force_2d=True)
    # An invalid geometry (an open ring) is a fault of its feature, not of the whole file.
    shapes = shapely.from_wkb(wkb, on_invalid="ignore")
    if shapely.get_num_coordinates(shapes).sum() > MAX_VERTICES:
        raise TooLarge(f"vertices of {source.name}", "more", f"at most {MAX_VERTICES:,}")
    moved = in_degrees(shapes, meta["crs"] or crs, source)
    names = [str(name) for name in meta["fields"]]
    for number, shape in enumerate(moved):
        fields = {name: column[number] for name, column in zip(names, columns, strict=True)}
        yield Area(layer or path.stem, fields, shape)


def in_degrees(shapes: np.ndarray, stated: str | None, source: SourceFile) -> np.ndarray:
    """Transform shapes from the stated reference system to longitude and latitude.

    Raises:
        InvalidFile: no reference system is stated, or an unknown one.
    """
    if not stated:
        allowed = "a file that states its reference system"
        raise InvalidFile(f"reference system of {source.name}", "none", allowed)
    where = f"reference system of {source.name}"
    try:
        transformer = _transformer(stated)
    except CRSError as wrong:
        raise InvalidFile(where, stated, "one that PROJ knows") from wrong
    except ProjError as wrong:  # a system of the Moon, for example
        raise InvalidFile(where, stated, "one that leads to WGS 84") from wrong
    if transformer is None:
        return shapes
    moved = shapely.transform(
        shapes, lambda points: np.column_stack(transformer.transform(points[:, 0], points[:, 1]))
    )
    return np.asarray(moved)


@lru_cache(maxsize=8)  # to make one takes longer than to move a hundred points
def _transformer(stated: str) -> Transformer | None:
    """Return what leads from a reference system to ours; None where it is ours already."""
    crs = CRS.from_user_input(stated)
    if crs.equals(LONGITUDE_FIRST, ignore_axis_order=True):
        return None
    return Transformer.from_crs(crs, LONGITUDE_FIRST, always_xy=True)
