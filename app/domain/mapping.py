"""A saved mapping: which column of somebody's table is which of our fields, and in what notation.

A field without a column or constant stays unknown; `checked` requires those that a record needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from app.domain.count import TOLLS
from app.domain.errors import InvalidFile
from app.domain.place import Precision

VERSION = 1
TOLL_PARTS = ("", "_low", "_best", "_high", "_civilian", "_military", "_unknown", "_child")
TOLL_BOUNDS = ("_civilian_low", "_civilian_high")

DAY_PARTS = ("year", "month", "day")
"""The day of an incident in three columns, the last two perhaps empty or 0."""

WHEN = (
    *("start", "start_time", "end", "end_time", "when_text", "when_precision", "zone"),
    *DAY_PARTS,
)
WHERE = (
    *("lon", "lat", "lon_lat", "place", "lat_lon", "precision", "error_m"),
    *("country", "admin1", "admin2"),
)
WHAT = (
    *("weapons", "mechanism", "attributed_to", "attributed_confidence", "status", "wave"),
    *("sector", "object_kind", "object_name", "grade", "damage_count"),
    *("description", "graphic", "source_key", "kind"),
    *("source_url", "source_publisher", "source_published"),
)
OF_PEOPLE = tuple(f"{toll}{part}" for toll in TOLLS for part in (*TOLL_PARTS, *TOLL_BOUNDS))
MAPPED_FIELDS = (*WHEN, *WHERE, *WHAT, *OF_PEOPLE)
"""Every name that a column or a constant may be mapped to."""

NUMBERED = ("lon", "lat", "place")
"""Fields of which a row may have several: lat1, lon1, lat2, lon2."""

IN_ONE_CELL = ("lat_lon", "lon_lat")
"""Fields of a point in one cell, by the order of its numbers."""

REPEATED = ("source_url", "weapons", "description", *NUMBERED)
"""Fields to which several columns may be mapped."""

OF_DAMAGE = ("sector", "object_kind", "object_name", "grade", "damage_count")
OF_GROUPS = (*REPEATED, *IN_ONE_CELL, *OF_DAMAGE)
"""Fields of which the rows of a repeated group may say more: the rest is of the incident alone."""

FATES = (*TOLLS, "")
"""What became of a victim, as a mapping says it: the last is neither."""

DAYS = ("start", "end", "source_published")
PLACES = ("place", "country", "admin1", "admin2")


class Notation(StrEnum):
    """How a column writes days; never guessed, because 03/04/2024 is two different days."""

    ymd = "ymd"
    dmy = "dmy"
    mdy = "mdy"
    compact = "compact"
    month_name = "month_name"
    epoch_s = "epoch_s"
    epoch_ms = "epoch_ms"
    serial = "serial"
    edtf = "edtf"


class SeveralPlaces(StrEnum):
    """What becomes of a row that names several places.

    `together`: one incident, known to the region that they share. `apart`: an incident at each, and
    the row's figures at none of them, since nobody says how many people were where.
    """

    together = "together"
    apart = "apart"


class Victims(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table with a row for each victim: rows with the same `event` are one incident.

    `fate` is the column of what became of the person, and `words` says which of its words (lower
    case) mean "killed", "injured" or "" (neither), beside the usual ones. Without such a column
    `every` says what all of them are.
    """

    event: str
    fate: str = ""
    every: str = ""
    words: dict[str, str] = {}


class Precedence(StrEnum):
    """Which numbers of people count where a form states some and lists the people as well.

    `agree`: both must say the same, and a row where they do not is rejected.
    """

    agree = "agree"
    stated = "stated"
    listed = "listed"


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A repeated group of a form: a table whose rows belong to rows of the main one.

    They have in `parent` what the row of the main table has in `key`. `columns` are those that say
    more of the incident. With `fate` or `every` each row is a person, as in `Victims`.
    """

    key: str
    parent: str
    fate: str = ""
    every: str = ""
    words: dict[str, str] = {}
    numbers: Precedence = Precedence.agree
    columns: dict[str, str] = {}

    @property
    def victims(self) -> Victims | None:
        """What the rows say of persons; None where they are none."""
        if not (self.fate or self.every):
            return None
        return Victims(event=self.parent, fate=self.fate, every=self.every, words=self.words)


class TableMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one file's columns mean.

    `geocode` looks up the point of a settlement by its name and its region, when only one has this
    name. `words` maps words of the file (lower case) to our codes, by field; "" is "not stated".
    `has_merged_header`: the line above the header's holds headings of several columns.
    `dates` is the notation of all columns of days, `notations` that of single columns.
    `victims`: each row is a person, not a strike.
    `groups`: the repeated groups of a form, by the names of their sheets or files.
    `same_incident`: the column whose equal values say that rows report the same incident.
    """

    version: int
    format: str = "mapped"
    dates: Notation | None = None
    notations: dict[str, Notation] = {}
    decimal_comma: bool = False
    has_points: bool = False
    geocode: bool = False
    sheet: str | None = None
    header_row: int = 1
    has_merged_header: bool = False
    several_places: SeveralPlaces = SeveralPlaces.together
    victims: Victims | None = None
    groups: dict[str, Group] = {}
    same_incident: str = ""
    columns: dict[str, str] = {}
    constants: dict[str, str] = {}
    words: dict[str, dict[str, str]] = {}

    def column(self, field: str) -> str | None:
        """Return the first column that is mapped to a field."""
        return next((name for name, to in self.columns.items() if to == field), None)

    def says(self, field: str) -> bool:
        """Tell whether the mapping has a column or a constant for a field."""
        is_stated = field in self.constants or field in self.columns.values()
        return is_stated or self.is_in_group(field)

    def is_in_group(self, field: str) -> bool:
        """Tell whether a repeated group has a column for a field."""
        return any(field in group.columns.values() for group in self.groups.values())

    def notation_of(self, field: str) -> Notation | None:
        """Return how the column of a field writes days; None where nothing says it."""
        return self.notations.get(self.column(field) or "", self.dates)

    @property
    def is_drawn(self) -> bool:
        """Tell whether records get a point, from columns or from the file's own geometry."""
        has_columns = self.says("lon") and self.says("lat")
        return self.has_points or has_columns or self.says("lat_lon") or self.says("lon_lat")


def checked(mapping: TableMapping, name: str = "the mapping") -> TableMapping:
    """Return the mapping when an import can use it.

    Raises:
        InvalidFile: it has no date or no place, or something in it is unclear.
    """
    for what, got, allowed in _faults(mapping):
        raise InvalidFile(f"{what} in {name}", got, allowed)
    return mapping


def _faults(mapping: TableMapping) -> Iterator[tuple[str, str, str]]:
    yield from _unknown(mapping)
    yield from () if mapping.victims is None else _of_victims(mapping.victims)
    if mapping.victims is not None and mapping.same_incident:
        got = "with [victims]"
        yield "same_incident", got, "one of them: rows are either reports or persons"
    for name, group in mapping.groups.items():
        yield from _of_group(name, group)
    if not (mapping.says("start") or mapping.says("year")):
        yield "date", "none", "a column or constant for `start`, the day of the incident"
    if not mapping.is_drawn and not any(mapping.says(field) for field in PLACES):
        yield "place", "none", "columns for `lon` and `lat`, or one for `place` or `admin1`"
    if mapping.geocode and not (mapping.says("place") and mapping.says("admin1")):
        allowed = "columns or constants for `place` and `admin1`: names repeat from unit to unit"
        yield "geocode", "true", allowed
    if any(mapping.column(day) and mapping.notation_of(day) is None for day in DAYS):
        yield "dates", "none", f"the notation of its days, one of {', '.join(Notation)}"
    if mapping.is_drawn and not mapping.says("precision"):
        choice = ", ".join(Precision)
        yield "precision", "none", f"a constant or column `precision`, one of {choice}"


def _of_victims(victims: Victims) -> Iterator[tuple[str, str, str]]:
    if not victims.event:
        yield "victims.event", "nothing", "the column whose values are equal for one event"
    if bool(victims.fate) == bool(victims.every):
        got = "both" if victims.fate else "neither"
        yield "victims.fate, victims.every", got, "one: a column, or what all of them are"
    for fate in (*victims.words.values(), *([victims.every] if victims.every else [])):
        if fate not in FATES:
            yield "victims", fate, f"one of {', '.join(FATES[:2])}, or empty in `words`"


def _of_group(name: str, group: Group) -> Iterator[tuple[str, str, str]]:
    where = f"groups.{name}"
    if not (group.key and group.parent):
        yield where, "no key or no parent", "the columns of both tables that have the same values"
    if group.victims is not None:
        yield from _of_victims(group.victims)
    elif not group.columns:
        yield where, "nothing to read", "`fate` or `every` for rows of persons, or `columns`"
    for field in group.columns.values():
        if field not in OF_GROUPS:
            yield f"{where}.columns", field, f"one of {', '.join(OF_GROUPS)}"
        elif list(group.columns.values()).count(field) > 1:
            yield f"{where}.columns", f"{field} twice", "one column for each field"


def _unknown(mapping: TableMapping) -> Iterator[tuple[str, str, str]]:
    targets = [*mapping.columns.values(), *mapping.constants]
    if mapping.version != VERSION:
        yield "version", str(mapping.version), str(VERSION)
    if mapping.header_row < 1:
        yield "header_row", str(mapping.header_row), "1 or more"
    for field in [one for one in (*targets, *mapping.words) if one not in MAPPED_FIELDS]:
        yield "field", field, f"one of {', '.join(MAPPED_FIELDS)}"
    for column in mapping.notations.keys() - mapping.columns.keys():
        yield "notations", column, "columns that are mapped"
    for field in targets:
        if targets.count(field) > 1 and field not in REPEATED:
            yield "columns", f"{field} twice", "one column or constant for each field"
