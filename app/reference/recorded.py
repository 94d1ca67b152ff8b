"""What the record has of a theatre, so that every node and every backup knows it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from app.reference.opening import Opening, read_opening


class RecordedTheatre(msgspec.Struct, frozen=True, omit_defaults=True):
    """One theatre in the record: each change of it is a revision."""

    slug: str
    file: str = ""
    """The text of its file; empty where the theatre ships, or is a file beside the record."""

    opening: Opening | None = None
    """What it opens on; None where nobody has chosen."""


def chosen_opening(slug: str, recorded: Iterable[RecordedTheatre], own: Path | None) -> Opening:
    """Return what was chosen for a theatre; the record comes before files of earlier releases.

    Raises:
        InvalidTheatre: such a file cannot be read.
    """
    for theatre in recorded:
        if theatre.slug == slug and theatre.opening is not None:
            return theatre.opening
    return Opening() if own is None else read_opening(own, slug)
