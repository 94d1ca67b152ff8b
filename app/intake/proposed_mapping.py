"""A proposed mapping: what each column is and why, in a sentence, and as a file of TOML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.domain.mapping import DAYS, Notation, TableMapping
from app.intake.column_words import FIELDS_OF_WORDS
from app.intake.theatre_advice import Advice

FLAGS = {
    "decimal_comma": "decimal_comma = true",
    "has_merged_header": "has_merged_header = true  # the line above has headings of columns",
    "has_points": "has_points = true  # the place is the feature's own geometry",
    "geocode": "geocode = true  # a settlement that its unit has once gets its point by its name",
}
NOT_MAPPED = "not mapped: "
WHY_CONSTANT = {
    "precision": "nothing says how fine the points are: within 5 km",
    "kind": "its columns are of accidents: harm, but no strikes",
}


@dataclass
class Suggestion:
    """A proposed mapping, with the reason for every column, mapped or not.

    `word_rows` has the number of rows of each word, by field, and `doubts` what only a person can
    decide of days, coordinates and numbers of people.
    """

    mapping: TableMapping
    why: dict[str, str]
    missing: list[str]
    unknown_words: dict[str, list[str]] = field(default_factory=dict)
    samples: dict[str, list[str]] = field(default_factory=dict)
    word_rows: dict[str, dict[str, int]] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    """A sentence on each repeated group of a form."""

    advice: Advice | None = None
    """In which theatre the points lie, where that is not the stated one."""

    @property
    def is_sure(self) -> bool:
        """Tell whether an import can use it without a person."""
        return not self.missing and not self.doubts

    def left_out(self) -> dict[str, str]:
        """Return why each column is left out that is called like a field."""
        called = f"{NOT_MAPPED}called like"
        return {
            name: why
            for name, why in self.why.items()
            if name not in self.mapping.columns and why.startswith(called)
        }

    def understood(self) -> str:
        """Say in one sentence what each mapped column is, and where the table begins."""
        mapping, parts = self.mapping, list[str]()
        if mapping.sheet:
            parts.append(f"the table is the sheet {mapping.sheet!r}")
        if mapping.header_row > 1:
            parts.append(f"its header is row {mapping.header_row}")
        days = {name: mapping.notations.get(name, mapping.dates) for name in mapping.columns}
        parts += [
            f"{name!r} is {to}" + (f" ({days[name]})" if to in DAYS else "")
            for name, to in mapping.columns.items()
        ]
        parts += [
            f"{name!r} is left out, {why.removeprefix(NOT_MAPPED)}"
            for name, why in self.left_out().items()
        ]
        if "precision" in mapping.constants:
            parts.append(f"points are as fine as {mapping.constants['precision']}")
        if "kind" in mapping.constants:
            parts.append(f"accidents are {mapping.constants['kind']}, no strikes")
        parts += self.groups
        for to, codes in mapping.words.items():
            words = ", ".join(f"{word!r} {code}" for word, code in codes.items())
            parts.append(f"words of {to}: {words}")
        return f"Read without a mapping: {'; '.join(parts)}."

    def toml(self) -> str:
        """Write it as a file that a person reads, completes and saves."""
        return "".join(_lines(self))


def _lines(suggestion: Suggestion) -> Iterator[str]:
    mapping = suggestion.mapping
    yield "# Which column is which field: read it, correct it, then\n"
    yield "# strikemap import FILE --mapping THIS --dry-run\n"
    yield from (f"# To be completed: {one}\n" for one in suggestion.missing)
    yield f"version = {mapping.version}\nformat = {_quoted(mapping.format)}\n"
    if mapping.dates:
        yield f"dates = {_quoted(mapping.dates)}\n"
    else:
        yield f"# dates = {_quoted('dmy')}  # one of {', '.join(Notation)}\n"
    yield from (f"# To be decided: {_one_line(doubt)}\n" for doubt in suggestion.doubts)
    if mapping.sheet:
        yield f"sheet = {_quoted(mapping.sheet)}\n"
    if mapping.header_row > 1:
        yield f"header_row = {mapping.header_row}\n"
    yield from (f"{line}\n" for name, line in FLAGS.items() if getattr(mapping, name))
    yield "\n[columns]\n"
    for name, why in suggestion.why.items():
        to = mapping.columns.get(name)
        line = f"{_quoted(name)} = {_quoted(to or '')}"
        yield f"{line if to else '# ' + line}  # {_one_line(why)}\n"
    if mapping.notations:
        yield "\n[notations]\n"
    yield from (f"{_quoted(name)} = {_quoted(one)}\n" for name, one in mapping.notations.items())
    yield "\n[constants]\n"
    for name, text in mapping.constants.items():
        yield f"{name} = {_quoted(text)}  # {WHY_CONSTANT[name]}\n"
    yield from _word_lines(suggestion)
    yield from _group_lines(suggestion)


def _word_lines(suggestion: Suggestion) -> Iterator[str]:
    mapping = suggestion.mapping
    for to in FIELDS_OF_WORDS:
        codes, unknown = mapping.words.get(to, {}), suggestion.unknown_words.get(to, [])
        if codes or unknown:
            yield f"\n[words.{to}]\n"
        rows = suggestion.word_rows.get(to, {})
        for word, code in codes.items():
            yield f"{_quoted(word)} = {_quoted(code)}  # rows: {rows.get(word, 0):,}\n"
        for word in unknown:
            count = f"rows: {rows.get(word, 0):,}"
            yield f'# {_quoted(_one_line(word))} = ""  # which code? {count}\n'


def _group_lines(suggestion: Suggestion) -> Iterator[str]:
    if suggestion.groups:
        yield "\n"
    yield from (f"# {_one_line(sentence)}\n" for sentence in suggestion.groups)
    for name, group in suggestion.mapping.groups.items():
        yield f"\n[groups.{_quoted(name)}]\nkey = {_quoted(group.key)}\n"
        yield f"parent = {_quoted(group.parent)}\n"
        yield f"fate = {_quoted(group.fate)}\n" if group.fate else ""
        if group.columns:
            yield f"\n[groups.{_quoted(name)}.columns]\n"
        yield from (f"{_quoted(one)} = {_quoted(to)}\n" for one, to in group.columns.items())


def _quoted(text: str) -> str:
    """Write a TOML basic string; JSON's escapes are TOML's, and DEL is added."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _one_line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text)
