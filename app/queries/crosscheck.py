"""The sums of a View beside those of another publisher: HDX HAPI's conflict events.

They are sums, not incidents: none of them is stored. A difference is a question, not a fault:
sources count other events, of other days, in other ways.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

import msgspec

from app.domain.answer import JsonObject
from app.domain.errors import InputError, InvalidFile
from app.domain.region import Region
from app.domain.terms import Face
from app.domain.view import View
from app.files import parsing
from app.files.sheets import Cells, cell_text, table
from app.files.source import BadFieldError, Rejection, SourceFile, decoded_head, load_json
from app.importers.header import Header
from app.publishing.publish import publish
from app.publishing.query import Query
from app.queries.sums import summarise

_COLUMNS = (
    *("admin1_code", "admin2_code", "admin_level", "event_type", "events", "fatalities"),
    *("reference_period_start", "reference_period_end"),
)
HAPI_HEADER = Header(
    dict.fromkeys((*_COLUMNS, "error"), "(totals)"),
    needed=_COLUMNS,
    older=frozenset(
        (
            *("location_code", "has_hrp", "in_gho", "provider_admin1_name", "provider_admin2_name"),
            *("admin1_name", "admin2_name", "dataset_hdx_id", "resource_hdx_id", "warning"),
            *("location_ref", "location_name", "admin1_ref", "admin2_ref"),
        )
    ),
    may_lack=frozenset({"error"}),  # the API's JSON has none
)
EVENT_TYPE = "political_violence"
"""The widest type: events that target civilians are among them, so that the two never add up."""

Key = tuple[date, date, str]
Note = Callable[[str], object]
MOST_PERIODS = 600


class RegionMonth(NamedTuple):
    """Both sums of one region and month; None where a source gives no figure."""

    first: date
    last: date
    region: str
    name: str
    their_events: int
    our_incidents: int
    their_killed: int | None
    our_killed: int | None

    @property
    def difference(self) -> int:
        """Our number minus theirs."""
        return self.our_incidents - self.their_events


def cross_check(
    query: Query,
    path: Path,
    *,
    note: Note = str,
) -> list[RegionMonth]:
    """Compare a file of sums with a View, for each month that the file and the View have.

    `note` is called with a sentence for each new column.

    Raises:
        InvalidFile: not HAPI's table, or no month of it lies in the View.
        InputError: the View holds several datasets, whose sums are never added.
    """
    events, killed = _theirs(SourceFile.open(path), query, note)
    periods = sorted(
        {(first, last) for first, last, _region in events if _within(query.view, first, last)}
    )
    if not periods:
        raise InvalidFile(f"months of {path.name}", "none in the View", "another from and to")
    if len(periods) > MOST_PERIODS:
        raise InvalidFile(f"months of {path.name}", f"{len(periods)}", f"at most {MOST_PERIODS}")
    lines = list[RegionMonth]()
    for first, last in periods:
        ours = _ours(query.but(first=first, last=last))
        for row in ours:
            key = (first, last, row["key"])
            if key in events or row["incidents"]:
                toll = row["killed"]
                best = toll["low"] if toll["best"] is None else toll["best"]
                counts = (events[key], row["incidents"], killed.get(key), best)
                lines.append(RegionMonth(first, last, row["key"], row["name"], *counts))
    return lines


def _within(view: View, first: date, last: date) -> bool:
    after = view.first is None or first >= view.first
    return after and (view.last is None or last <= view.last)


def _ours(query: Query) -> list[JsonObject]:
    published = publish(query, Face.aggregates)
    if len(published.datasets) != 1:
        got = ", ".join(one.slug for one in published.datasets) or "none"
        raise InputError("datasets of the View", got, "one; name it with dataset=")
    return list(summarise(published, "region")["rows"])


def _theirs(source: SourceFile, query: Query, note: Note) -> tuple[Counter[Key], Counter[Key]]:
    """Sum the file by period and region of the View's level."""
    events, killed = Counter[Key](), Counter[Key]()
    rows = [row for row in _rows(source, note) if row.get("event_type") == EVENT_TYPE]
    levels = {row.get("admin_level") for row in rows}
    level = str(query.view.level) if str(query.view.level) in levels else "2"
    iso = _codes(query.regions.regions)
    for row in rows:
        region = iso.get(row.get(f"admin{query.view.level}_code", ""))
        if region is None or row.get("admin_level") != level or row.get("error"):
            continue
        try:
            first = parsing.iso_day(row["reference_period_start"][:10], "reference_period_start")
            last = parsing.iso_day(row["reference_period_end"][:10], "reference_period_end")
            key = (first, last, region)
            events[key] += parsing.whole(row.get("events"), "events") or 0
            if (dead := parsing.whole(row.get("fatalities"), "fatalities")) is not None:
                killed[key] += dead
        except (BadFieldError, KeyError) as wrong:
            got = wrong.got if isinstance(wrong, BadFieldError) else ""
            allowed = "days as YYYY-MM-DD and whole numbers"
            raise InvalidFile(f"totals in {source.name}", got, allowed) from wrong
    return events, killed


def _codes(regions: tuple[Region, ...]) -> dict[str, str]:
    return {region.pcode or region.code: region.code for region in regions}


def _rows(source: SourceFile, note: Note) -> Iterator[Cells]:
    """Read the table as CSV, XLSX or the API's JSON; `note` gets a sentence for each new column.

    Raises:
        InvalidFile: columns are missing.
    """
    if decoded_head(source).lstrip().startswith(("{", "[")):
        document = load_json(source)
        data = document.get("data") if isinstance(document, dict) else document
        records = data if isinstance(data, list) else []
        rows = [record for record in records if isinstance(record, dict)]
        names = list(rows[0]) if rows else []
        cells: Iterator[Cells] = (
            {k: cell_text(v) for k, v in row.items() if cell_text(v)} for row in rows
        )
    else:
        names, numbered = table(source)
        cells = (row[1] for row in numbered if not isinstance(row, Rejection))
    for warned in HAPI_HEADER.guard(source, names):
        note(warned.text)
    return cells


def as_cells(month: RegionMonth) -> list[str]:
    """Write the cells of a table's row; an unknown toll is "unknown"."""
    counts = (month.their_events, month.our_incidents, month.difference)
    tolls = (month.their_killed, month.our_killed)
    cells = [f"{month.first} to {month.last}", month.region, month.name, *map(str, counts)]
    return cells + ["unknown" if toll is None else str(toll) for toll in tolls]


def as_json(lines: list[RegionMonth]) -> bytes:
    """Write the comparison as JSON."""
    return msgspec.json.encode([{**one._asdict(), "difference": one.difference} for one in lines])
