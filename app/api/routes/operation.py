"""Health checks: whether this instance runs, and whether it can answer."""

from __future__ import annotations

from fastapi import APIRouter

from app.api.lanes import Lane
from app.instance.workspace import Workspace


def routes(workspace: Workspace, lane: Lane) -> APIRouter:
    """Build the addresses for health checks; neither waits for other requests."""
    router = APIRouter()

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Tell that the process runs; answered on the event loop, without a thread."""
        return {"status": "ok"}

    @router.get("/readyz")
    @lane.endpoint
    def readyz() -> dict[str, str | int]:
        """Tell that record and index answer, and at which version.

        A record that cannot be read answers 500 or 503 as a problem document.
        """
        return {"status": "ready", "version": workspace.state().seq}

    return router
