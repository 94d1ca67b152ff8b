"""Which sheets or files are the repeated groups of a form, and what each of them says.

A group of persons is counted by their fates; one of places, damaged objects or links says more of
the incident. What can mean two things is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from app.domain.count import TOLLS
from app.domain.errors import InputError
from app.domain.mapping import IN_ONE_CELL, OF_GROUPS, Group, TableMapping
from app.files.sheets import Cells, is_workbook, squeezed, visible_sheets
from app.files.source import BadFieldError, Rejection, SourceFile
from app.importers.groups import GroupTables, group_table
from app.importers.words import Words
from app.intake.column_fields import NO_PEOPLE, SHARE, Draft, column_words, draft_of
from app.intake.sampling import SAMPLE_ROWS, column_values
from app.intake.survey_columns import REPEATED_ROWS
from app.intake.table_place import rows_of
from app.intake.table_start import TableStart

Columns = Mapping[str, Sequence[str]]
"""The texts of each column, without empty cells."""

LINKS = (
    ("_submission__uuid", "_uuid"),
    ("_submission__id", "_id"),
    ("PARENT_KEY", "KEY"),
    ("_parent_index", "_index"),
)
"""The column of a group's rows, and that of the main table with the same texts, the best first."""

OF_A_PERSON = frozenset(
    ("age", "sex", "gender", "name", "full name", "вік", "стать", "edad", "sexo", "âge", "sexe")
)
"""Columns that only a list of persons has."""

POINTS = ("lon", "lat", *IN_ONE_CELL)


@dataclass
class FormGroups:
    """The groups to read with their texts, a sentence on each, and what only a person can say."""

    groups: dict[str, Group] = field(default_factory=dict)
    columns: list[tuple[Group, Columns]] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    def add(self, name: str, columns: Columns, main: Columns, draft: Draft, words: Words) -> None:
        """Propose what a group says, or ask."""
        link = _link(columns, main)
        fate = _fate_column(columns, draft, words)
        fields = {column: to for column, to in draft.columns.items() if to in OF_GROUPS}
        called = {column: draft.field_of(column, words) or "" for column in columns}
        numbers = [column for column, to in called.items() if to.startswith(TOLLS)]
        points = [column for column, to in called.items() if to in POINTS]
        if not (fate or fields or numbers or points or _is_of_persons(columns, draft)):
            return  # it says nothing that an incident has; the import names it as not read
        if link is None:
            self.doubts.append(
                f"rows of {name!r} belong to rows of the main table, and no column says to which"
            )
            return
        parent, key = link
        joined = f"and belong to the row with the same {key!r}"
        if fate:
            self.groups[name] = Group(key=key, parent=parent, fate=fate)
            self.sentences.append(f"rows of {name!r} are persons, counted by {fate!r}, {joined}")
        elif _is_of_persons(columns, draft):
            self.doubts.append(
                f"rows of {name!r} are persons, and no column says what became of them: state it "
                f"under [groups.{name}] with key = {key!r}, parent = {parent!r}, and fate or every"
            )
        elif numbers:
            self.doubts.append(
                f"rows of {name!r} state numbers of people in {numbers[0]!r}, which may be parts "
                "of a sum, or be counted in the main table already"
            )
        else:
            self.doubts += [
                f"{column!r} of {name!r}: {why}"
                for column, why in draft.doubts.items()
                if called[column] in POINTS
            ]
            self.groups[name] = Group(key=key, parent=parent, columns=fields)
            self.columns.append((self.groups[name], columns))
            meanings = ", ".join(f"{column!r} is {to}" for column, to in fields.items())
            what = f"rows of {name!r} say more of an incident ({meanings})"
            self.sentences.append(f"{what}, {joined}")


def form_groups(source: SourceFile, start: TableStart, main: Columns, words: Words) -> FormGroups:
    """Propose how the groups beside the main table of a form are read; `main` has its columns."""
    proposal = FormGroups()
    for name in _names(source, start):
        rows = _group_rows(source, name)
        columns = column_values(rows)
        if REPEATED_ROWS.isdisjoint(columns):
            continue
        draft = draft_of(columns, words, words.context.theatre.bounds, has_points=False)
        proposal.add(name, columns, main, draft, words)
    return proposal


def doubts_of(
    mapping: TableMapping, source: SourceFile, start: TableStart, words: Words
) -> Iterator[str]:
    """Ask where the main table and its groups both say something that an incident has once."""
    for name, group in mapping.groups.items():
        main_point = any(to in POINTS for to in mapping.columns.values())
        if main_point and any(to in POINTS for to in group.columns.values()):
            yield (
                f"the main table and {name!r} both say where: leave out one of them, or the place "
                "is known to the region only that their points share"
            )
    yield from _differing_numbers(mapping, source, start, words)


def _differing_numbers(
    mapping: TableMapping, source: SourceFile, start: TableStart, words: Words
) -> Iterator[str]:
    """Ask which number counts where a row of the form states another one than its list has."""
    if not any(group.victims for group in mapping.groups.values()):
        return
    groups = GroupTables(mapping, source, words.context.taxonomy.crosswalk("mapped")["fates"])
    columns = {name: to for name, to in mapping.columns.items() if to.startswith(TOLLS)}
    for row in islice(rows_of(source, start).rows, SAMPLE_ROWS):
        if isinstance(row, Rejection):
            continue
        number, cells = row
        texts = {to: [cells[name]] for name, to in columns.items() if name in cells}
        try:
            groups.add_to(texts, cells)
        except BadFieldError as wrong:
            yield f"row {number} states {wrong.name} {wrong.got}, allowed is {wrong.why}"
            return


def _names(source: SourceFile, start: TableStart) -> list[str]:
    """List the sheets or files beside the main table."""
    if not is_workbook(source):
        return [name for name, _path in source.companions]
    names = visible_sheets(source)
    return [name for name in names if name != (start.sheet or names[0])]


def _group_rows(source: SourceFile, name: str) -> Iterator[Cells]:
    """Read the first rows of a sheet or file; of what is no table, nothing."""
    try:
        rows = islice(group_table(source, name).rows, SAMPLE_ROWS)
        yield from (row[1] for row in rows if not isinstance(row, Rejection))
    except InputError:
        return


def _link(columns: Columns, main: Columns) -> tuple[str, str] | None:
    """Return the columns of both tables by which rows belong together; None where none is sure."""
    for parent, key in LINKS:
        keys = main.get(key, ())
        is_nested = (
            parent == "_parent_index" and len(set(columns.get("_parent_table_name", ()))) > 1
        )
        if columns.get(parent) and keys and len(set(keys)) == len(keys) and not is_nested:
            return parent, key
    return None


def _fate_column(columns: Columns, draft: Draft, words: Words) -> str | None:
    """Return the column whose words say what became of each person."""
    fates = words.context.taxonomy.crosswalk("mapped")["fates"]
    for name, texts in columns.items():
        count = sum(squeezed(text) in fates for text in texts)
        if texts and name not in draft.columns and count >= SHARE * len(texts):
            return name
    return None


def _is_of_persons(columns: Columns, draft: Draft) -> bool:
    names = {column_words(draft.called.get(name, name)) for name in columns}
    return not OF_A_PERSON.isdisjoint(names) or NO_PEOPLE in draft.why.values()
