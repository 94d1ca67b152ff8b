"""Taking free text of a record away from the public, with a public reason and without touching it.

A redaction is a revision of its own beside the record: it holds as of the request, whatever
`as_of` says, and a record that is imported again is redacted still.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Reason(StrEnum):
    """Why text is not shown, as the public reads it; the list is short so that it stays true."""

    privacy_of_victim = "privacy_of_victim"
    safety_of_person = "safety_of_person"
    security_of_site = "security_of_site"
    graphic = "graphic"
    legal_order = "legal_order"
    licence = "licence"


class Text(StrEnum):
    """The parts of a record that hold text somebody wrote."""

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
        """What stands in the place of a text.

        >>> Redaction("d/1", (Text.place,), Reason.licence).mark
        'redacted: licence'
        """
        return f"redacted: {self.code.value}"
