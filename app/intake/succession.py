"""Control snapshots of an import by their days: layers joined, shrunken ones refused.

Which snapshot of a day stands, and whether it may follow the one before it, is clear only when all
files of an import were read; so the snapshots wait until then.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

import msgspec
import shapely

from app.domain.control import Baseline, ControlSnapshot, ControlStatus
from app.domain.place import area_km2
from app.domain.revision import Action, Subject, canonical, fingerprint
from app.domain.store import Store
from app.files.source import Rejection
from app.importers.base import Dropped, Outcome
from app.intake.reading import RowRecord

SUPERSEDED = "superseded_same_day"
MOST_LOST = 0.25
"""Share of the area of the snapshot before it that a snapshot may lose without a refusal."""

_SNAPSHOT = msgspec.json.Decoder(ControlSnapshot)
_Read = tuple[RowRecord, ControlSnapshot]


@dataclass
class Succession:
    """The snapshots of one dataset: those of the record, and those that an import brings."""

    store: Store
    dataset: str
    accept_shrink: bool = False
    _new: dict[str, bytes] = field(default_factory=dict)
    _km2: dict[str, float] = field(default_factory=dict)

    def in_order(self, outcomes: Iterable[RowRecord | Outcome]) -> Iterator[RowRecord | Outcome]:
        """Pass everything on, control snapshots last and by day.

        Of two snapshots of one day the one that was assessed later stands; layers of one day are
        joined, with each other and with those of the record.
        """
        waiting: dict[str, list[_Read]] = {}
        for outcome in outcomes:
            if isinstance(outcome, RowRecord) and outcome.subject is Subject.control:
                snapshot = _SNAPSHOT.decode(outcome.payload)
                waiting.setdefault(outcome.key, []).append((outcome, snapshot))
            else:
                yield outcome
        if waiting:
            yield from self._by_day(waiting)

    def _by_day(self, waiting: Mapping[str, list[_Read]]) -> Iterator[RowRecord | Outcome]:
        recorded = self._recorded()
        days = dict(recorded)
        for _key, candidates in sorted(waiting.items(), key=lambda item: item[1][0][1].valid_on):
            day = candidates[0][1].valid_on
            before = recorded.get(day)
            (record, snapshot), others = _standing(candidates, before)
            self._new.update(record.shapes)
            if before is not None and _is_later(before, snapshot):
                yield from _dropped([record, *others])
            elif (fault := self._loss(record, snapshot, days)) is not None:
                yield from _rejected(fault, [record, *others])
            else:
                days[day] = snapshot
                yield record
                yield from others

    def _recorded(self) -> dict[date, ControlSnapshot]:
        """List the snapshots that the record holds of the dataset, by day."""
        prefix = f"{self.dataset}/"
        return {
            snapshot.valid_on: snapshot
            for one in self.store.latest(Subject.control)
            if one.key.startswith(prefix) and one.payload and one.action is not Action.retract
            for snapshot in [_SNAPSHOT.decode(one.payload)]
        }

    def _loss(
        self, record: RowRecord, snapshot: ControlSnapshot, days: Mapping[date, ControlSnapshot]
    ) -> Rejection | None:
        """Reject a snapshot that gives a controller much less than the one before it.

        Most often such a file is cut off or of another source; a real withdrawal is so rare that a
        person confirms it.
        """
        earlier = max((day for day in days if day < snapshot.valid_on), default=None)
        if self.accept_shrink or earlier is None:
            return None
        km2_before = self._km2_by_controller(days[earlier])
        km2_after = self._km2_by_controller(snapshot)
        if record.is_layer and not km2_after:
            return None
        for controller, before in km2_before.items():
            after = km2_after.get(controller, 0.0)
            if after < before * (1 - MOST_LOST):
                got = (
                    f"{after:,.1f} km² of {controller} on {snapshot.valid_on}, "
                    f"after {before:,.1f} on {earlier}"
                )
                why = "a loss of at most a quarter; --accept-shrink takes it as it is"
                return Rejection(record.row, "area", got, why, record.member, record.rows)
        return None

    def _km2_by_controller(self, snapshot: ControlSnapshot) -> dict[str, float]:
        """Measure the assessed ground by controller; each polygon is measured once."""
        km2: dict[str, float] = {}
        for area in snapshot.areas:
            if area.shape is not None and area.status is ControlStatus.assessed:
                km2[area.controller] = km2.get(area.controller, 0.0) + self._area_km2(area.shape)
        return km2

    def _area_km2(self, sha256: str) -> float:
        if sha256 not in self._km2:
            wkb = self._new.get(sha256) or self.store.shapes([sha256])[sha256]
            self._km2[sha256] = area_km2(shapely.from_wkb(wkb))
        return self._km2[sha256]


def _standing(
    candidates: list[_Read], before: ControlSnapshot | None
) -> tuple[_Read, list[RowRecord | Outcome]]:
    """Choose the snapshot of a day that stands; the others follow, each with its own fate."""
    if candidates[0][0].is_layer:
        return _joined(candidates, before), []
    latest = candidates[0]
    for candidate in candidates[1:]:
        latest = candidate if _is_later(candidate[1], latest[1]) else latest
    others = list[RowRecord | Outcome]()
    for candidate in candidates:
        if _is_later(latest[1], candidate[1]):
            others += _dropped([candidate[0]])
        elif candidate is not latest:
            others.append(candidate[0])
    return latest, others


def _dropped(outcomes: Iterable[RowRecord | Outcome]) -> Iterator[Outcome]:
    """Drop snapshots, row by row, for one of the same day that was assessed later."""
    for outcome in outcomes:
        if isinstance(outcome, RowRecord):
            yield from [Dropped(outcome.row, SUPERSEDED)] * outcome.rows
        else:
            yield outcome


def _rejected(fault: Rejection, outcomes: Iterable[RowRecord | Outcome]) -> Iterator[Outcome]:
    """Reject a snapshot, and with it those that repeat its day."""
    for outcome in outcomes:
        if isinstance(outcome, RowRecord):
            place = {"row": outcome.row, "member": outcome.member, "rows": outcome.rows}
            yield msgspec.structs.replace(fault, **place)
        else:
            yield outcome


def _is_later(snapshot: ControlSnapshot, other: ControlSnapshot) -> bool:
    """Tell whether a snapshot was assessed after another; both must state when."""
    if snapshot.assessed_at is None or other.assessed_at is None:
        return False
    return snapshot.assessed_at > other.assessed_at


def _joined(layers: list[_Read], before: ControlSnapshot | None) -> _Read:
    """Join the layers of one day; a layer that the record has is replaced by the new one."""
    areas = {area for _, snapshot in layers for area in snapshot.areas}
    words = {area.word for area in areas}
    includes = {part for _, snapshot in layers for part in snapshot.includes}
    if before is not None:
        areas |= {area for area in before.areas if area.word not in words}
        includes |= set(before.includes)
    record, snapshot = layers[0]
    whole = msgspec.structs.replace(
        snapshot,
        areas=tuple(sorted(areas, key=msgspec.json.encode)),
        includes=tuple(part for part in Baseline if part in includes),
    )
    payload = canonical(whole)
    joined = msgspec.structs.replace(
        record,
        rows=sum(one.rows for one, _ in layers),
        payload=payload,
        mark=fingerprint(payload),
        shapes={sha256: wkb for one, _ in layers for sha256, wkb in one.shapes.items()},
    )
    return joined, whole
