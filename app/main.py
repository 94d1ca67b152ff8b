"""The ASGI entry: `uvicorn --factory app.main:create`."""

from __future__ import annotations

from fastapi import FastAPI

from app.api.app import create_app
from app.api.logs import log_as_json
from app.settings import read_settings


def create() -> FastAPI:
    """Build the application from the environment."""
    settings = read_settings()
    log_as_json(settings.log_level)
    return create_app(settings)
