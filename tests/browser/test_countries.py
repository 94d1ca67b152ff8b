"""A page opens on every country of the world, also across the antimeridian and on a square mile."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import numpy as np
import pyarrow.parquet as pq
import pytest
import shapely
from playwright.sync_api import expect

from app.instance.new_theatre import zones_of
from app.reference.theatre_file import box_around
from tests.browser.conftest import Watched
from tests.making import GEODATA
from tests.serving import Service, serving

WORLD = GEODATA / "regions" / "admin1.parquet"
SPEC = re.compile(r'<script type="application/json" id="spec">(.*?)</script>', re.DOTALL)
ARABIC = ("SD",)


@pytest.fixture(scope="module")
def shapes() -> dict[str, np.ndarray]:
    """The first-level regions of each country that is not shipped as a theatre."""
    rows = pq.read_table(WORLD, columns=["country", "geometry"])
    countries = np.array(rows["country"].to_pylist())
    every = shapely.from_wkb(rows["geometry"].to_numpy())
    return {code: every[countries == code] for code in sorted(set(countries) - {"UA"})}


@pytest.fixture(scope="module")
def world(
    shapes: dict[str, np.ndarray], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A service with a theatre for each country."""
    data = tmp_path_factory.mktemp("world")
    (data / "theatres").mkdir()
    for code, parts in shapes.items():
        zone = (zones_of([code]) or ["UTC"])[0]
        languages = '["ar", "en"]' if code in ARABIC else '["en"]'
        text = (
            f'zone = "{zone}"\ncountries = ["{code}"]\nlanguages = {languages}\n'
            f"bounds = {list(box_around(parts))}\n"
        )
        (data / "theatres" / f"{code.lower()}.toml").write_text(text, "utf-8")
    with serving(data, "--private") as service:
        yield service


def test_the_page_of_each_country_opens_on_its_own_regions(
    world: Service, shapes: dict[str, np.ndarray]
) -> None:
    for code, parts in shapes.items():
        answer = world.client.get(f"/?theatre={code.lower()}")
        assert (code, answer.status_code) == (code, 200)
        spec = json.loads((SPEC.search(answer.text) or [""])[1])
        assert {region[0][:2] for region in spec["regions"]} == {code}, code
        assert len(spec["regions"]) == len(parts), code
        (south, west), (north, east) = spec["options"]["bounds"]
        assert shapely.intersects(shapely.box(west, south, east, north), parts).any(), code
    page = world.client.get("/?theatre=ye").text
    assert page.count('<details class="languages theatres">') == 1  # not 240 links in a row


@pytest.mark.browser
@pytest.mark.parametrize("code", ["FJ", "RU", "VA", "SD"])
def test_a_map_of_a_country_shows_its_regions(
    world: Service, watch: Callable[..., Watched], code: str
) -> None:
    watched = watch()
    watched.open(f"{world.url}/?theatre={code.lower()}")
    page = watched.page
    box = page.evaluate("strikemap.map.getBounds().toBBoxString()")
    west, _south, east, _north = (float(side) for side in box.split(","))
    assert east - west < 360
    expect(page.locator(".leaflet-tile-loaded").first).to_be_attached()
    is_rtl = page.evaluate("getComputedStyle(document.body).direction") == "rtl"
    assert is_rtl == (code in ARABIC)
    watched.is_clean()
