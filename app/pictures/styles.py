"""Styles of a View's vector tiles: for MapLibre, and for QGIS (QML).

Both draw what our own tiles draw, from the palette. MapLibre counts zooms in tiles of 512 px: its
zoom is one less than ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from app.domain.answer import JsonObject
from app.domain.control import ControlStatus, Extent
from app.domain.errors import NotShared
from app.domain.place import Bounds
from app.domain.terms import Face
from app.pictures.expressions import (
    Comparison,
    Expression,
    compared,
    density_colour,
    error_px,
    match_code,
    qgis_comparison,
    raster_layer,
)
from app.pictures.sprite import mark_name, pattern_name, watermark_name
from app.publishing.publish import Published, control_snapshot, publish
from app.publishing.query import OfQuery, Query
from app.queries.choropleth import Choropleth, Choropleths, without_value
from app.queries.looks import tile_style
from app.render import qml
from app.render.canvas import CASING_PX, LINE_PX
from app.render.classes import MarkStyle
from app.render.palette import (
    BAND_PX,
    CITED,
    CLAIMED,
    CLASS_OPACITY,
    DASHES,
    DISC_OPACITY,
    FADE_ZOOMS,
    LINE,
    LINE_CASING,
    NO_FIGURE_PATTERN,
    OTHER_MARK,
    RAMPS,
    REGION_EDGE,
    SIZE_STEPS,
    STALE_OPACITY,
    STALE_WIDTH,
    WATER,
    Pattern,
    ground_pattern,
    pattern_opacity,
)
from app.tiles.grid import RASTER_LAYERS, VECTOR_LAYERS

STYLE_NAMES = ("map", *VECTOR_LAYERS)
IS_SINGLE: Expression = ("==", ("get", "n"), 1)


@dataclass(frozen=True)
class TileStyles(OfQuery):
    """The styles of a View's vector tiles; `base` is the address of the service."""

    query: Query
    choropleths: Choropleths
    base: str = ""

    def maplibre(self, name: str) -> JsonObject:
        """Write a style of MapLibre: one layer of the data over our basemap, or all of them.

        Raises:
            NotShared: the terms of the one layer do not allow tiles for the public.
        """
        names = [name] if name in VECTOR_LAYERS else self._shared_layers()
        makers = {"regions": self._regions, "control": self._control, "incidents": self._incidents}
        sea = {"id": "sea", "type": "background", "paint": {"background-color": WATER}}
        layers: list[JsonObject] = [sea, raster_layer("basemap")]
        for layer in names:
            layers += ({"source": layer, "source-layer": layer, **one} for one in makers[layer]())
        layers.append(raster_layer("labels"))
        if self.view.synthetic:
            paint = {"background-pattern": watermark_name(self.view.lang)}
            layers.append({"id": "invented", "type": "background", "paint": paint})
        box = Bounds(*self.theatre.bounds)
        return {
            "version": 8,
            "name": f"Strikemap {name}",
            "center": [(box.west + box.east) / 2, (box.south + box.north) / 2],
            "zoom": 4,
            "sprite": f"{self.base}/styles/sprite",
            "sources": {
                **{layer: self._source(layer, "vector") for layer in names},
                **{layer: self._source(layer, "raster") for layer in ("basemap", "labels")},
            },
            "layers": layers,
        }

    def qgis(self, name: str) -> str:
        """Write the style of a layer of vector tiles for QGIS: of one layer, or of all together.

        Raises:
            NotShared: as `maplibre`.
        """
        makers = {"regions": self._region_rules, "control": self._control_rules}
        names = [name] if name in VECTOR_LAYERS else self._shared_layers()
        rules: list[qml.TileRule] = []
        for layer in names:
            rules += makers[layer]() if layer in makers else self._mark_rules()
        return qml.tiles_qml(rules)

    def _shared_layers(self) -> list[str]:
        try:
            control_snapshot(self.query, Face.tiles)
        except NotShared:  # terms that withhold one layer do not withhold the others
            return [layer for layer in VECTOR_LAYERS if layer != "control"]
        return list(VECTOR_LAYERS)

    def _source(self, layer: str, kind: str) -> JsonObject:
        address = f"{self.base}/tiles/{layer}.json?{self.view.query()}"
        size = {"tileSize": 256} if layer in RASTER_LAYERS and kind == "raster" else {}
        return {"type": kind, "url": address, **size}

    @cached_property
    def _values(self) -> Choropleth:
        return self.choropleths.of(self._sums)

    @property
    def _sums(self) -> Published:
        return publish(self.query, Face.aggregates)

    @property
    def _ramp(self) -> Sequence[str]:
        return RAMPS[self.view.palette][len(self._values.limits)]

    def _regions(self) -> Iterator[JsonObject]:
        metric, limits = self.view.metric, self._values.limits
        if limits:
            steps = [part for pair in zip(limits, self._ramp, strict=True) for part in pair]
            start, end = (zoom - 1 for zoom in FADE_ZOOMS)  # of tiles of 512 px
            linear = ["interpolate", ["linear"], ["zoom"]]
            opacity = [*linear, start, CLASS_OPACITY, end, 0]
            colour = ["step", ["get", metric], "rgba(0,0,0,0)", *steps]
            paint = {"fill-color": colour, "fill-opacity": opacity}
            yield {"id": "regions", "type": "fill", "filter": ["has", metric], "paint": paint}
            hatch = {"fill-pattern": pattern_name(NO_FIGURE_PATTERN), "fill-opacity": opacity}
            unknown = ["!", ["has", metric]]
            yield {"id": "regions-unknown", "type": "fill", "filter": unknown, "paint": hatch}
            band = {
                "line-color": colour,
                "line-width": BAND_PX,
                "line-offset": BAND_PX / 2,  # to the right, where the inside is
                "line-opacity": [*linear, start, 0, end, CLASS_OPACITY],
            }
            has = ["has", metric]
            yield {"id": "regions-band", "type": "line", "filter": has, "paint": band}
        edge = {"line-color": REGION_EDGE, "line-width": 0.6}
        yield {"id": "regions-edge", "type": "line", "paint": edge}

    def _region_rules(self) -> Iterator[qml.TileRule]:
        metric, limits = f'"{self.view.metric}"', self._values.limits
        blank = qml.fill_symbol(None, REGION_EDGE)
        yield qml.TileRule("regions", "regions", qml.POLYGON, "", blank)
        ends = [*limits[1:], None]
        for low, high, colour in zip(limits, ends, self._ramp, strict=True):
            below = "" if high is None else f" and {metric} < {high}"
            label = f"{low}+" if high is None else f"{low} – {high}"
            symbol = qml.fill_symbol(colour, REGION_EDGE, CLASS_OPACITY)
            condition = f"{metric} >= {low}{below}"
            yield qml.TileRule("regions", label, qml.POLYGON, condition, symbol)
        if limits:
            hatch = qml.hatch_symbol(NO_FIGURE_PATTERN, 0.9)
            label, condition = without_value(self._sums), f"{metric} is null"
            yield qml.TileRule("regions", label, qml.POLYGON, condition, hatch)

    @cached_property
    def _grounds(self) -> list[tuple[str, Pattern, str | None]]:
        """List kinds of ground: a name, the hatch, and the party (None: whoever claims it)."""
        others = [party for party in self.theatre.party if not party.state]
        codes = [party.code for party in others]
        return [
            (self.words["cited"], CITED, None),
            (self.words["claimed"], CLAIMED, None),
            *(
                (party.name(self.view.lang), ground_pattern(party.code, codes), party.code)
                for party in others
            ),
        ]

    @cached_property
    def _is_stale(self) -> bool:
        snapshot = control_snapshot(self.query, Face.tiles)
        if snapshot is None:
            return False
        age = (self.query.control_day - snapshot.valid_on).days
        return age > self.theatre.stale_after_days

    def _control(self) -> Iterator[JsonObject]:
        strength = STALE_OPACITY if self._is_stale else 1.0
        for number, (_name, pattern, party) in enumerate(self._grounds):
            paint = {
                "fill-pattern": pattern_name(pattern),
                "fill-opacity": round(pattern_opacity(pattern) * strength, 2),
            }
            condition = ["all", *map(compared, self._of_ground(pattern, party))]
            yield {"id": f"ground-{number}", "type": "fill", "filter": condition, "paint": paint}
        is_line = ["==", ["get", "kind"], "front_line"]
        factor = STALE_WIDTH if self._is_stale else 1.0
        dashes = [round(length / LINE_PX / factor, 2) for length in DASHES["stale"]]
        for name, colour, width in (
            ("casing", LINE_CASING, CASING_PX),
            ("line", LINE, LINE_PX),
        ):
            line: JsonObject = {"line-color": colour, "line-width": round(width * factor, 2)}
            if self._is_stale and name == "line":
                line["line-dasharray"] = dashes
            yield {"id": f"front-{name}", "type": "line", "filter": is_line, "paint": line}

    def _of_ground(self, pattern: Pattern, party: str | None) -> Iterator[Comparison]:
        """Yield the conditions of a kind of ground (`app.pictures.ground.area_pattern`)."""
        whole, assessed = Extent.area.value, ControlStatus.assessed.value
        yield "kind", "==", "area"
        yield "controller", "!=", self.theatre.state
        yield "extent", "!=" if pattern == CITED else "==", whole
        if pattern != CITED:
            yield "status", "!=" if pattern == CLAIMED else "==", assessed
        if party is not None:
            yield "controller", "==", party

    def _control_rules(self) -> Iterator[qml.TileRule]:
        for name, pattern, party in self._grounds:
            parts = self._of_ground(pattern, party)
            texts = [qgis_comparison(part) for part in parts]
            symbol = qml.hatch_symbol(pattern, pattern_opacity(pattern))
            yield qml.TileRule("control", name, qml.POLYGON, " and ".join(texts), symbol)
        line = qml.cased_line(LINE, LINE_CASING)
        name = self.words["front_line"]
        yield qml.TileRule("control", name, qml.LINE, "\"kind\" = 'front_line'", line)

    @cached_property
    def _marks(self) -> MarkStyle:
        return tile_style(self.query)

    def _mark_rules(self) -> list[qml.TileRule]:
        label = self.words["density"]
        return [qml.cell_rule("incidents", label), *qml.mark_rules(self._marks, "incidents")]

    def _incidents(self) -> Iterator[JsonObject]:
        code = self._class_code()
        marks = {one.code: one.mark for one in self._marks.classes}
        other = marks.get("unknown", OTHER_MARK)
        colours = match_code(
            code, {name: mark.colour for name, mark in marks.items()}, other.colour
        )
        pictures = {name: mark_name(mark) for name, mark in marks.items()}
        box = Bounds(*self.theatre.bounds)
        disc = {
            "circle-color": colours,
            "circle-opacity": DISC_OPACITY,
            "circle-radius": error_px((box.south + box.north) / 2),
        }
        is_coarse = ["==", ["get", "precision"], "settlement"]
        yield {"id": "places", "type": "circle", "filter": is_coarse, "paint": disc}
        cells = {
            "circle-color": density_colour(),
            "circle-radius": 4,
            "circle-opacity": 0.8,
        }
        yield {"id": "cells", "type": "circle", "filter": ["!", IS_SINGLE], "paint": cells}
        layout = {
            "icon-image": match_code(code, pictures, mark_name(other)),
            "icon-size": self._sizes(),
            "icon-allow-overlap": True,
        }
        yield {"id": "incidents", "type": "symbol", "filter": IS_SINGLE, "layout": layout}

    def _class_code(self) -> Expression:
        """Give the class of a mark: the family of its first weapon that is known, or `class`."""
        column = self._marks.column
        if not column.separator:
            return ("get", column.name)
        text = ("coalesce", ("get", column.name), "unknown")
        unknown = f"unknown{column.separator}"
        known = ("case", ("==", ("index-of", unknown, text), 0), ("slice", text, 8), text)

        def before(sign: str, whole: Expression) -> Expression:
            return ("slice", whole, 0, ("index-of", sign, ("concat", whole, sign)))

        return before(".", before(column.separator, known))

    def _sizes(self) -> object:
        if self.view.size_by == "none":
            return 1
        toll = f"{self.view.size_by}_low"
        steps = [part for step in SIZE_STEPS[1:] for part in step]
        return ["case", ["has", toll], ["step", ["get", toll], SIZE_STEPS[0][1], *steps], 1]
