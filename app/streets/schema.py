"""Understands what a feature of a basemap is, in the three schemas that are in use.

OpenMapTiles 3, Protomaps basemap 4 and Shortbread 1 are recognised by the names of their layers. In
any other file lines and areas are drawn faintly, as far as their geometry tells.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from app.streets.decoding import LINES, POINT, POLYGON, Tags

WAYS = ("stream", "rail", "path", "service", "street", "main", "motorway", "line")
"""Ways in the order in which they are drawn; `line`, and `area`, are of an unknown schema."""

ROAD_NAMES, WATER_NAMES = ("motorway", "main", "street", "service"), ("lake", "stream")


class Ground(NamedTuple):
    """What a feature is: a kind of area, way, road with a name, or settlement; "" is not drawn."""

    kind: str
    is_name: bool = False


NOT_DRAWN = Ground("")
Reader = Callable[[Tags, int], Ground]
"""Tells what a feature is, from its tags and the type of its geometry."""


class Schema(NamedTuple):
    """A schema: its name, the readers of its layers, and the layers that only it has.

    `names_roads` tells that roads carry their names themselves, and have no layer of names.
    """

    name: str
    readers: Mapping[str, Reader]
    own: Collection[str]
    names_roads: bool = False


def _by(tag: str, kinds: Mapping[str, Sequence[str]], *, is_name: bool = False) -> Reader:
    """Read a kind from one tag, by a table from our kinds to the words of the schema."""
    words = {word: kind for kind, many in kinds.items() for word in many}

    def read(tags: Tags, _geometry: int) -> Ground:
        kind = words.get(str(tags.get(tag, "")))
        return Ground(kind, is_name) if kind else NOT_DRAWN

    return read


def _always(kind: str, geometry: int) -> Reader:
    return lambda _tags, its: Ground(kind) if its == geometry else NOT_DRAWN


def _names_of_water(tags: Tags, geometry: int) -> Ground:
    del tags
    return Ground("lake" if geometry == POINT else "stream", is_name=True)


SETTLEMENTS = {
    "city": ("city",),
    "town": ("town",),
    "village": ("village",),
    "hamlet": ("hamlet", "isolated_dwelling", "farm"),
    "suburb": ("suburb", "borough"),
    "quarter": ("quarter", "neighbourhood", "neighborhood", "macrohood"),
}
GREEN = {
    "wood": ("wood", "forest"),
    "park": (
        *("grass", "grassland", "park", "garden", "cemetery", "golf_course", "meadow", "scrub"),
        *("recreation_ground", "village_green", "nature_reserve", "pitch", "playground", "zoo"),
        *("allotments", "orchard", "vineyard", "grave_yard", "heath", "common", "dog_park"),
    ),
    "built": ("residential", "suburb", "quarter", "neighbourhood", "urban_area", "developed"),
    "works": (
        *("industrial", "commercial", "retail", "railway", "quarry", "landfill", "brownfield"),
        *("hospital", "school", "university", "college", "kindergarten", "stadium", "military"),
        *("bus_station", "aerodrome", "parking", "garages", "prison"),
    ),
}
ROADS = {
    "motorway": ("motorway", "trunk", "highway"),
    "main": ("primary", "secondary", "major_road"),
    "street": ("tertiary", "minor", "unclassified", "residential", "living_street"),
    "service": ("service", "track", "busway", "raceway", "pedestrian"),
    "path": ("path", "footway", "cycleway", "steps", "bridleway"),
    "rail": ("rail", "transit", "light_rail", "subway", "tram", "narrow_gauge", "monorail"),
}
FLOWING = {"stream": ("river", "canal", "stream", "drain", "ditch")}
OPEN_MAP_TILES = Schema(
    "OpenMapTiles",
    {
        "landcover": _by("class", {**GREEN, "park": ("grass", "farmland", "wetland")}),
        "landuse": _by("class", GREEN),
        "park": _always("park", POLYGON),
        "water": _always("water", POLYGON),
        "waterway": _by("class", FLOWING),
        "building": _always("building", POLYGON),
        "transportation": _by("class", ROADS),
        "transportation_name": _by("class", ROADS, is_name=True),
        "water_name": _names_of_water,
        "place": _by("class", SETTLEMENTS, is_name=True),
    },
    ("transportation", "transportation_name", "waterway", "landcover"),
)


def _protomaps_road(tags: Tags, _geometry: int) -> Ground:
    """Read a road: `kind` is coarse, `kind_detail` the word of OpenStreetMap."""
    detail, kind = str(tags.get("kind_detail", "")), str(tags.get("kind", ""))
    by_detail = _by("kind_detail", ROADS)(tags, LINES)
    if kind == "rail":
        return Ground("rail")
    if by_detail.kind:
        return by_detail
    coarse = {"highway": "motorway", "major_road": "main", "minor_road": "street", "path": "path"}
    return Ground(coarse.get(kind, "service" if detail or kind == "other" else ""))


def _protomaps_water(tags: Tags, geometry: int) -> Ground:
    if geometry == POLYGON:
        return Ground("water")
    if geometry == LINES:
        return _by("kind", FLOWING)(tags, geometry)
    return Ground("lake", is_name=True)


def _protomaps_place(tags: Tags, _geometry: int) -> Ground:
    by_detail = _by("kind_detail", SETTLEMENTS, is_name=True)(tags, POINT)
    coarse = {"kind": {"quarter": ("neighbourhood", "macrohood"), "town": ("locality",)}}
    return by_detail if by_detail.kind else _by("kind", coarse["kind"], is_name=True)(tags, POINT)


PROTOMAPS = Schema(
    "Protomaps",
    {
        "landcover": _by("kind", {**GREEN, "park": ("grassland", "scrub", "farmland")}),
        "landuse": _by("kind", GREEN),
        "water": _protomaps_water,
        "buildings": _always("building", POLYGON),
        "roads": _protomaps_road,
        "places": _protomaps_place,
    },
    ("earth", "roads", "places", "landcover"),
    names_roads=True,
)


def _shortbread_street(tags: Tags, geometry: int) -> Ground:
    return Ground("rail") if tags.get("rail") else _by("kind", ROADS)(tags, geometry)


SHORTBREAD = Schema(
    "Shortbread",
    {
        "land": _by("kind", GREEN),
        "sites": _by("kind", GREEN),
        "ocean": _always("water", POLYGON),
        "water_polygons": _always("water", POLYGON),
        "water_lines": _by("kind", FLOWING),
        "buildings": _always("building", POLYGON),
        "streets": _shortbread_street,
        "street_labels": _by("kind", ROADS, is_name=True),
        "water_polygons_labels": _names_of_water,
        "water_lines_labels": _names_of_water,
        "place_labels": _by("kind", SETTLEMENTS, is_name=True),
    },
    ("streets", "water_polygons", "street_labels", "place_labels", "water_lines", "ocean"),
)
KNOWN = (OPEN_MAP_TILES, PROTOMAPS, SHORTBREAD)
FEWEST_OWN = 2
"""So many of the layers that only one schema has tell that schema: one may be a coincidence."""


def schema_of(layers: Collection[str]) -> Schema | None:
    """Recognise a schema by the names of its layers; None for an unknown one."""
    scores = [(len(set(layers) & set(schema.own)), schema) for schema in KNOWN]
    most, best = max(scores, key=lambda pair: pair[0])
    return best if most >= FEWEST_OWN else None


def read_ground(schema: Schema | None, layer: str, tags: Tags, geometry: int) -> Ground:
    """Tell what a feature is; in an unknown schema, by its geometry alone."""
    if schema is None:
        return Ground({POLYGON: "area", LINES: "line"}.get(geometry, ""))
    reader = schema.readers.get(layer)
    return NOT_DRAWN if reader is None else reader(tags, geometry)


def is_ocean(layer: str, tags: Tags) -> bool:
    """Tell the sea from other water."""
    return layer == "ocean" or (
        layer == "water" and "ocean" in (tags.get("class"), tags.get("kind"))
    )


def name_in(language: str, tags: Tags) -> str:
    """Name a feature in a language, else in Latin letters, else as it is written there."""
    keys = [f"name:{language}", f"name_{language}", f"pgf:name:{language}"]
    if language == "en":
        keys += ["name:latin", "name_int", "int_name"]
    keys += ["name", "name:latin", "name:en", "name_en"]
    return next((str(tags[key]) for key in keys if tags.get(key)), "")
