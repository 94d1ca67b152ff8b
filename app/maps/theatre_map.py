"""The map of a View: which layers and controls it has, and what they are told."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from app.domain.incident import Status
from app.domain.place import LonLat
from app.i18n import strings
from app.maps.ids import stable_ids
from app.maps.layers import (
    Control,
    Filters,
    Ground,
    IncidentList,
    Incidents,
    Legend,
    Overview,
    OwnControl,
    Period,
    Regions,
    Ruler,
    Search,
    Share,
    Tiles,
    Waves,
)
from app.maps.page import Anchor, Chrome, Map, Page, SavedKit
from app.reference.taxonomy import Taxonomy, Terms
from app.reference.theatre import Theatre
from app.render.palette import (
    CITED,
    CLAIMED,
    CLASS_OPACITY,
    DASHES,
    DENSE_FROM,
    DENSITY,
    DENSITY_PX,
    DETAIL_ZOOM,
    FAMILIES,
    GAINED,
    LINE,
    LINE_CASING,
    LINE_FIXED,
    LINE_OTHER,
    LOST,
    NO_FIGURE_PATTERN,
    RAMPS,
    REGION_EDGE,
    RING,
    SHAPES,
    STALE_OPACITY,
    ground_pattern,
)

OTHER_PAGES = (
    *("change_", "collection_", "corrections_", "edit_", "export", "face_", "fate_", "import_"),
    *("mapping_", "month_", "notation_", "preview_", "rule_", "sort_", "text_"),
    *("compare_", "download_", "problem_", "snapshot_", "table_", "terms_", "tile_", "token"),
)
"""Beginnings of strings that no script of the map's page asks for: it is lighter without them."""

STILL_ZOOM_WIDTH = 4
EMBEDDED: tuple[type[OwnControl], ...] = (Legend,)
SAVED: tuple[type[OwnControl], ...] = (Overview, IncidentList, Legend, Ruler)
AROUND = (Overview, IncidentList, Filters, Ground, Waves, Legend, Search, Ruler, Share)
"""What stands around the map of a page, in the order of its tabs; an embed has the legend only, and
a page saved as one file what it can answer by itself."""


def build_page(
    theatre: Theatre,
    taxonomy: Taxonomy,
    told: Mapping[str, Any],
    chrome: Mapping[str, Any],
) -> str:
    """Build the page of a View.

    Args:
        theatre: gives the first view and the parties.
        taxonomy: labels of weapons and sectors.
        told: what only the services know: the View, datasets, histogram, as-of.
        chrome: banners, links and whether it is the embed.
    """
    language = str(told["view"]["lang"])
    words = strings(language)
    west, south, east, north = theatre.bounds
    with stable_ids():
        centre = LonLat((west + east) / 2, (south + north) / 2)
        page_map = Map(centre, zoom=6)
        page_map.fit(*told["box"])
        query = told["query"]
        Tiles(
            words["map"],
            url=f"/tiles/basemap/{{z}}/{{x}}/{{y}}{{r}}.png?{told['base_query']}",
            pane="basemap",
        ).add_to(page_map)
        Regions(
            words["layer_regions"],
            ramps=RAMPS,
            opacity=CLASS_OPACITY,
            edge=REGION_EDGE,
            noFigure=NO_FIGURE_PATTERN._asdict(),
        ).add_to(page_map)
        Control(
            words["layer_control"],
            line=LINE,
            casing=LINE_CASING,
            staleDays=theatre.stale_after_days,
            parties=_parties(theatre, language),
            claimed=CLAIMED._asdict(),
            cited=CITED._asdict(),
            gained=GAINED._asdict(),
            lost=LOST._asdict(),
            fixed=LINE_FIXED,
            other=LINE_OTHER,
            dashes={kind: f"{dash} {gap}" for kind, (dash, gap) in DASHES.items()},
            staleOpacity=STALE_OPACITY,
        ).add_to(page_map)
        Tiles(
            words["place"],
            url=f"/tiles/labels/{{z}}/{{x}}/{{y}}{{r}}.png?{told['base_query']}",
            pane="labels",
        ).add_to(page_map)
        Incidents(
            words["layer_incidents"],
            ring=RING,
            shapes=SHAPES,
            families=[(code, mark.colour, mark.shape) for code, mark in FAMILIES.items()],
            density=DENSITY,
            densityPx=DENSITY_PX,
            denseFrom=DENSE_FROM,
            detailZoom=DETAIL_ZOOM,
        ).add_to(page_map)
        kit: SavedKit | None = chrome["kit"]
        if kit is None:
            page_map.add_child(Period(**told["histogram"]))
        for part in SAVED if kit else EMBEDDED if chrome["is_embed"] else AROUND:
            page_map.add_child(part())
        page = Page(page_map, _chrome(theatre, told, chrome, words, query))
        spec = {
            "strings": {
                name: text for name, text in words.items() if not name.startswith(OTHER_PAGES)
            },
            "weapons": _labels(taxonomy.weapons, language),
            "sectors": _labels(taxonomy.sectors, language),
            "statuses": [[one.value, words[f"status_{one.value}"]] for one in Status],
            "theatre": {"note": theatre.note[language], "parties": _parties(theatre, language)},
            **told,
        }
        return page.document(spec) if kit is None else page.saved(spec, kit)


def _labels(terms: Terms, language: str) -> list[list[str]]:
    return [[code, terms.label(code, language)] for code in terms.codes]


def _parties(theatre: Theatre, language: str) -> list[dict[str, Any]]:
    others = [party.code for party in theatre.party if not party.state]
    return [
        {
            "code": party.code,
            "name": party.name(language),
            "pattern": None if party.state else ground_pattern(party.code, others)._asdict(),
        }
        for party in theatre.party
    ]


def _chrome(
    theatre: Theatre,
    told: Mapping[str, Any],
    chrome: Mapping[str, Any],
    words: Mapping[str, str],
    query: str,
) -> Chrome:
    name = theatre.name[str(told["view"]["lang"])]
    title = words["title"].format(theatre=name)
    return Chrome(
        title=title,
        language=str(told["view"]["lang"]),
        strings=words,
        table_url=f"/table?{query}",
        anchors=[Anchor(*one) for one in chrome["anchors"]],
        banners=chrome["banners"],
        corrections=Anchor(*chrome["corrections"]) if chrome["corrections"] else None,
        is_embed=chrome["is_embed"],
        is_synthetic=chrome["is_synthetic"],
        credits=f"{words['credits']}: {' · '.join(chrome['credits']) or '–'}",
        whole_url=f"/?{query}",
        still=f"/figure.png?{query}&width=1200&height=800",
        still_text=f"{title}. {told['view']['from']} – {told['view']['to']}. {words['subtitle']}",
        card=chrome.get("card"),
    )


def still_tiles(
    theatre: Theatre, query: str, layer: str = "map", across: int = STILL_ZOOM_WIDTH
) -> Sequence[Sequence[str]]:
    """Address the tiles that cover a theatre, row by row, for a page without scripts."""
    west, south, east, north = theatre.bounds
    zoom = next(z for z in range(12, -1, -1) if (east - west) / 360 * 2**z <= across - 1)
    columns = range(_column(west, zoom), _column(east, zoom) + 1)
    rows = range(_row(north, zoom), _row(south, zoom) + 1)
    return [[f"/tiles/{layer}/{zoom}/{x}/{y}.png?{query}" for x in columns] for y in rows]


def _column(lon: float, zoom: int) -> int:
    return int((lon + 180) / 360 * 2**zoom)


def _row(lat: float, zoom: int) -> int:
    return int((0.5 - math.asinh(math.tan(math.radians(lat))) / (2 * math.pi)) * 2**zoom)
