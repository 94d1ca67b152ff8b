"""Both languages say everything, with the same values to fill in."""

from __future__ import annotations

import re
from pathlib import Path

from app.i18n import strings
from tests.making import ROOT

SLOT = re.compile(r"\{(\w+)\}")


def test_both_languages_have_the_same_strings() -> None:
    assert strings("en").keys() == strings("uk").keys()


def test_both_languages_fill_in_the_same_values() -> None:
    english, ukrainian = strings("en"), strings("uk")
    differing = [
        name
        for name in english
        if set(SLOT.findall(english[name])) != set(SLOT.findall(ukrainian[name]))
    ]
    assert differing == []


def test_no_string_is_empty() -> None:
    assert [name for one in ("en", "uk") for name, text in strings(one).items() if not text] == []


def test_every_string_the_scripts_ask_for_exists() -> None:
    asked: set[str] = set()
    for path in (ROOT / "static/js").glob("*.js"):
        asked |= set(re.findall(r"words\.(\w+)", path.read_text("utf-8")))
    assert asked - strings("en").keys() == set()


def test_ukrainian_is_ukrainian() -> None:
    russian_only = re.compile("[ыэъёЫЭЪЁ]")
    assert [name for name, text in strings("uk").items() if russian_only.search(text)] == []


def test_the_strings_ship_with_the_package() -> None:
    folder = Path(strings.__wrapped__.__code__.co_filename).parent
    assert {path.name for path in folder.glob("*.json")} == {"en.json", "uk.json"}
