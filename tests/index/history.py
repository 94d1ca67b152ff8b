"""Writes an invented history and answers Views on it by plain loops over decoded incidents."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import shapely

from app.domain.count import Count, Toll
from app.domain.damage import Damage, Grade
from app.domain.drawn_area import DrawnArea
from app.domain.incident import EventKind, Incident, Status
from app.domain.period import When
from app.domain.place import LonLat, Place, Precision
from app.domain.region import Region
from app.domain.revision import Action, Change, Subject
from app.domain.terms import OPEN, Audience, Face
from app.domain.view import View
from app.index.live import Index
from app.index.state import State
from app.instance.workspace import Workspace
from app.publishing.publish import Published, publish
from app.publishing.query import Query
from app.reference.reference import Reference
from tests.making import NOON, change, dataset, incident, open_workspace, write

HOUR = timedelta(hours=1)
NOW = NOON + timedelta(days=10)
FIRST = date(2025, 10, 1)
UKRAINIAN = ("alpha", "beta", "late")
CITIES = (LonLat(30.52, 50.45), LonLat(36.23, 49.99), LonLat(35.05, 48.46))
STATED = (None, None, "UA-30", "UA-63", "UA-12", "ZZ-9")
"""Regions as sources state them: mostly not at all, once a code that no set has."""

MANY = 1_000_000
"""A delta that never grows too large, so that only a test decides when an index is rebuilt."""


@dataclass
class History:
    """What was recorded, and the indexes over it by how they came about."""

    reference: Reference
    workspaces: dict[str, Workspace]
    revisions: list[tuple[int, str, Incident]] = field(default_factory=list)
    writes: list[tuple[datetime, int]] = field(default_factory=list)

    def standing(self, seq: int) -> dict[str, tuple[int, Incident]]:
        """Return the newest revision of every incident as known at a commit, by key."""
        return {key: (number, one) for number, key, one in self.revisions if number <= seq}

    def seq_at(self, instant: datetime | None) -> int:
        """Return the last sequence of the writes up to an instant."""
        seqs = [seq for at, seq in self.writes if instant is None or at <= instant]
        return seqs[-1] if seqs else 0

    def expected(self, view: View) -> set[int]:
        """Answer a View for a private reader by looking at every incident: the law's other side."""
        regions = self.reference.region_set(view.theatre).regions
        return {
            number
            for number, one in self.standing(self.seq_at(view.as_of)).values()
            if means(view, one, regions)
        }

    def close(self) -> None:
        """Let go of the record."""
        self.workspaces["stepped"].store.close()


def published(workspace: Workspace, view: View, state: State | None = None) -> Published:
    """Publish a View to a private reader."""
    pinned = state or workspace.state()
    return publish(Query(workspace, pinned, view, NOW), Face.aggregates)


def means(view: View, incident: Incident, regions: tuple[Region, ...]) -> bool:
    """Tell whether a View means an incident, field by field (docs/counting.md)."""
    statuses = view.statuses or tuple(status for status in Status if status != "retracted")
    damaged = {damage.sector for damage in incident.damage if damage.grade is not Grade.none}
    low = (
        incident.killed.total.best
        if incident.killed.total.low is None
        else incident.killed.total.low
    )
    return (
        incident.dataset in view.datasets
        and in_period(view, incident.when)
        and incident.status in statuses
        and incident.kind in (view.kinds or ("strike", "other_harm"))
        and (not view.weapons or any(is_of(weapon, view.weapons) for weapon in incident.weapons))
        and (not view.sectors or bool(damaged & set(view.sectors)))
        and (view.min_killed is None or (low is not None and low >= view.min_killed))
        and (not view.regions or region_of(incident.place, regions) in view.regions)
        and (view.bbox is None or in_box(view, incident.place))
        and (view.within is None or lies_in(view.within, incident.place))
    )


def in_period(view: View, when: When) -> bool:
    if when.first is None or when.last is None:
        return False
    first, last = view.first or date.min, view.last or date.max
    if when.is_long:
        return first <= when.first and when.last <= last
    return when.first <= last and when.last >= first


def is_of(weapon: str, classes: tuple[str, ...]) -> bool:
    return weapon in classes or weapon.partition(".")[0] in classes


def in_box(view: View, place: Place) -> bool:
    assert view.bbox is not None
    west, south, east, north = (round(side * 1e7) for side in view.bbox)
    return (
        place.lon_e7 is not None
        and place.lat_e7 is not None
        and place.is_drawable
        and (
            west <= place.lon_e7 <= east
            if west < east
            else place.lon_e7 >= west or place.lon_e7 <= east
        )
        and south <= place.lat_e7 <= north
    )


def lies_in(area: DrawnArea, place: Place) -> bool:
    """Tell whether a mark lies in an area or on its edge; without a mark nothing does."""
    if place.point is None or not place.is_drawable:
        return False
    return bool(shapely.Polygon(area.corners).intersects(shapely.Point(place.point)))


def region_of(place: Place, regions: tuple[Region, ...]) -> str | None:
    """Name the region as stated, where a set knows the code, else the one the point lies in."""
    if place.admin1 in {region.code for region in regions}:
        return place.admin1
    if place.point is None or place.precision is Precision.country:
        return None
    point = shapely.Point(place.point)
    return next((region.code for region in regions if region.shape.contains(point)), None)


def write_history(folder: Path, reference: Reference) -> History:
    """Write four times; one index follows step by step, one is built between, one at the end."""
    dice = random.Random(20251024)  # noqa: S311  a fixed seed, not a secret
    stepped = open_workspace(folder, reference, audience=Audience.private, delta_rows=MANY)
    history = History(reference, {"stepped": stepped})
    stepped.index.generations.rebuild()
    _write(history, dice, ["alpha", "beta"], new=260, again=0)
    stepped.index.state()
    _write(history, dice, ["alpha", "beta"], new=40, again=80)
    stepped.index.state()
    history.workspaces["between"] = _beside(folder, "between", stepped)
    history.workspaces["between"].index.generations.rebuild()
    _write(history, dice, ["alpha", "beta", "late"], new=60, again=80)
    history.workspaces["between"].index.state()
    _write(history, dice, ["alpha", "late"], new=30, again=120)
    history.workspaces["rebuilt"] = _beside(folder, "rebuilt", stepped)
    history.workspaces["rebuilt"].index.generations.rebuild()
    return history


def _beside(folder: Path, name: str, stepped: Workspace) -> Workspace:
    """Index the same record in a folder of its own."""
    index = Index(folder / name, stepped.store, stepped.reference, MANY)
    return replace(stepped, index=index)


def _write(
    history: History, dice: random.Random, slugs: list[str], *, new: int, again: int
) -> None:
    store = history.workspaces["stepped"].store
    standing = history.standing(store.head().seq)
    at = NOON + len(history.writes) * HOUR
    new_slugs = [slug for slug in slugs if slug not in store.current(Subject.dataset)]
    changes: list[Change] = [change(dataset(slug, terms=OPEN)) for slug in new_slugs]
    records: list[Incident | None] = [None] * len(changes)
    for number in range(new):
        record = _invent(dice, dice.choice(slugs), f"{len(history.writes)}-{number}")
        changes.append(change(record))
        records.append(record)
    for key in dice.sample(sorted(standing), again):
        old = standing[key][1]
        record = _invent(dice, old.dataset, old.source_key or "")
        changes.append(change(record, Action.amend))
        records.append(record)
    head = write(store, changes, at)
    first = head.seq - len(changes) + 1
    history.revisions += [
        (seq, entry.key, record)
        for seq, (entry, record) in enumerate(zip(changes, records, strict=True), first)
        if record is not None
    ]
    history.writes.append((at, head.seq))


def _invent(dice: random.Random, slug: str, key: str) -> Incident:
    sectors = dice.sample(["energy", "health", "residential", "port"], dice.choice([0, 0, 1, 2]))
    return incident(
        key,
        dataset=slug,
        when=_when(dice),
        place=_place(dice),
        weapons=tuple(
            dice.sample(["missile.cruise", "missile", "drone.fpv", "mine"], dice.choice([0, 1, 2]))
        ),
        killed=_toll(dice),
        injured=_toll(dice),
        damage=tuple(
            Damage(sector, grade=dice.choice(list(Grade)), count=dice.choice([None, 1, 3]))
            for sector in sectors
        ),
        status=dice.choice([*Status, Status.reported, Status.verified]),
        kind=dice.choice([EventKind.strike, *EventKind]),
        contradiction=dice.choice([None, None, None, "killed: low 9, best 1, high 2"]),
    )


def _when(dice: random.Random) -> When:
    first = FIRST + timedelta(days=dice.randrange(40))
    kind = dice.randrange(10)
    if kind == 0:
        return When.days(None)
    if kind == 1:
        start = datetime(first.year, first.month, first.day, dice.randrange(24), tzinfo=UTC)
        return When.instants(start, start + dice.choice([0, 47, 49]) * HOUR, "Europe/Kyiv")
    return When.days(first, first + timedelta(days=dice.choice([0, 0, 0, 1, 1, 2, 9])))


def _place(dice: random.Random) -> Place:
    free = LonLat(round(dice.uniform(20, 42), 5), round(dice.uniform(43, 54), 5))
    point = dice.choice([None, free, free, *CITIES])
    return Place.at(point, dice.choice(list(Precision)), admin1=dice.choice(STATED))


def _toll(dice: random.Random) -> Toll:
    low = dice.randrange(8)
    choices = [
        Toll(),
        Toll(),
        Toll.of(Count(low, None, None)),
        Toll.of(Count(low, low + 1, low + 3)),
        Toll.of(Count(None, low, None)),
        Toll.of(civilian=Count.exactly(low), military=Count(1, None, None)),
    ]
    return dice.choice(choices)
