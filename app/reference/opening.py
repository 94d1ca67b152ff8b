"""What an operator chose for a theatre to open on, also for one that ships with the project."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import msgspec

from app.domain.errors import InvalidTheatre, Problem
from app.reference.theatre import Theatre

ENDING = ".opening.json"


class Opening(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a View shows that names nothing; empty parts leave the theatre's own setting."""

    datasets: tuple[str, ...] = ()
    control: str = ""
    period: tuple[date, date] | None = None
    """The days on which `datasets` open."""

    languages: tuple[str, ...] = ()
    """The languages of its pages, the first one for readers who name none."""

    def of(self, theatre: Theatre) -> Theatre:
        """Return a theatre that opens so."""
        changes: dict[str, object] = {"default_control": self.control or theatre.default_control}
        if self.datasets:
            changes |= {"default_datasets": self.datasets, "first_period": self.period}
        if self.languages:
            changes["languages"] = self.languages
        return msgspec.structs.replace(theatre, **changes)


def opening_path(folder: Path, slug: str) -> Path:
    """Return where earlier releases kept the opening of a theatre: beside the record."""
    return folder / f"{slug}{ENDING}"


def read_opening(folder: Path, slug: str) -> Opening:
    """Read what an earlier release kept for a theatre; nothing where it kept none.

    Raises:
        InvalidTheatre: the file cannot be read.
    """
    try:
        return msgspec.json.decode(opening_path(folder, slug).read_bytes(), type=Opening)
    except FileNotFoundError:
        return Opening()
    except (OSError, msgspec.DecodeError) as wrong:
        allowed = "the file that `strikemap theatre set` writes"
        raise InvalidTheatre((Problem("the file", str(wrong), allowed),)) from wrong
