"""The flow of a write: a file becomes outcomes, outcomes become a plan, the plan one transaction."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import msgspec
import numpy as np

from app.domain.control import ControlSnapshot
from app.domain.errors import InputError, InvalidFile, TooLarge
from app.domain.incident import Incident, Status
from app.domain.place import E7, Bounds
from app.domain.revision import Action, Change, Subject, canonical, fingerprint
from app.domain.terms import LICENCES, Dataset, DatasetKind
from app.importers.base import Context, Dropped, Found, Outcome, Rejection, Source, Warned
from app.importers.formats import choose
from app.services.workspace import Workspace
from app.store.base import Current, Entry

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Order:
    """What somebody asked to import, and how."""

    path: Path
    name: str | None = None
    format: str = "auto"
    dataset: str | None = None
    theatre: str = "ukraine"
    licence: str | None = None
    title: str | None = None
    attribution: str | None = None
    synthetic: bool = False
    dry_run: bool = False


class Report(msgspec.Struct, kw_only=True):
    """What became of every row: `rows` is the sum of the six fates (DESIGN 5.1)."""

    id: str
    format: str
    why: str
    dataset: str
    sha256: str
    dry_run: bool
    rows: int = 0
    added: int = 0
    amended: int = 0
    unchanged: int = 0
    retracted: int = 0
    duplicates: int = 0
    dropped: dict[str, int] = {}
    rejected: int = 0
    rejections: list[Rejection] = []
    warnings: list[str] = []
    mapping: dict[str, str] = {}
    version: int | None = None


def import_file(
    workspace: Workspace, order: Order, *, actor: str, now: datetime, progress: Progress | None = None
) -> Report:
    """Import one file in one transaction; a dry run plans the same and writes nothing.

    Raises:
        InvalidFile: the file as a whole cannot be taken; nothing was written.
        StoreBusy: another writer was faster; nothing was written.
    """
    source = Source.open(order.path, order.name)
    _bound(source, workspace.max_file_bytes)
    importer, why = choose(source, order.format)
    slug = _slug(order.dataset or importer.dataset or _slug_of(source.name))
    context = _context(workspace, order, slug)
    report = Report(
        id=str(uuid4()),
        format=importer.name,
        why=why,
        dataset=slug,
        sha256=_sha256(order.path),
        dry_run=order.dry_run,
        mapping=importer.mapping(source),
    )
    plan = _Plan(workspace, context, report)
    plan.gather(importer.read(source, context), progress)
    dataset = _dataset(order, slug, importer.publisher, importer.licence, plan, now)
    changes = plan.changes_with(dataset, workspace)
    if changes and not order.dry_run:
        changes.append(_report_change(report))
        entry = Entry(now, actor, f"import of {source.name}")
        report.version = workspace.store.write(changes, entry, plan.shapes).seq
        changes.clear()
        plan.changes.clear()
        workspace.index.after_write()
    return report


def _report_change(report: Report) -> Change:
    kept = msgspec.structs.replace(report, rejections=[], mapping={})
    return Change(Subject.report, report.id, Action.add, canonical(kept))


@dataclass
class _Plan:
    """Sorts outcomes into fates against what the record holds now."""

    workspace: Workspace
    context: Context
    report: Report
    changes: list[Change] = field(default_factory=list)
    shapes: dict[str, bytes] = field(default_factory=dict)
    kinds: set[DatasetKind] = field(default_factory=set)
    _seen: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    _points: list[tuple[int, int]] = field(default_factory=list)

    def gather(self, outcomes: Iterable[Outcome], progress: Progress | None) -> None:
        """Take every outcome, then look at the whole."""
        report, dropped = self.report, Counter[str]()
        current = {
            subject: self.workspace.store.current(subject, f"{self.context.dataset}/")
            for subject in (Subject.incident, Subject.control)
        }
        for count, outcome in enumerate(outcomes, 1):
            match outcome:
                case Found():
                    self._found(outcome, current)
                case Dropped():
                    dropped[outcome.reason] += 1
                case Rejection():
                    report.rejections.append(outcome)
                case Warned():
                    report.warnings.append(outcome.text)
            if progress and count % 1000 == 0:
                progress(count)
        report.dropped = dict(sorted(dropped.items()))
        report.rejected = len(report.rejections)
        report.rows = (
            report.added + report.amended + report.unchanged + report.duplicates + report.rejected
        ) + dropped.total()
        self._look_at_the_whole()

    def _found(self, found: Found, current: dict[Subject, dict[str, Current]]) -> None:
        record = found.record
        if isinstance(record, Incident):
            subject, key = Subject.incident, f"{record.dataset}/{record.id}"
            self.kinds.add(DatasetKind.incidents)
            if record.place.lon_e7 is not None and record.place.lat_e7 is not None:
                self._points.append((record.place.lon_e7, record.place.lat_e7))
        else:
            subject, key = Subject.control, record.key
            self.kinds.add(DatasetKind.control)
        payload = canonical(record)
        mark = fingerprint(payload)
        if key in self._seen:
            self._again(found, mark, *self._seen[key])
            return
        self._seen[key] = (found.row, mark)
        self._sort(found, record, Change(subject, key, Action.add, payload),
                   mark, current[subject].get(key))

    def _sort(self, found: Found, record: Incident | ControlSnapshot, change: Change, mark: bytes,
              known: Current | None) -> None:
        report = self.report
        gone = isinstance(record, Incident) and record.status is Status.retracted
        if known is not None and known.fingerprint == mark:
            report.unchanged += found.rows
            return
        if known is None:
            report.added += found.rows
        else:
            report.amended += found.rows
            action = Action.retract if gone else Action.amend
            change = msgspec.structs.replace(change, action=action)
        self.shapes.update(found.shapes)
        self.changes.append(change)

    def _again(self, found: Found, mark: bytes, first_row: int, first_mark: bytes) -> None:
        """A key for the second time: the same content is a duplicate, another event is a clash."""
        if mark == first_mark:
            self.report.duplicates += found.rows
            return
        record = found.record
        key = record.source_key if isinstance(record, Incident) else str(record.valid_on)
        why = f"the key stands for another record already, in row {first_row}"
        self.report.rejections.append(Rejection(found.row, "source_key", str(key), why))

    def _look_at_the_whole(self) -> None:
        report = self.report
        if len(self.kinds) > 1:
            raise InvalidFile("file", "incidents and control areas", "one of the two in one file")
        if not report.rows:
            raise InvalidFile("file", "no record", "at least one record")
        points = np.array(self._points, np.int64).reshape(-1, 2) / E7
        if looks_swapped(points, self.context.theatre.bounds):
            report.warnings.append(
                "Most points lie outside the theatre and would lie inside with longitude and "
                "latitude swapped: check the order of the columns (longitude first)."
            )

    def changes_with(self, dataset: Dataset, workspace: Workspace) -> list[Change]:
        """Add the dataset's own revision in front when it is new or was changed on purpose."""
        if not self.changes:
            return self.changes
        known = workspace.store.current(Subject.dataset, dataset.slug).get(dataset.slug)
        if known is None:
            change = Change(Subject.dataset, dataset.slug, Action.add, canonical(dataset))
            self.changes.insert(0, change)
        return self.changes


def looks_swapped(points: np.ndarray, bounds: Bounds) -> bool:
    """Tell whether most points (rows of lon, lat) fit the box only with their axes swapped."""
    if not len(points):
        return False

    def inside(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
        in_lon = (lon >= bounds.west) & (lon <= bounds.east)
        return np.asarray(in_lon & (lat >= bounds.south) & (lat <= bounds.north))

    outside = ~inside(points[:, 0], points[:, 1])
    swapped = inside(points[:, 1], points[:, 0])
    return bool((outside & swapped).mean() > 0.5)  # noqa: PLR2004  "most"


def _context(workspace: Workspace, order: Order, slug: str) -> Context:
    theatres = workspace.reference.theatres
    if order.theatre not in theatres:
        raise InputError("theatre", order.theatre, ", ".join(theatres))
    regions = workspace.reference.region_set(order.theatre).at(1)
    theatre = theatres[order.theatre]
    synthetic = order.synthetic or theatre.synthetic
    return Context(slug, theatre, regions, workspace.reference.taxonomy, synthetic)


def _dataset(  # noqa: PLR0913
    order: Order, slug: str, publisher: str | None, licence: str, plan: _Plan, now: datetime
) -> Dataset:
    licence = order.licence or licence
    if licence not in LICENCES:
        raise InputError("terms", licence, ", ".join(LICENCES))
    return Dataset(
        slug=slug,
        name=order.title or publisher or slug,
        kind=next(iter(plan.kinds), DatasetKind.incidents),
        theatre=order.theatre,
        publisher=publisher,
        licence=licence,
        attribution=order.attribution,
        accessed=now.date(),
        terms=LICENCES[licence],
        synthetic=plan.context.synthetic,
    )


def _bound(source: Source, most: int) -> None:
    size = source.path.stat().st_size
    if size > most:
        raise TooLarge(f"size of {source.name}", f"{size:,} bytes", f"at most {most:,} bytes")


def _slug(given: str) -> str:
    if not SLUG.fullmatch(given):
        raise InputError("dataset", given, "a slug: lower-case letters, digits and hyphens")
    return given


def _slug_of(name: str) -> str:
    stem = re.sub(r"[^a-z0-9]+", "-", Path(name).stem.lower()).strip("-")[:60]
    return stem or "dataset"


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
