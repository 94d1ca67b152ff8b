"""Engines that run SQL with spatial functions over the tables of a lake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Protocol

import pyarrow as pa

from app.domain.errors import InputError

LakeTables = Mapping[str, Sequence[str]]
"""The paths of the Parquet files of each table, by its name."""


class Batch(Protocol):
    """An engine: it reads files where they lie, and gives rows as Arrow."""

    def run(self, tables: LakeTables, statement: str) -> pa.RecordBatchReader:
        """Run one SELECT over some tables."""


class SedonaBatch:
    """SedonaDB, inside this process, on all cores of one machine."""

    def __init__(self) -> None:
        self._engine = _imported("sedonadb", "engine", "sedona")

    def run(self, tables: LakeTables, statement: str) -> pa.RecordBatchReader:
        """Run one SELECT over some tables."""
        context = self._engine.connect()
        for name, paths in tables.items():
            context.read_parquet(list(paths)).to_view(name)
        return pa.RecordBatchReader.from_stream(context.sql(statement))


def _imported(package: str, what: str, name: str) -> ModuleType:
    try:
        return import_module(package)
    except ImportError as missing:
        allowed = 'after `pip install "strikemap[scale]"`, which has it'
        raise InputError(what, name, allowed) from missing
