"""Reads the rows of a table, or the features of a file of points, by a mapping to our fields."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice, zip_longest
from math import isnan

import msgspec

from app.domain.count import TOLLS
from app.domain.errors import InputError, InvalidFile
from app.domain.mapping import (
    DAY_PARTS,
    DAYS,
    IN_ONE_CELL,
    OF_DAMAGE,
    TOLL_BOUNDS,
    TOLL_PARTS,
    Notation,
    SeveralPlaces,
    TableMapping,
    checked,
)
from app.domain.place import LonLat
from app.files import parsing
from app.files.sheets import Cells, squeezed, table
from app.files.source import BadFieldError, Rejection, SourceFile, rejection
from app.importers import native
from app.importers.base import Context, Dropped, Outcome, ParsedRecord, Warned
from app.importers.coordinates import degrees, position
from app.importers.counts import WHOLE, count_of, is_error, says_unknown
from app.importers.edtf import of_parts, span_of
from app.importers.geocoding import Geocoder
from app.importers.groups import GroupTables
from app.importers.header import faulty_cells_note, joined_names, unread_sheets_note
from app.importers.notation import SERIAL, WRITTEN, any_day_of, clock_of
from app.importers.points import PointFeature, kind_of, point_features
from app.importers.reports import ReportRows, with_key
from app.importers.several import StatedPlace, apart, common_region, places_in, together
from app.importers.typed import COUNTED, TIMES, Typed
from app.importers.victims import NUMBERS, EventRow, VictimRows, with_numbers
from app.importers.words import Words, kind_of_words

Row = tuple[int, Cells] | Rejection | Dropped
Scope = Callable[[Cells], str | None]
"""Says of a row why it is out of scope; None where it is not."""

PARTS = {toll: [f"{toll}{part}" for part in (*TOLL_PARTS, *TOLL_BOUNDS) if part] for toll in TOLLS}
BOUNDS = ("low", "best", "high")
PLAIN = re.compile(WHOLE)
TOTAL = re.compile(
    r"(?:grand |sub)?totals?:?|sum:?|in total:?|всього:?|усього:?|разом:?|загалом:?|підсумок:?"
)
CHECKED_AS_TYPED = COUNTED | set(DAYS)
"""Fields whose cells keep an error of a spreadsheet: what was typed is kept or refused."""

CLOCK = re.compile(r"[ T]\d{1,2}:\d\d")
PLAIN_TEXTS = ("place", "description", "when_text", "wave")
MIDNIGHT = "00:00:00"
DAMAGE = {
    "object_kind": "object_kind",
    "object_name": "name",
    "grade": "grade",
    "damage_count": "count",
}


def outcomes_by(
    mapping: TableMapping, source: SourceFile, context: Context, out_of_scope: Scope | None = None
) -> Iterator[Outcome]:
    """Yield one outcome per row or feature of a file.

    `out_of_scope` says of the cells of a row why it is dropped, if it is.

    Raises:
        InvalidFile: the mapping is of no use, or for another file.
    """
    mapping = with_key(with_numbers(checked(mapping)))
    reader, is_points = (
        _RowReader(mapping, context, source, out_of_scope),
        mapping.has_points or kind_of(source),
    )
    yield from reader.of_points(point_features(source)) if is_points else reader.of_table()


class _RowReader:
    def __init__(
        self,
        mapping: TableMapping,
        context: Context,
        source: SourceFile,
        out_of_scope: Scope | None = None,
    ) -> None:
        self.mapping, self.context, self.source = mapping, context, source
        self.out_of_scope = out_of_scope
        self.words, self.geocoder = Words(context), Geocoder(context)
        self.time_columns = {
            day: (mapping.column(day), mapping.column(clock)) for day, clock in TIMES.items()
        }
        self.typed = Typed()
        self.with_several = 0
        counts = Counter(mapping.columns.values())
        is_numbered = {to: counts[to] > 1 or mapping.is_in_group(to) for to in ("lon", "lat")}
        self.numbered = [to for to in is_numbered if is_numbered[to]]
        victims, fates = mapping.victims, context.taxonomy.crosswalk("mapped")["fates"]
        self.grouping = None if victims is None else VictimRows(mapping, victims, fates)
        self.reports = ReportRows(mapping) if mapping.same_incident else None
        self.groups = GroupTables(mapping, source, fates)

    def of_table(self) -> Iterator[Outcome]:
        """Read a table's rows."""
        body = table(
            self.source,
            header_row=self.mapping.header_row,
            sheet=self.mapping.sheet,
            is_merged=self.mapping.has_merged_header,
        )
        yield from self._check_columns(body.names)
        yield from faulty_cells_note(self.source)
        yield from unread_sheets_note(self.source, self.mapping.sheet, self.mapping.groups)
        for row in self._grouped(self._in_scope(body.rows)):
            if isinstance(row, (Rejection, Dropped)):
                yield row
            else:
                yield from self._outcomes(EventRow(*row))
        yield from self._warnings()

    def _in_scope(self, rows: Iterator[tuple[int, Cells] | Rejection]) -> Iterator[Row]:
        """Drop rows of totals and those that are out of scope, before any are put together."""
        for row in rows:
            if isinstance(row, Rejection):
                yield row
            elif has_total_word(row[1]):
                yield Dropped(row[0], "total_row")
            elif self.out_of_scope and (reason := self.out_of_scope(row[1])):
                yield Dropped(row[0], reason)
            else:
                yield row

    def _grouped(self, rows: Iterator[Row]) -> Iterator[Row | EventRow]:
        """Put the rows of one incident together, where the mapping says which these are."""
        if self.grouping is not None:
            return self.grouping.events(rows)
        return rows if self.reports is None else self.reports.incidents(rows)

    def of_points(self, features: Iterator[PointFeature]) -> Iterator[Outcome]:
        """Read features; the columns are the fields of all features together."""
        names, missing = set[str](), set(self.mapping.columns)
        for row, feature in enumerate(features, 1):
            names |= feature.fields.keys()
            missing -= feature.fields.keys()
            if self.out_of_scope and (reason := self.out_of_scope(feature.fields)):
                yield Dropped(row, reason)
            else:
                yield from self._outcomes(EventRow(row, feature.fields), feature)
        if missing:
            names_text = ", ".join(sorted(missing))
            yield Warned(f"Fields of the mapping that no feature fills: {names_text}.")
        yield from self._unmapped_warnings(sorted(names))
        yield from self._warnings()

    def _warnings(self) -> Iterator[Outcome]:
        yield from self.words.warnings()
        yield from () if self.grouping is None else self.grouping.fates.warnings()
        yield from () if self.reports is None else self.reports.warnings()
        yield from self.groups.outcomes()
        yield from self._of_several()
        yield from self.geocoder.warnings()
        yield from self.typed.warnings()
        yield from self.typed.refusals(self.mapping)

    def _check_columns(self, names: list[str]) -> Iterator[Warned]:
        victims, added = self.mapping.victims, NUMBERS.values()
        needed = [*self.mapping.columns, *([victims.fate] if victims and victims.fate else [])]
        needed += [group.key for group in self.mapping.groups.values()]
        needed += [self.mapping.same_incident] if self.mapping.same_incident else []
        missing = [name for name in needed if name not in names and name not in added]
        if missing:
            where = f"columns of {self.source.name}"
            raise InvalidFile(where, f"no {', '.join(missing)}", f"{', '.join(names)}")
        yield from self._unmapped_warnings(names)

    def _unmapped_warnings(self, names: list[str]) -> Iterator[Warned]:
        victims = self.mapping.victims
        used = {*self.mapping.columns, *([victims.fate] if victims else [])}
        used |= {group.key for group in self.mapping.groups.values()} | {self.mapping.same_incident}
        if others := [name for name in names if name not in used]:
            yield Warned(f"Columns that the mapping leaves out: {joined_names(others)}.")

    def _outcomes(self, row: EventRow, feature: PointFeature | None = None) -> Iterator[Outcome]:
        """Yield the outcome of a row: of one with several places perhaps one for each."""
        texts = self._texts(row.cells)
        try:
            self.groups.add_to(texts, row.cells)
        except BadFieldError as wrong:
            yield rejection(row.row, wrong)
            return
        places = places_in(texts)
        self.with_several += bool(places)
        if places and self.mapping.several_places is SeveralPlaces.apart:
            for place_texts in apart(texts, places):
                yield self._outcome(row, place_texts, feature)
        else:
            yield self._outcome(row, texts, feature, places)

    def _outcome(
        self,
        row: EventRow,
        texts: dict[str, list[str]],
        feature: PointFeature | None,
        places: Sequence[StatedPlace] = (),
    ) -> Outcome:
        try:
            point = feature.checked_point() if feature and self.mapping.has_points else None
            values = self._values(together(texts, places) if places else texts)
            if places:
                self._put_together(values, places)
            point = point_of(values) or point
            if self.words.is_abroad(parsing.text(values, "country")):
                return Dropped(row.row, "other_country", point)
            if point is None and self.mapping.geocode and not places:
                point = self.geocoder.placed(values)
            if point is None:
                values.update(precision=None, error_m=None)
            self._keep_time(values, row.cells, point)
            _drop_unknown(values, point)
            incident = native.incident_from(values, point, self.context)
            return ParsedRecord(row.row, incident, row.rows)
        except (BadFieldError, InputError) as wrong:
            fault = msgspec.structs.replace(rejection(row.row, wrong), rows=row.rows)
            self.typed.refuse(fault)
            return fault

    def _put_together(self, values: dict[str, object], places: Sequence[StatedPlace]) -> None:
        """State the region that the points of several places share, where the row states none."""
        points = [point for place in places if (point := point_of(place.texts))]
        values["admin1"] = values.get("admin1") or common_region(points, self.context.regions)

    def _of_several(self) -> Iterator[Warned]:
        """Say what became of the rows that name several places."""
        is_apart = self.mapping.several_places is SeveralPlaces.apart
        how = (
            "an incident at each, and the numbers of people at none"
            if is_apart
            else "one incident, known to the region that they share"
        )
        if self.with_several:
            yield Warned(f"Rows that name several places, {how}: {self.with_several:,}.")

    def _texts(self, cells: Cells) -> dict[str, list[str]]:
        """Collect what a row says of each field; of lat1 and lat2 also that one is empty."""
        texts_by_field: dict[str, list[str]] = {
            name: [text] for name, text in self.mapping.constants.items()
        }
        for column, to in self.mapping.columns.items():
            text = cells.get(column, "")
            if to not in CHECKED_AS_TYPED and is_error(text):
                self.typed.errors[text] += 1
                text = ""
            if text or to in self.numbered:
                texts_by_field.setdefault(to, []).append(text)
                self.typed.filled[to] += column in cells
        return texts_by_field

    def _values(self, texts: Mapping[str, list[str]]) -> dict[str, object]:
        """Turn what a row says into the nested values of our own format."""
        texts_by_field = dict(texts)
        for to in self.numbered:
            texts_by_field[to] = [text for text in texts.get(to, ()) if text][:1] or [""]
        for to in texts.keys() & set(OF_DAMAGE):
            texts_by_field[to] = texts[to][:1]
        self._with_time(texts_by_field)
        _with_span(texts_by_field)
        values: dict[str, object] = {
            name: self._read(name, texts) for name, texts in texts_by_field.items()
        }
        if not values.get("start"):
            raise BadFieldError("start", "", WRITTEN[self._notation("start")])
        self._keep_vague(values, texts_by_field)
        for toll in TOLLS:
            values[toll] = _toll(values, toll)
        values["damage"] = [*_damage(values), *self._more_damage(texts)]
        values["sources"] = _sources(values, texts_by_field.get("source_url", []))
        return values

    def _more_damage(self, texts: Mapping[str, list[str]]) -> Iterator[dict[str, object]]:
        """Read the parts of damage after the first, which the rows of a group say."""
        for cells in islice(zip_longest(*(texts.get(to, ()) for to in OF_DAMAGE)), 1, None):
            named = zip(OF_DAMAGE, cells, strict=True)
            yield from _damage({to: self._read(to, [text]) for to, text in named if text})

    def _notation(self, name: str) -> Notation:
        return self.mapping.notation_of(name) or Notation.ymd

    def _day(self, name: str, text: str) -> str:
        if SERIAL.fullmatch(text):
            self.typed.serial[name] += 1
        return any_day_of(text, self._notation(name), name, self.mapping.constants.get("zone"))

    def _with_time(self, texts_by_field: dict[str, list[str]]) -> None:
        """Put a day and the time of another column together."""
        for day, clock in TIMES.items():
            times, days = texts_by_field.pop(clock, []), texts_by_field.get(day, [])
            times = [] if times and says_unknown(times[0]) else times
            if times and days and not CLOCK.search(days[0]):
                joined = f"{self._plain_day(day, days[0])} {clock_of(times[0], clock)}"
                texts_by_field[day] = [joined]

    def _plain_day(self, name: str, text: str) -> str:
        """Return a day as YYYY-MM-DD: a serial number cannot take a time behind it."""
        return self._day(name, text)[: parsing.DAY_LENGTH]

    def _keep_time(self, values: dict[str, object], cells: Cells, point: LonLat | None) -> None:
        """Keep times as text where nothing says whose they are, or on which day they end."""
        typed = {day: self._typed(cells, day) for day in TIMES}
        lost = [
            day
            for day, texts in typed.items()
            if len(str(values.get(day) or "")) <= parsing.DAY_LENGTH and self._has_hour(day, *texts)
        ]
        if not lost:
            return
        self.typed.without_zone += bool(values.get(lost[0]))
        self.typed.without_last_day += not values.get(lost[-1])
        texts = (" ".join(filter(None, pair)) for pair in typed.values())
        native.keep_when_text(values, " to ".join(filter(None, texts)), point)

    def _typed(self, cells: Cells, day: str) -> tuple[str, str]:
        """Return a day and its time of day as they are typed; "" for each that is not stated."""
        day_text, clock = (cells.get(column or "", "") for column in self.time_columns[day])
        return day_text, "" if clock and says_unknown(clock) else clock

    def _has_hour(self, day: str, day_text: str, clock: str) -> bool:
        """Tell whether a time of day is typed; midnight is none, since spreadsheets add it."""
        if clock and not CLOCK.search(day_text):
            return clock_of(clock, TIMES[day]) != MIDNIGHT
        moment = day_text and any_day_of(day_text, self._notation(day), day, "UTC")
        return len(moment) > parsing.DAY_LENGTH

    def _keep_vague(self, values: dict[str, object], texts_by_field: dict[str, list[str]]) -> None:
        """Keep in the description what was typed where a number is not stated, as in "dozens"."""
        for name, texts in texts_by_field.items():
            if name in COUNTED and values[name] is None and not says_unknown(texts[0]):
                self.typed.vague.setdefault(name, Counter())[texts[0]] += 1
                line = f"{self.mapping.column(name) or name}: {texts[0]}"
                values["description"] = "\n".join(
                    text for text in (parsing.text(values, "description"), line) if text
                )

    def _read(self, name: str, texts: list[str]) -> object:
        """Read one field: days by the notation, words by their crosswalk, other text unchanged."""
        crosswalk = self.mapping.words.get(name, {})
        if name in DAYS:
            return self._day(name, texts[0])
        if name in COUNTED:
            text = crosswalk.get(squeezed(texts[0]), texts[0])
            return text if PLAIN.fullmatch(text) or not text else count_of(text, name)
        if name == "weapons":
            terms = self.context.taxonomy.weapons
            codes = [self.words.codes(name, text, terms, crosswalk) for text in texts]
            return list(dict.fromkeys(code for group in codes for code in group))
        if name == "sector":
            return next(
                iter(self.words.codes(name, texts[0], self.context.taxonomy.sectors, crosswalk)),
                None,
            )
        if name == "admin1":
            return self.words.region(texts[0], crosswalk)
        joined = ("; " if name == "place" else "\n").join(texts)
        word = crosswalk.get(squeezed(texts[0]), texts[0]) if crosswalk else joined
        if name == "kind" and crosswalk:
            word = kind_of_words(texts[0], crosswalk)
        return self.words.country(word) if name == "country" else word


def point_of(values: Mapping[str, object]) -> LonLat | None:
    """Read the coordinates; None without them, never 0, 0; one of two alone is refused."""
    for name in IN_ONE_CELL:
        if text := parsing.text(values, name):
            return position(text, lon_first=name == "lon_lat")
    lon, lat = (_degrees(values, axis) for axis in ("lon", "lat"))
    return parsing.point_from(lon, lat)


def _with_span(texts_by_field: dict[str, list[str]]) -> None:
    """Put the day of three columns together, and read a day that is known roughly as its span."""
    parts = [next(iter(texts_by_field.pop(part, [])), "") for part in DAY_PARTS]
    if parts[0]:
        texts_by_field.setdefault("start", [of_parts(*parts)])
    typed = next(iter(texts_by_field.get("start", ())), "")
    if span := span_of(typed):
        texts_by_field["start"] = [span.first.isoformat()]
        texts_by_field.setdefault("end", [span.last.isoformat()])
        texts_by_field.setdefault("when_precision", [span.precision.value])
        texts_by_field.setdefault("when_text", [typed])


def _degrees(values: Mapping[str, object], axis: str) -> object:
    """Read one coordinate; None for an empty cell, and for a word that says no more."""
    text = parsing.text(values, axis)
    try:
        number = float(text or "nan")
    except ValueError:
        return None if says_unknown(text or "") else degrees(text or "", axis)
    return None if isnan(number) else number


def _drop_unknown(values: dict[str, object], point: LonLat | None) -> None:
    """Drop texts that say no more than an empty cell, such as "n/a"; the key stays as with them."""
    unknown = [name for name in PLAIN_TEXTS if says_unknown(parsing.text(values, name) or "x")]
    if unknown and not parsing.text(values, "source_key"):
        values["source_key"] = native.content_key(values, point)
    values.update(dict.fromkeys(unknown))


def has_total_word(cells: Mapping[str, str]) -> bool:
    """Tell whether a row is the sum of a table: its first cell says so."""
    return TOTAL.fullmatch(squeezed(next(iter(cells.values()), ""))) is not None


def _toll(values: Mapping[str, object], toll: str) -> object:
    """Return the parts of one toll, nested as in our own GeoJSON."""
    if not any(name in values for name in PARTS[toll]):
        return values.get(toll)
    bounds = {part: values.get(f"{toll}_{part}") for part in BOUNDS}
    kinds = {part: values.get(f"{toll}_{part}") for part in ("civilian", "military", "unknown")}
    bounds_of_civilians = {part: values.get(f"{toll}_civilian_{part}") for part in BOUNDS[::2]}
    if any(bounds_of_civilians.values()):
        kinds["civilian"] = bounds_of_civilians
    by_kind = {part: text for part, text in kinds.items() if text}
    child = values.get(f"{toll}_child")
    total = values.get(toll)
    if isinstance(total, Mapping):
        bounds = {part: total.get(part) for part in BOUNDS}
    elif total:
        bounds = dict.fromkeys(bounds, total)
    return {
        **bounds,
        **({"by_kind": by_kind} if by_kind else {}),
        **({"child": child} if child else {}),
    }


def _damage(values: Mapping[str, object]) -> list[dict[str, object]]:
    details = {to: values.get(name) for name, to in DAMAGE.items() if values.get(name)}
    sector = values.get("sector")
    return [{"sector": sector or "unknown", **details}] if sector or details else []


def _sources(values: Mapping[str, object], urls: list[str]) -> list[dict[str, object]]:
    about = {
        name: values.get(f"source_{name}")
        for name in ("publisher", "published")
        if values.get(f"source_{name}")
    }
    links = [link for text in urls for link in text.split()]
    return [{"url": link, **about} for link in links] or ([about] if about else [])
