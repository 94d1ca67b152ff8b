"""Several datasets at once: chosen together, told side by side, never added up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, WIDE, Watched
from tests.serving import Service, command, serving

pytestmark = pytest.mark.browser
HEADER = "id,date,lat,lon,weapon,killed,injured,source"


def table(path: Path, killed: int) -> Path:
    rows = [
        f"{number},2026-03-0{number},49.9{number},36.2{number},missile,{killed},,https://example.org/"
        for number in (1, 2)
    ]
    path.write_text("\n".join([HEADER, *rows]), "utf-8")
    return path


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("datasets")
    for name, killed in (("first", 3), ("second", 5)):
        file = str(table(folder / f"{name}.csv", killed))
        words = ("--theatre", "ukraine", "--dataset", name)
        assert command(folder / "data", "import", file, *words).returncode == 0
    with serving(folder / "data", "--private") as service:
        yield service


@pytest.mark.parametrize("size", [WIDE, PHONE])
def test_all_datasets_are_one_choice_and_their_figures_stand_side_by_side(
    service: Service, watch: Callable[..., Watched], size: dict[str, int]
) -> None:
    watched = watch(size)
    watched.open(f"{service.url}/?theatre=ukraine&dataset=first")
    page = watched.page
    if size == PHONE:
        page.get_by_role("tab", name="Summary").click()
    page.locator(".datasets summary").click()
    page.get_by_role("button", name="All datasets").click()
    expect(page.locator(".datasets strong")).to_have_text("2 of 2")
    rows = page.locator(".totals tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("first")
    expect(rows.nth(0)).to_contain_text("6")
    expect(rows.nth(1)).to_contain_text("10")
    expect(page.locator(".legend")).to_contain_text("the datasets are not added up")
    assert "dataset=first%2Csecond" in page.url or "dataset=first,second" in page.url
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) <= 0
    watched.is_clean()


def test_a_dataset_is_left_out_by_its_box_and_at_least_one_stays(
    service: Service, watch: Callable[..., Watched]
) -> None:
    watched = watch()
    watched.open(f"{service.url}/?theatre=ukraine&dataset=first,second")
    page = watched.page
    page.locator(".datasets summary").click()
    show = page.get_by_role("button", name="Show these")
    expect(show).to_be_disabled()
    page.get_by_role("checkbox", name="first").uncheck()
    page.get_by_role("checkbox", name="second").uncheck()
    expect(show).to_be_disabled()
    page.get_by_role("checkbox", name="second").check()
    show.click()
    expect(page.locator(".datasets strong")).to_have_text("second")
    expect(page.locator(".totals")).to_contain_text("10")
