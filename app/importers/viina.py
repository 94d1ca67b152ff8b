"""VIINA 2.0: events that a machine coded from headlines.

It has no numbers of casualties: a code only says that a headline mentions casualties. Its tables of
control by populated place are refused, since they have no polygons. See `docs/formats.md`, section
viina.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from app.domain.damage import Damage
from app.domain.errors import InvalidFile
from app.domain.incident import Incident, incident_id
from app.domain.period import When
from app.domain.place import Place, Precision
from app.domain.source import SourceRef
from app.files.delimited import header_of, table_rows
from app.files.source import BadFieldError, Rejection, SourceFile
from app.importers import events
from app.importers.base import Context, Dropped, Outcome, ParsedRecord, Warned
from app.importers.header import Header

NOTATIONS = (events.PACKED,)
PLACES = {
    "STREET": Precision.street,
    "ADM3": Precision.settlement,
    "ADM2": Precision.admin2,
    "ADM1": Precision.admin1,
}
FINEST = tuple(PLACES)
SHARED = {
    "viina_version": "(kept in no field)",
    "event_id_1pd": "source_key",
    "date": "start",
    "geonameid": "(kept in no field)",
    "feature_code": "(kept in no field)",
    "asciiname": "place",
    "ADM1_NAME": "admin1",
    "ADM1_CODE": "(kept in no field)",
    "ADM2_NAME": "(kept in no field)",
    "ADM2_CODE": "(kept in no field)",
    "longitude": "lon",
    "latitude": "lat",
    "GEO_PRECISION": "precision, error_m",
}
CODES = (
    *("t_mil_b", "a_rus_b", "a_ukr_b", "a_rus_init_b", "a_ukr_init_b", "a_civ_b", "a_other_b"),
    *("t_aad_b", "t_airstrike_b", "t_airalert_b", "t_uav_b", "t_armor_b", "t_arrest_b"),
    *("t_artillery_b", "t_control_b", "t_firefight_b", "t_ied_b", "t_raid_b", "t_occupy_b"),
    *("t_property_b", "t_cyber_b", "t_hospital_b", "t_milcas_b", "t_civcas_b", "t_retreat_b"),
    *("t_loc_b", "t_san_b"),
)
EVENTS = Header(
    {
        **SHARED,
        "n_reports": "(kept in no field)",
        "event_ids": "sources",
        "sources": "sources.publisher",
        **dict.fromkeys(CODES, "(scope), weapons, damage, claims"),
        "tid": "(kept in no field)",
    },
    needed=("event_id_1pd", "date", "longitude", "latitude", "GEO_PRECISION", "t_uav_b"),
)
REPORTS = Header(
    {
        **SHARED,
        "event_id": "source_key, where event_id_1pd is empty",
        "time": "(kept in no field)",
        "GEO_API": "(kept in no field)",
        "location": "(kept in no field)",
        "address": "(kept in no field)",
        "report_id": "(kept in no field)",
        "source": "sources.publisher",
        "url": "sources.url",
        "text": "(scope)",
        "lang": "(kept in no field)",
    },
    needed=("event_id", "event_id_1pd", "date", "longitude", "latitude", "GEO_PRECISION", "text"),
)
INFO = Header(
    {**dict.fromkeys(REPORTS.mapping, "(kept in no field)"), "source": "", "url": ""},
    needed=("event_id",),
)
"""The reports beside the events: only the publisher and the link are read."""


class Viina:
    """Reads events of one place and day with the reports beside them, or the reports alone."""

    name = "viina"
    dataset = "viina"
    publisher = "VIINA 2.0, Y. Zhukov and N. Ayers"
    licence = "ODbL-1.0"

    def recognises(self, source: SourceFile) -> str | None:
        """Recognise the columns of any of its tables."""
        names = set(header_of(source)[0])
        if {"viina_version", "event_id_1pd"} <= names:
            return "columns viina_version and event_id_1pd of VIINA 2.0"
        if {"status_boost", "status_dsm"} <= names:
            return "columns status_boost and status_dsm of VIINA's control"
        return None

    def mapping(self, source: SourceFile) -> dict[str, str]:
        """Map the columns that the file has."""
        header = REPORTS if "event_ids" not in header_of(source)[0] else EVENTS
        return header.mapped(source)

    def read(self, source: SourceFile, context: Context) -> Iterator[Outcome]:
        """Yield one outcome per event, or per report where there are only reports.

        Raises:
            InvalidFile: control by populated place, or labels without events.
        """
        _refuse_control(source)
        names = header_of(source)[0]
        crosswalk = events.Crosswalk(context, "viina")
        if "event_ids" in names:
            yield from EVENTS.guard(source)
            path = _info_companion(source)
            if path is not None:
                yield from INFO.guard(SourceFile.open(path))
            reports = {} if path is None else _reports_by_number(path)
            yield from events.table_outcomes(
                source, lambda row, cells: _outcome(row, cells, reports, crosswalk)
            )
        elif events.imported_companion(source, _table_name(source, "event_1pd")) is not None:
            return  # they are read with their events
        elif "text" in names:
            yield from _reports_alone(source, crosswalk)
        else:
            raise InvalidFile(source.name, "labels alone", "event_1pd, which has places and codes")


def _refuse_control(source: SourceFile) -> None:
    if {"status_boost", "status_dsm"} <= set(header_of(source)[0]):
        allowed = (
            "event_1pd or event_info; control here needs areas, and a status by populated place "
            "has none until it is joined with the publisher's tessellation"
        )
        raise InvalidFile(source.name, "control by populated place", allowed)


def _table_name(source: SourceFile, kind: str) -> str:
    """Return the name of another table of the same release; it differs in one word."""
    return re.sub(r"event_(?:1pd|info|labels)", kind, source.name)


Reports = Mapping[str, tuple[str | None, str | None]]


def _info_companion(source: SourceFile) -> Path | None:
    name = _table_name(source, "event_info")
    return None if name == source.name else events.companion(source, name)


def _reports_by_number(path: Path) -> Reports:
    """Return publisher and link by report number; the table of events has only the numbers."""
    rows = (row for row in table_rows(SourceFile.open(path)) if not isinstance(row, Rejection))
    return {
        cells["event_id"]: (cells.get("source"), cells.get("url"))
        for _, cells in rows
        if "event_id" in cells
    }


def _outcome(
    row: int, cells: dict[str, str], reports: Reports, crosswalk: events.Crosswalk
) -> Outcome:
    coded = [name for name in CODES if cells.get(name) in ("1", "1.0")]
    scope = crosswalk.tables["scope"]
    scopes = [scope[name] for name in scope if name in coded]
    if "incident" not in scopes:
        return Dropped(row, scopes[0] if scopes else "no_event_type")
    return ParsedRecord(row, _incident(cells, coded, _sources(cells, reports), crosswalk))


def _incident(
    cells: Mapping[str, str],
    coded: Sequence[str],
    sources: tuple[SourceRef, ...],
    crosswalk: events.Crosswalk,
) -> Incident:
    key, context = cells.get("event_id_1pd") or cells.get("event_id"), crosswalk.context
    if not key:
        raise BadFieldError("event_id_1pd", "", "the event's id")
    weapons, sectors, wording = (crosswalk.tables[name] for name in ("weapons", "sectors", "said"))
    labels = ", ".join(wording[name] for name in coded if name in wording)
    damaged = dict.fromkeys(sectors[name] for name in coded if name in sectors)
    return Incident(
        id=incident_id(context.dataset, key),
        dataset=context.dataset,
        source_key=key,
        when=When.days(
            events.day(cells.get("date", ""), "date", NOTATIONS), zone=context.theatre.zone
        ),
        place=_place(cells, crosswalk),
        weapons=tuple(dict.fromkeys(weapons[name] for name in coded if name in weapons)),
        damage=tuple(Damage(sector) for sector in damaged),
        claims=events.coded("VIINA, coded by a machine from headlines", mentions=labels),
        sources=sources,
        synthetic=context.synthetic,
    )


def _place(cells: Mapping[str, str], crosswalk: events.Crosswalk) -> Place:
    code = cells.get("GEO_PRECISION", "")
    if code not in PLACES:
        raise BadFieldError("GEO_PRECISION", code, f"one of {', '.join(PLACES)}")
    point, admin1 = events.point(cells), crosswalk.region(cells.get("ADM1_NAME"))
    coarsest = Precision.admin1 if admin1 else Precision.country
    return Place.at(
        point, PLACES[code] if point else coarsest, name=cells.get("asciiname"), admin1=admin1
    )


def _sources(cells: Mapping[str, str], reports: Reports) -> tuple[SourceRef, ...]:
    """Return a source per report, with its link; without the reports, one per publisher."""
    numbers = [one.strip() for one in cells.get("event_ids", "").split(",")]
    sources = [SourceRef(*reports[number]) for number in numbers if number in reports]
    if not sources:
        outlets = (one.strip() for one in cells.get("sources", "").split(","))
        sources = [SourceRef(outlet) for outlet in outlets if outlet]
    return tuple(dict.fromkeys(sources))


def _reports_alone(source: SourceFile, crosswalk: events.Crosswalk) -> Iterator[Outcome]:
    """Read reports without their events: an event is in scope by its headlines."""
    yield from REPORTS.guard(source)
    yield Warned(
        "Reports alone say what happened in their headlines only: those that name a strike are "
        "taken. Import event_1pd, with event_info beside it, for the publisher's own codes."
    )
    rows_by_event: dict[str, list[tuple[int, dict[str, str]]]] = {}
    for row in table_rows(source):
        if isinstance(row, Rejection):
            yield row
            continue
        number, cells = row
        key = cells.get("event_id_1pd") or cells.get("event_id") or f"row {number}"
        rows_by_event.setdefault(key, []).append((number, cells))
    for rows in rows_by_event.values():
        yield from _report_outcomes(rows, crosswalk)


def _report_outcomes(
    rows: list[tuple[int, dict[str, str]]], crosswalk: events.Crosswalk
) -> Iterator[Outcome]:
    """Yield one incident of an event's reports: the most precise place, and all sources."""
    if not any(crosswalk.word_in("headline", cells.get("text")) for _, cells in rows):
        yield from (Dropped(number, "headline_without_strike") for number, _ in rows)
        return
    finest = min((cells for _, cells in rows), key=_fineness)
    sources = dict.fromkeys(SourceRef(cells.get("source"), cells.get("url")) for _, cells in rows)

    def outcome_of(row: int, cells: dict[str, str]) -> Outcome:
        return ParsedRecord(row, _incident(cells, (), tuple(sources), crosswalk))

    for number, _cells in rows:
        yield events.outcome_or_rejection(number, finest, outcome_of)


def _fineness(cells: Mapping[str, str]) -> int:
    code = cells.get("GEO_PRECISION", "")
    return FINEST.index(code) if code in FINEST else len(FINEST)
