"""Who says so: sources, and the claims that they make."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

import msgspec

from app.domain.errors import InputError


class SourceRef(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Where a statement was published, and how it can be found again.

    `upstream` names the report that this one copies: a report and its copies count as one source.
    """

    publisher: str | None = None
    url: str | None = None
    published: date | None = None
    retrieved: datetime | None = None
    archive_url: str | None = None
    sha256: str | None = None
    upstream: str | None = None


class Claim(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A statement of somebody: it is shown beside the figures and never counted."""

    by: str
    text: str
    url: str | None = None


WEB = ("http", "https")
"""Schemes of addresses of sources; a browser runs some others, such as `javascript:`."""

_BLANKS = re.compile(r"[\x00-\x20]+")
_SCHEME = re.compile(r"([a-z][a-z0-9+-]*):", re.IGNORECASE)


def has_other_scheme(address: str | None) -> bool:
    r"""Tell whether an address has a scheme that is not of the web; text without one has not.

    A browser ignores blanks and control characters inside of a scheme, so they are ignored here.

    >>> has_other_scheme("java\tscript:alert(1)"), has_other_scheme("https://example.org/1")
    (True, False)
    >>> has_other_scheme("t.me/channel/5"), has_other_scheme(None)
    (False, False)
    """
    if not address or address.startswith(("https://", "http://")):
        return False
    scheme = _SCHEME.match(_BLANKS.sub("", address))
    return scheme is not None and scheme[1].lower() not in WEB


def check_addresses(sources: Iterable[SourceRef], claims: Iterable[Claim] = ()) -> None:
    """Check the addresses of sources and claims.

    Raises:
        InputError: an address with a scheme that is not of the web.
    """
    addresses = [("claims.url", claim.url) for claim in claims]
    for source in sources:
        addresses += [
            ("sources.url", source.url),
            ("sources.archive_url", source.archive_url),
            ("sources.upstream", source.upstream),
        ]
    for name, address in addresses:
        if has_other_scheme(address):
            raise InputError(name, address, "an address with http or https")


def without_other_schemes(source: SourceRef) -> SourceRef:
    """Remove addresses that are not of the web: a record of an earlier release may have them."""
    names = ("url", "archive_url", "upstream")
    wrong = {name: None for name in names if has_other_scheme(getattr(source, name))}
    return msgspec.structs.replace(source, **wrong) if wrong else source


_POST = re.compile(r"/status(?:es)?/(\d+)")
_VIDEO = re.compile(r"/(?:embed/|shorts/|live/)?([\w-]{11})/?$")


class Traced(Protocol):
    """Something with the address of a report: a source of a record, or its columns in matching."""

    @property
    def url(self) -> str | None:
        """Where it was published."""

    @property
    def upstream(self) -> str | None:
        """The report that it copies."""


def upstream_links(source: Traced) -> list[str]:
    """Return the normal link of the report that a source copies, else of the source itself."""
    url = source.upstream or source.url
    link = normal_link(url) if url else None
    return [link] if link else []


@lru_cache(1 << 16)
def normal_link(url: str) -> str | None:
    """Bring addresses of the same page into one form; None for one of a site, not of a report.

    >>> normal_link("https://mobile.twitter.com/someone/status/12345?s=20")
    'twitter.com/12345'
    >>> normal_link("https://youtu.be/abcdefghijk") == normal_link(
    ...     "http://www.youtube.com/watch?v=abcdefghijk&t=3"
    ... )
    True
    >>> normal_link("https://www.example.org/")
    """
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").removeprefix("www.").removeprefix("mobile.")
    except ValueError:
        return None
    host = {"m.youtube.com": "youtube.com", "x.com": "twitter.com", "telegram.me": "t.me"}.get(
        host.removeprefix("m."), host.removeprefix("m.")
    )
    path = parts.path.rstrip("/")
    if post := _POST.search(path):
        return f"twitter.com/{post[1]}"
    if host in ("youtube.com", "youtu.be"):
        video = parse_qs(parts.query).get("v") or _VIDEO.findall(path)
        return f"youtube.com/{video[0]}" if video else None
    path = path.removeprefix("/s/") if host == "t.me" else path
    query = "" if host in ("t.me", "instagram.com") else parts.query
    if not path.strip("/") or (host == "t.me" and not path[-1].isdigit()):
        return None
    return f"{host}/{path.strip('/')}{'?' + query if query else ''}".lower()
