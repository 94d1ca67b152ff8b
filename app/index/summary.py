"""Sums of casualties and damage on columns, by group.

The rules are those of `app.domain.count`: known lows and bests add up, an open upper end stays
open, unknown is never 0. A measure table holds complete sums by group: tables can be added and
subtracted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from app.domain.count import TOLLS, Tally
from app.rows import BOUNDS, COUNTS, KINDS, NO_COUNT, Table

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

    @classmethod
    def zero(cls, groups: int, sectors: int) -> Measures:
        """Return sums of nothing."""
        return cls(np.zeros((len(measure_names(sectors)), groups), np.int64), sectors)

    @classmethod
    def beside(cls, parts: Sequence[Measures], sectors: int) -> Measures:
        """Put tables beside each other: their groups in turn."""
        nothing = cls.zero(0, sectors).table
        return cls(np.concatenate([nothing, *(part.table for part in parts)], axis=1), sectors)

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


def measure(rows: Table, groups: np.ndarray, size: int, sectors: int) -> Measures:
    """Add up all measures of some rows by group number (0..size-1).

    Only the columns that are summed are read, each once.
    """
    sums = Measures.zero(size, sectors)
    table = sums.table
    if not len(groups):
        return sums
    at = {name: place for place, name in enumerate(measure_names(sectors))}
    table[at["incidents"]] = np.bincount(groups, minlength=size)
    _measure_damage(rows, groups, table, at)
    for toll in TOLLS:
        for kind in KINDS:
            _measure_count(rows, f"{toll}_{kind}", groups, table, at)
    return sums


def _measure_damage(
    rows: Table, groups: np.ndarray, table: np.ndarray, at: Mapping[str, int]
) -> None:
    size, is_hit = table.shape[1], np.flatnonzero(rows["sectors"] != 0)
    if not len(is_hit):
        return
    hit, destroyed, uncounted = (
        rows[name][is_hit] for name in ("sectors", "destroyed", "uncounted")
    )
    groups = groups[is_hit]
    table[at["damaged"]] = np.bincount(groups, minlength=size)
    table[at["destroyed"]] = np.bincount(groups[destroyed != 0], minlength=size)
    by_sector = table[at["hit_0"] :].reshape(-1, len(DAMAGE), size)
    shape = (len(by_sector), size)
    while len(hit):  # most rows have one sector, so a pass takes the lowest bit of every row
        bit = hit & (~hit + np.uint32(1))
        cell = np.bitwise_count(bit - np.uint32(1)) * np.int64(size) + groups
        for place, column in enumerate((hit, destroyed, uncounted)):
            mine = cell[np.flatnonzero(column & bit)]
            by_sector[:, place] += np.bincount(mine, minlength=by_sector[:, 0].size).reshape(shape)
        hit ^= bit
        more = np.flatnonzero(hit)
        hit, destroyed, uncounted, groups = (
            column[more] for column in (hit, destroyed, uncounted, groups)
        )


def _measure_count(
    rows: Table, name: str, groups: np.ndarray, table: np.ndarray, at: Mapping[str, int]
) -> None:
    """Add up the three bounds of one kind of toll, over the rows that have any of them."""
    size, bounds = table.shape[1], [rows[f"{name}_{bound}"] for bound in BOUNDS]
    # NO_COUNT has all bits set, and a figure lacks the highest.
    known = np.flatnonzero((bounds[0] & bounds[1] & bounds[2]) != NO_COUNT)
    if not len(known):
        return
    groups = groups[known]
    table[at[f"{name}_any"]] = np.bincount(groups, minlength=size)
    for bound, column in zip(BOUNDS, bounds, strict=True):
        figures = column[known]
        stated = np.flatnonzero(figures != NO_COUNT)
        mine = groups[stated]
        times, sums = np.bincount(mine, minlength=size), np.bincount(mine, figures[stated], size)
        table[at[f"{name}_{bound}_known"]], table[at[f"{name}_{bound}_sum"]] = times, sums


class Ledger:
    """Reads tallies and damage out of a measure table, group by group."""

    def __init__(self, measures: Measures, sector_codes: tuple[str, ...]) -> None:
        self._codes, self._measures = sector_codes, measures

    @cached_property
    def _at(self) -> dict[str, list[int]]:
        """The groups of each measure; lists, since a value of an array costs ten times as much."""
        names = measure_names(self._measures.sectors)
        return dict(zip(names, self._measures.table.tolist(), strict=True))

    def value(self, measure_name: str, group: int) -> int:
        """Read one measure of one group."""
        return int(self._at[measure_name][group])

    def tally(self, toll: str, group: int, kind: str = "total") -> Tally:
        """Read a toll of one group."""
        low, best, high_known, known, of, open_ends = self._columns(f"{toll}_{kind}")
        return Tally(
            low[group],
            best[group],
            high_known[group],
            known=known[group] or 0,
            of=of[group] or 0,
            open=open_ends[group] or 0,
        )

    def answer(self, group: int) -> dict[str, object]:
        """Return one group in the shape of `/api/summary`."""
        return self.answers[group]

    @cached_property
    def answers(self) -> list[dict[str, object]]:
        """All groups in the shape of `/api/summary`; a thousand days take some milliseconds."""
        at, names = self._at, ("incidents", *TOLLS, "damaged", "destroyed", "damage")
        tolls = [self._tolls(toll) for toll in TOLLS]
        columns = (at["incidents"], *tolls, at["damaged"], at["destroyed"], self._damage())
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]

    def _columns(self, name: str) -> tuple[Sequence[int | None], ...]:
        """The fields of a tally, each for all groups."""
        of, bounded = self._at["incidents"], self._at[f"{name}_high_known"]
        open_ends = [number - known for number, known in zip(of, bounded, strict=True)]
        bounds = (self._bound(f"{name}_{bound}") for bound in BOUNDS)
        return (*bounds, self._at[f"{name}_any"], of, open_ends)

    def _bound(self, name: str) -> list[int | None]:
        sums, times = self._at[f"{name}_sum"], self._at[f"{name}_known"]
        return [number if known else None for number, known in zip(sums, times, strict=True)]

    def _tolls(self, toll: str) -> list[dict[str, object]]:
        """The answers of `Tally.answer` for all groups, with those by kind."""
        by_kind = [self._counts(f"{toll}_{kind}") for kind in KINDS[1:]]
        rows = [dict(zip(KINDS[1:], row, strict=True)) for row in zip(*by_kind, strict=True)]
        counts = self._counts(f"{toll}_total")
        for count, row in zip(counts, rows, strict=True):
            count["by_kind"] = row
        return counts

    def _counts(self, name: str) -> list[dict[str, object]]:
        columns = zip(*self._columns(name), strict=True)
        return [
            {
                "low": low,
                "best": best,
                "high": None if open_ends else high,
                "high_known": high,
                "known": known,
                "of": of,
            }
            for low, best, high, known, of, open_ends in columns
        ]

    def _damage(self) -> list[dict[str, object]]:
        """The damage by sector of all groups; a sector without any is left out."""
        damage: list[dict[str, object]] = [{} for _ in self._at["incidents"]]
        for sector, code in enumerate(self._codes):
            columns = zip(*(self._at[f"{what}_{sector}"] for what in DAMAGE), strict=True)
            for row, (hit, destroyed, uncounted) in zip(damage, columns, strict=True):
                if hit:
                    row[code] = {
                        "damaged": hit,
                        "destroyed": destroyed,
                        "objects_unknown": uncounted,
                    }
        return damage
