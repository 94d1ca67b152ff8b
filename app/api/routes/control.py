"""Who held the ground: areas, changes, agreement, and a day's line taken as fixed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api import params
from app.api.respond import etag, json_answer, unchanged
from app.api.schemas import documented
from app.domain.errors import InvalidView, NotFound, Problem
from app.domain.terms import Dataset, Face
from app.instance.workspace import Workspace
from app.publishing.publish import control_dataset
from app.services.agreement import agreement
from app.services.frozen import frozen
from app.services.ground import GroundBook, ControlSource, control_areas

DAY = ("the day", {"type": "string", "format": "date"})
WHOSE = ("whose ground; the theatre's default party when not given", {"type": "string"})
GEOMETRY = ("true adds the ground itself as polygons", {"type": "boolean"})
SOURCES = ("two or more sources, comma separated; all when not given", {"type": "string"})
MOST_SOURCES = 6


@dataclass(frozen=True)
class _Answers:
    """What each address answers; the router only gives them their names."""

    workspace: Workspace
    book: GroundBook

    def areas(self, request: Request) -> Response:
        """Measure who held how much on a day, by status and region."""
        asked = _asked(self.workspace, request, {"date": params.day})
        source, day = _source(self.workspace, asked, Face.aggregates), _day(self.workspace, asked)
        return self._told(
            request, asked, (day, source.controller), lambda: control_areas(source, day)
        )

    def series(self, request: Request) -> Response:
        """List the area of every snapshot of a period; days without one stay missing."""
        asked = _asked(self.workspace, request)
        source = _source(self.workspace, asked, Face.aggregates)
        return self._told(request, asked, (source.controller,), lambda: self.book.series(source))

    def changes(self, request: Request) -> Response:
        """Measure the ground gained and lost between two days, by region."""
        asked = _asked(self.workspace, request, {"geometry": params.flag})
        geometry = asked.own.get("geometry", False)
        source = _source(self.workspace, asked, Face.tiles if geometry else Face.aggregates)
        days = _period(self.workspace, asked, source)
        return self._told(
            request,
            asked,
            (*days, source.controller, geometry),
            lambda: self.book.changes(source, *days, geometry=geometry),
        )

    def agreement(self, request: Request) -> Response:
        """Compare what sources give to one party on a day."""
        own: dict[str, params.Reader] = {
            "date": params.day,
            "control": str,
            "geometry": params.flag,
        }
        asked = _asked(self.workspace, request, own)
        geometry = asked.own.get("geometry", False)
        day, sources = _day(self.workspace, asked), sources_of(self.workspace, asked)
        names = [one.dataset.slug for one in sources]
        return self._told(
            request,
            asked,
            (day, *names, sources[0].controller, geometry),
            lambda: agreement(sources, day, self.book.kept, geometry=geometry),
        )

    def frozen(self, request: Request) -> Response:
        """Take the line of the day `freeze` as fixed: what lies on each side, and what came."""
        asked = _asked(self.workspace, request)
        day = asked.view.freeze
        if day is None:
            allowed = "the day whose line is taken as fixed, as YYYY-MM-DD"
            raise InvalidView((Problem("query.freeze", "nothing", allowed),))
        source = _source(self.workspace, asked, Face.aggregates)
        return self._told(
            request,
            asked,
            (source.controller,),
            lambda: frozen(source, day, asked.now, self.book),
        )

    def _told(
        self,
        request: Request,
        asked: params.Asked,
        face: tuple[object, ...],
        tell: Callable[[], dict[str, Any]],
    ) -> Response:
        tag = etag(self.workspace, asked, request.url.path, *face)
        return unchanged(request, tag) or json_answer(request, tell(), tag)


def routes(workspace: Workspace) -> APIRouter:
    """Build the control answers of one instance."""
    router, answers = APIRouter(prefix="/api/control"), _Answers(workspace, GroundBook())
    own: dict[str, tuple[str, dict[str, Any]]]
    for path, answer, own in (
        ("/areas", answers.areas, {"date": DAY}),
        ("/series", answers.series, {}),
        ("/changes", answers.changes, {"geometry": GEOMETRY}),
        ("/agreement", answers.agreement, {"date": DAY, "control": SOURCES, "geometry": GEOMETRY}),
        ("/frozen", answers.frozen, {}),
    ):
        extra = documented(controller=WHOSE, **own)
        router.add_api_route(path, answer, methods=["GET"], openapi_extra=extra)
    return router


def _asked(
    workspace: Workspace, request: Request, own: dict[str, params.Reader] | None = None
) -> params.Asked:
    read: dict[str, params.Reader] = {"controller": str, **(own or {})}
    asked = params.read(workspace, request.query_params.multi_items(), read)
    party = asked.own.get("controller")
    parties = [one.code for one in workspace.reference.theatres[asked.view.theatre].party]
    if party is not None and party not in parties:
        raise InvalidView((Problem("query.controller", party, ", ".join(parties)),))
    return asked


def _source(workspace: Workspace, asked: params.Asked, face: Face) -> ControlSource:
    dataset = control_dataset(asked, face)
    if dataset is None:
        raise NotFound(f"No control dataset is loaded for {asked.view.theatre!r}.")
    return _of(workspace, asked, dataset)


def _of(workspace: Workspace, asked: params.Asked, dataset: Dataset) -> ControlSource:
    party = asked.own.get("controller")
    return ControlSource.of(workspace, asked.state, asked.view, dataset, party)


def sources_of(workspace: Workspace, asked: params.Asked) -> list[ControlSource]:
    """Read `control` as a list of sources.

    Raises:
        InvalidView: fewer than two, too many, or an unknown one.
    """
    words = workspace.vocabularies(asked.state)[asked.view.theatre]
    given: Any = asked.own.get("control")
    invented = {one.slug for one in asked.state.datasets.values() if one.synthetic}
    loaded = sorted(s for s in words.controls if (s in invented) is asked.view.synthetic)
    slugs = list(dict.fromkeys(given.split(","))) if given else loaded[:MOST_SOURCES]
    if not 1 < len(slugs) <= MOST_SOURCES or not set(slugs) <= set(loaded):
        got = given or (", ".join(loaded) or "no source loaded")
        allowed = f"2 to {MOST_SOURCES} of the loaded sources, comma separated: {', '.join(loaded)}"
        raise InvalidView((Problem("query.control", got, allowed),))
    found = []
    for slug in slugs:
        view = asked.view.but(control=slug)
        face = Face.tiles if asked.own.get("geometry", False) else Face.aggregates
        dataset = control_dataset(asked.of_view(view), face)
        assert dataset is not None  # noqa: S101  the slug was looked up above
        found.append(_of(workspace, asked, dataset))
    return found


def _day(workspace: Workspace, asked: params.Asked) -> date:
    today = workspace.reference.theatres[asked.view.theatre].today(asked.now)
    return asked.own.get("date") or asked.view.last or today


def _period(workspace: Workspace, asked: params.Asked, source: ControlSource) -> tuple[date, date]:
    """Resolve the two days to compare: open ends are the newest snapshot and the one before."""
    today = workspace.reference.theatres[asked.view.theatre].today(asked.now)
    last = asked.view.last or today
    first = asked.view.first or source.on(last).valid_on - timedelta(days=1)
    return first, last
