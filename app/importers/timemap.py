"""Bellingcat's TimeMap of civilian harm: its export as JSON or CSV, or its raw files.

The raw form is three files: events, sources and associations; the events refer to the others by
id. Events alone are read too, and warnings say what is missing. The publisher displaced the
coordinates on purpose. See `docs/formats.md`, section timemap.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from app.domain.damage import Damage
from app.domain.errors import InvalidFile
from app.domain.incident import Incident, Status, incident_id
from app.domain.period import When
from app.domain.place import Place, Precision
from app.domain.source import Claim, SourceRef
from app.files import parsing
from app.files.delimited import header_of
from app.files.source import BadFieldError, SourceFile, decoded_head, load_json
from app.importers import events
from app.importers.base import Context, Outcome, ParsedRecord, Warned
from app.importers.header import Header, member_names

DISPLACED_M = 150
NOTATIONS = (events.MONTH_FIRST,)
AREA, WEAPON = "Type of area affected", "Weapon System"
HIDDEN = "HIDDEN"
EVENTS, SOURCES, ASSOCIATIONS = "events.json", "sources.json", "associations.json"
BEFORE_LINK = re.compile(r",\s*(?=https?://)")
BEFORE_KEY = re.compile(r",\s*(?=[^,=]+=)")
COLUMNS = {
    "id": "source_key",
    "date": "start",
    "latitude": "lat",
    "longitude": "lon",
    "location": "place",
    "description": "description",
    "sources": "sources",
    "associations": "damage, weapons, claims",
}
HEADER = Header(COLUMNS, needed=("id", "date", "longitude", "latitude"))
JSON_FIELDS = {**COLUMNS, "filters": "damage, weapons, claims", "graphic": "graphic"}
SILENT = frozenset({"civId", "time"})
"""Members without a warning: `civId` is the key; `time` is always 00:00 and not read."""

EVENT = Header(
    JSON_FIELDS,
    needed=("date", "longitude", "latitude"),
    older=SILENT,
    # The raw files have some of these members and the export the others.
    may_lack=frozenset({"id", "associations", "filters", "graphic"}),
    what="members",
)

COMPANIONS = (
    (re.compile(r'\s*\[\s*\{[^\[\]{}]*"filter_paths"\s*:'), "what the associations mean"),
    (re.compile(r'\s*\{\s*"[^"]*"\s*:\s*\{[^{}]*"paths"\s*:'), "what the sources are"),
)
RAW, EXPORT = re.compile(r'"associations"\s*:\s*\['), re.compile(r'"filters"\s*:\s*\[')


class TimeMap:
    """Reads an export, or the raw events with the two files beside them."""

    name = "timemap"
    dataset = "bellingcat"
    publisher = "Bellingcat"
    licence = "internal"

    def recognises(self, source: SourceFile) -> str | None:
        """Recognise the columns of the export, or the members that only these files have."""
        names = header_of(source)[0]
        if {"id", "date", "location", "sources", "associations"} <= set(names):
            return "columns id, date, location, sources and associations of a TimeMap export"
        head = decoded_head(source).lstrip()
        if head.startswith("[") and '"latitude"' in head and '"sources"' in head:
            if EXPORT.search(head):
                return "events with filters, as a TimeMap export has"
            if RAW.search(head):
                return "events with associations, as TimeMap's raw files have"
        companion = _companion(source)
        return f"{companion} of a TimeMap" if companion else None

    def mapping(self, source: SourceFile) -> dict[str, str]:
        """Map the columns, or the members of the events."""
        return HEADER.mapped(source) if _is_table(source) else dict(JSON_FIELDS)

    def read(self, source: SourceFile, context: Context) -> Iterator[Outcome]:
        """Yield one outcome per event; the two other files yield none.

        Raises:
            InvalidFile: no list of events, or one of the other files without its events.
        """
        if companion := _companion(source):
            _check_has_events(source, companion)
            return
        crosswalk = events.Crosswalk(context, "timemap")
        if _is_table(source):
            yield from HEADER.guard(source)
            yield from events.table_outcomes(
                source,
                lambda row, cells: ParsedRecord(row, _incident(_event_of_row(cells), crosswalk)),
            )
        else:
            yield from _json_outcomes(source, crosswalk)


def _is_table(source: SourceFile) -> bool:
    return not decoded_head(source).lstrip().startswith(("[", "{"))


def _companion(source: SourceFile) -> str | None:
    """Return what a file of sources or associations explains; None for any other file."""
    head = decoded_head(source)
    return next((what for pattern, what in COMPANIONS if pattern.match(head)), None)


def _check_has_events(source: SourceFile, what: str) -> None:
    if events.imported_companion(source, _companion_name(source, EVENTS)) is None:
        allowed = f"{EVENTS}, which takes this file along; or the folder that holds all"
        raise InvalidFile(source.name, what, allowed)


@dataclass
class _Event:
    """One event of any of the forms."""

    values: parsing.Values
    links: list[str] = field(default_factory=list)
    associations: list[tuple[str, str]] = field(default_factory=list)


def _event_of_row(cells: dict[str, str]) -> _Event:
    links = [one for one in BEFORE_LINK.split(cells.get("sources", "")) if one.startswith("http")]
    pairs = BEFORE_KEY.split(cells["associations"]) if cells.get("associations") else []
    associations = [
        (key.strip(), value.strip()) for key, _, value in (one.partition("=") for one in pairs)
    ]
    return _Event(cells, links, associations)


def _json_outcomes(source: SourceFile, crosswalk: events.Crosswalk) -> Iterator[Outcome]:
    event_list = load_json(source)
    if not isinstance(event_list, list):
        raise InvalidFile(source.name, "no list", "a list of events")
    lookup = _Lookup.of(source) if RAW.search(decoded_head(source)) else _Lookup()
    yield from EVENT.guard(source, member_names(event_list))

    def outcome_of(row: int, event: object) -> Outcome:
        if not isinstance(event, dict):
            raise BadFieldError("event", event, "an object")
        return ParsedRecord(row, _incident(lookup.event(event), crosswalk))

    for row, event in enumerate(event_list, 1):
        yield events.outcome_or_rejection(row, event, outcome_of)
    yield from lookup.warnings()


@dataclass
class _Lookup:
    """Sources and associations by id, from the raw files; an export needs neither."""

    sources: Mapping[str, object] | None = None
    associations: Mapping[str, object] | None = None
    is_raw: bool = False
    unknown: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, source: SourceFile) -> _Lookup:
        """Read the two files beside the events.

        Raises:
            InvalidFile: one of them cannot be read.
        """
        associations = _companion_json(source, ASSOCIATIONS)
        entries = associations if isinstance(associations, list) else []
        paths = {
            str(entry.get("id")): entry.get("filter_paths")
            for entry in entries
            if isinstance(entry, dict)
        }
        sources = _companion_json(source, SOURCES)
        source_paths = sources if isinstance(sources, dict) else None
        return cls(source_paths, paths if entries else None, is_raw=True)

    def event(self, event: parsing.Values) -> _Event:
        """Look up the sources and associations of an event."""
        if not self.is_raw:
            links = [str(each.get("path") or "") for each in parsing.items(event, "sources")]
            pairs = [
                (each.get("key"), each.get("value")) for each in parsing.items(event, "filters")
            ]
            return _Event(event, links, [(str(key), str(value)) for key, value in pairs])
        paths = [path for each in _ids(event, "sources") for path in self._paths(each)]
        associations = [
            pair for each in _ids(event, "associations") if (pair := self._association(each))
        ]
        return _Event(event, paths, associations)

    def _paths(self, name: str) -> list[str]:
        if self.sources is None:
            return []
        entry = self.sources.get(name)
        if not isinstance(entry, dict):
            self.unknown["sources"] = self.unknown.get("sources", 0) + 1
            return []
        return [str(path) for path in entry.get("paths") or ()]

    def _association(self, name: str) -> tuple[str, str] | None:
        """Return key and value of an association: looked up by id, or written "key|value"."""
        if self.associations is None:
            key, bar, value = name.partition("|")
            return (key, value) if bar else None
        match self.associations.get(name):
            case [str(key), str(value), *_]:
                return key, value
        self.unknown["associations"] = self.unknown.get("associations", 0) + 1
        return None

    def warnings(self) -> Iterator[Warned]:
        """Warn of what is missing."""
        if self.is_raw and self.sources is None:
            yield Warned(f"Sources are missing: no {SOURCES} was beside the events.")
        if self.is_raw and self.associations is None:
            yield Warned(
                f"Areas and weapons may be missing: no {ASSOCIATIONS} was beside the events."
            )
        for what, count in self.unknown.items():
            yield Warned(f"{count:,} of the {what} that events name are not in the file of them.")


def _companion_name(source: SourceFile, kind: str) -> str:
    """Return the name of another file of the same set: it has the same prefix."""
    ending = next((one for one in (EVENTS, SOURCES, ASSOCIATIONS) if source.name.endswith(one)), "")
    begins = source.name.removesuffix(ending) if ending else ""
    return f"{begins}{kind}"


def _companion_json(source: SourceFile, kind: str) -> object:
    path = events.companion(source, _companion_name(source, kind))
    return None if path is None else load_json(SourceFile.open(path, kind))


def _ids(event: parsing.Values, name: str) -> list[str]:
    ids = event.get(name) or []
    if not isinstance(ids, list):
        raise BadFieldError(name, ids, "a list of ids")
    return [str(each) for each in ids]


def _incident(event: _Event, crosswalk: events.Crosswalk) -> Incident:
    values, context = event.values, crosswalk.context
    key = parsing.text(values, "civId") or parsing.text(values, "id")
    if key is None:
        raise BadFieldError("id", "", "the event's id")
    day_text = parsing.text(values, "date") or ""
    point = parsing.point_from(parsing.text(values, "longitude"), parsing.text(values, "latitude"))
    return Incident(
        id=incident_id(context.dataset, key),
        dataset=context.dataset,
        source_key=key,
        when=When.days(events.day(day_text, "date", NOTATIONS), zone=context.theatre.zone),
        place=Place.at(
            point,
            Precision.street if point else Precision.country,
            error_m=DISPLACED_M if point else None,
            name=parsing.text(values, "location"),
        ),
        weapons=_coded(event, crosswalk, WEAPON, "weapons"),
        damage=tuple(Damage(sector) for sector in _coded(event, crosswalk, AREA, "sectors")),
        claims=_claims(event),
        sources=_sources(event.links),
        status=Status.geolocated if point else Status.reported,
        description=parsing.text(values, "description"),
        graphic=parsing.flag(values, "graphic"),
        synthetic=context.synthetic,
    )


def _coded(event: _Event, crosswalk: events.Crosswalk, key: str, table: str) -> tuple[str, ...]:
    """Return the codes of the words under one key; unlisted words are left out."""
    codes = crosswalk.tables[table]
    matches = (codes[value] for name, value in event.associations if name == key and value in codes)
    return tuple(dict.fromkeys(matches))


def _claims(event: _Event) -> tuple[Claim, ...]:
    codes: dict[str, str] = {}
    for key, value in event.associations:
        codes[key] = f"{codes[key]}, {value}" if key in codes else value
    return events.coded("Bellingcat", **{f"{key}:": value for key, value in codes.items()})


def _sources(links: list[str]) -> tuple[SourceRef, ...]:
    """Return a source per link, and one for links that the publisher hides."""
    addresses = dict.fromkeys(link.strip() for link in links if link.strip())
    return tuple(
        SourceRef(url=link) if link.startswith("http") else SourceRef("hidden by the publisher")
        for link in addresses
        if link.startswith("http") or link == HIDDEN
    )
