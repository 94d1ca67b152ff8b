"""Answers with validators: ETag, compression and how long a copy may live."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec
from isal import igzip
from starlette.requests import Request
from starlette.responses import Response

from app.publishing.query import Query

REVALIDATE = "public, max-age=0, must-revalidate"
TILE = "public, max-age=60, must-revalidate"
IMMUTABLE = "public, max-age=31536000, immutable"
SMALLEST_WORTH_ZIPPING = 600
ZIPPED_INSIDE = ("image/png", "application/pdf")


def etag(query: Query, *face: object) -> str:
    """Make an ETag of version, boundaries, publication epoch, audience and View.

    The epoch is the hour: embargoes and delays end by themselves, and a copy must notice.
    """
    parts = [
        query.state.seq,
        query.reference.region_hash,
        int(query.now.timestamp()) // 3600,
        query.workspace.audience.value,
        query.view.query(),
        *face,
    ]
    return '"' + hashlib.sha256(repr(parts).encode()).hexdigest()[:24] + '"'


def unchanged(request: Request, tag: str) -> Response | None:
    """Answer 304 before anything is computed, when the reader has this very answer."""
    if tag in request.headers.get("if-none-match", ""):
        headers = {"Cache-Control": REVALIDATE, "Vary": "Accept-Encoding, Accept", "ETag": tag}
        return Response(None, 304, headers)
    return None


def answer(  # noqa: PLR0913, PLR0917  what an HTTP answer has, each by name
    request: Request,
    body: bytes | str,
    media_type: str,
    tag: str | None = None,
    cache: str = REVALIDATE,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer with a body, or 304 when the reader has it already; zipped when that is understood."""
    told = {"Cache-Control": cache, "Vary": "Accept-Encoding, Accept", **(headers or {})}
    if tag is not None:
        told["ETag"] = tag
        if tag in request.headers.get("if-none-match", ""):
            return Response(None, 304, told)
    content = body.encode() if isinstance(body, str) else body
    is_zipped = "Content-Encoding" in told or media_type in ZIPPED_INSIDE
    if len(content) > SMALLEST_WORTH_ZIPPING and not is_zipped and takes_gzip(request):
        content = igzip.compress(content, compresslevel=1)
        told["Content-Encoding"] = "gzip"
    return Response(content, 200, told, media_type=media_type)


def zipped_answer(
    request: Request, zipped: bytes, media_type: str, tag: str, cache: str
) -> Response:
    """Answer with a body that is kept as gzip; it is unpacked for the few who cannot."""
    if not takes_gzip(request):
        return answer(request, gzip.decompress(zipped), media_type, tag, cache)
    return answer(request, zipped, media_type, tag, cache, {"Content-Encoding": "gzip"})


def takes_gzip(request: Request) -> bool:
    """Tell whether the reader unpacks gzip."""
    return "gzip" in request.headers.get("accept-encoding", "")


def json_answer(
    request: Request, document: Any, tag: str | None = None, media_type: str = "application/json"
) -> Response:
    """Answer 200 with JSON; with a tag, 304 and no body to who holds that very answer."""
    return answer(request, msgspec.json.encode(document), media_type, tag)
