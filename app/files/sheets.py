"""Reads tables as text, row by row: delimited text and workbooks (XLSX), with the header.

For formats whose header is not simply the first line. Formulas are never evaluated: the value of a
cell is the one that was saved with its formula.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time
from functools import lru_cache
from itertools import chain, count, islice, pairwise, zip_longest
from typing import NamedTuple

from python_calamine import (
    CalamineError,
    CalamineWorkbook,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from app.domain.errors import InvalidFile, TooLarge
from app.files.delimited import (
    FIRST_LINES,
    WHITE_SPACE,
    delimiter_of,
    first_cells,
    records_of,
)
from app.files.jsonlines import is_rows, objects_of
from app.files.layers import ZIP_ERRORS, UnpackedSize, unpacked_blocks, zipped_names
from app.files.source import (
    EMPTY_ROW,
    LONGEST_CELL,
    MOST_COLUMNS,
    Rejection,
    SourceFile,
    check_utf8,
    decoded_head,
)

MOST_CELLS = 20_000_000
"""In the rectangle around a sheet's cells: the library allocates all of it, empty cells too."""

REFERENCE = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')
FAULTY = re.compile(
    rb'<c [^>]*\bt="e"|'
    rb'<c(?: [rs]="[^"]*")*><f(?: [^>]*)?(?:/>|>[^<]*</f>)(?:<v></v>|<v ?/>)?</c>'
)
"""A cell with an error, or a formula without a value; one that gives "" says that it is text."""

LONGEST_FAULTY = 1024
WORKBOOK = "xl/workbook.xml"
SHEET = re.compile(r"xl/worksheets/[^/]+\.xml")
SPACE = re.compile(r"[ \t\n\v\f\r\u00a0\u200b\ufeff]+")

HIDDEN_MARKS = (
    "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2066\u2067\u2068\u2069\ufeff"
)
"""Marks of direction and joins, which stand around cells of right-to-left text."""

Cells = dict[str, str]


class TextTable(NamedTuple):
    """Distinct column names, and the rows as (row, {column: text}) without empty cells."""

    names: list[str]
    rows: Iterator[tuple[int, Cells] | Rejection]


def is_workbook(source: SourceFile) -> bool:
    """Tell whether a file is an XLSX workbook, by the files in its zip."""
    return WORKBOOK in zipped_names(source)


def table(
    source: SourceFile,
    *,
    header_row: int = 1,
    below: int = 0,
    sheet: str | None = None,
    is_merged: bool = False,
) -> TextTable:
    """Read a table with its names in row `header_row`; skip `below` rows under the header.

    `is_merged`: the row above has headings of several columns, which stand before their names.

    Row 1 is the first after those; blank rows are not counted. Names are made distinct: the second
    "Killed" is "Killed (2)", and a column without a name is "column 7".

    Raises:
        InvalidFile: not UTF-8, no such row, no such sheet, or not a table.
        TooLarge: over a bound on columns or cells.
    """
    lines = grid(source, sheet)
    with_above = pairwise(chain([list[str]()], lines))
    above, header = next(islice(with_above, header_row - 1, None), ([], None))
    if header is None:
        raise InvalidFile(
            f"header of {source.name}", "no such row", f"a header in row {header_row}"
        )
    for _line in islice(lines, below):
        pass
    names = distinct(merged_names(above, header) if is_merged else header)
    return TextTable(names, _rows(lines, names, pads=is_workbook(source)))


def _rows(
    lines: Iterator[list[str]], names: list[str], *, pads: bool
) -> Iterator[tuple[int, Cells] | Rejection]:
    number = 0
    for line in lines:
        if not line or (pads and not any(line)):
            continue
        number += 1
        if len(line) != len(names):
            why = f"{len(line)} cells where the header has {len(names)}"
            yield Rejection(number, "row", ",".join(line)[:200], why)
        elif not any(line):
            yield Rejection(number, "row", "", EMPTY_ROW)
        else:
            yield number, {name: cell for name, cell in zip(names, line, strict=True) if cell}


def merged_names(above: list[str], header: list[str]) -> list[str]:
    """Join two lines of a header: "Casualties" over "Killed" is "Casualties / Killed".

    A heading without a name below it is the name itself; one with a name reaches to the next.
    """
    names, heading = list[str](), ""
    for upper, lower in zip_longest(above, header, fillvalue=""):
        heading = upper or heading
        names.append((f"{heading} / {lower}" if heading else lower) if lower else upper)
        heading = heading if lower else ""
    return names


def distinct(header: list[str]) -> list[str]:
    """Give every column a name, each name once."""
    names: dict[str, None] = {}
    for place, cell in enumerate(header, 1):
        name = cell or f"column {place}"
        others = (f"{name} ({number})" for number in count(2))
        names[next(one for one in chain([name], others) if one not in names)] = None
    return list(names)


def grid(source: SourceFile, sheet: str | None = None) -> Iterator[list[str]]:
    """Read every line of a table as text; white space around cells is removed.

    Raises:
        InvalidFile: not UTF-8, no such sheet, or not a table.
        TooLarge: over a bound on columns or cells.
    """
    for line in _lines_of(source, sheet):
        if len(line) > MOST_COLUMNS:
            most = f"at most {MOST_COLUMNS:,}"
            raise TooLarge(f"columns of {source.name}", f"{len(line):,}", most)
        yield line


def _lines_of(source: SourceFile, sheet: str | None) -> Iterator[list[str]]:
    if is_workbook(source):
        return _workbook_lines(source, sheet)
    return _json_lines(source) if is_rows(source) else _delimited_lines(source)


def _json_lines(source: SourceFile) -> Iterator[list[str]]:
    """Read objects as a table: the header has the names of all of them."""
    rows = objects_of(source)
    names = list(dict.fromkeys(name for row in rows for name in row))
    yield names
    for row in rows:
        yield [_json_text(row.get(name)) for name in names]


def _json_text(value: object) -> str:
    is_nested = isinstance(value, (dict, list))
    return json.dumps(value, ensure_ascii=False) if is_nested else cell_text(value)


def visible_sheets(source: SourceFile) -> list[str]:
    """List the visible sheets of a workbook.

    Raises:
        InvalidFile: not a complete workbook.
        TooLarge: over a bound.
    """
    _check_size(source)
    try:
        with CalamineWorkbook.from_path(source.path) as book:
            sheets = [one for one in book.sheets_metadata if one.typ == SheetTypeEnum.WorkSheet]
            return [one.name for one in sheets if one.visible == SheetVisibleEnum.Visible]
    except CalamineError as wrong:
        allowed = "a complete XLSX workbook without a password"
        raise InvalidFile(f"workbook {source.name}", str(wrong)[:200], allowed) from wrong


def first_lines(source: SourceFile, most: int, sheet: str | None = None) -> list[list[str]]:
    """Read the first lines, up to thirty; of text only those in the first bytes of the file.

    Raises:
        InputError: not a table.
    """
    if is_workbook(source):
        return [list(line) for line in _first_rows(source, _stamp(source), sheet)[:most]]
    if is_rows(source):
        return list(islice(_json_lines(source), most))
    head = decoded_head(source)
    lines = first_cells(head, delimiter_of(head), most)
    return [[trimmed(cell) for cell in line] for line in lines]


@lru_cache(maxsize=16)  # the library reads all of a sheet to give its first lines
def _first_rows(
    source: SourceFile, _written: tuple[int, int], sheet: str | None
) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(line) for line in islice(grid(source, sheet), FIRST_LINES))


def _delimited_lines(source: SourceFile) -> Iterator[list[str]]:
    check_utf8(source)
    for line in records_of(source, delimiter_of(decoded_head(source))):
        yield [trimmed(cell) for cell in line]


def _workbook_lines(source: SourceFile, sheet: str | None) -> Iterator[list[str]]:
    _check_size(source)
    try:
        with CalamineWorkbook.from_path(source.path) as book:
            rows = book.get_sheet_by_name(_sheet_name(book, source, sheet)).iter_rows()
            for row in rows:
                line = [cell_text(cell) for cell in row]
                if any(len(cell) > LONGEST_CELL for cell in line):
                    most = f"at most {LONGEST_CELL:,} characters"
                    raise TooLarge(f"cell of {source.name}", "a longer one", most)
                yield line
    except CalamineError as wrong:
        allowed = "a complete XLSX workbook without a password"
        raise InvalidFile(f"workbook {source.name}", str(wrong)[:200], allowed) from wrong


def _sheet_name(book: CalamineWorkbook, source: SourceFile, sheet: str | None) -> str:
    """Choose the sheet by its name; without a name, the first visible one."""
    worksheets = [one for one in book.sheets_metadata if one.typ == SheetTypeEnum.WorkSheet]
    seen = [one.name for one in worksheets if one.visible == SheetVisibleEnum.Visible]
    names = [one.name for one in worksheets] if sheet else seen
    if sheet is None and names:
        return names[0]
    if sheet is None or sheet not in names:
        allowed = f"one of {', '.join(names) or 'no sheet at all'}"
        raise InvalidFile(f"sheet of {source.name}", sheet or "none", allowed)
    return sheet


def faulty_cells(source: SourceFile) -> int:
    """Count the cells of a workbook that hold an error, or a formula without its saved value.

    The library reads both as empty.
    """
    return _scanned(source, _stamp(source))


def _check_size(source: SourceFile) -> None:
    _scanned(source, _stamp(source))


def _stamp(source: SourceFile) -> tuple[int, int]:
    """Return what differs when a file is written anew."""
    stat = source.path.stat()
    return stat.st_mtime_ns, stat.st_size


@lru_cache(maxsize=4)  # a workbook is opened again and again until it is known what it holds
def _scanned(source: SourceFile, _written: tuple[int, int]) -> int:
    """Refuse a workbook that needs too much memory, before the library opens it.

    A small file with one cell in the last row and column of a sheet would make the library
    allocate 17 thousand million cells. Returns the number of faulty cells.
    """
    scans = defaultdict[str, _SheetScan](_SheetScan)
    for name, block in _part_blocks(source):
        if SHEET.fullmatch(name):
            scans[name].extend(block, source)
    return sum(scan.faulty for scan in scans.values())


def _part_blocks(source: SourceFile) -> Iterator[tuple[str, bytes]]:
    """Unpack the parts of a workbook block by block, each with the name of its part."""
    unpacked = UnpackedSize(source)
    try:
        with zipfile.ZipFile(source.path) as archive:
            for entry in archive.infolist():
                for block in unpacked_blocks(archive, entry, source):
                    unpacked.add(block)
                    yield entry.filename, block
    except ZIP_ERRORS as wrong:
        allowed = "a complete XLSX workbook without a password"
        raise InvalidFile(f"workbook {source.name}", str(wrong), allowed) from wrong


@dataclass
class _SheetScan:
    """The rectangle around the cells of a sheet that were read so far, and the faulty ones."""

    columns: int = 0
    rows: int = 0
    faulty: int = 0
    tail: bytes = b""

    def extend(self, block: bytes, source: SourceFile) -> None:
        """Extend the rectangle by the cells of the next block.

        Raises:
            TooLarge: over the bound on cells.
        """
        text = self.tail + block
        references = REFERENCE.findall(text)
        letters = {columns for columns, _row in references}
        self.columns = max([self.columns, *map(_column_number, letters)])
        self.rows = max([self.rows, *(int(row) for _columns, row in references)])
        self.faulty += len(FAULTY.findall(text)) - len(FAULTY.findall(self.tail))
        self.tail = text[-LONGEST_FAULTY:]
        if self.columns * self.rows > MOST_CELLS:
            got = f"{self.columns:,} columns x {self.rows:,} rows"
            raise TooLarge(f"sheet of {source.name}", got, f"at most {MOST_CELLS:,} cells")


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


def cell_text(cell: object) -> str:
    """Write a value as text: days as YYYY-MM-DD, 3.0 as 3, an empty cell as ""."""
    if cell is None or cell != cell:  # noqa: PLR0124  NaN is unequal to itself
        return ""
    if isinstance(cell, str):
        return trimmed(cell)
    if isinstance(cell, datetime):
        is_day = cell.time() == time()
        return cell.date().isoformat() if is_day else cell.isoformat(" ", "seconds")
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).lower() if isinstance(cell, bool) else str(cell)


def trimmed(cell: str) -> str:
    """Remove white space and marks that nobody sees from both ends of a cell."""
    return cell.strip(WHITE_SPACE + HIDDEN_MARKS)


def squeezed(text: str) -> str:
    """Return text in lower case with single spaces, to compare words."""
    return SPACE.sub(" ", text).strip().lower()
