"""Puts one instance together: two applications made here share nothing."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope
from typing_extensions import override

from app.api import problems
from app.api.routes import collections, columns, control, numbers, operation, pages
from app.api.security import Guard
from app.api.tiles import TileApp
from app.domain.terms import Audience
from app.services.tiling import Tiler
from app.services.workspace import Workspace
from app.settings import Settings

FONTS = "vendor/noto-sans-5.3.0"
DESCRIPTION = (
    "Strikes, the harm they did and who held the ground, each with who says so and since when it "
    "is known. Counts are ranges: unknown is null, never 0."
)


def create_app(settings: Settings) -> FastAPI:
    """Build the application of one instance.

    Raises:
        StoreError: the record cannot be opened.
    """
    audience = Audience.private if settings.private else Audience.public
    workspace = Workspace.open(
        settings.data_dir,
        settings.geodata_dir,
        audience=audience,
        default_theatre=settings.theatre,
        max_file_bytes=settings.max_file_bytes,
        delta_rows=settings.delta_rows,
    )
    tiler = Tiler(workspace, settings.static_dir / FONTS)
    app = FastAPI(
        title="Strikemap",
        description=DESCRIPTION,
        version="0.1.0",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        middleware=[
            Middleware(
                Guard,
                is_private=settings.private,
                frame_ancestors=settings.frame_ancestors,
                max_body_bytes=settings.max_file_bytes,
            )
        ],
    )
    problems.install(app)
    for group in (numbers, columns, collections):
        app.include_router(group.routes(tiler))
    for made in (pages.routes(workspace), control.routes(workspace), operation.routes(workspace)):
        app.include_router(made)
    app.mount("/tiles", TileApp(tiler))
    app.mount("/static", OwnFiles(directory=settings.static_dir))
    return app


class OwnFiles(StaticFiles):
    """Our own files: vendored ones never change under their name, the others are asked for anew."""

    @override
    async def get_response(self, path: str, scope: Scope) -> Response:
        """Serve a file with how long it may be kept."""
        response = await super().get_response(path, scope)
        is_fixed = path.startswith("vendor/")
        age = "public, max-age=31536000, immutable" if is_fixed else "no-cache"
        response.headers["Cache-Control"] = age
        return response
