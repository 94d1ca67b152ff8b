"""Engines that run joins and counts over the tables of a lake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from app.batch.attribution import RegionOf
from app.domain.errors import InputError

LakeTables = Mapping[str, Sequence[str]]
"""The paths of the Parquet files of each table, by its name."""


class Batch(Protocol):
    """An engine: it reads the files of a lake where they lie, and writes its rows as Parquet."""

    def run(self, job: str, tables: LakeTables, out: Path, last_zoom: int) -> int:
        """Run one of `app.batch.jobs.JOBS` and write its rows; returns their number."""


class SedonaBatch:
    """SedonaDB, inside this process, on all cores of one machine; it writes one file."""

    def __init__(self) -> None:
        self._engine = imported("sedonadb", "sedona", "scale")

    def run(self, job: str, tables: LakeTables, out: Path, last_zoom: int) -> int:
        """Run the job's SELECT of `app/batch/sql`."""
        context = self._engine.connect()
        for name, paths in tables.items():
            context.read_parquet(list(paths)).to_view(name)
        if "regions" in tables:
            context.register(self._region_of(tables["regions"]))
        statement = (files("app.batch") / "sql" / f"{job}.sql").read_text("utf-8")
        rows = context.sql(statement.replace(":zooms", str(last_zoom + 1)))
        rows.to_parquet(out, single_file_output=True, compression="zstd(1)")
        return int(pq.read_metadata(out).num_rows)

    @staticmethod
    def _region_of(regions: Sequence[str]) -> object:
        """Make the SQL function that `attribute.sql` calls."""
        udf = import_module("sedonadb.udf")
        types = [udf.NUMERIC, udf.STRING, udf.STRING, udf.NUMERIC, udf.NUMERIC]
        return udf.arrow_udf(pa.string(), types, name="region_of")(RegionOf(regions))


def imported(package: str, engine: str, extra: str) -> ModuleType:
    """Import a package of an extra.

    Raises:
        InputError: it is not installed.
    """
    try:
        return import_module(package)
    except ImportError as missing:
        allowed = f'after `pip install "strikemap[{extra}]"`, which has it'
        raise InputError("engine", engine, allowed) from missing
