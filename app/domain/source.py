"""Who says so: sources, and the claims that they make."""

from __future__ import annotations

from datetime import date, datetime

import msgspec


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
