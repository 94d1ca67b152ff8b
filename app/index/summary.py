"""Casualty and damage arithmetic on columns: sums by group, by scan or from a day cube.

The rules are those of `app.domain.count`: known lows and bests add up, an open upper end stays
open, unknown is never 0. A measure table holds whole sums per group, so tables add and subtract.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from app.domain.count import Kind, Tally
from app.index.select import RETRACTED, Segment
from app.rows import BOUNDS, COUNTS, KINDS, LONG, NEVER, NO_COUNT, TOLLS, Rows

DAMAGE = ("hit", "destroyed", "uncounted")
"""Per sector: incidents with damage, of these with destruction, of these without a number."""


def measure_names(sectors: int) -> list[str]:
    """Name every additive measure, in the order of a table's first axis."""
    names = ["incidents", "damaged", "destroyed"]
    names += [f"{name}_{what}" for name in COUNTS for what in ("sum", "known")]
    names += [f"{toll}_{kind}_any" for toll in TOLLS for kind in KINDS]
    names += [f"{what}_{sector}" for sector in range(sectors) for what in DAMAGE]
    return names


@dataclass(frozen=True, eq=False)
class Measures:
    """Additive sums per group: `table[measure, group]`, int64."""

    table: np.ndarray
    sectors: int

    def __add__(self, other: Measures) -> Measures:
        return Measures(self.table + other.table, self.sectors)

    def __sub__(self, other: Measures) -> Measures:
        return Measures(self.table - other.table, self.sectors)

    @property
    def groups(self) -> int:
        """How many groups the table has."""
        return int(self.table.shape[1])

    def only(self, kept: np.ndarray) -> Measures:
        """Move the sums of all other groups to the last one, which is kept."""
        if kept.all():
            return self
        table = np.where(kept, self.table, 0)
        table[:, -1] += self.table[:, ~kept].sum(axis=1)
        return Measures(table, self.sectors)

    def whole(self) -> Measures:
        """Sum all groups into one; only meaningful where groups do not overlap."""
        return Measures(self.table.sum(axis=1, keepdims=True), self.sectors)


def measure(rows: Rows, groups: np.ndarray, size: int, sectors: int) -> Measures:
    """Add up all measures of some rows by group number (0..size-1)."""
    names = measure_names(sectors)
    table = np.zeros((len(names), size), np.int64)
    if not len(groups):
        return Measures(table, sectors)
    at = {name: place for place, name in enumerate(names)}

    def count(name: str, mask: np.ndarray) -> None:
        table[at[name]] = np.bincount(groups[mask], minlength=size)

    count("incidents", np.ones(len(groups), bool))
    count("damaged", rows["sectors"] != 0)
    count("destroyed", rows["destroyed"] != 0)
    for toll in TOLLS:
        _measure_toll(rows, toll, groups, table, at)
    columns = zip(DAMAGE, ("sectors", "destroyed", "uncounted"), strict=True)
    for what, column in columns:
        bits = rows[column]
        for sector in range(sectors):
            mask = (bits >> np.uint32(sector) & 1).astype(bool)
            if mask.any():
                count(f"{what}_{sector}", mask)
    return Measures(table, sectors)


def _measure_toll(
    rows: Rows, toll: str, groups: np.ndarray, table: np.ndarray, at: Mapping[str, int]
) -> None:
    size = table.shape[1]
    for kind in KINDS:
        any_known = np.zeros(len(groups), bool)
        for bound in BOUNDS:
            values = rows[f"{toll}_{kind}_{bound}"]
            known = values != NO_COUNT
            any_known |= known
            sums = np.bincount(groups[known], values[known], minlength=size)
            table[at[f"{toll}_{kind}_{bound}_sum"]] = sums.astype(np.int64)
            table[at[f"{toll}_{kind}_{bound}_known"]] = np.bincount(groups[known], minlength=size)
        table[at[f"{toll}_{kind}_any"]] = np.bincount(groups[any_known], minlength=size)


class Ledger:
    """Reads tallies and damage out of a measure table, group by group."""

    def __init__(self, measures: Measures, sector_codes: tuple[str, ...]) -> None:
        self._codes = sector_codes
        names = measure_names(measures.sectors)
        # Plain lists: single values out of an array cost ten times as much.
        self._at = dict(zip(names, measures.table.tolist(), strict=True))

    def value(self, measure_name: str, group: int) -> int:
        """Read one measure of one group."""
        return int(self._at[measure_name][group])

    def tally(self, toll: str, group: int, kind: str = "total") -> Tally:
        """Read a toll of one group."""
        sums = {bound: self._bound(f"{toll}_{kind}_{bound}", group) for bound in BOUNDS}
        of = self._at["incidents"][group]
        bounded = self._at[f"{toll}_{kind}_high_known"][group]
        known = self._at[f"{toll}_{kind}_any"][group]
        return Tally(sums["low"], sums["best"], sums["high"], known, of, of - bounded)

    def _bound(self, name: str, group: int) -> int | None:
        return self._at[f"{name}_sum"][group] if self._at[f"{name}_known"][group] else None

    def answer(self, group: int) -> dict[str, object]:
        """Write one group in the shape of `/api/summary`."""
        out: dict[str, object] = {"incidents": self._at["incidents"][group]}
        for toll in TOLLS:
            count: dict[str, object] = {**self.tally(toll, group).answer()}
            count["by_kind"] = {
                kind.value: self.tally(toll, group, kind.value).answer() for kind in Kind
            }
            out[toll] = count
        out["damaged"] = self._at["damaged"][group]
        out["destroyed"] = self._at["destroyed"][group]
        out["damage"] = {
            code: {
                "damaged": hit,
                "destroyed": self._at[f"destroyed_{sector}"][group],
                "objects_unknown": self._at[f"uncounted_{sector}"][group],
            }
            for sector, code in enumerate(self._codes)
            if (hit := self._at[f"hit_{sector}"][group])
        }
        return out


@dataclass(frozen=True, eq=False)
class Cube:
    """Running sums by day and region of the rows of one dataset that stood when it was built.

    Each array holds [measure, region (last: none), day + 1]: sums of rows before that day. A short
    incident overlaps [from, to] when it starts by `to` and does not end before `from`; a long one
    must be contained: it ends by `to` and does not start before `from`. Either is a difference of
    two slices, whatever the period; only long ones that reach beyond both ends were subtracted
    without having been added, and are given back by `straddling`.
    """

    first_day: int
    by_first: np.ndarray
    by_last: np.ndarray
    long_by_first: np.ndarray
    long_by_last: np.ndarray
    long_rows: np.ndarray
    sectors: int

    def between(self, first: int, last: int) -> Measures:
        """Sum a period by region (the last group: no region), but for what straddles it."""
        days = self.by_first.shape[2] - 1
        after = int(np.clip(last + 1 - self.first_day, 0, days))
        before = int(np.clip(first - self.first_day, 0, days))
        table = self.by_first[:, :, after] - self.by_last[:, :, before]
        table = table + self.long_by_last[:, :, after] - self.long_by_first[:, :, before]
        # A period that ends before it begins would subtract what it never added.
        return Measures(table if last >= first else np.zeros_like(table), self.sectors)

    def straddling(self, rows: Rows, first: int, last: int) -> np.ndarray:
        """Return the long rows that begin before a period and end after it."""
        places = self.long_rows
        reach = (rows["day_first"][places] < first) & (rows["day_last"][places] > last)
        return np.asarray(places[reach])


def counted(segment: Segment, dataset: int) -> np.ndarray:
    """Return the rows of a dataset that can count now: standing, dated and not retracted."""
    rows = segment.rows
    keep = (rows["dataset"] == dataset) & (rows["known_to"] == NEVER)
    keep &= (rows["day_first"] != NEVER) & (rows["status"] != RETRACTED)
    return np.flatnonzero(keep)


MOST_CUBE_DAYS = 8_000
"""About 22 years: a dataset that spans more (one mistyped year does) is scanned instead."""


def build_cube(
    segment: Segment, dataset: int, regions: int, level: int, sectors: int
) -> Cube | None:
    """Build one dataset's cube from a segment; None for one that spans too many days.

    Hundreds of small regions make a cube of gigabytes: it is worth that only to many more
    incidents than it has cells. Fewer are scanned in milliseconds.
    """
    places = counted(segment, dataset)
    rows = segment.rows.take(places)
    first_day = int(rows["day_first"].min(initial=NEVER))
    days = int(rows["day_last"].max(initial=first_day)) - first_day + 1 if len(rows) else 0
    if days > MOST_CUBE_DAYS or (level > 1 and days * regions > len(rows)):
        return None
    is_long = (rows["flags"] & LONG) != 0

    def running(chosen: np.ndarray, column: str) -> np.ndarray:
        some = rows.take(np.flatnonzero(chosen))
        region = some[f"region{level}"].astype(np.int64) % (regions + 1)  # -1: the last group
        return _running(some, region, some[column] - first_day, (regions + 1, days), sectors)

    return Cube(
        first_day,
        running(~is_long, "day_first"),
        running(~is_long, "day_last"),
        running(is_long, "day_first"),
        running(is_long, "day_last"),
        places[is_long],
        sectors,
    )


def _running(
    rows: Rows, region: np.ndarray, day: np.ndarray, shape: tuple[int, int], sectors: int
) -> np.ndarray:
    regions, days = shape
    sums = measure(rows, region * max(days, 1) + day, regions * max(days, 1), sectors)
    table = sums.table.reshape(-1, regions, max(days, 1))[:, :, :days]
    out = np.zeros((table.shape[0], regions, days + 1), np.int64)
    np.cumsum(table, axis=2, out=out[:, :, 1:])
    return out
