"""A pointer that rests on a mark reads what happened there, and how many lie on the spot."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as NotInTime

from tests.browser.conftest import Watched
from tests.serving import Service, command, serving

pytestmark = pytest.mark.browser
SPOT, ALONE = (36.25, 49.95), (36.35, 50.05)
HEADER = "id,date,lat,lon,weapon,killed,injured,source"
ROWS = [
    f"{number},2026-03-0{number},{lat},{lon},missile,{number},,https://example.org/{number}"
    for number, (lon, lat) in enumerate((SPOT, SPOT, SPOT, ALONE), start=1)
]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("tips")
    (folder / "a.csv").write_text("\n".join([HEADER, *ROWS]), "utf-8")
    done = command(folder / "data", "import", str(folder / "a.csv"), "--theatre", "ukraine")
    assert done.returncode == 0, done.stderr
    with serving(folder / "data", "--private") as service:
        yield service


def rest_on(page: Page, lon: float, lat: float) -> None:
    """Move the pointer onto a place of the map, until a tip is there: the map may still settle."""
    script = """([lon, lat]) => {
      const { map } = strikemap, frame = map.getContainer().getBoundingClientRect();
      const at = map.latLngToContainerPoint([lat, lon]);
      return [at.x + frame.x, at.y + frame.y];
    }"""
    for _ in range(30):
        x, y = page.evaluate(script, [lon, lat])
        page.mouse.move(x + 40, y + 40)
        page.mouse.move(x, y)
        with contextlib.suppress(NotInTime):
            page.locator(".tip").wait_for(timeout=500)
            return


@pytest.mark.parametrize("page_name", ["", "embed"])
def test_a_tip_says_what_happened_and_how_many_lie_there(
    service: Service, watch: Callable[..., Watched], page_name: str
) -> None:
    watched = watch()
    watched.open(f"{service.url}/{page_name}?theatre=ukraine#at=10/50.0/36.3")
    tip = watched.page.locator(".tip")
    rest_on(watched.page, *ALONE)
    expect(tip).to_contain_text("4 killed")
    expect(tip).to_contain_text("2026")
    expect(tip).not_to_contain_text("more on this spot")
    rest_on(watched.page, *SPOT)
    expect(tip).to_contain_text("3 killed")
    expect(tip).to_contain_text("and 2 more on this spot")
    watched.page.mouse.move(10, 700)
    expect(tip).to_have_count(0)
    watched.is_clean()


def test_a_click_on_a_spot_lists_all_of_its_records_and_each_leads_to_the_next(
    service: Service, watch: Callable[..., Watched]
) -> None:
    watched = watch()
    watched.open(f"{service.url}/?theatre=ukraine#at=10/50.0/36.3")
    rest_on(watched.page, *SPOT)
    watched.page.mouse.down()
    watched.page.mouse.up()
    dialog = watched.page.get_by_role("dialog")
    expect(dialog).to_contain_text("3 incidents at one place")
    dialog.locator(".incident").first.click()
    expect(dialog).to_contain_text("1 of 3")
    dialog.get_by_role("button", name="Next").click()
    expect(dialog).to_contain_text("2 of 3")
    expect(watched.page.locator(".tip")).to_have_count(0)
