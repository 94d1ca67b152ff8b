"""What the importers of event databases share.

Days in many notations, links in text, the words of a crosswalk.
"""

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
from app.importers import native
from app.importers.base import (
    BadFieldError,
    Context,
    Dropped,
    Outcome,
    Rejection,
    Source,
    table_columns,
)

T = TypeVar("T")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
LINK = re.compile(r"https?://[^\s<>\"]+?(?=[,;]?(?:$|[\s<>\"])|[,;]\s*https?://)")
VIDEO_TIME = re.compile(r"^\s*(?:\d+:)?\d{1,2}:\d\d(?:\s*-\s*(?:\d+:)?\d{1,2}:\d\d)?\s*[-–:]\s*")
TAGS_SHARE = 0.5


class Notation(NamedTuple):
    """One way of writing a day: how it looks, and how a sentence names it."""

    pattern: re.Pattern[str]
    shown: str


ISO = Notation(
    re.compile(r"(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)(?:[T ]00:00(?::00(?:\.0+)?)?Z?)?"),
    "YYYY-MM-DD",
)
PACKED = Notation(re.compile(r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)"), "YYYYMMDD")
DAY_FIRST = Notation(re.compile(r"(?P<d>\d\d)-(?P<m>\d\d)-(?P<y>\d{4})"), "DD-MM-YYYY")
MONTH_FIRST = Notation(re.compile(r"(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<y>\d{4})"), "M/D/YYYY")
NAMED = Notation(
    re.compile(r"(?P<d>\d{1,2})[ -](?P<name>[A-Za-z]{3,9})[ -](?P<y>\d{4})"), "08 March 2025"
)


@lru_cache(maxsize=65_536)
def day(given: str, name: str, notations: tuple[Notation, ...]) -> date:
    """Read a day in one of the notations that a format is known to use; nothing is guessed.

    Raises:
        BadFieldError: another notation, no such day, or outside 1900..2100.
    """
    for notation in notations:
        if found := notation.pattern.fullmatch(given):
            parts = found.groupdict()
            month = parts.get("m") or _month(parts["name"])
            written = f"{parts['y']}-{month:0>2}-{parts['d']:0>2}"
            try:
                return native.day(written, name)
            except BadFieldError as wrong:
                is_range = "to" in wrong.why.split()
                allowed = wrong.why if is_range else _allowed(notations)
                raise BadFieldError(name, given, allowed) from wrong
    raise BadFieldError(name, given, _allowed(notations))


def _month(name: str) -> str:
    short = name[:3].lower()
    return str(MONTHS.index(short) + 1) if short in MONTHS else "0"


def _allowed(notations: tuple[Notation, ...]) -> str:
    return f"a day as {' or '.join(one.shown for one in notations)}"


def links(text: str | None) -> list[str]:
    """Find the links in a text, whatever joins them; each once, in order.

    A comma inside a link stays: only one before the next link, or at an end, divides.
    """
    return list(dict.fromkeys(LINK.findall(text or "")))


def sources(*texts: str | None, publisher: str | None = None) -> tuple[SourceRef, ...]:
    """Make a source of each link in some texts."""
    found = dict.fromkeys(url for text in texts for url in links(text))
    return tuple(SourceRef(publisher, url) for url in found)


def without_video_time(text: str | None) -> str | None:
    """Take the time within a video off the front of a description ("0:29-0:32 - ")."""
    return (VIDEO_TIME.sub("", text).strip() or None) if text else None


def coded(by: str, **codes: str | None) -> tuple[Claim, ...]:
    """Keep a source's own codes as its statement, so that no crosswalk loses them."""
    said = [f"{name} {code}" for name, code in codes.items() if code]
    return (Claim(by, "; ".join(said)),) if said else ()


def point(cells: Mapping[str, str], lon: str = "longitude", lat: str = "latitude") -> LonLat | None:
    """Read a point from two columns; both or neither."""
    return native.point_from(cells.get(lon), cells.get(lat))


def table_outcomes(
    source: Source,
    fate: Callable[[int, dict[str, str]], Outcome],
    wanted: Collection[str] | None = None,
) -> Iterator[Outcome]:
    """Read a table, each row through `fate`; a row of HXL tags below the header is no event.

    `wanted` names the columns that `fate` looks at: of a wide table the others cost as much.
    """
    for batch in table_columns(source):
        if isinstance(batch, Rejection):
            yield batch
            continue
        rows = batch.rows(wanted)
        if batch.numbers[:1] == [1] and _are_tags([cell[0] for cell in batch.cells.values()]):
            next(rows)
            yield Dropped(1, "hxl_tags")
        for row, cells in rows:
            yield settled(row, cells, fate)


def settled(row: int, values: T, fate: Callable[[int, T], Outcome]) -> Outcome:
    """Make a row's outcome; what does not fit is its rejection."""
    try:
        return fate(row, values)
    except (BadFieldError, InputError) as wrong:
        return native.bad(row, wrong)


def _are_tags(row: Iterable[str]) -> bool:
    cells = [cell for cell in row if cell]
    return sum(cell.startswith("#") for cell in cells) > TAGS_SHARE * len(cells)


def together(source: Source, name: str) -> Path | None:
    """Find a file that is imported together with another one."""
    return next((path for one, path in source.beside if one == name), None)


def beside(source: Source, name: str) -> Path | None:
    """Find a file that belongs to another one: imported together with it, or next to it on disk.

    A file under a name of our own choosing (an upload) has no neighbours of its own.
    """
    if source.beside or source.path.name != source.name:
        return together(source, name)
    near = source.path.with_name(name)
    return near if near.is_file() else None


@dataclass
class Words:
    """The crosswalk from one format's words, with the names that all formats share."""

    context: Context
    form: str
    tables: Mapping[str, Mapping[str, str]] = field(init=False)
    countries: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        taxonomy = self.context.taxonomy
        self.tables, places = taxonomy.crosswalk(self.form), taxonomy.crosswalk("places")
        self._regions = {**_names(self.context), **places["regions"]}
        self._regions.update(self.tables.get("regions", {}))
        self.countries = places["countries"]
        self._parties = {party.code for party in self.context.theatre.party}
        self._listed: dict[str, re.Pattern[str]] = {}
        self._asked: dict[str, str | None] = {}

    def region(self, given: str | None) -> str | None:
        """Find the ISO code of a first-level unit; an unlisted spelling stays unstated."""
        if not given:
            return None
        if given not in self._asked:
            self._asked[given] = self._regions.get(_plain(given))
        return self._asked[given]

    def country(self, given: str | None) -> str | None:
        """Find a country's ISO code; an unlisted spelling stays unstated."""
        if not given:
            return None
        # Most files spell a country in one way, as listed: the longer way is for the others.
        return self.countries.get(given.lower()) or self.countries.get(_plain(given))

    def party(self, given: str | None) -> str | None:
        """Find the theatre's party whose listed name a name begins with."""
        listed = self.tables.get("parties", {})
        found = (code for name, code in listed.items() if given and given.startswith(name))
        return next((code for code in found if code in self._parties), None)

    def word_in(self, table: str, given: str | None) -> str | None:
        """Find the longest word of a table that stands in a text, at the start of a word.

        A word begins where no letter stands before it: "undetermined" names no mine.
        """
        if not given:
            return None
        if table not in self._listed:
            words = sorted(self.tables[table], key=len, reverse=True)
            spelt = "|".join(re.escape(word) for word in words)
            self._listed[table] = re.compile(rf"(?<![^\W\d_])(?:{spelt})", re.IGNORECASE)
        found: list[str] = self._listed[table].findall(given)
        return max(found, key=len).lower() if found else None

    def code_of(self, table: str, given: str | None) -> str | None:
        """Return what the longest listed word in a text stands for."""
        word = self.word_in(table, given)
        lower = {name.lower(): code for name, code in self.tables[table].items()}
        return lower[word] if word else None


def _plain(given: str) -> str:
    return " ".join(given.lower().replace("\u2019", "'").split())


def _names(context: Context) -> Mapping[str, str]:
    """Map our English names to codes, and their first word too where it names one unit only."""
    whole = {_plain(region.name_en): region.code for region in context.regions}
    firsts = [_plain(region.name_en).rpartition(" ")[0] for region in context.regions]
    short = {
        first: region.code
        for first, region in zip(firsts, context.regions, strict=True)
        if first and firsts.count(first) == 1
    }
    return {**short, **whole}
