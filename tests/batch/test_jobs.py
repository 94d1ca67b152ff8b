"""A lake's sums are those of the service, and batches over it answer as the built-in index does."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
import shapely

from app.batch import engine
from app.domain.errors import InputError
from tests.serving import command, serving

THEATRE = "theatre=example"
ROWS = 12_000


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
    ):
        done = command(data, "batch", *words)
        assert (done.returncode, sentence in done.stderr) == (2, True), done.stderr

    def missing(_name: str) -> object:
        raise ImportError

    monkeypatch.setattr(engine, "import_module", missing)
    with pytest.raises(InputError, match=r'pip install "strikemap\[scale\]"'):
        engine.SedonaBatch()
