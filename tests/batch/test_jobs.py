"""A lake's sums are those of the service, and batches over it answer as the built-in index does."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
import shapely
from pyspark import cloudpickle

from app.batch import engine, functions
from app.batch.jobs import JOBS
from app.batch.spark import SparkBatch
from app.domain.errors import InputError
from tests.making import ROOT
from tests.needs import need
from tests.serving import command, serving

THEATRE = "theatre=example"
ROWS = 5_000


@pytest.fixture(scope="module")
def data(demo_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demos, and some thousand incidents more in the invented land."""
    folder = tmp_path_factory.mktemp("batch") / "data"
    shutil.copytree(demo_data, folder)
    done = command(folder, "synth", str(ROWS), "--theatre", "example")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def lake(data: Path) -> Path:
    return written(data, data.parent / "lake")


def written(data: Path, out: Path, *words: str) -> Path:
    done = command(data, "lake", str(out), "--view", THEATRE, *words)
    assert done.returncode == 0, done.stderr
    return out


def rows_of(lake: Path, table: str) -> list[dict[str, Any]]:
    return list(ds.dataset(lake / table, format="parquet").to_table().to_pylist())


def need_java() -> None:
    """Go on if Java is here."""
    need("Java", "tools/programs.sh", is_here=shutil.which("java") is not None)


def sorted_rows(path: Path) -> list[dict[str, Any]]:
    """Read an answer, which is a file or a folder of files, in an order of its own."""
    rows = ds.dataset(path, format="parquet").to_table().to_pylist()
    return sorted(rows, key=lambda row: [str(cell) for cell in row.values()])


def rows_of_job(data: Path, lake: Path, job: str, *words: str) -> list[dict[str, Any]]:
    out = data.parent / f"{job}.parquet"
    done = command(data, "batch", job, str(lake), str(out), "--json", *words)
    assert done.returncode == 0, done.stderr
    rows = pq.read_table(out).to_pylist()
    assert json.loads(done.stdout)["rows"] == len(rows)
    return list(rows)


def test_the_sums_of_a_lake_are_those_of_the_service(data: Path, lake: Path) -> None:
    rows = [one for one in rows_of(lake, "incidents") if one["first_day"] is not None]
    assert len(rows) > ROWS
    with serving(data) as service:
        for slug in ("example-incidents", "synthetic"):
            answer = service.client.get(f"/api/summary?{THEATRE}&dataset={slug}").json()
            mine = [one for one in rows if one["dataset"] == slug]
            assert answer["totals"]["incidents"] == len(mine)
            killed = sum(one["killed_low"] or 0 for one in mine)
            assert (answer["totals"]["killed"]["low"] or 0) == killed
            by_region = Counter(one["region"] for one in mine)
            for row in answer["rows"]:
                assert row["incidents"] == by_region[row["key"]]


def test_the_tables_are_geoparquet_by_month_with_boxes(lake: Path) -> None:
    parts = sorted((lake / "incidents/dataset=synthetic").glob("month=*/part.parquet"))
    assert len(parts) > 12
    for path in (parts[0], next((lake / "control").rglob("*.parquet"))):
        geo = json.loads(pq.read_schema(path).metadata[b"geo"])
        assert geo["columns"]["geometry"]["covering"]["bbox"]["xmin"] == ["bbox", "xmin"]
    for one in pq.read_table(parts[0]).to_pylist():
        assert str(one["first_day"])[:7] == parts[0].parent.name.removeprefix("month=")
        shape = one["geometry"] and shapely.from_wkb(one["geometry"])
        assert (one["bbox"] and (one["bbox"]["xmin"], one["bbox"]["ymax"])) == (
            shape and (shape.x, shape.y)
        )


def test_a_lake_for_the_public_lacks_what_its_terms_withhold(data: Path, tmp_path: Path) -> None:
    shutil.copytree(data, tmp_path / "data")
    lake = written(tmp_path / "data", tmp_path / "lake")
    done = command(tmp_path / "data", "datasets", "set", "synthetic", "--terms", "internal")
    assert done.returncode == 0
    done = command(tmp_path / "data", "lake", str(lake), "--view", THEATRE, "--json")
    assert json.loads(done.stdout)["written"] == []
    assert {one["dataset"] for one in rows_of(lake, "incidents")} == {"example-incidents"}
    internal = written(tmp_path / "data", tmp_path / "internal", "--internal")
    assert len(rows_of(internal, "incidents")) > ROWS


def test_regions_of_a_batch_are_those_of_the_index(data: Path, lake: Path) -> None:
    expected = {
        (one["dataset"], one["id"]): one["region"]
        for one in rows_of(lake, "incidents")
        if one["geometry"] is not None
    }
    rows = rows_of_job(data, lake, "attribute")
    assert {(one["dataset"], one["id"]): one["region"] for one in rows} == expected
    assert len({one["region"] for one in rows}) > 5


def test_the_ground_of_a_batch_is_that_of_the_index(data: Path, lake: Path) -> None:
    expected = {
        (one["dataset"], one["id"]): (one["control_controller"], one["control_valid_on"])
        for one in rows_of(lake, "incidents")
        if one["geometry"] is not None and one["control_valid_on"] is not None
    }
    rows = rows_of_job(data, lake, "ground")
    joined = {
        (one["dataset"], one["id"]): (one["controller"], str(one["valid_on"]))
        for one in rows
        if one["source"] == "example-control"
    }
    assert joined == expected
    assert len({who for who, _ in joined.values()}) > 2


def test_the_tiles_of_a_pyramid_add_up_at_every_zoom(data: Path, lake: Path) -> None:
    incidents = rows_of(lake, "incidents")
    marks = [one for one in incidents if one["geometry"] is not None and one["first_day"]]
    rows = rows_of_job(data, lake, "pyramid", "--maxzoom", "7")
    for zoom in range(8):
        mine = [one for one in rows if one["z"] == zoom]
        assert sum(one["incidents"] for one in mine) == len(marks)
        assert sum(one["killed_low"] or 0 for one in mine) == sum(
            one["killed_low"] or 0 for one in marks
        )
    with serving(data) as service:
        query = f"{THEATRE}&dataset=synthetic"
        busiest = max(
            (one for one in rows if one["z"] == 7 and one["dataset"] == "synthetic"),
            key=lambda one: one["incidents"],
        )
        address = f"/tiles/incidents/7/{busiest['x']}/{busiest['y']}.mvt?{query}"
        assert service.client.get(address).status_code == 200


def test_bad_input_of_a_batch_gets_one_sentence(
    data: Path, lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words, sentence in (
        (
            ["guess", str(lake), "a.parquet"],
            "job: got 'guess', allowed: attribute, ground, pyramid.",
        ),
        (["ground", str(lake), "a.csv"], "ending of the file: got 'a.csv', allowed: .parquet."),
        (["ground", str(tmp_path), str(tmp_path / "a.parquet")], "`strikemap lake` wrote"),
        (["ground", "s3://lake", str(tmp_path / "a.parquet")], "a folder of this machine"),
        (
            ["ground", str(lake), "a.parquet", "--engine", "flink"],
            "--engine: got 'flink', allowed: sedona, spark.",
        ),
        (["ground", str(lake), "a.parquet", "--master", "local"], "without `--engine spark`"),
    ):
        done = command(data, "batch", *words)
        assert (done.returncode, sentence in done.stderr) == (2, True), done.stderr

    def missing(_name: str) -> object:
        raise ImportError

    monkeypatch.setattr(engine, "import_module", missing)
    with pytest.raises(InputError, match=r'pip install "strikemap\[scale\]"'):
        engine.SedonaBatch()
    with pytest.raises(InputError, match=r'pip install "strikemap\[spark\]"'):
        SparkBatch("local[2]")


ALL_ON_SPARK = """
import sys
from pathlib import Path
from app.cli.batches import batch

lake, out, *jobs = sys.argv[1:]
for job in jobs:
    batch(job, lake, Path(out) / f"{job}.parquet", engine="spark", master="local[2]", maxzoom=7)
"""
"""All jobs in one process: Java is started once."""

QUICK_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""Java that runs for seconds has no use for its slow compiler and its collector in threads."""


@pytest.mark.timeout(900)  # Java beside many busy programs
def test_spark_answers_as_sedona_does(data: Path, lake: Path, tmp_path: Path) -> None:
    need_java()
    program = [sys.executable, "-c", ALL_ON_SPARK, str(lake), str(tmp_path), *JOBS]
    variables = {**os.environ, "JAVA_TOOL_OPTIONS": QUICK_JAVA}
    done = subprocess.run(
        program, cwd=ROOT, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for job in JOBS:
        out = tmp_path / f"{job}.parquet"
        expected = rows_of_job(data, lake, job, *(["--maxzoom", "7"] if job == "pyramid" else []))
        assert sorted_rows(out) == sorted_rows(data.parent / f"{job}.parquet")
        assert f"{out}: {len(expected):,} rows" in done.stdout
    out = tmp_path / "pyramid.parquet"
    again = command(data, "batch", "pyramid", str(lake), str(out), "--engine", "spark")
    assert (again.returncode, "a name that is free" in again.stderr) == (2, True)


ALONE = """
import pickle, socket, sys

def refused(*_args, **_names):
    raise OSError("the network")

socket.socket.connect = refused
sys.modules["app"] = None
batches, functions = pickle.load(sys.stdin.buffer)
print([sum(len(rows) for rows in function(batches)) for function in functions])
"""
"""A worker of a cluster: no package of ours, and no network."""


def test_a_worker_needs_nothing_of_ours_and_no_network(lake: Path) -> None:
    incidents = ds.dataset(lake / "incidents", format="parquet").to_table()
    paths = {
        table: [str(path) for path in (lake / table).rglob("*.parquet")]
        for table in ("regions", "control")
    }
    jobs = [
        partial(functions.attribute, regions=paths["regions"]),
        partial(functions.ground, control=paths["control"]),
        partial(functions.pyramid, last_zoom=3),
    ]
    cloudpickle.register_pickle_by_value(functions)  # type: ignore[no-untyped-call]
    work = cloudpickle.dumps((incidents.to_batches(), jobs))  # type: ignore[no-untyped-call]
    done = subprocess.run(
        [sys.executable, "-I", "-c", ALONE], input=work, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)
    assert counts[0] > ROWS / 2
    assert all(counts)


@pytest.mark.parametrize("master", ["spark://here", "spark://127.0.0.1:1", "spark://:7077,x:1"])
def test_a_master_that_does_not_answer_is_one_sentence_at_once(
    data: Path, lake: Path, tmp_path: Path, master: str
) -> None:
    need_java()
    words = ["pyramid", str(lake), str(tmp_path / "a.parquet"), "--engine", "spark"]
    began = time.monotonic()
    done = command(data, "batch", *words, "--master", master)
    assert time.monotonic() - began < 30
    assert done.returncode == 2
    assert done.stderr.startswith(f"--master: got '{master}', allowed: ")
    assert len(done.stderr.splitlines()) == 1


def test_duckdb_runs_the_statement_of_the_document_on_a_lake(lake: Path) -> None:
    text = (ROOT / "docs" / "publishing.md").read_text("utf-8")
    (statement,) = re.findall(r'^duckdb -c "(.+)"$', text, re.MULTILINE)
    sums = duckdb.execute(statement.replace("'lake/", f"'{lake}/")).fetchall()
    rows = rows_of(lake, "incidents")
    assert {region: many for region, many, _killed in sums} == Counter(
        row["region"] for row in rows
    )
    killed = Counter[str | None]()
    for row in rows:
        killed[row["region"]] += row["killed_low"] or 0
    assert {region: least or 0 for region, _many, least in sums} == dict(killed)
