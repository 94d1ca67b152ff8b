"""UNOSAT damage assessments: points with a pair of columns for each pass of a satellite.

A pass has a date and a damage class; the columns are not in the order of time. The latest pass
gives the grade. A satellite shows damage, not its day: the period is from the last pass without
damage to the first with it, with precision unknown. See `docs/formats.md`, section unosat.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import NamedTuple

from app.domain.damage import Damage, Grade
from app.domain.errors import InputError, InvalidFile
from app.domain.incident import Incident, Status, incident_id
from app.domain.mapping import Notation
from app.domain.period import When, WhenPrecision
from app.domain.place import Place, Precision
from app.domain.source import Claim, SourceRef
from app.files.source import BadFieldError, SourceFile, decoded_head, rejection
from app.importers import native
from app.importers.base import Context, Dropped, Outcome, ParsedRecord, Warned
from app.importers.header import joined_names
from app.importers.notation import day_of
from app.importers.points import PointFeature, kind_of, point_features

DATE = re.compile(r"SensorDa(?:te|t)?(?:_(\d+))?", re.IGNORECASE)
CLASS = re.compile(r"Main_Dam(?:age_Site_Class|age_S|ag|a)?(?:_(\d+))?", re.IGNORECASE)
STATUS = re.compile(r"Damage_(?:Status|Sta|St|S)(?:_(\d+))?", re.IGNORECASE)
"""A shapefile cuts names to ten characters; columns of one pass have the same number."""

GRADES = {
    "1": Grade.destroyed,
    "destroyed": Grade.destroyed,
    "2": Grade.severe,
    "severe damage": Grade.severe,
    "3": Grade.moderate,
    "moderate damage": Grade.moderate,
    "4": Grade.possible,
    "possible damage": Grade.possible,
    "6": Grade.none,
    "no visible damage": Grade.none,
    "11": Grade.possible,
}
ADJACENT = "11"
NEAR = "possible damage from an adjacent impact, debris or rubble"
KEYS = ("SiteID", "Site_ID", "UNOSAT_ID", "GlobalID")
ERROR_M = 50
"""A point is on a building in an image, which may be displaced by this distance."""

EMPTY = frozenset({"", "0", "99", "na", "n/a", "<null>"})


class Pass(NamedTuple):
    """The day of one image, the damage grade, and the source's own class."""

    day: date
    grade: Grade
    word: str


class Unosat:
    """Reads one damage site per feature."""

    name = "unosat"
    dataset = "unosat"
    publisher = "UNOSAT"
    licence = "internal"

    def recognises(self, source: SourceFile) -> str | None:
        """Recognise the columns of passes, in the head of GeoJSON or among a file's fields."""
        head = decoded_head(source)
        if '"SensorDate' in head and '"Main_Damage_Site_Class' in head:
            return "the columns SensorDate and Main_Damage_Site_Class of UNOSAT"
        if head or kind_of(source) is None:
            return None
        try:
            first = next(iter(point_features(source)), None)
        except InputError:
            return None
        return None if first is None or not _pairs(first.fields) else "UNOSAT's columns of passes"

    def mapping(self, source: SourceFile) -> dict[str, str]:
        """Map the pairs of columns that the first feature has."""
        first = next(iter(point_features(source)), PointFeature({}, None))
        pairs = _pairs(first.fields)
        return {
            name: to
            for date_name, class_name in pairs
            for name, to in ((date_name, "when"), (class_name, "damage.grade"))
        }

    def read(self, source: SourceFile, context: Context) -> Iterator[Outcome]:
        """Yield one outcome per feature.

        Raises:
            InvalidFile: no pair of columns anywhere.
        """
        has_pairs, names = False, dict[str, None]()
        for row, feature in enumerate(point_features(source), 1):
            has_pairs = has_pairs or bool(_pairs(feature.fields))
            names.update(dict.fromkeys(feature.fields))
            try:
                yield _outcome(row, feature, context)
            except (BadFieldError, InputError) as wrong:
                yield rejection(row, wrong)
        if not has_pairs:
            allowed = "SensorDate and Main_Damage_Site_Class, with the same number"
            raise InvalidFile(f"columns of {source.name}", "no pass", allowed)
        yield from _drift(list(names))


def _drift(names: list[str]) -> Iterator[Warned]:
    """Warn of fields that are not read, and of passes without date or class."""
    paired = {name for pair in _pairs(dict.fromkeys(names, "")) for name in pair}
    halves = [one for one in names if _number(one) is not None and one not in paired]
    recognised = paired | {one for one in names if STATUS.fullmatch(one)} | {*KEYS, *halves}
    if unread := [one for one in names if one not in recognised]:
        yield Warned(f"Columns that nobody reads were left out: {joined_names(unread)}.")
    if halves:
        yield Warned(f"Passes with only one of date and class: {joined_names(halves)}.")


def _number(name: str) -> str | None:
    """Return the number of a column's pass, "" for the first; None for other columns."""
    match = DATE.fullmatch(name) or CLASS.fullmatch(name)
    return None if match is None else match[1] or ""


def _pairs(fields: Mapping[str, str]) -> list[tuple[str, str]]:
    """Pair the columns of dates and classes by their number."""
    dates = {match[1]: name for name in fields if (match := DATE.fullmatch(name))}
    classes = {match[1]: name for name in fields if (match := CLASS.fullmatch(name))}
    return [(name, classes[number]) for number, name in dates.items() if number in classes]


def _passes(fields: Mapping[str, str]) -> list[Pass]:
    """Read the passes in the order of their days."""
    passes, pairs = list[Pass](), _pairs(fields)
    paired = {class_name for _date_name, class_name in pairs}
    for name, word in fields.items():
        if CLASS.fullmatch(name) and name not in paired and word.lower() not in EMPTY:
            raise BadFieldError(name, word, "a SensorDate of the same number")
    for date_name, class_name in pairs:
        word = fields[class_name]
        if word.lower() in EMPTY:
            continue
        grade = GRADES.get(word.lower())
        if grade is None:
            raise BadFieldError(class_name, word, f"one of {', '.join(GRADES)}")
        passes.append(Pass(_day(fields[date_name], date_name), grade, word))
    return sorted(passes, key=lambda image: image.day)


def _day(text: str, name: str) -> date:
    """Read a day, or ArcGIS's milliseconds of it."""
    is_epoch = re.fullmatch(r"-?\d{9,}", text) is not None
    day_text = day_of(text, Notation.epoch_ms if is_epoch else Notation.ymd, name)
    return date.fromisoformat(day_text[:10])


def _outcome(row: int, feature: PointFeature, context: Context) -> Outcome:
    point, passes = feature.checked_point(), _passes(feature.fields)
    if not passes:
        raise BadFieldError("SensorDate", "", "at least one pass with a date and a class")
    if all(one.grade is Grade.none for one in passes):
        return Dropped(row, "no_visible_damage")
    key = next((feature.fields[name] for name in KEYS if name in feature.fields), None)
    key = key or native.content_key(feature.fields, point)
    last = passes[-1]
    near = NEAR if last.word == ADJACENT else None
    return ParsedRecord(
        row,
        Incident(
            id=incident_id(context.dataset, key),
            dataset=context.dataset,
            source_key=key,
            when=_when(passes, context.theatre.zone),
            place=Place.at(
                point,
                Precision.exact if point else Precision.country,
                error_m=ERROR_M if point else None,
            ),
            damage=(Damage("unknown", near, grade=last.grade, count=1),),
            claims=tuple(_claim(one) for one in passes[:-1]),
            sources=(SourceRef("UNOSAT", published=last.day),),
            status=Status.geolocated,
            description=_notes(feature.fields),
            synthetic=context.synthetic,
        ),
    )


def _when(passes: list[Pass], zone: str) -> When:
    """Return the period of damage: from the last pass without it to the first pass with it."""
    seen = next(one.day for one in passes if one.grade is not Grade.none)
    before = [one.day for one in passes if one.grade is Grade.none and one.day < seen]
    text = f"first seen from orbit on {seen}"
    text += f", not yet on {before[-1]}" if before else "; it may be older"
    first = before[-1] if before else seen
    return When.days(first, seen, precision=WhenPrecision.unknown, text=text, zone=zone)


def _claim(image: Pass) -> Claim:
    return Claim("UNOSAT", f"{image.day}: {image.grade.value} (class {image.word})")


def _notes(fields: Mapping[str, str]) -> str | None:
    """Join the notes that some passes have, such as "new" or "no change"."""
    notes = [f"{name}: {text}" for name, text in fields.items() if STATUS.fullmatch(name)]
    return "\n".join(notes) or None
