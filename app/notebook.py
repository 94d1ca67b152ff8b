"""Views for Jupyter: a plain Folium map and GeoDataFrames of an instance on this computer.

    from app.notebook import Notebook
    book = Notebook.open()
    book.map("dataset=demo&from=2025-10-24&to=2025-10-25")
    book.incidents("dataset=demo")

A View is written as in an address; a wrong one is refused with what is allowed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import folium
import shapely
from shapely.geometry.base import BaseGeometry

from app.domain.place import Bounds
from app.domain.terms import Audience, Face
from app.domain.view import View
from app.exporters.columns import COLUMNS
from app.frames import GeoDataFrame, frame
from app.i18n import strings
from app.index.build import State
from app.instance.workspace import Workspace
from app.maps.plain import PlainLayer, plain_map
from app.publishing.publish import Published, control_dataset, publish
from app.render.palette import CLASS_OPACITY, LINE, RAMPS, REGION_EDGE, RING, mark_of
from app.services.features import control_features, region_features
from app.services.listing import list_incidents
from app.services.report import summarise
from app.services.tiling import Tiler, area_pattern
from app.settings import Settings, read_settings

FONTS = "vendor/noto-sans-5.3.0"
LEAFLET = "vendor/leaflet-1.9.4"
PAGE = 5_000
AXES = ("lon", "lat")
FIGURES = ("low", "best", "high", "known", "of")


@dataclass(frozen=True)
class Notebook:
    """An instance as one person sees it: whole, or as the public does."""

    workspace: Workspace
    static: Path
    _tiler: Tiler

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
        return cls(workspace, settings.static_dir, Tiler(workspace, settings.static_dir / FONTS))

    def incidents(self, query: str = "") -> GeoDataFrame:
        """Give a View's incidents as points in EPSG:4326, newest first, one a row.

        The columns are those of an export (docs/api.md). What is known only to a region has no
        point; what is not known is None, never 0.
        """
        asked = self._read(query)
        published = asked.published(Face.points)
        features: list[dict[str, Any]] = []
        while True:
            page = list_incidents(published, PAGE, len(features))
            features += page.features
            if not page.features or len(features) >= page.matched:
                break
        told = [one["properties"] for one in features]
        columns = {
            one.note.name: one.read(features, told) for one in COLUMNS if one.note.name not in AXES
        }
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        return frame([_point(one["geometry"]) for one in features], rows)

    def regions(self, query: str = "") -> GeoDataFrame:
        """Give a View's sums by region, with the regions' shapes in EPSG:4326.

        A toll's columns are `killed_low`, `killed_best`, `killed_high`, and `killed_known` of
        `killed_of` incidents that carry a figure. What lies in no region is not among the rows.
        """
        asked = self._read(query)
        told = summarise(asked.published(Face.aggregates), "region")
        shapes = self.workspace.reference.region_set(asked.view.theatre, asked.view.level).regions
        by_code = {one.code: one.shape for one in shapes}
        rows = [_sums(row) for row in told["rows"]]
        return frame([by_code[row["key"]] for row in rows], rows)

    def map(self, query: str = "") -> folium.Map:
        """Draw a View as a plain Folium map: regions by class, control, front line, incidents.

        It asks no other host for anything, and anything of Folium can be added to it.
        """
        asked = self._read(query)
        view, words = asked.view, strings(asked.view.lang)
        theatre = self.workspace.reference.theatres[view.theatre]
        layers = [
            PlainLayer.of(words["layer_regions"], self._regions(asked)),
            PlainLayer.of(words["layer_control"], self._control(asked)),
            PlainLayer.of(words["layer_incidents"], self._marks(asked)),
        ]
        return plain_map(Bounds(*theatre.bounds), layers, asked.credits(), self.static / LEAFLET)

    def _read(self, query: str) -> _Asked:
        now, state = datetime.now(UTC), self.workspace.index.state()
        words = self.workspace.vocabularies(state)
        pairs = parse_qsl(query.removeprefix("?"), keep_blank_values=True)
        view = View.parse(pairs, words, self.workspace.default_theatre, now)
        view = with_defaults(Query(self.workspace, state, view, now))
        return _Asked(self.workspace, state, view, now)

    def _regions(self, asked: _Asked) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        values = self._tiler.choropleth(asked.published(Face.aggregates))
        ramp, drawn = RAMPS[len(values.limits)], []
        for one in region_features(self._tiler, asked.view)["features"]:
            number = values.class_number(one["properties"]["key"])
            fill = {"fillOpacity": 0.0}
            if number is not None and number >= 0:
                fill = {"fillOpacity": CLASS_OPACITY, "fillColor": ramp[number]}  # type: ignore[dict-item]
            drawn.append((one["geometry"], {"color": REGION_EDGE, "weight": 1, **fill}))
        return drawn

    def _control(self, asked: _Asked) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Draw areas by a plain fill: a hatch is more than Leaflet's paths can do by themselves."""
        day = self._tiler.control_day(asked.view, asked.now)
        told = control_features(self._tiler, asked.state, asked.view, day)
        found = self._tiler.control_of(asked.state, asked.view, asked.now)
        theatre = self.workspace.reference.theatres[asked.view.theatre]
        patterns = (
            {} if found is None else {a.controller: area_pattern(a, theatre) for a in found.areas}
        )
        drawn = []
        for one in told["features"]:
            style: dict[str, Any] = {"color": LINE, "weight": 2.5, "fill": False}
            if one["properties"]["kind"] == "area":
                pattern = patterns.get(one["properties"]["controller"])
                if pattern is None:
                    continue
                style = {"stroke": False, "fillColor": pattern.colour, "fillOpacity": 0.2}
            drawn.append((one["geometry"], style))
        return drawn

    def _marks(self, asked: _Asked) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Draw circles by colour alone: the shapes of marks are more than a CircleMarker can do."""
        published = asked.published(Face.points)
        found = published.select().drawable(published.filter)
        names = self.workspace.reference.taxonomy.weapons.codes
        lon, lat, weapons = (found[name].tolist() for name in ("lon_e7", "lat_e7", "weapons"))
        return [
            (
                {"type": "Point", "coordinates": [x / 1e7, y / 1e7]},
                {
                    "color": RING,
                    "fill": True,
                    "fillColor": mark_of(mask, names).colour,
                    "fillOpacity": 1,
                },
            )
            for x, y, mask in zip(lon, lat, weapons, strict=True)
        ]


@dataclass(frozen=True)
class _Asked:
    """A View as understood, at one moment."""

    workspace: Workspace
    state: State
    view: View
    now: datetime

    def credits(self) -> str:
        """Say who is shown, of which days, and whose borders they are."""
        words, view = strings(self.view.lang), self.view
        named = list(self.published(Face.aggregates).credits)
        source = control_dataset(self.of_view(view), Face.tiles)
        named += [] if source is None else [source.credit]
        days = f"{view.first} – {view.last}"
        note = self.workspace.reference.theatres[view.theatre].note[view.lang]
        return f"{days}. {words['credits']}: {' · '.join(named)}. {note}"

    def published(self, face: Face) -> Published:
        return publish(self, face)


def _point(geometry: dict[str, Any] | None) -> BaseGeometry | None:
    return None if geometry is None else shapely.Point(geometry["coordinates"])


def _sums(row: dict[str, Any]) -> dict[str, Any]:
    tolls = {
        f"{toll}_{figure}": row[toll][figure]
        for toll in ("killed", "injured")
        for figure in FIGURES
    }
    plain = {name: row[name] for name in ("key", "name", "incidents")}
    return {**plain, **tolls, "damaged": row["damaged"], "destroyed": row["destroyed"]}
