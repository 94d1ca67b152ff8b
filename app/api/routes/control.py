"""Control of the ground: areas, changes, agreement, and one day's line taken as fixed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api import params
from app.api.lanes import Lane
from app.api.respond import etag, json_answer, unchanged
from app.api.schemas import Described, documented
from app.domain.answer import JsonObject
from app.domain.errors import InvalidView, NotFound, Problem
from app.domain.terms import DatasetKind, Face
from app.instance.workspace import Workspace
from app.publishing.publish import control_dataset
from app.publishing.query import Query
from app.queries.ground.agreement import agreement
from app.queries.ground.frozen import frozen_line
from app.queries.ground.measures import ControlSource, GroundCache, control_areas

DAY = ("the day", {"type": "string", "format": "date"})
WHOSE = ("whose ground; the theatre's default party when not given", {"type": "string"})
GEOMETRY = ("true adds the ground itself as polygons", {"type": "boolean"})
SOURCES = ("two or more sources, comma separated; all when not given", {"type": "string"})
MOST_SOURCES = 6


@dataclass(frozen=True)
class _Answers:
    """The answers of all addresses; the router gives them their paths."""

    workspace: Workspace
    book: GroundCache

    def areas(self, request: Request) -> Response:
        """Measure how much ground each party held on a day, by status and region."""
        query, own = _read(self.workspace, request, {"date": params.read_day})
        source, day = _source(query, own, Face.aggregates), own.get("date") or query.control_day
        return self._answered(
            request, query, (day, source.controller), lambda: control_areas(source, day)
        )

    def series(self, request: Request) -> Response:
        """List the area of every snapshot of a period; days without a snapshot are left out."""
        query, own = _read(self.workspace, request)
        source = _source(query, own, Face.aggregates)
        return self._answered(
            request, query, (source.controller,), lambda: self.book.series(source)
        )

    def changes(self, request: Request) -> Response:
        """Measure the ground gained and lost between two days, by region."""
        query, own = _read(self.workspace, request, {"geometry": params.read_flag})
        geometry = own.get("geometry", False)
        source = _source(query, own, Face.tiles if geometry else Face.aggregates)
        days = _period(query, source)
        return self._answered(
            request,
            query,
            (*days, source.controller, geometry),
            lambda: self.book.changes(source, *days, geometry=geometry),
        )

    def agreement(self, request: Request) -> Response:
        """Compare the areas that sources report for one party on a day."""
        readers: dict[str, params.Reader] = {
            "date": params.read_day,
            "control": str,
            "geometry": params.read_flag,
        }
        query, own = _read(self.workspace, request, readers)
        geometry = own.get("geometry", False)
        day, sources = own.get("date") or query.control_day, _sources(query, own)
        names = [one.dataset.slug for one in sources]
        return self._answered(
            request,
            query,
            (day, *names, sources[0].controller, geometry),
            lambda: agreement(sources, day, self.book.cache, geometry=geometry),
        )

    def frozen(self, request: Request) -> Response:
        """Take the line of the day `freeze` as fixed: what lies on each side, and what came."""
        query, own = _read(self.workspace, request)
        day = query.view.freeze
        if day is None:
            allowed = "the day whose line is taken as fixed, as YYYY-MM-DD"
            raise InvalidView((Problem("query.freeze", "nothing", allowed),))
        source = _source(query, own, Face.aggregates)
        return self._answered(
            request,
            query,
            (source.controller,),
            lambda: frozen_line(source, day, self.book),
        )

    def _answered(
        self,
        request: Request,
        query: Query,
        parts: tuple[object, ...],
        measure: Callable[[], JsonObject],
    ) -> Response:
        tag = etag(query, request.url.path, *parts)
        return unchanged(request, tag) or json_answer(request, measure(), tag)


def routes(workspace: Workspace, lane: Lane) -> APIRouter:
    """Build the control answers of one instance."""
    router, answers = APIRouter(prefix="/api/control"), _Answers(workspace, GroundCache())
    own: dict[str, Described]
    for path, answer, own in (
        ("/areas", answers.areas, {"date": DAY}),
        ("/series", answers.series, {}),
        ("/changes", answers.changes, {"geometry": GEOMETRY}),
        ("/agreement", answers.agreement, {"date": DAY, "control": SOURCES, "geometry": GEOMETRY}),
        ("/frozen", answers.frozen, {}),
    ):
        extra = documented(controller=WHOSE, **own)
        router.add_api_route(path, lane.endpoint(answer), methods=["GET"], openapi_extra=extra)
    return router


def _read(
    workspace: Workspace, request: Request, readers: Mapping[str, params.Reader] | None = None
) -> tuple[Query, params.Own]:
    every: dict[str, params.Reader] = {"controller": str, **(readers or {})}
    query, own = params.read(workspace, request.query_params.multi_items(), every)
    party = own.get("controller")
    parties = [party.code for party in query.theatre.party]
    if party is not None and party not in parties:
        raise InvalidView((Problem("query.controller", party, ", ".join(parties)),))
    return query, own


def _source(query: Query, own: params.Own, face: Face) -> ControlSource:
    dataset = control_dataset(query, face)
    if dataset is None:
        raise NotFound(f"No control dataset is loaded for {query.view.theatre!r}.")
    return ControlSource.of(query, dataset, own.get("controller"))


def _sources(query: Query, own: params.Own) -> list[ControlSource]:
    """Read `control` as a list of sources.

    Raises:
        InvalidView: fewer than two, too many, or an unknown one.
    """
    text: str | None = own.get("control")
    loaded = [dataset.slug for dataset in query.datasets_of(DatasetKind.control)]
    slugs = list(dict.fromkeys(text.split(","))) if text else loaded[:MOST_SOURCES]
    if not 1 < len(slugs) <= MOST_SOURCES or not set(slugs) <= set(loaded):
        got = text or (", ".join(loaded) or "no source loaded")
        allowed = f"2 to {MOST_SOURCES} of the loaded sources, comma separated: {', '.join(loaded)}"
        raise InvalidView((Problem("query.control", got, allowed),))
    sources = []
    for slug in slugs:
        face = Face.tiles if own.get("geometry", False) else Face.aggregates
        dataset = control_dataset(query.but(control=slug), face)
        assert dataset is not None  # noqa: S101  the slug was looked up above
        sources.append(ControlSource.of(query, dataset, own.get("controller")))
    return sources


def _period(query: Query, source: ControlSource) -> tuple[date, date]:
    """Return the two days to compare; an open end is the newest snapshot, or the one before."""
    last = query.control_day
    first = query.view.first or source.on(last).valid_on - timedelta(days=1)
    return first, last
