"""Proposes a mapping of a table's columns, from their names and values.

What is not certain stays unmapped, with the reason: a person reads a proposal before use.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from app.domain.errors import InvalidFile
from app.domain.incident import EventKind
from app.domain.mapping import DAYS, VERSION, Notation, TableMapping, checked
from app.domain.place import WORLD, Precision
from app.files.source import SourceFile
from app.importers.kml_points import READ as OF_PLACEMARKS
from app.importers.kml_points import untimed_texts
from app.importers.points import kind_of
from app.importers.words import Words
from app.instance.workspace import Workspace
from app.intake.column_fields import Draft, column_words, draft_of
from app.intake.column_words import FIELDS_OF_WORDS, codes_of, words_of
from app.intake.contexts import context_in
from app.intake.form_files import FileOrder, open_tables
from app.intake.form_groups import FormGroups, doubts_of, form_groups
from app.intake.proposed_mapping import Suggestion
from app.intake.sampling import column_values, may_be_table, sampled
from app.intake.survey_columns import survey_of
from app.intake.table_place import decide_place, has_place, points_anywhere
from app.intake.table_start import TableStart, table_start
from app.intake.theatre_advice import advice_on, swapped_advice
from app.limited.orders import OutsideFile
from app.reference.reference import Reference

MOST_SAMPLES, LONGEST_SAMPLE = 3, 60
POINT_PRECISION = Precision.settlement


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
    with tempfile.TemporaryDirectory(prefix="strikemap-") as folder:
        order = FileOrder(path, file.name, workspace.max_file_bytes, Path(folder))
        return workspace.readings.run(file, _suggestion, workspace.reference, order, theatre, sheet)


def _suggestion(
    reference: Reference, order: FileOrder, theatre: str, sheet: str | None
) -> Suggestion:
    files = open_tables(order)
    if files.is_many or not files.members:
        got = f"{len(files.members) + len(files.faults):,} files"
        raise InvalidFile(f"content of {order.label}", got, "one file, or the tables of one form")
    return suggestion_of(reference, files.members[0].source, theatre, sheet)


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
    groups = FormGroups() if has_points else form_groups(source, start, columns, words)
    rows = {to: words_of(to, draft.columns, columns) for to in FIELDS_OF_WORDS}
    for group, texts in groups.columns:
        for to in FIELDS_OF_WORDS:
            for word, count in words_of(to, group.columns, texts).items():
                rows[to][word] = rows[to].get(word, 0) + count
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
    mapping = msgspec.structs.replace(mapping, groups=groups.groups)
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
        [
            *([start.doubt] if start.doubt else []),
            *draft.doubts.values(),
            *groups.doubts,
            *doubts_of(mapping, source, start, words),
        ],
        groups.sentences,
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
