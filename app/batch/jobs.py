"""What a batch computes over a lake, as one SELECT each; the answers are those of the index.

`tests/batch/test_jobs.py` compares both.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pyarrow.parquet as pq

from app.batch.engine import Batch, LakeTables
from app.domain.errors import InputError
from app.files.shelf import Shelf

JOBS = ("attribute", "ground", "pyramid")
TABLES_OF = {
    "attribute": ("incidents", "regions"),
    "ground": ("incidents", "control"),
    "pyramid": ("incidents",),
}


def lake_tables(lake: str, job: str) -> LakeTables:
    """List the files of the tables that a job reads.

    Raises:
        InputError: there is no lake, or it lacks a table.
    """
    if "://" in lake:
        raise InputError("LAKE", lake, "a folder; copy a lake from object storage to this machine")
    names = sorted(Shelf.open(lake, "lake", "LAKE").manifest.files)
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
    """Read a job's SELECT."""
    text = (files("app.batch") / "sql" / f"{job}.sql").read_text("utf-8")
    return text.replace(":zooms", str(last_zoom + 1))


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
