"""Control snapshots in the read model: which one is valid on a day, its shapes and its line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import msgspec
import shapely
from shapely.geometry.base import BaseGeometry

from app.domain.control import ControlSnapshot, FrontLine, by_controller, front_line
from app.domain.place import area_km2
from app.domain.region import Region
from app.domain.revision import Action, Revision
from app.domain.store import Store
from app.reference.reference import Reference
from app.rows import NEVER

_DECODER = msgspec.json.Decoder(ControlSnapshot)


class DatedControl(msgspec.Struct, frozen=True):
    """One revision of one snapshot: known in [seq, known_to)."""

    seq: int
    known_to: int
    retracted: bool
    snapshot: ControlSnapshot


def pack_control(
    revisions: Iterable[Revision], known: Sequence[DatedControl]
) -> list[DatedControl]:
    """Append control revisions to what is known, closing the ones they replace."""
    entries = {entry.seq: entry for entry in known}
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

    Faces read shapes here, never by SQL; a lost file is copied again.
    """

    folder: Path
    store: Store
    _kept: dict[str, BaseGeometry] = field(default_factory=dict)

    def copy(self, snapshots: Iterable[ControlSnapshot]) -> None:
        """Copy the shapes of some snapshots that are not here yet."""
        self.folder.mkdir(parents=True, exist_ok=True)
        hashes = {area.shape for snapshot in snapshots for area in snapshot.areas if area.shape}
        missing = [sha256 for sha256 in hashes if not self._path(sha256).exists()]
        for sha256, wkb in self.store.shapes(missing).items():
            half = self._path(sha256).with_suffix(".part")
            half.write_bytes(wkb)
            half.replace(self._path(sha256))

    def read(self, sha256: str) -> BaseGeometry:
        """Read one shape, in degrees."""
        if sha256 not in self._kept:
            self._kept[sha256] = shapely.from_wkb(self._path(sha256).read_bytes())
        return self._kept[sha256]

    def _path(self, sha256: str) -> Path:
        return self.folder / f"{sha256}.wkb"


@dataclass(frozen=True, eq=False)
class ControlIndex:
    """All control snapshots, answering for a day and a commit."""

    entries: Sequence[DatedControl]
    shapes: ShapeFiles

    def datasets(self) -> list[str]:
        """Name the datasets that have snapshots."""
        return sorted({entry.snapshot.dataset for entry in self.entries})

    def on(self, dataset: str, day: date, seq: int) -> ControlSnapshot | None:
        """Return the newest snapshot valid on or before a day, as known at a commit."""
        found = [
            entry.snapshot
            for entry in self.entries
            if entry.snapshot.dataset == dataset
            and entry.seq <= seq < entry.known_to
            and not entry.retracted
            and entry.snapshot.valid_on <= day
        ]
        return max(found, key=lambda snapshot: snapshot.valid_on, default=None)

    def days(self, dataset: str, seq: int) -> list[date]:
        """List the days a dataset speaks of, as known at a commit."""
        return sorted(
            entry.snapshot.valid_on
            for entry in self.entries
            if entry.snapshot.dataset == dataset
            and entry.seq <= seq < entry.known_to
            and not entry.retracted
        )

    def held(self, snapshot: ControlSnapshot) -> dict[str, BaseGeometry]:
        """Unite each controller's assessed ground."""
        shapes = {area.shape: self.shapes.read(area.shape) for area in snapshot.areas if area.shape}
        return by_controller(snapshot.areas, shapes)


@dataclass(frozen=True)
class Lines:
    """Front lines, derived once for each set of areas and kept for the life of the process."""

    reference: Reference
    _kept: dict[str, FrontLine] = field(default_factory=dict)

    def of(self, control: ControlIndex, snapshot: ControlSnapshot, theatre: str) -> FrontLine:
        """Derive a snapshot's line, or return the one derived before."""
        key = theatre + shape_key(snapshot)
        if key not in self._kept:
            homeland = self.reference.homeland(theatre)
            self._kept[key] = front_line(control.held(snapshot), homeland)
        return self._kept[key]


def shape_key(snapshot: ControlSnapshot) -> str:
    """Identify what a snapshot draws: equal for a day that repeats the one before."""
    return "|".join(
        f"{area.controller}:{area.status}:{area.shape or area.region}" for area in snapshot.areas
    )


def areas_by_region(ground: BaseGeometry, regions: Iterable[Region]) -> dict[str, float]:
    """Measure how much of each region some ground covers, in km²; untouched ones are left out."""
    shapely.prepare(ground)
    touched = [region for region in regions if ground.intersects(region.shape)]
    areas = {region.code: area_km2(region.shape.intersection(ground)) for region in touched}
    return {code: km2 for code, km2 in areas.items() if km2 > 0}
