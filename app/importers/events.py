"""What the importers of event databases share: days, links and the words of a crosswalk."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, TypeVar

from app.domain.errors import InputError
from app.domain.place import LonLat
from app.domain.source import Claim, SourceRef
from app.files import parsing
from app.files.delimited import table_batches
from app.files.source import BadFieldError, Rejection, SourceFile, rejection
from app.importers.base import Context, Dropped, Outcome

T = TypeVar("T")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
LINK = re.compile(r"https?://[^\s<>\"]+?(?=[,;]?(?:$|[\s<>\"])|[,;]\s*https?://)")
VIDEO_TIME = re.compile(r"^\s*(?:\d+:)?\d{1,2}:\d\d(?:\s*-\s*(?:\d+:)?\d{1,2}:\d\d)?\s*[-–:]\s*")
TAGS_SHARE = 0.5


class DayNotation(NamedTuple):
    """One way of writing a day, and the layout by which messages name it."""

    pattern: re.Pattern[str]
    layout: str


ISO = DayNotation(
    re.compile(r"(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)(?:[T ]00:00(?::00(?:\.0+)?)?Z?)?"),
    "YYYY-MM-DD",
)
PACKED = DayNotation(re.compile(r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)"), "YYYYMMDD")
DAY_FIRST = DayNotation(re.compile(r"(?P<d>\d\d)-(?P<m>\d\d)-(?P<y>\d{4})"), "DD-MM-YYYY")
MONTH_FIRST = DayNotation(re.compile(r"(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<y>\d{4})"), "M/D/YYYY")
NAMED = DayNotation(
    re.compile(r"(?P<d>\d{1,2})[ -](?P<name>[A-Za-z]{3,9})[ -](?P<y>\d{4})"), "08 March 2025"
)


@lru_cache(maxsize=65_536)
def day(text: str, name: str, notations: tuple[DayNotation, ...]) -> date:
    """Read a day in one of the notations that the format uses.

    Raises:
        BadFieldError: another notation, no such day, or outside 1900..2100.
    """
    for notation in notations:
        if match := notation.pattern.fullmatch(text):
            parts = match.groupdict()
            month = parts.get("m") or _month(parts["name"])
            written = f"{parts['y']}-{month:0>2}-{parts['d']:0>2}"
            try:
                return parsing.iso_day(written, name)
            except BadFieldError as wrong:
                is_range = "to" in wrong.why.split()
                allowed = wrong.why if is_range else _allowed(notations)
                raise BadFieldError(name, text, allowed) from wrong
    raise BadFieldError(name, text, _allowed(notations))


def _month(name: str) -> str:
    short = name[:3].lower()
    return str(MONTHS.index(short) + 1) if short in MONTHS else "0"


def _allowed(notations: tuple[DayNotation, ...]) -> str:
    return f"a day as {' or '.join(notation.layout for notation in notations)}"


def links(text: str | None) -> list[str]:
    """List the links in a text, each once, in order of appearance.

    A comma belongs to its link, unless another link or the end of the text follows.
    """
    return list(dict.fromkeys(LINK.findall(text or "")))


def sources(*texts: str | None, publisher: str | None = None) -> tuple[SourceRef, ...]:
    """Return one source per link in the texts."""
    urls = dict.fromkeys(url for text in texts for url in links(text))
    return tuple(SourceRef(publisher, url) for url in urls)


def without_video_time(text: str | None) -> str | None:
    """Remove the time in a video from the start of a description ("0:29-0:32 - ")."""
    return (VIDEO_TIME.sub("", text).strip() or None) if text else None


def coded(by: str, **codes: str | None) -> tuple[Claim, ...]:
    """Return a source's own codes as a claim, so that no crosswalk loses them."""
    parts = [f"{name} {code}" for name, code in codes.items() if code]
    return (Claim(by, "; ".join(parts)),) if parts else ()


def point(cells: Mapping[str, str], lon: str = "longitude", lat: str = "latitude") -> LonLat | None:
    """Read a point from two columns; None if both are empty."""
    return parsing.point_from(cells.get(lon), cells.get(lat))


def table_outcomes(
    source: SourceFile,
    outcome_of: Callable[[int, dict[str, str]], Outcome],
    columns: Collection[str] | None = None,
) -> Iterator[Outcome]:
    """Yield the outcome of each row of a table; a row of HXL tags below the header is dropped.

    `columns` names the columns that `outcome_of` reads: in a wide table the others cost time.
    """
    for batch in table_batches(source):
        if isinstance(batch, Rejection):
            yield batch
            continue
        rows = batch.rows(columns)
        if batch.numbers[:1] == [1] and _are_tags([cell[0] for cell in batch.cells.values()]):
            next(rows)
            yield Dropped(1, "hxl_tags")
        for row, cells in rows:
            yield outcome_or_rejection(row, cells, outcome_of)


def outcome_or_rejection(row: int, values: T, outcome_of: Callable[[int, T], Outcome]) -> Outcome:
    """Return the outcome of a row; a field that cannot be read makes it a rejection."""
    try:
        return outcome_of(row, values)
    except (BadFieldError, InputError) as wrong:
        return rejection(row, wrong)


def _are_tags(row: Iterable[str]) -> bool:
    cells = [cell for cell in row if cell]
    return sum(cell.startswith("#") for cell in cells) > TAGS_SHARE * len(cells)


def imported_companion(source: SourceFile, name: str) -> Path | None:
    """Return the path of a file that is imported together with `source`."""
    return next(
        (path for companion_name, path in source.companions if companion_name == name), None
    )


def companion(source: SourceFile, name: str) -> Path | None:
    """Return the path of a file that belongs to `source`: in the same import or the same folder.

    An upload is stored under another name, so the files in its folder do not belong to it.
    """
    if source.companions or source.path.name != source.name:
        return imported_companion(source, name)
    near = source.path.with_name(name)
    return near if near.is_file() else None


@dataclass
class Crosswalk:
    """The crosswalk from one format's words to our codes, with the names that all formats share."""

    context: Context
    form: str
    tables: Mapping[str, Mapping[str, str]] = field(init=False)
    countries: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        taxonomy = self.context.taxonomy
        self.tables, places = taxonomy.crosswalk(self.form), taxonomy.crosswalk("places")
        self._regions = {**_region_codes(self.context), **places["regions"]}
        self._regions.update(self.tables.get("regions", {}))
        self.countries = places["countries"]
        self._parties = {party.code for party in self.context.theatre.party}
        self._patterns: dict[str, re.Pattern[str]] = {}
        self._lower: dict[str, Mapping[str, str]] = {}
        self._region_cache: dict[str, str | None] = {}

    def region(self, name: str | None) -> str | None:
        """Return the ISO code of a first-level unit; None for a spelling that is not listed."""
        if not name:
            return None
        if name not in self._region_cache:
            self._region_cache[name] = self._regions.get(_normalised(name))
        return self._region_cache[name]

    def country(self, name: str | None) -> str | None:
        """Return the ISO code of a country; None for a spelling that is not listed."""
        if not name:
            return None
        # Most files spell a country as the list does, and lower() is faster than _plain().
        return self.countries.get(name.lower()) or self.countries.get(_normalised(name))

    def party(self, actor: str | None) -> str | None:
        """Return the theatre's party with whose listed name the actor's name begins."""
        parties = self.tables.get("parties", {})
        codes = (code for name, code in parties.items() if actor and actor.startswith(name))
        return next((code for code in codes if code in self._parties), None)

    def word_in(self, table: str, text: str | None) -> str | None:
        """Return the longest word of a table that a text has at the start of a word.

        A letter before it means that no word starts: "undetermined" does not name a mine.
        """
        if not text:
            return None
        if table not in self._patterns:
            words = sorted(self.tables[table], key=len, reverse=True)
            spelt = "|".join(re.escape(word) for word in words)
            self._patterns[table] = re.compile(rf"(?<![^\W\d_])(?:{spelt})", re.IGNORECASE)
        matches: list[str] = self._patterns[table].findall(text)
        return max(matches, key=len).lower() if matches else None

    def code_of(self, table: str, text: str | None) -> str | None:
        """Return the code of the longest listed word in a text."""
        word = self.word_in(table, text)
        if table not in self._lower:
            self._lower[table] = {name.lower(): code for name, code in self.tables[table].items()}
        return self._lower[table][word] if word else None


def _normalised(name: str) -> str:
    return " ".join(name.lower().replace("\u2019", "'").split())


def _region_codes(context: Context) -> Mapping[str, str]:
    """Map our English names to codes, and names without their last word where they are unique."""
    whole = {_normalised(region.name_en): region.code for region in context.regions}
    firsts = [_normalised(region.name_en).rpartition(" ")[0] for region in context.regions]
    short = {
        first: region.code
        for first, region in zip(firsts, context.regions, strict=True)
        if first and firsts.count(first) == 1
    }
    return {**short, **whole}
