"""A View's incidents as a file: the facts of the map, under the same terms."""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec
import numpy as np

from app.domain.answer import JsonObject
from app.domain.errors import InputError, NotShared, StoreBusy
from app.domain.instants import rfc3339
from app.domain.revision import Revision
from app.domain.terms import Dataset, Face
from app.exporters.about import About, FilePart
from app.exporters.csv_table import metadata
from app.exporters.formats import FORMATS
from app.i18n.values import day_text, number
from app.index.select import Selection
from app.publishing.publish import Published, publish
from app.publishing.query import Query
from app.publishing.sources import datasets_of_view
from app.queries.incidents import incident_features, row_order
from app.queries.looks import file_style
from app.queries.makers import made_apart
from app.queries.sums import coverage

_BATCH = 1_000
"""Incidents of one part: so few stay in the processor's caches while it is made."""

LARGE = 50_000
"""From so many incidents on other processes, which take a second to start, are worth it."""

LEFT_BEHIND = timedelta(days=1)
WriteProgress = Callable[[int], None]
Again = Callable[[], Query]
"""Takes the query of an export again, of the same View at the same instant, in another process."""


@dataclass(frozen=True, eq=False)
class Export:
    """A View that may leave as a file: its rows and description, before the first byte."""

    published: Published
    about: About
    selection: Selection
    order: np.ndarray

    @property
    def name(self) -> str:
        """Suggest a name for the file, without its ending."""
        view = self.published.view
        slugs = "-".join(dataset.slug for dataset in self.published.datasets) or view.theatre
        days = (str(day) for day in (view.first, view.last) if day)
        return re.sub(r"[^A-Za-z0-9._-]+", "-", "-".join(("strikemap", slugs, *days)))[:120]

    def part(self, form: str, number: int) -> FilePart:
        """Make one part of a file: some incidents, newest first."""
        places = self.order[number * _BATCH : (number + 1) * _BATCH]
        features = incident_features(self.published, self.selection.take(places), Face.export)
        return FORMATS[form].part(self.about, features)

    def parts(
        self, form: str, progress: WriteProgress | None = None, again: Again | None = None
    ) -> Generator[FilePart]:
        """Make all parts of a file in order; with `again`, those of a large one on all cores."""
        numbers = range(-(-len(self.order) // _BATCH))
        parts: Iterator[FilePart | None] = (self.part(form, number) for number in numbers)
        if again is not None and len(self.order) >= LARGE:
            prepared = partial(_part_maker, again, self.published.state.mark, form)
            parts = made_apart(prepared, len(numbers))
        for place, part in enumerate(parts):
            yield self.part(form, place) if part is None else part
            if progress is not None:
                progress(min((place + 1) * _BATCH, len(self.order)))

    def write(
        self,
        form: str,
        folder: Path,
        progress: WriteProgress | None = None,
        again: Again | None = None,
    ) -> Generator[bytes]:
        """Write a file of a format as a stream.

        Formats that cannot be written as a stream are first written in a temporary folder. Memory
        contains one part for each process, whatever the number of rows. A stream that is not read
        to its end must be closed, which removes the folder.
        """
        parts = self.parts(form, progress, again)
        with _temporary_folder(folder) as place, contextlib.closing(parts):
            yield from FORMATS[form].write(self.about, parts, place)

    def description(self, form: str, name: str) -> bytes | None:
        """Write the description that belongs beside a CSV file; None for all other formats."""
        return metadata(self.about, name) if form == "csv" else None


def prepare(query: Query, form: str, *, has_hxl: bool = False) -> Export:
    """Select the rows of an export and describe it, before anything is written.

    Raises:
        NotShared: the terms of a dataset in the View do not allow an export.
        InputError: the format cannot contain so many rows.
    """
    refuse_export(query)
    published = publish(query, Face.export)
    selection = published.select()
    order = row_order(selection)
    about = replace(describe_export(published, len(order)), has_hxl=has_hxl)
    FORMATS[form].check(about)
    return Export(published, about, selection, order)


def _part_maker(again: Again, mark: str, form: str) -> Callable[[int], FilePart]:
    """Prepare the export of a state again, in another process, and return what makes its parts.

    Raises:
        StoreBusy: the record has another state by now.
    """
    query = again()
    if query.state.mark != mark:
        raise StoreBusy("The record changed while it was exported.")
    return partial(prepare(query, form).part, form)


def unexportable_datasets(query: Query, face: Face = Face.points) -> list[Dataset]:
    """List the datasets of a View whose terms do not let the audience export it as a file.

    The terms must allow both an export and the face of its content.
    """
    if not query.is_public:
        return []
    return [
        dataset
        for dataset in datasets_of_view(query)
        if not (dataset.terms.export and dataset.terms.allow(face, query.view.level))
    ]


def refuse_export(query: Query, face: Face = Face.points) -> None:
    """Refuse to export a View if the terms of one of its datasets do not allow it.

    Raises:
        NotShared: the message names the datasets and the command that changes their terms.
    """
    refused = unexportable_datasets(query, face)
    if not refused:
        return
    names = ", ".join(f"{one.slug!r} ({one.licence})" for one in refused)
    raise NotShared(
        f"The terms of {names} do not allow the public to take this along as a file. An operator "
        f"can change them with `strikemap datasets set {refused[0].slug} --terms …`."
    )


def describe_export(published: Published, rows: int) -> About:
    """Describe an export, for every format."""
    view, seq = published.view, published.filter.seq
    revisions = published.workspace.store.by_seq([seq])
    head = f"{seq}:{revisions[0].hash.hex()}" if revisions else f"{seq}:"
    signed = revisions and published.workspace.signer.sign(revisions[0].head)
    as_of = view.as_of or (revisions[0].recorded_at if revisions else None)
    names = ", ".join(dataset.name for dataset in published.datasets) or view.theatre
    words = published.words
    title = words["export_title"].format(names=names, days=_days(published.query))
    instant = rfc3339(as_of) if as_of else words["export_beginning"]
    credits = "; ".join(published.credits) or names
    return About(
        title=title,
        citation=words["export_citation"].format(
            credits=credits, title=title, as_of=instant, head=head, query=view.query()
        ),
        terms=_terms(published),
        datasets=[_dataset(one) for one in published.datasets],
        credits=published.credits,
        view=dict(view.pairs()),
        query=view.query(),
        as_of=rfc3339(as_of) if as_of else None,
        version=published.state.seq,
        ledger_head=head,
        signed_head=msgspec.to_builtins(signed) if signed else None,
        exported_at=rfc3339(_from_when(published.query.now, revisions)),
        audience=published.workspace.audience.value,
        rows=rows,
        withheld=published.withheld,
        notes=_notes(published),
        marks=file_style(published.query),
    )


def _dataset(dataset: Dataset) -> JsonObject:
    return {
        "slug": dataset.slug,
        "name": dataset.name,
        "publisher": dataset.publisher,
        "attribution": dataset.credit,
        "licence": dataset.licence,
        "share_alike": dataset.terms.share_alike,
        "accessed": None if dataset.accessed is None else str(dataset.accessed),
        "synthetic": dataset.synthetic,
    }


def _from_when(now: datetime, revisions: Sequence[Revision]) -> datetime:
    """Return from when on this very file was to be had: since the hour began, or since a write.

    An ETag promises the same bytes (`Workspace.depends_on`), so no file has its own second.
    """
    hour = now.replace(minute=0, second=0, microsecond=0)
    written = [one.recorded_at.replace(microsecond=0) for one in revisions]
    return max([hour, *written])


def _days(query: Query) -> str:
    view, words = query.view, query.words
    first, last = (day and day_text(view.lang, day) for day in (view.first, view.last))
    if first and last:
        return words["export_days"].format(**{"from": first, "to": last})
    return first or last or words["export_all_days"]


def _terms(published: Published) -> list[str]:
    words = published.words

    def sentence(name: str, dataset: Dataset) -> str:
        return words[name].format(slug=dataset.slug, licence=dataset.licence, credit=dataset.credit)

    datasets, is_private = published.datasets, not published.is_public
    sentences = [sentence("export_terms", dataset) for dataset in datasets]
    sentences += [
        sentence("export_share_alike", dataset) for dataset in datasets if dataset.terms.share_alike
    ]
    unshared = [dataset for dataset in datasets if is_private and not dataset.terms.export]
    return sentences + [sentence("export_private", dataset) for dataset in unshared]


def _notes(published: Published) -> list[str]:
    """Explain what a reader could misunderstand in the rows."""
    lang, words, notes = published.view.lang, published.words, list[str]()
    gaps = coverage(published)
    if published.view.synthetic:
        notes.append(words["export_invented"])
    if gaps["undated"]:
        notes.append(words["export_undated"].format(n=number(lang, gaps["undated"])))
    if gaps["spanning"]:
        notes.append(words["export_spanning"].format(n=number(lang, gaps["spanning"])))
    if published.is_public:
        days = published.theatre.generalise_days
        notes.append(words["export_generalised"].format(n=number(lang, days)))
    if published.folded is not None:
        notes.append(words["export_folded"])
    elif len(published.datasets) > 1:
        notes.append(words["export_not_compared"])
    return notes


@contextlib.contextmanager
def _temporary_folder(folder: Path) -> Iterator[Path]:
    """Make a temporary folder, and remove folders that an earlier process did not remove."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(prefix="export-", dir=folder) as place:
        _sweep(folder, Path(place))
        yield Path(place)


def _sweep(folder: Path, newest: Path) -> None:
    """Remove the folders that are much older than the newest, by the file system's own times."""
    oldest = newest.stat().st_mtime - LEFT_BEHIND.total_seconds()
    for path in folder.glob("export-*"):
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < oldest:
                shutil.rmtree(path, ignore_errors=True)


def form_of(path: Path) -> str:
    """Return the format of a file by its ending.

    Raises:
        InputError: no format has this ending.
    """
    form = path.suffix.lower().removeprefix(".")
    if form not in FORMATS:
        raise InputError("ending of the file", path.name, ", ".join(f".{name}" for name in FORMATS))
    return form
