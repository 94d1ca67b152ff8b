"""All strings that a user reads, in five languages; every language has every string."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources

from app.domain.languages import LANGUAGES

__all__ = ["LANGUAGES", "LANGUAGE_NAMES", "WATERMARK", "strings"]
LANGUAGE_NAMES = {
    "en": "English",
    "uk": "Українська",
    "ar": "العربية",
    "es": "Español",
    "fr": "Français",
}
"""Each language by the name that its readers use."""

WATERMARK = {
    "en": "INVENTED DATA",
    "uk": "ВИГАДАНІ ДАНІ",
    "ar": "بيانات مختلقة",
    "es": "DATOS INVENTADOS",
    "fr": "DONNÉES INVENTÉES",
}
"""What stands across every picture of invented data."""


@cache
def strings(language: str) -> dict[str, str]:
    """Return all strings of a language, by key; one that it lacks is English."""
    return {**_own(LANGUAGES[0]), **_own(language)}


def _own(language: str) -> dict[str, str]:
    text = (resources.files("app.i18n") / f"{language}.json").read_text("utf-8")
    texts: dict[str, str] = json.loads(text)
    return texts
