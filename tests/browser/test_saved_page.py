"""A map saved as one file opens from a disk, asks nobody, and holds what its audience may see."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import mercantile
import pytest
from playwright.sync_api import expect

from app.api.app import create_app
from app.api.save import saved_page
from app.domain.errors import InvalidView
from app.settings import Settings
from tests.basemaps import ground_file, kyiv
from tests.browser.conftest import PHONE, Watched, expect_no_axe_violations
from tests.serving import command
from tests.support import table

pytestmark = pytest.mark.browser
Watch = Callable[..., Watched]
EXAMPLE = "theatre=example&from=2024-03-01&to=2024-03-31"


def saved(data_dir: Path, query: str = EXAMPLE, *, private: bool = False) -> str:
    settings = Settings(data_dir=data_dir, private=private)
    return saved_page(create_app(settings), settings.static_dir, query)


@pytest.fixture(scope="module")
def page_file(demo_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stick") / "map.html"
    path.write_text(saved(demo_data), "utf-8")
    return path


def opened(watch: Watch, path: Path, **of: object) -> Watched:
    watched = watch(**of)
    watched.page.context.set_offline(offline=True)
    watched.open(path.as_uri())
    return watched


def test_the_file_shows_marks_regions_control_and_figures_without_any_request(
    watch: Watch, page_file: Path
) -> None:
    asked: list[str] = []
    watched = watch()
    watched.page.on("request", lambda request: asked.append(request.url))
    watched.page.context.set_offline(offline=True)
    watched.open(page_file.as_uri())
    page = watched.page
    expect(page.locator(".totals .figure")).to_have_count(4)
    expect(page.locator("path.region:not([fill-opacity='0'])").first).to_be_attached()
    expect(page.locator(".leaflet-front-pane path").first).to_be_attached()
    expect(page.locator("#caption")).to_contain_text("Invented control")
    assert page.evaluate("strikemap.layers.incidents.visibleCount") > 0
    assert [url for url in asked if not url.startswith(("data:", "file:", "blob:"))] == []
    watched.is_clean()


def test_incidents_open_and_the_list_follows_the_view(watch: Watch, page_file: Path) -> None:
    page = (watched := opened(watch, page_file)).page
    page.get_by_role("tab", name="Incidents").click()
    page.locator("button.incident").first.click()
    expect(page.get_by_role("dialog")).to_contain_text("Sources")
    page.keyboard.press("Escape")
    said = page.locator("#pane-incidents [role=status]").text_content()
    page.evaluate("strikemap.settle(); strikemap.map.setZoom(strikemap.map.getZoom() + 2)")
    expect(page.locator("#pane-incidents [role=status]")).not_to_have_text(said or "")
    watched.is_clean()


def test_regions_can_be_coloured_by_another_metric(watch: Watch, page_file: Path) -> None:
    page = (watched := opened(watch, page_file)).page
    page.locator("select[name=metric]").select_option("killed")
    expect(page.locator(".legend-title").first).to_have_text("Killed")
    watched.is_clean()


def test_the_same_data_stands_below_as_a_table_and_in_words(watch: Watch, page_file: Path) -> None:
    page = opened(watch, page_file, size=PHONE).page
    expect(page.locator("#table")).to_contain_text("Incidents reported:")
    expect(page.locator("#table tbody tr").last).to_contain_text("Total")
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= PHONE["width"]


def test_a_file_of_a_drawn_area_veils_what_lies_outside_of_it(
    watch: Watch, demo_data: Path, tmp_path: Path
) -> None:
    path = tmp_path / "area.html"
    path.write_text(saved(demo_data, f"{EXAMPLE}&within=-126,-43,-124,-43,-124,-41"), "utf-8")
    page = (watched := opened(watch, path)).page
    expect(page.locator(".leaflet-veil-pane path")).to_have_count(1)
    expect(page.locator(".legend")).to_contain_text("Drawn area")
    watched.is_clean()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_file_has_no_accessibility_violation(
    watch: Watch, page_file: Path, scheme: str
) -> None:
    expect_no_axe_violations(opened(watch, page_file, scheme=scheme).page)


def test_what_the_terms_hold_back_is_not_in_the_file(tmp_path: Path) -> None:
    spot = {"precision": "exact", "lon": "30.5217", "lat": "50.4519"}
    row = {**spot, "source_key": "a", "start": "2025-03-10", "description": "behind the bakery"}
    data_dir = tmp_path / "data"
    imported = command(data_dir, "import", str(table(tmp_path, row)), "--dataset", "held")
    assert imported.returncode == 0, imported.stderr
    query = "theatre=ukraine&dataset=held"
    whole = saved(data_dir, query, private=True)
    assert "behind the bakery" in whole
    public = saved(data_dir, query)
    assert "behind the bakery" not in public
    assert not re.search(r"50\.4519|30\.5217", public)


def test_the_file_is_the_same_every_time(demo_data: Path, page_file: Path) -> None:
    pictures = re.compile(r'"tiles":\{[^}]*\}')  # that tiles are is held where they are drawn
    once, again = page_file.read_text("utf-8"), saved(demo_data)
    assert pictures.sub("", once) == pictures.sub("", again)


def test_the_command_writes_the_file_and_refuses_what_must_stay(
    demo_data: Path, tmp_path: Path
) -> None:
    done = command(demo_data, "export", str(tmp_path / "map.html"), "--view", EXAMPLE, "--public")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "map.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    data_dir, row = tmp_path / "data", {"source_key": "a", "start": "2025-03-10"}
    row |= {"precision": "country", "lon": "", "lat": ""}
    command(data_dir, "import", str(table(tmp_path, row)), "--dataset", "held")
    held = command(
        data_dir, "export", str(tmp_path / "held.html"), "--view", "dataset=held", "--public"
    )
    assert held.returncode == 2
    assert "The terms of 'held'" in held.stderr
    assert not (tmp_path / "held.html").exists()


def test_a_view_that_does_not_exist_is_refused(demo_data: Path) -> None:
    with pytest.raises(InvalidView, match="nowhere"):
        saved(demo_data, "theatre=nowhere")


@pytest.mark.parametrize(("side", "zoom"), [(0.01, 16), (9.0, 7)])
def test_the_streets_of_an_operators_basemap_are_in_the_file_and_a_cut_is_said(
    watch: Watch, demo_data: Path, tmp_path: Path, side: float, zoom: int
) -> None:
    data = tmp_path / "data"
    shutil.copytree(demo_data, data)
    west, south, east, north = mercantile.bounds(*kyiv(14), 14)
    ground = ground_file(tmp_path / "ground.pmtiles", "Protomaps")
    assert command(data, "basemap", "add", str(ground)).returncode == 0
    lon, lat = (west + east) / 2, (south + north) / 2
    box = ",".join(f"{place:.5f}" for place in (lon - side, lat - side, lon + side, lat + side))
    path = tmp_path / "streets.html"
    path.write_text(saved(data, f"theatre=ukraine&bbox={box}"), "utf-8")
    assert path.stat().st_size < 20_000_000
    page = (watched := opened(watch, path)).page
    page.evaluate(f"strikemap.settle(); strikemap.map.setView([{lat}, {lon}], {min(zoom, 14)})")
    streets = page.locator(".leaflet-basemap-pane .leaflet-layer").last.locator("img")
    expect(streets.first).to_be_attached()
    sources = streets.evaluate_all("(tiles) => tiles.map(({ src }) => src)")
    assert sources
    assert all(source.startswith("data:image/png") for source in sources)
    assert (f"zoom level {zoom} of 16" in page.locator("body").inner_text()) == (zoom < 16)
    watched.is_clean()
