"""The flow of a write: a file becomes outcomes, these a plan, the plan one transaction."""

from __future__ import annotations

import collections
import contextlib
import gc
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import msgspec

from app.domain.control import Baseline
from app.domain.errors import InputError
from app.domain.mapping import TableMapping
from app.domain.store import Entry
from app.domain.terms import Dataset, DatasetKind, terms_of
from app.files.parsing import iso_day
from app.files.source import BadFieldError
from app.importers.base import Context, Importer
from app.importers.choices import NO_CHOICES, ControlChoices
from app.importers.formats import recognised
from app.importers.members import MemberFile, PathContents, open_contents
from app.instance.workspace import Workspace
from app.intake import repeats as remembered
from app.intake.planning import Plan, Progress, Report, Watch
from app.intake.reading import agreed, noted, noted_members
from app.intake.repeats import FROM_BYTES, earlier_report, reading_mark
from app.intake.succession import Succession

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


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
    over_edits: bool = False
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
        told = iso_day(given, "accessed")
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
            valid_on=iso_day(valid_on, "valid-on") if valid_on else None,
            includes=tuple(Baseline(part.strip()) for part in (baseline or "").split(",") if part),
            **fields,
        )
    except BadFieldError as wrong:
        raise InputError(wrong.name, wrong.got, wrong.why) from wrong
    except ValueError as wrong:
        raise InputError("baseline", baseline, f"any of {', '.join(Baseline)}") from wrong


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
    with open_contents(order.path, name, workspace.max_file_bytes, recognised) as files:
        return _import_held(workspace, order, files, _Call(name, actor, now, progress, watch))


class _Call(NamedTuple):
    """What an import is stamped with, and who watches it."""

    name: str
    actor: str
    now: datetime
    progress: Progress | None
    watch: Watch | None


def _import_held(workspace: Workspace, order: Order, files: PathContents, call: _Call) -> Report:
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
    reading = _reading(workspace, order, report, call.name)
    if _is_remembered(files, importer):
        earlier = earlier_report(workspace.store, slug, reading)
        if earlier is not None:
            return _told_again(report, earlier, call.progress)
    dataset = _dataset(order, slug, importer, call.now)
    plan = Plan(workspace, context, report, dataset, reading, order.over_edits, watch=call.watch)
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


def _reading(workspace: Workspace, order: Order, report: Report, name: str) -> str:
    """Mark what a report follows from, beside the state of the dataset."""
    told = (report.sha256, report.format, report.dataset, name, order.theatre, order.synthetic)
    how = (order.choices, order.table, order.over_edits)
    return reading_mark((*told, *how), workspace.reference)


def _is_remembered(files: PathContents, importer: Importer) -> bool:
    if files.is_many or files.faults or importer.name not in FROM_BYTES:
        return False
    return files.members[0].source.path.stat().st_size >= remembered.LARGE_BYTES


def _told_again(report: Report, earlier: Mapping[str, Any], progress: Progress | None) -> Report:
    """Write the report of reading again what was imported before and stands as it was left."""
    then = msgspec.convert(earlier, Report)
    if progress:
        progress(then.rows)
    return msgspec.structs.replace(
        report,
        rows=then.rows,
        unchanged=then.added + then.amended + then.unchanged,
        duplicates=then.duplicates,
        dropped=then.dropped,
        edits_kept=then.edits_kept,
        warnings=then.warnings,
    )


def _mapping(importer: Importer, members: Sequence[MemberFile]) -> dict[str, str]:
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


def _check_terms(workspace: Workspace, order: Order, slug: str) -> None:
    """Refuse terms that differ from a dataset's own: an import adds records, it changes no terms.

    Raises:
        InputError: with the command that does change them.
    """
    known = workspace.state().datasets.get(slug)
    if known and order.licence and order.licence != known.licence:
        allowed = f"{known.licence}; `strikemap datasets set {slug} --terms …` changes it"
        raise InputError("terms", order.licence, allowed)


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


def _slug(given: str) -> str:
    if not SLUG.fullmatch(given):
        raise InputError("dataset", given, "a slug: lower-case letters, digits and hyphens")
    return given


def _slug_of(name: str) -> str:
    stem = re.sub(r"[^a-z0-9]+", "-", Path(name).stem.lower()).strip("-")[:60]
    return stem or "dataset"


def _sha256(path: Path, members: Sequence[MemberFile]) -> str:
    """Hash a file; of a folder, the names and hashes of its files."""
    if not path.is_dir():
        return _file_sha256(path)
    lines = (f"{_file_sha256(one.source.path)}  {one.path}\n" for one in members)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _file_sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
