"""XLSX: three sheets with the incidents, the description and the data dictionary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from app.domain.errors import InputError
from app.exporters.about import About
from app.exporters.columns import NOTES
from app.exporters.hxl_tags import tags_of
from app.exporters.pieces import pieces

MOST_ROWS = 1_048_575
"""Of a sheet, without its header (Excel's limit)."""

LONGEST_CELL = 32_767
CUT = "…"


def write(about: About, parts: Iterator[pa.RecordBatch], folder: Path) -> Iterator[bytes]:
    """Write a workbook row by row; a text over Excel's limit is cut and ends with an ellipsis.

    Raises:
        InputError: more rows than a sheet holds.
    """
    check(about)
    path = folder / "export.xlsx"
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "tmpdir": str(folder),
    }
    with xlsxwriter.Workbook(path, options) as book:
        created = datetime.fromisoformat(about.exported_at)
        book.set_properties({"title": about.title, "comments": about.citation, "created": created})
        bold = book.add_format({"bold": True})
        _write_rows(book.add_worksheet("incidents"), parts, book, bold, has_hxl=about.has_hxl)
        _write_about(book.add_worksheet("about"), about, bold)
        _write_fields(book.add_worksheet("fields"), bold)
    yield from pieces(path)


def check(about: About) -> None:
    """Refuse more rows than a sheet holds.

    Raises:
        InputError: more rows than a sheet holds.
    """
    most = MOST_ROWS - about.has_hxl
    if about.rows > most:
        allowed = f"at most {most:,} in a sheet; narrow the View, or take csv, gpkg or parquet"
        raise InputError("rows for xlsx", f"{about.rows:,}", allowed)


def _write_header(sheet: Worksheet, bold: Format, *, has_hxl: bool) -> int:
    """Write names, and hashtags where they are wanted; return the row under them."""
    names = [note.name for note in NOTES]
    _row(sheet, 0, names, bold)
    if has_hxl:
        _row(sheet, 1, tags_of(names), bold)
    return 1 + has_hxl


def _write_rows(
    sheet: Worksheet,
    parts: Iterator[pa.RecordBatch],
    book: xlsxwriter.Workbook,
    bold: Format,
    *,
    has_hxl: bool,
) -> None:
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.freeze_panes(1, 1)
    number = _write_header(sheet, bold, has_hxl=has_hxl)
    kinds = [note.kind for note in NOTES]
    for part in parts:
        for cells in zip(*(column.to_pylist() for column in part.columns), strict=True):
            for place, cell in enumerate(cells):
                if cell is None:
                    continue
                if kinds[place] in ("text", "json"):
                    sheet.write_string(number, place, _shortened(cell))
                elif kinds[place] == "day":
                    sheet.write_datetime(number, place, cell, day)
                elif kinds[place] == "flag":
                    sheet.write_boolean(number, place, cell)
                else:
                    sheet.write_number(number, place, cell)
            number += 1


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 1] + CUT


def _row(sheet: Worksheet, number: int, cells: Sequence[str], style: Format | None = None) -> None:
    for place, cell in enumerate(cells):
        sheet.write_string(number, place, _shortened(cell), style)


def _write_about(sheet: Worksheet, about: About, bold: Format) -> None:
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, 1, 110)
    _row(sheet, 0, ("name", "value"), bold)
    for number, pair in enumerate(about.pairs(), 1):
        _row(sheet, number, pair)


def _write_fields(sheet: Worksheet, bold: Format) -> None:
    sheet.set_column(0, 0, 26)
    sheet.set_column(3, 3, 90)
    _row(sheet, 0, ("field", "type", "unit", "meaning", "unknown"), bold)
    for number, note in enumerate(NOTES, 1):
        _row(sheet, number, (note.name, note.kind, note.unit, note.meaning, "an empty cell"))
