"""What runs here: the description of all addresses, and whether this instance can answer."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.responses import Response

from app.api.lanes import Lane
from app.api.links import OPENAPI
from app.api.respond import json_answer
from app.domain.answer import JsonObject
from app.domain.errors import StoreError
from app.domain.instants import rfc3339
from app.instance.workspace import Workspace


def routes(workspace: Workspace, lane: Lane) -> APIRouter:
    """Build the description and the health checks; no health check waits for other requests."""
    router = APIRouter()

    @router.get("/api/openapi.json", include_in_schema=False)
    def description(request: Request) -> Response:
        """Describe all addresses, in the media type that OGC 17-069r4 (9.1) demands."""
        return json_answer(request, request.app.openapi(), media_type=OPENAPI)

    @router.get("/api/head")
    def head(request: Request) -> Response:
        """Give the newest link of the record, signed if the operator made a key.

        Whoever keeps it can show later that nothing before it was changed.
        """
        newest = workspace.store.head()
        document: JsonObject = {
            "seq": newest.seq,
            "hash": newest.hash.hex(),
            "recorded_at": None if newest.recorded_at is None else rfc3339(newest.recorded_at),
        }
        signed = workspace.signer.sign(newest)
        if signed is not None:
            document = msgspec.to_builtins(signed)
        tag = f'"{newest.hash.hex()[:24]}{workspace.signer.key_name}"'
        return json_answer(request, document, tag)

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Tell that the process runs; answered on the event loop, without a thread."""
        return {"status": "ok"}

    @router.get("/readyz", responses={503: {"description": "Nothing can be answered now"}})
    @lane.endpoint
    def readyz() -> JSONResponse:
        """Tell that record and index answer, and at which version.

        The status is `degraded`, with a sentence in `detail`, when the record is damaged, lacks
        revisions that its index knew or was written with a clock ahead of this one. While nothing
        can be answered, also while a damaged index is built anew, the HTTP status is 503.
        """
        try:
            seq = workspace.state().seq
            trouble = workspace.trouble(datetime.now(UTC))
        except StoreError as wrong:
            body = {"status": "degraded", "detail": str(wrong)}
            return JSONResponse(body, 503, {"Cache-Control": "no-store", "Retry-After": "30"})
        if trouble is not None:
            return JSONResponse({"status": "degraded", "version": seq, "detail": trouble})
        return JSONResponse({"status": "ready", "version": seq})

    return router
