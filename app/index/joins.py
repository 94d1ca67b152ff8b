"""Joins incidents with the ground they fell on: who held it that day, and how far the line was.

A day's snapshot is asked once for all incidents of that day. What was found stays on disk by
revision number, with the mark of what it was found with: after new incidents or snapshots only
the rows whose answer can differ are asked again.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from threading import RLock
from typing import NamedTuple

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.domain.control import ControlSnapshot
from app.domain.period import epoch_day
from app.domain.place import E7, LocalPlane
from app.index.control import Calendar, ControlIndex, Lines, write_whole
from app.index.select import Segment
from app.reference.reference import Reference
from app.rows import NEVER

NOT_STATED = 0
"""The holder of ground that no area covers; parties count from 1, in the theatre's order."""


class Join(NamedTuple):
    """Which ground is asked for which incidents: day by day, or one day's ground for all.

    `datasets` tells by number which rows are asked for at all: those of the source's theatre.
    """

    source: str
    theatre: str
    calendar: Calendar
    datasets: np.ndarray
    frozen: date | None = None
    is_now: bool = True

    @property
    def name(self) -> str:
        """Name what is kept of it; only the answer of now stays on disk."""
        return f"{self.theatre}-{self.source}"


class Joined(NamedTuple):
    """One answer per row of a segment, in its order.

    `mark` is 0 where no snapshot speaks of the row's day, or the place is no point: nothing is
    known then. `distance_m` is NaN where the snapshot has no line.
    """

    mark: np.ndarray
    distance_m: np.ndarray
    holder: np.ndarray

    @classmethod
    def nothing(cls, rows: int) -> Joined:
        """Begin with nothing known."""
        return cls(
            np.zeros(rows, np.uint64), np.full(rows, np.nan, np.float32), np.zeros(rows, np.uint8)
        )

    def at(self, places: np.ndarray) -> Joined:
        """Take some rows."""
        return Joined(*(column[places] for column in self))


class _Recalled(NamedTuple):
    """What was found before, by revision number (ascending)."""

    seq: np.ndarray
    found: Joined


@dataclass
class Joins:
    """Computes and keeps joins; one lock, since two requests would do the same work twice."""

    folder: Path
    reference: Reference
    lines: Lines
    _recalled: dict[str, _Recalled] = field(default_factory=dict)
    _unwritten: set[str] = field(default_factory=set)
    _lock: RLock = field(default_factory=RLock)

    def of(self, control: ControlIndex, segment: Segment, join: Join) -> Joined:
        """Answer for every row of a segment."""
        key = (join.name, join.calendar.mark, join.frozen)
        with self._lock:
            return segment.joined.get(key, lambda: self._join(control, segment, join))

    def _join(self, control: ControlIndex, segment: Segment, join: Join) -> Joined:
        rows = segment.rows
        chosen = self._chosen(segment, join)
        marks = np.array([0, *self._marks(join)], np.uint64)[chosen + 1]
        seq = rows["seq"][: segment.marks]
        found = self._recall(join, seq, marks)
        todo = np.flatnonzero(found.mark != marks)
        if len(todo):
            self._ask(control, segment, join, (todo, chosen[todo]), found)
            found.mark[todo] = marks[todo]
            if join.is_now and join.frozen is None:
                self._remember(join, seq, found)
        whole = Joined.nothing(len(rows))
        for column, part in zip(whole, found, strict=True):
            column[: segment.marks] = part
        return whole

    def _chosen(self, segment: Segment, join: Join) -> np.ndarray:
        """Number each mark's snapshot in the calendar; -1 where none speaks of its day.

        A snapshot speaks of its own day and of the days after it, up to the theatre's limit.
        """
        day = segment.rows["day_first"][: segment.marks].astype(np.int64)
        is_asked = join.datasets[segment.rows["dataset"][: segment.marks]]
        if join.frozen is not None:
            on_the_day = join.calendar.on(join.frozen)
            number = -1 if on_the_day is None else join.calendar.snapshots.index(on_the_day)
            return np.where(is_asked, number, -1)
        days = np.array([epoch_day(one) for one in join.calendar.days], np.int64)
        place = np.searchsorted(days, day, "right") - 1
        if len(days):
            age = day - days[np.maximum(place, 0)]
            place[age > self.reference.theatres[join.theatre].stale_after_days] = -1
        place[(day == NEVER) | ~is_asked] = -1
        return place

    def _marks(self, join: Join) -> list[int]:
        keys = [self.lines.key(snapshot, join.theatre) for snapshot in join.calendar.snapshots]
        return [int(key[:15], 16) + 1 for key in keys]

    def _recall(self, join: Join, seq: np.ndarray, marks: np.ndarray) -> Joined:
        """Look up what was found before; the day it was asked with may be another."""
        found = Joined.nothing(len(marks))
        if join.frozen is not None:
            return found
        if join.name not in self._recalled:
            self._recalled[join.name] = self._load(join)
        before = self._recalled[join.name]
        if not len(before.seq):
            return found
        place = np.minimum(np.searchsorted(before.seq, seq), len(before.seq) - 1)
        known = np.flatnonzero(before.seq[place] == seq)
        for column, old in zip(found, before.found, strict=True):
            column[known] = old[place[known]]
        return found

    def _ask(
        self,
        control: ControlIndex,
        segment: Segment,
        join: Join,
        todo: tuple[np.ndarray, np.ndarray],
        found: Joined,
    ) -> None:
        """Ask each snapshot once, for all of its rows."""
        rows, plane = segment.rows, self.reference.plane(join.theatre)
        places, chosen = todo
        order = np.argsort(chosen, kind="stable")
        numbers, starts = np.unique(chosen[order], return_index=True)
        ends = [*starts.tolist(), len(order)][1:]
        for number, start, end in zip(numbers.tolist(), starts.tolist(), ends, strict=True):
            some = places[order[start:end]]
            found.distance_m[some], found.holder[some] = np.nan, NOT_STATED
            if number >= 0:
                lon, lat = (rows[name][some] / E7 for name in ("lon_e7", "lat_e7"))
                snapshot = join.calendar.snapshots[number]
                line = self.lines.of(control, snapshot, join.theatre).shape
                found.distance_m[some] = distances_m(line, lon, lat, plane)
                found.holder[some] = self._holders(control, snapshot, join.theatre, (lon, lat))

    def _holders(
        self,
        control: ControlIndex,
        snapshot: ControlSnapshot,
        theatre: str,
        points: tuple[np.ndarray, np.ndarray],
    ) -> np.ndarray:
        parties = holders(self.reference, theatre)
        holder = np.full(len(points[0]), NOT_STATED, np.uint8)
        for who, ground in control.held(snapshot).items():
            shapely.prepare(ground)
            holder[shapely.intersects_xy(ground, *points)] = parties[who]
        return holder

    def _path(self, join: Join) -> Path:
        return self.folder / f"{join.name}.npz"

    def _load(self, join: Join) -> _Recalled:
        try:
            with np.load(self._path(join)) as kept:
                return _Recalled(kept["seq"], Joined(*(kept[name] for name in Joined._fields)))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return _Recalled(np.empty(0, np.int64), Joined.nothing(0))

    def _remember(self, join: Join, seq: np.ndarray, found: Joined) -> None:
        """Keep what was found, in place of what an older state had for the same revisions."""
        before = self._recalled[join.name]
        stays = ~np.isin(before.seq, seq)
        seq = np.concatenate([before.seq[stays], seq])
        order = np.argsort(seq)
        columns = (
            np.concatenate([old[stays], new])[order]
            for old, new in zip(before.found, found, strict=True)
        )
        self._recalled[join.name] = _Recalled(seq[order], Joined(*columns))
        self._unwritten.add(join.name)

    def keep(self) -> None:
        """Write what was found to disk, so that the next process need not ask again."""
        with self._lock:
            self.folder.mkdir(parents=True, exist_ok=True)
            for name in sorted(self._unwritten):
                recalled, out = self._recalled[name], io.BytesIO()
                np.savez(out, seq=recalled.seq, **recalled.found._asdict())
                write_whole(self.folder / f"{name}.npz", out.getvalue())
            self._unwritten.clear()


def holders(reference: Reference, theatre: str) -> Mapping[str, int]:
    """Number the parties of a theatre from 1."""
    return {party.code: n for n, party in enumerate(reference.theatres[theatre].party, 1)}


def distances_m(
    line: BaseGeometry, lon: np.ndarray, lat: np.ndarray, plane: LocalPlane
) -> np.ndarray:
    """Measure how far points (degrees) are from a line, in metres in the plane; NaN without one."""
    if line.is_empty or not len(lon):
        return np.full(len(lon), np.nan)
    tree = shapely.STRtree(_segments(plane.flat(line)))
    points = shapely.points(*plane.flat_xy(lon, lat))
    _, distance = tree.query_nearest(points, return_distance=True, all_matches=False)
    return np.asarray(distance)


def _segments(line: BaseGeometry) -> np.ndarray:
    """Take a line apart: the nearest of many short pieces is found without walking all of it."""
    points, parts = shapely.get_coordinates(line), shapely.get_parts(line)
    part = np.repeat(np.arange(len(parts)), shapely.get_num_coordinates(parts))
    joins = np.flatnonzero(part[1:] == part[:-1])
    pairs = np.stack([points[joins], points[joins + 1]], axis=1)
    return np.asarray(shapely.linestrings(pairs))
