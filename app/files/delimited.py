"""Reads delimited text with one plain header line: the header, the rows, or batches of columns."""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from itertools import islice
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from app.domain.errors import InvalidFile, TooLarge
from app.files.source import (
    EMPTY_ROW,
    LONGEST_CELL,
    MOST_COLUMNS,
    Rejection,
    SourceFile,
    check_utf8,
    decoded_head,
)

WHITE_SPACE = (
    " \t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""The characters that `str.strip` removes."""


OPEN = "unexpected end of data"
FIRST_LINES = 30
"""By so many lines a table's delimiter is told."""


def header_of(source: SourceFile) -> tuple[list[str], str]:
    """Return a table's column names and its delimiter: comma, semicolon or tab."""
    head = decoded_head(source)
    line, delimiter = re.split(r"\r\n|\n|\r", head, maxsplit=1)[0], delimiter_of(head)
    names = next(csv.reader([line], delimiter=delimiter), [])
    return [name.strip() for name in names], delimiter


@lru_cache(maxsize=4)  # every format asks for the header of the same file
def delimiter_of(head: str) -> str:
    """Return the delimiter that cuts most of the first lines into equally many cells.

    A comma in a title, in a name or in 49,99 does not count for a table of semicolons.
    """

    def lines_alike(delimiter: str) -> tuple[int, int]:
        widths = Counter(len(line) for line in first_cells(head, delimiter, FIRST_LINES))
        return max(((lines, cells) for cells, lines in widths.items() if cells > 1), default=(0, 0))

    return max("\t;,|", key=lines_alike)


def refuse_open_quote(source: SourceFile, line: int, record: str, delimiter: str) -> None:
    """Refuse a table whose last record, from `line` on, has a quotation mark that nothing closes.

    Such a mark takes all lines below it into one cell, and they would be lost without a word.

    Raises:
        InvalidFile: with the line.
    """
    if len(record.splitlines()) < 2:  # noqa: PLR2004  nothing stands below it
        return
    try:
        for _cells in csv.reader(io.StringIO(record, newline=""), delimiter=delimiter, strict=True):
            pass
    except csv.Error as wrong:
        if str(wrong) == OPEN:
            where = f"table {source.name}, line {line:,}"
            got = "a quotation mark that is never closed"
            raise InvalidFile(
                where, got, "one that is closed, or the lines below are lost"
            ) from wrong


def records_of(source: SourceFile, delimiter: str) -> Iterator[list[str]]:
    """Yield the cells of each record of delimited text.

    Raises:
        InvalidFile: a cell is too long, or a quotation mark is never closed.
    """
    lines: list[str] = []

    def kept(stream: Iterable[str]) -> Iterator[str]:
        for line in stream:
            lines.append(line)
            yield line

    with source.path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(kept(stream), delimiter=delimiter)
        last, first_line = "", 0
        try:
            for cells in reader:
                last, first_line = "".join(lines), reader.line_num - len(lines) + 1
                lines.clear()
                yield cells
        except csv.Error as wrong:
            most = f"a table with cells of at most {csv.field_size_limit():,} characters"
            where = f"table {source.name}, line {reader.line_num}"
            raise InvalidFile(where, str(wrong), most) from wrong
    refuse_open_quote(source, first_line, last, delimiter)


def first_cells(head: str, delimiter: str, most: int) -> Iterator[list[str]]:
    """Yield the cells of the first lines; a line that cannot be read ends them."""
    with contextlib.suppress(csv.Error):
        yield from islice(csv.reader(io.StringIO(head, newline=""), delimiter=delimiter), most)


class TableBatch(NamedTuple):
    """Some rows of a table: their numbers, and their cells by column; "" is an empty cell."""

    numbers: list[int]
    cells: dict[str, list[str]]

    def rows(self, columns: Collection[str] | None = None) -> Iterator[tuple[int, dict[str, str]]]:
        """Yield (row, {column: text}) without empty cells; of all columns or only of these."""
        names = [name for name in self.cells if columns is None or name in columns]
        cells = [self.cells[name] for name in names]
        for number, *row in zip(self.numbers, *cells, strict=True):
            yield number, {name: cell for name, cell in zip(names, row, strict=True) if cell}


def table_rows(source: SourceFile) -> Iterator[tuple[int, dict[str, str]] | Rejection]:
    """Yield the rows of a table as (row, {column: text}); see `table_batches`."""
    for batch in table_batches(source):
        if isinstance(batch, Rejection):
            yield batch
        else:
            yield from batch.rows()


def table_batches(source: SourceFile) -> Iterator[TableBatch | Rejection]:
    """Read a table as text in batches; white space around cells is removed.

    Row 1 is the first below the header; blank lines are not counted. A row with too few or too
    many cells is a rejection, and so is a row whose cells are all empty.

    Raises:
        InvalidFile: not UTF-8, or without a header.
        TooLarge: over a bound on columns or on a cell.
    """
    check_utf8(source)
    names, delimiter = header_of(source)
    _check_names(names, source)
    malformed: dict[int, Rejection] = {}
    number, is_last_cell_long = 0, False

    def note(bad: arrow_csv.InvalidRow) -> str:
        row = max((bad.number or 2) - 1, 1)
        why = f"{bad.actual_columns} cells where the header has {bad.expected_columns}"
        malformed[row] = Rejection(row, "row", (bad.text or "")[:200], why)
        return "skip"

    parse = arrow_csv.ParseOptions(
        delimiter=delimiter, newlines_in_values=True, invalid_row_handler=note
    )
    try:
        for batch in _arrow_batches(source, names, parse):
            numbers = _row_numbers(number, batch.num_rows, malformed)
            number = numbers[-1] if numbers else number
            yield from [malformed.pop(row) for row in sorted(malformed) if row < number]
            columns = [pc.utf8_trim(column, characters=WHITE_SPACE) for column in batch.columns]
            _check_cells(columns, numbers[0] - 1 if numbers else number, source)
            if numbers:
                last = [column[-1].as_py() for column in columns]
                is_last_cell_long = any("\n" in cell or "\r" in cell for cell in last)
            yield from _without_empty_rows(names, numbers, columns)
    except pa.ArrowInvalid as wrong:
        if "straddling" in str(wrong):  # a row that is longer than a block
            raise _too_long(number, source) from wrong
        raise InvalidFile("table", source.name, f"a delimited table ({wrong})") from wrong
    yield from malformed.values()
    if is_last_cell_long and _has_odd_quotes(source):
        for _cells in records_of(source, delimiter):
            pass


def _has_odd_quotes(source: SourceFile) -> bool:
    with source.path.open("rb") as stream:
        return sum(block.count(b'"') for block in iter(partial(stream.read, 1 << 20), b"")) % 2 == 1


def _arrow_batches(
    source: SourceFile, names: Sequence[str], parse: arrow_csv.ParseOptions
) -> Iterable[pa.RecordBatch]:
    """Open the table below its header as batches of text."""
    layout = arrow_csv.ReadOptions(use_threads=False, column_names=names, skip_rows=1)
    types = dict.fromkeys(names, pa.string())
    convert = arrow_csv.ConvertOptions(column_types=types, strings_can_be_null=False)
    return arrow_csv.open_csv(source.path, layout, parse, convert)  # type: ignore[no-any-return]


def _without_empty_rows(
    names: Sequence[str], numbers: list[int], columns: Sequence[pa.Array]
) -> Iterator[TableBatch | Rejection]:
    """Yield a rejection for each row whose cells are all empty, then the other rows."""
    is_empty = np.logical_and.reduce([pc.equal(column, "") for column in columns])
    for row in np.flatnonzero(is_empty).tolist():
        yield Rejection(numbers[row], "row", "", EMPTY_ROW)
    if is_empty.any():
        has_cells = pa.array(~is_empty)
        columns = [column.filter(has_cells) for column in columns]
        numbers = [row for row, empty in zip(numbers, is_empty, strict=True) if not empty]
    cells = [column.to_pylist() for column in columns]
    yield TableBatch(numbers, dict(zip(names, cells, strict=True)))


def _check_names(names: Sequence[str], source: SourceFile) -> None:
    """Refuse a header without names, with repeated names or with too many columns."""
    if len(names) > MOST_COLUMNS:
        most = f"at most {MOST_COLUMNS:,}"
        raise TooLarge(f"columns of {source.name}", f"{len(names):,}", most)
    if not any(names):
        raise InvalidFile(f"header of {source.name}", "an empty line", "the names of the columns")
    if len(set(names)) != len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise InvalidFile("header", ", ".join(twice), "each column name once")


def _too_long(after: int, source: SourceFile) -> TooLarge:
    where = f"cell of {source.name}, after row {after:,}"
    return TooLarge(where, "a longer one", f"at most {LONGEST_CELL:,} characters")


def _check_cells(columns: Sequence[pa.Array], after: int, source: SourceFile) -> None:
    """Refuse a cell over the bound; counting bytes first is fast and settles most tables."""
    for column in columns:
        longest = pc.max(pc.binary_length(column)).as_py() or 0
        if longest > LONGEST_CELL and pc.max(pc.utf8_length(column)).as_py() > LONGEST_CELL:
            raise _too_long(after, source)


def _row_numbers(after: int, rows: int, malformed: Mapping[int, Rejection]) -> list[int]:
    """Number the well-formed rows of a block, leaving out the numbers of malformed ones."""
    numbers: list[int] = []
    for _row in range(rows):
        after += 1
        while after in malformed:
            after += 1
        numbers.append(after)
    return numbers
