"""A figure for a report: one page with a map, its legend, its scale and its credits.

The layout is made once in px at 1x and drawn on any canvas, so that PNG, SVG and PDF show the same.
There is no north arrow: in Web Mercator, north is at the top of every picture.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.render.badges import BADGE_HIGH_PX, Badge, draw_badges
from app.render.canvas import AREA_PX, CASING_PX, LINE_PX, Canvas, TextRun
from app.render.fonts import text_width
from app.render.frame import Frame
from app.render.layout import LEADING, SWATCH_WIDE, Content, Layout, Swatch, wrapped
from app.render.palette import (
    DASHES,
    DENSITY,
    EDGE,
    HALO,
    INK,
    LINE_CASING,
    NO_FIGURE,
    PAPER,
    RING,
    STALE_WIDTH,
    Mark,
    Pattern,
)

SCALE_PX, NOTICE_PX, NOTICE_TOP = 150, 13.0, 14.0
CHIP = Pattern("stipple", NO_FIGURE)
EDGES = {"fill": (EDGE, 0.8), "hatch": (EDGE, 0.8), "area": (INK, AREA_PX)}
"""Swatches that are boxes, with colour and width of their edge; `area` is a drawn one."""


def draw_page(
    page: Canvas, layout: Layout, content: Content, frame: Frame, draw: Callable[[Canvas], None]
) -> None:
    """Draw a figure: the map by `draw`, then the texts and swatches on and around it."""
    x0, y0, across, down = layout.map_box
    with page.inset(frame, x0, y0) as part:
        draw(part)
        _draw_scale(part, content)
        if content.watermark:
            part.watermark(content.watermark)
        if content.notice:
            _draw_notice(part, content.notice)
    scale = page.frame.scale
    edge = np.array([x0, y0, x0 + across, y0 + down]) * scale
    page.stroke([shapely.box(*edge).exterior], EDGE, 0.8)
    for swatch, x, y, size in layout.swatches:
        draw_swatch(page, swatch, x, y, size)
    for text in layout.texts:
        page.write(text._replace(x=text.x * scale, y=text.y * scale))


def scale_box(frame: Frame) -> tuple[float, float, float, float]:
    """Return the box of the scale bar on a map, in px."""
    scale = frame.scale
    return 0.0, frame.height - 34.0 * scale, (SCALE_PX + 60.0) * scale, float(frame.height)


def _draw_scale(part: Canvas, content: Content) -> None:
    """Draw a bar of round km, right at the middle latitude of the map, which its text states."""
    frame, scale = part.frame, part.frame.scale
    most = min(SCALE_PX, frame.across / 3) * frame.km_per_px()
    power = 10.0 ** np.floor(np.log10(most))
    km = next(times * power for times in (5.0, 2.0, 1.0) if times * power <= most)
    long = km / frame.km_per_px()
    y = frame.down - 9.0
    bar = np.array([[10, y - 5], [10, y], [10 + long, y], [10 + long, y - 5]]) * scale
    line = shapely.LineString(bar)
    part.stroke([line], HALO, 4.0)
    part.stroke([line], INK, 1.6)
    text = content.scale_text(float(km), frame.middle_latitude)
    part.write(TextRun(text, 10.0 * scale, (y - 9) * scale, 10.0, INK, halo=HALO))


def _notice_lines(fonts: Path, frame: Frame, notice: str) -> list[str]:
    width = min(frame.across - 40.0, 460.0)
    return list(wrapped(fonts, notice, NOTICE_PX, width, is_bold=True))


def notice_box(fonts: Path, frame: Frame, notice: str) -> tuple[float, float, float, float]:
    """Return the box of a notice at the top of a map, in px."""
    lines, scale = _notice_lines(fonts, frame, notice), frame.scale
    wide = max(text_width(fonts, line, NOTICE_PX, is_bold=True) for line in lines) / 2 + 14
    high, middle = len(lines) * NOTICE_PX * LEADING + 16, frame.across / 2
    x0, x1 = (middle - wide) * scale, (middle + wide) * scale
    return x0, NOTICE_TOP * scale, x1, (NOTICE_TOP + high) * scale


def _draw_notice(part: Canvas, notice: str) -> None:
    """Write over the map what it cannot show."""
    scale = part.frame.scale
    box = shapely.box(*notice_box(part.fonts, part.frame, notice))
    part.paint([box], PAPER)
    part.stroke([box.exterior], EDGE, 1.0)
    x, y = part.frame.across / 2, NOTICE_TOP
    for line in _notice_lines(part.fonts, part.frame, notice):
        y += NOTICE_PX * LEADING
        part.write(TextRun(line, x * scale, (y + 4) * scale, NOTICE_PX, INK, True, "middle"))


def chip_size(fonts: Path, text: str, size: float, scale: int) -> tuple[float, float]:
    """Measure the chip of a number, in px of the picture."""
    wide = text_width(fonts, text, size, is_bold=True) + 2 * size
    return wide * scale, size * 1.55 * scale


def draw_chip(
    canvas: Canvas, text: str, box: tuple[float, float, float, float], size: float
) -> None:
    """Draw a number on a hatched chip: strikes known only to a region, which are never dots."""
    scale = canvas.frame.scale
    x0, y0, x1, y1 = box[0] + scale, box[1] + scale, box[2] - scale, box[3] - scale
    # A filled box in a filled box is faster than strokes along its edges, and whole px are fastest.
    canvas.paint([shapely.box(*box)], INK)
    canvas.paint([shapely.box(x0, y0, x1, y1)], PAPER)
    edge = round(size * 0.62 * scale)
    ends = [
        shapely.box(x0, y0, box[0] + edge, y1),
        shapely.box(box[2] - edge, y0, x1, y1),
    ]
    canvas.paint_hatch(ends, CHIP, 1.0)
    middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2 + 0.36 * size * scale
    canvas.write(TextRun(text, *middle, size, INK, True, "middle"))


def draw_swatch(page: Canvas, swatch: Swatch, x: float, y: float, size: float) -> None:
    """Draw a swatch as the map draws its layer; `y` is its middle, in px at 1x."""
    scale = page.frame.scale
    wide, high = size * SWATCH_WIDE, size * 1.05
    box = np.array([x, y - high / 2, x + wide, y + high / 2]) * scale
    middle = np.array([(x + wide / 2) * scale]), np.array([y * scale])
    if swatch.kind in EDGES:
        shape = shapely.box(*box)
        if swatch.pattern is None:
            page.paint([shape], swatch.colour, swatch.opacity)
        else:
            page.paint_hatch([shape], swatch.pattern, swatch.opacity)
        page.stroke([shape.exterior], *EDGES[swatch.kind])
    elif swatch.kind == "chip":
        draw_chip(page, "12", (box[0], box[1], box[2], box[3]), size * 0.8)
    elif swatch.kind == "badge":
        half = BADGE_HIGH_PX * scale / 2
        x, y = float(middle[0][0]), float(middle[1][0])
        draw_badges(page, [Badge("2", (x - half, y - half, x + half, y + half))])
    elif swatch.kind == "line":
        _draw_line(page, box, swatch)
    elif swatch.kind == "density":
        _draw_ramp(page, box)
    else:
        if swatch.kind == "soft":
            radius = np.array([size * 0.62 * scale])
            page.discs(*middle, radius, [swatch.colour], opacity=0.3)
        mark = Mark(swatch.colour, swatch.shape)
        page.dots(*middle, [mark], 2.6 if swatch.kind == "soft" else swatch.radius, RING)


def _draw_line(page: Canvas, box: np.ndarray, swatch: Swatch) -> None:
    """Draw a piece of the front line as boxes, which is faster than strokes."""
    scale, y = page.frame.scale, (box[1] + box[3]) / 2
    whole = (box[2] - box[0], 1.0)
    factor = STALE_WIDTH if swatch.dashes == DASHES["stale"] else 1.0
    dash, gap = whole if swatch.dashes is None else (part * scale for part in swatch.dashes)

    def bar(x0: float, x1: float, thick: float) -> BaseGeometry:
        half = thick * factor * scale / 2
        return shapely.box(x0, y - half, min(x1, box[2]), y + half)

    page.paint([bar(box[0], box[2], CASING_PX)], LINE_CASING)
    starts = np.arange(box[0], box[2], dash + gap).tolist()
    page.paint([bar(start, start + dash, LINE_PX) for start in starts], swatch.colour)


def _draw_ramp(page: Canvas, box: np.ndarray) -> None:
    edges = np.linspace(box[0], box[2], len(DENSITY) + 1)
    for place, stop in enumerate(DENSITY):
        shape = shapely.box(edges[place], box[1], edges[place + 1], box[3])
        page.paint([shape], "#{:02x}{:02x}{:02x}".format(*stop))
