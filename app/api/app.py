"""Puts one instance together: two applications made here share nothing."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path
from threading import Thread

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope
from typing_extensions import override

from app.api import problems
from app.api.routes import (
    collections,
    columns,
    control,
    editing,
    evidence,
    exporting,
    figures,
    imports,
    numbers,
    oembed,
    ogc,
    ogc_tiles,
    operation,
    pages,
    review,
    table,
    waves,
)
from app.api.security import Guard
from app.api.tiles import TileApp
from app.domain.account import Holder
from app.domain.cache import BoundedCache
from app.domain.terms import Audience
from app.instance.workspace import Workspace
from app.intake.spool import Spool
from app.maps.scripts import without_docs
from app.pictures.figures import Figures
from app.pictures.tiles import Tiler
from app.settings import Settings

FONTS = "vendor/noto-sans-5.3.0"
MOST_SCOPES = 8
MOST_ZIPPED = 128
ZIPPED = (".js", ".css", ".svg", ".csv", ".json", ".geojson")
DESCRIPTION = (
    "Strikes, the harm they did and who held the ground, each with who says so and since when it "
    "is known. Counts are ranges: unknown is null, never 0."
)


def create_app(settings: Settings) -> FastAPI:
    """Build the application of one instance.

    Raises:
        InputError: nothing is known of the default theatre.
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
    spool = Spool(settings.data_dir / "spool", settings.max_file_bytes)
    make = partial(_application, settings, workspace, spool)
    wider = _Wider(workspace, make)
    guard = Middleware(
        Guard,
        is_private=settings.private,
        frame_ancestors=settings.frame_ancestors,
        max_body_bytes=settings.max_file_bytes,
        book=workspace.store,
        wider=wider,
    )
    return make(workspace, [guard])


def _application(
    settings: Settings,
    record: Workspace,
    spool: Spool,
    seen: Workspace,
    middleware: Sequence[Middleware] = (),
) -> FastAPI:
    """Put the faces of one audience together; all of an instance write to one record."""
    tiler = Tiler(settings.static_dir / FONTS)

    @asynccontextmanager
    async def reading_ahead(_app: FastAPI) -> AsyncIterator[None]:
        basemap = seen.reference.basemap(seen.default_theatre)
        Thread(target=basemap.read_ahead, daemon=True).start()
        yield

    app = FastAPI(
        title="Strikemap",
        lifespan=reading_ahead,
        description=DESCRIPTION,
        version=version("strikemap"),
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        middleware=middleware,
    )
    app.state.workspace = seen
    app.openapi_version = "3.0.3"  # what OGC API Features asks for; nothing here needs a later one
    problems.install(app)
    tiles, drawn = TileApp(seen, tiler), Figures(tiler)
    app.include_router(numbers.routes(seen, tiler.choropleths))
    app.include_router(collections.routes(seen, tiler.shapes))
    for page in (figures, oembed):
        app.include_router(page.routes(seen, drawn))
    for group in (columns, ogc, pages, control, operation, table, waves, evidence):
        app.include_router(group.routes(seen))
    app.include_router(exporting.routes(seen, settings.data_dir / "exports"))
    app.include_router(imports.routes(record, spool))
    app.include_router(editing.routes(record, seen))
    app.include_router(review.routes(record, seen))
    app.include_router(ogc_tiles.routes(tiles))
    app.mount("/tiles", tiles)
    app.mount("/static", OwnFiles(settings.static_dir))
    return app


@dataclass
class _Wider:
    """The applications that show a token's holder more than the public, made when asked for."""

    workspace: Workspace
    make: Callable[[Workspace], FastAPI]
    _kept: BoundedCache = field(default_factory=lambda: BoundedCache(MOST_SCOPES))

    def __call__(self, holder: Holder) -> FastAPI | None:
        """Return a holder's application; None where everybody sees everything."""
        if self.workspace.audience is Audience.private:
            return None
        scope = holder.datasets
        return self._kept.get(scope, lambda: self.make(self.workspace.seen_by(scope)))


class OwnFiles(StaticFiles):
    """Our own files: vendored ones never change under their name, the others are asked for anew.

    Text travels zipped as small as it gets: each file is zipped once, for every reader. Our scripts
    travel without their JSDoc.
    """

    def __init__(self, directory: Path) -> None:
        super().__init__(directory=directory)
        self._zipped = BoundedCache(MOST_ZIPPED)

    @override
    async def get_response(self, path: str, scope: Scope) -> Response:
        """Serve a file with how long it may be kept."""
        response = await super().get_response(path, scope)
        is_fixed = path.startswith("vendor/")
        age = "public, max-age=31536000, immutable" if is_fixed else "no-cache"
        if isinstance(response, FileResponse) and path.endswith(ZIPPED):
            response = self._as_zip(response, Headers(scope=scope))
        response.headers["Cache-Control"] = age
        return response

    def _as_zip(self, response: FileResponse, request: Headers) -> Response:
        """Zip a file for those who understand it; its validator says which of the two it is."""
        path, etag = Path(response.path), response.headers["etag"]
        response.headers["Vary"] = "Accept-Encoding"
        is_script = path.suffix == ".js" and path.parent.name == "js"
        read = _script if is_script else Path.read_bytes
        if "gzip" not in request.get("accept-encoding", "") or "range" in request:
            headers = {"ETag": etag, "Vary": "Accept-Encoding"}
            media_type = response.media_type
            return Response(read(path), 200, headers, media_type) if is_script else response
        tag = etag.rstrip('"') + '-gz"'
        headers = {"Content-Encoding": "gzip", "ETag": tag, "Vary": "Accept-Encoding"}
        if tag in request.get("if-none-match", ""):
            return Response(None, 304, headers)
        body = self._zipped.get((path, tag), lambda: gzip.compress(read(path), 9, mtime=0))
        return Response(body, 200, headers, media_type=response.media_type)


def _script(path: Path) -> bytes:
    return without_docs(path.read_text("utf-8")).encode()
