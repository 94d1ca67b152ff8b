"""The ASGI entry: `uvicorn --factory app.main:create`."""

from __future__ import annotations

from starlette.types import ASGIApp

from app.api.app import create_app
from app.api.kept import KeptAnswers
from app.api.logs import log_as_json
from app.api.metrics import Measured, Metrics
from app.settings import read_settings


def create() -> ASGIApp:
    """Build the application from the environment; a public one keeps what it answered."""
    settings = read_settings()
    log_as_json(settings.log_level)
    application = create_app(settings)
    metrics: Metrics = application.state.metrics
    if settings.private:
        return Measured(application, metrics)
    kept = KeptAnswers(application, application.state.workspace)
    metrics.watch_kept(kept)
    return Measured(kept, metrics)
