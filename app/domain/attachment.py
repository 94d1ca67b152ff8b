"""Attachments: archived source files of an incident, and who may be given the images among them."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from app.domain.terms import terms_of


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """An archived source file of an incident: the file itself lies beside the record.

    `media_type` is what the content is, where its kind is recognised. `licence` is that of the
    file itself: the terms of a dataset do not cover the picture of an agency that it cites.
    """

    incident: str
    name: str
    sha256: str
    size: int
    captured_at: datetime
    operator: str
    method: str = "saved by hand"
    url: str | None = None
    media_type: str | None = None
    publisher: str | None = None
    published: date | None = None
    licence: str = "internal"
    graphic: bool = False
    caption: str | None = None
    """What an image shows, for those who see it and those who do not."""

    @property
    def key(self) -> str:
        """Its key in the record; the keys of one incident begin with the incident's id."""
        return f"{self.incident}/{self.sha256}"

    @property
    def may_leave(self) -> bool:
        """Tell whether its licence lets the public have it."""
        return terms_of(self.licence).raw
