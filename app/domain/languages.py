"""The languages of the pages, and names in several languages."""

from __future__ import annotations

from collections.abc import Mapping

LANGUAGES = ("en", "uk", "ar", "es", "fr")
"""The languages of the pages; the first is used where a text is missing in others."""

RIGHT_TO_LEFT = frozenset({"ar"})
"""Languages that are written from right to left."""


def direction(language: str) -> str:
    """Return the direction of a language's pages, as HTML names it: ltr or rtl."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def in_language(texts: Mapping[str, str], language: str, otherwise: str) -> str:
    """Choose a text: in the language, else in English, else the first of any language.

    Where there is no text at all, it is `otherwise`.

    >>> in_language({"ar": "الخرطوم", "en": "Khartoum"}, "uk", "SD-KH")
    'Khartoum'
    >>> in_language({"ar": "الخرطوم"}, "uk", "SD-KH")
    'الخرطوم'
    >>> in_language({}, "uk", "SD-KH")
    'SD-KH'
    """
    texts_in_order = (texts.get(language), texts.get(LANGUAGES[0]), *texts.values(), otherwise)
    return next(text for text in texts_in_order if text is not None)
