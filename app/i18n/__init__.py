"""Strings of the page in English and Ukrainian; complete in both, which a test checks."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources

LANGUAGES = ("en", "uk")
LANGUAGE_NAMES = {"en": "English", "uk": "Українська"}
"""Each language by the name that its readers use."""

WATERMARK = {"en": "INVENTED DATA", "uk": "ВИГАДАНІ ДАНІ"}
"""What stands across every picture of invented data."""


@cache
def strings(language: str) -> dict[str, str]:
    """Read all strings of a language."""
    text = (resources.files("app.i18n") / f"{language}.json").read_text("utf-8")
    found: dict[str, str] = json.loads(text)
    return found
