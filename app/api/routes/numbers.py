"""Sums as JSON and CSV; datasets; counts of filters; places by name."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api import params
from app.api.respond import answer, etag, json_answer, unchanged
from app.api.schemas import documented
from app.domain.terms import Face
from app.instance.workspace import Workspace
from app.publishing.publish import publish
from app.queries.choropleth import Choropleths
from app.queries.day_texts import DayTexts
from app.queries.facets import facets, line_facets
from app.queries.places import PlaceFinder
from app.queries.region_sums import unmarked_by_region
from app.queries.summary_csv import summary_csv
from app.queries.sums import GROUPINGS, summarise
from app.queries.words.headline import summary_headline
from app.queries.words.summary import summary_sentences

BY = ("grouping", {"type": "string", "enum": list(GROUPINGS)})
ONLY = (
    "line_km: counts by distance to the front line, which the others leave out",
    {"type": "string", "enum": ["line_km"]},
)
MOST_LETTERS, MOST_PLACES, USUAL_PLACES = 80, 20, 8
Q = ("the beginning of a name", {"type": "string", "maxLength": MOST_LETTERS})
LIMIT = ("at most so many", {"type": "integer", "minimum": 1, "maximum": MOST_PLACES})
FORMAT = ("json or csv", {"type": "string", "enum": ["json", "csv"]})


def routes(workspace: Workspace, choropleths: Choropleths) -> APIRouter:
    """Build the sums, filters and places of one instance."""
    router, days = APIRouter(), DayTexts()

    @router.get("/api/summary", openapi_extra=documented(by=BY, format=FORMAT))
    def summary(request: Request) -> Response:
        """Sum casualties and damage by region, day, weapon, sector or dataset."""
        readers = {"by": params.choice_of(*GROUPINGS), "format": params.choice_of("json", "csv")}
        query, own = params.read(workspace, request.query_params.multi_items(), readers)
        accepts = request.headers.get("accept", "")
        form = own.get("format", "csv" if "text/csv" in accepts else "json")
        by = own.get("by", "region")
        tag = etag(query, "summary", by, form)
        if (same := unchanged(request, tag)) is not None:
            return same
        # A day is finer than a week, and a band along a line is finer than a region: terms that
        # allow sums by week and region do not allow sums by day or band.
        face = Face.points if by in ("day", "line") else Face.aggregates
        published = publish(query, face)
        report = summarise(published, by, days if form == "json" else None)
        if form == "csv":
            return answer(request, summary_csv(report), "text/csv; charset=utf-8", tag)
        report["classes"] = choropleths.of(published).limits
        unmarked = unmarked_by_region(published)
        report["not_on_map"], report["unmarked"] = sum(unmarked.values()), unmarked
        if by == "region":
            report["headline"] = summary_headline(published, report)
            report["text"] = summary_sentences(published, report)
        return json_answer(request, report, tag)

    @router.get("/api/datasets", openapi_extra=documented())
    def datasets(request: Request) -> Response:
        """List the datasets, and what the terms of each allow to publish."""
        query = params.read_query(workspace, request.query_params.multi_items())
        rows = [
            dataset
            for dataset in query.state.datasets.values()
            if dataset.theatre == query.view.theatre
        ]
        return json_answer(request, {"datasets": rows}, etag(query, "datasets"))

    _choices(router, workspace)
    return router


def _choices(router: APIRouter, workspace: Workspace) -> None:
    """Add the choices of a reader: filters with counts, and places by name."""
    finder = PlaceFinder(workspace.reference)

    @router.get("/api/facets", openapi_extra=documented(only=ONLY))
    def counted(request: Request) -> Response:
        """Count a View's incidents by each choice of each filter, the other filters as they are."""
        readers = {"only": params.choice_of("line_km")}
        query, own = params.read(workspace, request.query_params.multi_items(), readers)
        tag = etag(query, "facets", own.get("only"))
        if (same := unchanged(request, tag)) is not None:
            return same
        count = line_facets if "only" in own else facets
        return json_answer(request, count(query), tag)

    @router.get("/api/places", openapi_extra=documented(q=Q, limit=LIMIT))
    def places(request: Request) -> Response:
        """Find places and regions by the beginning of a name in any language of the theatre."""
        readers = {"q": params.line_of(MOST_LETTERS), "limit": params.whole_number(1, MOST_PLACES)}
        query, own = params.read(workspace, request.query_params.multi_items(), readers)
        beginning, limit = own.get("q", ""), own.get("limit", USUAL_PLACES)
        matches = finder.find(query.view, beginning, limit)
        tag = etag(query, "places", beginning, limit)
        return json_answer(request, {"places": matches}, tag)
