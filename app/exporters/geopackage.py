"""GeoPackage: incidents as points or without geometry, and the file's description as tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec
import pyarrow as pa
import pyogrio
from pyogrio.errors import DataSourceError

from app.domain.errors import StrikemapError
from app.exporters.about import About
from app.exporters.columns import GEOMETRY, NOTES, schema
from app.exporters.pieces import pieces
from app.render.qml import marks_qml
from app.render.sld import marks_sld

CRS, LAYER = "EPSG:4326", "incidents"
SHAPE_COLUMN = "geom"
"""The column of the geometry, as GDAL names it in every GeoPackage."""

INDEX_LAST = {"OGR_GPKG_ALLOW_THREADED_RTREE": False}
"""GDAL makes the spatial index after the writing, which is as fast: to make it during the writing
would keep all bounding boxes in memory."""


def write(about: About, parts: Iterator[pa.RecordBatch], folder: Path) -> Iterator[bytes]:
    """Write the layer `incidents` as a stream of batches, then the tables `about` and `fields`."""
    path = folder / "export.gpkg"
    description, faults = about.document(NOTES), list[StrikemapError]()
    batches = _noting(parts, faults)
    rows = pa.RecordBatchReader.from_batches(schema(has_geometry=True), batches)
    pyogrio.set_gdal_config_options(INDEX_LAST)
    terms = {"TITLE": about.title, "CITATION": about.citation, "LICENCE": about.licence}
    try:
        pyogrio.write_arrow(
            rows,
            path,
            layer=LAYER,
            driver="GPKG",
            geometry_name=GEOMETRY,
            geometry_type="Point",
            crs=CRS,
            dataset_metadata={**terms, "STRIKEMAP": msgspec.json.encode(description).decode()},
            layer_metadata={**terms, "DESCRIPTION": about.citation},
            layer_options={"IDENTIFIER": about.title, "DESCRIPTION": about.citation},
        )
    except (RuntimeError, DataSourceError) as wrong:
        if faults:
            raise faults[0] from wrong
        raise
    names, values = zip(*about.pairs(), strict=True)
    _table(path, "about", {"name": names, "value": values})
    fields: dict[str, Sequence[str | None]] = {
        "field": [note.name for note in NOTES],
        "type": [note.kind for note in NOTES],
        "unit": [note.unit or None for note in NOTES],
        "meaning": [note.meaning for note in NOTES],
        "unknown": ["NULL"] * len(NOTES),
    }
    _table(path, "fields", fields)
    _style(path, about)
    yield from pieces(path)


def _noting(
    parts: Iterator[pa.RecordBatch], faults: list[StrikemapError]
) -> Iterator[pa.RecordBatch]:
    """Note why the rows end early: GDAL says only that they do."""
    try:
        yield from parts
    except StrikemapError as wrong:
        faults.append(wrong)
        raise


def _style(path: Path, about: About) -> None:
    """Add the table in which QGIS and GeoServer look for the style of a layer."""
    texts = {
        "f_table_catalog": "",
        "f_table_schema": "",
        "f_table_name": LAYER,
        "f_geometry_column": SHAPE_COLUMN,
        "styleName": LAYER,
        "styleQML": marks_qml(about.marks),
        "styleSLD": marks_sld(about.marks),
        "description": about.title,
        "owner": "",
        "ui": "",
    }
    columns = {name: pa.array([text], pa.string()) for name, text in texts.items()}
    columns["useAsDefault"] = pa.array([True], pa.bool_())
    instant = datetime.fromisoformat(about.exported_at)
    columns["update_time"] = pa.array([instant], pa.timestamp("ms", "UTC"))
    options = {"FID": "id"}
    table = pa.table(columns)
    pyogrio.write_arrow(
        table, path, layer="layer_styles", driver="GPKG", append=True, layer_options=options
    )


def _table(path: Path, name: str, columns: Mapping[str, Sequence[str | None]]) -> None:
    """Add a table without geometry."""
    table = pa.table({key: pa.array(values, pa.string()) for key, values in columns.items()})
    pyogrio.write_arrow(table, path, layer=name, driver="GPKG", append=True)
