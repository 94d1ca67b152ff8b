"""Sums of casualties and damage on columns, by group: by a scan of all rows or from a day cube.

The rules are those of `app.domain.count`: known lows and bests add up, an open upper end stays
open, unknown is never 0. A measure table holds complete sums by group: tables can be added and
subtracted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from app.domain.cache import BoundedCache
from app.domain.count import TOLLS, Kind, Tally
from app.index.select import RETRACTED, Segment, is_of_kind
from app.rows import BOUNDS, COUNTS, KINDS, LONG, NEVER, NO_COUNT, Rows

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

    def only(self, mask: np.ndarray) -> Measures:
        """Move the sums of all groups outside the mask to the last group, which is in the mask."""
        if mask.all():
            return self
        table = np.where(mask, self.table, 0)
        table[:, -1] += self.table[:, ~mask].sum(axis=1)
        return Measures(table, self.sectors)

    def among(self, groups: Sequence[int]) -> Measures:
        """Return the table with zeros in all other groups."""
        table = np.zeros_like(self.table)
        columns = list(groups)
        table[:, columns] = self.table[:, columns]
        return Measures(table, self.sectors)

    def whole(self) -> Measures:
        """Sum all groups into one; only right where groups do not overlap."""
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
            has_figure = values != NO_COUNT
            any_known |= has_figure
            sums = np.bincount(groups[has_figure], values[has_figure], minlength=size)
            table[at[f"{toll}_{kind}_{bound}_sum"]] = sums.astype(np.int64)
            table[at[f"{toll}_{kind}_{bound}_known"]] = np.bincount(
                groups[has_figure], minlength=size
            )
        table[at[f"{toll}_{kind}_any"]] = np.bincount(groups[any_known], minlength=size)


class Ledger:
    """Reads tallies and damage out of a measure table, group by group."""

    def __init__(self, measures: Measures, sector_codes: tuple[str, ...]) -> None:
        self._codes = sector_codes
        names = measure_names(measures.sectors)
        # Lists: a single value of an array costs ten times as much.
        self._at = dict(zip(names, measures.table.tolist(), strict=True))

    def value(self, measure_name: str, group: int) -> int:
        """Read one measure of one group."""
        return int(self._at[measure_name][group])

    def tally(self, toll: str, group: int, kind: str = "total") -> Tally:
        """Read a toll of one group."""
        sums = {bound: self._bound(f"{toll}_{kind}_{bound}", group) for bound in BOUNDS}
        of = self._at["incidents"][group]
        bounded = self._at[f"{toll}_{kind}_high_known"][group]
        with_figure = self._at[f"{toll}_{kind}_any"][group]
        return Tally(sums["low"], sums["best"], sums["high"], with_figure, of, of - bounded)

    def _bound(self, name: str, group: int) -> int | None:
        return self._at[f"{name}_sum"][group] if self._at[f"{name}_known"][group] else None

    def answer(self, group: int) -> dict[str, object]:
        """Return one group in the shape of `/api/summary`."""
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
    """Running sums by day and region, of the rows of one dataset that were current at its build.

    `running[day, measure, region (last: none)]` are sums of the rows anchored before that day; only
    the measures in `names` are stored, the others are 0 everywhere. A short incident is anchored on
    its first day and counts in every period that it overlaps; a long one on its last day, and
    counts only in a period that contains it. So a period is the difference of two slices, except
    for the few rows that began before it and reach into it: `edges` returns them.
    """

    first_day: int
    names: np.ndarray
    running: np.ndarray
    spans: np.ndarray
    """Rows of several days: place, first day, last day, 1 for a long one."""

    sectors: int

    @property
    def size(self) -> int:
        """Its size in bytes."""
        return int(self.running.nbytes + self.spans.nbytes)

    def between(self, first: int, last: int) -> Measures:
        """Sum a period by region (the last group: no region), without its edges."""
        days, _, groups = self.running.shape
        table = np.zeros((len(measure_names(self.sectors)), groups), np.int64)
        if last >= first:  # a period that ends before it begins is empty
            after, before = (
                self.running[int(np.clip(day - self.first_day, 0, days - 1))]
                for day in (last + 1, first)
            )
            table[self.names] = after.astype(np.int64) - before
        return Measures(table, self.sectors)

    def edges(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows that `between` misses, and those that it wrongly counts."""
        place, begins, ends, is_long = self.spans
        reaches_in = (begins < first) & (ends >= first) & (first <= last)
        missed = reaches_in & (is_long == 0)
        return place[missed], place[reaches_in & (is_long == 1) & (ends <= last)]


def countable(segment: Segment, dataset: int, weapons: int = 0) -> np.ndarray:
    """Return the rows that count now: current, dated, not retracted, no battles."""
    rows = segment.rows
    keep = (rows["dataset"] == dataset) & (rows["known_to"] == NEVER)
    keep &= (rows["day_first"] != NEVER) & (rows["status"] != RETRACTED)
    keep &= is_of_kind(rows["flags"])
    if weapons:
        keep &= (rows["weapons"] & np.uint32(weapons)) != 0
    return np.flatnonzero(keep)


MOST_CUBE_DAYS = 8_000
"""About 22 years: a dataset with more (one wrong year is enough) is scanned instead."""


def build_cube(  # noqa: PLR0913, PLR0917  what is summed, and into how many groups
    segment: Segment, dataset: int, regions: int, level: int, sectors: int, weapons: int = 0
) -> Cube | None:
    """Build one dataset's cube from a segment; None for one that spans too many days.

    Hundreds of small regions make a cube of gigabytes: at level 2 it is built only when there are
    more incidents than cells. Fewer are scanned in milliseconds.
    """
    places = countable(segment, dataset, weapons)
    rows = segment.rows.take(places)
    first_day = int(rows["day_first"].min(initial=NEVER))
    days = int(rows["day_last"].max(initial=first_day)) - first_day + 1 if len(rows) else 0
    if days > MOST_CUBE_DAYS or (level > 1 and days * regions > len(rows)):
        return None
    begins, ends = rows["day_first"], rows["day_last"]
    is_long = (rows["flags"] & LONG) != 0
    anchor = np.where(is_long, ends, begins) - first_day
    region = rows[f"region{level}"].astype(np.int64) % (regions + 1)  # -1: the last group
    names, running = _running(rows, region, anchor, (regions + 1, days), sectors)
    several = np.flatnonzero(ends > begins)
    spans = [column[several].astype(np.int32) for column in (places, begins, ends, is_long)]
    return Cube(first_day, names, running, np.array(spans), sectors)


def _running(
    rows: Rows, region: np.ndarray, day: np.ndarray, shape: tuple[int, int], sectors: int
) -> tuple[np.ndarray, np.ndarray]:
    regions, days = shape
    sums = measure(rows, day.astype(np.int64) * regions + region, regions * days, sectors)
    names = np.flatnonzero(sums.table.any(axis=1))
    table = sums.table[names].reshape(len(names), days, regions)
    most = int(table.sum(axis=1).max(initial=0))
    dtype = np.int32 if most < NEVER else np.int64
    out = np.zeros((days + 1, len(names), regions), dtype)
    np.cumsum(table.transpose(1, 0, 2), axis=0, out=out[1:], dtype=dtype)
    return names, out


MOST_WEAPON_CUBES = 8
MOST_WEAPON_CUBE_BYTES = 32 << 20
"""Cubes by weapon in memory: their number, and the size of each. Larger ones are scanned."""


@dataclass(frozen=True, eq=False)
class Cubes:
    """The cubes of a generation: those on disk, and those by weapon, built on the first request.

    `regions` has the number of regions by level; `segment` is the generation's, without a delta.
    """

    plain: Mapping[tuple[str, int], Cube]
    segment: Segment
    datasets: Sequence[str]
    regions: Mapping[int, int]
    sectors: int
    by_weapon: BoundedCache = field(default_factory=lambda: BoundedCache(MOST_WEAPON_CUBES))

    def of(self, slug: str, level: int, weapons: int) -> Cube | None:
        """Return the cube of a dataset's incidents with any of the weapons; 0: of all.

        The first request for a cube waits as long as for a scan of all days.
        """
        plain = self.plain.get((slug, level))
        if plain is None or not weapons:
            return plain
        return self.by_weapon.get((slug, level, weapons), lambda: self._built(slug, level, weapons))

    def _built(self, slug: str, level: int, weapons: int) -> Cube | None:
        number = self.datasets.index(slug)
        cube = build_cube(
            self.segment, number, self.regions[level], level, self.sectors, weapons=weapons
        )
        return None if cube is None or cube.size > MOST_WEAPON_CUBE_BYTES else cube
