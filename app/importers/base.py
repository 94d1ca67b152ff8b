"""What all importers share: the types of their outcomes, and functions that read files.

An importer has no side effects: it reads a file and yields one outcome per row. A row that does
not fit becomes a `Rejection`; only a file that cannot be read at all raises an error.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from app.domain.control import ControlSnapshot
from app.domain.errors import InputError, InvalidFile, TooLarge
from app.domain.incident import Incident
from app.domain.mapping import TableMapping
from app.domain.region import Region
from app.domain.wave import Wave
from app.importers.choices import NO_CHOICES, ControlChoices
from app.reference.settlements import Settlements
from app.reference.taxonomy import Taxonomy
from app.reference.theatre import Theatre

SNIFF_BYTES = 65_536
PACKED = (b"PK\x03\x04", b"\x1f\x8b")
"""The first bytes of zip and gzip. Readable text inside them says nothing about the format."""

LFS_POINTER = b"version https://git-lfs"
"""The first bytes of the small text file that Git LFS puts in place of a large file."""

MAX_VERTICES = 5_000_000
MOST_COLUMNS = 2_000
LONGEST_CELL = 131_072
"""In characters. A longer cell comes from a quotation mark that is never closed."""

EMPTY_ROW = "every cell is empty: at least one field with a value"
WHITE_SPACE = (
    " \t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""The characters that `str.strip` removes."""

HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")
"""A JSON escape of one half of a surrogate pair; in most files the other half follows."""


class Rejection(msgspec.Struct, frozen=True, omit_defaults=True):
    """A row that could not be read: its field, its value (`got`) and the reason (`why`).

    `member` names the file of a folder or archive; `rows` counts the rows with the same rejection.
    """

    row: int
    field: str
    got: str
    why: str
    member: str | None = None
    rows: int = 1


class Dropped(NamedTuple):
    """A row that is out of scope, with the reason under which the report counts it."""

    row: int
    reason: str


class Warned(NamedTuple):
    """A warning about the whole file, for the person who imports it."""

    text: str
    member: str | None = None


class ParsedRecord(NamedTuple):
    """A record: its first row, the number of its rows, and the WKB of its shapes by their SHA-256.

    `is_layer`: the file holds only some layers of a day of control, and other files hold the
    others; the `word` of an area names its layer.
    """

    row: int
    record: Incident | ControlSnapshot | Wave
    rows: int = 1
    shapes: Mapping[str, bytes] = {}
    is_layer: bool = False


Outcome = ParsedRecord | Dropped | Rejection | Warned


@dataclass(frozen=True)
class Context:
    """What an importer needs beside the file: its dataset, the theatre and the crosswalks."""

    dataset: str
    theatre: Theatre
    regions: tuple[Region, ...]
    taxonomy: Taxonomy
    synthetic: bool = False
    choices: ControlChoices = NO_CHOICES
    table: TableMapping | None = None
    settlements: Settlements | None = None

    @cached_property
    def iso_by_pcode(self) -> Mapping[str, str]:
        """ISO 3166-2 by P-code: they differ for five Ukrainian units."""
        return {region.pcode: region.code for region in self.regions if region.pcode}


@dataclass(frozen=True)
class SourceFile:
    """A file to read, with its first bytes, by which its format is recognised.

    `companions`: name and path of all files of the same collection; some formats need several.
    """

    path: Path
    name: str
    head: bytes = field(repr=False, default=b"")
    companions: tuple[tuple[str, Path], ...] = field(repr=False, default=())

    @classmethod
    def open(cls, path: Path, name: str | None = None) -> SourceFile:
        """Open a file and read its first bytes.

        Raises:
            InvalidFile: it is missing, a folder, empty, or a pointer of Git LFS.
        """
        name = name or path.name
        if not path.is_file():
            raise InvalidFile("file", name, "an existing file")
        with path.open("rb") as stream:
            head = stream.read(SNIFF_BYTES)
        if not head.strip():
            raise InvalidFile("file", f"{name}, which is empty", "a file with at least one record")
        if head.startswith(LFS_POINTER):
            got = f"{name}, a pointer that Git LFS left in place of the file"
            raise InvalidFile("file", got, "the file itself; `git lfs pull` fetches it")
        return cls(path, name, head)


class Importer(Protocol):
    """One format. `recognises` looks at the content, never at the extension alone."""

    @property
    def name(self) -> str:
        """The name by which a person selects the format."""

    @property
    def dataset(self) -> str | None:
        """The dataset to import into by default; None: a dataset named after the file."""

    @property
    def publisher(self) -> str | None:
        """Who publishes files of this format; None when anybody may."""

    @property
    def licence(self) -> str:
        """The licence id of the records, unless the import states another."""

    def recognises(self, source: SourceFile) -> str | None:
        """Return why the file is of this format; None if it is not."""

    def mapping(self, source: SourceFile) -> dict[str, str]:
        """Map the file's columns to our fields."""

    def read(self, source: SourceFile, context: Context) -> Iterator[Outcome]:
        """Yield one outcome per row."""


class BadFieldError(Exception):
    """A field of one row that cannot be read; the row becomes a `Rejection`."""

    def __init__(self, name: str, got: object, why: str) -> None:
        super().__init__(name)
        self.name, self.got, self.why = name, str(got), why


def rejection(row: int, wrong: BadFieldError | InputError, member: str | None = None) -> Rejection:
    """Turn an error into the rejection of a row; row 0 stands for the whole file `member`."""
    if isinstance(wrong, BadFieldError):
        return Rejection(row, wrong.name, wrong.got[:200], wrong.why, member)
    problem = wrong.problem
    return Rejection(row, problem.where, problem.got[:200], problem.allowed, member)


def decoded_head(source: SourceFile) -> str:
    """Decode the first bytes, to recognise a format; "" for an archive; never raises."""
    if source.head.startswith(PACKED):
        return ""
    return source.head.decode("utf-8-sig", "replace")


def header_of(source: SourceFile) -> tuple[list[str], str]:
    """Return a table's column names and its delimiter: comma, semicolon or tab."""
    line = re.split(r"\r\n|\n|\r", decoded_head(source), maxsplit=1)[0]
    delimiter = max(",;\t", key=line.count)
    names = next(csv.reader([line], delimiter=delimiter), [])
    return [name.strip() for name in names], delimiter


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
    number = 0

    def note(bad: arrow_csv.InvalidRow) -> str:
        row = max((bad.number or 2) - 1, 1)
        why = f"{bad.actual_columns} cells where the header has {bad.expected_columns}"
        malformed[row] = Rejection(row, "row", (bad.text or "")[:200], why)
        return "skip"

    try:
        reader = arrow_csv.open_csv(
            source.path,
            arrow_csv.ReadOptions(use_threads=False, column_names=names, skip_rows=1),
            arrow_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=note
            ),
            arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
        for batch in reader:
            numbers = _row_numbers(number, batch.num_rows, malformed)
            number = numbers[-1] if numbers else number
            yield from [malformed.pop(row) for row in sorted(malformed) if row < number]
            columns = [pc.utf8_trim(column, characters=WHITE_SPACE) for column in batch.columns]
            _check_cells(columns, numbers[0] - 1 if numbers else number, source)
            is_empty = np.logical_and.reduce([pc.equal(column, "") for column in columns])
            for row in np.flatnonzero(is_empty).tolist():
                yield Rejection(numbers[row], "row", "", EMPTY_ROW)
            if is_empty.any():
                full = pa.array(~is_empty)
                columns = [column.filter(full) for column in columns]
                numbers = [one for one, empty in zip(numbers, is_empty, strict=True) if not empty]
            cells = [column.to_pylist() for column in columns]
            yield TableBatch(numbers, dict(zip(names, cells, strict=True)))
    except pa.ArrowInvalid as wrong:
        if "straddling" in str(wrong):  # a row that is longer than a block
            raise _too_long(number, source) from wrong
        raise InvalidFile("table", source.name, f"a delimited table ({wrong})") from wrong
    yield from malformed.values()


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


def check_utf8(source: SourceFile, *, is_text: bool = True) -> None:
    """Check that the whole file is UTF-8, with or without a byte order mark, and has no NUL.

    Raises:
        InvalidFile: another encoding, a character that is cut, or a NUL; names the line.
    """
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    line = 1
    with source.path.open("rb") as stream:
        block = b"\n"
        while block:
            block = stream.read(1 << 20)
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as wrong:
                line += block.count(b"\n", 0, wrong.start)
                raise InvalidFile(
                    f"text encoding of {source.name}, near line {line}",
                    f"byte 0x{wrong.object[wrong.start]:02x}",
                    'UTF-8; save the file again in it (spreadsheets call it "CSV UTF-8")',
                ) from wrong
            if is_text and b"\0" in block:
                line += block.count(b"\n", 0, block.index(b"\0"))
                where = f"text of {source.name}, near line {line}"
                raise InvalidFile(where, "a NUL character", "text")
            line += block.count(b"\n")


def load_json(source: SourceFile) -> object:
    """Read a JSON file.

    Raises:
        InvalidFile: not UTF-8, incomplete, or not JSON; names the line.
    """
    check_utf8(source)
    text = source.path.read_text("utf-8-sig")
    try:
        document = json.loads(text, parse_constant=_no_constant)
    except (json.JSONDecodeError, RecursionError) as wrong:
        line = getattr(wrong, "lineno", 1)
        cut = getattr(wrong, "pos", 0) >= len(text.rstrip()) - 1
        got = "the end of the file" if cut else str(getattr(wrong, "msg", "too deep a nesting"))
        raise InvalidFile(
            f"JSON of {source.name}, line {line}", got, "a complete JSON document"
        ) from wrong
    except ValueError as wrong:
        raise InvalidFile(
            f"JSON of {source.name}", str(wrong), "finite numbers of sensible length"
        ) from wrong
    if HALF_CHARACTER.search(text):
        _check_characters(source, document)
    return document


def _check_characters(source: SourceFile, document: object) -> None:
    """Refuse text with half of a surrogate pair: it cannot be encoded again."""
    try:
        msgspec.json.encode(document)
    except UnicodeEncodeError as wrong:
        got = ascii(wrong.object[wrong.start : wrong.end])
        allowed = "whole characters; this is one half of a pair"
        raise InvalidFile(f"text in {source.name}", got, allowed) from wrong


def _no_constant(name: str) -> None:
    raise ValueError(name)
