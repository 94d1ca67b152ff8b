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
            "zero nobody нуль нікого ноль никого cero nadie zéro صفر",
            "one один одна одне одну одного uno una un une واحد واحدة",
            "two два дві двоє двох две двое двоих dos deux اثنان اثنين اثنتان",
            "three три троє трьох трое троих tres trois ثلاثة ثلاث",
            "four чотири четверо чотирьох четыре cuatro quatre أربعة أربع",
            "five п'ять п'ятеро п'ятьох пять пятеро cinco cinq خمسة خمس",
            "six шість шестеро шістьох шесть seis ستة ست",
            "seven сім семеро сімох семь siete sept سبعة سبع",
            "eight вісім восьмеро вісьмох восемь ocho huit ثمانية ثماني",
            "nine дев'ять дев'ятеро дев'ятьох девять nueve neuf تسعة تسع",
            "ten десять десятеро десятьох diez dix عشرة عشر",
            "eleven одинадцять одиннадцать once onze",
            "twelve дванадцять двенадцать doce douze",
        )
    )
    for word in words.split()
}
VALUE = rf"({NUMBER}|{'|'.join(sorted(WORDS, key=len, reverse=True))})"
PEOPLE = (
    r"(?: (?:people|persons?|осіб|особи|особа|людей|людина|людини|человека?|personas?|personnes?|"
    r"أشخاص|شخصا|شخص))?"
)
AT_LEAST = (
    r"at least|no (?:less|fewer) than|not (?:less|fewer) than|minimum|min\.?|over|more than|>=|≥|>|"
    r"щонайменше|принаймні|не менше|не менш як|мінімум|понад|більше|більш як|"
    r"не менее|как минимум|минимум|по меньшей мере|более|больше|свыше|"
    r"al menos|por lo menos|como mínimo|mínimo|más de|au moins|au minimum|plus de|"
    r"على الأقل|ما لا يقل عن|أكثر من"
)
AT_MOST = (
    r"up to|at most|no more than|not more than|<=|≤|до|не більше|максимум|не более|"
    r"hasta|como máximo|no más de|jusqu'à|au plus|pas plus de|حتى|لا يزيد عن"
)
ABOUT = (
    r"about|around|approximately|approx\.?|circa|ca\.?|c\.|roughly|some|~|≈|бл\.?|близько|"
    r"приблизно|орієнтовно|біля|десь|около|примерно|приблизительно|ок\.|"
    r"unos|unas|aproximadamente|alrededor de|cerca de|environ|à peu près|حوالي|نحو|قرابة"
)
OR_MORE = (
    r"\+|or more|and more|і більше|та більше|або більше|или более|и более|или больше|"
    r"o más|y más|ou plus|et plus|أو أكثر|فأكثر|على الأقل"
)
FORMS = {
    "exact": rf"{VALUE}",
    "range": (
        rf"(?:from |between |від |з |между |от |entre |de |بين |من )?{VALUE} ?"
        rf"(?:-|to|and|до|or|або|чи|или|и|y|a|o|et|à|ou|إلى|و|أو) ?{VALUE}"
    ),
    "low": rf"(?:{AT_LEAST}) ?{VALUE}",
    "low_after": rf"{VALUE} ?(?:{OR_MORE})",
    "high": rf"(?:{AT_MOST}) ?{VALUE}",
    "best": rf"(?:{ABOUT}) ?{VALUE}",
}
PATTERNS = {form: re.compile(pattern + PEOPLE) for form, pattern in FORMS.items()}
UNKNOWN = re.compile(
    r"\?+|-+|n/?a|nan|<na>|n\.a\.|none|null|unknown|"
    r"not known|not stated|no data|unclear|tbc|tbd|"
    r"невідомо|не відомо|немає даних|нема даних|уточнюється|неизвестно|нет данных|уточняется|"
    r"desconocido|se desconoce|sin datos|no se sabe|inconnue?s?|pas de données|غير معروف|مجهول"
)
"""Words that say no more than an empty cell."""

ERROR = re.compile(r"#[^\W\d_][\w/'’]{0,13}[!?]|#(?:n/a|н/д)|loading\.\.\.")
"""What a spreadsheet shows in the place of a value that it could not work out, as #REF! or #N/A."""

LONGEST_UNKNOWN = 20

VAGUE = re.compile(
    r"(?:(?:a )?(?:few|several|many|some|numerous|multiple|dozens?|scores|tens|hundreds)(?: of)?|"
    r"декілька|кілька|багато|десятки|сотні|кількадесят|кілька десятків|дюжина|"
    r"несколько|много|сотни|несколько десятков|"
    r"(?:varios|varias|muchos|muchas|decenas|cientos|docenas)(?: de)?|"
    r"(?:plusieurs|quelques|beaucoup|des dizaines|dizaines|des centaines|centaines)(?: de)?|"
    r"عدة|عدد من|عشرات|العشرات|مئات|المئات|كثيرون)" + PEOPLE
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
