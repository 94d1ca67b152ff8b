"""Lines of a record's fields, and those of a field that has no words of its own."""

from __future__ import annotations

import re
from typing import Any, TypedDict
from urllib.parse import urlsplit

from app.domain.field import FieldKind
from app.domain.source import WEB
from app.i18n.values import count_text, day_text, number


class TextLine(TypedDict):
    """A line of a field: its text, and a web address or a day where it has one."""

    text: str
    href: str | None
    day: str | None


def line(text: str, href: str | None = None, day: str | None = None) -> TextLine:
    """Write a line; `day` is in ISO form."""
    return {"text": text, "href": href, "day": day}


def web_line(text: str, address: str | None, day: str | None = None) -> TextLine:
    """Write a line that leads to an address; one that is not of the web leads nowhere."""
    return line(text, address if address is not None and _is_web(address) else None, day)


def address_text(address: str | None) -> str:
    """Write a web address without what every one begins with; another text stays as it is.

    >>> address_text("https://www.example.org/news/")
    'example.org/news'
    """
    if address is None or not _is_web(address):
        return address or ""
    return re.sub(r"^https?://(www\.)?", "", address).removesuffix("/")


def _is_web(address: str) -> bool:
    try:
        return urlsplit(address).scheme in WEB
    except ValueError:  # half of an IPv6 address: it stays plain text
        return False


def plain_lines(lang: str, kind: FieldKind, value: Any) -> list[TextLine]:
    """Write a value of one kind; no line where it is not known, and for a flag that is not set."""
    if value is None or value is False:
        return []
    if kind == "items":
        return [line(", ".join(map(str, item.values()))) for item in value]
    if kind == "codes":
        return [line(code) for code in value]
    if kind == "day":
        return [line(day_text(lang, value), day=value)]
    if kind == "count":
        return [line(count_text(lang, value))]
    is_number = kind in ("whole", "number")
    return [line(number(lang, value) if is_number else "✓" if value is True else str(value))]
