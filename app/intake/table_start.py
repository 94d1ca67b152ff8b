"""Finds where a table begins: the sheet of a workbook and the line of its header."""

from __future__ import annotations

from typing import NamedTuple

from app.files.sheets import first_lines, is_workbook, visible_sheets
from app.files.source import SourceFile
from app.importers.words import Words
from app.intake.column_fields import field_of

DEEPEST_HEADER = 30
FEWEST_FIELDS = 2
"""A line with so many names of fields is a header; one alone can be a word of a title."""


class TableStart(NamedTuple):
    """The sheet (None: the first, or no workbook), the header's line from 1, and a doubt."""

    sheet: str | None = None
    header_row: int = 1
    doubt: str | None = None


def table_start(source: SourceFile, words: Words, sheet: str | None = None) -> TableStart:
    """Find the line with the most names of fields, in `sheet` or in all visible sheets.

    Raises:
        InputError: not a table, or no such sheet.
    """
    sheets = [sheet] if sheet or not is_workbook(source) else visible_sheets(source)
    best = {name: _header(source, words, name) for name in sheets}
    most = max((fields for fields, _row in best.values()), default=0)
    if most < FEWEST_FIELDS:
        return TableStart(sheet)
    equal = [name for name, (fields, _row) in best.items() if fields == most]
    name = equal[0]
    doubt = None
    if len(equal) > 1:
        names = ", ".join(repr(one) for one in equal)
        doubt = f"the sheets {names} can each be the table: say which with --sheet"
    is_first = name == sheets[0] and sheet is None
    return TableStart(None if is_first else name, best[name][1], doubt)


def _header(source: SourceFile, words: Words, sheet: str | None) -> tuple[int, int]:
    """Return how many fields a sheet's best line names, and the line from 1."""
    best = (0, 1)
    for number, line in enumerate(first_lines(source, DEEPEST_HEADER, sheet), 1):
        fields = {field_of(cell, words) for cell in line if cell} - {None}
        if len(fields) > best[0]:
            best = (len(fields), number)
    return best
