"""Translates words of tables into our codes: countries, regions, weapons and other listed words.

A word that no list has gives no code; `warnings` lists these words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from app.domain.incident import EventKind
from app.files.sheets import squeezed
from app.importers.base import Context, Warned
from app.importers.header import listing
from app.reference.taxonomy import CodeList

SEVERAL = re.compile(r"\s*[|,;/]\s*")
BETWEEN_WORDS = re.compile(r"\s*[|,;]\s*")
UNIT = re.compile(
    r"(^(oblast de|область|м\.|автономна республіка|autonomous republic of) )|"
    r"( (oblast|region|governorate|province|область|обл\.?|автономна республіка)$)"
)
CITY = re.compile(r"^(м\.|місто) ?")


@dataclass
class Words:
    """Translates the words of one import, and counts the unknown ones."""

    context: Context
    unknown: dict[str, Counter[str]] = field(default_factory=dict)

    @cached_property
    def _countries(self) -> Mapping[str, str]:
        tables = self.context.taxonomy.crosswalk("countries")
        alpha3 = {code.lower(): alpha2 for code, alpha2 in tables["alpha3"].items()}
        own = {code.lower(): code for code in self.context.theatre.countries}
        alpha2 = {code.lower(): code for code in tables["alpha3"].values()}
        return {**alpha2, **alpha3, **tables["name"], **tables["short"], **own}

    @cached_property
    def _regions(self) -> Mapping[str, str]:
        """Region codes by full name in each language, and by code."""
        codes: dict[str, str] = {}
        for region in self.context.regions:
            names = (region.name_en, *region.names.values(), region.code, region.pcode)
            codes.update({squeezed(name): region.code for name in names if name})
        return codes

    @cached_property
    def _units(self) -> Mapping[str, str]:
        """Region codes by name without its kind of unit: "kyiv" for "Kyiv Oblast"."""
        return {bare(name): code for name, code in self._regions.items() if bare(name) != name}

    def country(self, word: str) -> str | None:
        """Return the alpha-2 code of a country by its code or name; None where no list has it."""
        return self._count_if_unknown("country", word, self._countries.get(squeezed(word)))

    def is_abroad(self, country: str | None) -> bool:
        """Tell whether a stated country lies outside the theatre."""
        return country is not None and country not in self.context.theatre.countries

    def region(self, name: str, extra: Mapping[str, str] | None = None) -> str | None:
        """Return the code of a first-level unit by its code or name; `extra` has precedence."""
        word = squeezed(name)
        if extra and word in extra:
            return extra[word] or None
        code = self._regions.get(word) or self._units.get(bare(word))
        if code is None and CITY.match(word):  # a city that is a unit of its own
            code = self._regions.get(CITY.sub("", word))
        return self._count_if_unknown("admin1", name, code)

    def codes(
        self, name: str, cell: str, terms: CodeList, word_codes: Mapping[str, str]
    ) -> list[str]:
        """Return the codes of one cell's words; a word listed as "" gives none."""
        whole = squeezed(cell)
        words = [whole] if whole in word_codes or cell in terms.bit else SEVERAL.split(whole)
        words = [one for word in words for one in _apart(word, word_codes)]
        codes = [self._code(name, word, terms, word_codes) for word in words if word]
        return [code for code in dict.fromkeys(codes) if code]

    def _code(
        self, name: str, word: str, terms: CodeList, word_codes: Mapping[str, str]
    ) -> str | None:
        code = word_codes.get(word, word if word in terms.bit else None)
        return self._count_if_unknown(name, word, code)

    def _count_if_unknown(self, name: str, word: str, code: str | None) -> str | None:
        if code is None:
            self.unknown.setdefault(name, Counter())[word.strip()] += 1
        return code

    def warnings(self) -> Iterator[Warned]:
        """Warn of the unknown words, the most frequent first."""
        for name, words in sorted(self.unknown.items()):
            yield Warned(f"Words of {name} that no list has, left unstated: {listing(words)}.")


def cell_words(text: str, code_by_word: Mapping[str, str]) -> list[str]:
    """Return a cell's words in lower case: the whole where a list has it, else its parts."""
    whole = squeezed(text)
    parts = [whole] if whole in code_by_word else BETWEEN_WORDS.split(whole)
    return [part for part in parts if part]


def kind_of_words(text: str, kinds: Mapping[str, str]) -> str:
    """Return the kind of event that a cell's words say; of several kinds it is a strike, if any."""
    stated = [kinds[word] for word in cell_words(text, kinds) if word in kinds]
    return EventKind.strike if EventKind.strike in stated else next(iter(stated), squeezed(text))


def _apart(word: str, word_codes: Mapping[str, str]) -> list[str]:
    """Split "drone artillery", as surveys write two answers, where only the parts are known."""
    parts = word.split()
    is_known = word in word_codes or not all(part in word_codes for part in parts)
    return [word] if is_known else parts


def bare(name: str) -> str:
    """Remove the kind of unit from a region's name: "Kharkiv Oblast" gives "kharkiv"."""
    return UNIT.sub("", squeezed(name)).strip()
