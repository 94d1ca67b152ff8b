"""What all importers share: the types of their outcomes and of their context.

An importer has no side effects: it reads a file and yields one outcome per row. A row that does
not fit becomes a `Rejection`; only a file that cannot be read at all raises an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

from app.domain.control import ControlSnapshot
from app.domain.incident import Incident
from app.domain.mapping import TableMapping
from app.domain.place import LonLat
from app.domain.region import Region
from app.domain.wave import Wave
from app.files.source import Rejection, SourceFile
from app.importers.choices import NO_CHOICES, ControlChoices
from app.reference.settlements import Settlements
from app.reference.taxonomy import Taxonomy
from app.reference.theatre import Theatre


class Dropped(NamedTuple):
    """A row that is out of scope, with the reason under which the report counts it.

    `point`: where it lies, for a row that is only out of the theatre.
    """

    row: int
    reason: str
    point: LonLat | None = None


class Warned(NamedTuple):
    """A warning about the whole file, for the person who imports it.

    `is_refusal`: too much of the file cannot be read, and nothing of it is to be written.
    """

    text: str
    member: str | None = None
    is_refusal: bool = False


class ParsedRecord(NamedTuple):
    """A record: its first row, the number of its rows, and the WKB of its shapes by their SHA-256.

    `is_layer`: the file holds only some layers of a day of control, and other files hold the
    others; the `word` of an area names its layer.
    """

    row: int
    record: Incident | ControlSnapshot | Wave
    rows: int = 1
    shapes: Mapping[str, bytes] = {}
    is_layer: bool = False


Outcome = ParsedRecord | Dropped | Rejection | Warned


@dataclass(frozen=True)
class Context:
    """What an importer needs beside the file: its dataset, the theatre and the crosswalks."""

    dataset: str
    theatre: Theatre
    regions: tuple[Region, ...]
    taxonomy: Taxonomy
    synthetic: bool = False
    choices: ControlChoices = NO_CHOICES
    table: TableMapping | None = None
    settlements: Settlements | None = None

    @cached_property
    def iso_by_pcode(self) -> Mapping[str, str]:
        """ISO 3166-2 by P-code: they differ for five Ukrainian units."""
        return {region.pcode: region.code for region in self.regions if region.pcode}


class Importer(Protocol):
    """One format. `recognises` looks at the content, never at the extension alone."""

    @property
    def name(self) -> str:
        """The name by which a person selects the format."""

    @property
    def dataset(self) -> str | None:
        """The dataset to import into by default; None: a dataset named after the file."""

    @property
    def publisher(self) -> str | None:
        """Who publishes files of this format; None when anybody may."""

    @property
    def licence(self) -> str:
        """The licence id of the records, unless the import states another."""

    def recognises(self, source: SourceFile) -> str | None:
        """Return why the file is of this format; None if it is not."""

    def mapping(self, source: SourceFile) -> dict[str, str]:
        """Map the file's columns to our fields."""

    def read(self, source: SourceFile, context: Context) -> Iterator[Outcome]:
        """Yield one outcome per row."""
