"""Maps of any box and size: what bringing a picture to degrees must not change."""

from __future__ import annotations

import numpy as np
from PIL import Image

from app.domain.place import Bounds
from app.pictures.maps import MapOptions, resampled

BOX = Bounds(22.0, 44.0, 40.0, 52.0)


def test_the_colour_of_a_transparent_px_does_not_reach_a_map_in_degrees() -> None:
    pixels = np.zeros((300, 400, 4), np.uint8)
    pixels[:, :200] = (255, 0, 0, 255)
    pixels[:, 200:] = (0, 0, 255, 0)
    options = MapOptions(("control",), BOX, 333, 211, is_mercator=False)
    drawn = np.asarray(resampled(Image.fromarray(pixels, "RGBA"), options))
    assert drawn.shape == (211, 333, 4)
    seen = drawn[drawn[:, :, 3] > 0]
    assert seen[:, 2].max() == 0
    assert (seen[:, 0] > 250).all()
    assert 0 < (drawn[:, :, 3] == 0).mean() < 1
