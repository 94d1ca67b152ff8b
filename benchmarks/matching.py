"""Matching new records of one dataset against many of another, in a process of its own.

The new ones tell strikes of the known ones again, as another project would: another key, a point
some hundred metres off, the same day or the next, other words, and for half of them the same link.
"""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from app.domain.account import Holder, Role
from app.domain.store import Author
from app.intake.importing import ImportedFile, import_file
from app.intake.options import ImportOptions
from app.matching.runs import match_datasets
from app.settings import ROOT
from benchmarks.figures import Figure
from benchmarks.importing import open_workspace
from benchmarks.memory import own_peak_gib

NEW_SHARE = 10
SYLLABLES = ("ka", "lo", "mi", "re", "tu", "sha", "vin", "dor", "pel", "nas")
WORDS = ["".join(three) for three in product(SYLLABLES, repeat=3)]
"""A thousand, so that few of them stand in more than one text of twenty."""

WORDS_EACH = 10
JITTER_DEG = 0.002


def write_files(synth: Path, folder: Path) -> tuple[Path, Path]:
    """Write the known incidents with a text each, and one in ten of them told again."""
    known, new = folder / "known.csv", folder / "new.csv"
    if not new.exists():
        rng = np.random.default_rng(1)
        table = arrow_csv.read_csv(
            synth, convert_options=arrow_csv.ConvertOptions(strings_can_be_null=True)
        )
        table = table.append_column("description", _texts(rng, len(table)))
        arrow_csv.write_csv(table, known)
        again = table.take(pa.array(np.arange(0, len(table), NEW_SHARE)))
        arrow_csv.write_csv(_told_again(rng, again), new)
    return known, new


def _texts(rng: np.random.Generator, count: int) -> pa.Array:
    words = pa.array(WORDS)
    drawn = [words.take(pa.array(rng.integers(0, len(WORDS), count))) for _ in range(WORDS_EACH)]
    return pc.binary_join_element_wise(*drawn, " ")


def _told_again(rng: np.random.Generator, table: pa.Table) -> pa.Table:
    count = len(table)
    for axis in ("lon", "lat"):
        off = pa.array(np.round(rng.normal(0, JITTER_DEG, count), 5))
        moved = pc.round(pc.add(table[axis], off), 5)
        table = table.set_column(table.column_names.index(axis), axis, moved)
    is_next_day = pa.array(rng.random(count) < 0.3)
    for name in ("start", "end"):
        later = pc.add(table[name], pa.scalar(timedelta(days=1)))
        day = pc.if_else(is_next_day, later.cast(pa.date32()), table[name])
        table = table.set_column(table.column_names.index(name), name, day)
    is_linked = pa.array(rng.random(count) < 0.5)
    link = pc.if_else(is_linked, table["source1_url"], pa.scalar(None, pa.string()))
    table = table.set_column(table.column_names.index("source1_url"), "source1_url", link)
    said = pc.binary_join_element_wise(table["description"], _texts(rng, count), " ")
    table = table.set_column(table.column_names.index("description"), "description", said)
    key = pc.binary_join_element_wise("again", table["source_key"], "-")
    return table.set_column(table.column_names.index("source_key"), "source_key", key)


def run(folder: Path, known: Path, new: Path) -> None:
    """Import both, then match; print seconds, processor seconds, candidates, merged, memory."""
    workspace, now = open_workspace(folder), datetime.now(UTC)
    for slug, path in (("known", known), ("new", new)):
        if slug not in workspace.state().datasets:
            options = ImportOptions(dataset=slug, terms="CC0-1.0", synthetic=True)
            import_file(workspace, ImportedFile(path), options, Author("benchmark", now))
    holder = Holder("benchmark", Role.admin)
    start, own = time.perf_counter(), time.process_time()
    report = match_datasets(workspace, ("known", "new"), holder, now=now)
    spent, own = time.perf_counter() - start, time.process_time() - own
    print(spent, own, report.candidates, report.merged, report.pending, own_peak_gib())


def figures(synth: Path, folder: Path) -> list[Figure]:
    """Measure in a new process."""
    command = [sys.executable, "-m", "benchmarks.matching", str(folder / "matched")]
    command += map(str, write_files(synth, folder))
    done = subprocess.run(  # noqa: S603  our own code
        command, cwd=ROOT, capture_output=True, text=True, check=True
    )
    spent, own, candidates, merged, pending, peak = map(float, done.stdout.split())
    note = f"{candidates:,.0f} candidates, {merged:,.0f} merged, {pending:,.0f} to review"
    name = "a tenth as many new records matched against all"
    return [
        Figure(name, spent, "s", 60, f"{note}; {own:.0f} s of processor"),
        Figure("peak memory of matching", peak, "GiB", 2.0),
    ]


if __name__ == "__main__":
    run(*map(Path, sys.argv[1:4]))
