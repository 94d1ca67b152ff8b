"""A query: one View of one state of the record, for one audience, at one instant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any

from app.domain.control import ControlSnapshot, FrontLine
from app.domain.region import RegionSet
from app.domain.terms import Audience, Dataset, DatasetKind
from app.domain.view import View
from app.i18n import strings
from app.index.columns import PRECISIONS, STATUSES
from app.index.control import Calendar
from app.index.state import State
from app.instance.workspace import Workspace
from app.reference.reference import Reference
from app.reference.theatre import Theatre
from app.rows import CodeNames
from app.streets.ground import StreetMap


@dataclass(frozen=True, eq=False)
class Query:
    """A View with all that its answer depends on: what takes a query reads no clock.

    A query lives as long as one request, and its cache with it.
    """

    workspace: Workspace
    state: State
    view: View
    now: datetime
    cache: dict[object, Any] = field(default_factory=dict, repr=False)
    """Values that were computed from this query, by what they depend on (see `publish`)."""

    @classmethod
    def of(cls, workspace: Workspace, view: View, now: datetime) -> Query:
        """Take a View of the newest state of an instance."""
        return cls(workspace, workspace.state(), view, now)

    @classmethod
    def parse(cls, workspace: Workspace, pairs: Iterable[tuple[str, str]], now: datetime) -> Query:
        """Read a View from the parameters of a URL, and take it of the newest state.

        Raises:
            InvalidView: it names every parameter that does not fit.
        """
        state = workspace.state()
        view = View.parse(pairs, workspace.vocabularies(state), workspace.default_theatre, now)
        return cls(workspace, state, view, now)

    def of_view(self, view: View) -> Query:
        """Take another View of the same state, at the same instant."""
        return self if view is self.view else replace(self, view=view, cache={})

    def but(self, **changes: Any) -> Query:
        """Return a query with other fields of the View, as `View.but` does."""
        return self.of_view(self.view.but(**changes))

    @property
    def is_public(self) -> bool:
        """Tell whether terms, embargo and generalisation narrow the answer."""
        return self.workspace.audience is Audience.public

    @property
    def reference(self) -> Reference:
        """The reference data of the instance."""
        return self.workspace.reference

    @property
    def streets(self) -> StreetMap | None:
        """The operator's basemap; None without one, and for an invented country."""
        return None if self.theatre.synthetic else self.workspace.basemap.current()

    @property
    def theatre(self) -> Theatre:
        """The theatre of the View."""
        return self.workspace.reference.theatres[self.view.theatre]

    @property
    def regions(self) -> RegionSet:
        """The boundaries of the View's level."""
        return self.workspace.reference.region_set(self.view.theatre, self.view.level)

    @property
    def largest_regions(self) -> RegionSet:
        """The boundaries of level 1, whatever the View's level."""
        return self.workspace.reference.region_set(self.view.theatre)

    @property
    def words(self) -> Mapping[str, str]:
        """The strings of the View's language."""
        return strings(self.view.lang)

    @property
    def code_names(self) -> CodeNames:
        """The words of the small numbers in the index's columns."""
        return CodeNames(self.reference.taxonomy.weapons.codes, STATUSES, PRECISIONS)

    @cached_property
    def seq(self) -> int:
        """The newest commit that the View reads; it does not know later ones."""
        state, as_of = self.state, self.view.as_of
        seq = state.seq if as_of is None else self.workspace.store.seq_at(as_of)
        return min(seq, state.seq)

    @property
    def known_at(self) -> datetime | None:
        """The instant as of which the View is known: its own, or that of the newest revision.

        None for an empty record. The record may have later revisions than the state that is read.
        """
        return self.view.as_of or self.state.recorded_at

    @property
    def today(self) -> date:
        """The day of the request in the theatre's zone."""
        return self.theatre.today(self.now)

    @property
    def control_day(self) -> date:
        """The day whose control the View shows: its last, or today."""
        return self.view.last or self.today

    def datasets_of(self, kind: DatasetKind) -> list[Dataset]:
        """List the theatre's datasets of a kind, by slug; `synthetic` chooses real or invented."""
        datasets = sorted(self.state.datasets.values(), key=lambda dataset: dataset.slug)
        return [
            dataset
            for dataset in datasets
            if dataset.theatre == self.view.theatre
            and dataset.kind is kind
            and dataset.synthetic == self.view.synthetic
        ]

    def calendar(self, source: Dataset) -> Calendar:
        """Return all snapshots of a source, as the View knows them."""
        return self.state.control.calendar(source.slug, self.seq)

    def control_on(self, source: Dataset, day: date) -> ControlSnapshot | None:
        """Return the newest snapshot of a source valid on or before a day, as the View knows it."""
        return self.state.control.on(source.slug, day, self.seq)

    def front_line(self, snapshot: ControlSnapshot) -> FrontLine:
        """Return a snapshot's front line; it is computed once for all queries."""
        lines = self.workspace.index.lines
        return lines.of(self.state.control, snapshot, self.view.theatre)


class OfQuery:
    """What is made of a query; it reads the facts of the query as its own."""

    query: Query

    @property
    def view(self) -> View:
        """The View of the query."""
        return self.query.view

    @property
    def state(self) -> State:
        """The state of the record that the answer is read from."""
        return self.query.state

    @property
    def workspace(self) -> Workspace:
        """The instance that the answer is read from."""
        return self.query.workspace

    @property
    def reference(self) -> Reference:
        """The reference data of the instance."""
        return self.query.reference

    @property
    def theatre(self) -> Theatre:
        """The theatre of the View."""
        return self.query.theatre

    @property
    def words(self) -> Mapping[str, str]:
        """The strings of the View's language."""
        return self.query.words

    @property
    def is_public(self) -> bool:
        """Tell whether terms, embargo and generalisation narrow the answer."""
        return self.query.is_public
