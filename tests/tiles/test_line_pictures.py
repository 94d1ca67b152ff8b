"""The invented land's control and line on three days, as pictures that were looked at."""

from __future__ import annotations

import io
from datetime import date

import numpy as np
import pytest
from PIL import Image
from pytest_regressions.image_regression import ImageRegressionFixture

from app.domain.view import View
from app.instance.workspace import Workspace
from app.pictures.tiles import Tiler
from app.publishing.query import Query
from app.tiles.grid import Tile
from tests.making import NOON, ROOT

ZOOM, COLUMNS, ROWS = 7, range(18, 21), range(79, 82)
FONTS = ROOT / "static" / "vendor" / "noto-sans-5.3.0"


@pytest.mark.parametrize("day", ["2024-03-05", "2024-03-25", "2024-04-29"])
def test_the_line_looks_as_it_was_looked_at(
    demos: Workspace, image_regression: ImageRegressionFixture, day: str
) -> None:
    view = View(theatre="example", synthetic=True, last=date.fromisoformat(day))
    tiler, query = Tiler(FONTS), Query.of(demos, view, NOON)

    def picture(x: int, y: int) -> np.ndarray:
        parts = [
            Image.open(io.BytesIO(tiler.tile(query, Tile(layer, ZOOM, x, y, "png"))))
            for layer in ("basemap", "control")
        ]
        parts[0].paste(parts[1], mask=parts[1])
        return np.asarray(parts[0])

    whole = np.vstack([np.hstack([picture(x, y) for x in COLUMNS]) for y in ROWS])
    out = io.BytesIO()
    Image.fromarray(whole).save(out, "PNG")
    image_regression.check(out.getvalue(), diff_threshold=0.5)
