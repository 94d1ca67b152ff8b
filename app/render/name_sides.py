"""The places that a map may name, and the sides of each dot where its name may stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from app.reference.basemap import QUARTER, Places
from app.render.canvas import Canvas, TextRun
from app.render.fonts import text_width, writable
from app.render.frame import Frame
from app.render.palette import HALO, STREET_TEXT, TEXT
from app.render.room import Box

LABEL_PX, LABEL_HIGH_PX, LABEL_PAD, BASE, MOST_CANDIDATES = 11.0, 8.0, 3.0, 0.36, 400
BESIDE_PX, ABOVE_PX, ASLANT_PX = 7.0, 14.0, 11.0
"""The distance of a name from the dot of its place: a usual mark on the dot stays whole."""

FAR_PX, REGIONAL_CAPITAL = (0.0, 10.0, 20.0), 1
"""Further steps for the name of a capital, also of a region: marks crowd around these."""

OWN_PX = 9.0
"""So much around its dot is a place's own: no other place is named there."""

LABEL_ZOOM = (
    (3, 3_000_000),
    (4, 1_000_000),
    (5, 500_000),
    (6, 250_000),
    (7, 90_000),
    (8, 30_000),
    (9, 12_000),
    (10, 4_000),
    (11, 0),
)
SIDES = ((1, 0, 0), (-1, 0, 0), (0, -1, 0), (0, 1, 0))
CORNERS = ((1, 0, -1), (1, 0, 1), (-1, 0, -1), (-1, 0, 1))
ASIDE, ABOVE, ASLANT = np.array((*SIDES, *CORNERS)).T
"""Where a name stands around a dot, to the right first, as signs of three distances."""


class Name(NamedTuple):
    """The name of a place; `x` and `y` are its dot, in px of the picture, and `box` its room.

    A part of a settlement has no dot.
    """

    text: TextRun
    x: float
    y: float
    box: Box
    has_dot: bool = True


class Naming(NamedTuple):
    """The places that a map may name, and how: their language, and whose come first."""

    places: Places
    language: str
    countries: Sequence[str]


class NameSides(NamedTuple):
    """Where names may stand: a row for each side of each place, the most important place first."""

    runs: Sequence[TextRun]
    """By candidate: its name, at its dot."""

    candidate: np.ndarray
    """By row, as all that follows: the number of its candidate."""

    starts: np.ndarray
    """The middle of the name's baseline."""

    boxes: np.ndarray
    own: np.ndarray
    """What is around the place itself."""

    def name(self, row: int) -> Name:
        """Return the name of a place at a side of its dot."""
        run, (x, y) = self.runs[self.candidate[row]], self.starts[row].tolist()
        x0, y0, x1, y1 = self.boxes[row].tolist()
        has_dot = run.colour != STREET_TEXT
        return Name(run._replace(x=x, y=y), run.x, run.y, (x0, y0, x1, y1), has_dot)


def label_candidates(frame: Frame, naming: Naming, margin: float) -> tuple[np.ndarray, np.ndarray]:
    """Choose the places to name at a zoom: their numbers and weights, most important first.

    The weight is the population, times 8 for a capital and 3 for a regional capital, and twice as
    much in the theatre's own countries.
    """
    places = naming.places
    least = next((people for zoom, people in LABEL_ZOOM if frame.z <= zoom), 0)
    west, south, east, north = frame.bounds(margin=margin)
    near = (places.lon > west) & (places.lon < east) & (places.lat > south) & (places.lat < north)
    numbers = np.flatnonzero(near & (frame.z > 2))  # noqa: PLR2004
    rank = places.rank[numbers]
    weight = places.population[numbers] * np.where(rank == 0, 8, np.where(rank == 1, 3, 1))
    weight = weight * np.where(np.isin(places.country[numbers], naming.countries), 2, 1)
    order = np.argsort(-weight, kind="stable")
    order = order[weight[order] >= least][:MOST_CANDIDATES]
    return numbers[order], weight[order]


def name_sides(canvas: Canvas, naming: Naming, margin: float) -> NameSides:
    """Return where the name of each candidate may stand around its dot.

    A mark on the dot stays in sight. The name of a part of a settlement stands on its place. A
    name that the font cannot write is in English instead, or left out.
    """
    frame, scale, fonts = canvas.frame, canvas.frame.scale, canvas.fonts
    places, language = naming.places, naming.language
    numbers, _weights = label_candidates(frame, naming, margin)
    xs, ys = frame.pixels(places.lon[numbers], places.lat[numbers])
    runs, ranks, halves = list[TextRun](), list[int](), list[float]()
    for place, x, y in zip(numbers.tolist(), xs.tolist(), ys.tolist(), strict=True):
        text = writable(fonts, places.name(place, language), places.name(place, "en"))
        if text:
            rank = int(places.rank[place])
            is_bold, colour = rank == 0, STREET_TEXT if rank == QUARTER else TEXT
            runs.append(TextRun(text, x, y, LABEL_PX, colour, is_bold, "middle", HALO))
            ranks.append(rank)
            halves.append(text_width(fonts, text, LABEL_PX, is_bold=is_bold) * scale / 2)
    candidate, across, down = _sides(np.array(ranks, int), np.array(halves, float), scale)
    dots = np.array([(run.x, run.y) for run in runs]).reshape(-1, 2)[candidate]
    x, y, half = dots[:, 0] + across, dots[:, 1] + down, np.array(halves)[candidate]
    high, pad = LABEL_HIGH_PX * scale, LABEL_PAD * scale
    boxes = np.column_stack([x - half - pad, y - high, x + half + pad, y + high])
    starts = np.column_stack([x, y + BASE * LABEL_PX * scale])
    around = OWN_PX * scale / 2
    return NameSides(runs, candidate, starts, boxes, np.hstack([dots - around, dots + around]))


def _sides(
    ranks: np.ndarray, halves: np.ndarray, scale: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a row for each side: its candidate, and the middle's px to the right of and below it.

    `ranks` and `halves` are by candidate: its rank, and half the width of its name in px.
    """
    is_quarter = ranks == QUARTER
    usual = np.where(ranks <= REGIONAL_CAPITAL, len(FAR_PX), 1) * len(ASIDE)
    counts = np.where(is_quarter, 1, usual)
    candidate = np.repeat(np.arange(len(ranks)), counts)
    number = np.arange(len(candidate)) - (np.cumsum(counts) - counts)[candidate]
    far, side = np.array(FAR_PX)[number // len(ASIDE)], number % len(ASIDE)
    across = ASIDE[side] * (halves[candidate] + (BESIDE_PX + far) * scale)
    down = ABOVE[side] * (ABOVE_PX + far) * scale + ASLANT[side] * (ASLANT_PX + far) * scale
    is_at_dot = is_quarter[candidate]
    return candidate, np.where(is_at_dot, 0.0, across), np.where(is_at_dot, 0.0, down)
