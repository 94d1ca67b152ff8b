"""Control snapshots in the read model: which one is valid on a day, its shapes and its line."""

from __future__ import annotations

import bisect
import contextlib
import hashlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

import msgspec
import shapely
from shapely import MultiLineString
from shapely.geometry.base import BaseGeometry

from app.domain.cache import BoundedCache
from app.domain.control import ControlSnapshot, FrontLine, by_controller, front_line
from app.domain.errors import BrokenChain
from app.domain.place import area_km2
from app.domain.region import Region
from app.domain.revision import Action, Revision
from app.domain.store import Store
from app.index.sums import read_sealed, write_sealed
from app.reference.reference import Reference
from app.rows import NEVER
from app.whole_files import write_whole

LOG = logging.getLogger("strikemap.index")
MOST_SHAPES, MOST_CALENDARS = 2_048, 64
"""How many stay in memory: a day of DeepState is about 50 kB."""

DERIVED = 1
"""One more whenever the rule for the line changes: stored lines are then derived again."""

_DECODER = msgspec.json.Decoder(ControlSnapshot)


class DatedControl(msgspec.Struct, frozen=True):
    """One revision of one snapshot: the newest one for a `seq` in [seq, known_to)."""

    seq: int
    known_to: int
    retracted: bool
    snapshot: ControlSnapshot


def pack_control(
    revisions: Iterable[Revision], earlier: Sequence[DatedControl]
) -> list[DatedControl]:
    """Append revisions of control to earlier ones, and close those that they replace."""
    entries = {entry.seq: entry for entry in earlier}
    for revision in revisions:
        if revision.prior in entries:
            old = entries[revision.prior]
            entries[old.seq] = msgspec.structs.replace(old, known_to=revision.seq)
        if revision.payload is not None:
            snapshot = _DECODER.decode(revision.payload)
            gone = revision.action is Action.retract
            entries[revision.seq] = DatedControl(revision.seq, NEVER, gone, snapshot)
    return list(entries.values())


@dataclass(frozen=True)
class ShapeFiles:
    """Control polygons as files named by their SHA-256, copied out of the record once.

    Answers read shapes from these files, not from the record; a lost or damaged file is copied
    again.
    """

    folder: Path
    store: Store
    _cache: BoundedCache = field(default_factory=lambda: BoundedCache(MOST_SHAPES))

    def copy(self, snapshots: Iterable[ControlSnapshot]) -> None:
        """Copy those shapes of some snapshots that have no file yet."""
        self.folder.mkdir(parents=True, exist_ok=True)
        hashes = {area.shape for snapshot in snapshots for area in snapshot.areas if area.shape}
        missing = [sha256 for sha256 in hashes if not self._path(sha256).exists()]
        for sha256, wkb in self.store.shapes(missing).items():
            write_whole(self._path(sha256), wkb)

    def read(self, sha256: str) -> BaseGeometry:
        """Read one shape, in degrees."""
        return self._cache.get(sha256, lambda: shapely.from_wkb(self._wkb(sha256)))

    def _wkb(self, sha256: str) -> bytes:
        with contextlib.suppress(OSError):
            wkb = self._path(sha256).read_bytes()
            if hashlib.sha256(wkb).hexdigest() == sha256:
                return wkb
        LOG.warning("the polygon %s… of the index was damaged; it is copied again", sha256[:12])
        wkb = self.store.shapes([sha256]).get(sha256, b"")
        if hashlib.sha256(wkb).hexdigest() != sha256:
            raise BrokenChain(f"The polygon {sha256[:12]}… is gone from the record or changed.")
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(self._path(sha256), wkb)
        return wkb

    def _path(self, sha256: str) -> Path:
        return self.folder / f"{sha256}.wkb"


@dataclass(frozen=True, eq=False)
class Calendar:
    """The snapshots of a source as known at one revision, oldest first."""

    snapshots: tuple[ControlSnapshot, ...]

    @cached_property
    def days(self) -> tuple[date, ...]:
        """The days of the snapshots."""
        return tuple(snapshot.valid_on for snapshot in self.snapshots)

    def on(self, day: date) -> ControlSnapshot | None:
        """Return the newest snapshot valid on or before a day."""
        place = bisect.bisect_right(self.days, day)
        return self.snapshots[place - 1] if place else None

    @cached_property
    def mark(self) -> str:
        """A hash of the content: equal calendars have equal marks."""
        text = "\n".join(f"{one.valid_on} {shape_key(one)}" for one in self.snapshots)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


@dataclass(frozen=True, eq=False)
class ControlIndex:
    """All control snapshots, by dataset, day and revision."""

    entries: Sequence[DatedControl]
    shapes: ShapeFiles
    _calendars: BoundedCache = field(default_factory=lambda: BoundedCache(MOST_CALENDARS))

    @cached_property
    def _by_dataset(self) -> Mapping[str, Sequence[DatedControl]]:
        by_dataset: dict[str, list[DatedControl]] = {}
        for entry in sorted(self.entries, key=lambda one: one.snapshot.valid_on):
            by_dataset.setdefault(entry.snapshot.dataset, []).append(entry)
        return by_dataset

    def datasets(self) -> list[str]:
        """List the datasets that have snapshots."""
        return sorted(self._by_dataset)

    def calendar(self, dataset: str, seq: int) -> Calendar:
        """Return a source's snapshots as known at a revision; empty without any."""

        def gather() -> Calendar:
            entries = self._by_dataset.get(dataset, ())
            snapshots = (
                one for one in entries if one.seq <= seq < one.known_to and not one.retracted
            )
            return Calendar(tuple(one.snapshot for one in snapshots))

        return self._calendars.get((dataset, seq), gather)

    def on(self, dataset: str, day: date, seq: int) -> ControlSnapshot | None:
        """Return the newest snapshot valid on or before a day, as known at a revision."""
        return self.calendar(dataset, seq).on(day)

    def days(self, dataset: str, seq: int) -> Sequence[date]:
        """List the days of a dataset's snapshots, as known at a revision."""
        return self.calendar(dataset, seq).days

    def grounds(self, snapshot: ControlSnapshot) -> dict[str, BaseGeometry]:
        """Unite each controller's assessed ground, in degrees."""
        shapes = {area.shape: self.shapes.read(area.shape) for area in snapshot.areas if area.shape}
        return by_controller(snapshot.areas, shapes)


class Derived(msgspec.Struct, frozen=True):
    """What is derived from a snapshot and the boundaries: its line, and areas in km²."""

    line_wkb: bytes
    length_km: float
    tolerance_km: float
    km2: dict[str, float]

    def line(self) -> FrontLine:
        """Return the line, in degrees."""
        shape = MultiLineString(shapely.get_parts(shapely.from_wkb(self.line_wkb)).tolist())
        return FrontLine(shape, self.length_km, self.tolerance_km)


@dataclass(frozen=True)
class Lines:
    """Front lines and areas, derived once for each set of areas and stored in files."""

    folder: Path
    reference: Reference
    _cache: BoundedCache = field(default_factory=lambda: BoundedCache(MOST_SHAPES))

    def of(self, control: ControlIndex, snapshot: ControlSnapshot, theatre: str) -> FrontLine:
        """Return a snapshot's line, in degrees; derived at the first call."""
        key = ("line", self.key(snapshot, theatre))
        return self._cache.get(key, lambda: self._derived(control, snapshot, theatre).line())

    def km2(
        self, control: ControlIndex, snapshot: ControlSnapshot, theatre: str
    ) -> dict[str, float]:
        """Measure each controller's assessed ground, in km²."""
        key = ("km2", self.key(snapshot, theatre))
        return self._cache.get(key, lambda: self._derived(control, snapshot, theatre).km2)

    def flat(self, control: ControlIndex, snapshot: ControlSnapshot, theatre: str) -> BaseGeometry:
        """Return a snapshot's line in the theatre's plane, in metres."""
        plane = self.reference.plane(theatre)
        key = ("flat", self.key(snapshot, theatre))
        return self._cache.get(key, lambda: plane.flat(self.of(control, snapshot, theatre).shape))

    def key(self, snapshot: ControlSnapshot, theatre: str) -> str:
        """A hash of all that the line depends on: the areas, the boundaries and the rule."""
        tolerance = self.reference.theatres[theatre].front_line_tolerance_km
        text = f"{DERIVED} {theatre} {tolerance} {self.reference.region_hash} {shape_key(snapshot)}"
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def _derived(self, control: ControlIndex, snapshot: ControlSnapshot, theatre: str) -> Derived:
        path = self.folder / f"{self.key(snapshot, theatre)}.msgpack"
        stored = read_sealed(path)
        if stored is not None:
            return msgspec.msgpack.decode(stored, type=Derived)
        grounds = control.grounds(snapshot)
        line = front_line(grounds, self.reference.homeland(theatre))
        km2 = {who: area_km2(ground) for who, ground in grounds.items()}
        derived = Derived(shapely.to_wkb(line.shape), line.length_km, line.tolerance_km, km2)
        self.folder.mkdir(parents=True, exist_ok=True)
        write_sealed(path, msgspec.msgpack.encode(derived))
        return derived


def shape_key(snapshot: ControlSnapshot) -> str:
    """Identify the areas of a snapshot: equal for a day that repeats the one before."""
    return "|".join(
        f"{area.controller}:{area.status}:{area.shape or area.region}" for area in snapshot.areas
    )


def areas_by_region(ground: BaseGeometry, regions: Iterable[Region]) -> dict[str, float]:
    """Measure how much of each region `ground` covers, in km²; regions without any are left out."""
    shapely.prepare(ground)
    touched = [region for region in regions if ground.intersects(region.shape)]
    areas = {region.code: area_km2(region.shape.intersection(ground)) for region in touched}
    return {code: km2 for code, km2 in areas.items() if km2 > 0}
