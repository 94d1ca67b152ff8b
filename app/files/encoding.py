"""Finds the text encoding of a table that is not UTF-8, and writes a copy in UTF-8 to read."""

from __future__ import annotations

import codecs
import re
from dataclasses import replace
from itertools import takewhile
from pathlib import Path

from charset_normalizer import CharsetMatch, from_bytes

from app.domain.errors import InvalidFile
from app.files.source import SNIFF_BYTES, SourceFile

MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
NAMES = {
    "cp1251": "Windows-1251",
    "cp1252": "Windows-1252",
    "cp1250": "Windows-1250",
    "koi8_u": "KOI8-U",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
}
CYRILLIC, LATIN = ("cp1251", "koi8_u"), ("cp1252", "cp1250")
"""The encodings that are told apart: those in which spreadsheets of the region save text."""

WORD = re.compile(rb"[A-Za-z\x80-\xff]+")
ASCII_LETTER = re.compile(rb"[A-Za-z]")
SHORTEST_WORD = 3
SCRIPT_SHARE = 0.8
"""In Latin writing, accented letters stand in words beside plain ones; Cyrillic words have none."""

NUL_SHARE = 0.1
"""In UTF-16 the digits and separators of a table have so many; a stray one is a fault."""


FOREIGN = frozenset("ЂЃѓЉЊЌЋЏђљњќћџ")
"""Letters of other languages that Windows-1251 shows for the capitals of Mac Cyrillic."""

FOREIGN_SHARE = 0.03
CLOSE_CHAOS, CLOSE_COHERENCE = 0.03, 0.1
TEXT_NAMES = (".csv", ".tsv", ".txt", ".tab")
MIXED_SHARE = 0.3
CUT = "unexpected end of data"
COMPARED_BYTES = 4 << 20
BLOCK = 1 << 20
UNSURE = 'UTF-8; save the file again in it (spreadsheets call it "CSV UTF-8")'


def in_utf8(source: SourceFile, folder: Path) -> SourceFile:
    """Return a table as a file in UTF-8: itself, or a copy in `folder`, with its own encoding.

    Raises:
        InvalidFile: two encodings fit, or the file is not in the one that its beginning shows.
    """
    encoding = _encoding(source)
    if encoding is None:
        return source
    label = NAMES.get(encoding, encoding.upper())
    target = folder / f"{source.path.name}.utf8"
    try:
        with (
            source.path.open(encoding=encoding, newline="") as stream,
            target.open("w", encoding="utf-8", newline="") as out,
        ):
            while block := stream.read(BLOCK):
                out.write(block)
    except UnicodeError as wrong:
        where = f"text encoding of {source.name}"
        raise InvalidFile(where, f"{label}, but not to its end", UNSURE) from wrong
    with target.open("rb") as stream:
        head = stream.read(SNIFF_BYTES)
    return replace(source, path=target, head=head, encoding=label)


def _encoding(source: SourceFile) -> str | None:
    """Return the encoding of a table's text; None for UTF-8 and for what is no table."""
    if source.head.startswith(MARKS) and not source.head.startswith(codecs.BOM_UTF32_LE):
        return "utf-16"
    is_table = Path(source.name).suffix.lower() in TEXT_NAMES
    if is_table and b"\0" in source.head:
        return _unmarked_utf16(source.head)
    if not is_table or _is_utf8(source.head):
        return None
    with source.path.open("rb") as stream:
        content = stream.read(COMPARED_BYTES)
    matches = list(from_bytes(content, cp_isolation=_candidates(content)))
    if not matches:
        return None
    best, *others = matches
    close = takewhile(lambda one: _is_close(one, best), others)
    differing = [NAMES.get(one.encoding, one.encoding) for one in close if str(one) != str(best)]
    if best.encoding == "cp1251" and _foreign_share(str(best)) > FOREIGN_SHARE:
        differing.append("Mac Cyrillic")
    if differing:
        got = f"{NAMES.get(best.encoding, best.encoding)} or {differing[0]}"
        raise InvalidFile(f"text encoding of {source.name}", got, UNSURE)
    # Of several that give the same text, any will do; the usual one is named.
    return next((name for name in NAMES if name in best.could_be_from_charset), best.encoding)


def _unmarked_utf16(head: bytes) -> str | None:
    """Tell the order of the bytes of UTF-16 without its mark: one of each pair is never 0."""
    if head.count(0) < NUL_SHARE * len(head):
        return None
    for encoding, other in (("utf-16-le", head[::2]), ("utf-16-be", head[1::2])):
        if b"\0" not in other:
            try:
                codecs.getincrementaldecoder(encoding)().decode(head)
            except UnicodeDecodeError:
                continue
            return encoding
    return None


def _candidates(content: bytes) -> list[str]:
    """List the encodings of the writing that a text has, as far as its words tell it."""
    own, in_all = 0, 0
    for word in WORD.findall(content):
        letters = len(word) - len(ASCII_LETTER.findall(word))
        in_all += letters
        own += letters if letters == len(word) >= SHORTEST_WORD else 0
    if own >= SCRIPT_SHARE * in_all:
        return list(CYRILLIC)
    return list(LATIN) if own <= (1 - SCRIPT_SHARE) * in_all else [*CYRILLIC, *LATIN]


def _is_utf8(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=len(head) < SNIFF_BYTES)
    except UnicodeDecodeError as wrong:
        # The last character alone, or a mixture: no other encoding, and the line is named.
        return wrong.reason == CUT or _utf8_share(head) > MIXED_SHARE
    return True


def _utf8_share(head: bytes) -> float:
    """Return the share of the characters beyond ASCII that are UTF-8."""
    text = head.decode("utf-8", "replace")
    wrong = text.count("\ufffd")
    right = sum(not one.isascii() for one in text) - wrong
    return right / max(right + wrong, 1)


def _is_close(match: CharsetMatch, best: CharsetMatch) -> bool:
    is_as_plain = match.chaos - best.chaos <= CLOSE_CHAOS
    return is_as_plain and best.coherence - match.coherence <= CLOSE_COHERENCE


def _foreign_share(text: str) -> float:
    letters = [one for one in text if one.isalpha() and not one.isascii()]
    return sum(one in FOREIGN for one in letters) / max(len(letters), 1)
