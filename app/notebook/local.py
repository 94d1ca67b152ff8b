"""An instance on this computer, for Jupyter: maps, frames, sums and figures of its Views."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import folium
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.domain.count import TOLLS
from app.domain.errors import InputError
from app.domain.place import Bounds
from app.domain.terms import Audience, Face
from app.exporters.columns import EXPORT_COLUMNS
from app.frames import DataFrame, GeoDataFrame, frame, plain_table, typed
from app.i18n.values import number as number_text
from app.instance.workspace import Workspace
from app.maps.plain import PlainLayer, plain_map
from app.notebook.picture import Picture
from app.pictures.figures import FIGURE_FORMS, FigureOptions, Figures, figure_size
from app.pictures.tiles import Tiler, area_pattern
from app.publishing.defaults import with_defaults
from app.publishing.publish import control_dataset, control_snapshot, publish
from app.publishing.query import Query
from app.queries.choropleth import Choropleths
from app.queries.geojson import control_features, region_features
from app.queries.incidents import list_incidents
from app.queries.looks import mark_classes, mark_looks
from app.queries.shapes import SimplifiedShapes
from app.queries.sums import summarise
from app.render.palette import CLASS_OPACITY, LINE, RAMPS, REGION_EDGE, RING
from app.settings import Settings, read_settings

LEAFLET_FILES = "vendor/leaflet-1.9.4"
ROWS_AT_ONCE = 5_000
AXES = ("lon", "lat")
FONT_FILES = "vendor/noto-sans-5.3.0"
COLUMN_KINDS = {one.note.name: one.note.kind for one in EXPORT_COLUMNS}
TOLL_FIGURES = ("low", "best", "high", "known", "of")

SUM_KINDS = {
    "key": "text",
    "name": "text",
    **dict.fromkeys(("incidents", "damaged", "destroyed"), "whole"),
    **{f"{toll}_{one}": "whole" for toll in TOLLS for one in TOLL_FIGURES},
}
SUMS_BY = ("region", "day", "weapon", "sector", "dataset", "line")

_Json = dict[str, Any]
_Styled = tuple[_Json, _Json, str]
"""A GeoJSON geometry, the style of Leaflet that it is drawn in, and its tooltip."""


@dataclass(frozen=True)
class Notebook:
    """An instance opened for one person: with all its data, or as the public sees it."""

    workspace: Workspace
    static: Path
    _shapes: SimplifiedShapes = field(default_factory=SimplifiedShapes, repr=False)

    @classmethod
    def open(cls, data_dir: Path | str | None = None, *, public: bool = False) -> Notebook:
        """Open the data of an instance: a folder, or the one that the settings name.

        Raises:
            StoreError: the record cannot be opened.
        """
        settings: Settings = read_settings()
        audience = Audience.public if public else Audience.private
        folder = settings.data_dir if data_dir is None else Path(data_dir)
        workspace = Workspace.open(
            folder,
            settings.geodata_dir,
            store_url=settings.store_url if data_dir is None else "",
            audience=audience,
            default_theatre=settings.theatre,
        )
        workspace = replace(workspace, max_file_bytes=settings.max_file_bytes)
        return cls(workspace, settings.static_dir)

    def incidents(self, view: str = "") -> GeoDataFrame:
        """Give a View's incidents as points in EPSG:4326, newest first, one a row.

        The columns are those of an export (docs/api.md) with types of pandas: days are
        `datetime64`, whole numbers `Int64`, codes categories. What is known only to a region has
        no point; what is not known is missing, never 0.
        """
        query = self._read(view)
        published = publish(query, Face.points)
        features: list[_Json] = []
        while True:
            page = list_incidents(published, ROWS_AT_ONCE, len(features))
            features += page.features
            if not page.features or len(features) >= page.matched:
                break
        properties = [one["properties"] for one in features]
        columns = {
            one.note.name: one.read(features, properties)
            for one in EXPORT_COLUMNS
            if one.note.name not in AXES
        }
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        return typed(frame([_point(one["geometry"]) for one in features], rows), COLUMN_KINDS)

    def regions(self, view: str = "") -> GeoDataFrame:
        """Give a View's sums by region, with the regions' shapes in EPSG:4326.

        A toll's columns are `killed_low`, `killed_best`, `killed_high`, and `killed_known` of
        `killed_of` incidents that carry a figure. What lies in no region is not among the rows.
        """
        query = self._read(view)
        report = summarise(publish(query, Face.aggregates), "region")
        shapes = query.regions.regions
        by_code = {one.code: one.shape for one in shapes}
        rows = [sums_row(row) for row in report["rows"] if row["key"] in by_code]
        return typed(frame([by_code[row["key"]] for row in rows], rows), SUM_KINDS)

    def summary(self, view: str = "", by: str = "region") -> DataFrame:
        """Give a View's sums as a table: by region, day, weapon, sector, dataset or line.

        Raises:
            InputError: there are no sums by this.
        """
        if by not in SUMS_BY:
            raise InputError("by", by, ", ".join(SUMS_BY))
        report = summarise(publish(self._read(view), Face.aggregates), by)
        return plain_table([sums_row(row) for row in report["rows"]])

    def figure(self, view: str = "", form: str = "png", size: str = "card") -> Picture:
        """Draw a View for a report: with its legend, sources, terms and its time of knowledge.

        Raises:
            InputError: there is no such form or size.
        """
        if form not in FIGURE_FORMS:
            raise InputError("form", form, ", ".join(FIGURE_FORMS))
        figures = Figures(Tiler(self.static / FONT_FILES))
        options = FigureOptions(form, *figure_size(size))
        return Picture(figures.figure(self._read(view), options), form)

    def map(self, view: str = "") -> folium.Map:
        """Draw a View as a plain Folium map: regions by class, control, front line, incidents.

        It loads nothing from another host. Anything of Folium can be added to it.
        """
        query = self._read(view)
        words = query.words
        layers = [
            PlainLayer.of(words["layer_regions"], self._regions(query)),
            PlainLayer.of(words["layer_control"], self._control(query)),
            PlainLayer.of(words["layer_incidents"], self._marks(query)),
        ]
        return plain_map(
            Bounds(*query.theatre.bounds), layers, _credits(query), self.static / LEAFLET_FILES
        )

    def _read(self, text: str) -> Query:
        pairs = parse_qsl(text.removeprefix("?"), keep_blank_values=True)
        return with_defaults(Query.parse(self.workspace, pairs, datetime.now(UTC)))

    def _regions(self, query: Query) -> list[_Styled]:
        values = Choropleths().of(publish(query, Face.aggregates))
        ramp, shapes = RAMPS[query.view.palette][len(values.limits)], list[_Styled]()
        words = query.words
        for feature in region_features(query, self._shapes)["features"]:
            number = values.class_number(feature["properties"]["key"])
            fill = {"fillOpacity": 0.0}
            if number is not None and number >= 0:
                fill = {"fillOpacity": CLASS_OPACITY, "fillColor": ramp[number]}  # type: ignore[dict-item]
            value = values.values[feature["properties"]["key"]]
            known = words["unknown"] if value is None else number_text(query.view.lang, value)
            tip = f"{feature['properties']['name']}: {words[query.view.metric]} {known}"
            style = {"color": REGION_EDGE, "weight": 1, **fill}
            shapes.append((feature["geometry"], style, tip))
        return shapes

    def _control(self, query: Query) -> list[_Styled]:
        """Style areas with a plain fill: paths of Leaflet have no hatch."""
        document = control_features(query, self._shapes, query.control_day)
        control, theatre = control_snapshot(query, Face.tiles), query.theatre
        patterns = (
            {}
            if control is None
            else {a.controller: area_pattern(a, theatre) for a in control.areas}
        )
        shapes = list[_Styled]()
        for feature in document["features"]:
            style: _Json = {"color": LINE, "weight": 2.5, "fill": False}
            tip = query.words["front_line"]
            if feature["properties"]["kind"] == "area":
                pattern = patterns.get(feature["properties"]["controller"])
                if pattern is None:
                    continue
                style = {"stroke": False, "fillColor": pattern.colour, "fillOpacity": 0.2}
                tip = theatre.party_name(feature["properties"]["controller"], query.view.lang)
            shapes.append((feature["geometry"], style, tip))
        return shapes

    def _marks(self, query: Query) -> list[_Styled]:
        """Style circles by colour alone: a CircleMarker of Leaflet has no other shape."""
        published = publish(query, Face.points)
        rows = published.select().drawable(published.filter)
        looks = mark_looks(query, rows)
        lon, lat = (rows[name].tolist() for name in ("lon_e7", "lat_e7"))
        classes = mark_classes(query)
        tips = [
            f"{day}, {classes[kind].label}"
            for day, kind in zip(_days(rows["day_first"]), looks.kind.tolist(), strict=True)
        ]
        return [
            (
                {"type": "Point", "coordinates": [x / 1e7, y / 1e7]},
                {
                    "color": RING,
                    "fill": True,
                    "fillColor": looks.kinds[kind].colour,
                    "fillOpacity": 1,
                },
                tip,
            )
            for x, y, kind, tip in zip(lon, lat, looks.kind.tolist(), tips, strict=True)
        ]


def _credits(query: Query) -> str:
    """Name the sources, the days, and the origin of the borders."""
    view = query.view
    names = list(publish(query, Face.aggregates).credits)
    source = control_dataset(query, Face.tiles)
    names += [] if source is None else [source.credit]
    note = query.theatre.remark(view.lang)
    credits = f"{query.words['credits']}: {' · '.join(names)}."
    return f"{view.first} – {view.last}. {credits} {note}".strip()


def _days(column: np.ndarray) -> list[str]:
    return column.astype("datetime64[D]").astype(str).tolist()  # type: ignore[no-any-return]


def _point(geometry: _Json | None) -> BaseGeometry | None:
    return None if geometry is None else shapely.Point(geometry["coordinates"])


def sums_row(row: _Json) -> _Json:
    """Write a row of sums with flat columns."""
    tolls = {
        f"{toll}_{figure}": row[toll][figure]
        for toll in ("killed", "injured")
        for figure in TOLL_FIGURES
    }
    plain = {name: row[name] for name in ("key", "name", "incidents")}
    return {**plain, **tolls, "damaged": row["damaged"], "destroyed": row["destroyed"]}
