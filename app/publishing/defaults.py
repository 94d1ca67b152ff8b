"""Defaults of a View: the datasets, the period and the control source where it has none."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from app.domain.period import epoch_day, from_epoch_day
from app.domain.terms import Face
from app.domain.view import View
from app.index.select import BEGINNING, END
from app.publishing.cells import Grain
from app.publishing.publish import Published, publish
from app.publishing.query import Query
from app.publishing.sources import control_source, datasets_of_view
from app.rows import LONG

PERIOD_DAYS = 31
"""How long the first period is, at most: a month, so that single days still have a width."""

MOST_WHOLE_DAYS = 45
"""Data that span no more than this are shown whole: nothing is gained by two weeks less."""


def with_defaults(query: Query) -> Query:
    """Fill in a View's datasets, period and control source where it has none.

    The result names its datasets, so a shared address shows the same after the next import.
    """
    view = query.view
    if not view.datasets:
        view = view.but(datasets=tuple(sorted(one.slug for one in datasets_of_view(query))))
    if view.first is None or view.last is None:
        first, last = _first_period(query.of_view(view))
        view = view.but(
            first=view.first or min(first, view.last or first),
            last=view.last or max(last, view.first or last),
        )
    if view.control is None:
        source = control_source(query.of_view(view))
        is_visible = source is not None and (source.terms.tiles or not query.is_public)
        view = view.but(control=source.slug if source and is_visible else None)
    return query.of_view(view)


def _first_period(query: Query) -> tuple[date, date]:
    """Choose the first period: that of the theatre for its own data, else the newest days.

    Without any data these are the theatre's period, or the current year.
    """
    theatre, today = query.theatre, query.today
    everything = publish(query.of_view(_unfiltered(query.view)), Face.aggregates)
    slugs = {dataset.slug for dataset in everything.datasets}
    own = theatre.first_period
    if own is not None and slugs & {*theatre.default_datasets, *theatre.demo_datasets}:
        return own
    usual = own or (today.replace(month=1, day=1), today)
    first, last = _newest_days(everything, today) or usual
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


def _newest_days(published: Published, today: date) -> tuple[date, date] | None:
    """Return the newest days with incidents of the View's datasets; None without any incident.

    All their days where these are few. Days after `today` are errors of a source, and an incident
    of over 48 hours belongs to no short period: neither decides where there are others.
    """
    published = published.grouped(Grain.weeks)  # the week of a single record stays unknown
    everything = replace(published.filter, first=BEGINNING, last=END)
    selection = replace(published, filter=everything).select()
    if not len(selection):
        return None
    first_days, last_days = selection["day_first"], selection["day_last"]
    first, last = int(first_days.min()), int(last_days.max())
    if last - first < MOST_WHOLE_DAYS:
        return from_epoch_day(first), from_epoch_day(last)
    is_short = (selection["flags"] & LONG == 0) & (last_days <= epoch_day(today))
    if is_short.any():
        last = int(np.max(last_days[is_short]))
    return from_epoch_day(max(first, last - PERIOD_DAYS + 1)), from_epoch_day(last)
