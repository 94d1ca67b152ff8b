"""What a file is by its first bytes, and whether its name says the same."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import NamedTuple

from app.domain.errors import InvalidFile

HEAD_BYTES = 4_096
"""A signature stands in the first few bytes; before that of an SVG there may be a comment."""


class MediaKind(NamedTuple):
    """A kind of file: its media type, the ends of its names, and how its content begins."""

    media_type: str
    suffixes: tuple[str, ...]
    start: re.Pattern[bytes]


def _kind(media_type: str, suffixes: str, start: bytes) -> MediaKind:
    return MediaKind(media_type, tuple(suffixes.split()), re.compile(start, re.DOTALL))


MEDIA_KINDS = (
    _kind("image/jpeg", ".jpg .jpeg .jpe .jfif", rb"\xff\xd8\xff"),
    _kind("image/png", ".png .apng", rb"\x89PNG\r\n\x1a\n"),
    _kind("image/gif", ".gif", rb"GIF8[79]a"),
    _kind("image/webp", ".webp", rb"RIFF....WEBP"),
    _kind("image/avif", ".avif", rb"....ftypavi[fs]"),
    _kind("image/heic", ".heic .heif", rb"....ftyp(hei[cxms]|hev[cxms]|mif1|msf1)"),
    _kind("image/tiff", ".tif .tiff .dng .nef .cr2 .arw", rb"II\*\0|MM\0\*"),
    _kind(
        "image/svg+xml",
        ".svg",
        rb"(\xef\xbb\xbf)?\s*(<\?xml.*?\?>\s*)?(<!--.*?-->\s*)*(<!DOCTYPE svg.*?>\s*)?<svg[\s>]",
    ),
    _kind("application/pdf", ".pdf", rb"%PDF-"),
    _kind("video/mp4", ".mp4 .m4v .mov .3gp", rb"....(ftyp|moov|wide|mdat|free)"),
    _kind("video/webm", ".webm .mkv", rb"\x1aE\xdf\xa3"),
)
"""Kinds whose content shows what they are; the first one that fits counts."""


def checked_media_type(name: str, content: bytes) -> str | None:
    """Return the media type of a file by its content; None for a kind that is not recognised.

    Raises:
        InvalidFile: the content is of another kind than the name says.
    """
    suffix = PurePath(name).suffix.lower()
    by_name = next((kind for kind in MEDIA_KINDS if suffix in kind.suffixes), None)
    head = content[:HEAD_BYTES]
    by_content = next((kind for kind in MEDIA_KINDS if kind.start.match(head)), None)
    if by_name is by_content:
        return None if by_content is None else by_content.media_type
    got = "another content" if by_content is None else by_content.media_type
    suffixes = by_content.suffixes if by_content else ()
    named = f"a name that ends with {' or '.join(suffixes)}"
    allowed = named if by_name is None else f"{by_name.media_type}, as its name says"
    raise InvalidFile(f"type of {name}", got, allowed)
