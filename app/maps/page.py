"""A Folium map and figure whose page passes a strict content security policy.

The page has no inline script and no inline style: a JSON block describes the map, and static
modules build it. A Folium element that needs generated code or files of another host is refused.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import folium
from branca.element import Figure
from jinja2 import Environment, FileSystemLoader, select_autoescape
from markupsafe import Markup

from app.domain.languages import direction
from app.domain.place import LonLat
from app.maps.card import Card
from app.maps.embedding import EmbedOptions
from app.maps.layers import OwnControl, OwnLayer
from app.maps.scripts import without_docs

LEAFLET = "/static/vendor/leaflet-1.9.4"
MODULES = (
    *(
        "asof",
        "bands",
        "bars",
        "boot",
        "canvaslayer",
        "choice",
        "columns",
        "control",
        "controltab",
        "datasets",
        "dom",
    ),
    *("filters", "footprint", "format", "hash", "highlight", "incident", "incidents", "legend"),
    *(
        "list",
        "looks",
        "mapview",
        "marks",
        "names",
        "openincident",
        "overview",
        "patterns",
        "pencil",
        "period",
    ),
    *(
        "pictures",
        "placing",
        "print",
        "projected",
        "regions",
        "request",
        "room",
        "ruler",
        "search",
        "share",
    ),
    *("spots", "state", "tabs", "tip", "tools", "waves"),
)
"""The scripts of the page: it requests all at once, not one after another as imports are read."""

LATER_MODULES = ("drawnarea", "record", "spotlist")
"""Scripts that the page requests when a reader first needs them: the edge of a drawn area, a
record, a list of a place."""


class Anchor(NamedTuple):
    """A link in the page's header."""

    text: str
    href: str
    language: str = ""
    is_view: bool = False
    """It leads to the same View: the page changes the link whenever its View changes."""


@dataclass(frozen=True)
class Chrome:
    """The texts and links around the map; the template escapes them."""

    title: str
    language: str
    strings: Mapping[str, str]
    table_url: str
    anchors: Sequence[Anchor] = ()
    theatres: Sequence[Anchor] = ()
    """Links to the other theatres; many of them are folded."""

    languages: Sequence[Anchor] = ()
    """Links to the same View in the other languages."""

    language_name: str = ""
    banners: Sequence[str] = ()
    corrections: Anchor | None = None
    embed: EmbedOptions | None = None
    """The choices of a frame; None for a page of its own."""

    is_synthetic: bool = False
    credits: str = ""
    days: str = ""
    """The period; the header says what the page is and when."""

    headline: str = ""
    as_known: str = ""
    """The View in one sentence, and the day on which it is known: a frame opens with both."""

    whole_url: str = "/"
    still: str = ""
    still_text: str = ""
    """The picture for a reader without scripts, and a description of it."""

    card: Card | None = None

    @property
    def direction(self) -> str:
        """The direction of the page's language: ltr or rtl."""
        return direction(self.language)


class SavedStreets(NamedTuple):
    """The part of the operator's basemap that a saved page holds."""

    box: Sequence[float]
    """West, south, east, north in degrees."""

    zoom: int
    """The deepest zoom; closer ones enlarge it."""

    is_cut: bool
    """Whether closer zooms were left out."""


@dataclass(frozen=True)
class SavedKit:
    """The parts of a page in one file: scripts, styles, and answers of the service by address."""

    style: str
    leaflet: str
    modules: Mapping[str, str]
    table: Mapping[str, object]
    answers: Mapping[str, object]
    archive: str | None
    """The name of the PMTiles file with the marks, beside the page."""

    anchors: Sequence[Anchor] = ()
    """Links to other files beside the page."""

    streets: SavedStreets | None = None

    @classmethod
    def of(
        cls,
        static: Path,
        table: Mapping[str, object],
        answers: Mapping[str, object],
        archive: str | None,
    ) -> SavedKit:
        """Read our own scripts and styles and the vendored Leaflet."""
        vendored = static / "vendor" / "leaflet-1.9.4"
        pictures = re.compile(r"url\([^)]*\)")
        styles = [vendored / "leaflet.css", static / "page.css"]
        return cls(
            style=pictures.sub("none", "\n".join(path.read_text("utf-8") for path in styles)),
            leaflet=(vendored / "leaflet.js").read_text("utf-8").replace("</script", "<\\/script"),
            modules={
                f"strikemap/{name}.js": _data_url((static / "js" / f"{name}.js").read_text("utf-8"))
                for name in (
                    *MODULES,
                    *LATER_MODULES,
                    "offline",
                    *(("archive", "archived") if archive else ()),
                )
            },
            table=table,
            answers=answers,
            archive=archive,
        )


def _data_url(script: str) -> str:
    bare = re.sub(r'(from |import\()"\./', r'\1"strikemap/', without_docs(script))
    return "data:text/javascript;base64," + base64.b64encode(bare.encode()).decode()


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
        """Show this box, in degrees, when the page opens."""
        self.options["bounds"] = [[south, west], [north, east]]

    def spec(self) -> dict[str, object]:
        """Return the map, its layers and controls as plain data.

        Raises:
            TypeError: a child needs generated code.
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

    def document(self, spec: Mapping[str, object]) -> str:
        """Write the page; `spec` is added to the map's own.

        Branca's templates are never rendered: they link to other hosts and contain code.
        """
        return (
            _templates()
            .get_template("page.html")
            .render(
                chrome=self.chrome,
                words=self.chrome.strings,
                leaflet=LEAFLET,
                map_id=self.map.get_name(),
                columns=spec["columnsUrl"],
                modules=[f"{name}.js" for name in MODULES],
                block=Markup(json_block({**self.map.spec(), **spec})),  # noqa: S704  json_block escapes it
            )
        )

    def saved(self, spec: Mapping[str, object], kit: SavedKit) -> str:
        """Write the page as one file that needs no service: scripts, styles and data are inside.

        The modules become data URLs, which have no folder: they import each other by the names of
        an import map.
        """
        streets = None if kit.streets is None else kit.streets._asdict()
        return (
            _templates()
            .get_template("saved.html")
            .render(
                chrome=self.chrome,
                words=self.chrome.strings,
                map_id=self.map.get_name(),
                style=Markup(kit.style),  # noqa: S704  our own files
                leaflet=Markup(kit.leaflet),  # noqa: S704  likewise
                imports=Markup(json_block({"imports": kit.modules})),  # noqa: S704  json_block escapes it
                table=kit.table,
                archive=kit.archive,
                streets=kit.streets,
                answers=Markup(json_block(kit.answers)),  # noqa: S704  json_block escapes it
                block=Markup(json_block({**self.map.spec(), **spec, "streets": streets})),  # noqa: S704  likewise
            )
        )


@cache
def _templates() -> Environment:
    folder = Path(__file__).parent / "templates"
    return Environment(loader=FileSystemLoader(folder), autoescape=select_autoescape(["html"]))


def json_block(document: object) -> str:
    """Write JSON for a script element, which no text inside can end."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
