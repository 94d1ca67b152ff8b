"""GeoParquet 1.1, written as a stream."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from app.exporters.about import About
from app.exporters.columns import GEOMETRY, NOTES, schema

GEO = {
    "version": "1.1.0",
    "primary_column": GEOMETRY,
    "columns": {GEOMETRY: {"encoding": "WKB", "geometry_types": ["Point"]}},
}
"""Without a `crs`, coordinates are degrees on WGS 84, longitude first (OGC:CRS84)."""


PARTS_OF_A_GROUP = 5
"""A row group is what a reader takes at once."""


class _Sink:
    """A file object that collects the written bytes until `take` returns them."""

    closed = False

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._at = 0

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        self._at += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._at

    def flush(self) -> None:
        """Do nothing: there is no buffer."""

    def close(self) -> None:
        self.closed = True

    def take(self) -> bytes:
        block, self._pieces = b"".join(self._pieces), []
        return block


def write(about: About, parts: Iterator[pa.RecordBatch], _folder: Path) -> Iterator[bytes]:
    """Write the table with WKB points; the description is key-value metadata of the file."""
    metadata = {
        "geo": msgspec.json.encode(GEO),
        "strikemap": msgspec.json.encode(about.document(NOTES)),
        "citation": about.citation.encode(),
        "licence": about.licence.encode(),
    }
    sink = _Sink()
    described = schema(has_geometry=True).with_metadata(metadata)
    with pq.ParquetWriter(pa.PythonFile(sink, mode="w"), described, compression="zstd") as writer:
        while some := list(islice(parts, PARTS_OF_A_GROUP)):
            writer.write_table(pa.Table.from_batches(some), row_group_size=sum(map(len, some)))
            yield sink.take()
    yield sink.take()
