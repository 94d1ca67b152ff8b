"""`import strikemap`: what people write in notebooks works the first time."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import folium
import folium.plugins
import nbformat
import pandas as pd
import pytest
import shapely
from nbclient import NotebookClient

import strikemap
from strikemap import Notebook, RemoteNotebook, StrikemapError
from tests.making import ROOT
from tests.serving import Service

EXAMPLE = "theatre=example&from=2024-03-01&to=2024-03-31"
OUTSIDE = re.compile(r"(?:src|href)=[\"'](https?://[^\"']+)")


@pytest.fixture(scope="module")
def book(demo_data: Path) -> Notebook:
    opened = strikemap.open(demo_data)
    assert isinstance(opened, Notebook)
    return opened


@pytest.fixture(scope="module")
def remote(service: Service) -> RemoteNotebook:
    opened = strikemap.open(service.url)
    assert isinstance(opened, RemoteNotebook)
    return opened


def test_columns_have_the_types_of_pandas(book: Notebook) -> None:
    types = book.incidents(EXAMPLE).dtypes.astype(str)
    assert types["first_day"] == "datetime64[s]"
    assert types["killed_low"] == "Int64"
    assert types["error_m"] in ("Int64", "Float64")
    assert types["status"] == "category"
    assert types["recorded_at"].startswith("datetime64[")
    assert (types.drop("geometry") == "object").sum() == 0


def test_weeks_are_summed_as_pandas_does_it(book: Notebook) -> None:
    frame = book.incidents(EXAMPLE)
    killed = pd.Series(frame["killed_low"].array, index=pd.DatetimeIndex(frame["first_day"]))
    weeks = killed.resample("W").sum(min_count=1)
    assert weeks.sum() == book.regions(EXAMPLE)["killed_low"].sum()
    assert frame["killed_low"].isna().any()  # unknown is missing, and adds nothing


def test_sums_and_figures_come_without_a_browser(book: Notebook, tmp_path: Path) -> None:
    days = book.summary(EXAMPLE, by="day")
    assert days["incidents"].sum() == len(book.incidents(EXAMPLE))
    picture = book.figure(EXAMPLE)
    assert picture.save(tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert "image/svg+xml" in book.figure(EXAMPLE, form="svg")._repr_mimebundle_()
    with pytest.raises(StrikemapError, match="region, day"):
        book.summary(EXAMPLE, by="mood")


def test_a_mark_says_its_day_and_weapon_when_pointed_at(book: Notebook) -> None:
    page = book.map(EXAMPLE).get_root().render()
    assert re.search(r'"tip": "2024-03-\d\d, ', page) is not None
    assert "bindTooltip" in page


def with_plugin(name: str, book: Notebook) -> folium.Map:
    """Add a plugin to the map of a book, as docs/python.md shows."""
    map_ = book.map(EXAMPLE)
    frame = book.incidents(EXAMPLE).dropna(subset=["geometry"])
    places = [[y, x] for x, y in shapely.get_coordinates(frame.geometry).tolist()]
    plugins: Any = folium.plugins  # untyped
    if name == "HeatMap":
        plugins.HeatMap(places).add_to(map_)
    elif name == "HeatMapWithTime":
        days = [places[:3], places[3:6]]
        plugins.HeatMapWithTime(days, index=["2024-03-01", "2024-03-02"]).add_to(map_)
    elif name == "MiniMap":
        plugins.MiniMap(tile_layer=folium.TileLayer("/tiles", attr="own")).add_to(map_)
    elif name == "SideBySideLayers":
        left, right = (folium.TileLayer(f"/{day}", attr="own") for day in ("first", "last"))
        for layer in (left, right):
            layer.add_to(map_)
        plugins.SideBySideLayers(left, right).add_to(map_)
    else:
        getattr(plugins, name)().add_to(map_)
    return map_


PLUGINS = ("Fullscreen", "Draw", "MiniMap", "HeatMap", "HeatMapWithTime", "SideBySideLayers")


@pytest.mark.parametrize("name", PLUGINS)
def test_a_stock_plugin_of_folium_is_taken(book: Notebook, name: str) -> None:
    assert OUTSIDE.findall(book.map(EXAMPLE).get_root().render()) == []
    page = with_plugin(name, book).get_root().render()
    assert len(OUTSIDE.findall(page)) > 0  # the plugin's own script, from its own host


def test_a_file_called_app_beside_the_notebook_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("raise RuntimeError('the wrong app')\n", "utf-8")
    program = "import strikemap; print(strikemap.Notebook.__name__)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{tmp_path}:{ROOT}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.strip(), done.returncode) == ("Notebook", 0), done.stderr


def test_another_app_that_is_loaded_already_is_named(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("", "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", "import app; import strikemap"],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{tmp_path}:{ROOT}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Import strikemap before it" in done.stderr


def test_a_service_at_an_address_gives_the_same(book: Notebook, remote: RemoteNotebook) -> None:
    here, there = book.incidents(EXAMPLE), remote.incidents(EXAMPLE)
    assert list(here.columns) == list(there.columns)
    assert here.dtypes.astype(str).to_dict() == there.dtypes.astype(str).to_dict()
    assert set(here["id"]) == set(there["id"])
    first, second = (book.regions(EXAMPLE), remote.regions(EXAMPLE))
    shared = [name for name in first.columns if name != "geometry"]
    pd.testing.assert_frame_equal(
        pd.DataFrame(first[shared]).sort_values("key", ignore_index=True),
        pd.DataFrame(second[shared]).sort_values("key", ignore_index=True),
    )
    assert remote.figure(EXAMPLE).content.startswith(b"\x89PNG")
    page = remote.map(EXAMPLE).get_root().render()
    assert OUTSIDE.findall(page) == []
    assert f"{remote.url}/tiles/map/" in page


def test_a_refusal_of_a_service_is_its_own_sentence(remote: RemoteNotebook) -> None:
    with pytest.raises(StrikemapError, match="incidents, killed"):
        remote.incidents("metric=loudness")
    with pytest.raises(StrikemapError, match="a service that runs"):
        RemoteNotebook.connect("http://127.0.0.1:1").summary()


def test_the_example_runs_as_it_is_written(demo_data: Path, tmp_path: Path) -> None:
    script = ROOT / "examples" / "first_look.py"
    done = subprocess.run(
        [sys.executable, str(script), str(demo_data), str(tmp_path)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert re.match(r"\d+ incidents; \d+ without a figure", done.stdout)
    assert (tmp_path / "figure.svg").read_text("utf-8").startswith("<svg")
    assert "heatLayer" in (tmp_path / "map.html").read_text("utf-8")


def test_the_notebook_runs_from_top_to_bottom(demo_data: Path, tmp_path: Path) -> None:
    reading: Any = nbformat  # untyped
    notebook = reading.read(ROOT / "examples" / "notebook.ipynb", as_version=4)
    variables = {"STRIKEMAP_DATA_DIR": str(demo_data), "PYTHONPATH": str(ROOT)}
    variables |= {"PATH": os.environ["PATH"], "IPYTHONDIR": str(tmp_path), "HOME": str(tmp_path)}
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}})
    client.execute(env=variables)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    kinds = [output["output_type"] for output in outputs]
    assert set(kinds) <= {"execute_result", "display_data"}
    html = [output["data"].get("text/html", "").lower() for output in outputs]
    for plugin in ("fullscreen", "leaflet.draw", "minimap", "heatlayer", "sidebyside", "timedim"):
        assert any(plugin in text for text in html), plugin
    assert any("image/png" in output["data"] for output in outputs)
    assert all("outputs" not in one or not one["outputs"] for one in stored_cells())


def stored_cells() -> list[dict[str, Any]]:
    """Read the cells as they are stored: without outputs, which grow old."""
    text = (ROOT / "examples" / "notebook.ipynb").read_text("utf-8")
    cells: list[dict[str, Any]] = json.loads(text)["cells"]
    return cells
