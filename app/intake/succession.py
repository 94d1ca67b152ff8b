"""Control snapshots of an import by their days: layers joined, shrunken ones held back.

Which snapshot of a day stands, and whether it may follow the one before it, can only be told when
all files of an import were read; so they wait here until then.
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
from app.intake.reading import Noted

SUPERSEDED = "superseded_same_day"
MOST_LOST = 0.25
"""Share of the area of the snapshot before it that a snapshot may lose without a question."""

_SNAPSHOT = msgspec.json.Decoder(ControlSnapshot)
_Waiting = tuple[Noted, ControlSnapshot]


@dataclass
class Succession:
    """The snapshots of one dataset: those of the record, and those that an import brings."""

    store: Store
    dataset: str
    accept_shrink: bool = False
    _new: dict[str, bytes] = field(default_factory=dict)
    _km2: dict[str, float] = field(default_factory=dict)

    def in_order(self, outcomes: Iterable[Noted | Outcome]) -> Iterator[Noted | Outcome]:
        """Pass everything on, control snapshots last and by day.

        Of two snapshots of one day the one that was assessed later stands; layers of one day are
        joined, with each other and with those of the record.
        """
        waiting: dict[str, list[_Waiting]] = {}
        for outcome in outcomes:
            if isinstance(outcome, Noted) and outcome.subject is Subject.control:
                snapshot = _SNAPSHOT.decode(outcome.payload)
                waiting.setdefault(outcome.key, []).append((outcome, snapshot))
            else:
                yield outcome
        if waiting:
            yield from self._by_day(waiting)

    def _by_day(self, waiting: Mapping[str, list[_Waiting]]) -> Iterator[Noted | Outcome]:
        known = self._known()
        days = dict(known)
        for _key, several in sorted(waiting.items(), key=lambda item: item[1][0][1].valid_on):
            day = several[0][1].valid_on
            (noted, snapshot), others = _settled(several, known.get(day))
            self._new.update(noted.shapes)
            was = known.get(day)
            if was is not None and _is_later(was, snapshot):
                yield from _dropped([noted, *others])
            elif (fault := self._lost(noted, snapshot, days)) is not None:
                yield from _held_back(fault, [noted, *others])
            else:
                days[day] = snapshot
                yield noted
                yield from others

    def _known(self) -> dict[date, ControlSnapshot]:
        """List the snapshots that the record holds of the dataset."""
        prefix = f"{self.dataset}/"
        return {
            snapshot.valid_on: snapshot
            for one in self.store.latest(Subject.control)
            if one.key.startswith(prefix) and one.payload and one.action is not Action.retract
            for snapshot in [_SNAPSHOT.decode(one.payload)]
        }

    def _lost(
        self, noted: Noted, snapshot: ControlSnapshot, days: Mapping[date, ControlSnapshot]
    ) -> Rejection | None:
        """Hold a snapshot back that gives a controller much less than the one before it.

        Most often such a file is cut off or of another source; a real withdrawal is rare enough to
        be asked about.
        """
        earlier = max((day for day in days if day < snapshot.valid_on), default=None)
        if self.accept_shrink or earlier is None:
            return None
        before = self._held_km2(days[earlier])
        after = self._held_km2(snapshot)
        if noted.is_layer and not after:
            return None
        for who, had in before.items():
            has = after.get(who, 0.0)
            if has < had * (1 - MOST_LOST):
                got = (
                    f"{has:,.1f} km² of {who} on {snapshot.valid_on}, after {had:,.1f} on {earlier}"
                )
                why = "a loss of at most a quarter; --accept-shrink takes it as it is"
                return Rejection(noted.row, "area", got, why, noted.member, noted.rows)
        return None

    def _held_km2(self, snapshot: ControlSnapshot) -> dict[str, float]:
        """Measure the assessed ground by controller; each polygon is measured once."""
        held: dict[str, float] = {}
        for area in snapshot.areas:
            if area.shape is not None and area.status is ControlStatus.assessed:
                held[area.controller] = held.get(area.controller, 0.0) + self._area(area.shape)
        return held

    def _area(self, sha256: str) -> float:
        if sha256 not in self._km2:
            wkb = self._new.get(sha256) or self.store.shapes([sha256])[sha256]
            self._km2[sha256] = area_km2(shapely.from_wkb(wkb))
        return self._km2[sha256]


def _settled(
    several: list[_Waiting], known: ControlSnapshot | None
) -> tuple[_Waiting, list[Noted | Outcome]]:
    """Settle which snapshot of a day stands; the others follow, to be told as they deserve."""
    if several[0][0].is_layer:
        return _joined(several, known), []
    first = several[0]
    for one in several[1:]:
        first = one if _is_later(one[1], first[1]) else first
    others = list[Noted | Outcome]()
    for one in several:
        if _is_later(first[1], one[1]):
            others += _dropped([one[0]])
        elif one is not first:
            others.append(one[0])
    return first, others


def _dropped(several: Iterable[Noted | Outcome]) -> Iterator[Outcome]:
    """Drop snapshots for one of the same day that was assessed later, row by row."""
    for one in several:
        if isinstance(one, Noted):
            yield from [Dropped(one.row, SUPERSEDED)] * one.rows
        else:
            yield one


def _held_back(fault: Rejection, several: Iterable[Noted | Outcome]) -> Iterator[Outcome]:
    """Hold back a snapshot, and with it those that repeat its day."""
    for one in several:
        if isinstance(one, Noted):
            place = {"row": one.row, "member": one.member, "rows": one.rows}
            yield msgspec.structs.replace(fault, **place)
        else:
            yield one


def _is_later(one: ControlSnapshot, other: ControlSnapshot) -> bool:
    """Tell whether a snapshot was assessed after another; both must say when."""
    if one.assessed_at is None or other.assessed_at is None:
        return False
    return one.assessed_at > other.assessed_at


def _joined(several: list[_Waiting], known: ControlSnapshot | None) -> _Waiting:
    """Join the layers of one day; a layer that the record has is replaced by the new one."""
    areas = {area for _, snapshot in several for area in snapshot.areas}
    words = {area.word for area in areas}
    includes = {part for _, snapshot in several for part in snapshot.includes}
    if known is not None:
        areas |= {area for area in known.areas if area.word not in words}
        includes |= set(known.includes)
    noted, snapshot = several[0]
    whole = msgspec.structs.replace(
        snapshot,
        areas=tuple(sorted(areas, key=msgspec.json.encode)),
        includes=tuple(part for part in Baseline if part in includes),
    )
    payload = canonical(whole)
    joined = msgspec.structs.replace(
        noted,
        rows=sum(one.rows for one, _ in several),
        payload=payload,
        mark=fingerprint(payload),
        shapes={sha256: wkb for one, _ in several for sha256, wkb in one.shapes.items()},
    )
    return joined, whole
