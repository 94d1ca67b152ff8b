"""In a city the colour of a region is a band inside its edge: streets stay in sight."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from app.render.frame import Frame
from app.render.painter import Painter
from app.render.palette import BAND_PX, LAND, RAMPS, rgb
from app.tiles.raster import Shade, draw_regions
from tests.drawing import FONTS

RAMP = next(iter(RAMPS.values()))[2]


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("number", [0, 1, None])
def test_the_colour_is_inside_the_edge_and_nowhere_else(scale: int, number: int | None) -> None:
    frame = Frame(14, 9570, 5525, scale)
    painter = Painter(frame, LAND, FONTS)
    corners = (np.array([64, 640]) * scale, np.array([64, 640]) * scale)
    (west, east), (north, south) = frame.degrees(*corners)
    region = shapely.box(west, south, east, north)  # its other edges lie outside the tile
    draw_regions(painter, [Shade(region, number)], RAMP)
    is_coloured = (np.asarray(painter.image) != rgb(LAND)).any(axis=2)
    inside, band = round(64 * scale), round(BAND_PX * scale)
    assert is_coloured[inside : inside + band, inside:].any()
    assert not is_coloured[inside + band + 2 :, inside + band + 2 :].any()
    assert not is_coloured[: inside - 2].any()
    assert not is_coloured[:, : inside - 2].any()
