"""Finds where a table begins: the sheet of a workbook and the line of its header."""

from __future__ import annotations

from typing import NamedTuple

from app.files.sheets import first_lines, is_workbook, merged_names, visible_sheets
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
    is_merged: bool = False
    doubt: str | None = None


def table_start(source: SourceFile, words: Words, sheet: str | None = None) -> TableStart:
    """Find the line with the most names of fields, in `sheet` or in all visible sheets.

    Raises:
        InputError: not a table, or no such sheet.
    """
    sheets = [sheet] if sheet or not is_workbook(source) else visible_sheets(source)
    best = {name: _header(source, words, name) for name in sheets}
    most = max((fields for fields, _row, _merged in best.values()), default=0)
    if most < FEWEST_FIELDS:
        return TableStart(sheet)
    equal = [name for name, (fields, _row, _merged) in best.items() if fields == most]
    name = equal[0]
    doubt = None
    if len(equal) > 1:
        names = ", ".join(repr(one) for one in equal)
        doubt = f"the sheets {names} can each be the table: say which with --sheet"
    is_first = name == sheets[0] and sheet is None
    _fields, row, is_merged = best[name]
    return TableStart(None if is_first else name, row, is_merged=is_merged, doubt=doubt)


def _header(source: SourceFile, words: Words, sheet: str | None) -> tuple[int, int, bool]:
    """Return how many fields a sheet's best line names, the line from 1, and whether it is merged.

    A merged header needs two lines to name its fields; a title above a header adds none.
    """
    best, above = (0, 1, False), list[str]()
    for number, line in enumerate(first_lines(source, DEEPEST_HEADER, sheet), 1):
        alone = _fields(line, words)
        joined = _fields(merged_names(above, line), words) if above else 0
        if max(alone, joined) > best[0]:
            best = (max(alone, joined), number, joined > alone)
        above = line
    return best


def _fields(names: list[str], words: Words) -> int:
    return len({field_of(name, words) for name in names if name} - {None})
