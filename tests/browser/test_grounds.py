"""The ground of another tile service, in a real browser that counts what is asked of it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from app.api.app import create_app
from app.api.save import saved_page
from app.settings import ROOT, Settings
from tests.browser.conftest import Watched, expect_no_axe_violations
from tests.serving import Service, TileHost, serving, tile_host

pytestmark = pytest.mark.browser
Watch = Callable[..., Watched]
SETTING = """
[[service]]
name = "Aerial"
url = "{template}"
attribution = "Survey of <the> land"
max_zoom = 12
imagery = true
{more}
"""
HAS_LABELS = "!document.querySelector('.leaflet-labels-pane').hidden"


@pytest.fixture
def host() -> Iterator[TileHost]:
    """A tile service on this machine."""
    tile = io.BytesIO()
    Image.new("RGB", (256, 256), (90, 120, 60)).save(tile, "PNG")
    with tile_host(tile.getvalue()) as host:
        yield host


def setting(folder: Path, host: TileHost, more: str = "") -> str:
    path = folder / "services.toml"
    path.write_text(SETTING.format(template=host.template, more=more), "utf-8")
    return str(path)


def expect_tiles(page: Page, host: TileHost) -> None:
    """Wait until a tile of the service is drawn."""
    tiles = page.locator(f".leaflet-basemap-pane img[src^='{host.url}']")
    expect(tiles.and_(page.locator(".leaflet-tile-loaded")).first).to_be_visible()


def choose(page: Page, name: str) -> None:
    page.locator(".legend").evaluate("(legend) => (legend.open = true)")
    page.get_by_role("radio", name=name).check()


@pytest.mark.parametrize("path", ["/", "/embed"])
def test_its_tiles_are_fetched_once_a_reader_chooses_them_and_not_before(
    demo_data: Path, tmp_path: Path, watch: Watch, host: TileHost, path: str
) -> None:
    with serving(demo_data, STRIKEMAP_BASEMAP_URL=setting(tmp_path, host)) as service:
        watched = watch()
        page = watched.page
        watched.open(f"{service.url}{path}")
        page.wait_for_load_state("networkidle")
        assert host.paths == []
        expect(page.locator(".grounds")).to_contain_text(host.url.removeprefix("http://"))
        expect(page.locator(".grounds")).to_contain_text("sees your internet address")
        choose(page, "Aerial")
        expect_tiles(page, host)
        expect(page.locator(".leaflet-control-attribution")).to_contain_text("Survey of <the> land")
        assert host.paths
        assert set(host.referrers) == {None}
        assert page.evaluate(HAS_LABELS)
        assert "ground=Aerial" in page.url
        choose(page, "Own map")
        expect(page.locator(".leaflet-control-attribution")).not_to_contain_text("Survey")
        expect_no_axe_violations(page)
        watched.is_clean()


def test_a_link_opens_with_the_ground_that_it_was_made_with(
    demo_data: Path, tmp_path: Path, watch: Watch, host: TileHost
) -> None:
    more = '[[service]]\nname = "Streets"\nurl = "{}"\nattribution = "a"\nreferrer = true\n'
    file = setting(tmp_path, host, more.replace("{}", f"{host.url}/streets/{{z}}/{{x}}/{{y}}"))
    with serving(demo_data, STRIKEMAP_BASEMAP_URL=file) as service:
        watched = watch()
        watched.open(f"{service.url}/#ground=Streets&at=14/50.4500/30.5200")
        expect_tiles(watched.page, host)
        assert {path.split("/")[1] for path in host.paths} == {"streets"}
        assert set(host.referrers) == {f"{service.url}/"}
        assert not watched.page.evaluate(HAS_LABELS)  # its towns have names already
        watched.is_clean()


def test_an_operator_may_open_the_page_with_it_and_a_reader_goes_back(
    demo_data: Path, tmp_path: Path, watch: Watch, host: TileHost
) -> None:
    with serving(
        demo_data, STRIKEMAP_BASEMAP_URL=setting(tmp_path, host, "shown = true")
    ) as service:
        watched = watch()
        page = watched.page
        watched.open(f"{service.url}/")
        expect_tiles(page, host)
        choose(page, "Own map")
        page.wait_for_load_state("networkidle")
        before = len(host.paths)
        page.reload()
        page.wait_for_load_state("networkidle")
        assert len(host.paths) == before
        # An invented country lies on no ground of others.
        watched.open(f"{service.url}/?theatre=example")
        expect(page.locator(".grounds")).to_have_count(0)
        assert len(host.paths) == before


def test_where_no_tile_comes_the_page_says_so_over_the_own_map(
    demo_data: Path, tmp_path: Path, watch: Watch, host: TileHost
) -> None:
    path = setting(tmp_path, host)
    nobody = Path(path).read_text("utf-8").replace(host.url, "http://127.0.0.1:9")
    Path(path).write_text(nobody, "utf-8")
    with serving(demo_data, STRIKEMAP_BASEMAP_URL=path) as service:
        watched = watch()
        watched.open(f"{service.url}/")
        choose(watched.page, "Aerial")
        expect(watched.page.locator(".grounds")).to_contain_text("No tile of this place came from")
        own = watched.page.locator(".leaflet-basemap-pane img[src*='/tiles/basemap/']").first
        expect(own).to_be_visible()


def test_without_the_setting_there_is_no_such_choice_and_nothing_is_asked_outside(
    service: Service, watch: Watch
) -> None:
    watched = watch()
    watched.open(f"{service.url}/#ground=Aerial")
    watched.page.wait_for_load_state("networkidle")
    expect(watched.page.locator(".grounds")).to_have_count(0)
    loaded = watched.page.evaluate(
        "performance.getEntriesByType('resource').map((one) => one.name)"
    )
    assert all(address.startswith(service.url) for address in loaded)
    assert not any("services.js" in address for address in loaded)
    watched.is_clean()


def test_a_saved_page_names_no_service(demo_data: Path, tmp_path: Path, host: TileHost) -> None:
    settings = Settings(data_dir=demo_data, basemap_url=setting(tmp_path, host, "shown = true"))
    html = saved_page(create_app(settings), ROOT / "static", "theatre=ukraine")
    assert host.url not in html
    assert "Survey" not in html
    assert host.paths == []
