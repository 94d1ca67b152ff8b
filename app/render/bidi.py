"""Text that is written from right to left: its direction, and its pieces in visual order.

PNG and SVG get whole lines: Pillow and viewers order and join letters themselves. PDF has only
glyphs at places, so a line is cut into pieces of one direction.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from bidi import get_base_level
from bidi.algorithm import get_display  # it mirrors brackets, which the faster one does not

RTL_LETTERS = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"
RTL = re.compile(f"[{RTL_LETTERS}]")
_PIECE = re.compile(f"[{RTL_LETTERS}]+|[^{RTL_LETTERS}]+")


class Piece(NamedTuple):
    """A part of a line in one direction, its letters in the order of reading."""

    text: str
    is_rtl: bool


def has_rtl(text: str) -> bool:
    """Tell whether a text has any letter that is written from right to left."""
    return RTL.search(text) is not None


def is_rtl_line(text: str) -> bool:
    """Tell whether a line begins at the right: its first letter decides.

    >>> is_rtl_line("12 الخرطوم"), is_rtl_line("Kyiv"), is_rtl_line("1,234")
    (True, False, False)
    """
    return bool(get_base_level(text) == 1)


def visual_pieces(text: str, *, is_rtl: bool) -> Iterator[Piece]:
    """Cut a line into pieces, from left to right as they are seen.

    >>> [piece.text for piece in visual_pieces("قتل 12 (Kyiv)", is_rtl=True)]
    ['(Kyiv) 12 ', 'قتل']
    """
    visual = str(get_display(text, base_dir="R" if is_rtl else "L"))
    for match in _PIECE.finditer(visual):
        piece = match.group()
        right_to_left = has_rtl(piece)
        yield Piece(piece[::-1] if right_to_left else piece, right_to_left)
