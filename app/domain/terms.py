"""What may leave: datasets, their licences and who is looking."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

import msgspec

from app.domain.errors import InputError


class Audience(StrEnum):
    """Who reads the answer: the public, unless the server is private."""

    public = "public"
    private = "private"


class Face(StrEnum):
    """What an answer contains; a dataset's terms allow or refuse each."""

    raw = "raw"
    points = "points"
    tiles = "tiles"
    embeds = "embeds"
    aggregates = "aggregates"
    export = "export"


class Terms(msgspec.Struct, frozen=True):
    """What the public may get under a licence; by default only sums by first-level region."""

    raw: bool = False
    points: bool = False
    tiles: bool = False
    embeds: bool = False
    export: bool = False
    share_alike: bool = False
    finest_level: int = 1

    def allow(self, face: Face, level: int = 1) -> bool:
        """Tell whether this face may show the dataset to the public, by regions of this level."""
        is_open = face is Face.aggregates or bool(getattr(self, face.value))
        return is_open and level <= self.finest_level

    def widen(self, other: Terms) -> bool:
        """Tell whether these terms let something leave that others do not."""
        faces = any(self.allow(face) and not other.allow(face) for face in Face)
        return faces or self.finest_level > other.finest_level


OPEN = Terms(raw=True, points=True, tiles=True, embeds=True, export=True, finest_level=2)

LICENCES: dict[str, Terms] = {
    "CC0-1.0": OPEN,
    "CC-BY-4.0": OPEN,
    "CC-BY-3.0-IGO": OPEN,
    "CC-BY-SA-4.0": msgspec.structs.replace(OPEN, share_alike=True),
    "ODbL-1.0": msgspec.structs.replace(OPEN, share_alike=True),
    "ACLED": Terms(finest_level=2),
    "DeepState": Terms(),
    "ISW": Terms(),
    "internal": Terms(),
}
"""Licence ids that `--terms` takes; anything else is refused rather than guessed.

ACLED: attribution with the day of access; no raw data for others and nothing that could replace
the source, so only sums, which ACLED itself publishes down to the second level. DeepState: not for
commerce, and no copies for others. ISW: only with the publisher's written consent.
"""

DATED = frozenset({"ACLED"})
"""Licences that require the day of access in the credit."""


class DatasetKind(StrEnum):
    """What a dataset holds."""

    incidents = "incidents"
    control = "control"
    waves = "waves"


class Dataset(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A body of records from one publisher under one licence. The slug never changes."""

    slug: str
    name: str
    kind: DatasetKind
    theatre: str
    publisher: str | None = None
    licence: str = "internal"
    attribution: str | None = None
    accessed: date | None = None
    terms: Terms = Terms()
    synthetic: bool = False
    two_persons: bool = False
    """Whether a second person approves what shows more of it, or erases a record."""

    @property
    def credit(self) -> str:
        """The line of credit under every picture of the dataset."""
        line = self.attribution or self.publisher or self.name
        is_dated = self.licence in DATED and self.accessed is not None
        return f"{line}, accessed {self.accessed}" if is_dated else line


def terms_of(licence: str) -> Terms:
    """Return the terms of a licence.

    Raises:
        InputError: an unknown licence; its terms are never guessed.
    """
    if licence not in LICENCES:
        raise InputError("terms", licence, ", ".join(LICENCES))
    return LICENCES[licence]
