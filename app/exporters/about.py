"""The description of an export in every format: its sources, terms, citation and fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import pyarrow as pa

from app.render.classes import MarkStyle

Properties = Mapping[str, Any]
"""The properties of such an incident, by name."""

ExportFeature = Mapping[str, Any]
"""An incident as `/api/collections/incidents/items` writes it."""

FilePart: TypeAlias = bytes | pa.RecordBatch
"""What a format makes of some incidents, in any process; its writer puts the parts together."""

FileParts = Iterator[FilePart]

PREAMBLE = (
    "Counts are ranges: low, best and high, each empty where it is not known. Empty is never 0. "
    "An incident known only to a region has no geometry."
)


@dataclass(frozen=True)
class FieldNote:
    """One line of the data dictionary."""

    name: str
    kind: str
    meaning: str
    unit: str = ""


@dataclass(frozen=True)
class About:
    """The description inside the file."""

    title: str
    citation: str
    terms: Sequence[str]
    datasets: Sequence[Mapping[str, object]]
    credits: Sequence[str]
    view: Mapping[str, str]
    query: str
    as_of: str | None
    version: int
    ledger_head: str
    signed_head: Mapping[str, object] | None
    exported_at: str
    audience: str
    rows: int
    withheld: Mapping[str, int]
    notes: Sequence[str]
    marks: MarkStyle
    """The look of the incidents in a program that draws the file."""

    has_hxl: bool = False
    """A row of HXL hashtags stands under the header of CSV and XLSX."""

    @property
    def licence(self) -> str:
        """Return the licences of all datasets, joined."""
        return "; ".join(dict.fromkeys(str(one["licence"]) for one in self.datasets))

    def document(self, fields: Sequence[FieldNote]) -> dict[str, object]:
        """Return the whole description as one JSON object, with the data dictionary `fields`."""
        return {
            "title": self.title,
            "reading": PREAMBLE,
            "citation": self.citation,
            "terms": list(self.terms),
            "datasets": [dict(one) for one in self.datasets],
            "credits": list(self.credits),
            "view": dict(self.view),
            "query": self.query,
            "as_of": self.as_of,
            "version": self.version,
            "ledger_head": self.ledger_head,
            "signed_head": None if self.signed_head is None else dict(self.signed_head),
            "exported_at": self.exported_at,
            "audience": self.audience,
            "rows": self.rows,
            "withheld": dict(self.withheld),
            "notes": list(self.notes),
            "fields": [
                {
                    "name": one.name,
                    "type": one.kind,
                    "meaning": one.meaning,
                    "unit": one.unit or None,
                    "unknown": "null; an empty cell in a table",
                }
                for one in fields
            ],
        }

    def pairs(self) -> list[tuple[str, str]]:
        """Return the description as pairs of name and text, for formats without nested values."""
        datasets = [
            f"{one['slug']}: {one['name']}; {one['attribution']}; {one['licence']}"
            for one in self.datasets
        ]
        pairs: list[tuple[str, str]] = [
            ("title", self.title),
            ("reading", PREAMBLE),
            ("citation", self.citation),
            *(("terms", one) for one in self.terms),
            *(("dataset", one) for one in datasets),
            ("credits", " · ".join(self.credits)),
            ("view", self.query),
            ("as_of", self.as_of or ""),
            ("version", str(self.version)),
            ("ledger_head", self.ledger_head),
            *(
                (f"signed_head_{name}", str(part))
                for name, part in (self.signed_head or {}).items()
            ),
            ("exported_at", self.exported_at),
            ("audience", self.audience),
            ("rows", str(self.rows)),
            *((f"withheld_{name}", str(count)) for name, count in self.withheld.items()),
            *(("note", one) for one in self.notes),
        ]
        return pairs
