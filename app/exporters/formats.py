"""All export formats."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from app.exporters import csv_table, geojson, geopackage, geoparquet, kml, workbook
from app.exporters.about import About, Batches


class Format(NamedTuple):
    """A format: its media type, its writer, and a check that refuses what it cannot hold."""

    media_type: str
    write: Callable[[About, Batches, Path], Iterator[bytes]]
    check: Callable[[About], None] = lambda _about: None


FORMATS: dict[str, Format] = {
    "geojson": Format("application/geo+json", geojson.write),
    "csv": Format("text/csv; charset=utf-8", csv_table.write),
    "xlsx": Format(
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        workbook.write,
        workbook.check,
    ),
    "gpkg": Format("application/geopackage+sqlite3", geopackage.write),
    "parquet": Format("application/vnd.apache.parquet", geoparquet.write),
    "kml": Format("application/vnd.google-earth.kml+xml", kml.write),
}
