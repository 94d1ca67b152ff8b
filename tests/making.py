"""Makes invented records for tests: values have quiet defaults, so a test names what matters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec

from app.domain.control import Baseline, ControlArea, ControlSnapshot
from app.domain.incident import Incident, Status, incident_id
from app.domain.period import When
from app.domain.place import LonLat, Place, Precision
from app.domain.revision import Action, Change, Head, Subject, canonical
from app.domain.store import Entry, Store
from app.domain.terms import OPEN, Audience, Dataset, DatasetKind
from app.index.live import Index
from app.instance.workspace import Workspace
from app.reference.reference import Reference
from app.store.sqlite import SqliteStore

ROOT = Path(__file__).resolve().parent.parent
GEODATA = ROOT / "geodata"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
DAY = date(2025, 10, 24)
KYIV = LonLat(30.52, 50.45)


def open_workspace(
    folder: Path,
    reference: Reference,
    *,
    audience: Audience = Audience.private,
    delta_rows: int = 20_000,
) -> Workspace:
    """Open an instance on reference data that is loaded already."""
    store = SqliteStore(folder / "record.sqlite")
    index = Index(folder / "index", store, reference, delta_rows)
    return Workspace(store, index, reference, audience, "ukraine", 1 << 20, folder / "archive")


def incident(key: str = "a", **changes: Any) -> Incident:
    """Make a strike in Kyiv on 24 October 2025 of which nothing else is known."""
    dataset = changes.pop("dataset", "invented")
    plain = Incident(
        id=incident_id(dataset, key),
        dataset=dataset,
        source_key=key,
        when=When.days(DAY),
        place=Place.at(KYIV, Precision.exact),
    )
    return msgspec.structs.replace(plain, **changes)


def dataset(slug: str = "invented", **changes: Any) -> Dataset:
    """Make a dataset in Ukraine's theatre that may leave whole."""
    plain = Dataset(
        slug=slug,
        name=slug.capitalize(),
        kind=DatasetKind.incidents,
        theatre="ukraine",
        licence="CC0-1.0",
        terms=OPEN,
    )
    return msgspec.structs.replace(plain, **changes)


def snapshot(shape: str, valid_on: date = DAY, dataset: str = "lines") -> ControlSnapshot:
    """Make one day's control: a single area, by the hash of its polygon."""
    areas = (ControlArea("ru", shape=shape),)
    return ControlSnapshot(
        dataset=dataset, valid_on=valid_on, areas=areas, includes=(Baseline.main,)
    )


def change(record: Incident | Dataset | ControlSnapshot, action: Action = Action.add) -> Change:
    """Turn a record into what a write takes."""
    if isinstance(record, Incident):
        key = f"{record.dataset}/{record.id}"
        gone = record.status is Status.retracted and action is Action.amend
        return Change(Subject.incident, key, Action.retract if gone else action, canonical(record))
    if isinstance(record, Dataset):
        return Change(Subject.dataset, record.slug, action, canonical(record))
    return Change(Subject.control, record.key, action, canonical(record))


def write(
    store: Store,
    changes: Iterable[Change],
    at: datetime = NOON,
    shapes: Mapping[str, bytes] | None = None,
) -> Head:
    """Write in one transaction, as a test."""
    return store.write(list(changes), Entry(at, "tester", "a test"), shapes or {})


def add(store: Store, *records: Incident | Dataset | ControlSnapshot, at: datetime = NOON) -> Head:
    """Add records in one transaction."""
    return write(store, map(change, records), at)
