"""Notes of an editor on the map of a figure: a label, and a thin line from it to its point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import shapely

from app.domain.story import Note
from app.render.canvas import Canvas, TextRun
from app.render.fonts import legible, text_width
from app.render.layout import LEADING, wrapped
from app.render.palette import EDGE, HALO, INK, PAPER
from app.render.room import Box

NOTE_PX, WIDEST_PX, REACH_PX, PAD_PX = 11.0, 190.0, 26.0, 5.0


class PlacedNote(NamedTuple):
    """A note on a picture: its point and the box of its label, in px of the picture."""

    lines: Sequence[str]
    x: float
    y: float
    box: Box


def place_notes(canvas: Canvas, notes: Sequence[Note]) -> list[PlacedNote]:
    """Place the notes whose point is in the picture, each on its side, and wholly inside."""
    placed = []
    for note in notes:
        lon, lat = note.point
        (x,), (y,) = (
            axis.tolist() for axis in canvas.frame.pixels(np.array([lon]), np.array([lat]))
        )
        if canvas.is_near(x, y, 0.0):
            placed.append(_placed(canvas, note, x, y))
    return placed


def _placed(canvas: Canvas, note: Note, x: float, y: float) -> PlacedNote:
    frame, fonts = canvas.frame, canvas.fonts
    scale, text = frame.scale, legible(fonts, note.text)
    lines = list(wrapped(fonts, text, NOTE_PX, min(WIDEST_PX, frame.across / 2), is_bold=False))
    widest = max((text_width(fonts, line, NOTE_PX, is_bold=False) for line in lines), default=0)
    wide = (widest + 2 * PAD_PX) * scale
    high = (len(lines) * NOTE_PX * LEADING + 2 * PAD_PX) * scale
    across, down = note.side.step
    reach = REACH_PX * scale
    left = x + across * reach - wide / 2 + across * wide / 2
    top = y + down * reach - high / 2 + down * high / 2
    left = min(max(left, 0.0), frame.width - wide)
    top = min(max(top, 0.0), frame.height - high)
    return PlacedNote(lines, x, y, (left, top, left + wide, top + high))


def write_notes(canvas: Canvas, notes: Sequence[PlacedNote]) -> None:
    """Draw the pointers and then the labels; a pointer has no head: it shows where, not whither."""
    scale = canvas.frame.scale
    for note in notes:
        left, top, right, bottom = note.box
        near = min(max(note.x, left), right), min(max(note.y, top), bottom)
        pointer = shapely.LineString([(note.x, note.y), near])
        canvas.stroke([pointer], HALO, 3.0)
        canvas.stroke([pointer], INK, 1.0)
    for note in notes:
        left, top, *_ = note.box
        label = shapely.box(*note.box)
        canvas.paint([label], PAPER)
        canvas.stroke([label.exterior], EDGE, 1.0)
        for place, line in enumerate(note.lines, 1):
            base = top + (PAD_PX + place * NOTE_PX * LEADING - NOTE_PX * (LEADING - 1)) * scale
            canvas.write(TextRun(line, left + PAD_PX * scale, base, NOTE_PX, INK))
