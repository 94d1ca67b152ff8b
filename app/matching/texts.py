"""The texts of records as numbers: links, words and place names, to compare millions of pairs.

Python reads the texts; NumPy compares the pairs. So each distinct link, word and name becomes a
number once, and a record is three short lists of them.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import NamedTuple

import msgspec
import numpy as np

from app.domain.merge import Member
from app.domain.source import upstream_links
from app.domain.store import Store
from app.matching.candidates import Side

SHORTEST_WORD = 3
STEM = 5
PAIRS_AT_ONCE = 1 << 18
"""Number of pairs compared at once: their words fit in a few hundred megabytes."""

_WORD = re.compile(r"[^\W\d_]+")
_APOSTROPHES = re.compile("['\u2019\u02bc`]")


class _Source(msgspec.Struct, gc=False):
    url: str | None = None
    upstream: str | None = None


class _When(msgspec.Struct, gc=False):
    text: str | None = None


class _Place(msgspec.Struct, gc=False):
    name: str | None = None


class _Record(msgspec.Struct, gc=False):
    """The part of an incident that is compared; the rest is not decoded."""

    when: _When
    place: _Place
    sources: tuple[_Source, ...] = ()
    description: str | None = None


_RECORD = msgspec.json.Decoder(_Record)


class Lists(NamedTuple):
    """A list of numbers for each record, in one array: that of record i is starts[i]:starts[i+1].

    Each list is ascending and has every number once.
    """

    starts: np.ndarray
    values: np.ndarray

    @property
    def lengths(self) -> np.ndarray:
        """How long each list is."""
        return np.diff(self.starts)

    def without(self, unwanted: np.ndarray) -> Lists:
        """Remove some numbers from all lists; `unwanted` is a mask by number."""
        keep = ~unwanted[self.values]
        before = np.concatenate([[0], np.cumsum(keep)])
        return Lists(before[self.starts], self.values[keep])

    def keys(self, records: np.ndarray, size: int) -> np.ndarray:
        """Write the lists of some records as one ascending array: place * size + number."""
        lengths = self.lengths[records]
        owner = np.repeat(np.arange(len(records)), lengths)
        within = np.arange(len(owner)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        numbers = self.values[np.repeat(self.starts[records], lengths) + within]
        return np.asarray(owner * size + numbers)


def shared(a: Lists, in_a: np.ndarray, b: Lists, in_b: np.ndarray, size: int) -> np.ndarray:
    """Count for each pair of records the numbers that both have; all numbers are below `size`."""
    parts = [np.empty(0, np.int64)]
    for first in range(0, len(in_a), PAIRS_AT_ONCE):
        chunk = slice(first, first + PAIRS_AT_ONCE)
        ours, theirs = a.keys(in_a[chunk], size), b.keys(in_b[chunk], size)
        at = np.searchsorted(ours, theirs)
        common = theirs[at < len(ours)]
        common = common[ours[at[at < len(ours)]] == common]
        parts.append(np.bincount(common // size, minlength=len(in_a[chunk])))
    return np.concatenate(parts)


@dataclass
class Numbers:
    """Numbers each distinct text, in the order in which they come."""

    of: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.of)

    def ascending(self, texts: Iterable[str]) -> list[int]:
        """Number some texts, each once."""
        of = self.of
        return sorted({of.setdefault(text, len(of)) for text in texts})


@dataclass
class TextNumbers:
    """The numbers of the texts of both sides."""

    links: Numbers = field(default_factory=Numbers)
    words: Numbers = field(default_factory=Numbers)
    names: Numbers = field(default_factory=Numbers)


@dataclass(frozen=True, eq=False)
class RecordTexts:
    """The texts of one side's candidates; `at` is the position of each row of the side, or -1."""

    at: np.ndarray
    members: list[Member]
    links: Lists
    words: Lists
    names: np.ndarray

    @classmethod
    def read(
        cls, store: Store, side: Side, places: np.ndarray, numbers: TextNumbers
    ) -> RecordTexts:
        """Read the records of some rows, each once; an erased record has no texts (-1)."""
        rows = np.unique(places)
        rows = rows[np.argsort(side.seq[rows])]
        place_of = dict(zip(side.seq[rows].tolist(), rows.tolist(), strict=True))
        at = np.full(len(side), -1)
        members: list[Member] = []
        links, words, names = _Growing(), _Growing(), array("q")
        for seq, key, payload in store.payloads(list(place_of)):
            record, place = _RECORD.decode(payload), place_of[seq]
            at[place] = len(members)
            members.append(Member(key, int(side.number[place])))
            links.add(numbers.links.ascending(_links(record)))
            words.add(numbers.words.ascending(stems(_text(record))))
            names.extend(numbers.names.ascending([plain_name(record.place.name or "")]))
        name_numbers = np.array(names, np.int64)
        return cls(at, members, links.lists(), words.lists(), name_numbers)


@dataclass
class _Growing:
    _starts: array[int] = field(default_factory=lambda: array("q", [0]))
    _values: array[int] = field(default_factory=lambda: array("q"))

    def add(self, numbers: list[int]) -> None:
        self._values.extend(numbers)
        self._starts.append(len(self._values))

    def lists(self) -> Lists:
        return Lists(np.array(self._starts, np.int64), np.array(self._values, np.int64))


def _text(record: _Record) -> str:
    return " ".join(one for one in (record.when.text, record.description) if one)


def _links(record: _Record) -> list[str]:
    return [link for one in record.sources for link in upstream_links(one)]


def stems(text: str) -> frozenset[str]:
    """Take the words of a text by their stems."""
    return frozenset(word[:STEM] for word in folded_words(text))


@lru_cache(1 << 16)
def plain_name(name: str) -> str:
    """Bring a place's name to one spelling: lower case, without accents and apostrophes."""
    return " ".join(folded_words(name))


def folded_words(text: str) -> list[str]:
    """List the words of a text in lower case, without accents and apostrophes."""
    letters = text.casefold()
    if not letters.isascii():
        letters = unicodedata.normalize("NFKD", letters).translate(_accents())
    return [
        one for one in _WORD.findall(_APOSTROPHES.sub("", letters)) if len(one) >= SHORTEST_WORD
    ]


@cache
def _accents() -> dict[int, None]:
    """List all marks that combine with the letter before them, to remove them."""
    return {code: None for code in range(sys.maxunicode + 1) if unicodedata.combining(chr(code))}
