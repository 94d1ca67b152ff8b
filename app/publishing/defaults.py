"""Defaults of a View: the period and the control source where it has none of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from app.domain.period import from_epoch_day
from app.domain.terms import Dataset, DatasetKind, Face
from app.domain.view import View
from app.index.select import BEGINNING, END
from app.publishing.publish import Published, publish
from app.publishing.query import Query

FIRST_DAYS = 30
"""The last days of the data on which a map opens where its theatre states no period."""


def with_defaults(query: Query) -> Query:
    """Fill in a View's period and control source where it has none."""
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
    """Choose the first period: that of the theatre for its own datasets, else the data's days.

    Where the theatre states none, these are the last days of the data, or the current year.
    """
    theatre = query.theatre
    everything = publish(query.of_view(_unfiltered(query.view)), Face.aggregates)
    slugs = {dataset.slug for dataset in everything.datasets}
    if theatre.first_period is not None and slugs & set(theatre.default_datasets):
        return theatre.first_period
    days, today = _day_span(everything), query.today
    if days is None:
        first, last = theatre.first_period or (today.replace(month=1, day=1), today)
    else:
        first, last = days
        if theatre.first_period is None:
            first = max(first, last - timedelta(days=FIRST_DAYS - 1))
    if not all(dataset.terms.points for dataset in everything.datasets):
        # These sums leave by whole weeks only: the exact first and last day would say more.
        first -= timedelta(days=first.weekday())
        last += timedelta(days=6 - last.weekday())
    return first, last


def _unfiltered(view: View) -> View:
    """Take the datasets of a View without its filters: a filter must not reveal a single day."""
    return View(
        theatre=view.theatre, datasets=view.datasets, synthetic=view.synthetic, lang=view.lang
    )


def _day_span(published: Published) -> tuple[date, date] | None:
    """Return the first and last day of all incidents of the View's datasets; None without one."""
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
