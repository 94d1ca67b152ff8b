"""What a batch computes over a lake, as one SELECT each; the answers are those of the index.

`tests/batch/test_jobs.py` compares both.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from app.batch.engine import Batch, Tables
from app.domain.errors import InputError
from app.files.shelf import Shelf

ATTRIBUTE = """
WITH located AS (
  SELECT i.dataset, i.id, r.level, max(r.number) AS number
  FROM incidents i JOIN regions r ON ST_Contains(r.geometry, i.geometry)
  GROUP BY i.dataset, i.id, r.level
),
levels AS (SELECT DISTINCT level FROM regions)
SELECT i.dataset, i.id, v.level, r.code AS region
FROM incidents i CROSS JOIN levels v
LEFT JOIN located l ON l.dataset = i.dataset AND l.id = i.id AND l.level = v.level
LEFT JOIN regions first ON first.level = 1 AND first.code = i.admin1
LEFT JOIN regions second ON second.level = 2 AND second.code = i.admin2
LEFT JOIN regions stated ON stated.level = v.level AND stated.code = CASE v.level
  WHEN 2 THEN second.code ELSE coalesce(first.code, second.parent) END
LEFT JOIN regions r ON r.level = v.level AND r.number = coalesce(stated.number, l.number)
WHERE i.geometry IS NOT NULL
"""
"""The region of each incident with a point, by level: as stated, else the one it lies in."""

GROUND = """
WITH days AS (SELECT DISTINCT source, valid_on, valid_to FROM control),
points AS (
  SELECT i.dataset, i.id, i.geometry, d.source, d.valid_on
  FROM incidents i JOIN days d ON i.first_day BETWEEN d.valid_on AND d.valid_to
  WHERE i.geometry IS NOT NULL
),
held AS (
  SELECT p.dataset, p.id, p.source, max(c.controller) AS controller
  FROM points p JOIN control c ON ST_Intersects(c.geometry, p.geometry)
    AND c.source = p.source AND c.valid_on = p.valid_on AND c.status = 'assessed'
  GROUP BY p.dataset, p.id, p.source
)
SELECT p.dataset, p.id, p.source, p.valid_on, h.controller
FROM points p
LEFT JOIN held h ON h.dataset = p.dataset AND h.id = p.id AND h.source = p.source
"""
"""Who held the ground on each incident's own day, by source; null where a source does not say."""

PYRAMID = """
SELECT z.z, i.mercator_x >> (31 - z.z) AS x, i.mercator_y >> (31 - z.z) AS y, i.dataset,
  count(*) AS incidents, sum(i.killed_low) AS killed_low
FROM incidents i CROSS JOIN (VALUES {zooms}) AS z(z)
WHERE i.mercator_x IS NOT NULL AND i.first_day IS NOT NULL
GROUP BY z.z, i.mercator_x >> (31 - z.z), i.mercator_y >> (31 - z.z), i.dataset
"""
"""Marks by tile of the web grid, for zooms 0 to the last, by dataset."""

JOBS = ("attribute", "ground", "pyramid")
TABLES_OF = {
    "attribute": ("incidents", "regions"),
    "ground": ("incidents", "control"),
    "pyramid": ("incidents",),
}


def lake_tables(lake: str, job: str) -> Tables:
    """List the files of the tables that a job reads.

    Raises:
        InputError: there is no lake, or it lacks a table.
    """
    names = sorted(Shelf.open(lake, "lake").manifest.files)
    tables = {
        table: [str(Path(lake) / name) for name in names if name.startswith(f"{table}/")]
        for table in TABLES_OF[job]
    }
    for table, paths in tables.items():
        if not paths:
            allowed = f"a folder that `strikemap lake` wrote, with {table}"
            raise InputError("LAKE", lake, allowed)
    return tables


def statement_of(job: str, last_zoom: int) -> str:
    """Write a job's SELECT."""
    zooms = ", ".join(f"({zoom})" for zoom in range(last_zoom + 1))
    return {"attribute": ATTRIBUTE, "ground": GROUND, "pyramid": PYRAMID.format(zooms=zooms)}[job]


def run_job(engine: Batch, job: str, lake: str, out: Path, last_zoom: int) -> int:
    """Run a job and write its rows to a Parquet file, whole or not at all; returns their number."""
    tables = lake_tables(lake, job)
    half, rows = out.with_name(f".{out.name}.part"), 0
    try:
        with (
            engine.run(tables, statement_of(job, last_zoom)) as reader,
            pq.ParquetWriter(half, reader.schema, compression="zstd") as writer,
        ):
            for batch in reader:
                writer.write_batch(batch)
                rows += len(batch)
        half.replace(out)
    finally:
        half.unlink(missing_ok=True)
    return rows
