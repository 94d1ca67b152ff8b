"""A View's incidents as files."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import BoundedSemaphore

from fastapi import APIRouter, Request
from isal import isal_zlib
from starlette.responses import Response, StreamingResponse

from app.api import params
from app.api.respond import REVALIDATE, answer, etag, takes_gzip, unchanged
from app.api.schemas import documented
from app.domain.errors import Busy
from app.exporters.formats import FORMATS
from app.instance.workspace import Workspace
from app.queries.export import prepare

ZIPPED_ALREADY = ("xlsx", "parquet")
CSVW = "application/csvm+json"
AT_ONCE = 8
"""Exports that one process makes at once: each uses one processor, and some a temporary file."""

GZIP_WINDOW = 31
"""The largest window, in a gzip wrapper: zlib's own code for the two."""


def routes(workspace: Workspace, folder: Path) -> APIRouter:
    """Build the exports of one instance; `folder` holds files that are made before being sent."""
    router, turns = APIRouter(), BoundedSemaphore(AT_ONCE)
    for form, kind in FORMATS.items():
        router.add_api_route(
            f"/api/export.{form}",
            _export(workspace, folder, form, turns),
            name=f"export_{form}",
            summary=f"Export {form}",
            openapi_extra=documented(kind.media_type),
        )

    @router.get("/api/export.csv-metadata.json", openapi_extra=documented(CSVW))
    def csv_metadata(request: Request) -> Response:
        """Describe the CSV export of the same View: columns, terms, citation (W3C CSVW)."""
        query = params.read_query(workspace, request.query_params.multi_items())
        csv_export = prepare(query, "csv")
        metadata = csv_export.description("csv", f"export.csv?{query.view.query()}") or b""
        return answer(request, metadata, CSVW, etag(query, "csvw"))

    return router


def _export(
    workspace: Workspace, folder: Path, form: str, turns: BoundedSemaphore
) -> Callable[[Request], Response]:
    def export(request: Request) -> Response:
        """Export a View's incidents, with the data dictionary, terms and citation inside."""
        query = params.read_query(workspace, request.query_params.multi_items())
        tag = etag(query, "export", form)
        view_export = prepare(query, form)
        if (same := unchanged(request, tag)) is not None:
            return same
        headers = {
            **REVALIDATE,
            "Vary": "Accept-Encoding, Accept",
            "ETag": tag,
            "Content-Disposition": f'attachment; filename="{view_export.name}.{form}"',
        }
        if form == "csv":
            beside = f"/api/export.csv-metadata.json?{query.view.query()}"
            headers["Link"] = f'<{beside}>; rel="describedby"; type="{CSVW}"'
        # A HEAD request gets the headers without the work of the body.
        body = (
            iter(()) if request.state.is_head else _in_turn(turns, view_export.write(form, folder))
        )
        if form not in ZIPPED_ALREADY and takes_gzip(request):
            headers["Content-Encoding"] = "gzip"
            body = _zipped(body)
        return StreamingResponse(body, 200, headers, media_type=FORMATS[form].media_type)

    return export


def _in_turn(turns: BoundedSemaphore, body: Iterator[bytes]) -> Iterator[bytes]:
    """Count a body among those being made until it is freed, whether or not it was read.

    Raises:
        Busy: as many as allowed are being made already.
    """
    if not turns.acquire(blocking=False):
        raise Busy(f"{AT_ONCE} files are being made for others; ask again in half a minute.")
    weakref.finalize(body, turns.release)
    return body


def _zipped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Zip a stream piece by piece."""
    packer = isal_zlib.compressobj(1, isal_zlib.DEFLATED, GZIP_WINDOW)
    for piece in pieces:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()
