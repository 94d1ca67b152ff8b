"""The ASGI entry: `uvicorn --factory app.main:create`."""

from __future__ import annotations

from fastapi import FastAPI

from app.api.app import create_app
from app.settings import read_settings


def create() -> FastAPI:
    """Build the application from the environment."""
    return create_app(read_settings())
