"""The flow of a write: a file becomes outcomes, these a plan, the plan one transaction."""

from __future__ import annotations

import collections
import contextlib
import gc
import hashlib
import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import msgspec
import numpy as np

from app.domain.control import Baseline
from app.domain.errors import InputError, InvalidFile
from app.domain.mapping import TableMapping
from app.domain.place import E7, Bounds
from app.domain.revision import Action, Change, Subject, canonical
from app.domain.store import Current, Entry
from app.domain.terms import Dataset, DatasetKind
from app.importers.base import BadFieldError, Context, Dropped, Importer, Outcome, Rejection, Warned
from app.importers.choices import NO_CHOICES, ControlChoices
from app.importers.formats import recognised
from app.importers.members import Held, Member, held
from app.importers.native import day
from app.services.reading import Noted, agreed, noted, noted_members
from app.services.snapshots import Succession
from app.services.terms import terms_of
from app.services.workspace import Workspace

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
Progress = Callable[[int], None]
_First = tuple[int, bytes, str | None]
"""Where a key stood first: row, content and file. Small, since one is kept for every record."""

KINDS = {
    Subject.incident: DatasetKind.incidents,
    Subject.control: DatasetKind.control,
    Subject.wave: DatasetKind.waves,
}
"""The records that a dataset may hold, one sort each."""

MOST_WARNINGS = 20
MOST = 0.5
"""Share of a file's points from which on "most" is said of them."""


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
    choices: ControlChoices = NO_CHOICES
    table: TableMapping | None = None
    accept_shrink: bool = False
    id: str | None = None
    accessed: date | None = None


def accessed_on(given: str | None, today: date) -> date | None:
    """Read the day on which a file was taken from its publisher.

    Raises:
        InputError: no day, or one that is still to come.
    """
    if not given:
        return None
    try:
        told = day(given, "accessed")
    except BadFieldError as wrong:
        raise InputError(wrong.name, wrong.got, wrong.why) from wrong
    if told > today:
        raise InputError("accessed", given, f"a day up to today, {today}")
    return told


def choices_from(
    *, valid_on: str | None, baseline: str | None, **fields: str | None
) -> ControlChoices:
    """Read what a person says of a control file, as text of a command or a form.

    Raises:
        InputError: a day or a part that does not exist.
    """
    try:
        return ControlChoices(
            valid_on=day(valid_on, "valid-on") if valid_on else None,
            includes=tuple(Baseline(part.strip()) for part in (baseline or "").split(",") if part),
            **fields,
        )
    except BadFieldError as wrong:
        raise InputError(wrong.name, wrong.got, wrong.why) from wrong
    except ValueError as wrong:
        raise InputError("baseline", baseline, f"any of {', '.join(Baseline)}") from wrong


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


class Planned(NamedTuple):
    """One change of a plan, with the row that it came from and what it replaces."""

    report: Report
    noted: Noted
    change: Change
    known: Current | None


Watch = Callable[[Planned], None]


def import_file(  # noqa: PLR0913  an order, its stamp, and who looks on
    workspace: Workspace,
    order: Order,
    *,
    actor: str,
    now: datetime,
    progress: Progress | None = None,
    watch: Watch | None = None,
) -> Report:
    """Import a file, a folder or an archive in one transaction; a dry run writes nothing.

    `watch` sees every change as it is planned; when it raises, nothing is written.

    Raises:
        InvalidFile: the file as a whole cannot be taken; nothing was written.
        StoreBusy: another writer was faster; nothing was written.
    """
    name = order.name or order.path.name
    with held(order.path, name, workspace.max_file_bytes, recognised) as files:
        return _import_held(workspace, order, files, _Call(name, actor, now, progress, watch))


class _Call(NamedTuple):
    """What an import is stamped with, and who watches it."""

    name: str
    actor: str
    now: datetime
    progress: Progress | None
    watch: Watch | None


def _import_held(workspace: Workspace, order: Order, files: Held, call: _Call) -> Report:
    importer, why, members, faults = agreed(files, order.format, call.name)
    slug = _slug(order.dataset or importer.dataset or _slug_of(call.name))
    context = _context(workspace, order, slug)
    _check_terms(workspace, order, slug)
    report = Report(
        id=order.id or str(uuid4()),
        format=importer.name,
        why=why,
        dataset=slug,
        sha256=_sha256(order.path, members),
        dry_run=order.dry_run,
        rejections=faults,
        mapping=_mapping(importer, members),
    )
    dataset = _dataset(order, slug, importer, call.now)
    plan = _Plan(workspace, context, report, dataset, watch=call.watch)
    if files.is_many:
        outcomes = noted_members(importer, members, context)
    else:
        outcomes = noted(importer, members[0].source, context)
    succession = Succession(workspace.store, slug, order.accept_shrink)
    changes = plan.changes(succession.in_order(outcomes), call.progress)
    if order.dry_run:
        collections.deque(changes, maxlen=0)
        return report
    entry = Entry(call.now, call.actor, f"import of {call.name}")
    with _without_collector():
        head = workspace.store.write(changes, entry, plan.shapes)
    if plan.has_changes:
        report.version = head.seq
        workspace.index.after_write()
    return report


def _mapping(importer: Importer, members: Sequence[Member]) -> dict[str, str]:
    """Map the columns of the first file that can be read; the others are of the same format."""
    for member in members[:-1]:
        with contextlib.suppress(InputError):
            return importer.mapping(member.source)
    return importer.mapping(members[-1].source)


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    """Pause the search for cycles: an import makes millions of small values and no cycle."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _report_change(report: Report) -> Change:
    kept = msgspec.structs.replace(report, rejections=[], mapping={})
    return Change(Subject.report, report.id, Action.add, canonical(kept))


@dataclass
class _Plan:
    """Sorts outcomes into fates against what the record holds now."""

    workspace: Workspace
    context: Context
    report: Report
    dataset: Dataset
    shapes: dict[str, bytes] = field(default_factory=dict)
    has_changes: bool = False
    watch: Watch | None = None
    _kinds: set[Subject] = field(default_factory=set)
    _invented: set[bool] = field(default_factory=set)
    _dropped: Counter[str] = field(default_factory=Counter)
    _warned: dict[str, list[str | None]] = field(default_factory=dict)
    _seen: dict[str, _First] = field(default_factory=dict)
    _points: array[int] = field(default_factory=lambda: array("q"))

    def changes(
        self, outcomes: Iterable[Noted | Outcome], progress: Progress | None
    ) -> Iterator[Change]:
        """Take every outcome and yield what it changes, then look at the whole.

        Raises:
            InvalidFile: the file as a whole cannot be taken; may come after the last change.
        """
        current = {
            subject: self.workspace.store.current(subject, f"{self.context.dataset}/")
            for subject in KINDS
        }
        for count, outcome in enumerate(outcomes, 1):
            if isinstance(outcome, Noted):
                known = current[outcome.subject].get(outcome.key)
                change = self._sort(outcome, known)
                if change is not None:
                    if self.watch is not None:
                        self.watch(Planned(self.report, outcome, change, known))
                    yield from () if self.has_changes else self._dataset_change()
                    self.has_changes = True
                    yield change
            else:
                self._tell(outcome)
            if progress and count % 1000 == 0:
                progress(count)
        self._look_at_the_whole()
        if self.has_changes:
            yield _report_change(self.report)

    def _tell(self, outcome: Outcome) -> None:
        match outcome:
            case Dropped():
                self._dropped[outcome.reason] += 1
            case Rejection():
                self.report.rejections.append(outcome)
            case Warned():
                self._warned.setdefault(outcome.text, []).append(outcome.member)

    def _sort(self, noted: Noted, known: Current | None) -> Change | None:
        report = self.report
        self._kinds.add(noted.subject)
        self._invented.add(noted.is_invented)
        self._points.extend(noted.point)
        if noted.key in self._seen:
            self._again(noted, self._seen[noted.key])
            return None
        self._seen[noted.key] = (noted.row, noted.mark, noted.member)
        if _stands(known, noted):
            report.unchanged += noted.rows
            return None
        self.shapes.update(noted.shapes)
        if known is None:
            report.added += noted.rows
            return Change(noted.subject, noted.key, Action.add, noted.payload)
        report.amended += noted.rows
        action = Action.retract if noted.is_retracted else Action.amend
        return Change(noted.subject, noted.key, action, noted.payload)

    def _again(self, noted: Noted, first: _First) -> None:
        """A key for the second time: the same content is a duplicate, another event is a clash."""
        row, mark, member = first
        if noted.mark == mark:
            self.report.duplicates += noted.rows
            return
        where = f"row {row} of {member}" if member else f"row {row}"
        why = f"the key stands for another record already, in {where}"
        clash = Rejection(noted.row, "source_key", noted.name, why, noted.member, noted.rows)
        self.report.rejections.append(clash)

    def _look_at_the_whole(self) -> None:
        report, dropped = self.report, self._dropped
        report.dropped = dict(sorted(dropped.items()))
        report.rejections.sort(key=lambda one: (one.member or "", one.row))
        report.rejected = sum(one.rows for one in report.rejections)
        report.warnings = list(_told(self._warned))
        taken = report.added + report.amended + report.unchanged + report.duplicates
        report.rows = taken + report.rejected + dropped.total()
        if len(self._kinds) > 1:
            raise InvalidFile("file", "incidents and control areas", "one of the two in one file")
        if len(self._invented) > 1:
            raise InvalidFile("file", "invented and real records", "one of the two in one file")
        if not report.rows:
            raise InvalidFile("file", "no record", "at least one record")
        points = np.frombuffer(self._points, np.int64).reshape(-1, 2) / E7
        if looks_swapped(points, self.context.theatre.bounds):
            report.warnings.append(
                "Most points lie outside the theatre and would lie inside with longitude and "
                "latitude swapped: check the order of the columns (longitude first)."
            )

    def _dataset_change(self) -> Iterator[Change]:
        """Put the dataset's own revision in front when it is new; its first record says its sort.

        Raises:
            InputError: the slug stands for a dataset of another sort.
        """
        dataset = msgspec.structs.replace(
            self.dataset,
            kind=next((KINDS[one] for one in self._kinds), DatasetKind.incidents),
            synthetic=True in self._invented,
        )
        store, slug = self.workspace.store, dataset.slug
        if slug not in store.current(Subject.dataset, slug):
            yield Change(Subject.dataset, slug, Action.add, canonical(dataset))
        else:
            payload = store.history(Subject.dataset, slug)[-1].payload
            _check_same(dataset, payload)
            yield from _later_access(dataset, payload)


def _stands(known: Current | None, noted: Noted) -> bool:
    """Tell whether the record holds this very content; what an undo retracted does not stand."""
    if known is None or known.fingerprint != noted.mark:
        return False
    return noted.is_retracted or not known.is_retracted


def _later_access(dataset: Dataset, payload: bytes | None) -> Iterator[Change]:
    """Note that a dataset was taken from its publisher again; credits may have to say the day."""
    known = None if payload is None else msgspec.json.decode(payload, type=Dataset)
    if (
        known is None
        or dataset.accessed is None
        or dataset.accessed <= (known.accessed or date.min)
    ):
        return
    later = msgspec.structs.replace(known, accessed=dataset.accessed)
    yield Change(Subject.dataset, dataset.slug, Action.amend, canonical(later))


def _check_same(dataset: Dataset, payload: bytes | None) -> None:
    """Keep what must not mix apart: a dataset holds one kind, of one theatre, real or invented.

    Raises:
        InputError: the slug stands for a dataset of another sort.
    """
    if payload is None:
        return
    known = msgspec.json.decode(payload, type=Dataset)
    sort = (known.kind, known.theatre, known.synthetic)
    if sort != (dataset.kind, dataset.theatre, dataset.synthetic):
        invented = "invented " if known.synthetic else "real "
        holds = f"{invented}{known.kind} of the theatre {known.theatre}"
        raise InputError("dataset", dataset.slug, f"another slug; this dataset holds {holds}")


def _check_terms(workspace: Workspace, order: Order, slug: str) -> None:
    """Refuse terms that differ from a dataset's own: an import adds records, it changes no terms.

    Raises:
        InputError: with the command that does change them.
    """
    known = workspace.index.snapshot().datasets.get(slug)
    if known and order.licence and order.licence != known.licence:
        allowed = f"{known.licence}; `strikemap datasets set {slug} --terms …` changes it"
        raise InputError("terms", order.licence, allowed)


def looks_swapped(points: np.ndarray, bounds: Bounds) -> bool:
    """Tell whether most points (rows of lon, lat) fit the box only with their axes swapped."""
    if not len(points):
        return False

    def inside(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
        in_lon = (lon >= bounds.west) & (lon <= bounds.east)
        return np.asarray(in_lon & (lat >= bounds.south) & (lat <= bounds.north))

    outside = ~inside(points[:, 0], points[:, 1])
    swapped = inside(points[:, 1], points[:, 0])
    return bool((outside & swapped).mean() > MOST)


def _context(workspace: Workspace, order: Order, slug: str) -> Context:
    theatres = workspace.reference.theatres
    if order.theatre not in theatres:
        raise InputError("theatre", order.theatre, ", ".join(theatres))
    regions = workspace.reference.region_set(order.theatre).regions
    theatre = theatres[order.theatre]
    synthetic = order.synthetic or theatre.synthetic
    taxonomy = workspace.reference.taxonomy
    settlements = workspace.reference.settlements(order.theatre)
    told = (theatre, regions, taxonomy, synthetic, order.choices, order.table)
    return Context(slug, *told, settlements=settlements)


def _dataset(order: Order, slug: str, importer: Importer, now: datetime) -> Dataset:
    licence = order.licence or importer.licence
    return Dataset(
        slug=slug,
        name=order.title or importer.publisher or slug,
        kind=DatasetKind.incidents,
        theatre=order.theatre,
        publisher=importer.publisher,
        licence=licence,
        attribution=order.attribution,
        accessed=order.accessed or now.date(),
        terms=terms_of(licence),
    )


def _told(warned: Mapping[str, list[str | None]]) -> Iterator[str]:
    """Tell each warning once, with the file that it speaks of and how many others share it."""
    for number, (text, members) in enumerate(warned.items()):
        first, *others = members
        if first is not None and number >= MOST_WARNINGS:
            yield f"{len(warned) - number:,} other warnings in other files."
            return
        more = f" (and {len(others):,} more files)" if others and first else ""
        yield f"{first}{more}: {text}" if first else text


def _slug(given: str) -> str:
    if not SLUG.fullmatch(given):
        raise InputError("dataset", given, "a slug: lower-case letters, digits and hyphens")
    return given


def _slug_of(name: str) -> str:
    stem = re.sub(r"[^a-z0-9]+", "-", Path(name).stem.lower()).strip("-")[:60]
    return stem or "dataset"


def _sha256(path: Path, members: Sequence[Member]) -> str:
    """Hash a file; of a folder, the names and hashes of its files."""
    if not path.is_dir():
        return _file_sha256(path)
    lines = (f"{_file_sha256(one.source.path)}  {one.path}\n" for one in members)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _file_sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
