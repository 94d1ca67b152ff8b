"""Views for Jupyter: a plain Folium map and GeoDataFrames of an instance on this computer.

    from app.notebook import Notebook
    book = Notebook.open()
    book.map("dataset=demo&from=2025-10-24&to=2025-10-25")
    book.incidents("dataset=demo")

A View is written as in an address; a wrong one is refused with what is allowed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import folium
import shapely
from shapely.geometry.base import BaseGeometry

from app.domain.place import Bounds
from app.domain.terms import Audience, Face
from app.exporters.columns import EXPORT_COLUMNS
from app.frames import GeoDataFrame, frame
from app.instance.workspace import Workspace
from app.maps.plain import PlainLayer, plain_map
from app.pictures.tiles import area_pattern
from app.publishing.defaults import with_defaults
from app.publishing.publish import control_dataset, control_snapshot, publish
from app.publishing.query import Query
from app.queries.choropleth import Choropleths
from app.queries.geojson import control_features, region_features
from app.queries.incidents import list_incidents
from app.queries.looks import mark_looks
from app.queries.shapes import SimplifiedShapes
from app.queries.sums import summarise
from app.render.palette import CLASS_OPACITY, LINE, RAMPS, REGION_EDGE, RING
from app.settings import Settings, read_settings

LEAFLET_FILES = "vendor/leaflet-1.9.4"
ROWS_AT_ONCE = 5_000
AXES = ("lon", "lat")
TOLL_FIGURES = ("low", "best", "high", "known", "of")

_Json = dict[str, Any]
_Styled = tuple[_Json, _Json]
"""A GeoJSON geometry, and the style of Leaflet that it is drawn in."""


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
            folder, settings.geodata_dir, audience=audience, default_theatre=settings.theatre
        )
        workspace = replace(workspace, max_file_bytes=settings.max_file_bytes)
        return cls(workspace, settings.static_dir)

    def incidents(self, view: str = "") -> GeoDataFrame:
        """Give a View's incidents as points in EPSG:4326, newest first, one a row.

        The columns are those of an export (docs/api.md). What is known only to a region has no
        point; what is not known is None, never 0.
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
        return frame([_point(one["geometry"]) for one in features], rows)

    def regions(self, view: str = "") -> GeoDataFrame:
        """Give a View's sums by region, with the regions' shapes in EPSG:4326.

        A toll's columns are `killed_low`, `killed_best`, `killed_high`, and `killed_known` of
        `killed_of` incidents that carry a figure. What lies in no region is not among the rows.
        """
        query = self._read(view)
        report = summarise(publish(query, Face.aggregates), "region")
        shapes = query.regions.regions
        by_code = {one.code: one.shape for one in shapes}
        rows = [_sums(row) for row in report["rows"]]
        return frame([by_code[row["key"]] for row in rows], rows)

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
        ramp, shapes = RAMPS[query.view.palette][len(values.limits)], []
        for feature in region_features(query, self._shapes)["features"]:
            number = values.class_number(feature["properties"]["key"])
            fill = {"fillOpacity": 0.0}
            if number is not None and number >= 0:
                fill = {"fillOpacity": CLASS_OPACITY, "fillColor": ramp[number]}  # type: ignore[dict-item]
            shapes.append((feature["geometry"], {"color": REGION_EDGE, "weight": 1, **fill}))
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
        shapes = []
        for feature in document["features"]:
            style: _Json = {"color": LINE, "weight": 2.5, "fill": False}
            if feature["properties"]["kind"] == "area":
                pattern = patterns.get(feature["properties"]["controller"])
                if pattern is None:
                    continue
                style = {"stroke": False, "fillColor": pattern.colour, "fillOpacity": 0.2}
            shapes.append((feature["geometry"], style))
        return shapes

    def _marks(self, query: Query) -> list[_Styled]:
        """Style circles by colour alone: a CircleMarker of Leaflet has no other shape."""
        published = publish(query, Face.points)
        rows = published.select().drawable(published.filter)
        looks = mark_looks(query, rows)
        lon, lat = (rows[name].tolist() for name in ("lon_e7", "lat_e7"))
        return [
            (
                {"type": "Point", "coordinates": [x / 1e7, y / 1e7]},
                {
                    "color": RING,
                    "fill": True,
                    "fillColor": looks.kinds[kind].colour,
                    "fillOpacity": 1,
                },
            )
            for x, y, kind in zip(lon, lat, looks.kind.tolist(), strict=True)
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


def _point(geometry: _Json | None) -> BaseGeometry | None:
    return None if geometry is None else shapely.Point(geometry["coordinates"])


def _sums(row: _Json) -> _Json:
    tolls = {
        f"{toll}_{figure}": row[toll][figure]
        for toll in ("killed", "injured")
        for figure in TOLL_FIGURES
    }
    plain = {name: row[name] for name in ("key", "name", "incidents")}
    return {**plain, **tolls, "damaged": row["damaged"], "destroyed": row["destroyed"]}
