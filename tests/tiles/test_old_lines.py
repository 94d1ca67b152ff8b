"""An old snapshot of control: its areas come first, its line second."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from app.render.frame import Frame
from app.render.painter import Painter
from app.render.palette import GROUND, LINE, WATER, rgb
from app.tiles.raster import HatchedArea, draw_control
from tests.drawing import FONTS


@pytest.mark.parametrize("scale", [1, 2])
def test_the_line_round_the_patches_of_an_old_snapshot_is_fainter_than_its_areas(
    scale: int,
) -> None:
    frame = Frame(8, 152, 86, scale)
    across, down = np.meshgrid(np.arange(30, 240, 50) * scale, np.arange(30, 240, 50) * scale)
    lon, lat = frame.degrees(across.ravel(), down.ravel())
    patches = [
        shapely.Point(x, y).buffer(0.1) for x, y in zip(lon.tolist(), lat.tolist(), strict=True)
    ]
    line = shapely.union_all([patch.exterior for patch in patches])
    dark, hatched = {}, {}
    for is_stale in (False, True):
        painter = Painter(frame, WATER, FONTS)
        grounds = [HatchedArea(patch, GROUND[0]) for patch in patches]
        draw_control(painter, grounds, line, is_stale=is_stale)
        pixels = np.asarray(painter.image).astype(int)
        dark[is_stale] = np.count_nonzero(np.abs(pixels - rgb(LINE)).max(axis=2) < 60)
        alone = Painter(frame, WATER, FONTS)
        draw_control(alone, grounds, None, is_stale=is_stale)
        hatched[is_stale] = np.abs(np.asarray(alone.image).astype(int) - rgb(WATER)).sum()
    assert dark[True] < 0.5 * dark[False]
    assert hatched[True] > 0.7 * hatched[False]
