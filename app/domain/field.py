"""A field of an incident: its name, its meaning, and how values and answers write it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from app.domain.incident import Incident

FieldKind = Literal["text", "whole", "number", "flag", "day", "codes", "count", "items"]
"""`codes` is a list of codes, `count` a toll of people, `items` a list of objects."""

FieldRole = Literal["editable", "fixed", "derived"]
"""Who sets a field: a file or a person; a file alone; nobody, since it follows from others.

Of the fixed ones, ids never change, `region` is written as admin1 and admin2, and `synthetic` is
the dataset's."""

FieldWriter = Callable[[Incident], object]
"""Writes a field as a JSON value; None where it is not known."""


@dataclass(frozen=True)
class Field:
    """A field of an incident.

    `value` writes it as the parser reads it; None for a field that is not editable. `answer` writes
    it for a reader; None where that is the same. `of_region` is what a reader gets where only the
    region may be known: nothing, unless the table says otherwise. `needs_raw` is for texts of a
    source, which the public reads only where the dataset's terms let raw records out.
    """

    name: str
    meaning: str
    value: FieldWriter | None = None
    answer: FieldWriter | None = None
    kind: FieldKind = "text"
    unit: str = ""
    role: FieldRole = "editable"
    is_answered: bool = True
    needs_raw: bool = False
    of_region: FieldWriter | Literal["whole", "nothing"] = "nothing"

    def answer_writer(self, *, is_whole: bool, is_region_only: bool) -> FieldWriter:
        """Return what writes the field for a reader; unknown or hidden is None or an empty list."""
        writer = self.answer or self.value
        if is_region_only and self.of_region != "whole":
            writer = None if self.of_region == "nothing" else self.of_region
        if writer is None or (self.needs_raw and not is_whole):
            writer = _nothing
        return _list_of(writer) if self.is_list else writer

    @property
    def is_list(self) -> bool:
        """Whether an answer has a list, which is empty where nothing is known."""
        return self.kind in ("codes", "items")


def _nothing(_incident: Incident) -> None:
    return None


def _list_of(writer: FieldWriter) -> FieldWriter:
    return lambda incident: writer(incident) or []
