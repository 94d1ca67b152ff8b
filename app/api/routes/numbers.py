"""Sums and areas as JSON and CSV."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api import params
from app.api.respond import answer, etag, json_answer, unchanged
from app.api.schemas import documented
from app.domain.errors import NotFound
from app.domain.terms import Face
from app.services.ground import control_areas
from app.services.publish import control_dataset, publish
from app.services.report import GROUPINGS, summarise, summary_csv
from app.services.tiling import Tiler

BY = ("grouping", {"type": "string", "enum": list(GROUPINGS)})
FORMAT = ("json or csv", {"type": "string", "enum": ["json", "csv"]})
DAY = ("the day", {"type": "string", "format": "date"})


def routes(tiler: Tiler) -> APIRouter:
    """Build the numbers of one instance."""
    router, workspace = APIRouter(), tiler.workspace

    @router.get("/api/summary", openapi_extra=documented(by=BY, format=FORMAT))
    def summary(request: Request) -> Response:
        """Sum casualties and damage by region, day, weapon, sector or dataset."""
        own = {"by": params.one_of(*GROUPINGS), "format": params.one_of("json", "csv")}
        asked = params.read(workspace, request.query_params.multi_items(), own)
        accepts = request.headers.get("accept", "")
        form = asked.own.get("format", "csv" if "text/csv" in accepts else "json")
        by = asked.own.get("by", "region")
        tag = etag(workspace, asked, "summary", by, form)
        if (same := unchanged(request, tag)) is not None:
            return same
        # A day is finer than the week that aggregates-only data may be summed by.
        face = Face.points if by == "day" else Face.aggregates
        published = publish(workspace, asked.snapshot, asked.view, face, asked.now)
        told = summarise(workspace, published, by)
        if form == "csv":
            return answer(request, summary_csv(told), "text/csv; charset=utf-8", tag)
        told["classes"] = tiler.choropleth(published).limits
        told["not_on_map"] = published.count_unmarked()
        return json_answer(request, told, tag)

    @router.get(
        "/api/control/areas",
        openapi_extra=documented(date=DAY, controller=("whose ground", {"type": "string"})),
    )
    def areas(request: Request) -> Response:
        """Measure who held how much on a day, by status and region."""
        own: dict[str, params.Reader] = {"date": params.day, "controller": str}
        asked = params.read(workspace, request.query_params.multi_items(), own)
        dataset = control_dataset(workspace, asked.snapshot, asked.view, Face.aggregates)
        if dataset is None:
            raise NotFound(f"No control dataset is loaded for {asked.view.theatre!r}.")
        theatre = workspace.reference.theatres[asked.view.theatre]
        day = asked.own.get("date") or asked.view.last or theatre.today(asked.now)
        parties = params.one_of(*(party.code for party in theatre.party))
        who = asked.own.get("controller")
        told = control_areas(
            workspace, asked.view, asked.snapshot, dataset, day, who and parties(who)
        )
        return json_answer(request, told, etag(workspace, asked, "areas", day, who))

    @router.get("/api/datasets", openapi_extra=documented())
    def datasets(request: Request) -> Response:
        """List datasets and what may leave of each."""
        asked = params.read(workspace, request.query_params.multi_items())
        told = [
            dataset
            for dataset in asked.snapshot.datasets.values()
            if dataset.theatre == asked.view.theatre
        ]
        return json_answer(request, {"datasets": told}, etag(workspace, asked, "datasets"))

    return router
