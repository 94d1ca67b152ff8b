"""Hiding free text of a record from the public, with a public reason, without changing the record.

A redaction is a revision of its own beside the record. It applies to every request, also to one
with an earlier `as_of`, and a record that is imported again stays redacted.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Reason(StrEnum):
    """Why a text is not shown, as the public reads it; a short list keeps reasons comparable."""

    privacy_of_victim = "privacy_of_victim"
    safety_of_person = "safety_of_person"
    security_of_site = "security_of_site"
    graphic = "graphic"
    legal_order = "legal_order"
    licence = "licence"


class Text(StrEnum):
    """The parts of a record that hold free text."""

    description = "description"
    claims = "claims"
    place = "place"
    objects = "objects"
    sources = "sources"
    when_text = "when_text"


class Redaction(msgspec.Struct, frozen=True):
    """Which parts of a record are not shown, and why."""

    key: str
    texts: tuple[Text, ...]
    code: Reason

    @property
    def mark(self) -> str:
        """What is shown instead of a text.

        >>> Redaction("d/1", (Text.place,), Reason.licence).mark
        'redacted: licence'
        """
        return f"redacted: {self.code.value}"
