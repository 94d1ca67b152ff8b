"""Proposes a mapping of a table's columns, from their names and values, and writes it as TOML.

What is not certain stays unmapped, with the reason: a person reads a proposal before use.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from app.domain.errors import InvalidFile
from app.domain.incident import EventKind
from app.domain.mapping import DAYS, VERSION, Notation, TableMapping, checked
from app.domain.place import WORLD, Precision
from app.files.encoding import in_utf8
from app.files.source import SourceFile
from app.importers.kml_points import READ as OF_PLACEMARKS
from app.importers.kml_points import untimed_texts
from app.importers.points import kind_of
from app.importers.words import Words
from app.instance.workspace import Workspace
from app.intake.column_fields import Draft, column_words, draft_of
from app.intake.column_words import FIELDS_OF_WORDS, codes_of, words_of
from app.intake.contexts import context_in
from app.intake.sampling import column_values, may_be_table, sampled
from app.intake.survey_columns import survey_of
from app.intake.table_place import decide_place, has_place, points_anywhere
from app.intake.table_start import TableStart, table_start
from app.intake.theatre_advice import Advice, advice_on, swapped_advice
from app.limited.orders import OutsideFile
from app.reference.reference import Reference

MOST_SAMPLES, LONGEST_SAMPLE = 3, 60
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
POINT_PRECISION = Precision.settlement


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
        for to, codes in mapping.words.items():
            words = ", ".join(f"{word!r} {code}" for word, code in codes.items())
            parts.append(f"words of {to}: {words}")
        return f"Read without a mapping: {'; '.join(parts)}."

    def toml(self) -> str:
        """Write it as a file that a person reads, completes and saves."""
        return "".join(_lines(self))


def suggest(
    workspace: Workspace,
    path: Path,
    theatre: str,
    name: str | None = None,
    sheet: str | None = None,
) -> Suggestion:
    """Propose a mapping for a table or a file of points; `name` is what its sender calls it.

    `sheet` names the sheet of a workbook; without it, the one with the most names of fields.

    Raises:
        InvalidFile: it cannot be read as either.
        InputError: no such theatre.
    """
    file = OutsideFile(name or path.name, path.stat().st_size if path.is_file() else 0)
    facts = (workspace.reference, path, theatre, name, sheet)
    return workspace.readings.run(file, _suggestion, *facts)


def _suggestion(
    reference: Reference, path: Path, theatre: str, name: str | None, sheet: str | None
) -> Suggestion:
    with tempfile.TemporaryDirectory(prefix="strikemap-") as folder:
        source = in_utf8(SourceFile.open(path, name), Path(folder))
        return suggestion_of(reference, source, theatre, sheet)


def suggestion_of(
    reference: Reference, source: SourceFile, theatre: str, sheet: str | None = None
) -> Suggestion:
    """Propose a mapping for an open file; see `suggest`."""
    context, placemarks = context_in(reference, theatre), untimed_texts(source)
    taxonomy, words = context.taxonomy, Words(context)
    has_points = bool(placemarks) or kind_of(source) is not None
    if not may_be_table(source):
        allowed = "a table (CSV, XLSX) or a file of points"
        raise InvalidFile(f"content of {source.name}", "XML or JSON of another kind", allowed)
    start = TableStart() if has_points else table_start(source, words, sheet)
    columns: Mapping[str, Sequence[str]] = column_values(placemarks) or sampled(
        source, start, has_points=has_points
    )
    survey = survey_of(columns.keys())
    columns = survey.apart(columns)
    draft = draft_of(columns, words, context.theatre.bounds, has_points=has_points)
    if survey.is_repeated and "start" not in draft.columns.values():
        got, allowed = "answers of a repeated group, without a day", "the main table of the form"
        raise InvalidFile(f"rows of {source.name}", got, allowed)
    if placemarks:
        draft.keep_only(OF_PLACEMARKS)
    advice = None
    if not has_points and not has_place(draft):
        points = points_anywhere(source, start, draft_of(columns, words, WORLD, has_points=False))
        advice = advice_on(points, theatre, reference) or swapped_advice(points, context.theatre)
        decide_place(draft, advice, words)
    rows = {to: words_of(to, draft.columns, columns) for to in FIELDS_OF_WORDS}
    codes = {to: codes_of(to, rows[to], taxonomy) for to in FIELDS_OF_WORDS}
    dates, notations = _notations(draft)
    mapping = TableMapping(
        version=VERSION,
        format=_format(has_placemarks=bool(placemarks), has_points=has_points),
        dates=dates,
        notations=notations,
        decimal_comma=draft.decimal_comma,
        has_points=has_points,
        sheet=start.sheet,
        header_row=start.header_row,
        has_merged_header=start.is_merged,
        columns=draft.columns,
        words={to: by_word for to, by_word in codes.items() if by_word},
    )
    mapping = _completed(mapping, columns, has_settlements=context.settlements is not None)
    samples = {
        column: list(dict.fromkeys(text[:LONGEST_SAMPLE] for text in values[:50]))[:MOST_SAMPLES]
        for column, values in columns.items()
    }
    return Suggestion(
        mapping,
        {column: draft.why[column] for column in columns},
        list(_missing(mapping)),
        {to: [word for word in rows[to] if word not in codes[to]] for to in FIELDS_OF_WORDS},
        samples,
        rows,
        [*([start.doubt] if start.doubt else []), *draft.doubts.values()],
        advice,
    )


def _format(*, has_placemarks: bool, has_points: bool) -> str:
    if has_placemarks:
        return "kml_points"
    return "vector_points" if has_points else "mapped"


def _notations(draft: Draft) -> tuple[Notation | None, dict[str, Notation]]:
    """Return the notation of the first column of days, and those of the columns that differ.

    While one column is open, nothing is stated for all: it would answer that question too.
    """
    days = {name: to for name, to in draft.columns.items() if to in DAYS}
    if any(name not in draft.notations for name in days):
        return None, draft.notations
    dates = next((draft.notations[name] for to in DAYS for name in days if days[name] == to), None)
    return dates, {name: one for name, one in draft.notations.items() if one is not dates}


def _completed(
    mapping: TableMapping, names: Iterable[str], *, has_settlements: bool
) -> TableMapping:
    """Add what the columns leave open: how precise points are, and a search of places by name.

    A table of accidents, as programmes of mine action keep them, is not of strikes.
    """
    constants = dict(mapping.constants)
    if mapping.is_drawn and not mapping.says("precision"):
        constants["precision"] = POINT_PRECISION.value
    if any("accident" in column_words(name).split() for name in names) and not mapping.says("kind"):
        constants["kind"] = EventKind.other_harm.value
    mapping = msgspec.structs.replace(mapping, constants=constants)
    if has_settlements and mapping.says("place") and mapping.says("admin1"):
        mapping = msgspec.structs.replace(mapping, geocode=True)
    return mapping


def _missing(mapping: TableMapping) -> Iterator[str]:
    """List what the mapping needs before an import can use it."""
    try:
        checked(mapping)
    except InvalidFile as wrong:
        yield wrong.problem.sentence()


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


def _quoted(text: str) -> str:
    """Write a TOML basic string; JSON's escapes are TOML's, and DEL is added."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _one_line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text)
