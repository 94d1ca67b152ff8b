"""Hatches as px: each is a square that repeats."""

from __future__ import annotations

from functools import cache

import numpy as np

HATCH = 16
"""Hatches repeat every 16 px at 1x, a divisor of 256, so that they continue from tile to tile."""


def hatch_mask(
    size: tuple[int, int], scale: int, kind: str, at: tuple[int, int] = (0, 0)
) -> np.ndarray:
    """Return a mask of the px that a hatch covers, for a part of the picture.

    Args:
        size: width and height of the part, in px.
        scale: px of the picture to one px at 1x.
        kind: of the hatch.
        at: the upper left px of the part; a hatch continues from part to part.
    """
    period = _hatch_period(scale, kind)
    side = len(period)
    across, down = (
        np.arange(start, start + length) % side for start, length in zip(at, size, strict=True)
    )
    return np.asarray(period[down[:, None], across[None, :]])


@cache
def _hatch_period(scale: int, kind: str) -> np.ndarray:
    """Draw the square of a hatch that repeats."""
    step, thick, side = HATCH * scale // 2, max(scale * 3 // 2, 1), HATCH * scale
    across, down = np.arange(side)[None, :], np.arange(side)[:, None]
    rising, falling = (across + down) % step < thick, (across - down) % step < thick
    kinds = {
        "rising": rising,
        "falling": falling,
        "cross": rising | falling,
        "level": np.broadcast_to(down % step < thick, (side, side)),
        "wide": (across + down) % (2 * step) < thick,
        "stipple": rising & falling,
        "dots": (across % step < 2 * thick) & (down % step < 2 * thick),
    }
    return kinds[kind]
