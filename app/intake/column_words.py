"""Matches words of weapons, sectors and damage in a table to our codes: English and Ukrainian."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from app.domain.damage import Grade
from app.files.sheets import squeezed
from app.importers.words import SEVERAL
from app.reference.taxonomy import Taxonomy

FIELDS_OF_WORDS = ("weapons", "sector", "grade")
MOST_WORDS = 100
QUOTES = re.compile("[’ʼ`´]")
MARKS = re.compile(r"[^\w'/-]+")
FILLERS = re.compile(
    r"\b(?:strikes?|attacks?|hits?|types?|weapons?|systems?|of|the|an?|buildings?|facility|"
    r"facilities|objects?|sites?|sector|targets?|удари?|удару|атак[аи]|типу?|об'єкти?|будівл[яі]|"
    r"заклади?|сектор|споруд[аи])\b"
)
"""Words that change nothing beside a known one: "Shahed attack" is a Shahed."""


def words_of(
    to: str, fields: Mapping[str, str], columns: Mapping[str, Sequence[str]]
) -> dict[str, int]:
    """Count the rows of each word in the columns of a field, the most frequent first."""
    rows = Counter[str]()
    for name, field in fields.items():
        if field == to:
            for text, count in Counter(columns[name]).items():
                for word in dict.fromkeys(SEVERAL.split(squeezed(text))):
                    rows[word] += count if word else 0
    return {word: count for word, count in rows.most_common(MOST_WORDS) if count}


def codes_of(to: str, words: Mapping[str, int], taxonomy: Taxonomy) -> dict[str, str]:
    """Return the code of each word that a list has; the others stay without one."""
    code_by_word = {
        **_labels(to, taxonomy),
        **taxonomy.crosswalk("free_words")[to],
        **taxonomy.crosswalk("mapped").get(to, {}),
    }
    codes = {_plain(word): code for word, code in code_by_word.items()}
    bare = {_bare(word): code for word, code in codes.items() if _bare(word)}
    matches = {word: codes.get(_plain(word)) or bare.get(_bare(_plain(word))) for word in words}
    return {word: code for word, code in matches.items() if code}


def _labels(to: str, taxonomy: Taxonomy) -> dict[str, str]:
    """Return the codes of a field by themselves, and by their names in two languages."""
    if to == "grade":
        return {grade.value: grade.value for grade in Grade}
    terms = taxonomy.weapons if to == "weapons" else taxonomy.sectors
    labels = {terms.label(code, lang): code for lang in ("en", "uk") for code in terms.codes}
    return {**labels, **{code: code for code in terms.codes}}


def _plain(text: str) -> str:
    """Bring words to lower case with single spaces and plain apostrophes, without other marks."""
    return " ".join(MARKS.sub(" ", QUOTES.sub("'", text.lower().replace("_", " "))).split())


def _bare(plain: str) -> str:
    """Leave out the words that change nothing; "" where nothing else is left."""
    return " ".join(FILLERS.sub(" ", plain).split())
