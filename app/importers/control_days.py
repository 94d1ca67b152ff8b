"""Gathers control areas into one snapshot per day: shared by formats that give areas row by row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgspec
from shapely.geometry.base import BaseGeometry

from app.domain.control import Baseline, ControlArea, ControlSnapshot
from app.importers import native
from app.importers.base import BadFieldError, Context, Found, Outcome, Warned
from app.importers.shapes import polygons, shape_hash

MOST_NAMED = 20
"""Repairs that a warning names one by one; the others are counted."""


@dataclass
class _Day:
    row: int
    synthetic: bool
    areas: dict[ControlArea, None] = field(default_factory=dict)
    repeated: int = 0
    said: dict[str, Any] = field(default_factory=dict)


@dataclass
class ControlDays:
    """Areas by their day; a day becomes one snapshot when all rows were read.

    With `is_layer` the file holds one of several layers of a day, each in a file of its own.
    """

    context: Context
    is_layer: bool = False
    days: dict[date, _Day] = field(default_factory=dict)
    shapes: dict[str, bytes] = field(default_factory=dict)
    repaired: list[str] = field(default_factory=list)
    differing: dict[tuple[date, str], int] = field(default_factory=dict)

    def add(self, row: int, values: native.Values, shape: BaseGeometry | None) -> None:
        """Add one area.

        Raises:
            BadFieldError: without a date, a controller, or a usable polygon or region.
        """
        given = native.text(values, "valid_on")
        if given is None:
            raise BadFieldError("valid_on", "", "the day the area is valid on, as YYYY-MM-DD")
        valid_on = native.day(given, "valid_on")
        said, repairs, sha256, wkb = _said(values), list[str](), None, b""
        if shape is not None:
            whole = polygons(shape, repairs.append, self.context.theatre.bounds)
            sha256, wkb = shape_hash(whole)
        area = native.control_area(values, sha256, self.context)
        synthetic = native.flag(values, "synthetic") or self.context.synthetic
        day = self.days.setdefault(valid_on, _Day(row, synthetic))
        if day.synthetic is not synthetic:
            raise BadFieldError("synthetic", synthetic, "one value for all areas of a day")
        if sha256 is not None:
            self.shapes[sha256] = wkb
        self.repaired += [f"row {row}: {what}" for what in repairs]
        day.repeated += area in day.areas
        day.areas[area] = None
        for name, value in said.items():
            if day.said.setdefault(name, value) != value:
                self.differing.setdefault((valid_on, name), row)

    def outcomes(self) -> Iterator[Outcome]:
        """Yield one snapshot per day, oldest first, and what was repaired.

        An area that stands twice is kept once: the day is told again for the rows that repeat it,
        which makes them duplicates.
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
            found = self._found(valid_on, day)
            yield found
            if day.repeated:
                yield found._replace(rows=day.repeated)

    def _found(self, valid_on: date, day: _Day) -> Found:
        snapshot = ControlSnapshot(
            dataset=self.context.dataset,
            valid_on=valid_on,
            areas=tuple(sorted(day.areas, key=msgspec.json.encode)),
            includes=day.said.get("includes") or _parts(day.areas),
            assessed_at=day.said.get("assessed_at"),
            fetched_at=day.said.get("fetched_at"),
            note=day.said.get("note"),
            synthetic=day.synthetic,
        )
        shapes = {area.shape: self.shapes[area.shape] for area in day.areas if area.shape}
        return Found(day.row, snapshot, len(day.areas), shapes, self.is_layer)


def _said(values: native.Values) -> dict[str, Any]:
    """Read what a row states of its whole day; what it does not state is left out."""
    said = {
        "includes": _includes(values),
        "assessed_at": native.instant(values.get("assessed_at"), "assessed_at"),
        "fetched_at": native.instant(values.get("fetched_at"), "fetched_at"),
        "note": native.text(values, "note"),
    }
    return {name: value for name, value in said.items() if value}


def _includes(values: native.Values) -> tuple[Baseline, ...]:
    """Read which parts a source covers at all; none when it does not say."""
    allowed = {part.value: 0 for part in Baseline}
    listed = native.many(values, "includes", allowed)
    return tuple(part for part in Baseline if part in listed)


def _parts(areas: Iterable[ControlArea]) -> tuple[Baseline, ...]:
    """List the parts that areas belong to."""
    found = {area.part for area in areas}
    return tuple(part for part in Baseline if part in found)
