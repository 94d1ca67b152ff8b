"""Gathers control areas into one snapshot per day: shared by formats that give areas row by row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgspec
from shapely.geometry.base import BaseGeometry

from app.domain.control import Baseline, ControlArea, ControlSnapshot
from app.importers import native
from app.importers.base import BadFieldError, Context, Found, Outcome, Warned


@dataclass
class _Day:
    row: int
    values: native.Values
    areas: list[ControlArea] = field(default_factory=list)


@dataclass
class ControlDays:
    """Areas by their day; a day becomes one snapshot when all rows were read."""

    context: Context
    days: dict[date, _Day] = field(default_factory=dict)
    shapes: dict[str, bytes] = field(default_factory=dict)
    repaired: list[str] = field(default_factory=list)

    def add(self, row: int, values: native.Values, shape: BaseGeometry | None) -> None:
        """Add one area.

        Raises:
            BadFieldError: without a date, a controller, or a usable polygon or region.
        """
        given = native.text(values, "valid_on")
        if given is None:
            raise BadFieldError("valid_on", "", "the day the area is valid on, as YYYY-MM-DD")
        valid_on = native.day(given, "valid_on")
        sha256 = None
        if shape is not None:
            flat = native.polygons(shape, lambda what: self.repaired.append(f"row {row}: {what}"))
            sha256, wkb = native.shape_hash(flat)
            self.shapes[sha256] = wkb
        area = native.control_area(values, sha256)
        self.days.setdefault(valid_on, _Day(row, values)).areas.append(area)

    def outcomes(self) -> Iterator[Outcome]:
        """Yield one snapshot per day, oldest first, and what was repaired."""
        if self.repaired:
            yield Warned(f"Polygons were repaired: {'; '.join(self.repaired[:20])}.")
        for valid_on in sorted(self.days):
            yield self._found(valid_on, self.days[valid_on])

    def _found(self, valid_on: date, gathered: _Day) -> Found:
        values = gathered.values
        snapshot = ControlSnapshot(
            dataset=self.context.dataset,
            valid_on=valid_on,
            areas=tuple(sorted(gathered.areas, key=msgspec.json.encode)),
            includes=_includes(values, gathered.areas),
            assessed_at=native.instant(values.get("assessed_at"), "assessed_at"),
            fetched_at=native.instant(values.get("fetched_at"), "fetched_at"),
            note=native.text(values, "note"),
            synthetic=self.context.synthetic or native.flag(values, "synthetic"),
        )
        wanted = {area.shape for area in snapshot.areas}
        shapes = {sha256: wkb for sha256, wkb in self.shapes.items() if sha256 in wanted}
        return Found(gathered.row, snapshot, len(gathered.areas), shapes)


def _includes(values: native.Values, areas: list[ControlArea]) -> tuple[Baseline, ...]:
    """Read which parts a source covers at all; by default the parts its areas belong to."""
    given: Any = values.get("includes")
    if not given:
        return tuple(part for part in Baseline if any(area.part is part for area in areas))
    listed = given.split("|") if isinstance(given, str) else given
    return tuple(native.one_of(Baseline, part, Baseline.main, "includes") for part in listed)
