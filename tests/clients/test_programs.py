"""Programs of other people, tried for real (docs/clients.md)."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import polars as pl
import pytest
from playwright.sync_api import Playwright

from tests.chromium import CHROMIUM
from tests.making import ROOT
from tests.needs import need
from tests.serving import Service

VIEW = "theatre=example&synthetic=1"
PYTHON = "/usr/bin/python3"
MAPLIBRE = ROOT / "node_modules" / "maplibre-gl" / "dist" / "maplibre-gl.js"


def ran(*words: str) -> str:
    """Run a program of the system."""
    need(words[0], "tools/programs.sh", is_here=shutil.which(words[0]) is not None)
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr
    return done.stdout


def has_qgis() -> bool:
    if not Path(PYTHON).is_file():
        return False
    probe = [PYTHON, "-c", "import qgis.core"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


@pytest.mark.slow
def test_qgis_opens_and_draws_every_kind_of_layer(service: Service, tmp_path: Path) -> None:
    need("QGIS", "tools/programs.sh", is_here=has_qgis())
    script = str(ROOT / "tools" / "qgis_reads.py")
    output = ran(PYTHON, script, service.url, VIEW, str(tmp_path))
    answers: dict[str, dict[str, Any]] = json.loads(output.splitlines()[-1])
    assert {name: one["valid"] for name, one in answers.items()} == dict.fromkeys(answers, True)
    summary = service.client.get(f"/api/summary?{VIEW}").json()
    assert answers["features"]["rows"] == summary["totals"]["incidents"]
    assert answers["features"]["killed"] > 0  # numbers, not maps of text
    assert answers["geopackage"]["renderer"] == "categorizedSymbol"  # by itself
    assert answers["vector_tiles"]["rules"] > 15
    drawn = {name: one["colours"] for name, one in answers.items() if "colours" in one}
    assert all(colours > 30 for colours in drawn.values()), drawn


def test_gdal_filters_by_a_toll_and_reads_the_front_line(service: Service) -> None:
    source = f"OAPIF:{service.url}/api?{VIEW}&flat=true"
    whole = ran("ogrinfo", "-so", source, "incidents")
    few = ran("ogrinfo", "-so", source, "incidents", "-where", "killed_low >= 5")
    counts = [
        int(line.rpartition(":")[2])
        for text in (whole, few)
        for line in text.splitlines()
        if line.startswith("Feature Count")
    ]
    assert 0 < counts[1] < counts[0]
    assert "killed_low: Integer" in whole


def test_gdal_draws_a_map_of_the_map_service(service: Service, tmp_path: Path) -> None:
    out = tmp_path / "map.tif"
    source = (
        f"WMS:{service.url}/wms?{VIEW}&SERVICE=WMS&VERSION=1.1.1&REQUEST=GetMap&LAYERS=map"
        "&STYLES=&SRS=EPSG:4326&BBOX=-130,-46,-119,-39&FORMAT=image/png"
    )
    ran("gdal_translate", "-q", "-outsize", "330", "210", source, str(out))
    from PIL import Image  # noqa: PLC0415  only here

    with Image.open(out) as picture:
        assert picture.size == (330, 210)
        assert len(picture.convert("RGB").getcolors(1 << 20) or ()) > 30


@pytest.mark.browser
def test_maplibre_draws_our_style_without_a_fault(
    service: Service, playwright: Playwright, tmp_path: Path
) -> None:
    need("maplibre-gl", "tools/node.sh", is_here=MAPLIBRE.is_file())
    style = f"/styles/map.json?{VIEW}&size_by=killed"
    page_html = f"""<!DOCTYPE html><div id="map" style="width:600px;height:450px"></div>
    <script src="/maplibre.js"></script><script>
    window.faults = [];
    const map = new maplibregl.Map({{container: "map", style: {json.dumps(style)}, zoom: 5,
      center: [-124.5, -42.3], fadeDuration: 0, preserveDrawingBuffer: true}});
    map.on("error", (event) => faults.push(String(event.error)));
    map.on("idle", () => (window.marks = map.queryRenderedFeatures({{layers: ["incidents"]}})
      .length));</script>"""
    arguments = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
    page = browser.new_page(viewport={"width": 600, "height": 450})
    page.route("**/page.html", lambda route: route.fulfill(body=page_html))
    page.route("**/maplibre.js", lambda route: route.fulfill(path=MAPLIBRE))
    page.goto(f"{service.url}/page.html")
    page.wait_for_function("window.marks !== undefined", timeout=120_000)
    page.screenshot(path=tmp_path / "maplibre.png")
    assert page.evaluate("window.faults") == []
    assert page.evaluate("window.marks") > 100
    browser.close()


def test_duckdb_and_polars_read_the_parquet(service: Service, tmp_path: Path) -> None:
    path = tmp_path / "export.parquet"
    path.write_bytes(service.client.get(f"/api/export.parquet?{VIEW}").content)
    total = service.client.get(f"/api/summary?{VIEW}").json()["totals"]["killed"]["low"]
    assert pl.read_parquet(path)["killed_low"].sum() == total
    query = f"SELECT sum(killed_low) FROM read_parquet('{quote(str(path))}')"  # noqa: S608
    rows = duckdb.sql(query)
    assert rows is not None
    assert rows.fetchall() == [(total,)]
