"""The form of the editing page: its inputs for the fields of an incident, and their choices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from app.domain.answer import JsonObject
from app.domain.field import Field, FieldKind
from app.domain.fields import FIELDS
from app.domain.incident import Status
from app.domain.place import Precision
from app.domain.redaction import Reason, TextPart
from app.domain.terms import LICENCES
from app.publishing.query import Query
from app.rows import BOUNDS

OWN_INPUTS = frozenset(
    (
        *("start", "end", "place", "lon", "lat", "precision", "error_m", "status", "weapons"),
        *("killed", "injured", "description"),
    )
)
"""Fields whose inputs the template writes itself: they have an order, choices or a label."""

WITHOUT_INPUT: Mapping[str, str] = {
    **dict.fromkeys(("when_precision", "when_text", "zone"), "the source's own form of the time"),
    **dict.fromkeys(("country", "admin1", "admin2"), "the place's point decides its region"),
    **dict.fromkeys(("damage", "sources", "claims"), "a list of objects"),
    **dict.fromkeys(
        ("kind", "mechanism", "attributed_to", "attributed_confidence"), "a rare correction"
    ),
    **dict.fromkeys(("contradiction", "graphic", "public_after", "wave"), "an import sets it"),
}
"""Editable fields that the form leaves to the API, each with the reason."""

Mode = Literal["text", "numeric", "decimal"]

MODES: Mapping[FieldKind, Mode] = {"whole": "numeric", "number": "decimal"}


@dataclass(frozen=True)
class PlainInput:
    """An input of one line: the field's name, its label, and the keys that a phone shows."""

    name: str
    label: str
    mode: Mode


def plain_inputs(words: Mapping[str, str], fields: Sequence[Field] = FIELDS) -> list[PlainInput]:
    """List the inputs of the editable fields of one value that the template does not write."""
    return [
        PlainInput(one.name, words.get(one.name, one.name), MODES.get(one.kind, "text"))
        for one in fields
        if one.role == "editable"
        and one.kind in ("text", "whole", "number", "flag")
        and one.name not in OWN_INPUTS
        and one.name not in WITHOUT_INPUT
    ]


def edit_form(query: Query, fields: Sequence[Field] = FIELDS) -> JsonObject:
    """Gather what the template of the editing page fills in, in the View's language."""
    lang, taxonomy = query.view.lang, query.reference.taxonomy
    tolls = [one.name for one in fields if one.kind == "count" and one.role == "editable"]
    return {
        "weapons": [(code, taxonomy.weapons.label(code, lang)) for code in taxonomy.weapons.codes],
        "precisions": [one.value for one in Precision],
        "statuses": [one.value for one in Status],
        "counts": [
            (name, query.words.get(name, name), bound) for name in tolls for bound in BOUNDS
        ],
        "texts": [one.value for one in TextPart],
        "codes": [one.value for one in Reason],
        "licences": [(one, terms.raw) for one, terms in LICENCES.items()],
        "plain_inputs": plain_inputs(query.words, fields),
    }
