"""A file to read, the rows of it that cannot be read, and text in UTF-8 and JSON."""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from app.domain.errors import InputError, InvalidFile

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


@dataclass(frozen=True)
class SourceFile:
    """A file to read, with its first bytes, by which its format is recognised.

    `companions`: name and path of all files of the same collection; some formats need several.
    `encoding`: that of the original, where `path` is a copy of it in UTF-8; else "".
    """

    path: Path
    name: str
    head: bytes = field(repr=False, default=b"")
    companions: tuple[tuple[str, Path], ...] = field(repr=False, default=())
    encoding: str = ""

    @classmethod
    def open(cls, path: Path, name: str | None = None) -> SourceFile:
        """Open a file and read its first bytes.

        Raises:
            InvalidFile: it is missing, a folder, empty, or a pointer of Git LFS.
        """
        name = name or path.name
        try:
            if not path.is_file():
                raise InvalidFile("file", name, "an existing file")
            with path.open("rb") as stream:
                head = stream.read(SNIFF_BYTES)
        except OSError as wrong:
            allowed = f"a file that can be read ({wrong.strerror})"
            raise InvalidFile("file", name, allowed) from wrong
        if not head.strip():
            raise InvalidFile("file", f"{name}, which is empty", "a file with at least one record")
        if head.startswith(LFS_POINTER):
            got = f"{name}, a pointer that Git LFS left in place of the file"
            raise InvalidFile("file", got, "the file itself; `git lfs pull` fetches it")
        return cls(path, name, head)


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
