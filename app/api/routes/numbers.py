"""Sums as JSON and CSV."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api import params
from app.api.respond import answer, etag, json_answer, unchanged
from app.api.schemas import documented
from app.domain.terms import Face
from app.services.publish import publish
from app.services.report import GROUPINGS, summarise, summary_csv
from app.services.tiling import Tiler

BY = ("grouping", {"type": "string", "enum": list(GROUPINGS)})
FORMAT = ("json or csv", {"type": "string", "enum": ["json", "csv"]})


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
        # Days are finer than weeks, and bands along a line finer than regions: data that may be
        # summed only by those has neither.
        face = Face.points if by in ("day", "line") else Face.aggregates
        published = publish(workspace, asked.snapshot, asked.view, face, asked.now)
        told = summarise(workspace, published, by)
        if form == "csv":
            return answer(request, summary_csv(told), "text/csv; charset=utf-8", tag)
        told["classes"] = tiler.choropleth(published).limits
        told["not_on_map"] = published.count_unmarked()
        return json_answer(request, told, tag)

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
