"""What was hit and how badly; grades follow UNOSAT and Copernicus EMS."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Grade(StrEnum):
    """How badly, on the UNOSAT/Copernicus damage scale; "unknown" is not "none"."""

    destroyed = "destroyed"
    severe = "severe"
    moderate = "moderate"
    possible = "possible"
    none = "none"
    unknown = "unknown"


class Damage(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Damage to objects of one sector; `count` is how many objects, None when not stated."""

    sector: str
    object_kind: str | None = None
    name: str | None = None
    grade: Grade = Grade.unknown
    count: int | None = None
