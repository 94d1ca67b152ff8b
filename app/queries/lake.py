"""The record as a lake: GeoParquet files by dataset and month, for engines of other makers.

What a table holds is what an export of the same audience holds, row by row: terms, embargo,
generalisation and redactions are those of `app.queries.incidents`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from app.domain.answer import JsonObject
from app.domain.period import from_epoch_day
from app.domain.terms import Dataset, DatasetKind, Face
from app.exporters.columns import GEOMETRY, record_batch
from app.index.control import Calendar
from app.publishing.publish import Published, publish
from app.publishing.query import Query
from app.queries.export import describe_export
from app.queries.incidents import incident_features
from app.rows import NEVER, Rows

File = tuple[str, bytes]
BATCH = 1_000
"""Incidents in memory as answers at a time: so few stay in the processor's caches."""

SIDES = ("xmin", "ymin", "xmax", "ymax")
BBOX = pa.struct([(side, pa.float64()) for side in SIDES])
UNDATED = "undated"
MARK = pa.schema([("mercator_x", pa.int64()), ("mercator_y", pa.int64()), ("bbox", BBOX)])
"""What a row has beside the columns of an export: 31-bit Web Mercator of its mark, and its box."""

CLAIMS = pa.schema([(name, pa.string()) for name in ("incident", "by", "text", "url")])
SHAPED = [pa.field(GEOMETRY, pa.binary()), pa.field("bbox", BBOX)]
REGIONS = pa.schema(
    [
        *((name, pa.string()) for name in ("code", "country", "name_en", "name_uk", "pcode")),
        *(("parent", pa.string()), ("level", pa.int64()), ("number", pa.int64())),
        *(("population", pa.int64()), ("population_year", pa.int64()), *SHAPED),
    ]
)
"""`number` is the place of a region in its set."""

CONTROL = pa.schema(
    [
        *(("source", pa.string()), ("valid_on", pa.date32()), ("valid_to", pa.date32())),
        *((name, pa.string()) for name in ("controller", "status", "part", "extent", "region")),
        *(("word", pa.string()), ("citation", pa.string()), *SHAPED),
    ]
)
"""`valid_to` is the last day that a snapshot speaks for: before the next one, and not too late."""


@dataclass(frozen=True)
class Lake:
    """The tables of one theatre, of all datasets that the query's audience may take along."""

    query: Query

    def files(self) -> Iterator[File]:
        """Yield every file by its name; equal records give equal files."""
        for dataset in self.datasets(DatasetKind.incidents):
            yield from self._incidents(dataset)
        yield from self._regions()
        for source in self.datasets(DatasetKind.control):
            yield from self._control(source)

    def datasets(self, kind: DatasetKind) -> list[Dataset]:
        """List the datasets that may leave: of a View that names some, only those."""
        named = self.query.view.datasets if kind is DatasetKind.incidents else ()
        return [
            dataset
            for dataset in self.query.datasets_of(kind)
            if (not named or dataset.slug in named)
            and (not self.query.is_public or _may_leave(dataset))
        ]

    def about(self) -> dict[str, str]:
        """Say what the lake holds: the View, the state of the record, and the audience."""
        published = publish(self.query, Face.export)
        about = describe_export(published, 0)
        slugs = [one.slug for kind in DatasetKind for one in self.datasets(kind)]
        licences = [f"{one.slug}: {one.licence}" for one in self.query.state.datasets.values()]
        return {
            "view": about.query,
            "as_of": about.as_of or "",
            "ledger_head": about.ledger_head,
            "audience": about.audience,
            "datasets": " ".join(slugs),
            "licences": "; ".join(one for one in licences if one.split(":")[0] in slugs),
        }

    def _incidents(self, dataset: Dataset) -> Iterator[File]:
        """Write a dataset's incidents and their claims by the month of the first day."""
        published = publish(self.query.but(datasets=(dataset.slug,)), Face.export)
        rows = published.select().rows()
        places = np.lexsort((rows["number"], rows["day_first"]))
        months = _months(rows["day_first"][places])
        starts = np.flatnonzero(np.r_[True, months[1:] != months[:-1]][: len(places)])
        for start, end in zip(starts, [*starts[1:], len(places)], strict=True):
            where = f"dataset={dataset.slug}/month={months[start]}/part.parquet"
            parts = [self._part(published, rows.take(part)) for part in _batches(places[start:end])]
            yield f"incidents/{where}", _parquet(pa.concat_tables(table for table, _ in parts))
            claims = [claim for _, claims in parts for claim in claims]
            if claims:
                yield f"claims/{where}", _parquet(pa.Table.from_pylist(claims, CLAIMS))

    @staticmethod
    def _part(published: Published, rows: Rows) -> tuple[pa.Table, list[JsonObject]]:
        """Write some incidents as a table, and list their claims."""
        features = incident_features(published, rows, Face.export)
        claims = [
            {"incident": one["id"], **claim}
            for one in (feature["properties"] for feature in features)
            for claim in one["claims"]
        ]
        return _incident_table(features, rows), claims

    def _regions(self) -> Iterator[File]:
        for level, region_set in self.query.reference.region_sets(self.query.view.theatre).items():
            rows = [
                {**{name: getattr(one, name, None) for name in REGIONS.names}, "number": number}
                for number, one in enumerate(region_set.regions)
            ]
            table = _shaped(rows, [one.shape for one in region_set.regions], REGIONS)
            yield f"regions/level={level}/part.parquet", _parquet(table)

    def _control(self, source: Dataset) -> Iterator[File]:
        """Write a source's areas by the month of their day."""
        calendar = self.query.calendar(source)
        by_month: dict[str, list[int]] = {}
        for number, day in enumerate(calendar.days):
            by_month.setdefault(f"{day:%Y-%m}", []).append(number)
        for month, numbers in by_month.items():
            rows = [row for number in numbers for row in self._areas(calendar, number)]
            shapes = [self._shape(row.pop("shape")) for row in rows]
            where = f"control/source={source.slug}/month={month}/part.parquet"
            yield where, _parquet(_shaped(rows, shapes, CONTROL))

    def _areas(self, calendar: Calendar, number: int) -> Iterator[JsonObject]:
        snapshot = calendar.snapshots[number]
        days = timedelta(days=self.query.theatre.stale_after_days)
        valid_to = snapshot.valid_on + days
        if number + 1 < len(calendar.days):
            valid_to = min(valid_to, calendar.days[number + 1] - timedelta(days=1))
        for area in snapshot.areas:
            yield {
                **msgspec.to_builtins(area),
                "source": snapshot.dataset,
                "valid_on": snapshot.valid_on,
                "valid_to": valid_to,
                "status": area.status.value,
                "part": area.part.value,
                "extent": area.extent.value,
                "shape": area.shape,
            }

    def _shape(self, sha256: str | None) -> shapely.Geometry | None:
        return None if sha256 is None else self.query.state.control.shapes.read(sha256)


def _batches(places: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(places), BATCH):
        yield places[start : start + BATCH]


def _may_leave(dataset: Dataset) -> bool:
    return dataset.terms.export and dataset.terms.allow(Face.points, 1)


def _months(days: np.ndarray) -> np.ndarray:
    """Name the month of each day; days are in ascending order, undated ones at the end."""
    named = {
        day: UNDATED if day == NEVER else f"{from_epoch_day(day):%Y-%m}"
        for day in np.unique(days).tolist()
    }
    return np.array([named[day] for day in days.tolist()], object)


def _incident_table(features: Sequence[JsonObject], rows: Rows) -> pa.Table:
    table = pa.Table.from_batches([record_batch(features, has_geometry=True)])
    rows_of = dict(zip(rows["seq"].tolist(), range(len(rows)), strict=True))
    places = [rows_of[one["properties"]["revision"]] for one in features]
    lon, lat = (table[axis].to_numpy() for axis in ("lon", "lat"))
    is_nowhere = np.isnan(lon)
    for axis in ("mercator_x", "mercator_y"):
        column = pa.array(rows[axis][places].astype(np.int64), mask=is_nowhere)
        table = table.append_column(MARK.field(axis), column)
    return table.append_column(MARK.field("bbox"), _boxes(lon, lat, lon, lat))


def _shaped(
    rows: Sequence[Mapping[str, object]],
    shapes: Sequence[shapely.Geometry | None],
    table_schema: pa.Schema,
) -> pa.Table:
    geometries = np.array(shapes, object)
    names = [name for name in table_schema.names if name not in (GEOMETRY, "bbox")]
    columns = [
        pa.array([row.get(name) for row in rows], table_schema.field(name).type) for name in names
    ]
    columns += [pa.array(shapely.to_wkb(geometries), pa.binary())]
    columns.append(_boxes(*shapely.bounds(geometries).T))
    return pa.Table.from_arrays(columns, schema=table_schema)


def _boxes(*sides: np.ndarray) -> pa.StructArray:
    """Write boxes from their sides; NaN where there is no shape."""
    return pa.StructArray.from_arrays(
        [pa.array(side) for side in sides], fields=list(BBOX), mask=pa.array(np.isnan(sides[0]))
    )


def _parquet(table: pa.Table) -> bytes:
    """Write a table as GeoParquet 1.1 where it has shapes, with its boxes as a covering."""
    if GEOMETRY in table.column_names:
        kinds = shapely.get_type_id(shapely.from_wkb(table[GEOMETRY].to_numpy()))
        covering = {side: ["bbox", side] for side in SIDES}
        column = {
            "encoding": "WKB",
            "geometry_types": sorted({TYPES[kind] for kind in set(kinds.tolist()) if kind >= 0}),
            "covering": {"bbox": covering},
        }
        geo = {"version": "1.1.0", "primary_column": GEOMETRY, "columns": {GEOMETRY: column}}
        table = table.replace_schema_metadata({"geo": msgspec.json.encode(geo)})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue())


TYPES = {0: "Point", 1: "LineString", 3: "Polygon", 4: "MultiPoint", 5: "MultiLineString"}
TYPES |= {6: "MultiPolygon", 7: "GeometryCollection"}
