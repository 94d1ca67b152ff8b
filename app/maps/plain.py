"""A View as a plain Folium map, for a notebook: layers that anybody who knows Folium can add to.

No text of a record is in it: Folium writes popups, names and GeoJSON keys into generated code
(`${…}` in a popup runs), so a record's own words belong into a frame beside the map.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import folium
from branca.element import Element
from jinja2 import Template

from app.domain.place import Bounds, LonLat

DOT_RADIUS_PX, RING_PX = 5, 1
PICTURES = re.compile(r"url\([^)]*\)")


@dataclass(frozen=True)
class PlainLayer:
    """Shapes as GeoJSON, whose only property is how each is drawn."""

    name: str
    features: Sequence[Mapping[str, Any]]

    @classmethod
    def of(
        cls, name: str, drawn: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]
    ) -> PlainLayer:
        """Put geometries and their Leaflet path options together."""
        features = [
            {"type": "Feature", "geometry": geometry, "properties": {"style": dict(style)}}
            for geometry, style in drawn
        ]
        return cls(name, features)


class Credits(Element):
    """Who says so, below the map; escaped, since Branca's own elements read text as a template."""

    _template = Template("<p style='font: 13px sans-serif'>{{ this.text | e }}</p>")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


def plain_map(
    bounds: Bounds, layers: Sequence[PlainLayer], credits: str, vendored: Path
) -> folium.Map:
    """Build a map of some layers that shows itself without asking any other host.

    Its corner does not name Leaflet, whose line there shows a flag; `credits` stand below the map.
    Leaflet is carried in the page, from the vendored copy. Names of layers are ours, never a
    record's.
    """
    centre = LonLat((bounds.west + bounds.east) / 2, (bounds.south + bounds.north) / 2)
    made = folium.Map(
        location=(centre.lat, centre.lon), zoom_start=6, tiles=None, attributionControl=False
    )
    made.get_root().html.add_child(Credits(credits))  # type: ignore[attr-defined]
    # Set on this map: `add_js_link` would change the list of every map of the process.
    made.default_js = [("leaflet", _carried(vendored / "leaflet.js", "text/javascript"))]
    made.default_css = [("leaflet_css", _carried(vendored / "leaflet.css", "text/css"))]
    for layer in layers:
        if layer.features:
            _layer(layer).add_to(made)
    folium.LayerControl(collapsed=False).add_to(made)
    made.fit_bounds([[bounds.south, bounds.west], [bounds.north, bounds.east]])
    return made


def _layer(layer: PlainLayer) -> folium.GeoJson:
    dot = folium.CircleMarker(radius=DOT_RADIUS_PX, weight=RING_PX)
    collection = {"type": "FeatureCollection", "features": list(layer.features)}
    return folium.GeoJson(collection, name=layer.name, style_function=_style, marker=dot)


def _style(feature: Mapping[str, Any]) -> dict[str, Any]:
    return dict(feature["properties"]["style"])


def _carried(path: Path, media: str) -> str:
    text = (
        PICTURES.sub("none", path.read_text("utf-8"))
        if media == "text/css"
        else path.read_text("utf-8")
    )
    return f"data:{media};base64,{base64.b64encode(text.encode()).decode()}"
