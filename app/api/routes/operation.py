"""Health checks: whether this instance runs, and whether it can answer."""

from __future__ import annotations

from fastapi import APIRouter

from app.instance.workspace import Workspace


def routes(workspace: Workspace) -> APIRouter:
    """Build the addresses for health checks."""
    router = APIRouter()

    @router.get("/healthz")
    def healthz() -> dict[str, str]:
        """Tell that the process runs."""
        return {"status": "ok"}

    @router.get("/readyz")
    def readyz() -> dict[str, str | int]:
        """Tell that record and index answer, and at which version.

        A record that cannot be read answers 500 or 503 as a problem document.
        """
        return {"status": "ready", "version": workspace.state().seq}

    return router
