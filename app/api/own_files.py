"""The page's own files, packed once for all readers."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
from anyio import to_thread
from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope
from typing_extensions import override

from app.api.respond import accepts
from app.domain.cache import BoundedCache
from app.maps.scripts import without_docs

MOST_PACKED = 256
TEXTS = (".js", ".css", ".svg", ".csv", ".json", ".geojson")


def _brotli(content: bytes) -> bytes:
    packed: bytes = pa.Codec("brotli", compression_level=11).compress(content, asbytes=True)
    return packed


def _gzip(content: bytes) -> bytes:
    return gzip.compress(content, 9, mtime=0)


PACKERS: Mapping[str, Callable[[bytes], bytes]] = {"br": _brotli, "gzip": _gzip}
"""Ways to pack a text by their names in HTTP, the strongest first."""


class OwnFiles(StaticFiles):
    """The page's own files: a vendored file never changes; a browser checks the others each time.

    Text is packed once, with the strongest compression that the reader understands. Our scripts
    are sent without their JSDoc.
    """

    def __init__(self, directory: Path) -> None:
        super().__init__(directory=directory)
        self._packed = BoundedCache(MOST_PACKED)

    @override
    async def get_response(self, path: str, scope: Scope) -> Response:
        """Serve a file, and say how long a cache may have it."""
        response = await super().get_response(path, scope)
        is_fixed = path.startswith("vendor/")
        age = "public, max-age=31536000, immutable" if is_fixed else "no-cache"
        if isinstance(response, FileResponse) and path.endswith(TEXTS):
            response = await self._text(response, Headers(scope=scope))
        response.headers["Cache-Control"] = age
        return response

    async def _text(self, response: FileResponse, request_headers: Headers) -> Response:
        """Answer with a text; each of its forms has its own ETag."""
        path, etag = Path(response.path), response.headers["etag"]
        response.headers["Vary"] = "Accept-Encoding"
        is_script = path.suffix == ".js" and path.parent.name == "js"
        read_file = _script if is_script else Path.read_bytes
        packing = next((name for name in PACKERS if accepts(request_headers, name)), None)
        if packing is None or "range" in request_headers:
            headers = {"ETag": etag, "Vary": "Accept-Encoding"}
            media_type = response.media_type
            return Response(read_file(path), 200, headers, media_type) if is_script else response
        tag = etag.rstrip('"') + f'-{packing}"'
        headers = {"Content-Encoding": packing, "ETag": tag, "Vary": "Accept-Encoding"}
        if tag in request_headers.get("if-none-match", ""):
            return Response(None, 304, headers)

        def pack() -> bytes:
            return PACKERS[packing](read_file(path))

        body = await to_thread.run_sync(self._packed.get, (path, tag), pack)
        return Response(body, 200, headers, media_type=response.media_type)


def _script(path: Path) -> bytes:
    return without_docs(path.read_text("utf-8")).encode()
