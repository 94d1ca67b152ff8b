"""A new node, a published View and a lake by way of object storage, as an operator runs them."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.files.shelf import Shelf
from tests.buckets import BUCKET, ObjectStorage, object_storage, reached
from tests.serving import Service, command, serving

INDEX = f"s3://{BUCKET}/index"
SUMS = "/api/summary?theatre=example&from=2024-03-01&to=2024-03-31"


@pytest.fixture(scope="module")
def storage() -> Iterator[ObjectStorage]:
    with object_storage() as running, reached(running):
        yield running


@pytest.fixture
def new_node(demo_data: Path, tmp_path: Path) -> Path:
    """The record of the demos without an index."""
    shutil.copytree(demo_data, tmp_path / "node", ignore=shutil.ignore_patterns("index"))
    return tmp_path / "node"


def answer_and_log(folder: Path) -> tuple[object, str]:
    with serving(folder, STRIKEMAP_INDEX_URL=INDEX, STRIKEMAP_HEAVY_PROCESSES="0") as service:
        sums = service.client.get(SUMS).json()
    (log,) = folder.parent.glob("node.*.log")
    return sums, log.read_text("utf-8")


@pytest.mark.usefixtures("storage")
def test_a_new_node_takes_its_index_from_object_storage_when_it_starts(
    demo_data: Path, new_node: Path, public_service: Service
) -> None:
    done = command(demo_data, "index", "push", INDEX)
    assert (done.returncode, done.stderr) == (0, "")
    again = command(demo_data, "index", "push", INDEX)
    assert f"{INDEX}: 0 files written" in again.stdout
    sums, log = answer_and_log(new_node)
    assert "The index was pulled up to revision" in log
    pushed, pulled = (
        {path.name for path in folder.glob("index/*/gen-*")} for folder in (demo_data, new_node)
    )
    assert pulled <= pushed
    assert public_service.client.get(SUMS).json() == sums


def test_a_node_that_gets_no_index_builds_one_and_says_so(
    storage: ObjectStorage, new_node: Path
) -> None:
    storage.empty()
    sums, log = answer_and_log(new_node)
    line = "The index is built from the record, since none was pulled. TARGET: got "
    assert line in json.loads(next(one for one in log.splitlines() if line in one))["message"]
    assert sums["totals"]["incidents"] > 0  # type: ignore[index]


def test_a_view_and_a_lake_are_written_to_object_storage(
    storage: ObjectStorage, demo_data: Path
) -> None:
    storage.empty()
    view = ("--view", "theatre=example&from=2024-03-01&to=2024-03-31&dataset=example-incidents")
    for name, options, file in (
        ("publish", ("--maxzoom", "4"), "index.html"),
        ("lake", (), "regions/level=1/part.parquet"),
    ):
        place = f"s3://{BUCKET}/{name}"
        done = command(demo_data, name, place, *options, *view)
        assert done.returncode == 0, done.stderr
        shelf = Shelf.open(place, name)
        assert file in shelf.manifest.files
        for path, digest in shelf.manifest.files.items():
            assert hashlib.sha256(shelf.place.read(path) or b"").hexdigest() == digest
    storage.stop()
    done = command(demo_data, "lake", f"s3://{BUCKET}/lake", *view)
    storage.start()
    assert (done.returncode, done.stderr) == (
        3,
        f"The storage of s3://{BUCKET}/lake does not answer; try again when it is there.\n",
    )
