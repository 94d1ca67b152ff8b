"""Marks on the page: the shapes of the palette, on canvas and in the legend; a density's key."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import expect

from app.render.palette import DENSITY, FAMILIES, SHAPES
from app.render.stamps import footprint
from tests.browser.conftest import Watched
from tests.serving import Service

pytestmark = pytest.mark.browser
Watch = Callable[..., Watched]
COVERED = """async ([points, radius, ring]) => {
  const { footprint } = await import("/static/js/footprint.js");
  const { edge, inner } = footprint(points, radius, ring);
  return { edge, inner };
}"""
CROWDED = """() => {
  const layer = strikemap.layers.incidents;
  strikemap.spec.layers.find((one) => one.factory === "incidents").options.denseFrom = 10;
  layer.draw();
  return layer.most;
}"""


def opened(watch: Watch, service: Service) -> Watched:
    watched = watch()
    watched.open(f"{service.url}/?theatre=example")
    return watched


def test_the_canvas_draws_the_px_that_tiles_draw(service: Service, watch: Watch) -> None:
    watched = opened(watch, service)
    for shape, points in SHAPES.items():
        for radius in (3.4, 4.0, 5.0, 8.0):
            told = watched.page.evaluate(COVERED, [points, radius, 1.1])
            covered, edge = footprint(shape, radius, 1.1)
            half = len(covered) // 2

            def px(mask: np.ndarray, half: int = half) -> set[tuple[int, int]]:
                return {(x - half, y - half) for y, x in np.argwhere(mask).tolist()}

            found = [{tuple(one) for one in told[part]} for part in ("edge", "inner")]
            assert found[1], (shape, radius)
            assert found == [px(edge), px(covered & ~edge)], (shape, radius)
    watched.is_clean()


def test_the_legend_shows_each_family_in_its_shape(service: Service, watch: Watch) -> None:
    watched = opened(watch, service)
    swatches = watched.page.locator(".legend li:has(polygon) > svg:not(:has(circle)) polygon")
    shown = [
        (one.get_attribute("fill"), len(str(one.get_attribute("points")).split()))
        for one in swatches.all()
    ]
    families = {(mark.colour, len(SHAPES[mark.shape])) for mark in FAMILIES.values()}
    assert len(shown) > 2
    assert set(shown) <= families
    watched.is_clean()


def test_a_density_is_explained_by_its_colours_and_numbers(service: Service, watch: Watch) -> None:
    watched = opened(watch, service)
    most = watched.page.evaluate(CROWDED)
    row = watched.page.locator(".legend li", has_text="the brighter, the more")
    expect(row).to_contain_text(f"in a cell of 4 px: from 1 to {most}")
    fills = [one.get_attribute("fill") for one in row.locator("rect").all()]
    assert fills == [*(f"rgb({r},{g},{b})" for r, g, b in DENSITY), "none"]
    watched.is_clean()
