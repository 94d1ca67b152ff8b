"""Every language says everything to readers, with the same values to fill in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from app.domain.incident import Confidence, Mechanism, Status
from app.domain.place import Precision
from app.domain.redaction import Reason
from app.exporters.formats import FORMATS
from app.i18n import LANGUAGES, WATERMARK, strings
from app.maps.page import MODULES
from app.maps.theatre_map import OTHER_PAGES
from app.render.fonts import covers
from tests.making import ROOT
from tests.support import reference

SLOT = re.compile(r"\{(\w+)\}")


OTHERS = [language for language in LANGUAGES if language not in ("en", "uk")]


def own(language: str) -> dict[str, str]:
    """Read the strings of a file."""
    texts: dict[str, str] = json.loads((ROOT / f"app/i18n/{language}.json").read_text("utf-8"))
    return texts


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_string(language: str) -> None:
    assert own(language).keys() == own("en").keys()


@pytest.mark.parametrize("language", OTHERS)
def test_the_pages_of_editors_are_translated(language: str) -> None:
    pages = ("import_", "mapping_", "option_", "edit_", "review_", "audit_", "story_", "fate_")
    texts = {name: text for name, text in own(language).items() if name.startswith(pages)}
    same = [name for name, text in texts.items() if text == own("en")[name]]
    # The French for some of them is the English word.
    assert set(same) <= {
        "import_recognised",
        "edit_lon",
        "edit_lat",
        "audit_action",
        "review_distance",
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_fills_in_the_same_values(language: str) -> None:
    english, texts = strings("en"), strings(language)
    differing = [
        name
        for name in english
        if set(SLOT.findall(english[name])) != set(SLOT.findall(texts[name]))
    ]
    assert differing == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_string_is_empty(language: str) -> None:
    assert [name for name, text in strings(language).items() if not text] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_letter_of_a_language_is_in_the_font_of_pictures(language: str) -> None:
    fonts = ROOT / "static/vendor/noto-sans-5.3.0"
    texts = {**strings(language), "watermark": WATERMARK[language]}
    assert [name for name, text in texts.items() if not covers(fonts, text)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_weapons_and_sectors_have_a_name_in_each_language(language: str) -> None:
    taxonomy = reference().taxonomy
    entries = (*taxonomy.weapons.entries, *taxonomy.sectors.entries)
    assert [entry["code"] for entry in entries if not entry.get(language)] == []


def sources(*endings: str) -> Iterator[str]:
    """Read every script, module and template that can ask for a string."""
    for path in [*(ROOT / "static/js").glob("*.js"), *(ROOT / "app").rglob("*")]:
        if path.suffix in (endings or (".js", ".py", ".html")):
            yield path.read_text("utf-8")


def asked_whole() -> set[str]:
    """Find the names asked for as they stand: `words.x`, `words["x"]`."""
    names: set[str] = set()
    for text in sources(".js", ".html"):
        names |= set(re.findall(r"\bwords\.(\w+)", text))
    for text in sources():
        names |= set(re.findall(r"""\bwords\[["']([\w.-]+)["']\]""", text))
    return names


def asked_in_part() -> set[str]:
    """Find the beginnings of names put together: `words["x_" + code]`, `words[f"x_{code}"]`."""
    beginnings: set[str] = set()
    for text in sources():
        beginnings |= set(re.findall(r"""\bwords\[\(?["'](\w+_)["'] \+""", text))
        beginnings |= set(re.findall(r"\bwords\[`(\w+_)\$\{", text))
        beginnings |= set(re.findall(r"""\b_?words(?:\[|\.get\()f["'](\w+_)\{""", text))
    return beginnings


# Names that are put together; the domain says which there are, and the test below that all exist.
CODES: dict[str, Iterable[str]] = {
    "status_": [one.value for one in Status],
    "precision_": [one.value for one in Precision],
    "confidence_": [one.value for one in Confidence],
    "mechanism_": [one.value for one in Mechanism],
    "redaction_": [one.value for one in Reason],
    "action_": ["add", "amend", "retract"],
    "change_": ["added", "amended", "regraded", "retracted"],
    "level_": ["1", "2"],
    "layer_": ["regions", "control", "incidents", "basemap", "labels", "map"],
    "tab_": ["summary", "incidents", "filters", "ground", "waves"],
    "export_": list(FORMATS),
    "collection_": ["incidents", "control", "frontline", "regions"],
    "fate_": ["rows", "added", "amended", "unchanged", "duplicates", "vanish"],
    "month_": [str(n) for n in range(1, 13)],
    "month_short_": [str(n) for n in range(1, 13)],
}


@pytest.mark.parametrize("beginning", CODES)
def test_every_code_of_a_list_has_its_string(beginning: str) -> None:
    names = {beginning + code for code in CODES[beginning]}
    assert names - strings("en").keys() == set()


def test_every_string_that_is_asked_for_exists() -> None:
    assert asked_whole() - strings("en").keys() == set()


def test_every_beginning_that_is_asked_for_has_strings() -> None:
    names = strings("en").keys()
    none = [one for one in asked_in_part() if not any(name.startswith(one) for name in names)]
    assert none == []
    assert {"status_", "precision_", "fate_", "tab_"} <= asked_in_part()


def test_the_maps_page_carries_every_string_that_its_scripts_name() -> None:
    scripts = [ROOT / f"static/js/{name}.js" for name in (*MODULES, "archived", "offline")]
    names = {name for one in scripts for name in re.findall(r"\w+", one.read_text("utf-8"))}
    left_out = {name for name in strings("en") if name.startswith(OTHER_PAGES)}
    assert names & left_out == set()
    assert (names - {"export"}) & set(
        OTHER_PAGES
    ) == set()  # beginnings that a script puts names together from


def test_every_string_is_used() -> None:
    """A name is used where it stands in the source, or where its beginning is put together."""
    words = set(re.findall(r"\w+", " ".join(sources())))
    parts = tuple(asked_in_part() | {"figure_at_"})
    words |= {kind + "_ground" for kind in ("gained", "lost")}  # legend.js: the code comes first
    unused = [name for name in strings("en") if name not in words and not name.startswith(parts)]
    assert unused == []


def test_ukrainian_is_ukrainian() -> None:
    russian_only = re.compile("[ыэъёЫЭЪЁ]")
    assert [name for name, text in strings("uk").items() if russian_only.search(text)] == []


def test_the_strings_ship_with_the_package() -> None:
    folder = Path(strings.__wrapped__.__code__.co_filename).parent
    assert {path.stem for path in folder.glob("*.json")} == set(LANGUAGES)
