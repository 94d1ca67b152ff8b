"""The flow of a write: a file becomes outcomes, these a plan, the plan one transaction."""

from __future__ import annotations

import collections
import contextlib
import gc
import hashlib
import itertools
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import msgspec

from app.domain.errors import InputError
from app.domain.purges import UnlessPurged
from app.domain.revision import Change
from app.domain.slug import slug_of
from app.domain.store import Author
from app.domain.terms import Dataset, DatasetKind, terms_of
from app.importers.base import Context, Importer, Outcome, Warned
from app.importers.formats import FORMATS
from app.importers.header import joined_names
from app.importers.members import MemberFile
from app.instance.workspace import Workspace
from app.intake import repeats
from app.intake.contexts import context_in
from app.intake.form_files import FileOrder
from app.intake.inspection import InspectedFile, inspect_file, records_in
from app.intake.options import ImportOptions
from app.intake.planning import Plan, Progress, Report, Watch
from app.intake.reading import RowRecord
from app.intake.repeats import FROM_BYTES, earlier_report, reading_mark
from app.intake.succession import Succession
from app.limited.orders import OutsideFile

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@dataclass(frozen=True)
class ImportedFile:
    """The file to import: `name` is what its sender calls it, `id` becomes that of the report."""

    path: Path
    name: str | None = None
    id: str | None = None

    @property
    def label(self) -> str:
        """The name that the record and the report show."""
        return self.name or self.path.name

    @property
    def size_bytes(self) -> int:
        """The bytes of the file as it was sent; 0 where there is none."""
        with contextlib.suppress(OSError):
            return self.path.stat().st_size
        return 0


class Observers(NamedTuple):
    """Who follows an import: `progress` gets the number of rows, `watch` each planned change.

    When one of them raises, nothing is written.
    """

    progress: Progress | None = None
    watch: Watch | None = None


NOBODY = Observers()


def import_file(
    workspace: Workspace,
    file: ImportedFile,
    options: ImportOptions,
    author: Author,
    observers: Observers = NOBODY,
) -> Report:
    """Import a file, a folder or an archive in one transaction; a dry run writes nothing.

    Raises:
        InvalidFile: the file as a whole cannot be taken; nothing was written.
        StoreBusy: another writer was faster; nothing was written.
    """
    stated = options.theatre
    if stated is None:
        theatre = _theatre_of(workspace, options.dataset or _own_slug(file))
        options = msgspec.structs.replace(options, theatre=theatre or workspace.default_theatre)
    with tempfile.TemporaryDirectory(prefix="strikemap-") as folder:
        order = FileOrder(file.path, file.label, workspace.max_file_bytes, Path(folder))
        outside = OutsideFile(file.label, file.size_bytes)
        inspected = workspace.readings.run(
            outside, inspect_file, workspace.reference, order, options
        )
        return _Import(workspace, file, inspected, author, observers, stated).run()


def _own_slug(file: ImportedFile) -> str:
    return slug_of(Path(file.label).stem, "dataset")


def _theatre_of(workspace: Workspace, slug: str) -> str | None:
    """Return the theatre of a dataset; None for a new one."""
    dataset = workspace.state().datasets.get(slug)
    return None if dataset is None else dataset.theatre


@dataclass(frozen=True)
class _Import:
    """One import on its way: what is imported, how, by whom, and who follows."""

    workspace: Workspace
    file: ImportedFile
    inspected: InspectedFile
    author: Author
    observers: Observers
    stated_theatre: str | None = None
    """Where nobody states it, it is that of the dataset; of a new one, the instance's own."""

    @property
    def options(self) -> ImportOptions:
        return self.inspected.options

    def run(self) -> Report:
        inspected = self.inspected
        importer, members = FORMATS[inspected.format_name], inspected.members
        own_slug = _own_slug(self.file)
        slug = _checked_slug(self.options.dataset or importer.dataset or own_slug)
        theatre = self.stated_theatre or _theatre_of(self.workspace, slug)
        context = self._context(slug, theatre or self.options.theatre or "")
        self._check_terms(slug)
        report = Report(
            id=self.file.id or str(uuid4()),
            format=importer.name,
            why=inspected.why,
            dataset=slug,
            sha256=_sha256(self.file.path, members),
            dry_run=self.options.dry_run,
            rejections=inspected.faults,
            mapping=inspected.columns,
        )
        mark = self._mark(report)
        earlier = self._earlier_report(importer, slug, mark)
        if earlier is not None:
            return _repeated_report(report, earlier, self.observers.progress)
        plan = Plan(
            self.workspace,
            context,
            report,
            self._dataset(slug, importer, context.theatre.slug),
            mark,
            self.options.over_edits,
            theatre is not None,
            context.theatre.today(self.author.at),
            watch=self.observers.watch,
        )
        unless_purged = UnlessPurged(self.workspace.store)
        succession = Succession(self.workspace.store, slug, self.options.accept_shrink)
        outcomes = itertools.chain(_notes(inspected), self._outcomes(context))
        changes = plan.changes(succession.in_order(outcomes), self.observers.progress)
        self._write(plan, unless_purged(changes))
        return report

    def _outcomes(self, context: Context) -> Iterator[RowRecord | Outcome]:
        outside = OutsideFile(self.file.label, self.inspected.size_bytes)
        return self.workspace.readings.stream(outside, records_in, self.inspected, context)

    def _write(self, plan: Plan, changes: Iterator[Change]) -> None:
        """Write the planned changes in one transaction; a dry run only counts them."""
        if self.options.dry_run:
            collections.deque(changes, maxlen=0)
            return
        entry = self.author.entry(f"import of {self.file.label}")
        with _without_collector():
            head = self.workspace.store.write(changes, entry, plan.shapes)
        if plan.has_changes:
            plan.report.version = head.seq
            self.workspace.index.after_write()

    def _mark(self, report: Report) -> str:
        """Mark what a report follows from, beside the state of the dataset."""
        options = msgspec.structs.replace(self.options, dry_run=False)
        facts = (report.sha256, report.format, report.dataset, self.file.label, options)
        return reading_mark(facts, self.workspace.reference)

    def _earlier_report(self, importer: Importer, slug: str, mark: str) -> Report | None:
        files = self.inspected
        if files.is_many or files.faults or importer.name not in FROM_BYTES:
            return None
        if files.size_bytes < repeats.LARGE_BYTES:
            return None
        return earlier_report(self.workspace.store, slug, mark)

    def _check_terms(self, slug: str) -> None:
        """Refuse terms that differ from a dataset's own: an import does not change terms.

        Raises:
            InputError: with the command that does change them.
        """
        dataset, terms = self.workspace.state().datasets.get(slug), self.options.terms
        if dataset and terms and terms != dataset.licence:
            allowed = f"{dataset.licence}; `strikemap datasets set {slug} --terms …` changes it"
            raise InputError("terms", terms, allowed)

    def _context(self, slug: str, theatre: str) -> Context:
        plain = context_in(self.workspace.reference, theatre, slug)
        return replace(
            plain,
            synthetic=self.options.synthetic or plain.synthetic,
            choices=self.options.choices,
            table=self.options.mapping,
        )

    def _dataset(self, slug: str, importer: Importer, theatre: str) -> Dataset:
        licence = self.options.terms or importer.licence
        return Dataset(
            slug=slug,
            name=self.options.title or importer.publisher or slug,
            kind=DatasetKind.incidents,
            theatre=theatre,
            publisher=importer.publisher,
            licence=licence,
            attribution=self.options.attribution,
            accessed=self.options.accessed or self.author.at.date(),
            terms=terms_of(licence),
        )


def _repeated_report(report: Report, earlier: Report, progress: Progress | None) -> Report:
    """Write the report of a file that was imported before and stands as that import left it."""
    if progress:
        progress(earlier.rows)
    return msgspec.structs.replace(
        report,
        rows=earlier.rows,
        unchanged=earlier.added + earlier.amended + earlier.unchanged,
        duplicates=earlier.duplicates,
        dropped=earlier.dropped,
        edits_kept=earlier.edits_kept,
        warnings=earlier.warnings,
    )


def _notes(inspected: InspectedFile) -> Iterator[Outcome]:
    """Say what the columns were taken for, which encoding is not UTF-8, and what nobody reads."""
    if inspected.understood:
        yield Warned(inspected.understood)
    for path, source in inspected.members:
        if source.encoding:
            name = path if inspected.is_many else None
            yield Warned(f"The text is saved as {source.encoding}, and is read as that.", name)
    mapping = inspected.options.mapping
    groups = mapping.groups if mapping else {}
    beside = [name for one in inspected.members for name, _path in one.source.companions]
    if unread := [name for name in beside if name not in groups]:
        yield Warned(f"Files beside the main table that nobody reads: {joined_names(unread)}.")


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


def _checked_slug(text: str) -> str:
    if not SLUG.fullmatch(text):
        raise InputError("dataset", text, "a slug: lower-case letters, digits and hyphens")
    return text


def _sha256(path: Path, members: Sequence[MemberFile]) -> str:
    """Hash a file; of a folder, the names and hashes of its files."""
    if not path.is_dir():
        return _file_sha256(path)
    parts = [(one.path, one.source.path) for one in members]
    parts += [beside for one in members for beside in one.source.companions]
    lines = (f"{_file_sha256(part)}  {name}\n" for name, part in parts)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _file_sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
