"""The spool: where an upload waits, with what was wished of it, until it is committed."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec

from app.domain.errors import NotFound, TooLarge
from app.domain.mapping import TableMapping
from app.intake.importing import Order, accessed_on, choices_from

KEPT_FOR = timedelta(days=1)
SPOOL_FILES = 16
"""The spool holds as many files of the largest size, whoever sent them."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody said of an upload, as text; kept with the file until it is committed."""

    format: str = "auto"
    dataset: str | None = None
    theatre: str | None = None
    terms: str | None = None
    title: str | None = None
    attribution: str | None = None
    synthetic: bool = False
    valid_on: str | None = None
    valid_on_field: str | None = None
    status_field: str | None = None
    controller: str | None = None
    controller_field: str | None = None
    baseline: str | None = None
    accept_shrink: bool = False
    over_edits: bool = False
    mapping: TableMapping | None = None
    accessed: str | None = None

    def order(self, path: Path, name: str, theatre: str, today: date) -> Order:
        """Read the wish.

        Raises:
            InputError: a day or a part that does not exist.
        """
        return Order(
            path,
            name=name,
            format=self.mapping.format if self.mapping and self.format == "auto" else self.format,
            dataset=self.dataset,
            theatre=self.theatre or theatre,
            licence=self.terms,
            title=self.title,
            attribution=self.attribution,
            synthetic=self.synthetic,
            accept_shrink=self.accept_shrink,
            over_edits=self.over_edits,
            table=self.mapping,
            accessed=accessed_on(self.accessed, today),
            choices=choices_from(
                valid_on=self.valid_on,
                baseline=self.baseline,
                valid_on_field=self.valid_on_field,
                status_field=self.status_field,
                controller=self.controller,
                controller_field=self.controller_field,
            ),
        )


class Waiting(msgspec.Struct, frozen=True):
    """A file in the spool: what was wished, what its dry run said, and against which version."""

    id: str
    name: str
    wish: Wish
    sha256: str
    version: int
    actor: str
    answer: dict[str, Any]
    is_committed: bool = False


class Upload(msgspec.Struct, frozen=True):
    """A file that has just arrived, with the name that its sender gave it."""

    id: str
    name: str


@dataclass(frozen=True)
class Spool:
    """The folder where uploads wait; each is named by a number of ours, never by its sender."""

    folder: Path
    most_bytes: int

    def place(self) -> Path:
        """Make room for one upload and say where to write it.

        Raises:
            TooLarge: too much is waiting already.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        held, most = self._held(), SPOOL_FILES * self.most_bytes
        if held + self.most_bytes > most:
            raise TooLarge("spool", f"{held:,} bytes waiting", f"{most:,}; commit or delete some")
        return self.folder / f"{uuid4()}.bin"

    def _held(self) -> int:
        held = 0
        for path in self.folder.iterdir():
            with contextlib.suppress(FileNotFoundError):  # another process sweeps at the same time
                held += path.stat().st_size
        return held

    def file(self, number: str) -> Path:
        """Say where an upload lies."""
        return self._named(number, ".bin")

    def keep(self, waiting: Waiting) -> None:
        """Write down what is known of an upload, whole or not at all."""
        path = self._named(waiting.id, ".json")
        half = path.with_suffix(".part")
        half.write_bytes(msgspec.json.encode(waiting))
        half.replace(path)

    def find(self, number: str) -> Waiting | None:
        """Find what is known of an upload; None when it is not here, or no longer."""
        try:
            return msgspec.json.decode(self._named(number, ".json").read_bytes(), type=Waiting)
        except FileNotFoundError:
            return None

    def drop(self, number: str) -> None:
        """Forget an upload."""
        for ending in (".bin", ".json"):
            self._named(number, ending).unlink(missing_ok=True)

    def sweep(self, now: datetime) -> None:
        """Remove what has waited for longer than a day."""
        oldest = (now - KEPT_FOR).timestamp()
        for path in self.folder.glob("*"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < oldest:
                    path.unlink()

    def _named(self, number: str, ending: str) -> Path:
        return self.folder / f"{import_number(number)}{ending}"


def import_number(text: str) -> str:
    """Read the id of an import; nothing else ever becomes part of a path.

    Raises:
        NotFound: it is no UUID.
    """
    try:
        return str(UUID(text))
    except ValueError as wrong:
        raise NotFound(f"There is no import {text[:60]!r}: an id is a UUID.") from wrong
