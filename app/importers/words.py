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
MOST_TOLD = 10


@dataclass
class Words:
    """What one import needs to read words, and a tally of those that it could not."""

    context: Context
    unread: dict[str, Counter[str]] = field(default_factory=dict)

    @cached_property
    def _countries(self) -> Mapping[str, str]:
        known = self.context.taxonomy.crosswalk("countries")
        alpha3 = {code.lower(): alpha2 for code, alpha2 in known["alpha3"].items()}
        own = {code.lower(): code for code in self.context.theatre.countries}
        alpha2 = {code.lower(): code for code in known["alpha3"].values()}
        return {**alpha2, **alpha3, **known["name"], **known["short"], **own}

    @cached_property
    def _regions(self) -> Mapping[str, str]:
        """Full names in both languages, and codes."""
        found: dict[str, str] = {}
        for region in self.context.regions:
            names = (region.name_en, region.name_uk, region.code, region.pcode)
            found.update({squeezed(name): region.code for name in names if name})
        return found

    @cached_property
    def _units(self) -> Mapping[str, str]:
        """Names without the word for their kind, of those that have it: "kyiv" is the oblast."""
        return {bare(name): code for name, code in self._regions.items() if bare(name) != name}

    def country(self, given: str) -> str | None:
        """Return the alpha-2 code that a code or an English name stands for."""
        return self._known("country", given, self._countries.get(squeezed(given)))

    def is_abroad(self, country: str | None) -> bool:
        """Tell whether a stated country is none of the theatre's."""
        return country is not None and country not in self.context.theatre.countries

    def region(self, given: str, extra: Mapping[str, str] | None = None) -> str | None:
        """Return the first-level code that a code or a name stands for."""
        word = squeezed(given)
        if extra and word in extra:
            return extra[word] or None
        found = self._regions.get(word) or self._units.get(bare(word))
        if found is None and CITY.match(word):  # a city that is a unit of its own
            found = self._regions.get(CITY.sub("", word))
        return self._known("admin1", given, found)

    def codes(self, name: str, given: str, terms: Terms, listed: Mapping[str, str]) -> list[str]:
        """Return the codes that one cell's words stand for; a word listed as "" says nothing."""
        whole = squeezed(given)
        words = [whole] if whole in listed or given in terms.bit else SEVERAL.split(whole)
        found = [self._code(name, word, terms, listed) for word in words if word]
        return [code for code in dict.fromkeys(found) if code]

    def _code(self, name: str, word: str, terms: Terms, listed: Mapping[str, str]) -> str | None:
        code = listed.get(word, word if word in terms.bit else None)
        return self._known(name, word, code)

    def _known(self, name: str, given: str, found: str | None) -> str | None:
        if found is None:
            self.unread.setdefault(name, Counter())[given.strip()] += 1
        return found

    def untold(self) -> Iterator[Warned]:
        """Say which words were left unstated, the most frequent first."""
        for name, words in sorted(self.unread.items()):
            told = ", ".join(f"{word!r} ({n:,})" for word, n in words.most_common(MOST_TOLD))
            more = f" and {len(words) - MOST_TOLD:,} more" if len(words) > MOST_TOLD else ""
            yield Warned(f"Words of {name} that no list has, left unstated: {told}{more}.")


def bare(name: str) -> str:
    """Take the word for its kind off a region's name: "Kharkiv Oblast" is "kharkiv"."""
    return UNIT.sub("", squeezed(name)).strip()
