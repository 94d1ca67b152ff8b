"""A View's incidents as files."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import closing
from pathlib import Path

from fastapi import APIRouter, Request
from isal import isal_zlib
from starlette.responses import Response

from app.api import params
from app.api.downloads import Download, Downloads
from app.api.ranges import Bodies, part, wants_part
from app.api.respond import REVALIDATE, accepts, answer, etag, unchanged
from app.api.schemas import Described, documented
from app.exporters.formats import FORMATS
from app.instance.workspace import Workspace
from app.queries.export import prepare

ZIPPED_ALREADY = ("xlsx", "parquet")
WHOLE = ("gpkg",)
"""Its writer puts the time into the file: no two bodies are the same to the byte."""

WITH_HXL = ("csv", "xlsx")
HXL: Mapping[str, Described] = {
    "hxl": ("true adds a row of HXL hashtags under the header", {"type": "boolean"})
}
CSVW = "application/csvm+json"
GZIP_WINDOW = 31
"""The largest window, in a gzip wrapper: zlib's own code for the two."""


def routes(workspace: Workspace, folder: Path, downloads: Downloads) -> APIRouter:
    """Build the exports of one instance; `folder` holds files that are made before being sent."""
    router, bodies = APIRouter(), Bodies()
    for form, kind in FORMATS.items():
        router.add_api_route(
            f"/api/export.{form}",
            _export(workspace, folder, form, downloads, bodies),
            name=f"export_{form}",
            summary=f"Export {form}",
            openapi_extra=documented(kind.media_type, **(HXL if form in WITH_HXL else {})),
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
    workspace: Workspace, folder: Path, form: str, downloads: Downloads, bodies: Bodies
) -> Callable[[Request], Awaitable[Response]]:
    readers = {"hxl": params.read_flag} if form in WITH_HXL else params.EMPTY

    def export(request: Request) -> Response:
        """Export a View's incidents, with the data dictionary, terms and citation inside."""
        query, own = params.read(workspace, request.query_params.multi_items(), readers)
        has_hxl = bool(own.get("hxl"))
        is_zipped = form not in ZIPPED_ALREADY and accepts(request.headers, "gzip")
        # A part of one packing must not be joined to a part of another.
        tag = etag(query, "export", form, has_hxl, *(["gzip"] if is_zipped else []))
        view_export = prepare(query, form, has_hxl=has_hxl)
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
        has_parts = not is_zipped and form not in WHOLE
        headers |= {"Content-Encoding": "gzip"} if is_zipped else {}
        headers |= {"Accept-Ranges": "bytes"} if has_parts else {}
        media_type = FORMATS[form].media_type
        if request.state.is_head:  # the headers without the work of the body
            head = Response(None, 200, headers, media_type)
            del head.headers["Content-Length"]  # nobody knows it before the file is made
            return head
        body = view_export.write(form, folder)
        if has_parts and wants_part(request, tag):
            if (whole := bodies.whole(tag, body)) is not None:
                return part(request, whole, media_type, headers)
            body = view_export.write(form, folder)
        return Download(_zipped(body) if is_zipped else body, downloads, headers, media_type)

    return downloads.lane.endpoint(export)


def _zipped(pieces: Generator[bytes]) -> Generator[bytes]:
    """Zip a stream piece by piece, and close it."""
    packer = isal_zlib.compressobj(1, isal_zlib.DEFLATED, GZIP_WINDOW)
    with closing(pieces):
        for piece in pieces:
            if packed := packer.compress(piece):
                yield packed
        yield packer.flush()
