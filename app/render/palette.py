"""Colours, shapes, classes and patterns, for page, tiles and figures alike.

Nothing differs by its colour alone: every weapon family has a shape of its own, and every kind of
ground a pattern. No ground is drawn in national colours.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

LAND, WATER, RIVER, BORDER = "#f6f5f1", "#cfdde6", "#b4cbd9", "#8b8f94"
WOOD, PARK, BUILT, WORKS, BUILDING = "#e1e9da", "#e8eee1", "#efece6", "#ece9e8", "#e0dcd5"
ROAD, MAIN_ROAD, ROAD_EDGE, RAIL, PATH = "#ffffff", "#fbf3e2", "#cfcac1", "#b9b8b8", "#cfc9bd"
STREET_TEXT, WATER_TEXT, UNKNOWN_GROUND = "#5c5f63", "#4f7389", "#c9c5bd"
"""Colours of streets and land use: paler than every mark and class, so that those stay in front."""

TEXT, HALO, REGION_EDGE = "#2f3337", "#ffffff", "#6f757b"
PAPER, INK, QUIET, EDGE, WARNING = "#ffffff", "#1b1e21", "#4d5358", "#8b8f94", "#8a2f00"
"""Colours of a figure around its map; the page uses the ink on its map, too."""

WATERMARK = "#5a3c6e"
COVER = "#3c4147"
"""What fills a part of an archived image that nobody is shown."""

Points = tuple[tuple[float, float], ...]


def _circle(corners: int = 36) -> Points:
    turns = (2 * math.pi * n / corners for n in range(corners))
    return tuple((round(math.cos(turn), 3), round(math.sin(turn), 3)) for turn in turns)


def _turned(points: Points) -> Points:
    """Turn by an eighth of a circle."""
    half = math.sqrt(0.5)
    return tuple((round((x - y) * half, 3), round((x + y) * half, 3)) for x, y in points)


_LONG, _THICK = 1.14, 0.425
_ARM: Points = ((-_THICK, -_LONG), (_THICK, -_LONG), (_THICK, -_THICK))
_PLUS = tuple(
    corner
    for arm in (
        _ARM,
        *(((-y, x) for x, y in _ARM), ((-x, -y) for x, y in _ARM), ((y, -x) for x, y in _ARM)),
    )
    for corner in arm
)

SHAPES: dict[str, Points] = {
    "circle": _circle(),
    "up": ((0.0, -1.555), (1.347, 0.778), (-1.347, 0.778)),
    "down": ((0.0, 1.555), (-1.347, -0.778), (1.347, -0.778)),
    "diamond": ((0.0, -1.253), (1.253, 0.0), (0.0, 1.253), (-1.253, 0.0)),
    "square": ((-0.886, -0.886), (0.886, -0.886), (0.886, 0.886), (-0.886, 0.886)),
    "bar": ((-1.33, -0.59), (1.33, -0.59), (1.33, 0.59), (-1.33, 0.59)),
    "plus": _PLUS,
    "post": ((-0.59, -1.33), (0.59, -1.33), (0.59, 1.33), (-0.59, 1.33)),
    "chevron": (
        (-1.387, -1.055),
        (0.0, -0.084),
        (1.387, -1.055),
        (1.387, 0.054),
        (0.0, 1.071),
        (-1.387, 0.054),
    ),
    "star": (
        (0.0, -1.489),
        (0.527, -0.527),
        (1.489, 0.0),
        (0.527, 0.527),
        (0.0, 1.489),
        (-0.527, 0.527),
        (-1.489, 0.0),
        (-0.527, -0.527),
    ),
    "cross": _turned(_PLUS),
}
"""The outlines of marks, y downwards, each about as large as the circle of radius 1.

The page, tiles, figures of every form and legends all draw these polygons.
"""


class Mark(NamedTuple):
    """The look of a mark: its colour, and the name of its shape."""

    colour: str
    shape: str = "circle"


FAMILIES = {
    "missile": Mark("#D55E00", "up"),
    "drone": Mark("#0072B2", "diamond"),
    "bomb": Mark("#CC79A7", "down"),
    "artillery": Mark("#009E73", "square"),
    "mine": Mark("#E69F00", "plus"),
    "small_arms": Mark("#56B4E9", "bar"),
    "other": Mark("#000000", "cross"),
    "air_strike": Mark("#882255", "chevron"),
    "shelling": Mark("#44AA99", "post"),
    "drone_or_missile": Mark("#F0E442", "star"),
    "unknown": Mark("#777777", "circle"),
}
"""A colour and a shape by weapon family; each has a dark ring, as some are pale.

The colours are of Okabe and Ito, and of Tol's muted scheme for two families known only coarsely.
"""

UNKNOWN_MARK, OTHER_MARK = FAMILIES["unknown"], FAMILIES["other"]
SEVERAL_MARK = FAMILIES["drone_or_missile"]
SERIES = tuple(mark for mark in FAMILIES.values() if mark not in (UNKNOWN_MARK, OTHER_MARK))
"""The marks of classes that have no order, such as datasets; what comes after the last is "other".
"""

SECTOR_MARKS = dict(
    zip(
        (
            *("residential", "health", "education", "energy"),
            *("water", "transport", "industry", "military"),
        ),
        SERIES[:8],
        strict=True,
    )
)
"""The sectors with a mark of their own; a strike on several of them has `SEVERAL_MARK`."""

STATUS_MARKS = {
    "reported": FAMILIES["small_arms"],
    "corroborated": FAMILIES["drone"],
    "geolocated": FAMILIES["bomb"],
    "verified": FAMILIES["artillery"],
    "disputed": FAMILIES["mine"],
    "retracted": OTHER_MARK,
}
SIDE_MARKS = tuple(
    FAMILIES[name] for name in ("artillery", "bomb", "mine", "air_strike", "shelling")
)
"""The marks of the parties that hold ground: without red, blue and yellow, the colours of flags."""

NOT_STATED_MARK = Mark("#ffffff", "diamond")

SIZE_STEPS = ((0, 0.7), (1, 1.45), (5, 1.9), (20, 2.4), (100, 3.0))
"""The least figure of each step, and the radius of its marks as a factor of the usual one.

A mark without any known figure has the usual radius: it is neither the least nor the greatest.
"""

RING = "#1b1e21"
SETTLEMENT_PX = (6.0, 40.0)
"""The least and the greatest radius of the disc of a place known to its settlement, at 1x.

The disc has the size of the error in between. A larger one would hide the map of a whole city.
"""

CLASSES: Mapping[str, Sequence[str]] = {
    "orange": ("#ffffd4", "#fed98e", "#fe9929", "#d95f0e", "#993404"),
    "purple": ("#edf8fb", "#b3cde3", "#8c96c6", "#8856a7", "#810f7c"),
    "green": ("#ffffcc", "#c2e699", "#78c679", "#31a354", "#006837"),
    "grey": ("#f7f7f7", "#cccccc", "#969696", "#636363", "#252525"),
}
"""ColorBrewer YlOrBr, BuPu, YlGn and Greys, five classes, colour-blind safe."""

MOST_CLASSES = 5
RAMPS = {
    palette: tuple(
        tuple(colours[place] for place in places)
        for places in ((), (2,), (1, 3), (1, 2, 3), (1, 2, 3, 4), (0, 1, 2, 3, 4))
    )
    for palette, colours in CLASSES.items()
}
"""The colours by palette and number of classes.

Few classes skip the palest colour, which is hard to see on land.
"""

CLASS_OPACITY, BAND_PX = 0.62, 5.0
FADE_ZOOMS = (9.0, 12.0)
"""Between these zooms the colour of a region leaves its inside for a band along its edge.

In a city the streets matter; a band inside the edge still says whose colour it is.
"""

NO_FIGURE = "#5b6066"
"""Hatch of a region with incidents but without any figure: unknown is not zero."""

LINE, LINE_CASING = "#23262a", "#ffffff"
LINE_FIXED, LINE_OTHER = "#5b2a86", "#00606b"
"""The line of a fixed day, and that of another source; their dashes differ as well."""

DASHES = {"stale": (7, 6), "fixed": (14, 4), "other": (2, 5)}
"""Dash and gap in px of three lines: older than the theatre's limit, fixed, of another source."""

DENSITY = ((0, 32, 77), (58, 78, 107), (124, 123, 120), (188, 175, 111), (255, 234, 70))
"""Cividis, five stops."""

DENSE_FROM, DETAIL_ZOOM = 20_000, 9
"""Below this zoom, a larger number of marks is drawn as density, by page, tiles and figures alike.

A dot covers about 36 px at the zoom of a country: 20,000 of them, side by side, fill seven tenths
of a map of 1280 x 800 px, and dots of one place cover each other with far fewer. A tile and a
figure count the marks of their View, so that neighbouring tiles are alike; the page counts those on
its map.
"""

DENSITY_PX, DENSITY_MOST = 4, 1_000
"""The side of a cell in px at 1x, and the marks of the brightest cell on tiles and figures.

The number is fixed, so that neighbouring tiles do not differ; on the page the fullest cell is the
brightest.
"""


class Pattern(NamedTuple):
    """A neutral hatch; page, tiles and figures draw each `kind` alike."""

    kind: str
    colour: str


GROUND = (
    Pattern("rising", "#4a4f55"),
    Pattern("falling", "#7a5c8e"),
    Pattern("cross", "#4f7a6b"),
    Pattern("level", "#8a6d3b"),
)
CLAIMED = Pattern("dots", "#4a4f55")
CITED = Pattern("wide", "#4a4f55")
GAINED, LOST = Pattern("cross", "#8a4b08"), Pattern("level", "#0b5c8a")
"""Ground that a party gained, and ground that it lost."""

DISC_OPACITY, GROUND_OPACITY, CLAIM_OPACITY = 0.22, 0.42, 0.5
"""How strong the disc of a coarse place is, a party's hatch, and that of a claim."""

STALE_OPACITY, STALE_WIDTH = 0.8, 0.6
"""The factors on a hatch's opacity and the line's width when a snapshot is older than the limit.

An old line often runs round every patch, so that it would stand out more than what it goes round:
areas come first there, the line second.
"""

NO_FIGURE_PATTERN = Pattern("stipple", NO_FIGURE)


def pattern_opacity(pattern: Pattern) -> float:
    """Return the opacity of a hatch of ground."""
    return CLAIM_OPACITY if pattern in (CLAIMED, CITED) else GROUND_OPACITY


def ground_pattern(controller: str, others: Sequence[str]) -> Pattern:
    """Return the hatch of a party; `others` are the parties other than the state, in file order."""
    place = others.index(controller) if controller in others else len(GROUND) - 1
    return GROUND[place % len(GROUND)]


def breaks(values: Sequence[float]) -> list[float]:
    """Choose up to five classes with round limits; each number is the least of its class.

    Limits are five of 1, 2, 5, 10… between the least and the greatest value above zero; when there
    are fewer than three, limits have equal steps. Equal Views have equal classes on every tile,
    because the classes are made from all values of a View.

    >>> breaks([1, 3, 18, 240])
    [1, 5, 20, 50, 200]
    >>> breaks([22, 41])
    [20, 25, 30, 35, 40]
    >>> breaks([])
    [1]
    """
    above = [value for value in values if value > 0]
    if not above:
        return [1]
    limits = [limit for limit in _round_numbers(min(above)) if limit <= max(above)]
    if len(limits) < 3 and max(above) > min(above):  # noqa: PLR2004  too few to tell apart
        limits = _even_steps(min(above), max(above))
    if len(limits) > MOST_CLASSES:
        last = MOST_CLASSES - 1
        limits = [limits[round(place * (len(limits) - 1) / last)] for place in range(last + 1)]
    return limits


def _round_numbers(least: float) -> list[float]:
    """List 1, 2, 5, 10… for nine decades, from the greatest that is not above the least value."""
    decade = math.floor(math.log10(least))
    numbers = [times * 10.0**power for power in range(decade, decade + 9) for times in (1, 2, 5)]
    start = max(place for place, number in enumerate(numbers) if number <= least)
    return [int(number) if number >= 1 else number for number in numbers[start:]]


def _even_steps(least: float, most: float) -> list[float]:
    """List multiples of a round step, about five of them between the least and the greatest."""
    width = (most - least) / MOST_CLASSES
    step = next(number for number in _round_numbers(width) if number >= width)
    step = max(step, 1) if float(least).is_integer() and float(most).is_integer() else step
    first = math.floor(least / step) * step or least
    count = math.floor((most - first) / step) + 1
    return [first + step * place for place in range(count)]


def band_share(zoom: float) -> float:
    """Return how far the colours of regions are bands at a zoom; 1 where nothing else is coloured.

    >>> band_share(6), band_share(10.5), band_share(16)
    (0.0, 0.5, 1.0)
    """
    start, end = FADE_ZOOMS
    return min(max((zoom - start) / (end - start), 0.0), 1.0)


def class_of(value: float, limits: Sequence[float]) -> int:
    """Return the class a value falls in, -1 below the first."""
    return sum(value >= limit for limit in limits) - 1


def rgb(colour: str) -> tuple[int, int, int]:
    """Turn #rrggbb into three numbers."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def family_of(weapons: int, names: Sequence[str]) -> str:
    """Return the family that gives a mark with these weapons (bits) its look: its first.

    What is known, also coarsely, goes before an unknown weapon beside it.
    """
    codes = [name for bit, name in enumerate(names) if weapons >> bit & 1]
    code = next((code for code in codes if code != "unknown"), "unknown")
    return code.split(".")[0]
