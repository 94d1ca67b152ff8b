"""Joins incidents with control: who held the ground on their day, and how far the line was.

Each snapshot is joined once with all incidents of its days. The answers are stored on disk by
revision number, with a mark of the snapshot they came from: after new incidents or snapshots, only
the rows whose answer can differ are joined again.
"""

from __future__ import annotations

import io
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
from app.domain.revision import Head
from app.domain.store import Store
from app.index.control import Calendar, ControlIndex, Lines
from app.index.select import Segment
from app.index.sums import read_sealed, write_sealed
from app.index.witness import contains
from app.reference.reference import Reference
from app.rows import NEVER

NOT_STATED = 0
"""The holder of ground that no area covers; parties begin with 1, in the theatre's order."""


class Join(NamedTuple):
    """Which control is joined with which incidents: by day, or that of one day (`frozen`) with all.

    `datasets` is a mask by dataset number: the rows of the source's theatre are joined.
    """

    source: str
    theatre: str
    calendar: Calendar
    datasets: np.ndarray
    frozen: date | None = None
    is_now: bool = True

    @property
    def name(self) -> str:
        """The name of the stored answers; only those of the newest state are stored on disk."""
        return f"{self.theatre}-{self.source}"


class Joined(NamedTuple):
    """One answer per row of a segment, in its order.

    `mark` is 0 where nothing is known: no snapshot is valid on the row's day, or the row has no
    point. `distance_m` is NaN where the snapshot has no line.
    """

    mark: np.ndarray
    distance_m: np.ndarray
    holder: np.ndarray

    @classmethod
    def nothing(cls, rows: int) -> Joined:
        """Make answers for so many rows, with nothing known."""
        return cls(
            np.zeros(rows, np.uint64), np.full(rows, np.nan, np.float32), np.zeros(rows, np.uint8)
        )

    def at(self, places: np.ndarray) -> Joined:
        """Return the answers of some rows."""
        return Joined(*(column[places] for column in self))


class _Stored(NamedTuple):
    """Earlier answers, by revision number (ascending)."""

    seq: np.ndarray
    joined: Joined


@dataclass
class Joins:
    """Computes and stores joins; one lock, so that two requests do not do the same work."""

    folder: Path
    reference: Reference
    lines: Lines
    store: Store
    _stored: dict[str, _Stored] = field(default_factory=dict)
    _unwritten: set[str] = field(default_factory=set)
    _lock: RLock = field(default_factory=RLock)

    def of(self, control: ControlIndex, segment: Segment, join: Join) -> Joined:
        """Return the answer for every row of a segment."""
        key = (join.name, join.calendar.mark, join.frozen)
        with self._lock:
            return segment.joined.get(key, lambda: self._join(control, segment, join))

    def _join(self, control: ControlIndex, segment: Segment, join: Join) -> Joined:
        rows = segment.rows
        numbers = self._snapshot_numbers(segment, join)
        marks = np.array([0, *self._marks(join)], np.uint64)[numbers + 1]
        seq = rows["seq"][: segment.marks]
        joined = self._stored_answers(join, seq, marks)
        todo = np.flatnonzero(joined.mark != marks)
        if len(todo):
            self._join_rows(control, segment, join, (todo, numbers[todo]), joined)
            joined.mark[todo] = marks[todo]
            if join.is_now and join.frozen is None:
                self._store(join, seq, joined)
        whole = Joined.nothing(len(rows))
        for column, part in zip(whole, joined, strict=True):
            column[: segment.marks] = part
        return whole

    def _snapshot_numbers(self, segment: Segment, join: Join) -> np.ndarray:
        """Return each mark's snapshot as a number in the calendar; -1 where none is valid.

        A snapshot is valid on its own day and on the days after it, up to the theatre's limit.
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

    def _stored_answers(self, join: Join, seq: np.ndarray, marks: np.ndarray) -> Joined:
        """Return the stored answers; their marks show whether they are still right."""
        joined = Joined.nothing(len(marks))
        if join.frozen is not None:
            return joined
        if join.name not in self._stored:
            self._stored[join.name] = self._load(join)
        before = self._stored[join.name]
        if not len(before.seq):
            return joined
        place = np.minimum(np.searchsorted(before.seq, seq), len(before.seq) - 1)
        answered = np.flatnonzero(before.seq[place] == seq)
        for column, old in zip(joined, before.joined, strict=True):
            column[answered] = old[place[answered]]
        return joined

    def _join_rows(
        self,
        control: ControlIndex,
        segment: Segment,
        join: Join,
        todo: tuple[np.ndarray, np.ndarray],
        joined: Joined,
    ) -> None:
        """Join each snapshot once with all of its rows, and write into `joined`.

        `todo` are the places of the rows, and the number of the snapshot of each.
        """
        rows, plane = segment.rows, self.reference.plane(join.theatre)
        places, snapshot_of = todo
        order = np.argsort(snapshot_of, kind="stable")
        numbers, starts = np.unique(snapshot_of[order], return_index=True)
        ends = [*starts.tolist(), len(order)][1:]
        for number, start, end in zip(numbers.tolist(), starts.tolist(), ends, strict=True):
            batch = places[order[start:end]]
            joined.distance_m[batch], joined.holder[batch] = np.nan, NOT_STATED
            if number >= 0:
                lon, lat = (rows[name][batch] / E7 for name in ("lon_e7", "lat_e7"))
                snapshot = join.calendar.snapshots[number]
                line = self.lines.of(control, snapshot, join.theatre).shape
                joined.distance_m[batch] = distances_m(line, lon, lat, plane)
                joined.holder[batch] = self._holders(control, snapshot, join.theatre, (lon, lat))

    def _holders(
        self,
        control: ControlIndex,
        snapshot: ControlSnapshot,
        theatre: str,
        points: tuple[np.ndarray, np.ndarray],
    ) -> np.ndarray:
        parties = holders(self.reference, theatre)
        holder = np.full(len(points[0]), NOT_STATED, np.uint8)
        for who, ground in control.grounds(snapshot).items():
            shapely.prepare(ground)
            holder[shapely.intersects_xy(ground, *points)] = parties[who]
        return holder

    def _path(self, join: Join) -> Path:
        return self.folder / f"{join.name}.npz"

    def _load(self, join: Join) -> _Stored:
        """Read the answers of an earlier process; none when they are of another record."""
        content = read_sealed(self._path(join))
        if content is not None:
            with np.load(io.BytesIO(content)) as archive:
                head = Head(int(archive["head_seq"]), archive["head_hash"].tobytes(), None)
                if contains(self.store, head):
                    answers = Joined(*(archive[name] for name in Joined._fields))
                    return _Stored(archive["seq"], answers)
        return _Stored(np.empty(0, np.int64), Joined.nothing(0))

    def _store(self, join: Join, seq: np.ndarray, joined: Joined) -> None:
        """Store answers, in place of those of an older state for the same revisions."""
        before = self._stored[join.name]
        stays = ~np.isin(before.seq, seq)
        seq = np.concatenate([before.seq[stays], seq])
        order = np.argsort(seq)
        columns = (
            np.concatenate([old[stays], new])[order]
            for old, new in zip(before.joined, joined, strict=True)
        )
        self._stored[join.name] = _Stored(seq[order], Joined(*columns))
        self._unwritten.add(join.name)

    def keep(self, head: Head) -> None:
        """Write the answers to disk, so that the next process does not compute them again.

        `head` is a revision of the record that is not older than any answer.
        """
        with self._lock:
            self.folder.mkdir(parents=True, exist_ok=True)
            for name in sorted(self._unwritten):
                stored, out = self._stored[name], io.BytesIO()
                np.savez(
                    out,
                    seq=stored.seq,
                    head_seq=head.seq,
                    head_hash=np.frombuffer(head.hash, np.uint8),
                    **stored.joined._asdict(),
                )
                write_sealed(self.folder / f"{name}.npz", out.getvalue())
            self._unwritten.clear()

    def forget(self) -> None:
        """Forget all answers, and delete their files: the rows that they are for were wrong."""
        with self._lock:
            self._stored.clear()
            self._unwritten.clear()
            for path in self.folder.glob("*"):
                path.unlink(missing_ok=True)


def holders(reference: Reference, theatre: str) -> Mapping[str, int]:
    """Number the parties of a theatre, from 1."""
    return {party.code: n for n, party in enumerate(reference.theatres[theatre].party, 1)}


def distances_m(
    line: BaseGeometry, lon: np.ndarray, lat: np.ndarray, plane: LocalPlane
) -> np.ndarray:
    """Measure how far points in degrees are from a line, in metres; NaN for an empty line."""
    if line.is_empty or not len(lon):
        return np.full(len(lon), np.nan)
    tree = shapely.STRtree(_segments(plane.flat(line)))
    points = shapely.points(*plane.flat_xy(lon, lat))
    _, distance = tree.query_nearest(points, return_distance=True, all_matches=False)
    return np.asarray(distance)


def _segments(line: BaseGeometry) -> np.ndarray:
    """Cut a line into its segments: a tree finds the nearest of many short ones fast."""
    points, parts = shapely.get_coordinates(line), shapely.get_parts(line)
    part = np.repeat(np.arange(len(parts)), shapely.get_num_coordinates(parts))
    joins = np.flatnonzero(part[1:] == part[:-1])
    pairs = np.stack([points[joins], points[joins + 1]], axis=1)
    return np.asarray(shapely.linestrings(pairs))
