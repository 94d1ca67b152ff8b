"""All strings that a user reads, in English and Ukrainian; a test checks that both are complete."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources

from app.domain.languages import LANGUAGES

__all__ = ["LANGUAGES", "LANGUAGE_NAMES", "WATERMARK", "strings"]
LANGUAGE_NAMES = {"en": "English", "uk": "Українська"}
"""Each language by the name that its readers use."""

WATERMARK = {"en": "INVENTED DATA", "uk": "ВИГАДАНІ ДАНІ"}
"""What stands across every picture of invented data."""


@cache
def strings(language: str) -> dict[str, str]:
    """Read all strings of a language, by key."""
    text = (resources.files("app.i18n") / f"{language}.json").read_text("utf-8")
    texts: dict[str, str] = json.loads(text)
    return texts
