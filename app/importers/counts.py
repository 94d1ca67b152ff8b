"""Reads numbers of people as they are typed: 2-4, "at least 2", "about 5", "three", 1 200."""

from __future__ import annotations

import re
from functools import lru_cache

from app.files.source import BadFieldError

WHOLE = r"\d+(?:\.(?:0{1,2}|0{4,}))?"
"""1.000 is one for some and a thousand for others, as 1,200 is."""

NUMBER = rf"\d{{1,3}}(?:[ \u00a0\u2009\u202f]\d{{3}})+|{WHOLE}"
WORDS = {
    word: number
    for number, words in enumerate(
        (
            "zero nobody нуль нікого",
            "one один одна одне одну одного",
            "two два дві двоє двох",
            "three три троє трьох",
            "four чотири четверо чотирьох",
            "five п'ять п'ятеро п'ятьох",
            "six шість шестеро шістьох",
            "seven сім семеро сімох",
            "eight вісім восьмеро вісьмох",
            "nine дев'ять дев'ятеро дев'ятьох",
            "ten десять десятеро десятьох",
            "eleven одинадцять",
            "twelve дванадцять",
        )
    )
    for word in words.split()
}
VALUE = rf"({NUMBER}|{'|'.join(sorted(WORDS, key=len, reverse=True))})"
PEOPLE = r"(?: (?:people|persons?|осіб|особи|особа|людей|людина|людини))?"
FORMS = {
    "exact": rf"{VALUE}",
    "range": rf"(?:from |between |від |з )?{VALUE} ?(?:-|to|and|до|or|або|чи) ?{VALUE}",
    "low": (
        r"(?:at least|no (?:less|fewer) than|not (?:less|fewer) than|minimum|min\.?|over|more than|"
        rf">=|≥|>|щонайменше|принаймні|не менше|не менш як|мінімум|понад|більше|більш як) ?{VALUE}"
    ),
    "low_after": rf"{VALUE} ?(?:\+|or more|and more|і більше|та більше|або більше)",
    "high": rf"(?:up to|at most|no more than|not more than|<=|≤|до|не більше|максимум) ?{VALUE}",
    "best": (
        r"(?:about|around|approximately|approx\.?|circa|ca\.?|c\.|roughly|some|~|≈|бл\.?|близько|"
        rf"приблизно|орієнтовно|біля|десь) ?{VALUE}"
    ),
}
PATTERNS = {form: re.compile(pattern + PEOPLE) for form, pattern in FORMS.items()}
UNKNOWN = re.compile(
    r"\?+|-+|n/?a|nan|<na>|n\.a\.|none|null|unknown|"
    r"not known|not stated|no data|unclear|tbc|tbd|"
    r"невідомо|не відомо|немає даних|нема даних|уточнюється"
)
"""Words that say no more than an empty cell."""

ERROR = re.compile(r"#[^\W\d_][\w/'’]{0,13}[!?]|#(?:n/a|н/д)|loading\.\.\.")
"""What a spreadsheet shows in the place of a value that it could not work out, as #REF! or #N/A."""

LONGEST_UNKNOWN = 20

VAGUE = re.compile(
    r"(?:(?:a )?(?:few|several|many|some|numerous|multiple|dozens?|scores|tens|hundreds)(?: of)?|"
    r"декілька|кілька|багато|десятки|сотні|кількадесят|кілька десятків|дюжина)" + PEOPLE
)
ALLOWED = "a number of people: 4, 2-4, 2+, at least 2, about 5, or a word from one to twelve"

Range = dict[str, int]
"""Low, best and high; a part that is not stated is absent."""


def count_of(text: str, name: str) -> Range | None:
    """Read a number of people; None where the words state no number ("dozens", "unknown").

    Of "2-4" nothing says which is best; of "2+" only the low is known, of "about 5" only the best.

    Raises:
        BadFieldError: no number of people.
    """
    plain = _plain(text)
    for form, pattern in PATTERNS.items():
        if match := pattern.fullmatch(plain):
            return _range(form, [_number(group) for group in match.groups()], name, text)
    if VAGUE.fullmatch(plain) or UNKNOWN.fullmatch(plain) or is_error(text):
        return None
    raise BadFieldError(name, text, ALLOWED)


def says_unknown(text: str) -> bool:
    """Tell whether a text says no more than an empty cell: "?", "unknown", "n/a"."""
    return len(text) <= LONGEST_UNKNOWN and _is_unknown(text)


def is_error(text: str) -> bool:
    """Tell whether a cell holds a spreadsheet's error."""
    return text[:1] in "#Ll" and ERROR.fullmatch(text.lower()) is not None


@lru_cache(maxsize=4_096)
def _is_unknown(text: str) -> bool:
    return UNKNOWN.fullmatch(_plain(text)) is not None


def _plain(text: str) -> str:
    plain = re.sub("[–—−‐‑]", "-", re.sub("[’ʼ`´]", "'", text.lower()))
    return " ".join(re.split(r"[ \t\n]+", plain.strip(" \t\n.")))


def _number(word: str) -> int:
    if word in WORDS:
        return WORDS[word]
    return int(float(re.sub(r"\s", "", word)))


def _range(form: str, numbers: list[int], name: str, text: str) -> Range:
    if form == "range":
        low, high = numbers
        if low > high:
            raise BadFieldError(name, text, "the smaller number first")
        return {"low": low, "high": high}
    (number,) = numbers
    if form == "exact":
        return {"low": number, "best": number, "high": number}
    return {form.removesuffix("_after"): number}
