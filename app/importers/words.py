"""Words of tables brought to our codes: countries, regions, weapons and whatever a crosswalk lists.

Nothing is guessed: a word that no list has stays unstated, and `untold` says which were met.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from app.importers.base import Context, Warned
from app.importers.sheets import squeezed
from app.reference.taxonomy import Terms

SEVERAL = re.compile(r"\s*[|,;/]\s*")
UNIT = re.compile(
    r"(^(oblast de|область|м\.) )|"
    r"( (oblast|region|governorate|province|область|обл\.?|автономна республіка)$)"
)
CITY = re.compile(r"^(м\.|місто) ?")
MOST_NAMED = 10


@dataclass
class Words:
    """What one import needs to read words, and a tally of those that it could not."""

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
        """Full names in both languages, and codes."""
        codes: dict[str, str] = {}
        for region in self.context.regions:
            names = (region.name_en, region.name_uk, region.code, region.pcode)
            codes.update({squeezed(name): region.code for name in names if name})
        return codes

    @cached_property
    def _units(self) -> Mapping[str, str]:
        """Names without the word for their kind, of those that have it: "kyiv" is the oblast."""
        return {bare(name): code for name, code in self._regions.items() if bare(name) != name}

    def country(self, word: str) -> str | None:
        """Return the alpha-2 code that a code or an English name stands for."""
        return self._tallied("country", word, self._countries.get(squeezed(word)))

    def is_abroad(self, country: str | None) -> bool:
        """Tell whether a stated country is none of the theatre's."""
        return country is not None and country not in self.context.theatre.countries

    def region(self, name: str, extra: Mapping[str, str] | None = None) -> str | None:
        """Return the first-level code that a code or a name stands for."""
        word = squeezed(name)
        if extra and word in extra:
            return extra[word] or None
        code = self._regions.get(word) or self._units.get(bare(word))
        if code is None and CITY.match(word):  # a city that is a unit of its own
            code = self._regions.get(CITY.sub("", word))
        return self._tallied("admin1", name, code)

    def codes(self, name: str, cell: str, terms: Terms, word_codes: Mapping[str, str]) -> list[str]:
        """Return the codes that one cell's words stand for; a word listed as "" says nothing."""
        whole = squeezed(cell)
        words = [whole] if whole in word_codes or cell in terms.bit else SEVERAL.split(whole)
        codes = [self._code(name, word, terms, word_codes) for word in words if word]
        return [code for code in dict.fromkeys(codes) if code]

    def _code(
        self, name: str, word: str, terms: Terms, word_codes: Mapping[str, str]
    ) -> str | None:
        code = word_codes.get(word, word if word in terms.bit else None)
        return self._tallied(name, word, code)

    def _tallied(self, name: str, word: str, code: str | None) -> str | None:
        if code is None:
            self.unknown.setdefault(name, Counter())[word.strip()] += 1
        return code

    def warnings(self) -> Iterator[Warned]:
        """Say which words were left unstated, the most frequent first."""
        for name, words in sorted(self.unknown.items()):
            listing = ", ".join(f"{word!r} ({n:,})" for word, n in words.most_common(MOST_NAMED))
            more = f" and {len(words) - MOST_NAMED:,} more" if len(words) > MOST_NAMED else ""
            yield Warned(f"Words of {name} that no list has, left unstated: {listing}{more}.")


def bare(name: str) -> str:
    """Take the word for its kind off a region's name: "Kharkiv Oblast" is "kharkiv"."""
    return UNIT.sub("", squeezed(name)).strip()
