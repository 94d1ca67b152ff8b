"""What a batch computes, as functions over Arrow batches, for engines whose SQL knows no shapes.

They are sent to other machines as they stand here, so they use pyarrow, NumPy and shapely and
nothing of ours; beside their batches they read files of the lake alone. Their answers are those of
the statements in `app/batch/sql`, which `tests/batch` compares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import shapely
from shapely.geometry.base import BaseGeometry

WHO = ("dataset", "id")
COLUMNS_OF = {
    "attribute": (*WHO, "lon", "lat", "admin1", "admin2"),
    "ground": (*WHO, "lon", "lat", "first_day"),
    "pyramid": ("dataset", "mercator_x", "mercator_y", "first_day", "killed_low"),
}
"""The columns of incidents that each job reads."""

Predicate = Callable[[BaseGeometry, np.ndarray, np.ndarray], np.ndarray]
MERCATOR_BITS = 31
TILE = ("z", "x", "y", "dataset")


def attribute(
    batches: Iterable[pa.RecordBatch], regions: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    """Yield each mark's region, by level: as stated, else the one that it lies in.

    `regions` are paths of Parquet files.
    """
    levels = regions_by_level(regions)
    shapes = {level: _prepared(units["geometry"]) for level, units in levels.items()}
    for marks in _marks(batches):
        stated = stated_rows(marks, levels)
        for level, units in levels.items():
            located = np.full(len(marks), -1, np.int32)
            for number, shape in enumerate(shapes[level]):
                located[_in_box(marks, shape, shapely.contains_xy)] = number
            lies_in = pa.array(located, mask=located < 0)
            code = units["code"].combine_chunks().take(pc.coalesce(stated[level], lies_in))
            names = [*(marks[name] for name in WHO), pa.repeat(pa.scalar(level), len(marks)), code]
            yield pa.RecordBatch.from_arrays(names, [*WHO, "level", "region"])


def regions_by_level(regions: Sequence[str]) -> dict[int, pa.Table]:
    """Read regions from Parquet files, each level in the order of its numbers."""
    table = pq.read_table(list(regions), partitioning=None).sort_by("number")
    return {
        level: table.filter(pc.field("level") == level)
        for level in sorted(pc.unique(table["level"]).to_pylist())
    }


def stated_rows(marks: pa.RecordBatch, levels: dict[int, pa.Table]) -> dict[int, pa.Array]:
    """Return the row of the stated unit in each level; a district states its region, too."""
    rows = {
        level: pc.index_in(marks[f"admin{level}"], value_set=units["code"])
        for level, units in levels.items()
    }
    if {1, 2} <= levels.keys():
        parents = pc.index_in(levels[2]["parent"], value_set=levels[1]["code"]).combine_chunks()
        rows[1] = pc.coalesce(rows[1], parents.take(rows[2]))
    return rows


def ground(batches: Iterable[pa.RecordBatch], control: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Yield who held each mark's ground on its first day, by source; null where none is named.

    `control` are paths of Parquet files, of which only the areas of the days in a batch are read.
    """
    for marks in _marks(batches):
        days = marks["first_day"]
        span = pc.min_max(days).as_py()
        if span["min"] is None:
            continue
        speaks = (pc.field("valid_on") <= span["max"]) & (pc.field("valid_to") >= span["min"])
        areas = pq.read_table(list(control), partitioning=None, filters=speaks)
        snapshots = areas.group_by(["source", "valid_on", "valid_to"]).aggregate([])
        for one in snapshots.to_pylist():
            is_then = pc.and_(
                pc.greater_equal(days, one["valid_on"]), pc.less_equal(days, one["valid_to"])
            )
            then = marks.filter(is_then)
            named = (
                (pc.field("source") == one["source"])
                & (pc.field("valid_on") == one["valid_on"])
                & (pc.field("status") == "assessed")
            )
            held = _holders(then, areas.filter(named).sort_by("controller"))
            columns = [
                *(then[name] for name in WHO),
                pa.repeat(pa.scalar(one["source"]), len(then)),
                pa.repeat(pa.scalar(one["valid_on"], pa.date32()), len(then)),
                pa.array(held.tolist(), pa.string()),
            ]
            yield pa.RecordBatch.from_arrays(columns, [*WHO, "source", "valid_on", "controller"])


def _holders(marks: pa.RecordBatch, areas: pa.Table) -> np.ndarray:
    held = np.full(len(marks), None, object)
    shapes = _prepared(areas["geometry"])
    for controller, shape in zip(areas["controller"].to_pylist(), shapes, strict=True):
        if controller is not None and shape is not None:
            held[_in_box(marks, shape, shapely.intersects_xy)] = controller
    return held


def pyramid(batches: Iterable[pa.RecordBatch], last_zoom: int) -> Iterator[pa.RecordBatch]:
    """Yield marks by tile of the web grid and by dataset; the rows of several batches add up."""
    for batch in batches:
        has_tile = pc.and_(pc.is_valid(batch["mercator_x"]), pc.is_valid(batch["first_day"]))
        marks = pa.table(batch.filter(has_tile))
        x, y = (marks[axis].to_numpy() for axis in ("mercator_x", "mercator_y"))
        for zoom in range(last_zoom + 1):
            shift = MERCATOR_BITS - zoom
            columns = [pa.repeat(pa.scalar(zoom), len(marks)), pa.array(x >> shift)]
            columns += [pa.array(y >> shift), marks["dataset"], marks["killed_low"]]
            sums = (
                pa.table(columns, names=[*TILE, "killed_low"])
                .group_by(list(TILE))
                .aggregate([("killed_low", "sum"), ([], "count_all")])
            )
            yield from (
                sums.select([*TILE, "count_all", "killed_low_sum"])
                .rename_columns([*TILE, "incidents", "killed_low"])
                .to_batches()
            )


def _marks(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Leave out incidents without a point: they are never marks."""
    for batch in batches:
        marks = batch.filter(pc.is_valid(batch["lon"]))
        if len(marks):
            yield marks


def _prepared(geometries: pa.ChunkedArray) -> np.ndarray:
    shapes = shapely.from_wkb(geometries.to_numpy())
    shapely.prepare(shapes)
    return np.asarray(shapes)


def _in_box(marks: pa.RecordBatch, shape: BaseGeometry, predicate: Predicate) -> np.ndarray:
    """Return the rows of the marks that a shape has; most are decided by its box."""
    lon, lat = marks["lon"].to_numpy(), marks["lat"].to_numpy()
    west, south, east, north = shape.bounds
    near = np.flatnonzero((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))
    return np.asarray(near[predicate(shape, lon[near], lat[near])])
