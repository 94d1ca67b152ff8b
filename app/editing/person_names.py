"""Names of persons in a text, by signs that a reader can check: no model, no list of names.

A name has no form of its own. What stands beside it often has: a title or a role, "named", an age;
and a Ukrainian or Russian patronymic is a form. A name without any of these is not seen.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from importlib.resources import files
from typing import NamedTuple


class NameSign(StrEnum):
    """Why words look like the name of a person."""

    role = "name_role"
    named = "name_named"
    age = "name_age"
    patronymic = "name_patronymic"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TITLES = _words(
    """
    mr mrs ms miss dr prof professor doctor nurse surgeon paramedic mayor governor senator minister
    president journalist reporter photographer cameraman camerawoman correspondent photojournalist
    editor blogger activist volunteer lawyer judge prosecutor teacher principal farmer priest pastor
    reverend rev imam sheikh colonel col captain capt lieutenant lt sergeant sgt corporal major
    commander general deputy spokesman spokeswoman spokesperson resident pensioner rescuer
    firefighter driver witness
    señor señora sr sra srta don doña alcalde alcaldesa gobernador gobernadora periodista fotógrafo
    fotógrafa médico médica doctora profesor profesora maestro maestra coronel capitán teniente
    sargento vecino vecina padre párroco activista voluntario voluntaria
    m mme mlle monsieur madame docteur maire gouverneur journaliste photographe reporteur médecin
    infirmier infirmière professeur colonel capitaine lieutenant sergent père abbé habitant
    habitante bénévole
    пан пані пана г-н г-жа господин госпожа мер мера мером мэр мэра мэром голова голову головою
    глава главы главу главой о отець отца отец лікар лікарка лікаря врач врача врачу
    """
)
ABBREVIATED = _words("mr mrs ms dr prof rev col capt lt sgt sr sra srta don m mme mlle о г-н г-жа")
"""Titles that a dot may follow; behind any other word it ends the sentence."""

STEMS = (
    *("журналіст", "журналист", "фотограф", "кореспондент", "корреспондент", "губернатор"),
    *("полковник", "капітан", "капитан", "лейтенант", "сержант", "рятувальник", "спасател"),
    *("волонтер", "волонтёр", "водій", "водител", "медсестр", "учител", "вчител", "речник"),
    *("речниц", "мешкан", "жител", "директор", "активіст", "активист", "фермер", "пенсіонер"),
    *("пенсионер", "адвокат", "парамедик", "священник", "священик"),
)
"""Titles and roles: whole words, and beginnings of words that have cases and a female form."""

LONGEST_ENDING = 4
BEFORE = 100
"""So many characters before a name are read for its sign."""

NAMED = re.compile(
    r"(?:\b(?:named|identified as|by the name of|name (?:was|is)|known as|"
    r"llamad[oa]s?|identificad[oa]s? como|de nombre|"
    r"nommée?|dénommée?|identifiée? comme|du nom de|"
    r"на ім['’ʼ]я|на прізвище|по имени|по фамилии)\s+)$",
    re.IGNORECASE,
)
AGE = re.compile(
    r"\s*(?:\((?P<bare>\d{1,3})\)|"
    r",?\s*\(?(?:aged|age|de|вік|віком)\s+(?P<aged>\d{1,3})\b|"
    r",?\s*\(?(?P<unit>\d{1,3})[\s-]*(?:years?\b|y/?o\b|рок|рік|річн|лет\b|год|años?\b|ans\b)|"
    r",\s*(?P<comma>\d{1,3})\s*(?:,|\)|\.(?:\s|$)|$))",
    re.IGNORECASE,
)
OLDEST = 110

PATRONYMIC = re.compile(
    r"\w+(?:(?:ович|евич|йович|ьич|лліч|овн|евн|івн|ївн|ічн)(?:а|у|ем|ові|и|ы|і|ою|ой|е)?|"
    r"ovych|evych|iovych|yovych|ovich|evich|ivna|yivna|ovna|evna|ichna)"
)

PARTICLES = _words("de del la las los da do dos du van von bin ibn al el le y")
OF_PLACES = _words(
    """
    hospital school university church street avenue road square bridge park airport station centre
    center clinic mosque kindergarten college museum theatre stadium factory plant
    """
)
"""What carries the name of a person and is none: `Malek School`."""

PEOPLES = _words((files("app.editing") / "peoples.txt").read_text("utf-8"))
"""Names of countries and peoples as texts have them: reference data, not code."""

NO_NAMES = (
    OF_PLACES
    | PEOPLES
    | _words(
        """
    the a an and or of in on at by for from to with this that it he she they his her their one two
    monday tuesday wednesday thursday friday saturday sunday january february march april may june
    july august september october november december telegram facebook twitter youtube general staff
    ministry council village city district oblast region raion battalion brigade regiment army
    forces guard division unit directorate authority agency party
    three four five six seven eight nine ten no not several many all some
    el la los las un una le les une він вона он она
    """
    )
)
"""Capital words that are no part of a person's name: a run of these alone is none."""

_ROLE_BEFORE = re.compile(r"(?P<role>[^\W\d_]+(?:-[^\W\d_]+)*)(?P<dot>\.?)(?P<comma>,?)\s$")
_ROLE_AFTER = re.compile(
    r",\s(?:(?:the|a|an|el|la|le)\s(?:(?!and\b|who\b)[^\W\d_]+\s){0,2}?)?"
    rf"({'|'.join(sorted(TITLES | {'chief', 'head'}))}|(?:{'|'.join(STEMS)})\w{{0,4}})\b",
    re.IGNORECASE,
)
_HEAD_BEFORE = re.compile(
    r"(?:\b(?:mayor|governor|head|chief) of (?:the )?(?:[^\W\d_]+ ){0,3}?[^\W\d_]+, |"
    r"\b(?:голов|глав|начальни|губернатор|президент|міністр|министр|керівни|руководител)\w{0,4}"
    r"(?:\s[\w’ʼ'-]+){1,6}\s)$"
)
"""Heads of something: their place or body stands between the role and the name."""

_WORD = re.compile(r"[^\W\d_]+(?:['’ʼ`-][^\W\d_]+)*")
_AR = (
    r"(?<!\w)(?!وال|في\b|من\b|على\b|إلى\b|عن\b|مع\b|الذي\b|التي\b|قرب\b|بعد\b)[\u0620-\u064a]{2,30}"
)
_AR_TITLE = (
    r"(?<!\w)(?:السيدة?|الدكتورة?|الطبيبة?|الشيخ|الصح[فا]+ية?|المصورة?|المهندسة?|المعلمة?|"
    r"الأستاذة?|العقيد|العميد|النقيب|الرائد|الملازم|المحامية?|المسعفة?|الطفلة?|الشابة?)\s+"
)
_AR_NISBA = rf"{_AR}(?:\s+{_AR}){{0,2}}?\s+ال[\u0620-\u064a]{{2,}}ي(?:ة)?(?!\w)"
_AR_SON = rf"(?:{_AR}\s+)?(?:بن|ابن|بنت|أبو|أم|عبد)\s+{_AR}(?:\s+{_AR})?"
_ARABIC = (
    (NameSign.role, re.compile(rf"{_AR_TITLE}({_AR_NISBA}|{_AR_SON})")),
    (NameSign.named, re.compile(rf"(?<!\w)و?(?:يدعى|تدعى|اسمه|اسمها|المدعوة?)\s+({_AR}\s+{_AR})")),
    (NameSign.age, re.compile(rf"({_AR}\s+{_AR})\s*[،,(]\s*[\d٠-٩]{{1,3}}\s*(?:عام|سن)")),
)


class _Word(NamedTuple):
    text: str
    start: int
    end: int

    @property
    def plain(self) -> str:
        return self.text.casefold()


def person_names(text: str, is_place: Callable[[str], bool]) -> Iterator[tuple[NameSign, str]]:
    """Find what looks like the name of a person, each with its sign; no name of a place.

    >>> def names(text):
    ...     return [f"{sign}: {name}" for sign, name in person_names(text, str.isspace)]
    >>> names("Mayor Ann Petrenko met Olha Ivanivna Koval at noon.")
    ['name_role: Ann Petrenko', 'name_patronymic: Olha Ivanivna Koval']
    >>> names("A man named Oleh and a woman, Iryna Bondar, 34, were hit.")
    ['name_named: Oleh', 'name_age: Iryna Bondar']
    """
    for run in _runs(text):
        sign, words = _signed(text, run)
        if sign is not None and words:
            name = text[words[0].start : words[-1].end]
            if not is_place(name):
                yield sign, name
    for sign, form in _ARABIC:
        yield from ((sign, match[1]) for match in form.finditer(text))


def _runs(text: str) -> Iterator[list[_Word]]:
    """Cut out words with capitals that stand together: `Dr. Ann de la Cruz`."""
    run: list[_Word] = []
    for match in _WORD.finditer(text):
        word = _Word(match[0], match.start(), match.end())
        if run and not _joins(text[run[-1].end : word.start], run[-1]):
            yield _without_particles(run)
            run = []
        if _has_capital(word.text) or (run and word.text in PARTICLES):
            run.append(word)
        elif run:
            yield _without_particles(run)
            run = []
    if run:
        yield _without_particles(run)


def _joins(gap: str, before: _Word) -> bool:
    """Tell whether a word goes on after another: after a dot only behind an initial or a title."""
    is_short = len(before.text) == 1 or before.plain in ABBREVIATED
    return gap in (" ", "\u00a0") or (gap in (".", ". ", ".\u00a0") and is_short)


def _has_capital(word: str) -> bool:
    """Tell a name from an abbreviation in capitals; a single letter is an initial."""
    return word[0].isupper() and (len(word) == 1 or not word.isupper())


def _without_particles(run: list[_Word]) -> list[_Word]:
    while run[-1].text in PARTICLES:
        run = run[:-1]
    return run


def _signed(text: str, run: Sequence[_Word]) -> tuple[NameSign | None, Sequence[_Word]]:
    """Return the sign of a run of words, and those of them that are the name."""
    at = max((n for n, word in enumerate(run) if _is_title(text, word)), default=-1)
    words, has_title = _trimmed(run[at + 1 :]), at >= 0
    if not words or _is_lone_initial(words) or any(one.plain in OF_PLACES for one in run[at + 1 :]):
        return None, words
    before, end = text[max(0, words[0].start - BEFORE) : words[0].start], words[-1].end
    has_title = (has_title or _follows_title(before, words)) and _is_long_enough(words)
    is_beside = _HEAD_BEFORE.search(before) or _ROLE_AFTER.match(text, end)
    signs = {
        NameSign.role: has_title or (len(words) > 1 and is_beside is not None),
        NameSign.named: NAMED.search(before) is not None,
        NameSign.age: _has_age(text, end, words),
        NameSign.patronymic: any(PATRONYMIC.fullmatch(word.plain) for word in words[1:]),
    }
    sign = next((sign for sign, is_there in signs.items() if is_there), None)
    return sign, _from_given_name(words) if sign is NameSign.patronymic else words


def _from_given_name(words: Sequence[_Word]) -> Sequence[_Word]:
    """Leave out what stands before the given name, where the family name follows."""
    at = next(n for n, word in enumerate(words) if n and PATRONYMIC.fullmatch(word.plain))
    return words[at - 1 :] if at + 1 < len(words) else words


def _trimmed(words: Sequence[_Word]) -> Sequence[_Word]:
    """Leave out capital words at both ends that are no part of a name; nothing of words alone."""
    keep = [n for n, word in enumerate(words) if word.plain not in NO_NAMES]
    return words[keep[0] : keep[-1] + 1] if keep else ()


def _is_lone_initial(words: Sequence[_Word]) -> bool:
    return all(len(word.text) == 1 for word in words)


def _is_long_enough(words: Sequence[_Word]) -> bool:
    """After a title, a single word in Cyrillic is mostly a place in another case."""
    return len(words) > 1 or not "\u0400" <= words[0].text[0] <= "\u052f"


def _is_title(text: str, word: _Word) -> bool:
    """Tell a title; one of a single letter has a dot."""
    return _is_role(word.plain) and (len(word.text) > 1 or text[word.end : word.end + 1] == ".")


def _is_role(word: str) -> bool:
    plain = word.casefold()
    last = plain.rpartition("-")[2]  # Colonel-General
    return not TITLES.isdisjoint((plain, last)) or any(
        plain.startswith(stem) and len(plain) - len(stem) <= LONGEST_ENDING for stem in STEMS
    )


def _follows_title(before: str, words: Sequence[_Word]) -> bool:
    """Tell whether a title stands right before a name; before a comma, a name has two words."""
    match = _ROLE_BEFORE.search(before)
    if match is None or not _is_role(match["role"]):
        return False
    role, has_dot = match["role"].casefold(), bool(match["dot"])
    fits = role in ABBREVIATED if has_dot else len(role) > 1
    return fits and (len(words) > 1 or not match["comma"])


def _has_age(text: str, after: int, words: Sequence[_Word]) -> bool:
    """Tell whether an age follows; beside a single word it needs its unit."""
    match = AGE.match(text, after)
    if match is None:
        return False
    years = next(int(number) for number in match.groups() if number)
    return years <= OLDEST and (len(words) > 1 or match["unit"] is not None)
