"""What a batch computes over a lake; the answers are those of the index, on every engine.

`tests/batch/test_jobs.py` compares both.
"""

from __future__ import annotations

import shutil
from pathlib import Path

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
        raise InputError("LAKE", lake, "a folder of this machine, or one that it mounts")
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


def run_job(engine: Batch, job: str, lake: str, out: Path, last_zoom: int) -> int:
    """Run a job and write its rows as Parquet, whole or not at all; returns their number."""
    tables = lake_tables(lake, job)
    half = out.with_name(f".{out.name}.part")
    _remove(half)
    try:
        rows = engine.run(job, tables, half, last_zoom)
        half.replace(out)
    finally:
        _remove(half)
    return rows


def _remove(path: Path) -> None:
    """Remove a file, or the folder that an engine of many machines writes."""
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
