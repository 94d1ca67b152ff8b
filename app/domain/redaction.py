"""Hiding free text of a record from the public, with a public reason, without changing the record.

A redaction is a revision of its own beside the record. It applies to every request, also to one
with an earlier `as_of`, and a record that is imported again stays redacted.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec


class Reason(StrEnum):
    """Why a text is not shown, as the public reads it; a short list keeps reasons comparable."""

    privacy_of_victim = "privacy_of_victim"
    safety_of_person = "safety_of_person"
    security_of_site = "security_of_site"
    graphic = "graphic"
    legal_order = "legal_order"
    licence = "licence"


class TextPart(StrEnum):
    """The parts of a record that can name somebody: its free texts, and its archived images."""

    description = "description"
    claims = "claims"
    place = "place"
    objects = "objects"
    sources = "sources"
    when_text = "when_text"
    images = "images"


class Redaction(msgspec.Struct, frozen=True):
    """Which parts of a record are not shown, and why."""

    key: str
    texts: tuple[TextPart, ...]
    code: Reason

    @property
    def mark(self) -> str:
        """What is shown instead of a text.

        >>> Redaction("d/1", (TextPart.place,), Reason.licence).mark
        'redacted: licence'
        """
        return f"redacted: {self.code.value}"


def hidden_parts(redactions: Mapping[str, Redaction], key: str) -> dict[str, str]:
    """Return the reason of each redacted part of a record; empty for most records."""
    redaction = redactions.get(key)
    return (
        {} if redaction is None else {part.value: redaction.code.value for part in redaction.texts}
    )


def redact(record: dict[str, Any], redaction: Redaction) -> dict[str, Any]:
    """Replace the redacted texts of a record, in the shape of answers, by the mark."""
    parts, mark = set(redaction.texts), redaction.mark
    out = dict(record)
    for name in (TextPart.description, TextPart.place, TextPart.when_text):
        if name in parts and out[name.value] is not None:
            out[name.value] = mark
    if TextPart.claims in parts:
        out["claims"] = []
    if TextPart.objects in parts:
        out["damage"] = [
            {**one, "name": mark} if "name" in one else one for one in record["damage"]
        ]
    if TextPart.sources in parts:
        out["sources"] = [{"publisher": mark}] * bool(record["sources"])
    return out
