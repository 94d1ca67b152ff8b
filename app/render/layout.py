"""The layout of a figure: title, map, legend and credits, in the largest letters that fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from app.domain.errors import InputError
from app.domain.place import Bounds
from app.render.canvas import TextRun
from app.render.fonts import text_width
from app.render.frame import Frame
from app.render.palette import INK, QUIET, WARNING, Pattern

MARGIN, GAP, LEADING = 14.0, 10.0, 1.32
SWATCH_WIDE = 2.0
"""The width of a swatch, in sizes of letters."""

SIZES = (12.0, 11.5, 11.0, 10.5, 10.0, 9.5, 9.0, 8.5, 8.0)
LEAD_PX = 1.0
"""So much larger are the letters of the first fact, which says what the map shows."""

READABLE = 10.0
"""Before letters become smaller than this, the other arrangement of map and legend is tried."""

LEAST_MAP = (0.45, 0.34)
"""The smallest shares of the page's width and height that the map may have."""


class Swatch(NamedTuple):
    """The sign before a line of the legend: the colour or pattern of a layer of the map."""

    kind: str
    colour: str = INK
    opacity: float = 1.0
    pattern: Pattern | None = None
    dashes: tuple[int, int] | None = None
    shape: str = "circle"
    radius: float = 4.2
    """Of a dot, in px at 1x."""


class LegendRow(NamedTuple):
    """A line of the legend."""

    text: str
    swatch: Swatch | None = None


class Section(NamedTuple):
    """A part of the legend."""

    title: str
    rows: tuple[LegendRow, ...]


@dataclass(frozen=True)
class Content:
    """Everything that is written on a figure, in the reader's language.

    `scale_text` gets km and the latitude at which the bar is right.
    """

    title: str
    subtitle: str
    facts: Sequence[str]
    sections: Sequence[Section]
    notes: Sequence[str]
    scale_text: Callable[[float, float], str]
    notice: str | None = None
    watermark: str | None = None
    marks: Sequence[str] = ()
    brief: Sequence[str] = ()
    """The facts in fewer words, for a page that has no room for them; empty if there are none."""

    is_rtl: bool = False
    """Whether the page is read from right to left: then all of it is mirrored but the map."""


@dataclass(frozen=True)
class Layout:
    """The places of all parts in px at 1x: the map's box, lines of text, and swatches."""

    width: int
    height: int
    map_box: tuple[int, int, int, int]
    texts: Sequence[TextRun]
    swatches: Sequence[tuple[Swatch, float, float, float]] = field(default_factory=tuple)

    def mirrored(self) -> Layout:
        """Return the layout for a page that is read from right to left."""
        left, top, across, down = self.map_box
        return replace(
            self,
            map_box=(self.width - left - across, top, across, down),
            texts=[text.mirrored(self.width) for text in self.texts],
            swatches=[
                (one, self.width - x - SWATCH_WIDE * size, y, size)
                for one, x, y, size in self.swatches
            ],
        )

    def frame(self, box: Bounds, scale: int) -> Frame:
        """Return the frame that shows a box (in degrees) in the map's part of the page."""
        _left, _top, across, down = self.map_box
        return Frame.fit(box, across, down, scale)


class _Column:
    """Places lines one under the other; `y` is the end of the last one."""

    def __init__(self, fonts: Path, x: float, y: float, width: float) -> None:
        self.fonts, self.x, self.y, self.width = fonts, x, y, width
        self.texts: list[TextRun] = []
        self.swatches: list[tuple[Swatch, float, float, float]] = []

    def add(
        self, text: str, size: float, colour: str = INK, *, is_bold: bool = False, inset: float = 0
    ) -> None:
        """Add a text, in as many lines as it needs."""
        for line in wrapped(self.fonts, text, size, self.width - inset, is_bold=is_bold):
            self.y += size * LEADING
            at = self.y - size * (LEADING - 1)
            self.texts.append(TextRun(line, self.x + inset, at, size, colour, is_bold))

    def section(self, section: Section, size: float) -> None:
        """Add a part of the legend."""
        self.add(section.title, size, is_bold=True)
        self.y += size * 0.25
        inset = size * 2.6
        for row in section.rows:
            if row.swatch is None:
                self.add(row.text, size - 1, QUIET)
            else:
                room = max(0.0, row.swatch.radius - size * LEADING / 2)
                self.y += room
                self.swatches.append((row.swatch, self.x, self.y + size * 0.75, size))
                self.add(row.text, size, inset=inset)
                self.y += room
            self.y += size * 0.22
        self.y += size * 0.7


def wrapped(fonts: Path, text: str, size: float, width: float, *, is_bold: bool) -> Iterator[str]:
    """Break a text into lines no wider than `width` px; a longer word is cut.

    A line never breaks at a no-break space, such as those in numbers.
    """
    line = ""
    for word in text.split(" "):
        trial = f"{line} {word}" if line else word
        if text_width(fonts, trial, size, is_bold=is_bold) <= width:
            line = trial
            continue
        if line:
            yield line
        line = word
        while text_width(fonts, line, size, is_bold=is_bold) > width and len(line) > 1:
            fits = len(line) - 1
            while fits > 1 and text_width(fonts, line[:fits], size, is_bold=is_bold) > width:
                fits -= 1
            yield line[:fits]
            line = line[fits:]
    if line:
        yield line


def lay_out(content: Content, width: int, height: int, fonts: Path) -> Layout:
    """Arrange a figure: the legend beside the map on a wide page, under it on a tall one.

    The letters become smaller until everything fits; only a headline gives way to its bare facts.

    Raises:
        InputError: the page is too small for its texts and a map.
    """
    wide, tall = _beside, _under
    order = (wide, tall) if width >= height * 1.1 else (tall, wide)
    brief = replace(content, facts=content.brief or content.facts)
    for text, is_readable in ((content, True), (brief, True), (brief, False)):
        for arrange in order:
            for size in (size for size in SIZES if (size >= READABLE) == is_readable):
                layout = _arranged(text, (width, height), fonts, size, arrange)
                if layout is not None:
                    return layout.mirrored() if content.is_rtl else layout
    allowed = "more px: title, legend, credits and terms of this View do not fit beside a map"
    raise InputError("width, height", f"{width} x {height}", allowed)


Place = tuple[float, float, float, float]
Arrange = Callable[[Content, Place, Path, float], "tuple[Place, list[_Column]] | None"]


def _arranged(
    content: Content, page: tuple[int, int], fonts: Path, size: float, arrange: Arrange
) -> Layout | None:
    width, height = page
    head = _Column(fonts, MARGIN, MARGIN - 6, width - 2 * MARGIN)
    most = min(26.0, max(15.0, width / 46)) * size / SIZES[0]
    head.add(content.title, most, is_bold=True)
    if content.subtitle:
        head.add(content.subtitle, max(most * 0.62, size), QUIET)
    for number, fact in enumerate(content.facts):
        head.add(fact, size if number else size + LEAD_PX)
    for mark in content.marks:
        head.add(mark, size, WARNING, is_bold=True)
    foot = _Column(fonts, MARGIN, 0, width - 2 * MARGIN)
    foot.add(" · ".join(content.notes), max(size - 2, 7.5), QUIET)
    y, bottom = head.y + GAP, height - MARGIN - foot.y + 4
    texts = [*head.texts, *(text._replace(y=text.y + bottom) for text in foot.texts)]
    place = (MARGIN, y, width - 2 * MARGIN, bottom - GAP / 2 - y)
    arranged = arrange(content, place, fonts, size)
    if arranged is None:
        return None
    (x, y, across, down), columns = arranged
    if across < width * LEAST_MAP[0] or down < height * LEAST_MAP[1]:
        return None
    texts += [text for column in columns for text in column.texts]
    swatches = [one for column in columns for one in column.swatches]
    box = (round(x), round(y), int(across), int(down))
    return Layout(width, height, box, texts, swatches)


def _beside(
    content: Content, place: Place, fonts: Path, size: float
) -> tuple[Place, list[_Column]] | None:
    x, y, wide, high = place
    share = min(300.0, max(150.0, wide * 0.25))
    column = _Column(fonts, x + wide - share, y - 3, share)
    for section in content.sections:
        column.section(section, size)
    if column.y - y > high + size:
        return None
    return (x, y, wide - share - GAP - 4, high), [column]


def _under(
    content: Content, place: Place, fonts: Path, size: float
) -> tuple[Place, list[_Column]] | None:
    x, y, wide, high = place
    count = max(1, min(len(content.sections), int(wide // (size * 19))))
    share = (wide - (count - 1) * GAP * 2) / count
    columns = [_Column(fonts, x + n * (share + GAP * 2), 0, share) for n in range(count)]
    for section in content.sections:
        min(columns, key=lambda column: column.y).section(section, size)
    deep = max((column.y for column in columns), default=0.0)
    start = y + high - deep
    for column in columns:
        column.texts = [text._replace(y=text.y + start) for text in column.texts]
        column.swatches = [(one, x, y + start, size) for one, x, y, size in column.swatches]
    return (x, y, wide, high - deep - GAP), columns
