"""A Folium map and figure whose page passes a strict content security policy.

The page holds no inline script and no inline style: a JSON block says what to build, and static
modules build it. A Folium element that would need generated code or a foreign asset is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, NamedTuple

import folium
from branca.element import Figure

from app.domain.place import LonLat
from app.maps.layers import OwnControl, OwnLayer

LEAFLET = "/static/vendor/leaflet-1.9.4"


class Anchor(NamedTuple):
    """A link in the page's header."""

    text: str
    href: str
    language: str | None = None


@dataclass(frozen=True)
class Chrome:
    """What stands around the map, as text; it is escaped here and nowhere else."""

    title: str
    heading: str
    language: str
    strings: Mapping[str, str]
    table_url: str
    anchors: Sequence[Anchor] = ()
    banners: Sequence[str] = ()
    is_embed: bool = False
    is_synthetic: bool = False
    still: Sequence[Sequence[str]] = field(default_factory=tuple)


class Map(folium.Map):
    """A Leaflet map that is built in the browser from this object's `spec`.

    Args:
        centre: degrees, longitude first; turned into Leaflet's order here and nowhere else.
        zoom: the first zoom level.
    """

    def __init__(self, centre: LonLat, zoom: int) -> None:
        super().__init__(
            location=(centre.lat, centre.lon),
            zoom_start=zoom,
            tiles=None,
            prefer_canvas=False,
            zoom_control=False,
        )

    def fit(self, west: float, south: float, east: float, north: float) -> None:
        """Show a box, in degrees, when the page opens."""
        self.options["bounds"] = [[south, west], [north, east]]

    def spec(self) -> dict[str, Any]:
        """Write the map, its layers and controls as plain data.

        Raises:
            TypeError: a child that would need generated code.
        """
        layers, controls = [], []
        for child in self._children.values():
            if isinstance(child, OwnLayer):
                layers.append(child.spec())
            elif isinstance(child, OwnControl):
                controls.append(child.spec())
            else:
                raise TypeError(f"{type(child).__name__} would write code into the page")
        centre = {"center": list(self.location or [0, 0]), "zoom": self.options.get("zoom", 5)}
        bounds = self.options.get("bounds")
        return {
            "id": self.get_name(),
            "options": {**centre, **({"bounds": bounds} if bounds else {})},
            "layers": layers,
            "parts": controls,
        }


class Page(Figure):
    """The page around one map."""

    def __init__(self, map_: Map, chrome: Chrome) -> None:
        super().__init__(title=chrome.title)
        self.header._children.clear()  # noqa: SLF001  branca's own meta element
        self.add_child(map_)
        self.map, self.chrome = map_, chrome

    def document(self, spec: Mapping[str, Any]) -> str:
        """Write the page; `spec` is added to the map's own.

        Branca's templates are never rendered: they link other hosts and write code.
        """
        body = self._body(json_block({**self.map.spec(), **spec}))
        chrome = self.chrome
        kind = "embed" if chrome.is_embed else "whole"
        invented = ' data-invented="1"' if chrome.is_synthetic else ""
        return (
            f'<!DOCTYPE html>\n<html lang="{escape(chrome.language)}" data-page="{kind}"{invented}>\n'
            '<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{escape(chrome.title)}</title>\n"
            f'<link rel="icon" href="/static/icon.svg">\n'
            f'<link rel="stylesheet" href="{LEAFLET}/leaflet.css">\n'
            '<link rel="stylesheet" href="/static/page.css">\n'
            f'<script defer src="{LEAFLET}/leaflet.js"></script>\n'
            '<script type="module" src="/static/js/boot.js"></script>\n'
            f"</head>\n<body>\n{body}</body>\n</html>\n"
        )

    def _body(self, block: str) -> str:
        chrome, words = self.chrome, self.chrome.strings
        name = self.map.get_name()
        banners = "".join(f'<p class="banner">{escape(text)}</p>\n' for text in chrome.banners)
        return (
            f'<header class="top">\n'
            f'<a class="skip" href="{escape(chrome.table_url)}">{escape(words["skip_to_table"])}</a>\n'
            f'<h1>{escape(chrome.heading)}</h1>\n'
            f'<div id="known"></div>\n{self._anchors()}{banners}</header>\n'
            f'<main class="work">\n<section class="map-box" aria-label="{escape(words["map"])}">\n'
            f'<div class="map" id="{name}" role="application" '
            f'aria-label="{escape(words["map_label"])}" aria-describedby="map-help"></div>\n'
            f'<p class="unseen" id="map-help">{escape(words["map_help"])}</p>\n'
            f'<p class="caption" id="caption"></p>\n{self._still()}</section>\n'
            '<div id="period"></div>\n<aside id="panel"></aside>\n</main>\n'
            f'<p class="unseen" role="status" id="status"></p>\n'
            f'<script type="application/json" id="spec">{block}</script>\n'
        )

    def _anchors(self) -> str:
        links = "".join(
            f'<a href="{escape(one.href)}"'
            + (f' lang="{one.language}" hreflang="{one.language}"' if one.language else "")
            + f">{escape(one.text)}</a>\n"
            for one in self.chrome.anchors
        )
        return f'<nav aria-label="{escape(self.chrome.title)}">\n{links}</nav>\n' if links else ""

    def _still(self) -> str:
        """A still picture and the way to the table, for a browser without scripts."""
        rows = "".join(
            '<div class="still-row">'
            + "".join(f'<img src="{escape(url)}" width="256" height="256" alt="">' for url in row)
            + "</div>"
            for row in self.chrome.still
        )
        table = escape(self.chrome.table_url)
        words = escape(self.chrome.strings["skip_to_table"])
        return f'<noscript><div class="still">{rows}</div><p><a href="{table}">{words}</a></p></noscript>\n'


def json_block(document: Any) -> str:
    """Write JSON that cannot end its own script element, whatever the text in it."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
