"""What a View shows where it names nothing: the period and the control source to start with."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from app.domain.period import from_epoch_day
from app.domain.terms import Dataset, DatasetKind, Face
from app.domain.view import View
from app.index.select import BEGINNING, END
from app.publishing.publish import Published, publish
from app.publishing.query import Query


def with_defaults(query: Query) -> Query:
    """Fill in what a reader would expect: the period and the control source to start with."""
    view = query.view
    if view.first is None or view.last is None:
        first, last = _first_period(query)
        view = view.but(
            first=view.first or min(first, view.last or first),
            last=view.last or max(last, view.first or last),
        )
    if view.control is None:
        source = _first_control(query)
        view = view.but(control=source.slug if source else None)
    return query.of_view(view)


def _first_period(query: Query) -> tuple[date, date]:
    """Choose the days to start with: those of the data, or the theatre's for its own datasets."""
    theatre = query.theatre
    everything = publish(query.of_view(_unfiltered(query.view)), Face.aggregates)
    slugs = {dataset.slug for dataset in everything.datasets}
    if slugs & set(theatre.default_datasets):
        return theatre.first_period
    first, last = day_span(everything) or theatre.first_period
    if not all(dataset.terms.points for dataset in everything.datasets):
        # Sums that leave by the week only: the first and the last day are days, too.
        first -= timedelta(days=first.weekday())
        last += timedelta(days=6 - last.weekday())
    return first, last


def _unfiltered(view: View) -> View:
    """Take a View's datasets and nothing else of it: no filter may tell of a single day."""
    unfiltered = View(theatre=view.theatre, datasets=view.datasets, synthetic=view.synthetic)
    return unfiltered.but(lang=view.lang)


def day_span(published: Published) -> tuple[date, date] | None:
    """Return the first and last day that any incident of the View's datasets touches."""
    everything = replace(published.filter, first=BEGINNING, last=END)
    selection = replace(published, filter=everything).select()
    if not len(selection):
        return None
    first, last = int(selection["day_first"].min()), int(selection["day_last"].max())
    return from_epoch_day(first), from_epoch_day(last)


def _first_control(query: Query) -> Dataset | None:
    sources = control_sources(query)
    default = query.theatre.default_control
    return next((source for source in sources if source.slug == default), next(iter(sources), None))


def control_sources(query: Query) -> list[Dataset]:
    """List the control sources that this audience may see on tiles."""
    sources = query.datasets_of(DatasetKind.control)
    return [source for source in sources if source.terms.tiles or not query.is_public]
