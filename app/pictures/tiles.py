"""Tiles of a View, one or all layers, as a picture or as vectors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.domain.cache import BoundedCache
from app.domain.instants import rfc3339
from app.domain.terms import Face
from app.domain.view import COLOURS_BY
from app.i18n import WATERMARK
from app.i18n.values import day_text, number
from app.index.select import Selection
from app.pictures.credits import layer_credits
from app.pictures.ground import area_pattern, draw_ground
from app.pictures.marks import has_many_marks, marks_around, marks_inside
from app.publishing.publish import Published, control_snapshot, publish
from app.publishing.query import Query
from app.queries.choropleth import Choropleths
from app.queries.looks import class_numbers, mark_classes, mark_looks
from app.queries.shapes import SimplifiedShapes
from app.render.badges import draw_badges, place_badges
from app.render.frame import Frame
from app.render.labels import Box, Name, Naming, choose_labels, draw_places, touch
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
from app.tiles.street_names import street_names, with_settlements
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

        Raises:
            NotShared: the terms of a layer's data do not allow tiles for the public.
        """
        is_based = layers[0] in ("basemap", "map")
        painter = Painter(frame, WATER if is_based else None, self.fonts)
        for layer in layers:
            self._paint(painter, query, layer)
        if query.view.synthetic and not {"basemap", "labels"}.issuperset(layers):
            painter.watermark(WATERMARK[query.view.lang])
        return painter

    def _paint(self, painter: Painter, query: Query, layer: str) -> None:
        frame = painter.frame
        if layer in ("basemap", "map"):
            self._paste_base(painter, query)
        if layer in ("regions", "map"):
            # A picture with twice the px has twice the detail.
            z = min(max(math.ceil(frame.z), 0), MAX_ZOOM) + frame.scale - 1
            draw_regions(painter, *self._shades(query, z))
        if layer in ("control", "map"):
            self._draw_control(painter, query)
        if layer in ("basemap", "map"):
            draw_places(painter, self._labels(frame, query)[0])
        if layer in ("incidents", "map"):
            self._draw_incidents(painter, query)
        if layer in ("labels", "map"):
            self._write_names(painter, query)

    def metadata(self, query: Query, layer: str) -> dict[str, str]:
        """Write credits and a description for a picture's metadata: a tile has no room for them."""
        view, words = query.view, query.words
        ends = (("tile_from", view.first), ("tile_to", view.last))
        days = [words[name].format(day=day_text(view.lang, day)) for name, day in ends if day]
        period = " ".join(days) or words["export_all_days"]
        version = words["tile_version"].format(seq=query.state.seq)
        as_of = rfc3339(view.as_of) if view.as_of else version
        description = words["tile_told"].format(layer=layer, days=period, known=as_of)
        invented = f"; {WATERMARK[view.lang]}" if view.synthetic else ""
        return {
            "Description": f"{description}{invented}",
            "Copyright": " · ".join(self.credits(query, layer)),
        }

    def _write_names(self, painter: Painter, query: Query) -> None:
        """Write the names of a picture; they depend on place and language only."""
        frame, view = painter.frame, query.view

        def write(names: Painter) -> None:
            streets, (labels, taken) = query.streets, self._labels(frame, query)
            for label in labels:
                if touch(label.box, (0, 0, frame.width, frame.height)):
                    names.write(label.text)
            if streets is not None:
                for run in street_names(names, streets, view.lang, taken):
                    names.write(run)

        def draw() -> np.ndarray:
            names = Painter(frame, None, self.fonts)
            write(names)
            return np.asarray(names.image)

        if frame.width * frame.height > MOST_KEPT:
            write(painter)
        else:
            painter.paste(self._names_cache.get(("written", *_names_key(query, frame)), draw))

    def _labels(self, frame: Frame, query: Query) -> tuple[list[Name], list[Box]]:
        """Choose the places that a tile names; the boxes are those of all candidates."""

        def choose() -> tuple[list[Name], list[Box]]:
            places, streets = query.reference.basemap(query.view.theatre).places, query.streets
            shown = places if streets is None else with_settlements(places, streets, frame)
            canvas = Painter(frame, None, self.fonts)
            naming = Naming(shown, query.view.lang, query.theatre.countries)
            return choose_labels(canvas, naming)

        return self._names_cache.get(("chosen", *_names_key(query, frame)), choose)

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

    def _draw_incidents(self, painter: Painter, query: Query) -> None:
        published, frame = publish(query, Face.tiles), painter.frame
        if frame.z < DETAIL_ZOOM and self._has_many_marks(published):
            draw_density(painter, marks_inside(published, frame))
            return
        marks = marks_around(published, frame)
        draw_incidents(painter, marks, mark_looks(query, marks), query.code_names)
        names = [name.box for name in self._labels(frame, query)[0]]
        write = partial(number, query.view.lang)
        draw_badges(painter, place_badges(painter, marks, write, DOT_PX, names))

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
