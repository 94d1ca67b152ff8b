"""Ukrainian names in Latin letters, by the official table.

Source: Cabinet of Ministers of Ukraine, resolution No. 55 of 27 January 2010 ("KMU-2010").
"""

import re

_ANYWHERE = dict(
    zip(
        "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя'\u2019\u02bc",
        (
            "a", "b", "v", "h", "g", "d", "e", "ie", "zh", "z", "y", "i", "i", "i", "k", "l",
            "m", "n", "o", "p", "r", "s", "t", "u", "f", "kh", "ts", "ch", "sh", "shch", "",
            "iu", "ia", "", "", "",
        ),
        strict=True,
    )
)  # fmt: skip
# Letters that are written in full only at the start of a word.
_AT_START = {"є": "ye", "ї": "yi", "й": "y", "ю": "yu", "я": "ya"}
_WORD = re.compile(r"[^\s\-\u2013()]+")


def romanise(name: str) -> str:
    """Write a Ukrainian name in Latin letters; what is not Ukrainian is kept as it stands.

    The apostrophe and the soft sign are not written, and зг is zgh so that it is not read as ж.
    A part after a hyphen or a space counts as a word of its own.

    >>> [romanise(n) for n in ("Згурський", "Їжакевич", "Знам'янка", "Київ", "Одеса")]
    ['Zghurskyi', 'Yizhakevych', 'Znamianka', 'Kyiv', 'Odesa']
    >>> romanise("Івано-Франківськ"), romanise("Яни Капу"), romanise("Кам'янець-Подільський")
    ('Ivano-Frankivsk', 'Yany Kapu', 'Kamianets-Podilskyi')
    >>> romanise("Розгірче"), romanise("ЩУКА")
    ('Rozghirche', 'SHCHUKA')
    """
    return _WORD.sub(lambda word: _romanised_word(word.group()), name)


def _romanised_word(word: str) -> str:
    lower = word.lower()
    latin = _AT_START.get(lower[0], _letter(lower, 0))
    latin += "".join(_letter(lower, place) for place in range(1, len(lower)))
    if len(word) > 1 and word.isupper():
        return latin.upper()
    return latin[:1].upper() + latin[1:] if word[:1].isupper() else latin


def _letter(word: str, place: int) -> str:
    if word[max(place - 1, 0) : place + 1] == "зг":
        return "gh"
    return _ANYWHERE.get(word[place], word[place])
