"""Answers with an ETag, compression, and how long a cache may keep a copy."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping

import msgspec
from isal import igzip
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from app.publishing.query import Query

REVALIDATE = {"Cache-Control": "public, max-age=0, must-revalidate"}
MINUTE = {"Cache-Control": "public, max-age=60, must-revalidate"}
NO_CACHE = {"Cache-Control": "no-cache"}
REFUSED = re.compile(r"\s*q\s*=\s*0(\.0*)?\s*", re.IGNORECASE)
"""The weight of a way of packing that a reader does not understand."""

SMALLEST_WORTH_ZIPPING = 600
ZIPPED_INSIDE = ("image/png", "image/jpeg", "application/pdf")


def etag(query: Query, *parts: object) -> str:
    """Make an ETag of what every answer depends on, of the View and of `parts`."""
    content = [
        *query.workspace.depends_on(query.state.mark, query.now),
        query.view.query(),
        *parts,
    ]
    return '"' + hashlib.sha256(repr(content).encode()).hexdigest()[:24] + '"'


def unchanged(request: Request, tag: str) -> Response | None:
    """Answer 304 before anything is computed, when the reader has this answer already."""
    if tag in request.headers.get("if-none-match", ""):
        headers = {**REVALIDATE, "Vary": "Accept-Encoding, Accept", "ETag": tag}
        return Response(None, 304, headers)
    return None


def answer(
    request: Request,
    body: bytes | str,
    media_type: str,
    tag: str | None = None,
    headers: Mapping[str, str] = REVALIDATE,
) -> Response:
    """Answer with a body, or 304 when the reader has it already; zipped for a reader of gzip."""
    fields = {**REVALIDATE, "Vary": "Accept-Encoding, Accept", **headers}
    if tag is not None:
        fields["ETag"] = tag
        if tag in request.headers.get("if-none-match", ""):
            return Response(None, 304, fields)
    content = body.encode() if isinstance(body, str) else body
    is_zipped = "Content-Encoding" in fields or media_type in ZIPPED_INSIDE
    if len(content) > SMALLEST_WORTH_ZIPPING and not is_zipped and accepts(request.headers, "gzip"):
        content = igzip.compress(content, compresslevel=1)
        fields["Content-Encoding"] = "gzip"
    return Response(content, 200, fields, media_type=media_type)


def hashed_answer(
    request: Request, body: str, media_type: str, headers: Mapping[str, str] = NO_CACHE
) -> Response:
    """Answer with an ETag of the body itself: for pages that say nothing of the record."""
    tag = '"' + hashlib.sha256(body.encode()).hexdigest()[:24] + '"'
    return answer(request, body, media_type, tag, headers)


def zipped_answer(
    request: Request, zipped: bytes, media_type: str, tag: str, headers: Mapping[str, str]
) -> Response:
    """Answer with a body that is stored as gzip; it is unpacked for the few who cannot."""
    if not accepts(request.headers, "gzip"):
        return answer(request, gzip.decompress(zipped), media_type, tag, headers)
    return answer(request, zipped, media_type, tag, {**headers, "Content-Encoding": "gzip"})


def accepts(headers: Headers, packing: str) -> bool:
    """Tell whether a reader names a way of packing in Accept-Encoding, and does not refuse it."""
    for part in headers.get("accept-encoding", "").split(","):
        name, _, weight = part.partition(";")
        if name.strip().lower() == packing:
            return REFUSED.fullmatch(weight) is None
    return False


def json_answer(
    request: Request, document: object, tag: str | None = None, media_type: str = "application/json"
) -> Response:
    """Answer 200 with JSON; with a tag, 304 and no body to a reader who has that answer."""
    return answer(request, msgspec.json.encode(document), media_type, tag)
