"""CIR Eyes on Russia: the map's CSV of 2022, its old GeoJSON and its new service.

The event group decides the scope: damage, explosions and casualties become incidents; military
presence, losses and firing positions are dropped. The month in a group's name is not the date. See
`docs/formats.md`, section cir.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

from app.domain.damage import Damage
from app.domain.errors import InvalidFile
from app.domain.incident import Incident, Status, incident_id
from app.domain.period import When
from app.domain.place import LonLat, Place, Precision
from app.domain.source import SourceRef
from app.files import parsing
from app.files.delimited import header_of, table_rows
from app.files.features import is_cut_off
from app.files.source import BadFieldError, Rejection, SourceFile, decoded_head, load_json
from app.importers import events, native
from app.importers.base import Context, Dropped, Outcome, ParsedRecord, Warned
from app.importers.header import Header, member_names

COLUMNS = {
    "entry": "source_key",
    "date": "start",
    "event_group": "(scope and damage)",
    "title": "when_text",
    "brief description": "description",
    "lat": "lat",
    "lon": "lon",
    "country": "country",
    "province": "admin1",
    "district": "(kept in no field)",
    "town/city": "place",
    "arms/munition": "weapons",
    "violence level": "graphic",
    "link": "sources[0].url",
    "geolocation": "sources[1].url",
}


SERVICE = {
    "OBJECTID": "(kept in no field)",
    "Entry_Number": "source_key",
    "Description": "description",
    "Link": "sources[0].url",
    "Link_geolocation": "sources[1].url",
    "Credit": "(kept in no field)",
    "Primary_category": "(scope and damage)",
    "Secondary_category": "claims",
    "Sector_affected": "damage, claims",
    "Town_or_City": "place",
    "country": "country",
    "province": "admin1",
    "latitude": "lat",
    "longitude": "lon",
    "TIMESTAMP": "start",
    "Graphic_content_level": "graphic",
}
OLD = {
    "id": "source_key",
    "verifiedDate": "start",
    "url": "sources[0].url",
    "status": "(kept in no field)",
    "credit": "(kept in no field)",
    "description": "description",
    "country": "country",
    "province": "admin1",
    "district": "(kept in no field)",
    "city": "place",
    "categories": "(scope and damage)",
    "title": "when_text",
}
HEADER = Header(
    COLUMNS,
    needed=("entry", "date", "event_group", "lon", "lat", "violence level", "link", "geolocation"),
)
FORMS = {
    "service": Header(
        SERVICE,
        needed=("Entry_Number", "Primary_category", "TIMESTAMP"),
        may_lack=frozenset({"latitude", "longitude"}),  # the feature's own point says the same
        what="members",
    ),
    "old": Header(OLD, needed=("verifiedDate", "categories"), what="members"),
}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CUT_OFF = (
    "The service cut this answer off (exceededTransferLimit): more entries exist than it holds."
)


class Cir:
    """Reads the 2022 export, the old map's GeoJSON and an answer of the new service."""

    name = "cir"
    dataset = "cir"
    publisher = "CIR, Eyes on Russia"
    licence = "internal"

    def recognises(self, source: SourceFile) -> str | None:
        """Recognise the columns or members that no other format has together."""
        names = set(header_of(source)[0])
        if {"entry", "event_group", "violence level", "geolocation"} <= names:
            return "columns entry, event_group, violence level and geolocation of CIR's export"
        return _feature_form(source)

    def mapping(self, source: SourceFile) -> dict[str, str]:
        """Map the 15 columns, or the members of a feature."""
        if _is_json(source):
            return dict(FORMS["service" if _is_service(source) else "old"].mapping)
        return HEADER.mapped(source)

    def read(self, source: SourceFile, context: Context) -> Iterator[Outcome]:
        """Yield one outcome per row or feature.

        Raises:
            InvalidFile: columns are missing, or there is no list of features; new names only warn.
        """
        crosswalk = _Crosswalk(context)
        if _is_json(source):
            yield from _feature_outcomes(source, crosswalk)
            return
        yield from HEADER.guard(source)
        for row in table_rows(source):
            if isinstance(row, Rejection):
                yield row
            else:
                number, cells = row
                yield events.outcome_or_rejection(
                    number,
                    cells,
                    lambda number, cells: _outcome(number, _entry_of_row(cells), crosswalk),
                )


def _feature_form(source: SourceFile) -> str | None:
    head = decoded_head(source)
    if '"Entry_Number"' in head and '"Primary_category"' in head:
        return "Entry_Number and Primary_category of CIR's service"
    if '"verifiedDate"' in head and '"categories"' in head:
        return "verifiedDate and categories of CIR's old map"
    return None


def _is_json(source: SourceFile) -> bool:
    return decoded_head(source).lstrip().startswith(("{", "["))


def _is_service(source: SourceFile) -> bool:
    head = decoded_head(source)
    return any(f'"{name}"' in head for name in ("Entry_Number", "Primary_category", "TIMESTAMP"))


@dataclass
class _Entry:
    """One entry of any of the forms; its day is read only if it is in scope."""

    group: str
    column: str
    values: parsing.Values
    key: str | None
    lon: object
    lat: object
    read_day: Callable[[], date | None]
    text: str | None = None
    place: str | None = None
    country: str = ""
    province: str = ""
    arms: str = ""
    sector: str | None = None
    links: list[str] = field(default_factory=list)
    description: str | None = None
    graphic: bool = False
    codes: dict[str, str | None] = field(default_factory=dict)


class _Crosswalk:
    """The crosswalk from CIR's words, with the theatre's own region names."""

    def __init__(self, context: Context) -> None:
        crosswalk = context.taxonomy.crosswalk("cir")
        self.context, self._shared = context, events.Crosswalk(context, "cir")
        self.scope, self.damage = crosswalk["scope"], crosswalk["damage"]
        self.sectors = crosswalk["sectors"]
        self.countries = crosswalk["countries"]
        self._province_codes, self._regions = crosswalk["provinces"], context.regions

    def group(self, text: str) -> str:
        """Return the known group with which a group's name begins, else the name itself."""
        return next((group for group in self.scope if text.startswith(group)), text)

    @cached_property
    def provinces(self) -> Mapping[str, str]:
        """ISO codes by province name in lower case."""
        own = {region.name_en.lower(): region.code for region in self._regions}
        return {**own, **self._province_codes}

    def province(self, name: str) -> str | None:
        """Return a province's ISO code by its full name, or by the short name of the service."""
        return self.provinces.get(name.lower()) or self._shared.region(name)

    def weapons(self, munition: str) -> tuple[str, ...]:
        """Return the weapon class of a munition's name; none for a name that no list has."""
        code = self._shared.code_of("weapons", munition)
        return (code,) if code else ()


def _outcome(row: int, entry: _Entry, crosswalk: _Crosswalk) -> Outcome:
    group = crosswalk.group(entry.group)
    scope = crosswalk.scope.get(group)
    if scope is None:
        allowed = f"a group beginning with {', '.join(crosswalk.scope)}"
        return Rejection(row, entry.column, entry.group, allowed)
    return (
        Dropped(row, scope)
        if scope != "incident"
        else ParsedRecord(row, _incident(entry, group, crosswalk))
    )


def _incident(entry: _Entry, group: str, crosswalk: _Crosswalk) -> Incident:
    context = crosswalk.context
    point = parsing.point_from(entry.lon, entry.lat)
    key = entry.key or native.content_key(entry.values, point)
    sector = (entry.sector and crosswalk.sectors.get(entry.sector)) or crosswalk.damage.get(group)
    return Incident(
        id=incident_id(context.dataset, key),
        dataset=context.dataset,
        source_key=key,
        when=When.days(entry.read_day(), text=entry.text, zone=context.theatre.zone),
        place=_place(entry, point, crosswalk),
        weapons=crosswalk.weapons(entry.arms),
        damage=(Damage(sector),) if sector else (),
        claims=events.coded("CIR", **entry.codes),
        sources=tuple(SourceRef(url=url) for url in entry.links),
        status=Status.geolocated,
        description=entry.description,
        graphic=entry.graphic,
        synthetic=context.synthetic,
    )


def _place(entry: _Entry, point: LonLat | None, crosswalk: _Crosswalk) -> Place:
    return Place.at(
        point,
        Precision.exact if point else Precision.country,
        name=entry.place,
        country=crosswalk.countries.get(entry.country.lower()),
        admin1=crosswalk.province(entry.province),
    )


def _entry_of_row(cells: dict[str, str]) -> _Entry:
    day_text = cells.get("date")
    return _Entry(
        group=cells.get("event_group", ""),
        column="event_group",
        # The content of a row without an id is its key; a new column must not change the key.
        values=_selected(cells, COLUMNS),
        key=cells.get("entry"),
        lon=cells.get("lon"),
        lat=cells.get("lat"),
        read_day=lambda: parsing.iso_day(day_text, "date") if day_text else None,
        text=cells.get("title"),
        place=cells.get("town/city"),
        country=cells.get("country", ""),
        province=cells.get("province", ""),
        arms=cells.get("arms/munition", ""),
        links=[url for name in ("link", "geolocation") if (url := cells.get(name))],
        description=cells.get("brief description"),
        graphic=_is_graphic(cells.get("violence level")),
    )


def _is_graphic(level: str | None) -> bool:
    """Tell whether the level begins with "Graphic"; "Not graphic" and numbers do not."""
    return (level or "").lower().startswith("graphic")


def _feature_outcomes(source: SourceFile, crosswalk: _Crosswalk) -> Iterator[Outcome]:
    document = load_json(source)
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(features, list):
        raise InvalidFile(source.name, "no list `features`", "an answer of CIR's map")
    pairs = [(_feature_values(feature), feature) for feature in features]
    is_service = _is_service(source)
    header = FORMS["service" if is_service else "old"]
    yield from header.guard(source, member_names(values for values, _ in pairs))
    if is_cut_off(document):
        yield Warned(CUT_OFF)
    entry_of = _entry_of_service if is_service else _entry_of_old_map

    def outcome_of(row: int, pair: tuple[parsing.Values, object]) -> Outcome:
        values, feature = pair
        return _outcome(row, entry_of(values, _own_point(feature)), crosswalk)

    for row, pair in enumerate(pairs, 1):
        yield events.outcome_or_rejection(row, pair, outcome_of)


def _feature_values(feature: object) -> dict[str, object]:
    """Return a feature's values: ArcGIS calls them attributes, GeoJSON properties."""
    item = feature if isinstance(feature, dict) else {}
    values = item.get("attributes") or item.get("properties") or {}
    return values if isinstance(values, dict) else {}


def _own_point(feature: object) -> tuple[object, object]:
    """Return the coordinates of a feature's own point as written; (None, None) without one."""
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    if not isinstance(geometry, dict):
        return None, None
    match geometry.get("coordinates"):
        case [lon, lat, *_]:
            return lon, lat
    return geometry.get("x"), geometry.get("y")


def _entry_of_service(values: parsing.Values, own_point: tuple[object, object]) -> _Entry:
    """Read the new form; its first category decides the scope."""
    codes = {name: parsing.text(values, name) for name in ("Secondary_category", "Sector_affected")}
    stated = values.get("longitude"), values.get("latitude")
    lon, lat = stated if stated != (None, None) else own_point
    return _Entry(
        group=parsing.text(values, "Primary_category") or "",
        column="Primary_category",
        values=_selected(values, SERVICE),
        key=parsing.text(values, "Entry_Number"),
        lon=lon,
        lat=lat,
        read_day=lambda: _epoch_day(values.get("TIMESTAMP")),
        place=parsing.text(values, "Town_or_City"),
        country=parsing.text(values, "country") or "",
        province=parsing.text(values, "province") or "",
        sector=codes["Sector_affected"],
        links=events.links(_joined_texts(values, "Link", "Link_geolocation")),
        description=parsing.text(values, "Description"),
        graphic=_is_graphic(parsing.text(values, "Graphic_content_level")),
        codes={name: word for name, word in codes.items() if word != "None"},
    )


def _entry_of_old_map(values: parsing.Values, own_point: tuple[object, object]) -> _Entry:
    """Read the old form; the first of its categories decides the scope."""
    categories = values.get("categories") or []
    day_text = parsing.text(values, "verifiedDate")
    names = [str(one) for one in categories] if isinstance(categories, list) else []
    return _Entry(
        group=names[0] if names else "",
        column="categories",
        values=_selected(values, OLD),
        key=parsing.text(values, "id"),
        lon=own_point[0],
        lat=own_point[1],
        read_day=lambda: events.day(day_text, "verifiedDate", (events.ISO,)) if day_text else None,
        text=parsing.text(values, "title"),
        place=parsing.text(values, "city"),
        country=parsing.text(values, "country") or "",
        province=parsing.text(values, "province") or "",
        links=events.links(parsing.text(values, "url")),
        description=parsing.text(values, "description"),
    )


def _selected(values: parsing.Values, columns: Mapping[str, str]) -> parsing.Values:
    return {name: value for name, value in values.items() if name in columns}


def _joined_texts(values: parsing.Values, *names: str) -> str:
    return " ".join(text for name in names if (text := parsing.text(values, name)))


def _epoch_day(value: object) -> date | None:
    """Read milliseconds since 1970 as a day in UTC."""
    if value is None or value == "":
        return None
    try:
        stamp = EPOCH + timedelta(milliseconds=int(str(value)))
    except (ValueError, OverflowError) as wrong:
        allowed = "milliseconds since 1970, or empty"
        raise BadFieldError("TIMESTAMP", value, allowed) from wrong
    return events.day(f"{stamp:%Y-%m-%d}", "TIMESTAMP", (events.ISO,))
