"""GeoConfirmed's map: its CSV, KMZ, GeoJSON and old JSON exports.

Much of it shows armed forces. A mark that names a unit, belongs to an armed force or describes a
position is dropped before anything else of it is read. See `docs/formats.md`, section
geoconfirmed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from xml.etree.ElementTree import Element

from app.domain.errors import InvalidFile
from app.domain.incident import Incident, Status, incident_id
from app.domain.period import When
from app.domain.place import Place, Precision
from app.files import parsing
from app.files.delimited import header_of
from app.files.features import Feature, features_of
from app.files.kml import document, is_kmz, parsed
from app.files.source import BadFieldError, SourceFile, decoded_head, load_json
from app.importers import events, native
from app.importers.base import Context, Dropped, Outcome, ParsedRecord
from app.importers.header import Header, member_names

COLUMNS = {
    "Date": "start",
    "Name": "(scope)",
    "Faction": "(scope), claims",
    "Origin": "(kept in no field)",
    "Latitude": "lat",
    "Longitude": "lon",
    "PlusCode": "place, admin1, country",
    "Description": "description",
    "Source": "sources",
    "Geolocation": "sources",
    "Equipment": "weapons, (scope)",
    "EquipmentItems": "weapons, (scope)",
    "Units": "(scope: dropped)",
    "OrbatUnits": "(scope: dropped)",
    "Id": "source_key",
}
OF_FORCES = ("Name", "Faction", "Description", "Equipment", "EquipmentItems", "Units", "OrbatUnits")
"""The columns by which marks of armed forces are recognised; a file needs all of them."""

HEADER = Header(COLUMNS, needed=("Date", "Latitude", "Longitude", "Id", *OF_FORCES))
FEATURE = Header(
    {
        "id": "source_key",
        "date": "start",
        "dateSort": "start, where date is empty",
        "icon": "(scope), where factionId and color say nothing",
        "factionId": "(scope)",
        "color": "(scope), where factionId says nothing",
        "name": "when_text, (scope)",
        "description": "description, (scope)",
        "units": "(scope: dropped)",
    },
    needed=("id",),
    may_lack=frozenset({"name", "description", "units", "dateSort", "icon", "color"}),
    what="members",
)
OLD_EVENT = Header(
    {
        "id": "source_key",
        "date": "start",
        "name": "when_text, (scope)",
        "description": "description, (scope)",
        "originalSource": "sources",
        "geolocation": "sources",
        "icon": "(scope)",
        "coordinates": "lon, lat",
    },
    needed=("date", "icon", "coordinates", "name", "description"),
    what="members",
)
NOTATIONS = (events.ISO, events.NAMED)
PLUS_CODE = re.compile(r"^\s*[23456789CFGHJMPQRVWX]{2,8}\+[23456789CFGHJMPQRVWX]{0,3},?\s*")
ICON = re.compile(r"icons/([0-9A-Fa-f]{6})/(True|False)/")
BREAK = re.compile(r"<br\s*/?>|</p>", re.IGNORECASE)
TAG = re.compile(r"<[^>]*>")
SOURCE_PART = re.compile(r"\b(?:Source|Geolocation)\(s\)\s*:", re.IGNORECASE)
INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[T ].*")
DIMENSIONS = 2


class GeoConfirmed:
    """Reads one export of one conflict's map."""

    name = "geoconfirmed"
    dataset = "geoconfirmed"
    publisher = "GeoConfirmed"
    licence = "internal"

    def recognises(self, source: SourceFile) -> str | None:
        """Recognise the columns or members that only this map has."""
        if {"PlusCode", "Faction", "OrbatUnits"} <= set(header_of(source)[0]):
            return "columns PlusCode, Faction and OrbatUnits of GeoConfirmed's export"
        if is_kmz(source) and b"api/icons/" in document(source):
            return "a KMZ with GeoConfirmed's icons"
        head = decoded_head(source).lstrip()
        if head.startswith("{") and '"factionMeta"' in head:
            return "a collection with factionMeta, as GeoConfirmed's map has"
        if head.startswith("[") and '"originalSource"' in head and '"geolocation"' in head:
            return "events with originalSource and geolocation, as GeoConfirmed's old map had"
        return None

    def mapping(self, source: SourceFile) -> dict[str, str]:
        """Map the columns of the CSV, or the members of the other forms."""
        if set(header_of(source)[0]) & {"PlusCode"}:
            return HEADER.mapped(source)
        if is_kmz(source):
            return {"name": "start", "description": "description, sources", "styleUrl": "(scope)"}
        is_old = decoded_head(source).lstrip().startswith("[")
        return dict((OLD_EVENT if is_old else FEATURE).mapping)

    def read(self, source: SourceFile, context: Context) -> Iterator[Outcome]:
        """Yield one outcome per row, placemark or feature.

        Raises:
            InvalidFile: it cannot be read, or a needed column is missing.
        """
        crosswalk = events.Crosswalk(context, "geoconfirmed")
        if is_kmz(source):
            marks = enumerate(parsed(document(source), source).iter("Placemark"), 1)
            for row, mark in marks:
                yield events.outcome_or_rejection(
                    row,
                    mark,
                    lambda row, mark: _outcome(row, _mark_of_placemark(mark, crosswalk), crosswalk),
                )
        elif decoded_head(source).lstrip().startswith(("{", "[")):
            yield from _json_outcomes(source, crosswalk)
        else:
            yield from HEADER.guard(source)
            yield from events.table_outcomes(
                source, lambda row, cells: _outcome(row, _mark_of_row(cells), crosswalk)
            )


@dataclass
class _Mark:
    """A mark of any of the forms; `lon_lat` is longitude and latitude as written."""

    date: str
    faction: str
    lon_lat: tuple[object, object]
    key: str | None = None
    title: str = ""
    description: str | None = None
    links: str = ""
    plus_code: str = ""
    equipment: str = ""
    units: str = ""


def _outcome(row: int, mark: _Mark, crosswalk: events.Crosswalk) -> Outcome:
    if reason := _out_of_scope(mark, crosswalk):
        return Dropped(row, reason)
    day = events.day(mark.date, "Date", NOTATIONS)
    faction = crosswalk.tables["factions"].get(mark.faction.lower())
    if faction is None:
        allowed = f"one of {', '.join(crosswalk.tables['factions'])}"
        raise BadFieldError("Faction", mark.faction, allowed)
    if faction != "incident":
        return Dropped(row, faction)
    when = When.days(day, text=_when_text(mark), zone=crosswalk.context.theatre.zone)
    return ParsedRecord(row, _incident(mark, when, crosswalk))


def _out_of_scope(mark: _Mark, crosswalk: events.Crosswalk) -> str | None:
    """Return why a mark may show where an armed force is; None for other marks."""
    if mark.units:
        return "unit"
    if crosswalk.tables["factions"].get(mark.faction.lower()) == "armed_force":
        return "armed_force"
    if crosswalk.word_in("positions", f"{mark.title} {mark.description or ''}"):
        return "described_position"
    if mark.equipment and crosswalk.code_of("weapons", mark.equipment) is None:
        return "equipment"
    return None


def _when_text(mark: _Mark) -> str | None:
    return mark.title if mark.title and mark.title != mark.date else None


def _incident(mark: _Mark, when: When, crosswalk: events.Crosswalk) -> Incident:
    context, point = crosswalk.context, parsing.point_from(*mark.lon_lat)
    content = {
        "date": mark.date,
        "faction": mark.faction,
        "text": mark.description,
        "at": mark.links,
    }
    key = mark.key or native.content_key(content, point)
    weapon = crosswalk.code_of("weapons", mark.equipment)
    name, admin1, country = _place_names(mark.plus_code, crosswalk)
    return Incident(
        id=incident_id(context.dataset, key),
        dataset=context.dataset,
        source_key=key,
        when=when,
        place=Place.at(
            point,
            Precision.exact if point else Precision.admin1 if admin1 else Precision.country,
            name=name,
            country=country,
            admin1=admin1,
        ),
        weapons=(weapon,) if weapon else (),
        claims=events.coded("GeoConfirmed", faction=mark.faction),
        sources=events.sources(mark.links),
        status=Status.geolocated if point else Status.reported,
        description=events.without_video_time(mark.description),
        synthetic=context.synthetic,
    )


def _place_names(
    text: str, crosswalk: events.Crosswalk
) -> tuple[str | None, str | None, str | None]:
    """Return town, region and country of "9CC5+22 Town, Oblast, Country"; skip the code."""
    parts = [part.strip() for part in PLUS_CODE.sub("", text).split(",")]
    parts = [part for part in parts if part]
    country = crosswalk.country(parts[-1]) if parts else None
    parts = parts[:-1] if country else parts
    admin1 = next((code for part in parts[::-1] if (code := crosswalk.region(part))), None)
    return (parts[0] if parts else None), admin1, country


def _mark_of_row(cells: Mapping[str, str]) -> _Mark:
    def joined(*names: str) -> str:
        return " ".join(cells[name] for name in names if name in cells)

    return _Mark(
        date=cells.get("Date", ""),
        faction=cells.get("Faction", ""),
        lon_lat=(cells.get("Longitude"), cells.get("Latitude")),
        key=cells.get("Id"),
        title=cells.get("Name", ""),
        description=cells.get("Description"),
        links=joined("Source", "Geolocation"),
        plus_code=cells.get("PlusCode", ""),
        equipment=joined("Equipment", "EquipmentItems"),
        units=joined("Units", "OrbatUnits"),
    )


def _mark_of_placemark(placemark: Element, crosswalk: events.Crosswalk) -> _Mark:
    """Read a placemark: its name is the day, the colour of its icon the faction."""
    title = (placemark.findtext("name") or "").strip()
    html = placemark.findtext("description") or ""
    text = unescape(TAG.sub(" ", BREAK.sub("\n", html)))
    description = SOURCE_PART.split(text)[0].strip() or None
    return _Mark(
        date=title,
        faction=_faction(placemark.findtext("styleUrl") or "", crosswalk),
        lon_lat=_coordinates(placemark.findtext(".//Point/coordinates")),
        description=description,
        links=html,
    )


def _coordinates(text: str | None) -> tuple[object, object]:
    lon, _, rest = (text or "").strip().partition(",")
    return lon, rest.partition(",")[0]


def _faction(icon: str, crosswalk: events.Crosswalk) -> str:
    """Return the faction of an icon's colour; the colour itself where no list has it."""
    match = ICON.search(icon)
    if not match:
        raise BadFieldError("icon", icon, "a path with the faction's colour, icons/RRGGBB/False/…")
    return crosswalk.tables["colours"].get(match[1].upper(), match[1].upper())


def _json_outcomes(source: SourceFile, crosswalk: events.Crosswalk) -> Iterator[Outcome]:
    content = load_json(source)
    if isinstance(content, list):
        yield from OLD_EVENT.guard(source, member_names(content))
        for row, event in enumerate(content, 1):
            yield events.outcome_or_rejection(
                row,
                event,
                lambda row, event: _outcome(row, _mark_of_old_event(event, crosswalk), crosswalk),
            )
        return
    meta = content.get("factionMeta") if isinstance(content, dict) else None
    if not isinstance(content, dict) or not isinstance(meta, list):
        raise InvalidFile(source.name, "no factionMeta", "the factions of GeoConfirmed's map")
    names = {
        str(event.get("id")): str(event.get("name")) for event in meta if isinstance(event, dict)
    }
    features = features_of(content.get("geojson"), source)
    yield from FEATURE.guard(source, member_names(event["properties"] for event in features))
    for row, feature in enumerate(features, 1):
        yield events.outcome_or_rejection(
            row,
            feature,
            lambda row, event: _outcome(row, _mark_of_feature(event, names, crosswalk), crosswalk),
        )


def _mark_of_old_event(event: object, crosswalk: events.Crosswalk) -> _Mark:
    """Read an event of the old map; its coordinates have the latitude first."""
    if not isinstance(event, dict):
        raise BadFieldError("event", event, "an object")
    place = event.get("coordinates") or [None, None]
    if not isinstance(place, list) or len(place) != DIMENSIONS:
        raise BadFieldError("lon, lat", place, "two numbers in degrees, latitude first")
    links = {name: parsing.text(event, name) or "" for name in ("originalSource", "geolocation")}
    return _Mark(
        date=_day_text(parsing.text(event, "date")),
        faction=_faction(parsing.text(event, "icon") or "", crosswalk),
        lon_lat=(place[1], place[0]),
        key=parsing.text(event, "id"),
        title=parsing.text(event, "name") or "",
        description=parsing.text(event, "description"),
        links=" ".join(links.values()),
    )


def _mark_of_feature(
    feature: Feature, names: Mapping[str, str], crosswalk: events.Crosswalk
) -> _Mark:
    properties, geometry = feature["properties"], feature["geometry"]
    if feature["fault"] is not None:
        raise BadFieldError("feature", feature["fault"], "a GeoJSON Feature")
    place = geometry.get("coordinates") if isinstance(geometry, Mapping) else None
    if place is not None and (not isinstance(place, list) or len(place) < DIMENSIONS):
        raise BadFieldError("lon, lat", place, "two numbers in degrees")
    faction = names.get(parsing.text(properties, "factionId") or "")
    return _Mark(
        date=_day_text(parsing.text(properties, "date") or parsing.text(properties, "dateSort")),
        faction=faction or _faction_of_colour(properties, crosswalk),
        lon_lat=(place[0], place[1]) if place else (None, None),
        key=parsing.text(properties, "id"),
        title=parsing.text(properties, "name") or "",
        description=parsing.text(properties, "description"),
        units=parsing.text(properties, "units") or "",
    )


def _faction_of_colour(properties: parsing.Values, crosswalk: events.Crosswalk) -> str:
    colour = (parsing.text(properties, "color") or "").removeprefix("#").upper()
    if colour in crosswalk.tables["colours"]:
        return crosswalk.tables["colours"][colour]
    return _faction(parsing.text(properties, "icon") or "", crosswalk)


def _day_text(text: str | None) -> str:
    """Return the day of a time: its hour is when the mark was put on the map."""
    match = INSTANT.fullmatch(text or "")
    return match[1] if match else text or ""
