"""Figures of a View: a map with its legend and text, as PNG, SVG or PDF."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from threading import BoundedSemaphore
from typing import NamedTuple

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.domain.cache import BoundedCache
from app.domain.errors import InputError
from app.domain.story import Note
from app.pictures.captions import FigureText
from app.pictures.ground import area_pattern, draw_ground
from app.pictures.naming import naming_of
from app.pictures.scene import Scene
from app.pictures.tiles import Tiler
from app.publishing.defaults import with_defaults
from app.publishing.query import Query
from app.render.badges import Badge, Spot, draw_badges, place_badges, spots_of
from app.render.canvas import AREA_PX, LINE_PX, Canvas, TextRun
from app.render.figure import chip_size, draw_chip, draw_page, notice_box, scale_box
from app.render.frame import Frame
from app.render.labels import draw_places, place_names, spread
from app.render.layout import Content, Layout, lay_out
from app.render.name_sides import Name
from app.render.notes import place_notes, write_notes
from app.render.painter import Painter
from app.render.palette import DASHES, INK, LINE_FIXED, PAPER, RAMPS, WATER
from app.render.pdf import PdfCanvas
from app.render.png import write_png
from app.render.room import CORE, Box, Room
from app.render.svg import SvgCanvas
from app.tiles.raster import (
    HatchedArea,
    Shade,
    draw_control,
    draw_density,
    draw_incidents,
    draw_regions,
)
from app.tiles.street_names import street_names

FIGURE_FORMS = ("png", "svg", "pdf")
FIGURE_SIZES: Mapping[str, tuple[int, int, int]] = {
    "card": (1200, 630, 1),
    "column": (640, 800, 2),
    "a4": (794, 1123, 3),
    "slide": (960, 540, 2),
}
"""Width and height at scale 1, and the scale, of the sizes that have a name.

The letters of a figure have the same px at each size: a slide is drawn small and enlarged.
"""

LEAST_PX, MOST_PX, MOST_SCALE, MOST_AREA = 200, 4000, 3, 16_000_000
LONGEST_TITLE, LONGEST_SUBTITLE = 200, 300
LARGE = 2_000_000
"""Figures of more px wait for their turn, and their bases are not cached: 40 bytes a px each."""

_AT_ONCE = 2
CHIP_PX = 10.0
VEIL = 0.55
"""The opacity of what makes the map pale outside of the View's regions or area."""
VECTOR_DETAIL = 2


class FigureSize(NamedTuple):
    """Width and height in px at scale 1, and the scale."""

    width: int
    height: int
    scale: int


def figure_size(
    size: str | None = None,
    width: int | None = None,
    height: int | None = None,
    scale: int | None = None,
) -> FigureSize:
    """Take a size by its name, or by width and height; nothing is the size of a card.

    Raises:
        InputError: no size has this name, or a width or height stands beside it.
    """
    if size is not None and size not in FIGURE_SIZES:
        raise InputError("size", size, ", ".join(FIGURE_SIZES))
    if size is not None and (width or height):
        raise InputError("size", size, "size, or width and height")
    usual = FIGURE_SIZES[size or "card"]
    return FigureSize(width or usual[0], height or usual[1], scale or usual[2])


@dataclass(frozen=True)
class FigureOptions:
    """The options of a figure beside its View; width and height in px at scale 1."""

    form: str = "png"
    width: int = 1200
    height: int = 630
    scale: int = 1
    title: str = ""
    subtitle: str = ""
    notes: tuple[Note, ...] = ()
    may_be_signed: bool = True
    """False for words of a stranger: the operator's signature does not stand under them."""

    def __post_init__(self) -> None:
        for name, got, most in (
            ("title", self.title, LONGEST_TITLE),
            ("subtitle", self.subtitle, LONGEST_SUBTITLE),
        ):
            if len(got) > most:
                raise InputError(name, f"{len(got)} characters", f"at most {most} characters")
        area = self.width * self.height * self.scale**2
        if self.form == "png" and area > MOST_AREA:
            got = f"{self.width} x {self.height} at scale {self.scale}: {area:,} px"
            raise InputError("width, height, scale", got, f"at most {MOST_AREA:,} px in all")


@dataclass
class Figures:
    """Makes figures; caches the base maps of small ones, which many Views share."""

    tiler: Tiler
    _bases: BoundedCache = field(default_factory=lambda: BoundedCache(12))
    _turns: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(_AT_ONCE))

    def figure(self, query: Query, options: FigureOptions) -> bytes:
        """Draw a View for a report.

        Raises:
            InputError: the page is too small for its text.
            CannotSign: the operator wants figures to be signed, and they cannot be.
        """
        scene, writer, content = self._composed(query, options)
        layout = lay_out(content, options.width, options.height, self.tiler.fonts)
        metadata = {
            "Title": content.title,
            "Description": writer.alternative_text(content),
            "Copyright": writer.rights(),
            "Software": "Strikemap",
            "Creation Time": writer.instant,
            "Ledger Head": writer.head,
        }
        metadata = {name: text for name, text in metadata.items() if text}
        is_large = options.width * options.height * options.scale**2 > LARGE
        with self._turns if is_large else nullcontext():
            picture = self._written(scene, content, layout, options, metadata)
        if options.form != "png" or not options.may_be_signed:
            return picture
        signer = query.workspace.picture_signer
        return signer.sign(picture, writer.statement(content), query.now)

    def fits(self, query: Query, options: FigureOptions) -> bool:
        """Tell whether the text of a figure has room on it, without drawing it."""
        if min(options.width, options.height) < LEAST_PX:
            return False
        *_, content = self._composed(query, options)
        try:
            lay_out(content, options.width, options.height, self.tiler.fonts)
        except InputError:
            return False
        return True

    def _composed(self, query: Query, options: FigureOptions) -> tuple[Scene, FigureText, Content]:
        """Prepare a View as the page would show it, and write its text."""
        scene = Scene(with_defaults(query), self.tiler.choropleths)
        writer = FigureText(scene, self.tiler.fonts)
        return scene, writer, writer.content(options.title, options.subtitle)

    def _written(
        self,
        scene: Scene,
        content: Content,
        layout: Layout,
        options: FigureOptions,
        metadata: Mapping[str, str],
    ) -> bytes:
        fonts, scale = self.tiler.fonts, options.scale
        if options.form != "png":  # vectors have no px: the scale is their detail
            scale = max(scale, VECTOR_DETAIL)
        page = Frame(0, 0, 0, scale, options.width, options.height)
        map_frame = layout.frame(scene.box(), scale)

        def draw(canvas: Canvas) -> None:
            self._draw(canvas, scene, content, options.notes)

        if options.form == "svg":
            svg = SvgCanvas(page, fonts)
            draw_page(svg, layout, content, map_frame, draw)
            return svg.svg(metadata, scene.view.lang, PAPER)
        if options.form == "pdf":
            pdf = PdfCanvas(page, fonts)
            draw_page(pdf, layout, content, map_frame, draw)
            return pdf.pdf(metadata, scene.view.lang)
        painter = Painter(page, PAPER, fonts)
        draw_page(painter, layout, content, map_frame, draw)
        return write_png(np.asarray(painter.image), metadata)

    def _draw(self, canvas: Canvas, scene: Scene, content: Content, notes: Sequence[Note]) -> None:
        """Draw the map itself, in the order of the tiles' layers."""
        self._draw_base(canvas, scene)
        # The zoom at which shapes have the detail of this picture's px.
        z = int(np.ceil(canvas.frame.z + np.log2(canvas.frame.scale)))
        shapes = self.tiler.shapes.regions(scene.query, z)
        self._draw_regions(canvas, scene, shapes)
        self._draw_control(canvas, scene, z)
        self._draw_area(canvas, scene)
        placed = place_notes(canvas, notes)
        room = _room(canvas, scene)
        spots = [] if scene.is_dense else spots_of(canvas, scene.rows, scene.number)
        chip_room = _room(canvas, scene, spots)
        chips = self._place_chips(canvas, scene, chip_room, [note.box for note in placed])
        free = [*(box for _text, box in chips), *(note.box for note in placed)]
        free.append(scale_box(canvas.frame))
        if content.notice:
            free.append(notice_box(canvas.fonts, canvas.frame, content.notice))
        badges, names, streets = self._place_texts(canvas, scene, room, spots, free)
        draw_places(canvas, names)
        if scene.is_dense:
            draw_density(canvas, scene.rows)
        else:
            codes = scene.query.code_names
            draw_incidents(canvas, scene.rows, scene.looks, codes, scene.dot_px)
        draw_badges(canvas, badges)
        for text, box in chips:
            draw_chip(canvas, text, box, CHIP_PX)
        for run in (*(name.text for name in names), *streets):
            canvas.write(run)
        write_notes(canvas, placed)

    @staticmethod
    def _place_texts(
        canvas: Canvas, scene: Scene, room: Room, spots: Sequence[Spot], free: Sequence[Box]
    ) -> tuple[Sequence[Badge], Sequence[Name], Sequence[TextRun]]:
        """Place names of places, then numbers at marks and names of streets, in what is free."""
        streets, naming = scene.query.streets, naming_of(scene.query, canvas.frame)
        names = place_names(canvas, naming, [*free, *(spot.plate for spot in spots)], room)
        taken = [*free, *(name.box for name in names)]
        badges = place_badges(canvas, spots, scene.dot_px, room, taken)
        taken += [badge.box for badge in badges]
        runs = []
        if streets is not None:
            runs = street_names(canvas, streets, naming.language, taken, room)
        return badges, names, runs

    def _draw_base(self, canvas: Canvas, scene: Scene) -> None:
        def draw() -> np.ndarray:
            base = Painter(canvas.frame, WATER, canvas.fonts)
            draw_ground(base, scene.query)
            return np.asarray(base.image)

        if isinstance(canvas, Painter):
            frame = canvas.frame
            is_kept = frame.width * frame.height <= LARGE
            key = ("base", scene.view.theatre, frame, scene.workspace.basemap.mark)
            canvas.paste(self._bases.get(key, draw) if is_kept else draw())
            return
        frame = canvas.frame
        canvas.paint([shapely.box(0, 0, frame.width, frame.height)], WATER)
        draw_ground(canvas, scene.query)

    @staticmethod
    def _draw_regions(canvas: Canvas, scene: Scene, shapes: Sequence[BaseGeometry]) -> None:
        """Shade the regions of the View; others become pale and keep their edges."""
        values, codes = scene.choropleth, scene.view.regions
        regions = scene.query.regions.regions
        pairs = list(zip(regions, shapes, strict=True))
        others = [shape for region, shape in pairs if codes and region.code not in codes]
        if others:
            canvas.fill(others, PAPER, VEIL)
        shades = [
            Shade(
                shape,
                -1 if values is None else values.class_number(region.code),
                codes == (region.code,),
            )
            for region, shape in pairs
            if not codes or region.code in codes
        ]
        colours = () if values is None else RAMPS[scene.view.palette][len(values.limits)]
        draw_regions(canvas, [*(Shade(shape, -1) for shape in others), *shades], colours)

    def _draw_control(self, canvas: Canvas, scene: Scene, z: int) -> None:
        control = scene.control
        if control.snapshot is None or control.line is None:
            return
        areas = self.tiler.shapes.areas(scene.query, control.snapshot, z)
        grounds = [
            HatchedArea(shape, pattern)
            for area, shape in areas
            if (pattern := area_pattern(area, scene.theatre)) is not None
        ]
        is_stale = control.age_days > scene.theatre.stale_after_days
        draw_control(canvas, grounds, control.line.shape, is_stale=is_stale)
        if scene.frozen is not None:
            canvas.lines([scene.frozen.shape], LINE_FIXED, LINE_PX, DASHES["fixed"])

    @staticmethod
    def _draw_area(canvas: Canvas, scene: Scene) -> None:
        """Draw the edge of the View's area; what lies outside becomes pale."""
        area = scene.view.within
        if area is not None:
            outside = shapely.box(*canvas.frame.bounds(margin=0.05)).difference(area.outline)
            canvas.fill([outside], PAPER, VEIL)
            canvas.lines([area.outline], INK, AREA_PX)

    @staticmethod
    def _place_chips(
        canvas: Canvas, scene: Scene, room: Room, reserved: Sequence[Box]
    ) -> list[tuple[str, Box]]:
        """Place in each region the count of its incidents without a mark.

        Places come from the unsimplified boundaries: they are the same in every form.
        """
        counts, _elsewhere = scene.region_only
        regions = scene.query.regions.regions
        bounds, shapes, texts = canvas.frame.bounds(), [], []
        for region in regions:
            if region.code in counts:
                part = _largest(shapely.clip_by_rect(region.shape, *bounds))
                if part is not None:
                    shapes.append(canvas.frame.project(part))
                    texts.append(scene.number(counts[region.code]))
        sizes = [chip_size(canvas.fonts, text, CHIP_PX, canvas.frame.scale) for text in texts]
        # On whole px the edges are sharp, and drawing is several times faster.
        boxes = [
            (round(box[0]), round(box[1]), round(box[2]), round(box[3]))
            for box in spread(shapes, sizes, canvas.frame, room, reserved)
        ]
        return list(zip(texts, boxes, strict=True))


def _room(canvas: Canvas, scene: Scene, spots: Sequence[Spot] = ()) -> Room:
    """Return what the marks leave free, also of the numbers on them that spots may need.

    A density is everywhere: nothing can avoid it.
    """
    if scene.is_dense:
        return Room.whole(canvas.frame)
    lon, lat = (scene.rows[axis] / 1e7 for axis in ("lon_e7", "lat_e7"))
    marks = canvas.frame.pixels(lon, lat)
    radius = scene.looks.size * scene.dot_px * canvas.frame.scale
    x, y = (np.append(marks[axis], [spot[axis + 1] for spot in spots]) for axis in (0, 1))
    plates = [(spot.plate[2] - spot.x) / CORE for spot in spots]
    return Room(canvas.frame, x, y, np.append(radius, plates))


def _largest(shape: BaseGeometry) -> BaseGeometry | None:
    parts = [part for part in shapely.get_parts(shape).tolist() if part.area > 0]
    return max(parts, key=lambda part: part.area, default=None)
