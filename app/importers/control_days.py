"""Collects control areas into one snapshot per day: shared by all formats of control areas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgspec
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry

from app.domain.control import Baseline, ControlArea, ControlSnapshot
from app.files import parsing
from app.files.shapes import polygons, shape_hash
from app.files.source import BadFieldError
from app.importers import native
from app.importers.base import Context, Outcome, ParsedRecord, Warned

MOST_NAMED = 20
"""Repairs that one warning lists; further ones are only counted."""


@dataclass
class _Day:
    row: int
    synthetic: bool
    areas: dict[ControlArea, None] = field(default_factory=dict)
    repeated: int = 0
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass
class ControlDays:
    """Areas by day; each day becomes one snapshot after all rows are read.

    With `is_layer` the file holds one layer of a day; each of the others has its own file.
    """

    context: Context
    is_layer: bool = False
    days: dict[date, _Day] = field(default_factory=dict)
    shapes: dict[str, bytes] = field(default_factory=dict)
    repaired: list[str] = field(default_factory=list)
    differing: dict[tuple[date, str], int] = field(default_factory=dict)

    def add(
        self, row: int, values: parsing.Values, shape: BaseGeometry | None
    ) -> MultiPolygon | None:
        """Add one area; return its polygons, flat and valid, or None without a shape.

        Raises:
            BadFieldError: without a date, a controller, or a usable polygon or region.
        """
        day_text = parsing.text(values, "valid_on")
        if day_text is None:
            raise BadFieldError("valid_on", "", "the day the area is valid on, as YYYY-MM-DD")
        valid_on = parsing.iso_day(day_text, "valid_on")
        metadata, repairs, sha256, wkb = _metadata(values), list[str](), None, b""
        whole = None
        if shape is not None:
            whole = polygons(shape, repairs.append, self.context.theatre.bounds)
            sha256, wkb = shape_hash(whole)
        area = native.control_area(values, sha256, self.context)
        synthetic = parsing.flag(values, "synthetic") or self.context.synthetic
        day = self.days.setdefault(valid_on, _Day(row, synthetic))
        if day.synthetic is not synthetic:
            raise BadFieldError("synthetic", synthetic, "one value for all areas of a day")
        if sha256 is not None:
            self.shapes[sha256] = wkb
        self.repaired += [f"row {row}: {what}" for what in repairs]
        day.repeated += area in day.areas
        day.areas[area] = None
        for name, value in metadata.items():
            if day.metadata.setdefault(name, value) != value:
                self.differing.setdefault((valid_on, name), row)
        return whole

    def outcomes(self) -> Iterator[Outcome]:
        """Yield one snapshot per day, oldest first, after the warnings.

        An area that occurs twice is in the snapshot once. For the repeated rows the same snapshot
        is yielded again, so that the report counts them as duplicates.
        """
        if self.repaired:
            more = len(self.repaired) - MOST_NAMED
            rest = f"; and {more} more" if more > 0 else ""
            yield Warned(f"Polygons were repaired: {'; '.join(self.repaired[:MOST_NAMED])}{rest}.")
        for (valid_on, name), row in self.differing.items():
            yield Warned(
                f"Row {row} states another {name} for {valid_on} than a row before it; a day has "
                "one, and the first was kept."
            )
        for valid_on in sorted(self.days):
            day = self.days[valid_on]
            record = self._day_record(valid_on, day)
            yield record
            if day.repeated:
                yield record._replace(rows=day.repeated)

    def _day_record(self, valid_on: date, day: _Day) -> ParsedRecord:
        snapshot = ControlSnapshot(
            dataset=self.context.dataset,
            valid_on=valid_on,
            areas=tuple(sorted(day.areas, key=msgspec.json.encode)),
            includes=day.metadata.get("includes") or _parts(day.areas),
            assessed_at=day.metadata.get("assessed_at"),
            fetched_at=day.metadata.get("fetched_at"),
            note=day.metadata.get("note"),
            synthetic=day.synthetic,
        )
        shapes = {area.shape: self.shapes[area.shape] for area in day.areas if area.shape}
        return ParsedRecord(day.row, snapshot, len(day.areas), shapes, self.is_layer)


def _metadata(values: parsing.Values) -> dict[str, Any]:
    """Read what a row states about its whole day, without the fields it does not state."""
    metadata = {
        "includes": _includes(values),
        "assessed_at": parsing.instant(values.get("assessed_at"), "assessed_at"),
        "fetched_at": parsing.instant(values.get("fetched_at"), "fetched_at"),
        "note": parsing.text(values, "note"),
    }
    return {name: value for name, value in metadata.items() if value}


def _includes(values: parsing.Values) -> tuple[Baseline, ...]:
    """Read the parts that the source covers; empty where it does not state them."""
    allowed = {part.value: 0 for part in Baseline}
    codes = parsing.many(values, "includes", allowed)
    return tuple(part for part in Baseline if part in codes)


def _parts(areas: Iterable[ControlArea]) -> tuple[Baseline, ...]:
    """List the parts to which the areas belong."""
    parts = {area.part for area in areas}
    return tuple(part for part in Baseline if part in parts)
