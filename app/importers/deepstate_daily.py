"""DeepState's occupied area day by day, as collected daily: one MultiPolygon a day.

A daily file has no properties: its date stands only in its name or its `name` member. The
collection "all in one" has a feature per day with its `date`. Either date is the day the map was
fetched; an area covers everything occupied, with Crimea and what was held before 2022
(docs/formats.md, "deepstate_daily").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import shapely

from app.domain.control import Baseline, ControlArea, ControlSnapshot
from app.domain.errors import InputError, InvalidFile
from app.domain.period import FIRST_DAY, LAST_DAY
from app.importers import native
from app.importers.base import (
    BadFieldError,
    Context,
    Found,
    Outcome,
    Source,
    Warned,
    decoded_head,
    load_json,
)
from app.importers.control_days import ControlDays
from app.importers.features import UNREADABLE, Feature, area, features_of
from app.importers.shapes import polygons, shape_hash

NAMED = re.compile(r"deepstatemap_data_(\d{8})")
ALL_NAMED = re.compile(r"deepstate-?map[-_]data(?!_\d)")
DATED = re.compile(r'"date"\s*:\s*"\d{4}-\d\d-\d\d')
DAY_LENGTH = len("YYYY-MM-DD")
NOTE = "The date is the day the map was fetched, not the day of its assessment."
WORD = "occupied"


class DeepStateDaily:
    """Reads a daily file into one snapshot, and the collection of all into one a day."""

    name = "deepstate_daily"
    dataset = "deepstate"
    publisher = "DeepState"
    licence = "DeepState"

    def recognises(self, source: Source) -> str | None:
        """Look for the collection's own name, in the file or in the file's name."""
        head = decoded_head(source)[:2000]
        if "FeatureCollection" in head and (NAMED.search(head) or NAMED.search(source.name)):
            return "the name deepstatemap_data_YYYYMMDD of the daily DeepState collection"
        if _is_all_in_one(source):
            return "the name of the DeepState collection and a date on each of its features"
        return None

    def mapping(self, source: Source) -> dict[str, str]:  # noqa: ARG002  every importer takes it
        """The file has no properties: its name gives the date."""
        return {"name": "valid_on", "geometry": "areas"}

    def read(self, source: Source, context: Context) -> Iterator[Outcome]:
        """Yield the snapshot of a day or of each, or the reason why there is none."""
        given = load_json(source)
        document: dict[str, Any] = given if isinstance(given, dict) else {}
        if _is_all_in_one(source):
            listed = features_of(document, source)
            return _all_in_one(document["features"], listed, context)
        return _one_day(source, document, context)


def _is_all_in_one(source: Source) -> bool:
    head = decoded_head(source)
    named = ALL_NAMED.search(source.name) or ALL_NAMED.search(head[:2000])
    return bool(named and "FeatureCollection" in head and DATED.search(head))


def _all_in_one(given: list[Any], listed: list[Feature], context: Context) -> Iterator[Outcome]:
    """Read one snapshot per feature; its date is a property, or a member of the feature."""
    days = ControlDays(context)
    for row, (member, feature) in enumerate(zip(given, listed, strict=True), 1):
        beside = member.get("date") if isinstance(member, dict) else None
        values = {
            "valid_on": str(feature["properties"].get("date") or beside or "")[:DAY_LENGTH],
            "controller": context.theatre.default_controller,
            "word": WORD,
            "includes": list(Baseline),
            "note": NOTE,
        }
        try:
            days.add(row, values, area(feature))
        except (BadFieldError, InputError) as wrong:
            yield native.bad(row, wrong)
    yield from days.outcomes()


def _one_day(source: Source, document: dict[str, Any], context: Context) -> Iterator[Outcome]:
    listed = document.get("features", [])
    if not isinstance(listed, list) or len(listed) != 1:
        got = f"{len(listed)} features" if isinstance(listed, list) else "no list of them"
        raise InvalidFile(f"features of {source.name}", got, "exactly one MultiPolygon")
    valid_on = _date(source, str(document.get("name", "")))
    repaired: list[str] = []
    try:
        shape = shapely.geometry.shape(listed[0]["geometry"])
        sha256, wkb = shape_hash(polygons(shape, repaired.append, context.theatre.bounds))
    except (BadFieldError, InputError) as wrong:
        yield native.bad(1, wrong)
        return
    except UNREADABLE as wrong:
        raise InvalidFile(f"geometry of {source.name}", wrong, "one MultiPolygon") from wrong
    if repaired:
        yield Warned(f"{source.name}: {'; '.join(repaired)}.")
    controller = context.theatre.default_controller
    snapshot = ControlSnapshot(
        dataset=context.dataset,
        valid_on=valid_on,
        areas=(ControlArea(controller, shape=sha256, word=WORD),),
        includes=tuple(Baseline),
        note=NOTE,
        synthetic=context.synthetic,
    )
    yield Found(1, snapshot, 1, {sha256: wkb})


def _date(source: Source, name: str) -> date:
    found = NAMED.search(name) or NAMED.search(source.name)
    given = found[1] if found else "none"
    try:
        return native.day(f"{given[:4]}-{given[4:6]}-{given[6:]}", "date")
    except BadFieldError as wrong:
        allowed = f"deepstatemap_data_YYYYMMDD, {FIRST_DAY} to {LAST_DAY}"
        raise InvalidFile(f"date of {source.name}", given, allowed) from wrong
