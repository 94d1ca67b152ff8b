"""A View as a plain Folium map, for a notebook: users of Folium can add layers of their own.

It has no text of a record: Folium writes popups, names and GeoJSON keys into generated code (`${…}`
in a popup is executed), so the words of a record belong into a table beside the map. A tooltip has
the day and the class of a mark, or a region and its figure, as escaped text in a property.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import folium
from branca.element import Element
from jinja2 import Template

from app.domain.place import Bounds, LonLat

DOT_RADIUS_PX, RING_PX = 5, 1
TIP = "tip"
PICTURES = re.compile(r"url\([^)]*\)")


@dataclass(frozen=True)
class PlainLayer:
    """Shapes as GeoJSON, with their style as the only property."""

    name: str
    features: Sequence[Mapping[str, object]]

    @classmethod
    def of(
        cls, name: str, styled: Sequence[tuple[Mapping[str, object], Mapping[str, object], str]]
    ) -> PlainLayer:
        """Make a layer of GeoJSON geometries, each with its Leaflet path options and tooltip."""
        features = [
            {
                "type": "Feature",
                "geometry": geometry,
                "properties": {"style": dict(style), TIP: escape(tip)},
            }
            for geometry, style, tip in styled
        ]
        return cls(name, features)


class Credits(Element):
    """The credits below the map; escaped, because Branca's elements read text as a template."""

    _template = Template("<p style='font: 13px sans-serif'>{{ this.text | e }}</p>")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


def bare_map(centre: LonLat, vendored: Path) -> folium.Map:
    """Make a map without tiles, with Leaflet inside."""
    map_ = folium.Map(
        location=(centre.lat, centre.lon), zoom_start=6, tiles=None, attributionControl=False
    )
    # Set on this map: `add_js_link` would change the list of every map of the process.
    map_.default_js = [("leaflet", _data_url(vendored / "leaflet.js", "text/javascript"))]
    map_.default_css = [("leaflet_css", _data_url(vendored / "leaflet.css", "text/css"))]
    return map_


def tile_map(bounds: Bounds, tiles: str, credits: str, vendored: Path) -> folium.Map:
    """Build a map of one service's tiles; it needs no other host than that service."""
    centre = LonLat((bounds.west + bounds.east) / 2, (bounds.south + bounds.north) / 2)
    map_ = bare_map(centre, vendored)
    map_.get_root().html.add_child(Credits(credits))  # type: ignore[attr-defined]
    folium.TileLayer(tiles=tiles, attr="Strikemap", name="Strikemap").add_to(map_)
    map_.fit_bounds([[bounds.south, bounds.west], [bounds.north, bounds.east]])
    return map_


def plain_map(
    bounds: Bounds, layers: Sequence[PlainLayer], credits: str, vendored: Path
) -> folium.Map:
    """Build a map of some layers that needs no other host.

    The line in its corner is off, because Leaflet's own shows a flag; `credits` are below the map.
    Leaflet is inside the page, from the vendored copy. Names of layers are ours, never from a
    record.
    """
    centre = LonLat((bounds.west + bounds.east) / 2, (bounds.south + bounds.north) / 2)
    map_ = bare_map(centre, vendored)
    map_.get_root().html.add_child(Credits(credits))  # type: ignore[attr-defined]
    for layer in layers:
        if layer.features:
            _layer(layer).add_to(map_)
    folium.LayerControl(collapsed=False).add_to(map_)
    map_.fit_bounds([[bounds.south, bounds.west], [bounds.north, bounds.east]])
    return map_


def _layer(layer: PlainLayer) -> folium.GeoJson:
    dot = folium.CircleMarker(radius=DOT_RADIUS_PX, weight=RING_PX)
    collection = {"type": "FeatureCollection", "features": list(layer.features)}
    tooltip = folium.GeoJsonTooltip([TIP], labels=False)
    return folium.GeoJson(
        collection, name=layer.name, style_function=_style, marker=dot, tooltip=tooltip
    )


def _style(feature: Mapping[str, Mapping[str, Mapping[str, object]]]) -> dict[str, object]:
    return dict(feature["properties"]["style"])


def _data_url(path: Path, media: str) -> str:
    text = (
        PICTURES.sub("none", path.read_text("utf-8"))
        if media == "text/css"
        else path.read_text("utf-8")
    )
    return f"data:{media};base64,{base64.b64encode(text.encode()).decode()}"
