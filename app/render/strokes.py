"""Strokes along lines as a mask of px."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import shapely
from PIL import Image
from shapely.geometry.base import BaseGeometry

from app.render.canvas import Dashes
from app.render.frame import Frame
from app.render.stamps import OVERSAMPLE


def stroke_mask(
    strokes: Sequence[BaseGeometry], frame: Frame, width: float, dashes: Dashes | None
) -> tuple[Image.Image, tuple[int, int]] | None:
    """Draw lines as the mask of a part of a picture; None when they are outside of it.

    A disc is drawn at each step along the lines: the time depends only on their length.

    Args:
        strokes: lines in px of the picture.
        frame: the picture.
        width: of the strokes, in px at 1x.
        dashes: dash and gap, in px at 1x; None for whole lines.

    Returns:
        the mask and its upper left corner in the picture.
    """
    scale = frame.scale * OVERSAMPLE
    radius = width * scale / 2
    x, y, along = _sampled(strokes, OVERSAMPLE, max(1.0, 0.6 * radius))
    if dashes is not None:
        is_dash = along % (sum(dashes) * scale) < dashes[0] * scale
        x, y = x[is_dash], y[is_dash]
    columns, rows = (np.rint(axis).astype(np.int64) for axis in (x, y))
    wide, high, reach = frame.width * OVERSAMPLE, frame.height * OVERSAMPLE, int(np.ceil(radius))
    near = (columns >= -reach) & (columns < wide + reach)
    near &= (rows >= -reach) & (rows < high + reach)
    columns, rows = columns[near], rows[near]
    if not len(columns):
        return None
    x0, y0 = (max(int(axis.min()) - reach, 0) // OVERSAMPLE for axis in (columns, rows))
    x1 = min(int(columns.max()) + reach, wide - 1) // OVERSAMPLE + 1
    y1 = min(int(rows.max()) + reach, high - 1) // OVERSAMPLE + 1
    # With a margin for all of a disc, no px of it needs a test.
    margin = 2 * reach
    stride, down = ((side * OVERSAMPLE + 2 * margin) for side in (x1 - x0, y1 - y0))
    mask = np.zeros(down * stride, np.uint8)
    left, top = (side * OVERSAMPLE - margin for side in (x0, y0))
    across, below = _disc(radius)
    middles = (rows - top) * stride + columns - left
    mask[middles[:, None] + below * stride + across] = 255
    inner = mask.reshape(down, stride)[margin : down - margin, margin : stride - margin]
    return Image.fromarray(inner).reduce(OVERSAMPLE), (x0, y0)


def _sampled(
    strokes: Sequence[BaseGeometry], scale: float, step: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return points along strokes, a step apart: x, y and the distance from the stroke's start."""
    points, stroke = shapely.get_coordinates(strokes, return_index=True)
    if not len(points):
        return np.empty(0), np.empty(0), np.empty(0)
    x, y = points.T * scale
    begins = np.flatnonzero(np.diff(stroke, prepend=-1))
    gaps = np.hypot(np.diff(x, prepend=x[0]), np.diff(y, prepend=y[0]))
    gaps[begins] = 1.0  # strokes lie one after another, a step of 1 apart
    reached = np.cumsum(gaps)
    starts, ends = reached[begins], reached[np.append(begins[1:], len(x)) - 1]
    counts = np.ceil((ends - starts) / step).astype(np.int64) + 1
    along = (np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)) * step
    along = np.minimum(along, np.repeat(ends - starts, counts))
    at = np.repeat(starts, counts) + along
    return np.interp(at, reached, x), np.interp(at, reached, y), along


@cache
def _disc(radius: float) -> tuple[np.ndarray, np.ndarray]:
    """List the px of a disc around 0, 0; at least the middle one."""
    reach = int(np.ceil(radius))
    down, across = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    inside = np.hypot(across, down) <= max(radius - 0.3, 0.0)
    return across[inside], down[inside]
