"""Tables with HXL hashtags, and those of Insecurity Insight: CSV and XLSX.

The hashtags under the header give the meaning of a column. In Insecurity Insight's own tables they
may be missing or wrong, so there the labels give it. A point that stands for a whole country is not
used as a place. See `docs/formats.md`, section hxl.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from app.domain.count import NO_TOLL, UNKNOWN, Count, Toll
from app.domain.damage import Damage, Grade
from app.domain.errors import InputError, InvalidFile
from app.domain.incident import Attribution, Incident, incident_id
from app.domain.period import When
from app.domain.place import LonLat, Place, Precision
from app.domain.source import SourceRef
from app.files import parsing
from app.files.sheets import Cells, distinct, first_lines, is_workbook, squeezed, table
from app.files.source import BadFieldError, Rejection, SourceFile, decoded_head, rejection
from app.importers import native
from app.importers.base import Context, Dropped, Outcome, ParsedRecord, Warned
from app.importers.header import drift, faulty_cells_note, joined_names, unread_sheets_note
from app.importers.insight import ALWAYS, KNOWN, LABELS, OWN
from app.importers.words import Words

TAG = re.compile(r"#[a-z][a-z0-9_]*", re.IGNORECASE)
TAGGED_SHARE = 0.5
"""Share of the filled cells of a line; a line with this share of hashtags is their line."""

DEEPEST_TAGS = 25
"""Number of first lines that may have the hashtags, as the HXL standard says."""

READ = frozenset(text.partition("+")[0] for text in LABELS.values()) | {"#loc"}
NOT_THE_DAY = frozenset({"reported", "published", "updated", "end"})
NOT_A_PART = frozenset({"killed", "injured", "num", "total", "low", "high"})
CODE = re.compile(r"\(?\s*([1-6])\s*(?:\)|$)")
START, END = frozenset({"start"}), frozenset({"end"})
NAME, ISO, PLAIN = frozenset({"name"}), frozenset({"code"}), frozenset[str]()


class Tag(NamedTuple):
    """A hashtag in parts: `#affected +killed` is ("#affected", {"killed"})."""

    name: str
    attributes: frozenset[str]

    @classmethod
    def read(cls, text: str) -> Tag:
        """Read a tag; it may have spaces, and a space instead of a plus sign."""
        name, *attributes = re.split(r"[\s+]+", text.strip().lower())
        return cls(name, frozenset(one for one in attributes if one))


@dataclass(frozen=True)
class TagColumns:
    """The tag of each column that has one."""

    tags: Mapping[str, Tag]

    def first(self, name: str, *any_of: frozenset[str]) -> str | None:
        """Return the column whose tag has one of these sets of attributes; the first set wins.

        Of several columns, the one with the fewest other attributes is returned.
        """
        for attributes in any_of or (PLAIN,):
            fitting = {
                column: len(tag.attributes)
                for column, tag in self.tags.items()
                if tag.name == name and tag.attributes >= attributes
            }
            if fitting:
                return min(fitting, key=lambda column: fitting[column])
        return None

    def having(self, name: str, attribute: str) -> dict[str, Tag]:
        """Return the columns of a tag that have an attribute."""
        return {
            column: tag
            for column, tag in self.tags.items()
            if tag.name == name and attribute in tag.attributes
        }


class Hxl:
    """Reads one event per row."""

    name = "hxl"
    dataset = None
    publisher = None
    licence = "internal"

    def recognises(self, source: SourceFile) -> str | None:
        """Recognise a line of hashtags, or Insecurity Insight's column of event ids."""
        if not is_workbook(source) and not _is_text(source):
            return None
        try:
            header, tags, _below = _header_lines(source)
        except InputError:
            return None
        if tags:
            recognised = [tag for tag in map(Tag.read, filter(None, tags)) if tag.name in READ]
            return f"a line of {len(recognised)} HXL hashtags that are read" if recognised else None
        if OWN in map(squeezed, header):
            return "the column SiND Event ID of Insecurity Insight"
        return None

    def mapping(self, source: SourceFile) -> dict[str, str]:
        """Map columns to their tags."""
        header, tags, _below = _header_lines(source)
        columns = _columns(header, tags)
        return {column: _tag_text(tag) for column, tag in columns.tags.items()}

    def read(self, source: SourceFile, context: Context) -> Iterator[Outcome]:
        """Yield one outcome per row.

        Raises:
            InvalidFile: no column of dates.
        """
        header, tags, below = _header_lines(source)
        crosswalk, words = context.taxonomy.crosswalk("hxl"), Words(context)
        reader = _RowReader(_columns(header, tags), crosswalk, words, context)
        if reader.day is None:
            allowed = "a column tagged #date, #date+start or #date+occurred"
            raise InvalidFile(f"date of {source.name}", "none", allowed)
        yield from _drift(header, reader)
        yield from reader.notes()
        yield from faulty_cells_note(source)
        yield from unread_sheets_note(source)
        body = table(source, header_row=below - bool(tags), below=int(bool(tags)))
        for row in body.rows:
            yield row if isinstance(row, Rejection) else reader.outcome(*row)
        yield from words.warnings()


def _is_text(source: SourceFile) -> bool:
    head = decoded_head(source)
    return bool(head) and not head.lstrip().startswith(("{", "[", "<"))


def _header_lines(source: SourceFile) -> tuple[list[str], list[str], int]:
    """Return the header, the hashtags ([] without them) and the number of the last of these lines.

    Raises:
        InputError: it is no table.
    """
    first: list[str] = []
    before: list[str] = []
    for number, line in enumerate(first_lines(source, DEEPEST_TAGS), 1):
        filled = [cell for cell in line if cell]
        tagged = [cell for cell in filled if TAG.match(cell)]
        if number > 1 and tagged and len(tagged) >= TAGGED_SHARE * len(filled):
            return before, line, number
        first, before = first or line, line
    return first, [], 1


def _columns(header: list[str], tags: list[str]) -> TagColumns:
    """Return the tag of each column: by its label where the table is Insecurity Insight's own."""
    is_own = OWN in map(squeezed, header)
    by_column, labelled = dict[str, Tag](), set[str]()
    for place, (name, cell) in enumerate(zip(distinct(header), header, strict=True)):
        label = squeezed(cell)
        text = tags[place] if place < len(tags) else ""
        if is_own and label in LABELS:
            text = "" if label in labelled else LABELS[label]
            labelled.add(label)
        elif is_own:
            text = ""
        if TAG.match(text):
            by_column[name] = Tag.read(text)
    return TagColumns(by_column)


def _drift(header: list[str], reader: _RowReader) -> Iterator[Warned]:
    """Warn of columns that are not read: of Insecurity Insight's tables only the new labels."""
    if OWN in map(squeezed, header):
        labels = dict.fromkeys(map(squeezed, header))
        lacking = [label for label in ALWAYS if label not in labels]
        yield from drift([one for one in labels if one not in KNOWN], lacking)
        return
    names = distinct(header)
    if unread := [name for name in names if name not in reader.used]:
        yield Warned(f"Columns that nobody reads were left out: {joined_names(unread)}.")


def _tag_text(tag: Tag) -> str:
    return "+".join([tag.name, *sorted(tag.attributes)])


class _RowReader:
    """Reads the rows of one file by the tags of its columns."""

    def __init__(
        self,
        columns: TagColumns,
        crosswalk: Mapping[str, Mapping[str, str]],
        words: Words,
        context: Context,
    ) -> None:
        self.crosswalk, self.words, self.context, first = crosswalk, words, context, columns.first
        days = {
            column: tag
            for column, tag in columns.tags.items()
            if tag.name == "#date" and not tag.attributes & NOT_THE_DAY
        }
        self.day = first("#date", START) or next(iter(days), None)
        self.end = first("#date", END)
        self.lon, self.lat = first("#geo", frozenset({"lon"})), first("#geo", frozenset({"lat"}))
        self.fineness = first("#geo", frozenset({"precision"}))
        self.admin1 = first("#adm1", ISO, NAME, PLAIN)
        self.admin2 = first("#adm2", ISO)
        self.settlement = first("#loc", NAME, PLAIN)
        iso = [frozenset({one}) for one in ("code", "iso2", "iso3", "iso")]
        self.country = first("#country", *iso, NAME, PLAIN)
        self.description = first("#description")
        self.event_id = first("#event", frozenset({"id"}), ISO)
        self.weapon = first("#weapon", frozenset({"type"}), PLAIN)
        self.launch = first("#weapon", frozenset({"launch"}))
        self.party = first("#group", frozenset({"perp", "name"}))
        self.affected = first("#affected", frozenset({"what"}))
        self.publisher = first("#meta", frozenset({"source"})) or first("#org")
        self.link = first("#meta", frozenset({"url"}))
        self.tolls = {name: columns.having("#affected", name) for name in ("killed", "injured")}
        self.damaged = {
            grade: columns.having("#indicator", word)
            for word, grade in (("destroyed", Grade.destroyed), ("damaged", Grade.unknown))
        }

    @property
    def used(self) -> set[str]:
        """Return the columns that are read."""
        single = (
            *(self.day, self.end, self.lon, self.lat, self.fineness, self.admin1, self.admin2),
            *(self.settlement, self.country, self.description, self.event_id, self.weapon),
            *(self.launch, self.party, self.affected, self.publisher, self.link),
        )
        several = (*self.tolls.values(), *self.damaged.values())
        return {one for one in single if one} | {one for columns in several for one in columns}

    def notes(self) -> Iterator[Warned]:
        """Warn where points have no stated precision."""
        if self.lat and not self.fineness:
            yield Warned(
                "No column says how fine the points are (#geo+precision): each is taken for its "
                "settlement, within 5 km."
            )

    def outcome(self, row: int, cells: Cells) -> Outcome:
        """Return the outcome of one row."""
        try:
            country = self._country(cells)
            if self.words.is_abroad(country):
                return Dropped(row, "other_country")
            incident = self._incident(cells, country)
        except (BadFieldError, InputError) as wrong:
            return rejection(row, wrong)
        if squeezed(cells.get(self.weapon or "", "")) in self.crosswalk["no_strike"]:
            return Dropped(row, "no_strike")
        is_harmless = incident.weapons == ("small_arms",) and _is_harmless(incident)
        return Dropped(row, "no_harm") if is_harmless else ParsedRecord(row, incident)

    def _incident(self, cells: Cells, country: str | None) -> Incident:
        point, place = self._place(cells, country)
        key = self._cell(cells, self.event_id) or native.content_key(cells, point)
        values: dict[str, str | None] = {
            "start": self._cell(cells, self.day),
            "end": self._cell(cells, self.end),
        }
        return Incident(
            id=incident_id(self.context.dataset, key),
            dataset=self.context.dataset,
            source_key=key,
            when=_when(values, self.context.theatre.zone),
            place=place,
            weapons=self._weapons(cells),
            attributed_to=self._attribution(cells),
            killed=self._toll(cells, "killed"),
            injured=self._toll(cells, "injured"),
            damage=tuple(self._damage(cells)),
            sources=self._sources(cells),
            description=self._cell(cells, self.description),
            synthetic=self.context.synthetic,
        )

    @staticmethod
    def _cell(cells: Cells, column: str | None) -> str | None:
        return cells.get(column) if column else None

    def _country(self, cells: Cells) -> str | None:
        """Return the country's code; None where no list has it."""
        text = self._cell(cells, self.country)
        return self.words.country(text) if text else None

    def _place(self, cells: Cells, country: str | None) -> tuple[LonLat | None, Place]:
        lon, lat = self._cell(cells, self.lon), self._cell(cells, self.lat)
        code = self._code(cells)
        fineness, _, error_m = self.crosswalk["precision"].get(code, "settlement|").partition("|")
        point = None if fineness == "none" else parsing.point_from(lon, lat)
        region = self._cell(cells, self.admin1)
        admin1 = self.words.region(region, self.crosswalk["provinces"]) if region else None
        coarsest = Precision.admin1 if admin1 else Precision.country
        precision = Precision(fineness) if point else coarsest
        error = parsing.whole(error_m, "#geo+precision") if point else None
        stated = {"country": country, "admin1": admin1, "admin2": self._cell(cells, self.admin2)}
        name = self._cell(cells, self.settlement)
        return point, Place.at(point, precision, error_m=error, name=name, **stated)

    def _code(self, cells: Cells) -> str:
        """Return the precision code: the number of "(2) 25 km precision ", or "censored"."""
        text = self._cell(cells, self.fineness)
        if not text:
            return ""
        if squeezed(text) in self.crosswalk["precision"]:
            return squeezed(text)
        if match := CODE.match(text):
            return match[1]
        raise BadFieldError("#geo+precision", text, '"(1) …" to "(6) …" or "censored"')

    def _weapons(self, cells: Cells) -> tuple[str, ...]:
        text = self._cell(cells, self.weapon)
        if not text:
            return ()
        launch = squeezed(self._cell(cells, self.launch) or "")
        terms, weapon_codes = self.context.taxonomy.weapons, self.crosswalk["weapons"]
        codes = self.words.codes(
            "#weapon", text, terms, {**self.crosswalk["no_strike"], **weapon_codes}
        )
        codes = [code for code in codes if code != "no_strike"]
        if self.crosswalk["launch"].get(launch) == "drone":
            codes = ["drone.dropped" if code == "bomb" else code for code in codes]
        return tuple(codes)

    def _attribution(self, cells: Cells) -> Attribution | None:
        """Attribute only a name that a list has exactly, to a party of the theatre."""
        code = self.crosswalk["parties"].get(squeezed(self._cell(cells, self.party) or ""))
        parties = [party.code for party in self.context.theatre.party]
        return Attribution(code) if code in parties else None

    def _toll(self, cells: Cells, name: str) -> Toll:
        """Read people by role as a lower bound of civilians, else totals and kinds as stated."""
        roles, kinds = dict[str, int](), dict[str, Count]()
        for column, tag in self.tolls[name].items():
            number = parsing.whole(cells.get(column), column)
            if number is None:
                continue
            part = tag.attributes - NOT_A_PART
            role = next((self.crosswalk["roles"].get(one) for one in sorted(part)), None)
            kind = next((self.crosswalk["kinds"].get(one) for one in sorted(part)), None)
            if role:
                roles[role] = max(number, roles.get(role, 0))
            elif kind or not part:
                kinds.setdefault(kind or "total", Count.exactly(number))
        if roles and not kinds:
            # The file counts only some professions: other people may have been harmed too.
            return Toll.of(civilian=Count(low=sum(roles.values())))
        total = kinds.pop("total", UNKNOWN)
        return Toll.of(total, **kinds) if kinds or total.is_known else NO_TOLL

    def _damage(self, cells: Cells) -> Iterator[Damage]:
        """Read damage from the counts of objects, else from the word for what was affected."""
        has_count = False
        for grade, columns in self.damaged.items():
            for column, tag in columns.items():
                entries = (self.crosswalk["objects"].get(one) for one in sorted(tag.attributes))
                sector, _, kind = next((one for one in entries if one), "unknown|").partition("|")
                if count := parsing.whole(cells.get(column), column):
                    has_count = True
                    yield Damage(sector, kind or None, grade=grade, count=count)
        sector = self.crosswalk["damage"].get(squeezed(self._cell(cells, self.affected) or ""), "")
        if sector and not has_count:
            yield Damage(sector)

    def _sources(self, cells: Cells) -> tuple[SourceRef, ...]:
        publisher, url = self._cell(cells, self.publisher), self._cell(cells, self.link)
        return (SourceRef(publisher, url),) if publisher or url else ()


def _when(values: Mapping[str, str | None], zone: str) -> When:
    """Read days; the midnight that a spreadsheet adds to a day is removed."""
    plain = {name: _without_midnight(text) for name, text in values.items()}
    if not plain["start"]:
        raise BadFieldError("#date", "", "a day as YYYY-MM-DD")
    return native.when_from(plain, zone)


def _without_midnight(text: str | None) -> str | None:
    return None if text is None else re.sub(r"[ T]00:00(:00(\.0+)?)?Z?$", "", text)


def _is_harmless(incident: Incident) -> bool:
    tolls = (incident.killed.total.low, incident.injured.total.low)
    return not any(tolls) and not incident.damage
