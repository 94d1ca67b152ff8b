"""The plan of an import: every outcome gets its fate against what the record holds now."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import NamedTuple

import msgspec
import numpy as np

from app.domain.errors import InputError, InvalidFile
from app.domain.incident import Incident, Status
from app.domain.place import E7, Bounds
from app.domain.revision import Action, Change, Revision, Subject, canonical
from app.domain.store import Current
from app.domain.terms import Dataset, DatasetKind
from app.files.source import Rejection
from app.importers.base import Context, Dropped, Outcome, Warned
from app.instance.workspace import Workspace
from app.intake.hand_edits import Settled, Writer, settled, writers
from app.intake.reading import Noted

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

_INCIDENT = msgspec.json.Decoder(Incident)


class Report(msgspec.Struct, kw_only=True):
    """What became of every row: `rows` is the sum of the seven fates.

    `edits_kept` are records in which something that a person edited stays as it is, and
    `edits_replaced` those in which the order said that the file's value goes over it.
    """

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
    conflicts: int = 0
    conflicting: list[Rejection] = []
    edits_kept: int = 0
    edits_replaced: int = 0
    warnings: list[str] = []
    mapping: dict[str, str] = {}
    version: int | None = None


class Planned(NamedTuple):
    """One change of a plan, with the row that it came from."""

    report: Report
    noted: Noted
    change: Change


Watch = Callable[[Planned], None]


def _report_change(report: Report, reading: str) -> Change:
    kept = msgspec.structs.replace(report, rejections=[], conflicting=[], mapping={})
    payload = canonical({**msgspec.to_builtins(kept), "reading": reading})
    return Change(Subject.report, report.id, Action.add, payload)


@dataclass
class Plan:
    """Sorts outcomes into fates against what the record holds now."""

    workspace: Workspace
    context: Context
    report: Report
    dataset: Dataset
    reading: str = ""
    over_edits: bool = False
    shapes: dict[str, bytes] = field(default_factory=dict)
    has_changes: bool = False
    watch: Watch | None = None
    _kinds: set[Subject] = field(default_factory=set)
    _invented: set[bool] = field(default_factory=set)
    _dropped: Counter[str] = field(default_factory=Counter)
    _warned: dict[str, list[str | None]] = field(default_factory=dict)
    _seen: dict[str, _First] = field(default_factory=dict)
    _points: array[int] = field(default_factory=lambda: array("q"))
    _edited: set[str] = field(default_factory=set)

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
        self._edited = self.workspace.store.edited(Subject.incident, f"{self.context.dataset}/")
        for count, outcome in enumerate(outcomes, 1):
            if isinstance(outcome, Noted):
                known = current[outcome.subject].get(outcome.key)
                change = self._sort(outcome, known)
                if change is not None:
                    if self.watch is not None:
                        self.watch(Planned(self.report, outcome, change))
                    yield from () if self.has_changes else self._dataset_change()
                    self.has_changes = True
                    yield change
            else:
                self._tell(outcome)
            if progress and count % 1000 == 0:
                progress(count)
        self._look_at_the_whole()
        if self.has_changes:
            yield _report_change(self.report, self.reading)

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
        if known is None:
            self.shapes.update(noted.shapes)
            report.added += noted.rows
            return Change(noted.subject, noted.key, Action.add, noted.payload)
        payload, is_retracted = noted.payload, noted.is_retracted
        if noted.subject is Subject.incident and noted.key in self._edited:
            heard = self._heard(noted)
            if heard is None:
                return None
            payload, is_retracted = heard
        self.shapes.update(noted.shapes)
        report.amended += noted.rows
        action = Action.retract if is_retracted else Action.amend
        return Change(noted.subject, noted.key, action, payload, replaces=known.seq)

    def _heard(self, noted: Noted) -> tuple[bytes, bool] | None:
        """Hear the edits of a record; returns what to write, None when nothing is."""
        past = self.workspace.store.history(noted.subject, noted.key)
        both = settled(past, _INCIDENT.decode(noted.payload), self._writer)
        if both is None or not (both.kept or both.conflicts):
            return noted.payload, noted.is_retracted
        if self.over_edits:
            self.report.edits_replaced += 1
            return noted.payload, noted.is_retracted
        if both.conflicts:
            self._conflict(noted, both)
            return None
        self.report.edits_kept += 1
        payload = canonical(both.incident)
        if payload == past[-1].payload:
            self.report.unchanged += noted.rows
            return None
        return payload, both.incident.status is Status.retracted

    def _conflict(self, noted: Noted, both: Settled) -> None:
        self.report.conflicts += noted.rows
        self.report.conflicting += [
            Rejection(noted.row, *one, noted.member, noted.rows) for one in both.conflicts
        ]

    @cached_property
    def _writer(self) -> Callable[[Revision], Writer]:
        return writers(self.workspace.store)

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
        report.conflicting.sort(key=lambda one: (one.member or "", one.row))
        report.warnings = [*_told(self._warned), *_of_edits(report)]
        taken = report.added + report.amended + report.unchanged + report.duplicates
        report.rows = taken + report.conflicts + report.rejected + dropped.total()
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


def _of_edits(report: Report) -> Iterator[str]:
    if report.edits_kept:
        yield f"What people edited by hand stays as it is in {report.edits_kept:,} records."
    if report.edits_replaced:
        yield f"The file goes over what people edited by hand in {report.edits_replaced:,} records."
    if report.conflicts:
        yield (
            f"{report.conflicts:,} rows were left out: people edited by hand what the file changed "
            "as well. --over-edits (over_edits=true) takes the file's values."
        )


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


def _told(warned: Mapping[str, list[str | None]]) -> Iterator[str]:
    """Tell each warning once, with the file that it speaks of and how many others share it."""
    for number, (text, members) in enumerate(warned.items()):
        first, *others = members
        if first is not None and number >= MOST_WARNINGS:
            yield f"{len(warned) - number:,} other warnings in other files."
            return
        more = f" (and {len(others):,} more files)" if others and first else ""
        yield f"{first}{more}: {text}" if first else text
