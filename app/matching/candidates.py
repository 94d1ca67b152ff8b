"""Which records of two datasets to compare: near in place and day, no conflict of weapons.

This reads only the index's columns; `app.matching.scores` scores the pairs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import shapely

from app.domain.place import DEFAULT_ERROR_M, E7, LocalPlane, Precision
from app.index.columns import PRECISIONS, UNDRAWN
from app.index.select import RETRACTED, is_of_kind
from app.index.state import State
from app.reference.taxonomy import CodeList
from app.rows import NEVER, NO_COUNT

SLACK_M = 250
"""Added to both errors: two people who geolocate one crater seldom click on the same metre."""

SLACK_DAYS = 2
"""A report carries the day of the strike or of the post; these differ by a day, seldom by two."""

LONGEST_DAYS = 7
"""The day of a record that spans more is too vague to match it by."""

MOST_RIVALS = 20
"""Candidates per record, the nearest: a town's centre can hold thousands of records."""

NO_FAMILY = ("other", "unknown")


@dataclass(frozen=True, eq=False)
class Side:
    """The records of one dataset that can be matched, as columns: in force, dated, with a point."""

    seq: np.ndarray
    number: np.ndarray
    first: np.ndarray
    last: np.ndarray
    x: np.ndarray
    y: np.ndarray
    error_m: np.ndarray
    families: np.ndarray
    possible: np.ndarray
    """The families, and those that a weapon known only coarsely can be."""

    @classmethod
    def of(cls, state: State, slug: str, plane: LocalPlane, weapons: CodeList) -> Side:
        """Gather a dataset, by first day."""
        number = state.tables.dataset(slug) if slug in state.tables.datasets else -1
        names = [
            *("seq", "number", "day_first", "day_last", "lon_e7", "lat_e7"),
            *("error_m", "precision", "weapons"),
        ]
        parts = []
        for segment in state.segments:
            rows = segment.rows
            keep = (rows["dataset"] == number) & (rows["known_to"] == NEVER)
            keep &= (rows["status"] != RETRACTED) & (rows["morton"] != UNDRAWN)
            keep &= (rows["day_first"] != NEVER) & is_of_kind(rows["flags"])
            places = np.flatnonzero(keep)
            days = rows["day_last"][places] - rows["day_first"][places]
            parts.append({name: rows[name][places[days < LONGEST_DAYS]] for name in names})
        columns = {name: np.concatenate([part[name] for part in parts]) for name in names}
        order = np.lexsort((columns["seq"], columns["day_first"]))
        columns = {name: column[order] for name, column in columns.items()}
        x, y = plane.flat_xy(columns["lon_e7"] / E7, columns["lat_e7"] / E7)
        possible = columns["weapons"].copy()
        for code, classes in weapons.may_be.items():
            is_coarse = (columns["weapons"] & np.uint32(weapons.bits([code]))) != 0
            possible[is_coarse] |= np.uint32(weapons.bits(classes))
        return cls(
            columns["seq"],
            columns["number"],
            columns["day_first"],
            columns["day_last"],
            np.asarray(x),
            np.asarray(y),
            _errors(columns["error_m"], columns["precision"]),
            _families(columns["weapons"], weapons),
            _families(possible, weapons),
        )

    def __len__(self) -> int:
        return len(self.seq)


def _errors(error_m: np.ndarray, precision: np.ndarray) -> np.ndarray:
    usual = np.array([DEFAULT_ERROR_M.get(Precision(one), 0) for one in PRECISIONS])
    return np.asarray(np.where(error_m == NO_COUNT, usual[precision], error_m).astype(np.int64))


def _families(bits: np.ndarray, weapons: CodeList) -> np.ndarray:
    """Bring weapon classes to one bit per family; none for what names no family."""
    out = np.zeros(len(bits), np.uint32)
    families = dict.fromkeys(code.partition(".")[0] for code in weapons.codes)
    for place, family in enumerate(families):
        if family not in NO_FAMILY:
            mask = np.uint32(weapons.family_bits([family]))
            out |= ((bits & mask) != 0).astype(np.uint32) << np.uint32(place)
    return out


class Candidates(NamedTuple):
    """Pairs of rows of two sides, with their distance in metres and in days."""

    rows: np.ndarray
    other_rows: np.ndarray
    distance_m: np.ndarray
    days: np.ndarray


def candidates(side: Side, other: Side) -> Candidates:
    """Find pairs within both errors and both day windows, whose weapons do not contradict.

    Records of one window of days are compared through a spatial index; the days go first, since
    years of strikes lie on the same few towns.
    """
    parts = [_of_window(side, other, window) for window in _windows(side)]
    none = [np.empty(0, np.int64)] * 2 + [np.empty(0)] + [np.empty(0, np.int64)]
    if not parts:
        return Candidates(*none)
    return Candidates(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _windows(side: Side) -> Iterator[np.ndarray]:
    """Split a side, which is in order of first days, into records of the same first day."""
    _, starts = np.unique(side.first, return_index=True)
    if len(side):
        yield from np.split(np.arange(len(side)), starts[1:])


def _of_window(side: Side, other: Side, window: np.ndarray) -> Candidates:
    first, last = int(side.first[window[0]]), int(side.last[window].max(initial=0))
    low = np.searchsorted(other.first, first - SLACK_DAYS - LONGEST_DAYS, "left")
    high = np.searchsorted(other.first, last + SLACK_DAYS, "right")
    others = low + np.flatnonzero(other.last[low:high] >= first - SLACK_DAYS)
    points = shapely.points(side.x[window], side.y[window])
    tree = shapely.STRtree(np.asarray(shapely.points(other.x[others], other.y[others])))
    reach = side.error_m[window] + other.error_m[others].max(initial=0) + SLACK_M
    mine, theirs = tree.query(points, predicate="dwithin", distance=reach)
    a, b = window[mine], others[theirs]
    distance_m = np.hypot(side.x[a] - other.x[b], side.y[a] - other.y[b])
    days = np.maximum(0, np.maximum(other.first[b] - side.last[a], side.first[a] - other.last[b]))
    keep = (distance_m <= side.error_m[a] + other.error_m[b] + SLACK_M) & (days <= SLACK_DAYS)
    stated = (side.possible[a] != 0) & (other.possible[b] != 0)
    keep &= ~stated | ((side.possible[a] & other.possible[b]) != 0)
    pairs = Candidates(a[keep], b[keep], distance_m[keep], days[keep].astype(np.int64))
    return _nearest(pairs)  # a record stands in one window only, so all its rivals are in it


def _nearest(pairs: Candidates) -> Candidates:
    """Keep the nearest few of each record on the left, by days and then metres."""
    order = np.lexsort((pairs.distance_m, pairs.days, pairs.rows))
    pairs = Candidates(*(column[order] for column in pairs))
    _, starts = np.unique(pairs.rows, return_index=True)
    rank = np.arange(len(order)) - np.repeat(starts, np.diff([*starts.tolist(), len(order)]))
    return Candidates(*(column[rank < MOST_RIVALS] for column in pairs))
