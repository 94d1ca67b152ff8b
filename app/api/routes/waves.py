"""Waves: weapons launched and stopped, report by report, and their sums."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api import params
from app.api.respond import etag, json_answer, unchanged
from app.api.schemas import documented
from app.domain.answer import JsonObject
from app.instance.workspace import Workspace
from app.queries.waves import MarkCounter, PageLimits, WaveCache, waves_answer, waves_dataset

STRING: JsonObject = {"type": "string"}
MOST, USUAL = 1_000, 100
LIMIT = (f"at most so many waves ({USUAL} when not given)", {"type": "integer", "minimum": 1})
OFFSET = ("after so many", {"type": "integer", "minimum": 0})
INCIDENTS = (
    "a dataset of incidents: `mapped` counts its marks of the same days and weapons",
    STRING,
)
DATASET = ("a dataset of waves; the theatre's first when not given", STRING)


def routes(workspace: Workspace) -> APIRouter:
    """Build the answers on waves of one instance."""
    router, cache = APIRouter(prefix="/api"), WaveCache()
    readers: dict[str, params.Reader] = {
        "dataset": str,
        "incidents": str,
        "limit": params.whole_number(1, MOST),
        "offset": params.whole_number(0, 10**8),
    }

    def waves(request: Request) -> Response:
        """List the waves of a period, newest first, with sums that count no weapon twice."""
        query, own = params.read(workspace, request.query_params.multi_items(), readers)
        dataset = waves_dataset(query, own.get("dataset"))
        limit, offset = own.get("limit", USUAL), own.get("offset", 0)
        beside = own.get("incidents")
        tag = etag(query, request.url.path, dataset.slug, limit, offset, beside)
        if same := unchanged(request, tag):
            return same
        count_marks = None if beside is None else MarkCounter.of(query, beside)
        answer = waves_answer(query, dataset, cache, PageLimits(limit, offset), count_marks)
        return json_answer(request, answer, tag)

    extra = documented(dataset=DATASET, incidents=INCIDENTS, limit=LIMIT, offset=OFFSET)
    router.add_api_route("/waves", waves, methods=["GET"], openapi_extra=extra)
    return router
