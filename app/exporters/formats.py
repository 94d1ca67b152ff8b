"""All export formats."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from app.exporters import csv_table, geojson, geopackage, geoparquet, kml, workbook
from app.exporters.about import About, ExportFeature, FilePart, FileParts
from app.exporters.columns import record_batch


class Format(NamedTuple):
    """A format: its media type, how it is written, and a check that refuses what it cannot hold.

    `part` makes one part of the file from some incidents, `write` the file from all parts in order.
    """

    media_type: str
    part: Callable[[About, Sequence[ExportFeature]], FilePart]
    write: Callable[[About, FileParts, Path], Iterator[bytes]]
    check: Callable[[About], None] = lambda _about: None


def _rows(_about: About, features: Sequence[ExportFeature]) -> pa.RecordBatch:
    return record_batch(features, has_geometry=False)


def _points(_about: About, features: Sequence[ExportFeature]) -> pa.RecordBatch:
    return record_batch(features, has_geometry=True)


FORMATS: dict[str, Format] = {
    "geojson": Format("application/geo+json", geojson.lines, geojson.write),
    "csv": Format("text/csv; charset=utf-8", csv_table.csv_rows, csv_table.write),
    "xlsx": Format(
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _rows,
        workbook.write,
        workbook.check,
    ),
    "gpkg": Format("application/geopackage+sqlite3", _points, geopackage.write),
    "parquet": Format("application/vnd.apache.parquet", _points, geoparquet.write),
    "kml": Format("application/vnd.google-earth.kml+xml", kml.placemarks, kml.write),
}
