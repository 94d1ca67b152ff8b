"""DeepState's occupied area day by day, as collected daily: one MultiPolygon a day.

A daily file has no properties: its date is in its file name or in its `name` member. The
collection "all in one" has a feature per day with its `date`. Both dates are the day on which the
map was fetched. An area covers all occupied territory, with Crimea and the territory occupied
before 2022. See `docs/formats.md`, section deepstate_daily.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

import shapely

from app.domain.control import Baseline, ControlArea, ControlSnapshot
from app.domain.errors import InputError, InvalidFile
from app.domain.period import FIRST_DAY, LAST_DAY
from app.files import parsing
from app.files.features import UNREADABLE, Feature, area, features_of
from app.files.shapes import polygons, shape_hash
from app.files.source import BadFieldError, SourceFile, decoded_head, load_json, rejection
from app.importers.base import Context, Outcome, ParsedRecord, Warned
from app.importers.control_days import ControlDays

NAMED = re.compile(r"deepstatemap_data_(\d{8})")
ALL_NAMED = re.compile(r"deepstate-?map[-_]data(?!_\d)")
DATED = re.compile(r'"date"\s*:\s*"\d{4}-\d\d-\d\d')
NOTE = "The date is the day the map was fetched, not the day of its assessment."
WORD = "occupied"


class DeepStateDaily:
    """Reads a daily file into one snapshot, and the collection of all into one a day."""

    name = "deepstate_daily"
    dataset = "deepstate"
    publisher = "DeepState"
    licence = "DeepState"

    def recognises(self, source: SourceFile) -> str | None:
        """Recognise the name of the collection, in the file or in the file name."""
        head = decoded_head(source)[:2000]
        if "FeatureCollection" in head and (NAMED.search(head) or NAMED.search(source.name)):
            return "the name deepstatemap_data_YYYYMMDD of the daily DeepState collection"
        if _is_all_in_one(source):
            return "the name of the DeepState collection and a date on each of its features"
        return None

    def mapping(self, source: SourceFile) -> dict[str, str]:  # noqa: ARG002  every importer takes it
        """The file has no properties: its name gives the date."""
        return {"name": "valid_on", "geometry": "areas"}

    def read(self, source: SourceFile, context: Context) -> Iterator[Outcome]:
        """Yield one snapshot per day, or a rejection."""
        content = load_json(source)
        document: parsing.Values = content if isinstance(content, dict) else {}
        if _is_all_in_one(source):
            features, members = features_of(document, source), document["features"]
            return _all_in_one(members if isinstance(members, list) else [], features, context)
        return _one_day(source, document, context)


def _is_all_in_one(source: SourceFile) -> bool:
    head = decoded_head(source)
    match = ALL_NAMED.search(source.name) or ALL_NAMED.search(head[:2000])
    return bool(match and "FeatureCollection" in head and DATED.search(head))


def _all_in_one(
    members: Sequence[object], features: Sequence[Feature], context: Context
) -> Iterator[Outcome]:
    """Yield one snapshot per feature; its date is a property or a member of the feature."""
    days = ControlDays(context)
    for row, (member, feature) in enumerate(zip(members, features, strict=True), 1):
        member_date = member.get("date") if isinstance(member, dict) else None
        values = {
            "valid_on": str(feature["properties"].get("date") or member_date or "")[
                : parsing.DAY_LENGTH
            ],
            "controller": context.theatre.default_controller,
            "word": WORD,
            "includes": list(Baseline),
            "note": NOTE,
        }
        try:
            days.add(row, values, area(feature))
        except (BadFieldError, InputError) as wrong:
            yield rejection(row, wrong)
    yield from days.outcomes()


def _one_day(source: SourceFile, document: parsing.Values, context: Context) -> Iterator[Outcome]:
    features = document.get("features", [])
    if not isinstance(features, list) or len(features) != 1:
        got = f"{len(features)} features" if isinstance(features, list) else "no list of them"
        raise InvalidFile(f"features of {source.name}", got, "exactly one MultiPolygon")
    valid_on = _date(source, str(document.get("name", "")))
    repaired: list[str] = []
    try:
        shape = shapely.geometry.shape(features[0]["geometry"])
        sha256, wkb = shape_hash(polygons(shape, repaired.append, context.theatre.bounds))
    except (BadFieldError, InputError) as wrong:
        yield rejection(1, wrong)
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
    yield ParsedRecord(1, snapshot, 1, {sha256: wkb})


def _date(source: SourceFile, name: str) -> date:
    match = NAMED.search(name) or NAMED.search(source.name)
    digits = match[1] if match else "none"
    try:
        return parsing.iso_day(f"{digits[:4]}-{digits[4:6]}-{digits[6:]}", "date")
    except BadFieldError as wrong:
        allowed = f"deepstatemap_data_YYYYMMDD, {FIRST_DAY} to {LAST_DAY}"
        raise InvalidFile(f"date of {source.name}", digits, allowed) from wrong
