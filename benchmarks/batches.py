"""Batches over a lake, measured: both engines, their answers compared row by row with the index.

`python -m benchmarks.batches LAKE [POINTS]` runs every job on SedonaDB and on Spark in local mode;
with POINTS, SedonaDB then attributes so many invented points to the lake's regions
(docs/performance.md, "A lake and its batches"). LAKE is what `strikemap lake` wrote.
"""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import shapely

from app.batch.jobs import JOBS
from app.files.shelf import MANIFEST, ShelfManifest
from tests.making import ROOT
from tests.serving import environment

ENGINES = (("sedona",), ("spark", "--master", "local[2]"))
PART = 1_000_000
"""Points in one file."""

SET_CHILD_SUBREAPER = 36
"""Of Linux's prctl: a program that a command leaves behind becomes a child of this process."""


def _measured(job: str, lake: Path, out: Path, *engine: str) -> str:
    """Run a batch; returns its processor time with that of all its processes, and the clock's."""
    began, before = time.perf_counter(), _processor_s()
    words = ["batch", job, str(lake), str(out), "--engine", *engine]
    command = [sys.executable, "-m", "app.cli", *words]
    subprocess.run(  # noqa: S603  our own code
        command, cwd=ROOT, env=environment(out.parent), check=True, stderr=subprocess.DEVNULL
    )
    wall = time.perf_counter() - began
    with suppress(ChildProcessError):
        while True:
            os.wait()
    return f"{_processor_s() - before:.1f} s of processor, {wall:.1f} s by the clock"


def _processor_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _rows(path: Path) -> pa.Table:
    """Read an answer in the order of its rows."""
    table = ds.dataset(path, format="parquet").to_table()
    views = {"string_view": pa.string(), "int32": pa.int64()}
    table = table.cast(
        pa.schema([(one.name, views.get(str(one.type), one.type)) for one in table.schema])
    )
    return table.sort_by([(name, "ascending") for name in table.column_names])


def _compare(lake: Path, folder: Path) -> None:
    for job in JOBS:
        if job == "ground" and not (lake / "control").exists():
            print("ground: the lake has no control")
            continue
        for engine in ENGINES:
            out = folder / f"{job}-{engine[0]}.parquet"
            print(f"{job} on {engine[0]}: {_measured(job, lake, out, *engine)}", flush=True)
        first, second = (_rows(folder / f"{job}-{engine[0]}.parquet") for engine in ENGINES)
        print(f"  {len(first):,} rows, equal: {first.equals(second)}", flush=True)
        if job == "attribute":
            _compare_with_index(lake, first)


def _compare_with_index(lake: Path, rows: pa.Table) -> None:
    """Compare the regions with those that the index gave the same incidents."""
    marks = ds.field("lon").is_valid()
    expected = (
        ds.dataset(lake / "incidents", format="parquet")
        .to_table(["dataset", "id", "region"], filter=marks)
        .sort_by([("dataset", "ascending"), ("id", "ascending")])
    )
    mine = rows.filter(ds.field("level") == 1).select(["dataset", "id", "region"])
    print(f"  as in the index: {mine.equals(expected)}", flush=True)


def _invented_lake(lake: Path, points: int, out: Path) -> Path:
    """Write a lake of invented points around those of another, with its regions."""
    columns = ["dataset", "id", "lon", "lat", "admin1", "admin2"]
    marks = ds.dataset(lake / "incidents", format="parquet").to_table(
        columns, filter=ds.field("lon").is_valid()
    )
    random, names = np.random.default_rng(1), []
    for part in range(points // PART):
        some = marks.take(pa.array(random.integers(0, len(marks), PART)))
        lon, lat = (some[axis].to_numpy() + random.normal(0, 0.05, PART) for axis in ("lon", "lat"))
        cells = {
            **{name: some[name] for name in ("dataset", "admin1", "admin2")},
            "id": pa.array([f"{part}-{number}" for number in range(PART)]),
            "lon": pa.array(lon),
            "lat": pa.array(lat),
            "geometry": pa.array(shapely.to_wkb(shapely.points(lon, lat)), pa.binary()),
        }
        geometry = {"encoding": "WKB", "geometry_types": ["Point"]}
        geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": geometry}}
        table = pa.table(cells).replace_schema_metadata({"geo": msgspec.json.encode(geo)})
        names.append(f"incidents/dataset=invented/month={part}/part.parquet")
        (out / names[-1]).parent.mkdir(parents=True)
        pq.write_table(table, out / names[-1], compression="zstd")
    for path in sorted(lake.glob("regions/*/*.parquet")):
        names.append(str(path.relative_to(lake)))
        (out / names[-1]).parent.mkdir(parents=True)
        (out / names[-1]).write_bytes(path.read_bytes())
    manifest = ShelfManifest("lake", files=dict.fromkeys(names, ""))
    (out / MANIFEST).write_bytes(msgspec.json.encode(manifest))
    return out


def main() -> None:
    """Measure, and print a line for each engine and job."""
    ctypes.CDLL(None).prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    lake = Path(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="strikemap-") as name:
        folder = Path(name)
        if len(sys.argv) == 2:
            _compare(lake, folder)
            return
        points = int(sys.argv[2])
        large = _invented_lake(lake, points, folder / "lake")
        for _ in range(3):
            spent = _measured("attribute", large, folder / "large.parquet", "sedona")
            print(f"attribute of {points:,} points on sedona: {spent}", flush=True)


if __name__ == "__main__":
    main()
