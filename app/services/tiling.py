"""Tiles of a View: prepares what each layer needs and keeps what many tiles share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.domain.control import ControlArea, ControlSnapshot, ControlStatus, Extent
from app.domain.kept import Kept
from app.domain.terms import Dataset, Face
from app.domain.view import View, rfc3339
from app.i18n import strings
from app.i18n.values import day_text
from app.index.build import State
from app.index.columns import PRECISIONS, STATUSES
from app.index.control import shape_key
from app.index.select import Selection
from app.index.summary import Ledger
from app.instance.workspace import Workspace
from app.publishing.line_joins import known_at
from app.publishing.publish import Published, control_dataset, publish
from app.reference.theatre import Theatre
from app.render.frame import Frame
from app.render.painter import Painter
from app.render.palette import (
    CITED,
    CLAIMED,
    DENSE_FROM,
    DETAIL_ZOOM,
    RAMPS,
    WATER,
    Pattern,
    breaks,
    class_of,
    ground_pattern,
)
from app.services.report import by_region
from app.tiles.grid import EXTENT, Tile
from app.tiles.points import incident_tile
from app.tiles.raster import (
    Ground,
    Shade,
    choose_labels,
    draw_basemap,
    draw_control,
    draw_incidents,
    draw_regions,
)
from app.tiles.vector import encode_shapes

BASEMAP_CREDITS = "Natural Earth; GeoNames (CC BY 4.0)"
WHOLE_ZOOM = 9
"""From here on shapes are drawn as they are; below, simplified to half a px."""

WATERMARK = {"en": "INVENTED DATA", "uk": "ВИГАДАНІ ДАНІ"}


@dataclass(frozen=True)
class Choropleth:
    """Every region of a View with its value; the limits hold for all tiles of it."""

    values: dict[str, float | None]
    limits: list[float]

    def class_number(self, code: str) -> int | None:
        """The class of a region: None for "no figure", -1 for nothing reported."""
        value = self.values[code]
        return None if value is None else class_of(value, self.limits)


@dataclass
class Tiler:
    """Makes tiles; holds only caches, all keyed by what they were computed from."""

    workspace: Workspace
    fonts: Path
    _kept: Kept = field(default_factory=Kept)
    _kept_names: Kept = field(default_factory=Kept)

    def tile(self, state: State, view: View, tile: Tile, now: datetime) -> bytes:
        """Make a tile of any layer.

        Raises:
            NotShared: the terms of what the layer would show do not allow tiles for the public.
        """
        if tile.form == "png":
            return self._picture(state, view, tile, now)
        makers = {"incidents": self._incidents, "regions": self._regions, "control": self._control}
        return makers[tile.layer](state, view, tile, now)

    def _incidents(self, state: State, view: View, tile: Tile, now: datetime) -> bytes:
        published = publish(self.workspace, state, view, Face.tiles, now)
        found = published.select((tile.z, tile.x, tile.y)).drawable(published.filter)
        codes = self.workspace.reference.taxonomy.weapons.codes
        return incident_tile(found, tile.z, codes, STATUSES, PRECISIONS)

    def _regions(self, state: State, view: View, tile: Tile, now: datetime) -> bytes:
        published = publish(self.workspace, state, view, Face.aggregates, now)
        values = self.choropleth(published)
        regions = self.workspace.reference.region_set(view.theatre, view.level).regions
        shapes = self.region_shapes(view.theatre, view.level, tile.z)
        told = [
            {
                "key": region.code,
                "name": region.name(view.lang),
                **_metric(view.metric, values.values[region.code]),
            }
            for region in regions
        ]
        return encode_shapes(
            "regions", [_in_tile(shape, tile) for shape in shapes], range(1, len(shapes) + 1), told
        )

    def _control(self, state: State, view: View, tile: Tile, now: datetime) -> bytes:
        found = self.control_of(state, view, now)
        if found is None:
            return encode_shapes("control", [], [], [])
        areas = self.area_shapes(state, found, view.theatre, tile.z)
        line = self.workspace.index.lines.of(state.control, found, view.theatre).shape
        told: list[dict[str, str | float]] = [
            {
                "kind": "area",
                "controller": area.controller,
                "status": area.status.value,
                "extent": area.extent.value,
                "valid_on": str(found.valid_on),
                "source": found.dataset,
            }
            for area, _ in areas
        ]
        told.append(
            {"kind": "front_line", "valid_on": str(found.valid_on), "source": found.dataset}
        )
        shapes = [_in_tile(shape, tile) for _, shape in areas] + [_in_tile(line, tile)]
        return encode_shapes("control", shapes, range(1, len(shapes) + 1), told)

    def choropleth(self, published: Published) -> Choropleth:
        """Value each region of a View by its metric; unknown stays None, apart from 0."""
        view = published.view
        # Kept per minute: a public View changes by itself when an embargo ends.
        stamp = None if published.filter.embargo_at is None else published.filter.embargo_at // 60
        key = ("choropleth", view.query(), published.state.seq, stamp)
        return self._kept.get(key, lambda: self._value_regions(published))

    def valued(self, published: Published) -> Published:
        """Narrow a View to the one dataset that regions are coloured by, where none are summed."""
        first = published.primary
        if first is None or published.is_summed:
            return published
        only = published.view.but(datasets=(first.slug,))
        now = _now_of(published)
        return publish(self.workspace, published.state, only, Face.aggregates, now)

    def _value_regions(self, published: Published) -> Choropleth:
        view, reference = published.view, self.workspace.reference
        published = self.valued(published)
        ledger = Ledger(by_region(self.workspace, published), reference.taxonomy.sectors.codes)
        values: dict[str, float | None] = {}
        for group, (theatre, region) in enumerate(reference.regions(view.level)):
            if theatre == view.theatre:
                values[region.code] = _value(ledger, view.metric, group, region.population)
        known = [value for value in values.values() if value is not None and value > 0]
        return Choropleth(values, breaks(known))

    def region_shapes(self, theatre: str, level: int, z: int) -> Sequence[BaseGeometry]:
        """Return a level's regions simplified for a zoom, with shared edges kept."""
        found = self.workspace.reference.region_set(theatre, level)
        shapes = [region.shape for region in found.regions]
        key = ("regions", found.hash, level, min(z, WHOLE_ZOOM))
        return self._kept.get(key, lambda: simplified(shapes, z))

    def control_of(self, state: State, view: View, now: datetime) -> ControlSnapshot | None:
        """Find the control snapshot a View shows: the one valid on its last day."""
        dataset = control_dataset(self.workspace, state, view, Face.tiles)
        if dataset is None:
            return None
        seq = known_at(self.workspace, state, view)
        return state.control.on(dataset.slug, self.control_day(view, now), seq)

    def control_day(self, view: View, now: datetime) -> date:
        """The day whose control a View shows: its last, or today."""
        return view.last or self.workspace.reference.theatres[view.theatre].today(now)

    def area_shapes(
        self, state: State, found: ControlSnapshot, theatre: str, z: int
    ) -> list[tuple[ControlArea, BaseGeometry]]:
        """Return a snapshot's areas simplified for a zoom; a cited unit has its region's shape."""
        key = ("areas", theatre, shape_key(found), min(z, WHOLE_ZOOM))
        shapes = self._kept.get(key, lambda: self._simplify_areas(state, found, theatre, z))
        return [
            (area, shape)
            for area, shape in zip(found.areas, shapes, strict=True)
            if shape is not None
        ]

    def _simplify_areas(
        self, state: State, found: ControlSnapshot, theatre: str, z: int
    ) -> list[BaseGeometry | None]:
        regions = self.workspace.reference.region_set(theatre).regions
        by_code = {
            region.code: shape
            for region, shape in zip(regions, self.region_shapes(theatre, 1, z), strict=True)
        }
        out: list[BaseGeometry | None] = [by_code.get(area.region or "") for area in found.areas]
        for status in ControlStatus:  # areas of one status lie side by side and share edges
            places = [
                n for n, area in enumerate(found.areas) if area.shape and area.status is status
            ]
            shapes = [state.control.shapes.read(found.areas[n].shape or "") for n in places]
            for place, shape in zip(places, simplified(shapes, z), strict=True):
                out[place] = shape
        return out

    def credits(self, state: State, view: View, layer: str, now: datetime) -> tuple[str, ...]:
        """Credit what a layer shows, each with its licence, and say whose borders these are.

        The terms of a dataset are part of the record, so that a version and a View settle it.
        """
        key = ("credits", view.query(), state.seq, layer)
        return self._kept.get(key, lambda: self._credits(state, view, layer, now))

    def _credits(self, state: State, view: View, layer: str, now: datetime) -> tuple[str, ...]:
        theatre = self.workspace.reference.theatres[view.theatre]
        shown: list[Dataset] = []
        for name, face in (("regions", Face.aggregates), ("incidents", Face.tiles)):
            if layer in (name, "map"):
                shown += publish(self.workspace, state, view, face, now).datasets
        if layer in ("control", "map"):
            source = control_dataset(self.workspace, state, view, Face.tiles)
            shown += [] if source is None else [source]
        told = [f"{one.credit} ({one.licence})" for one in shown]
        if layer in ("basemap", "labels", "map"):
            told.append(BASEMAP_CREDITS)
        return (*dict.fromkeys(told), theatre.note[view.lang])

    def _told(self, state: State, view: View, layer: str, now: datetime) -> dict[str, str]:
        """Say in a picture's metadata whose it is and what it shows: a tile has no room for it."""
        words, ends = strings(view.lang), (("tile_from", view.first), ("tile_to", view.last))
        days = [words[name].format(day=day_text(view.lang, day)) for name, day in ends if day]
        period = " ".join(days) or words["export_all_days"]
        version = words["tile_version"].format(seq=state.seq)
        known = rfc3339(view.as_of) if view.as_of else version
        said = words["tile_told"].format(layer=layer, days=period, known=known)
        invented = f"; {WATERMARK[view.lang]}" if view.synthetic else ""
        return {
            "Description": f"{said}{invented}",
            "Copyright": " · ".join(self.credits(state, view, layer, now)),
        }

    def _picture(self, state: State, view: View, tile: Tile, now: datetime) -> bytes:
        frame = Frame(tile.z, tile.x, tile.y, tile.scale)
        is_based = tile.layer in ("basemap", "map")
        painter = Painter(frame, WATER if is_based else None, self.fonts)
        if is_based:
            self._paste_base(painter, view.theatre)
        if tile.layer in ("regions", "map"):
            # A picture of twice the px shows twice the detail.
            draw_regions(painter, *self._shades(state, view, tile.z + tile.scale - 1, now))
        if tile.layer in ("control", "map"):
            self._draw_control(painter, state, view, now)
        if tile.layer in ("incidents", "map"):
            self._draw_incidents(painter, state, view, now)
        if tile.layer in ("labels", "map"):
            painter.paste(self._names(painter.frame, view))
        if view.synthetic and tile.layer not in ("basemap", "labels"):
            painter.watermark(WATERMARK[view.lang])
        return painter.png(self._told(state, view, tile.layer, now))

    def _names(self, frame: Frame, view: View) -> np.ndarray:
        """Return a tile's names; they depend on place and language only."""

        def draw() -> np.ndarray:
            theatre = self.workspace.reference.theatres[view.theatre]
            places = self.workspace.reference.basemap(view.theatre).places
            names = Painter(frame, None, self.fonts)
            names.labels(choose_labels(names, places, view.lang, theatre.countries))
            return np.asarray(names.image)

        return self._kept_names.get((view.theatre, view.lang, frame), draw)

    def _paste_base(self, painter: Painter, theatre: str) -> None:
        def draw() -> np.ndarray:
            base = Painter(painter.frame, WATER, self.fonts)
            draw_basemap(base, self.workspace.reference.basemap(theatre))
            return np.asarray(base.image)

        painter.paste(self._kept.get(("base", theatre, painter.frame), draw))

    def _shades(
        self, state: State, view: View, z: int, now: datetime
    ) -> tuple[list[Shade], Sequence[str]]:
        published = publish(self.workspace, state, view, Face.aggregates, now)
        values = self.choropleth(published)
        regions = self.workspace.reference.region_set(view.theatre, view.level).regions
        shapes = self.region_shapes(view.theatre, view.level, z)
        shades = [
            Shade(shape, values.class_number(region.code))
            for region, shape in zip(regions, shapes, strict=True)
        ]
        return shades, RAMPS[len(values.limits)]

    def _draw_control(self, painter: Painter, state: State, view: View, now: datetime) -> None:
        found = self.control_of(state, view, now)
        if found is None:
            return
        theatre = self.workspace.reference.theatres[view.theatre]
        areas = self.area_shapes(state, found, view.theatre, int(painter.frame.z))
        grounds = [
            Ground(shape, pattern)
            for area, shape in areas
            if (pattern := area_pattern(area, theatre)) is not None
        ]
        line = self.workspace.index.lines.of(state.control, found, view.theatre)
        age = (self.control_day(view, now) - found.valid_on).days
        draw_control(painter, grounds, line.shape, is_stale=age > theatre.stale_after_days)

    def _draw_incidents(self, painter: Painter, state: State, view: View, now: datetime) -> None:
        published = publish(self.workspace, state, view, Face.tiles, now)
        marks = self._around(published, painter.frame)
        names = self.workspace.reference.taxonomy.weapons.codes
        is_dense = painter.frame.z < DETAIL_ZOOM and self._marks(published) > DENSE_FROM
        draw_incidents(painter, marks, names, PRECISIONS, is_dense=is_dense)

    def _marks(self, published: Published) -> int:
        """Count a View's marks, so that all of its tiles are drawn in the same way."""
        wanted = published.filter
        stamp = None if wanted.embargo_at is None else (wanted.embargo_at // 60, wanted.quiet_after)
        key = ("marks", published.view.query(), published.state.seq, stamp)
        return self._kept.get(key, lambda: len(published.select().drawable(wanted)))

    def _around(self, published: Published, frame: Frame) -> Selection:
        """Select the marks of a tile and of its neighbours, whose discs reach into it."""
        z, x, y = int(frame.z), int(frame.x), int(frame.y)
        n = 1 << z
        tiles = {
            (z, (x + dx) % n, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1) if 0 <= y + dy < n
        }
        parts = [
            part
            for place in sorted(tiles)
            for part in published.select(place).drawable(published.filter).parts
        ]
        return Selection(parts)


def _now_of(published: Published) -> datetime:
    """The instant a View was published for, as far as it matters: when embargoes were checked."""
    stamp = published.filter.embargo_at
    return datetime.fromtimestamp(stamp or 0, UTC)


def _value(ledger: Ledger, metric: str, group: int, population: int | None) -> float | None:
    """Value a region: incidents and damage are counts; a toll is what is known at least."""
    if metric in ("incidents", "damaged", "destroyed"):
        return ledger.value(metric, group)
    tally = ledger.tally("injured" if metric == "injured" else "killed", group)
    if tally.of == 0:
        return 0
    low = tally.low if tally.low is not None else tally.best
    if metric != "killed_per_100k" or low is None:
        return low
    return low / population * 1e5 if population else None


def _metric(name: str, value: float | None) -> dict[str, str | float]:
    return {} if value is None else {name: value}


def area_pattern(area: ControlArea, theatre: Theatre) -> Pattern | None:
    """Choose a hatch: none for the state's own ground, dots for claims, wide for cited units."""
    if area.controller == theatre.state:
        return None
    if area.extent is not Extent.area:
        return CITED
    if area.status is not ControlStatus.assessed:
        return CLAIMED
    others = [party.code for party in theatre.party if not party.state]
    return ground_pattern(area.controller, others)


def simplified(shapes: Sequence[BaseGeometry], z: int) -> list[BaseGeometry]:
    """Simplify neighbouring polygons for a zoom, keeping their shared edges shared.

    The tolerance is half a px. Shapes that overlap are no coverage: shapely still returns them,
    each simplified for itself.
    """
    if z >= WHOLE_ZOOM or not shapes:
        return list(shapes)
    tolerance = 360 / 256 / 2**z / 2
    return list(shapely.coverage_simplify(np.array(shapes, object), tolerance))


def _in_tile(shape: BaseGeometry, tile: Tile) -> BaseGeometry:
    """Clip a shape to a tile with a margin and bring it into tile units."""
    frame = Frame(tile.z, tile.x, tile.y)
    clipped = shapely.clip_by_rect(shape, *frame.bounds(margin=0.02))
    scale = EXTENT / frame.width
    return shapely.transform(frame.project(clipped), lambda points: points * scale)
