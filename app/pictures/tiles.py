"""Tiles of a View, one or all layers, as a picture or as vectors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.domain.cache import BoundedCache
from app.domain.terms import Face
from app.domain.view import COLOURS_BY
from app.i18n import WATERMARK
from app.index.select import Selection
from app.pictures.credits import layer_credits, tile_metadata
from app.pictures.ground import area_pattern, draw_ground
from app.pictures.marks import has_many_marks, marks_around, marks_inside
from app.pictures.naming import (
    TileMarks,
    TileTexts,
    names_document,
    sharp_marks,
    tile_texts,
    write_texts,
)
from app.publishing.publish import Published, control_snapshot, publish
from app.publishing.query import Query
from app.queries.choropleth import Choropleths
from app.queries.looks import class_numbers, mark_classes
from app.queries.shapes import SimplifiedShapes
from app.render.badges import draw_badges, place_badges
from app.render.frame import Frame
from app.render.labels import draw_places
from app.render.name_sides import Name
from app.render.painter import Painter
from app.render.palette import (
    DETAIL_ZOOM,
    RAMPS,
    WATER,
)
from app.tiles.grid import EXTENT, MAX_ZOOM, Tile
from app.tiles.points import incident_tile
from app.tiles.raster import (
    DOT_PX,
    HatchedArea,
    Shade,
    draw_control,
    draw_density,
    draw_incidents,
    draw_regions,
)
from app.tiles.vector import Property, encode_shapes

MOST_KEPT = 1 << 18
"""Of larger pictures only a few bases are cached: a tile of 512 px is as large."""

MOST_BASES, LARGEST_BASE = 6, 2_000_000
"""Bases of larger pictures, such as those of a map service whose days change, and their px."""


@dataclass
class Tiler:
    """Makes tiles; caches what many tiles share, by what it was computed from."""

    fonts: Path
    shapes: SimplifiedShapes = field(default_factory=SimplifiedShapes)
    choropleths: Choropleths = field(default_factory=Choropleths)
    _cache: BoundedCache = field(default_factory=BoundedCache)
    _names_cache: BoundedCache = field(default_factory=BoundedCache)
    _bases: BoundedCache = field(default_factory=lambda: BoundedCache(MOST_BASES))

    def tile(self, query: Query, tile: Tile) -> bytes:
        """Make a tile of any layer.

        Raises:
            NotShared: the terms of the layer's data do not allow tiles for the public.
        """
        if tile.form == "png":
            return self._picture(query, tile)
        if tile.form == "json":
            return names_document(query, Frame(tile.z, tile.x, tile.y), self.fonts)
        makers = {"incidents": self._incidents, "regions": self._regions, "control": self._control}
        return makers[tile.layer](query, tile)

    def _incidents(self, query: Query, tile: Tile) -> bytes:
        published = publish(query, Face.tiles)
        rows = published.select((tile.z, tile.x, tile.y)).drawable(published.filter)
        return incident_tile(rows, tile.z, query.code_names, classes=tile_classes(query, rows))

    def _regions(self, query: Query, tile: Tile) -> bytes:
        view = query.view
        values = self.choropleths.of(publish(query, Face.aggregates)).values
        shapes = self.shapes.regions(query, tile.z)
        properties = [
            {
                "key": region.code,
                "name": region.name(view.lang),
                **_metric(view.metric, values[region.code]),
            }
            for region in query.regions.regions
        ]
        clipped = [_in_tile(shape, tile) for shape in shapes]
        return encode_shapes("regions", clipped, range(1, len(shapes) + 1), properties)

    def _control(self, query: Query, tile: Tile) -> bytes:
        snapshot = control_snapshot(query, Face.tiles)
        if snapshot is None:
            return encode_shapes("control", [], [], [])
        areas = self.shapes.areas(query, snapshot, tile.z)
        line = query.front_line(snapshot).shape
        dated = {"valid_on": str(snapshot.valid_on), "source": snapshot.dataset}
        properties: list[dict[str, str | float]] = [
            {
                "kind": "area",
                "controller": area.controller,
                "status": area.status.value,
                "extent": area.extent.value,
                **dated,
            }
            for area, _ in areas
        ]
        properties.append({"kind": "front_line", **dated})
        shapes = [_in_tile(shape, tile) for _, shape in areas] + [_in_tile(line, tile)]
        return encode_shapes("control", shapes, range(1, len(shapes) + 1), properties)

    def credits(self, query: Query, layer: str) -> tuple[str, ...]:
        """Return the credits of a layer, each with its licence, and the source of the borders.

        The terms of a dataset are part of the record: the credits depend on its version and a View.
        """
        mark = query.workspace.basemap.mark
        key = ("credits", query.view.query(), query.state.mark, layer, mark)
        return self._cache.get(key, lambda: layer_credits(query, layer))

    def _picture(self, query: Query, tile: Tile) -> bytes:
        frame = Frame(tile.z, tile.x, tile.y, tile.scale)
        return self.painted(query, (tile.layer,), frame).png(self.metadata(query, tile.layer))

    def painted(self, query: Query, layers: Sequence[str], frame: Frame) -> Painter:
        """Paint layers over each other, the first one below, on a part of the plane.

        Where marks and names are on one picture, no name covers a mark.

        Raises:
            NotShared: the terms of a layer's data do not allow tiles for the public.
        """
        is_based = layers[0] in ("basemap", "map")
        painter = Painter(frame, WATER if is_based else None, self.fonts)
        is_whole = "map" in layers or {"incidents", "labels"} <= set(layers)
        marks = None
        if {"incidents", "map"} & set(layers):
            marks = self._marks_on(query, frame, for_names=is_whole)
        has_names = {"basemap", "incidents", "labels", "map"} & set(layers)
        texts = self._texts(query, frame, marks if is_whole else None) if has_names else None
        for layer in layers:
            self._paint(painter, query, layer, marks, texts)
        if query.view.synthetic and not {"basemap", "labels"}.issuperset(layers):
            painter.watermark(WATERMARK[query.view.lang])
        return painter

    def _paint(
        self,
        painter: Painter,
        query: Query,
        layer: str,
        marks: TileMarks | None,
        texts: TileTexts | None,
    ) -> None:
        if layer in ("basemap", "map"):
            self._paste_base(painter, query)
        if layer in ("regions", "map"):
            # A picture with twice the px has twice the detail.
            z = min(max(math.ceil(painter.frame.z), 0), MAX_ZOOM) + painter.frame.scale - 1
            draw_regions(painter, *self._shades(query, z))
        if layer in ("control", "map"):
            self._draw_control(painter, query)
        if texts is None:
            return
        if layer in ("basemap", "map"):
            draw_places(painter, texts.names)
        if marks is not None and layer in ("incidents", "map"):
            self._draw_incidents(painter, query, marks, texts.names)
        if layer in ("labels", "map"):
            self._write_names(painter, query, texts)

    def _marks_on(self, query: Query, frame: Frame, *, for_names: bool) -> TileMarks:
        """Select the marks on a picture and around it, and what they leave free."""
        published = publish(query, Face.tiles)
        if frame.z < DETAIL_ZOOM and self._has_many_marks(published):
            return TileMarks(marks_inside(published, frame))
        rows = marks_around(published, frame, 2 if for_names else 4)
        return sharp_marks(query, rows, Painter(frame, None, self.fonts))

    def metadata(self, query: Query, layer: str) -> dict[str, str]:
        """Write credits and a description for a picture's metadata: a tile has no room for them."""
        return tile_metadata(query, layer, self.credits(query, layer))

    def _write_names(self, painter: Painter, query: Query, texts: TileTexts) -> None:
        """Write the names of a picture; without marks they depend on place and language only."""
        frame = painter.frame

        def draw() -> np.ndarray:
            names = Painter(frame, None, self.fonts)
            write_texts(query, texts, names)
            return np.asarray(names.image)

        if texts.room is not None or frame.width * frame.height > MOST_KEPT:
            write_texts(query, texts, painter)
        else:
            painter.paste(self._names_cache.get(("written", *_names_key(query, frame)), draw))

    def _texts(self, query: Query, frame: Frame, marks: TileMarks | None) -> TileTexts:
        """Choose the places that a tile names, clear of its marks if there are any."""
        canvas = Painter(frame, None, self.fonts)
        if marks is not None and marks.room is not None and len(marks.rows):
            return tile_texts(query, canvas, marks)
        key = ("chosen", *_names_key(query, frame))
        return self._names_cache.get(key, lambda: tile_texts(query, canvas))

    def _paste_base(self, painter: Painter, query: Query) -> None:
        def draw() -> np.ndarray:
            base = Painter(painter.frame, WATER, self.fonts)
            draw_ground(base, query)
            return np.asarray(base.image)

        px = painter.frame.width * painter.frame.height
        if px > LARGEST_BASE:
            draw_ground(painter, query)
            return
        key = ("base", query.view.theatre, painter.frame, query.workspace.basemap.mark)
        bases = self._cache if px <= MOST_KEPT else self._bases
        painter.paste(bases.get(key, draw))

    def _shades(self, query: Query, z: int) -> tuple[list[Shade], Sequence[str]]:
        values = self.choropleths.of(publish(query, Face.aggregates))
        shapes = self.shapes.regions(query, z)
        shades = [
            Shade(shape, values.class_number(region.code), query.view.regions == (region.code,))
            for region, shape in zip(query.regions.regions, shapes, strict=True)
        ]
        return shades, RAMPS[query.view.palette][len(values.limits)]

    def _draw_control(self, painter: Painter, query: Query) -> None:
        snapshot, theatre = control_snapshot(query, Face.tiles), query.theatre
        if snapshot is None:
            return
        grounds = [
            HatchedArea(shape, pattern)
            for area, shape in self.shapes.areas(query, snapshot, max(int(painter.frame.z), 0))
            if (pattern := area_pattern(area, theatre)) is not None
        ]
        line = query.front_line(snapshot)
        age = (query.control_day - snapshot.valid_on).days
        draw_control(painter, grounds, line.shape, is_stale=age > theatre.stale_after_days)

    @staticmethod
    def _draw_incidents(
        painter: Painter, query: Query, marks: TileMarks, names: Sequence[Name]
    ) -> None:
        if marks.looks is None or marks.room is None:
            draw_density(painter, marks.rows)
            return
        draw_incidents(painter, marks.rows, marks.looks, query.code_names)
        boxes = [name.box for name in names]
        draw_badges(painter, place_badges(painter, marks.spots, DOT_PX, marks.room, boxes))

    def _has_many_marks(self, published: Published) -> bool:
        """Tell it of the whole View, so that its tiles show marks in the same way."""
        return self._cache.get(("many", published.key), lambda: has_many_marks(published))


def _names_key(query: Query, frame: Frame) -> tuple[object, ...]:
    return query.view.theatre, query.view.lang, frame, query.workspace.basemap.mark


def tile_classes(query: Query, marks: Selection) -> Property | None:
    """Write the class of each mark for a vector tile; the default classes follow from `weapon`."""
    if query.view.colour_by == COLOURS_BY[0]:
        return None
    codes = [one.code for one in mark_classes(query)]
    return Property(class_numbers(query, marks).astype(np.int64), codes)


def _metric(name: str, value: float | None) -> dict[str, str | float]:
    return {} if value is None else {name: value}


def _in_tile(shape: BaseGeometry, tile: Tile) -> BaseGeometry:
    """Clip a shape to a tile with a margin and bring it into tile units."""
    frame = Frame(tile.z, tile.x, tile.y)
    clipped = shapely.clip_by_rect(shape, *frame.bounds(margin=0.02))
    scale = EXTENT / frame.width
    return shapely.transform(frame.project(clipped), lambda points: points * scale)
