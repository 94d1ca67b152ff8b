"""Spoils a file as the world does, and worse: cells, structure, bytes, members of a zip."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Sequence
from random import Random

from hypothesis import strategies as st

from tests.fuzz.seeds import Seed

MOST_BYTES = 400_000
TOKEN = re.compile(rb"[^\s,;:\"'<>{}\[\]()=&/|]+")
ZIP = b"PK\x03\x04"
ODD = (
    *(b"", b"0", b"-1", b"-0.0", b"NaN", b"nan", b"Infinity", b"1e309", b"1e-400", b"1_0", b"0x1f"),
    *(b"999999999999999999999999", b"2147483648", b"1.5", b"\xd9\xa3", b"null", b"true", b"[]"),
    *(b"2024-02-30", b"0000-00-00", b"9999-12-31", b"10000-01-01", b"1899-12-31", b"20240230"),
    *(b"31/12/9999", b"2024-03-10T25:61:61Z", b"2024-03-31T03:30", b"2024-W10", b"-9999999999999"),
    *(
        b"\x00",
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b"\\ud83d",
        b"\\u0000",
        b"\xe2\x80\xa8",
        b"\xef\xbb\xbf",
    ),
    *(b'=HYPERLINK("http://example.org","x")', b"@SUM(1)", b"<script>", b"&lol;", b"]]>", b"<!--"),
    *(b'<!DOCTYPE a [<!ENTITY lol "lol">]>', b"../../etc/passwd", b"C:\\x", b"{}", b"[[[[", b"}}"),
    *(b"POINT EMPTY", b"POLYGON ((0 0, 1 1, 0 0))", b"180.0000001", b"-181", b"91", b"NULL ISLAND"),
    *(
        b"Europe/Atlantis",
        b"../UTC",
        b"#date",
        b"content-",
        b"9" * 400,
        b"a" * 140_000,
        b"\r",
        b"\n",
    ),
    *(b'"', b"'", b",", b";", b"\t", b"#", b"%", b"$", b"\\", b"\xc4\xb0", b"\xf0\x9f\x92\xa5"),
)
NAMES = ("../out", "/abs", "doc.kml", "x/" * 40, "a.shp")
Edit = Callable[[bytes], bytes]


@st.composite
def mutants(draw: st.DrawFn, among: Sequence[Seed], others: Sequence[bytes]) -> Seed:
    """Draw a seed and spoil it in one to five places."""
    seed = draw(st.sampled_from(among))
    content = seed.content
    for _ in range(draw(st.integers(1, 5))):
        if content.startswith(ZIP) and draw(st.integers(0, 3)):
            content = _inside(draw, content, others)
        else:
            content = _spoilt(draw, content, others)
    return seed._replace(content=content[:MOST_BYTES])


def _inside(draw: st.DrawFn, content: bytes, others: Sequence[bytes]) -> bytes:
    """Spoil one member of a zip and pack it again, so that its own checks still pass."""
    chance = draw(st.randoms(use_true_random=False))
    try:
        return with_member(content, chance, lambda inner: _spoilt(draw, inner, others))
    except Exception:  # noqa: BLE001  it was spoilt before: its bytes are as good as any
        return _spoilt(draw, content, others)


def with_member(content: bytes, chance: Random, spoil: Edit) -> bytes:
    """Change, remove or rename one member of a zip, and pack it again."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {one.filename: archive.read(one) for one in archive.infolist()}
    if not members:
        return content
    name, how = chance.choice(sorted(members)), chance.randrange(10)
    if how == 0:
        del members[name]
    elif how == 1:
        members[chance.choice(NAMES)] = members.pop(name)
    else:
        members[name] = spoil(members[name])
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, inner in members.items():
            archive.writestr(member, inner)
    return out.getvalue()


def _spoilt(draw: st.DrawFn, content: bytes, others: Sequence[bytes]) -> bytes:
    return draw(st.sampled_from(EDITS))(draw, content, others)


def _at(draw: st.DrawFn, content: bytes) -> int:
    return draw(st.integers(0, len(content)))


def _span(draw: st.DrawFn, content: bytes, most: int = 64) -> tuple[int, int]:
    start = _at(draw, content)
    return start, min(len(content), start + draw(st.integers(0, most)))


def _token(draw: st.DrawFn, content: bytes, _others: Sequence[bytes]) -> bytes:
    """Put something odd in the place of a word."""
    spans = [match.span() for match in TOKEN.finditer(content[:20_000])]
    if not spans:
        return _insert(draw, content, _others)
    start, end = draw(st.sampled_from(spans))
    return content[:start] + draw(st.sampled_from(ODD)) + content[end:]


def _swap_tokens(draw: st.DrawFn, content: bytes, _others: Sequence[bytes]) -> bytes:
    """Put one word of the file in the place of another."""
    spans = [match.span() for match in TOKEN.finditer(content[:20_000])]
    if not spans:
        return content
    (start, end), (other_start, other_end) = (
        draw(st.sampled_from(spans)),
        draw(st.sampled_from(spans)),
    )
    return content[:start] + content[other_start:other_end] + content[end:]


def _insert(draw: st.DrawFn, content: bytes, _others: Sequence[bytes]) -> bytes:
    odd = (st.sampled_from(ODD), st.sampled_from(ODD), st.text(max_size=12).map(_encoded))
    at, put = _at(draw, content), draw(st.one_of(*odd))
    return content[:at] + put + content[at:]


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _break(draw: st.DrawFn, content: bytes, others: Sequence[bytes]) -> bytes:
    """Put bytes in that are no text, or change one byte."""
    if draw(st.booleans()):
        return _flip(draw, content, others)
    at, put = _at(draw, content), draw(st.sampled_from(BREAKING))
    return content[:at] + put + content[at:]


def _delete(draw: st.DrawFn, content: bytes, _others: Sequence[bytes]) -> bytes:
    start, end = _span(draw, content)
    return content[:start] + content[end:]


def _flip(draw: st.DrawFn, content: bytes, _others: Sequence[bytes]) -> bytes:
    if not content:
        return content
    at, byte = draw(st.integers(0, len(content) - 1)), draw(st.integers(0, 255))
    return content[:at] + bytes((byte,)) + content[at + 1 :]


def _cut(draw: st.DrawFn, content: bytes, _others: Sequence[bytes]) -> bytes:
    at = _at(draw, content)
    return content[at:] if draw(st.integers(0, 4)) == 0 else content[:at]


def _repeat(draw: st.DrawFn, content: bytes, _others: Sequence[bytes]) -> bytes:
    start, end = _span(draw, content, 400)
    times = draw(st.sampled_from((2, 3, 50, 3_000)))
    return content[:start] + (content[start:end] * times)[:MOST_BYTES] + content[end:]


def _lines(draw: st.DrawFn, content: bytes, _others: Sequence[bytes]) -> bytes:
    """Delete, repeat or move a line."""
    lines = content.splitlines(keepends=True)
    if not lines:
        return content
    at, to = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    line, how = lines[at], draw(st.integers(0, 2))
    if how != 1:
        del lines[at]
    if how != 0:
        lines.insert(to, line)
    return b"".join(lines)


def _splice(draw: st.DrawFn, content: bytes, others: Sequence[bytes]) -> bytes:
    """Put a piece of a file of another format in."""
    other, at = draw(st.sampled_from(others)), _at(draw, content)
    start, end = _span(draw, other, 600)
    return content[:at] + other[start:end] + content[at:]


BREAKING = (b"\xff\xfe", b"\xed\xa0\x80", b"\x00")
"""What makes a text no text; seldom, since little else of a case is then looked at."""

EDITS = (
    *([_token] * 8),
    *([_swap_tokens] * 4),
    *(_insert, _delete, _cut, _repeat, _lines, _lines, _splice, _break),
)
