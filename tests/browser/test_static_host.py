"""A View's map on a host of plain files: it reads its marks from the PMTiles file beside it."""

from __future__ import annotations

import contextlib
import gzip
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import mapbox_vector_tile
import pytest
import uvicorn
from playwright.sync_api import Page, expect
from pmtiles.reader import MemorySource, Reader, all_tiles
from starlette.staticfiles import StaticFiles

from tests.browser.conftest import Watched, expect_no_axe_violations
from tests.serving import command, free_port

pytestmark = pytest.mark.browser
Watch = Callable[..., Watched]
EXAMPLE = "theatre=example&from=2024-03-01&to=2024-03-31"
SYNTHETIC = 25_000


def written(data_dir: Path, folder: Path, *words: str) -> Path:
    """Write the archive and its page as a user would; return the archive."""
    out = folder / "strikes.pmtiles"
    done = command(data_dir, "tiles", str(out), "--page", *words)
    assert done.returncode == 0, done.stderr
    return out


@contextlib.contextmanager
def hosting(folder: Path) -> Iterator[str]:
    """Hand files out by ranges, as object storage does."""
    port = free_port()
    config = uvicorn.Config(StaticFiles(directory=folder), port=port, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@contextlib.contextmanager
def hosting_whole(folder: Path) -> Iterator[str]:
    """Hand files out whole only, as the standard library's server does."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def example(demo_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(demo_data, tmp_path_factory.mktemp("host"), "--view", EXAMPLE)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More marks than one tile tells singly, and more tiles than one directory lists."""
    data_dir = tmp_path_factory.mktemp("many")
    assert command(data_dir, "synth", str(SYNTHETIC)).returncode == 0
    words = ("--view", "synthetic=1&from=2022-01-01&to=2026-10-31", "--maxzoom", "13")
    return written(data_dir, tmp_path_factory.mktemp("host"), *words)


def marks_of(archive: Path) -> dict[int, int]:
    """Count the incidents that the tiles of each zoom stand for."""
    counts: dict[int, int] = {}
    for (z, _, _), body in all_tiles(MemorySource(archive.read_bytes())):
        features = mapbox_vector_tile.decode(gzip.decompress(body))["incidents"]["features"]
        counts[z] = counts.get(z, 0) + sum(one["properties"]["n"] for one in features)
    return counts


def look_at(page: Page, lat: float, lon: float, zoom: float) -> None:
    """Move the map, and wait until it has drawn there."""
    page.evaluate(
        """([lat, lon, zoom]) => new Promise((done) => {
          const { layers, map, settle } = strikemap;
          settle();
          layers.incidents.loaded = false;
          layers.incidents.on("drawn", () => layers.incidents.loaded && done());
          map.setView([lat, lon], zoom, { animate: false });
        })""",
        [lat, lon, zoom],
    )


def test_marks_from_tiles_have_the_colours_and_sizes_of_their_view(
    watch: Watch, demo_data: Path, tmp_path: Path
) -> None:
    written(demo_data, tmp_path, "--view", f"{EXAMPLE}&colour_by=side&size_by=killed")
    watched = watch()
    page = watched.page
    with hosting(tmp_path) as host:
        watched.open(f"{host}/strikes.html")
        legend = page.locator(".legend")
        expect(legend.locator("li:has(polygon)", has_text="Tarn League")).to_be_visible()
        expect(legend.locator("li:has(polygon)", has_text="1 to 4")).to_be_visible()
        expect(page.locator("[name=colour_by]")).to_have_count(0)  # the file has these classes
        page.locator("[name=size_by]").select_option("none")
        expect(legend.locator("li:has(polygon)", has_text="1 to 4")).to_have_count(0)
    watched.is_clean()


def test_the_page_reads_the_ranges_that_it_shows_and_asks_nobody_else(
    watch: Watch, example: Path
) -> None:
    watched, got = watch(), list[tuple[int, str, int]]()
    watched.page.on(
        "response",
        lambda one: got.append((one.status, one.url, int(one.headers.get("content-length", 0)))),
    )
    with hosting(example.parent) as host:
        watched.open(f"{host}/strikes.html")
        page = watched.page
        assert page.evaluate("strikemap.layers.incidents.visibleCount") == marks_of(example)[0]
        expect(page.locator("path.region:not([fill-opacity='0'])").first).to_be_attached()
        expect(page.locator(".leaflet-front-pane path").first).to_be_attached()
        page.get_by_role("tab", name="Incidents").click()
        page.locator("button.incident").first.click()
        expect(page.get_by_role("dialog")).to_contain_text("Sources")
    asked = [one for one in got if not one[1].startswith("data:")]
    assert {url for _, url, _ in asked} == {f"{host}/strikes.html", f"{host}/strikes.pmtiles"}
    ranges = [(status, size) for status, url, size in asked if url.endswith(".pmtiles")]
    assert {status for status, _ in ranges} == {206}
    assert 0 < sum(size for _, size in ranges) < example.stat().st_size + 16_384
    watched.is_clean()


def test_a_host_without_ranges_serves_the_same_map(watch: Watch, example: Path) -> None:
    watched = watch()
    with hosting_whole(example.parent) as host:
        watched.open(f"{host}/strikes.html")
        drawn = watched.page.evaluate("strikemap.layers.incidents.visibleCount")
    assert drawn == marks_of(example)[0]
    watched.is_clean()


def test_every_tile_is_read_as_the_reference_reader_reads_it(watch: Watch, many: Path) -> None:
    told: dict[str, Any] = {
        f"{z}/{x}/{y}": len(gzip.decompress(body))
        for (z, x, y), body in all_tiles(MemorySource(many.read_bytes()))
    }
    assert Reader(MemorySource(many.read_bytes())).header()["leaf_directory_length"] > 0
    watched = watch()
    with hosting(many.parent) as host:
        watched.open(f"{host}/strikes.html")
        found = watched.page.evaluate(
            """async (keys) => {
              const { Archive } = await import("strikemap/archive.js"), sizes = {};
              const archive = new Archive("strikes.pmtiles");
              archive.whole = new Uint8Array(await (await fetch(archive.url)).arrayBuffer());
              for (const key of keys) {
                const bytes = await archive.tile(...key.split("/").map(Number));
                sizes[key] = bytes?.length;
              }
              return [sizes, await archive.tile(11, 0, 0)];
            }""",
            list(told),
        )
    assert found == [told, None]


def test_far_out_cells_stand_for_all_marks_and_close_by_each_mark_opens(
    watch: Watch, many: Path
) -> None:
    counts = marks_of(many)
    assert len(set(counts.values())) == 1
    watched = watch()
    with hosting(many.parent) as host:
        watched.open(f"{host}/strikes.html")
        page = watched.page
        look_at(page, 49.0, 31.5, 3)
        shown = "strikemap.layers.incidents"
        assert page.evaluate(f"{shown}.isDense")
        cells = f"{shown}.months.flatMap(({{ n, all }}) => n ? [...n] : [...all].map(() => 1))"
        assert sum(page.evaluate(cells)) == counts[0]
        look_at(page, 50.45, 30.52, 12)
        assert not page.evaluate(f"{shown}.isDense")
        number = page.evaluate(f"{shown}.months[0].number[0]")
        page.evaluate("(number) => strikemap.open([number], null, null)", number)
        expect(page.get_by_role("dialog")).to_contain_text("Precision")
    watched.is_clean()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_has_no_accessibility_violation(watch: Watch, example: Path, scheme: str) -> None:
    watched = watch(scheme=scheme)
    with hosting(example.parent) as host:
        watched.open(f"{host}/strikes.html")
        expect_no_axe_violations(watched.page)


def test_without_its_archive_the_page_says_what_is_missing(watch: Watch, example: Path) -> None:
    page = watch().page
    page.goto(example.with_suffix(".html").as_uri())
    said = "must stand beside this page on a web server"
    expect(page.locator("#status")).to_contain_text(said)


def test_a_page_without_marks_is_refused(demo_data: Path, tmp_path: Path) -> None:
    words = ("tiles", str(tmp_path / "a.pmtiles"), "--page", "--layer", "control")
    done = command(demo_data, *words)
    assert done.returncode == 2
    assert "incidents" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_published_folder_is_a_whole_map_on_a_host_of_plain_files(
    watch: Watch, demo_data: Path, tmp_path: Path
) -> None:
    done = command(demo_data, "publish", str(tmp_path / "site"), "--view", EXAMPLE)
    assert done.returncode == 0, done.stderr
    watched = watch()
    page = watched.page
    with hosting_whole(tmp_path / "site") as host:
        watched.open(f"{host}/")
        marks = page.evaluate("strikemap.layers.incidents.visibleCount")
        assert marks == marks_of(tmp_path / "site" / "marks.pmtiles")[0]
        expect(page.locator("#known")).to_contain_text("As known on")
        page.get_by_role("link", name="Method and terms").click()
        expect(page.locator("h1")).to_have_text("Method and terms")
        expect_no_axe_violations(page)
        page.get_by_role("link", name="Map").click()
        expect(page.locator("html")).to_have_attribute("data-ready", "1")
    watched.is_clean()
