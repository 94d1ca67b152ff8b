"""UCDP's Georeferenced Event Dataset and its Candidate releases.

A row may summarise many days and places: its period and precision are recorded, so that it is never
shown as one day or one point. Rows in which only combatants died are battles: kept, and shown only
to a View that names them. See `docs/formats.md`, section ucdp.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from app.domain.count import NO_TOLL, UNKNOWN, Count, Toll
from app.domain.errors import InvalidCount
from app.domain.incident import Attribution, EventKind, Incident, incident_id
from app.domain.period import When, WhenPrecision
from app.domain.place import Place, Precision
from app.domain.source import SourceRef
from app.files import parsing
from app.files.delimited import header_of
from app.files.source import BadFieldError, SourceFile, decoded_head
from app.importers import events
from app.importers.base import Context, Outcome, ParsedRecord, Warned
from app.importers.header import Header

NAMES = (
    *("id", "relid", "year", "active_year", "code_status", "type_of_violence"),
    *("conflict_dset_id", "conflict_new_id", "conflict_name"),
    *("dyad_dset_id", "dyad_new_id", "dyad_name", "side_a_dset_id", "side_a_new_id", "side_a"),
    *("side_b_dset_id", "side_b_new_id", "side_b", "number_of_sources", "source_article"),
    *("source_office", "source_date", "source_headline", "source_original"),
    *("where_prec", "where_coordinates", "where_description", "adm_1", "adm_2", "latitude"),
    *("longitude", "geom_wkt", "priogrid_gid", "country", "country_id", "region"),
    *("event_clarity", "date_prec", "date_start", "date_end"),
    *("deaths_a", "deaths_b", "deaths_civilians", "deaths_unknown", "best", "high", "low"),
    *("gwnoa", "gwnob"),
)
"""All 49 columns, in the order of a release without a header."""

READ = {
    "id": "source_key",
    "type_of_violence": "kind, claims",
    "side_a": "attributed_to",
    "source_article": "sources",
    "source_office": "sources.publisher",
    "source_date": "sources.published",
    "where_prec": "precision, error_m",
    "where_coordinates": "place",
    "adm_1": "admin1",
    "latitude": "lat",
    "longitude": "lon",
    "country": "country",
    "event_clarity": "claims",
    "date_prec": "when_precision",
    "date_start": "start",
    "date_end": "end",
    "deaths_a": "killed.military",
    "deaths_b": "killed.military",
    "deaths_civilians": "killed.civilian",
    "deaths_unknown": "killed.unknown",
    "best": "killed.best",
    "high": "killed.high",
    "low": "killed.low",
}
HEADER = Header(
    {name: READ.get(name, "(kept in no field)") for name in NAMES},
    needed=(
        *("id", "type_of_violence", "where_prec", "longitude", "latitude", "date_prec"),
        *("date_start", "date_end", "best", "high", "low"),
    ),
    older=frozenset({"iso3"}),
)
PLACES: dict[str, tuple[Precision, int | None]] = {
    "1": (Precision.settlement, 1_000),
    "2": (Precision.admin2, 25_000),
    "3": (Precision.admin2, None),
    "4": (Precision.admin1, None),
    "5": (Precision.admin1, None),
    "6": (Precision.country, None),
    "7": (Precision.country, None),
}
AT_SEA = "7"
DAYS = {
    "1": WhenPrecision.day,
    "2": WhenPrecision.week,
    "3": WhenPrecision.week,
    "4": WhenPrecision.month,
    "5": WhenPrecision.year,
}
ONE_SIDED = "3"
SIDES, OTHERS = ("deaths_a", "deaths_b"), ("deaths_civilians", "deaths_unknown")
ARTICLE = re.compile(r'"([^"]*)"')
MIDNIGHT = " 00:00:00.000"
BEFORE_ARTICLES = NAMES.index("source_article")
HEADLESS_ROW = re.compile(r'"?\d+"?,[^,\n]*,"?(?:19|20)\d\d"?,')


class Ucdp:
    """Reads one release."""

    name = "ucdp"
    dataset = "ucdp"
    publisher = "UCDP"
    licence = "CC-BY-4.0"

    def recognises(self, source: SourceFile) -> str | None:
        """Recognise the columns of GED, or rows like its own without a header."""
        if {"type_of_violence", "where_prec", "date_prec"} <= set(header_of(source)[0]):
            return "columns type_of_violence, where_prec and date_prec of UCDP GED"
        return "rows of UCDP GED's 49 columns without a header" if _lacks_header(source) else None

    def mapping(self, source: SourceFile) -> dict[str, str]:
        """Map the columns that the file has; without a header, all columns of a release."""
        return dict(HEADER.mapping) if _lacks_header(source) else HEADER.mapped(source)

    def read(self, source: SourceFile, context: Context) -> Iterator[Outcome]:
        """Yield one outcome per row.

        Raises:
            InvalidFile: a needed column is missing; new ones only warn.
        """
        crosswalk = events.Crosswalk(context, "ucdp")
        with _with_header(source) as whole:
            if whole is not source:
                yield Warned(f"No header row: read as the {len(NAMES)} columns of UCDP GED.")
            yield from HEADER.guard(whole)
            yield from events.table_outcomes(
                whole, lambda row, cells: _outcome(row, cells, crosswalk)
            )


def _lacks_header(source: SourceFile) -> bool:
    """Tell whether a file is a release without a header row, as Candidate 24.0.1 was."""
    head = decoded_head(source)
    # The first line may end inside the quoted articles, so the cells before them are counted.
    cells = len(header_of(source)[0])
    return bool(HEADLESS_ROW.match(head)) and MIDNIGHT in head and cells >= BEFORE_ARTICLES


@contextlib.contextmanager
def _with_header(source: SourceFile) -> Iterator[SourceFile]:
    """Add the missing header row, in a copy that is deleted when the block ends."""
    if not _lacks_header(source):
        yield source
        return
    with tempfile.TemporaryDirectory(prefix="strikemap-") as folder:
        path = Path(folder) / "with-header.csv"
        with path.open("wb") as out, source.path.open("rb") as original:
            out.write(",".join(NAMES).encode() + b"\n")
            while block := original.read(1 << 20):
                out.write(block.removeprefix(b"\xef\xbb\xbf"))
        yield SourceFile.open(path, source.name)


def _outcome(row: int, cells: dict[str, str], crosswalk: events.Crosswalk) -> Outcome:
    return ParsedRecord(row, _incident(cells, crosswalk))


def _kind(cells: dict[str, str], crosswalk: events.Crosswalk) -> EventKind:
    """Return a battle where only combatants died; UCDP calls no other event a strike."""
    kind = cells.get("type_of_violence", "")
    if kind not in crosswalk.tables["violence"]:
        raise BadFieldError("type_of_violence", kind, ", ".join(crosswalk.tables["violence"]))
    # As numbers: a copy with an empty cell in a column may have 0.0 in the others.
    others = [parsing.whole(cells.get(name), name) for name in OTHERS]
    if kind == ONE_SIDED or others != [0] * len(OTHERS):
        return EventKind.other_harm
    has_combatants = any(parsing.whole(cells.get(name), name) for name in SIDES)
    return EventKind.battle if has_combatants else EventKind.other_harm


def _incident(cells: dict[str, str], crosswalk: events.Crosswalk) -> Incident:
    key, context = cells.get("id"), crosswalk.context
    if not key:
        raise BadFieldError("id", "", "the event's id")
    killed, contradiction = _killed(cells)
    return Incident(
        id=incident_id(context.dataset, key),
        dataset=context.dataset,
        source_key=key,
        when=_when(cells, context.theatre.zone),
        place=_place(cells, crosswalk),
        kind=_kind(cells, crosswalk),
        attributed_to=_attribution(cells, crosswalk),
        killed=killed,
        contradiction=contradiction,
        claims=events.coded(
            "UCDP",
            type_of_violence=crosswalk.tables["violence"][cells["type_of_violence"]],
            where_prec=cells.get("where_prec"),
            date_prec=cells.get("date_prec"),
            event_clarity=cells.get("event_clarity"),
        ),
        sources=_sources(cells),
        synthetic=context.synthetic,
    )


def _when(cells: dict[str, str], zone: str) -> When:
    code = cells.get("date_prec", "")
    if code not in DAYS:
        raise BadFieldError("date_prec", code, f"one of {', '.join(DAYS)}")
    first, last = (
        events.day(cells.get(name, ""), name, (events.ISO,)) for name in ("date_start", "date_end")
    )
    precision = DAYS[code]
    text = None if precision is WhenPrecision.day else f"{first} to {last}"
    return When.days(first, last, precision=precision, text=text, zone=zone)


def _place(cells: dict[str, str], crosswalk: events.Crosswalk) -> Place:
    code = cells.get("where_prec", "")
    if code not in PLACES:
        raise BadFieldError("where_prec", code, f"one of {', '.join(PLACES)}")
    precision, error_m = PLACES[code]
    point, admin1 = events.point(cells), cells.get("adm_1")
    if point is None or (precision is Precision.admin1 and not admin1):
        precision = Precision.admin1 if admin1 else Precision.country
    # The centre of a country is not a place of an event.
    is_somewhere = point if precision is not Precision.country else None
    return Place.at(
        is_somewhere,
        precision,
        error_m=error_m if is_somewhere else None,
        name=cells.get("where_coordinates"),
        country=None if code == AT_SEA else crosswalk.country(cells.get("country")),
        admin1=crosswalk.region(admin1) if precision is not Precision.country else None,
    )


def _attribution(cells: dict[str, str], crosswalk: events.Crosswalk) -> Attribution | None:
    """Attribute only one-sided violence, to the first side: two armed sides have no order."""
    one_sided = cells.get("type_of_violence") == ONE_SIDED
    party = crosswalk.party(cells.get("side_a")) if one_sided else None
    return Attribution(party) if party else None


def _killed(cells: dict[str, str]) -> tuple[Toll, str | None]:
    """Return the toll; of figures that exclude each other, no toll and what UCDP states."""

    def number(name: str) -> int | None:
        return parsing.whole(cells.get(name), name)

    bounds = {name: number(name) for name in ("low", "best", "high")}
    try:
        total = Count(**bounds)
    except InvalidCount:
        stated = ", ".join(f"{name} {count}" for name, count in bounds.items())
        return NO_TOLL, f"killed: {stated}"
    sides = [count for name in SIDES if (count := number(name)) is not None]
    toll = Toll.of(
        total,
        civilian=_best_estimate(number("deaths_civilians")),
        military=_best_estimate(sum(sides) if sides else None),
        unknown=_best_estimate(number("deaths_unknown")),
    )
    return toll, None


def _best_estimate(number: int | None) -> Count:
    """Return a best estimate without bounds: UCDP gives no bounds for deaths by side."""
    return UNKNOWN if number is None else Count(None, number, None)


def _sources(cells: dict[str, str]) -> tuple[SourceRef, ...]:
    """Return the sources: names, with days where both lists match, else the quoted articles."""
    offices = _semicolon_list(cells.get("source_office"))
    days = _semicolon_list(cells.get("source_date"))
    if not offices:
        articles = ARTICLE.findall(cells.get("source_article", ""))
        offices, days = [" ".join(one.split()).strip(",") for one in articles], []
    published = [_published(day) for day in days] if len(days) == len(offices) else []
    padded = published or [None] * len(offices)
    sources = [SourceRef(who, published=on) for who, on in zip(offices, padded, strict=True) if who]
    return tuple(dict.fromkeys(sources))


def _semicolon_list(text: str | None) -> list[str]:
    return [one.strip() for one in text.split(";")] if text else []


def _published(text: str) -> date | None:
    try:
        return events.day(text, "source_date", (events.ISO,))
    except BadFieldError:
        return None  # a faulty day of an article must not reject the event
