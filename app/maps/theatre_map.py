"""The map of a View: its layers and controls, and the options of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode, urlsplit

import msgspec

from app.domain.incident import EventKind, Status
from app.domain.mercator import tile_at
from app.domain.place import LonLat
from app.i18n import strings
from app.maps.facts import Histogram, PageFacts
from app.maps.ids import stable_ids
from app.maps.layers import (
    Control,
    ControlTab,
    Filters,
    IncidentList,
    Incidents,
    Legend,
    Names,
    Overview,
    OwnControl,
    OwnLayer,
    PeriodControl,
    Regions,
    Ruler,
    Search,
    ServiceTiles,
    Share,
    Tiles,
    Tools,
    Waves,
)
from app.maps.page import Chrome, Map, Page, SavedKit
from app.reference.taxonomy import CodeList, Taxonomy
from app.reference.theatre import Theatre
from app.render.palette import (
    BAND_PX,
    CITED,
    CLAIMED,
    CLASS_OPACITY,
    DASHES,
    DENSE_FROM,
    DENSITY,
    DENSITY_PX,
    DETAIL_ZOOM,
    FADE_ZOOMS,
    GAINED,
    HALO,
    LINE,
    LINE_CASING,
    LINE_FIXED,
    LINE_OTHER,
    LOST,
    NO_FIGURE_PATTERN,
    PAPER,
    RAMPS,
    REGION_EDGE,
    RING,
    SETTLEMENT_PX,
    SHAPES,
    SIZE_STEPS,
    STALE_OPACITY,
    STALE_WIDTH,
    STREET_TEXT,
    TEXT,
    UNKNOWN_MARK,
    WATER_TEXT,
    ground_pattern,
)
from app.streets.services import TileService

OTHER_PAGES = (
    *("audit_", "change_", "collection_", "corrections_", "edit_", "export", "face_", "fate_"),
    "import_",
    *("headline_", "hint_", "image_", "images", "mapping_", "month_", "notation_", "preview_"),
    *("option_", "rule_", "sort_", "text_"),
    *("confidence_", "grade_", "mechanism_", "near_border", "no_source", "redaction_"),
    *("compare_", "download_", "problem_", "snapshot_", "table_", "terms_", "tile_", "token"),
    "theatres_",
    *("figure_alt", "figure_boundaries", "figure_control_", "figure_nothing", "figure_private"),
    *(
        "stories",
        "story",
        "review_approve",
        "review_decided",
        "review_intro",
        "review_kind_",
        "review_refuse",
        "review_second",
        "review_waiting",
        "review_wording",
        "sign_",
        "signed_",
    ),
)
"""Prefixes of strings that no script of the map's page reads: the page is smaller without them."""

STILL_ZOOM_WIDTH = 4
EMBEDDED: tuple[type[OwnControl], ...] = (Legend,)
SAVED: tuple[type[OwnControl], ...] = (Overview, IncidentList, Legend, Ruler)
AROUND = (Overview, IncidentList, Filters, ControlTab, Waves, Legend, Search, Ruler, Tools, Share)
"""The controls around the map of a page, in the order of its tabs; an embed has only the legend,
and a page saved as one file only those that need no service."""


@dataclass(frozen=True)
class PageContent:
    """What the page of a View shows."""

    facts: PageFacts
    chrome: Chrome
    box: Sequence[float]
    """The map shows this box first: west, south, east, north in degrees."""

    histogram: Histogram
    basemap_credit: str = ""
    """Whom the operator's basemap is credited to; shown in the map's corner."""

    services: Sequence[TileService] = ()
    """Tile services of others, offered as ground."""

    kit: SavedKit | None = None
    """The parts of a page that is saved as one file."""


def build_page(theatre: Theatre, taxonomy: Taxonomy, content: PageContent) -> str:
    """Build the page of a View; the legend names the theatre's parties."""
    facts, chrome, kit = content.facts, content.chrome, content.kit
    with stable_ids():
        page_map = _map(theatre, facts.language, content.box, content.basemap_credit)
        for service in content.services:
            _service_layer(service).add_to(page_map)
        if kit is None and (chrome.embed is None or chrome.embed.controls != "none"):
            page_map.add_child(PeriodControl(**msgspec.to_builtins(content.histogram)))
        for part in SAVED if kit else EMBEDDED if chrome.embed else AROUND:
            page_map.add_child(part())
        page = Page(page_map, chrome)
        texts = _texts(theatre, taxonomy, facts.language, has_services=bool(content.services))
        spec = {**texts, **msgspec.to_builtins(facts)}
        return page.document(spec) if kit is None else page.saved(spec, kit)


def map_spec(
    theatre: Theatre, taxonomy: Taxonomy, facts: PageFacts, box: Sequence[float], credit: str
) -> dict[str, object]:
    """Describe the map of a View alone, for a page that is not the map's own."""
    with stable_ids():
        bare_map = _map(theatre, facts.language, box, credit)
    texts = _texts(theatre, taxonomy, facts.language, has_services=False)
    return {**bare_map.spec(), **texts, **msgspec.to_builtins(facts)}


def _map(theatre: Theatre, language: str, box: Sequence[float], credit: str) -> Map:
    """Make the map with its layers; it shows the box first."""
    west, south, east, north = theatre.bounds
    theatre_map = Map(LonLat((west + east) / 2, (south + north) / 2), zoom=6)
    theatre_map.fit(*box)
    for layer in _layers(theatre, language, credit):
        layer.add_to(theatre_map)
    return theatre_map


def _layers(theatre: Theatre, language: str, credit: str) -> Iterator[OwnLayer]:
    """Make the layers of the map, in the order of its list."""
    words, base = strings(language), urlencode({"theatre": theatre.slug, "lang": language})
    ground = _tiles_url("basemap", base)
    yield Tiles(words["map"], url=ground, pane="basemap", credit=escape(credit))
    yield Regions(
        words["layer_regions"],
        ramps=RAMPS,
        opacity=CLASS_OPACITY,
        band=BAND_PX,
        fadeZooms=FADE_ZOOMS,
        edge=REGION_EDGE,
        noFigure=NO_FIGURE_PATTERN._asdict(),
    )
    yield Control(
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
        staleWidth=STALE_WIDTH,
    )
    yield Incidents(
        words["layer_incidents"],
        ring=RING,
        settlementPx=SETTLEMENT_PX,
        shapes=SHAPES,
        sizes=SIZE_STEPS,
        unknown=UNKNOWN_MARK.colour,
        paper=PAPER,
        density=DENSITY,
        densityPx=DENSITY_PX,
        denseFrom=DENSE_FROM,
        detailZoom=DETAIL_ZOOM,
    )
    yield Names(
        words["place"],
        url=f"/tiles/labels/{{z}}/{{x}}/{{y}}.json?{base}",
        text=TEXT,
        street=STREET_TEXT,
        water=WATER_TEXT,
        halo=HALO,
    )


def _service_layer(service: TileService) -> OwnLayer:
    return ServiceTiles(
        service.name,
        show=service.shown,
        url=service.template,
        credit=escape(service.attribution),
        host=", ".join(urlsplit(origin).netloc for origin in service.origins),
        maxZoom=service.max_zoom,
        subdomains=service.subdomains,
        isImagery=service.imagery,
        referrer="origin" if service.referrer else "no-referrer",
    )


def _tiles_url(layer: str, query: str) -> str:
    return f"/tiles/{layer}/{{z}}/{{x}}/{{y}}{{r}}.png?{query}"


def _texts(
    theatre: Theatre, taxonomy: Taxonomy, language: str, *, has_services: bool
) -> dict[str, object]:
    """Return the strings and labels that the scripts of the page read."""
    words = strings(language)
    unread = OTHER_PAGES if has_services else (*OTHER_PAGES, "service_")
    return {
        "strings": {name: text for name, text in words.items() if not name.startswith(unread)},
        "weapons": _labels(taxonomy.weapons, language),
        "sectors": _labels(taxonomy.sectors, language),
        "kinds": [[one.value, words[f"kind_{one.value}"]] for one in EventKind],
        "statuses": [[one.value, words[f"status_{one.value}"]] for one in Status],
        "theatre": {"note": theatre.remark(language), "parties": _parties(theatre, language)},
    }


def _labels(terms: CodeList, language: str) -> list[list[str]]:
    return [[code, terms.label(code, language)] for code in terms.codes]


def _parties(theatre: Theatre, language: str) -> list[dict[str, object]]:
    others = [party.code for party in theatre.party if not party.state]
    return [
        {
            "code": party.code,
            "name": party.name(language),
            "pattern": None if party.state else ground_pattern(party.code, others)._asdict(),
        }
        for party in theatre.party
    ]


def still_tiles(
    theatre: Theatre, query: str, layer: str = "map", across: int = STILL_ZOOM_WIDTH
) -> Sequence[Sequence[str]]:
    """List the addresses of the tiles over a theatre, row by row, for a page without scripts."""
    west, south, east, north = theatre.bounds
    zoom = next(z for z in range(12, -1, -1) if (east - west) / 360 * 2**z <= across - 1)
    first_column, first_row = tile_at(west, north, zoom)
    last_column, last_row = tile_at(east, south, zoom)
    columns, rows = range(first_column, last_column + 1), range(first_row, last_row + 1)
    return [[f"/tiles/{layer}/{zoom}/{x}/{y}.png?{query}" for x in columns] for y in rows]
