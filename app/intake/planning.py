"""The plan of an import: what becomes of every row, compared with what the record holds now."""

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

from app.domain.errors import LONGEST_GOT, InputError, InvalidFile
from app.domain.incident import Status, decode_incident, is_derived
from app.domain.place import E7, LonLat
from app.domain.revision import Action, Change, Revision, Subject, canonical
from app.domain.store import Current
from app.domain.terms import Dataset, DatasetKind
from app.files.source import Rejection
from app.importers.base import Context, Dropped, Outcome, Warned
from app.instance.workspace import Workspace
from app.intake.hand_edits import Combined, Writer, combine, writers
from app.intake.reading import RowRecord, keyed_by_id
from app.intake.theatre_advice import Advice, advice_on, swapped_notes

Progress = Callable[[int], None]
_First = tuple[int, bytes, str | None]
"""Where a key stood first: row, content and file. Small, since every record of a file has one."""

KINDS = {
    Subject.incident: DatasetKind.incidents,
    Subject.control: DatasetKind.control,
    Subject.wave: DatasetKind.waves,
}
"""The records that a dataset may hold; each dataset holds one kind."""

UNREAD_ALLOWED = "a corrected mapping, or one without this column; --dry-run lists every row"
ID_ALLOWED = "an id that no record of another dataset has, or a source_key"
MOST_WARNINGS = 20


class Report(msgspec.Struct, kw_only=True):
    """What became of every row: `rows` is the sum of the seven counts.

    `edits_kept` counts records in which a part that a person edited stays as it is, and
    `edits_replaced` those in which the file's value replaced it, as the options ask for.
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
    advice: Advice | None = None
    """In which theatre most points lie, or several of them."""

    refused: str | None = None
    """Why too little of the file can be read; a command that gets it fails."""


class Planned(NamedTuple):
    """One change of a plan, with the row that it came from."""

    report: Report
    record: RowRecord
    change: Change


Watch = Callable[[Planned], None]


def _report_change(report: Report, reading: str) -> Change:
    counts = msgspec.structs.replace(report, rejections=[], conflicting=[], mapping={}, advice=None)
    fields = msgspec.to_builtins(counts)
    del fields["refused"], fields["advice"]  # a report that is written was not refused
    payload = canonical({**fields, "reading": reading})
    return Change(Subject.report, report.id, Action.add, payload)


@dataclass
class Plan:
    """Compares every outcome with what the record holds now, and counts it in a report."""

    workspace: Workspace
    context: Context
    report: Report
    dataset: Dataset
    reading: str = ""
    over_edits: bool = False
    is_theatre_stated: bool = True
    today: date = date.max
    """The day of the import, in the theatre's zone."""

    shapes: dict[str, bytes] = field(default_factory=dict)
    has_changes: bool = False
    watch: Watch | None = None
    _kinds: set[Subject] = field(default_factory=set)
    _invented: set[bool] = field(default_factory=set)
    _dropped: Counter[str] = field(default_factory=Counter)
    _warned: dict[str, list[str | None]] = field(default_factory=dict)
    _seen: dict[str, _First] = field(default_factory=dict)
    _points: array[int] = field(default_factory=lambda: array("q"))
    _rows: array[int] = field(default_factory=lambda: array("q"))
    _to_come: list[int] = field(default_factory=list)
    _abroad: list[LonLat] = field(default_factory=list)
    _edited: set[str] = field(default_factory=set)

    def changes(
        self, outcomes: Iterable[RowRecord | Outcome], progress: Progress | None
    ) -> Iterator[Change]:
        """Yield what each outcome changes, then complete and check the report.

        Raises:
            InvalidFile: the file as a whole cannot be taken; may come after the last change.
        """
        current = {
            subject: self.workspace.store.current(subject, f"{self.context.dataset}/")
            for subject in KINDS
        }
        self._edited = self.workspace.store.edited(Subject.incident, f"{self.context.dataset}/")
        for count, outcome in enumerate(outcomes, 1):
            if isinstance(outcome, RowRecord):
                records = current[outcome.subject]
                record = self._with_key(outcome, records)
                change = self._change(record, records.get(record.key))
                if change is not None:
                    if self.watch is not None:
                        self.watch(Planned(self.report, record, change))
                    yield from () if self.has_changes else self._dataset_change()
                    self.has_changes = True
                    yield change
            else:
                self._count(outcome)
            if progress and count % 1000 == 0:
                progress(count)
        self._complete_report()
        if self.has_changes:
            yield _report_change(self.report, self.reading)

    def _count(self, outcome: Outcome) -> None:
        match outcome:
            case Dropped():
                self._dropped[outcome.reason] += 1
                self._abroad += [outcome.point] if outcome.point else []
            case Rejection():
                self.report.rejections.append(outcome)
            case Warned(is_refusal=True):
                self.report.refused = self.report.refused or outcome.text
            case Warned():
                self._warned.setdefault(outcome.text, []).append(outcome.member)

    @staticmethod
    def _with_key(record: RowRecord, current: Mapping[str, Current]) -> RowRecord:
        """Give a record a key whose file has only an id that a key made elsewhere.

        A public export writes such rows where it withholds the key. Where the dataset has the
        record already, the id names it.
        """
        is_new = record.key not in current and _gives_id(record)
        return keyed_by_id(record) if is_new and is_derived(record.name) else record

    def _change(self, record: RowRecord, current: Current | None) -> Change | None:
        report = self.report
        self._kinds.add(record.subject)
        self._invented.add(record.is_invented)
        if record.first_day is not None and record.first_day > self.today:
            self._to_come.append(record.row)
        if record.point:
            self._points.extend(record.point)
            self._rows.append(record.row)
        if record.key in self._seen:
            self._repeated_key(record, self._seen[record.key])
            return None
        self._seen[record.key] = (record.row, record.mark, record.member)
        if _stands(current, record):
            report.unchanged += record.rows
            return None
        if current is None:
            return self._added(record)
        payload, is_retracted = record.payload, record.is_retracted
        if record.subject is Subject.incident and record.key in self._edited:
            change = self._with_edits(record)
            if change is None:
                return None
            payload, is_retracted = change
        self.shapes.update(record.shapes)
        report.amended += record.rows
        action = Action.retract if is_retracted else Action.amend
        return Change(record.subject, record.key, action, payload, replaces=current.seq)

    def _added(self, record: RowRecord) -> Change | None:
        """Add a record; reject one whose file gives it the id of another dataset's record.

        What is attached, hidden or purged is named by its id alone.
        """
        if _gives_id(record) and self._is_taken(record.name):
            where = (record.member, record.rows)
            clash = Rejection(record.row, "id", record.name, ID_ALLOWED, *where)
            self.report.rejections.append(clash)
            return None
        self.shapes.update(record.shapes)
        self.report.added += record.rows
        return Change(record.subject, record.key, Action.add, record.payload)

    def _is_taken(self, record_id: str) -> bool:
        """Tell whether another dataset has a record of this id."""
        newest = self.workspace.store.newest
        return any(newest(Subject.incident, f"{other}/{record_id}") for other in self._others)

    @cached_property
    def _others(self) -> list[str]:
        slugs = self.workspace.store.current(Subject.dataset)
        return [slug for slug in slugs if slug != self.context.dataset]

    def _with_edits(self, record: RowRecord) -> tuple[bytes, bool] | None:
        """Combine a record with its edits by hand.

        Returns the payload and whether it is retracted; None when nothing is to be written.
        """
        past = self.workspace.store.history(record.subject, record.key)
        both = combine(past, decode_incident(record.payload), self._writer)
        if both is None or not (both.kept_parts or both.conflicts):
            return record.payload, record.is_retracted
        if self.over_edits:
            self.report.edits_replaced += 1
            return record.payload, record.is_retracted
        if both.conflicts:
            self._conflict(record, both)
            return None
        self.report.edits_kept += 1
        payload = canonical(both.incident)
        if payload == past[-1].payload:
            self.report.unchanged += record.rows
            return None
        return payload, both.incident.status is Status.retracted

    def _conflict(self, record: RowRecord, both: Combined) -> None:
        self.report.conflicts += record.rows
        self.report.conflicting += [
            Rejection(record.row, *one, record.member, record.rows) for one in both.conflicts
        ]

    @cached_property
    def _writer(self) -> Callable[[Revision], Writer]:
        return writers(self.workspace.store)

    def _repeated_key(self, record: RowRecord, first: _First) -> None:
        """Count a key that stands twice: a duplicate, or a rejection when its content differs."""
        row, mark, member = first
        if record.mark == mark:
            self.report.duplicates += record.rows
            return
        where = f"row {row} of {member}" if member else f"row {row}"
        why = f"the key stands for another record already, in {where}"
        clash = Rejection(record.row, "source_key", record.name, why, record.member, record.rows)
        self.report.rejections.append(clash)

    def _complete_report(self) -> None:
        report, dropped = self.report, self._dropped
        report.dropped = dict(sorted(dropped.items()))
        report.rejections.sort(key=lambda one: (one.member or "", one.row))
        report.rejected = sum(one.rows for one in report.rejections)
        report.conflicting.sort(key=lambda one: (one.member or "", one.row))
        planned = report.added + report.amended + report.unchanged + report.duplicates
        report.rows = planned + report.conflicts + report.rejected + dropped.total()
        report.warnings = [*_sentences(self._warned), *_of_edits(report), *self._of_days_to_come()]
        if len(self._kinds) > 1:
            raise InvalidFile("file", "incidents and control areas", "one of the two in one file")
        if len(self._invented) > 1:
            raise InvalidFile("file", "invented and real records", "one of the two in one file")
        if not report.rows:
            raise InvalidFile("file", "no record", "at least one record")
        if report.rejected == report.rows:
            report.refused = _all_rejected(report)
        elif report.refused and not report.dry_run:
            raise InvalidFile(report.refused, "60 % or less that can be read", UNREAD_ALLOWED)
        points = np.frombuffer(self._points, np.int64).reshape(-1, 2) / E7
        theatre = self.context.theatre
        report.warnings += swapped_notes(points, self._rows, theatre.bounds)
        abroad = np.array(self._abroad, float).reshape(-1, 2)
        mostly = points if len(points) else abroad
        if advice := advice_on(mostly, theatre.slug, self.workspace.reference):
            self._take(advice)

    def _of_days_to_come(self) -> Iterator[str]:
        if self._to_come:
            yield (
                f"{len(self._to_come):,} of {self.report.rows:,} rows are of days after "
                f"{self.today}, the first is row {self._to_come[0]}: kept as stated; check the "
                "years."
            )

    def _take(self, advice: Advice) -> None:
        """Warn of points elsewhere; where nobody stated the theatre and most are, refuse the file.

        Raises:
            OtherTheatre: this is no dry run.
        """
        self.report.advice = advice
        if not advice.is_most or self.is_theatre_stated:
            self.report.warnings.append(advice.sentence)
        elif self.report.dry_run:
            self.report.refused = self.report.refused or advice.sentence
        else:
            raise advice.refusal("the file", self.context.theatre.slug)

    def _dataset_change(self) -> Iterator[Change]:
        """Put the dataset's own revision in front when it is new; its first record says its kind.

        Raises:
            InputError: the slug stands for a dataset of another kind.
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
            newest = store.history(Subject.dataset, slug)[-1]
            _check_same(dataset, newest.payload)
            yield from _later_access(dataset, newest)


def _all_rejected(report: Report) -> str:
    """Say that no row can be read, with the most frequent field and its first value."""
    counts = Counter[str]()
    for one in report.rejections:
        counts[one.field] += one.rows
    name, rows = counts.most_common(1)[0]
    first = next(one for one in report.rejections if one.field == name)
    return (
        f"No row of {report.rows:,} can be read, {rows:,} of them for {name}: got "
        f"{first.got[:LONGEST_GOT]!r}, allowed: {first.why}."
    )


def _stands(current: Current | None, record: RowRecord) -> bool:
    """Tell whether the store holds this very content; what an undo retracted does not stand."""
    if current is None or current.fingerprint != record.mark:
        return False
    return record.is_retracted or not current.is_retracted


def _later_access(dataset: Dataset, newest: Revision) -> Iterator[Change]:
    """Move a dataset's day of access forward; credits may have to name that day."""
    payload = newest.payload
    before = None if payload is None else msgspec.json.decode(payload, type=Dataset)
    if (
        before is None
        or dataset.accessed is None
        or dataset.accessed <= (before.accessed or date.min)
    ):
        return
    later = msgspec.structs.replace(before, accessed=dataset.accessed)
    yield Change(Subject.dataset, dataset.slug, Action.amend, canonical(later), newest.seq)


def _check_same(dataset: Dataset, payload: bytes | None) -> None:
    """Refuse what must not mix: a dataset holds one kind, of one theatre, real or invented.

    Raises:
        InputError: the slug stands for a dataset of another kind.
    """
    if payload is None:
        return
    before = msgspec.json.decode(payload, type=Dataset)
    sort = (before.kind, before.theatre, before.synthetic)
    if sort != (dataset.kind, dataset.theatre, dataset.synthetic):
        invented = "invented " if before.synthetic else "real "
        holds = f"{invented}{before.kind} of the theatre {before.theatre}"
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


def _sentences(warned: Mapping[str, list[str | None]]) -> Iterator[str]:
    """Write each warning once, with the first file that has it and the number of the others."""
    for number, (text, members) in enumerate(warned.items()):
        first, *others = members
        if first is not None and number >= MOST_WARNINGS:
            yield f"{len(warned) - number:,} other warnings in other files."
            return
        more = f" (and {len(others):,} more files)" if others and first else ""
        yield f"{first}{more}: {text}" if first else text


def _gives_id(record: RowRecord) -> bool:
    """Tell whether a file has an id for an incident and no key."""
    return record.subject is Subject.incident and record.key.endswith(f"/{record.name}")
